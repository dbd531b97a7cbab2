//! Applying what other instances did, and telling them.

use super::bounds::{BoxFuture, Failure, Key, MaybeSend, Value};
use super::cache::Shared;
use super::feed::{Apply, Change};
use super::lower::Paths;
use super::state::State;
use super::tiers::key_in;
use crate::tags::Tag;
use crate::time::Span;
use std::boxed::Box;
use std::sync::{Arc, Weak};
use std::vec::Vec;

impl<K: Key, V: Value, E: Failure> Shared<K, V, E> {
    /// Waits until messages of other instances are heard, or for as long as that may take.
    pub(super) async fn hear(self: &Arc<Self>) {
        if let Some(lower) = self.lower.as_ref().filter(|lower| !lower.is_hearing()) {
            lower.hear(Arc::new(Follower(Arc::downgrade(self)))).await;
        }
    }

    /// Begins to hear them.
    pub(super) fn listen(self: &Arc<Self>) {
        if self.lower.as_ref().is_some_and(|lower| !lower.is_hearing()) {
            let shared = Arc::clone(self);
            self.host
                .spawn(Box::pin(async move { shared.hear().await }));
        }
    }

    /// Remembers by which name other instances call a key that has a slot.
    pub(super) fn note_name(&self, state: &mut State<K, V, E>, key: &K, name: &Arc<str>) {
        let hears = self
            .lower
            .as_ref()
            .is_some_and(|lower| lower.carries_messages());
        if hears && let Some(slot) = state.slot(key) {
            state.name(slot, name);
        }
    }

    fn follow(&self, at: usize, change: &Change) {
        let Some(lower) = &self.lower else { return };
        let now = self.host.now();
        match change {
            Change::Key { key, soft } => {
                let name = lower.name_told(key);
                {
                    let mut state = self.lock();
                    let slot = state.slot_named(&name);
                    self.note_drop(|drops| drops.note_named(key));
                    if *soft {
                        state.machine.distrust(slot, now);
                    } else {
                        state.machine.invalidate(slot);
                    }
                    state.drain();
                }
                lower.follow(at, &name);
            }
            Change::Tags { tags, soft } => self.lock().machine.invalidate_tags(tags, *soft, now),
            Change::All => {
                self.drop_all();
                lower.follow_clear(at);
            }
            Change::Begun => {
                let mut state = self.lock();
                for slot in state.filled() {
                    state.machine.distrust(Some(slot), now);
                }
                state.drain();
            }
            Change::Missed => {
                let mut state = self.lock();
                self.note_drop(|drops| drops.note_all());
                let keys: Vec<K> = state.keys().cloned().collect();
                for key in keys {
                    let slot = state.slot(&key);
                    state.machine.distrust(slot, now);
                }
                state.machine.distrust(None, now);
                state.drain();
            }
        }
    }
}

/// Applies changes to a cache while there is one.
struct Follower<K: Key, V: Value, E: Failure>(Weak<Shared<K, V, E>>);

impl<K: Key, V: Value, E: Failure> Apply for Follower<K, V, E> {
    fn apply(&self, at: usize, change: &Change) {
        if let Some(shared) = self.0.upgrade() {
            shared.follow(at, change);
        }
    }
}

impl Paths {
    pub(super) fn key_changed(&self, name: &str, soft: bool) -> Change {
        let key = key_in(&self.prefix, name);
        Change::Key { key, soft }
    }

    pub(super) fn tags_changed(tags: Vec<Tag>, soft: bool) -> Change {
        Change::Tags { tags, soft }
    }

    pub(super) fn cleared() -> Change {
        Change::All
    }

    /// The work, and then telling other instances.
    pub(super) fn then_told(
        &self,
        work: impl Future<Output = bool> + MaybeSend + 'static,
        change: Option<Change>,
    ) -> BoxFuture<'static, bool> {
        let (Some(feed), Some(change)) = (self.feed.clone(), change) else {
            return Box::pin(work);
        };
        Box::pin(async move {
            let is_done = work.await;
            feed.tell(change).await;
            is_done
        })
    }

    /// Another instance has changed a key, as a store told: those above it have an older value, and
    /// so may the others, by what was written here a moment ago.
    pub(super) fn follow(&self, at: usize, name: &Arc<str>) {
        if at > 0 {
            let prepared = self.tiers.prepare_above(at, name, None);
            let work = Arc::clone(&self.tiers).perform(prepared, None, Span::FOREVER);
            drop(self.launch(self.tiers.begin_work(), Box::pin(work)));
        }
        self.tiers.take_back(at, name);
    }

    /// The same, of everything in the namespace.
    pub(super) fn follow_clear(&self, at: usize) {
        if at > 0 {
            let prepared = self.tiers.prepare_clearing(at, &self.prefix);
            let work = Arc::clone(&self.tiers).clear(prepared);
            drop(self.launch(self.tiers.begin_work(), Box::pin(work)));
        }
        self.tiers.take_all_back(at);
    }
}
