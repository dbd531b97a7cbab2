//! Entries that are renewed by something besides loads, as by the answer to a HEAD.

use super::bounds::{Failure, Key, Value};
use super::cache::{Bound, Cache};
use super::reading::{Found, Presence};
use super::stamps::Begun;
use super::state::State;
use super::tagged::Tagged;
use crate::call::{Arrival, Landed};
use crate::fence::Fence;
use crate::strategy::ttl::Lifetime;
use crate::tags::Tag;
use std::vec::Vec;

/// The time from which on something is asked for: see [`Cache::renew`].
#[derive(Clone, Copy)]
pub(crate) struct Since {
    fence: Fence,
    /// The last change of what stores have.
    change: u64,
}

/// The end of a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Renewed {
    Done,
    /// The key was changed here meanwhile.
    Changed,
    /// There is nothing to renew: another instance has dropped it, or it is another one.
    Gone,
}

/// A value that was renewed.
struct New<V> {
    value: V,
    lifetime: Lifetime,
    size: u32,
    tags: Vec<Tag>,
}

impl<K: Key, V: Value, E: Failure> Cache<K, V, E> {
    /// Begins something that is asked for: see [`Cache::renew`].
    pub(crate) fn begin(&self) -> Since {
        let lower = self.shared.lower.as_ref();
        Since {
            fence: self.shared.lock().machine.begin_read(),
            change: lower.map_or(0, |lower| lower.last_change()),
        }
    }

    /// Stores what is made of the entry that there is, by something that was asked for since then.
    /// The store that most instances share is asked first: memory may have what another instance has
    /// dropped. `make` is given its entry, and nothing where there are no stores, or where they
    /// cannot tell; then memory alone has it.
    pub(crate) async fn renew(
        &self,
        key: &K,
        bound: &Bound<K, V, E>,
        since: Since,
        make: impl FnOnce(Option<&V>) -> Option<(V, Lifetime)>,
    ) -> Renewed {
        let below = self.shared.below(key);
        let Some((lower, name)) = below else {
            let kept = make(None).map(|new| self.keep(key, bound, since, new));
            return kept.unwrap_or(Renewed::Gone);
        };
        let presence = lower.present(&name).await;
        if lower.has_changed(&name, since.change) {
            return Renewed::Changed;
        }
        let found = match presence {
            Presence::Absent => return Renewed::Gone,
            Presence::Unknown => None,
            Presence::Found(found) => Some(found),
        };
        let Some(new) = make(found.as_ref().map(|found| &found.value)) else {
            return Renewed::Gone;
        };
        match found {
            None => self.keep(key, bound, since, new),
            Some(found) => self.replace(key, bound, since, (new, &found)),
        }
    }

    /// Stores a value in memory.
    fn keep(
        &self,
        key: &K,
        bound: &Bound<K, V, E>,
        since: Since,
        (value, lifetime): (V, Lifetime),
    ) -> Renewed {
        let names = bound.rules.tags_of(key, &value).unwrap_or_default();
        let new = New {
            size: self.shared.weigh(key, &value),
            tags: self.shared.tags_named(names),
            value,
            lifetime,
        };
        let mut state = self.shared.lock();
        self.land(&mut state, (key, bound), since, new)
    }

    /// Stores a value in the place of an entry of the stores, whose tags it has to have: it carries
    /// their versions on, as its body is from before.
    fn replace(
        &self,
        key: &K,
        bound: &Bound<K, V, E>,
        since: Since,
        ((value, lifetime), found): ((V, Lifetime), &Found<V>),
    ) -> Renewed {
        let names = bound.rules.tags_of(key, &value).unwrap_or_default();
        let tags = self.shared.tags_named(names);
        let is_same = |tag| found.tags.contains(tag);
        if tags.len() != found.tags.len() || !tags.iter().all(is_same) {
            return Renewed::Gone;
        }
        let Some((lower, name)) = self.shared.below(key) else {
            return Renewed::Gone;
        };
        let bytes = lower.encode(&name, &value);
        let new = New {
            size: self.shared.weigh(key, &value),
            tags,
            value,
            lifetime,
        };
        let mut state = self.shared.lock();
        let landed = self.land(&mut state, (key, bound), since, new);
        if landed != Renewed::Done {
            return landed;
        }
        let begun = Begun::Known(Some(found.versions.clone()));
        let is_stale = lifetime.ttl.is_zero();
        let tagged = Tagged::new(&self.shared, &found.tags, begun, since.fence, is_stale);
        let write = lower.prepare(&name, bytes.map(|bytes| (bytes, lifetime)), true);
        drop(state);
        drop(write.tagged(tagged).send());
        Renewed::Done
    }

    fn land(
        &self,
        state: &mut State<K, V, E>,
        (key, bound): (&K, &Bound<K, V, E>),
        since: Since,
        new: New<V>,
    ) -> Renewed {
        let New {
            value,
            lifetime,
            size,
            tags,
        } = new;
        let fence = since.fence;
        if state.machine.tags_after(&tags, fence).is_some() {
            return Renewed::Changed;
        }
        let known = state.slot(key);
        let arrival = Arrival {
            lifetime: match self.shared.lower {
                Some(_) => state.machine.capped(lifetime),
                None => lifetime,
            },
            size,
        };
        let now = self.shared.host.now();
        let landed = state.machine.loaded(known, fence, bound.id, arrival, now);
        if let Landed::Stored(slot) = landed {
            state.machine.tag(slot, tags.into(), Some(fence));
        }
        state.keep(key, landed, Ok(value));
        match landed {
            Landed::Outdated => Renewed::Changed,
            Landed::Stored(_) | Landed::NotKept => Renewed::Done,
        }
    }
}
