//! Records that loads wrote a moment ago.

use super::changes::{Change, Outcome};
use super::operations::lacks;
use super::{Record, Tiers};
use crate::driver::store::{Operation, Store};
use crate::time::{Span, Timestamp};
use futures::channel::oneshot;
use std::boxed::Box;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::vec::Vec;

/// The time for which they are known: longer than messages between instances mostly take.
const KEPT: Span = Span::from_secs(2);
/// The most of them, and of their bytes.
const MOST: usize = 1000;
const MOST_BYTES: usize = 4_000_000;

/// Records that loads wrote a moment ago. Another instance may have changed the key before that, and its
/// message be on its way yet: then the record has come after the change, from before it.
#[derive(Default)]
pub(super) struct Recent {
    written: VecDeque<(Arc<str>, Record, Timestamp)>,
    bytes: usize,
}

impl Recent {
    pub(super) fn note(&mut self, name: &Arc<str>, record: &Record, now: Timestamp) {
        self.bytes += record.len();
        self.written
            .push_back((Arc::clone(name), Arc::clone(record), now));
        while self.has_too_much(now) {
            if let Some((_, record, _)) = self.written.pop_front() {
                self.bytes -= record.len();
            }
        }
    }

    fn has_too_much(&self, now: Timestamp) -> bool {
        let oldest = self.written.front();
        let is_late = oldest.is_some_and(|(_, _, at)| now.since(*at) > KEPT);
        is_late || self.written.len() > MOST || self.bytes > MOST_BYTES
    }

    /// The names of all of them.
    fn names(&self) -> BTreeSet<Arc<str>> {
        let names = self.written.iter().map(|(name, ..)| Arc::clone(name));
        names.collect()
    }

    /// Gives those of a key, and forgets them.
    pub(super) fn take(&mut self, name: &str, now: Timestamp) -> Vec<Record> {
        let own = |one: &(Arc<str>, Record, Timestamp)| &*one.0 == name;
        let late = self.written.iter().filter(|one| own(one));
        let late = late.filter(|(_, _, at)| now.since(*at) <= KEPT);
        let records: Vec<Record> = late.map(|(_, record, _)| Arc::clone(record)).collect();
        self.written.retain(|one| !own(one));
        self.bytes = self.written.iter().map(|(_, record, _)| record.len()).sum();
        records
    }
}

impl Tiers {
    /// A load writes a record now.
    pub(in crate::driver) fn note_write(&self, name: &Arc<str>, record: &Record) {
        let now = self.now();
        self.world().recent.note(name, record, now);
    }

    /// Another instance has changed a key, as the tier `at` told: what loads wrote here a moment ago
    /// may have come after that. It is dropped where a tier from there on has that very record.
    pub(in crate::driver) fn take_back(self: &Arc<Self>, at: usize, name: &Arc<str>) {
        let now = self.now();
        let records = self.world().recent.take(name, now);
        if records.is_empty() {
            return;
        }
        let able: Vec<usize> = (at..self.len())
            .filter(|&at| self.abilities(at).compares)
            .collect();
        let prepared = self.prepare_in(able.into_iter(), name, None);
        for (at, change) in prepared.changes {
            let (tiers, records) = (Arc::clone(self), records.clone());
            let dropping = async move { tiers.drop_any(at, change, records).await };
            self.launch(self.begin_work(), Box::pin(dropping), oneshot::channel().0);
        }
    }

    /// The same, where everything was dropped.
    pub(in crate::driver) fn take_all_back(self: &Arc<Self>, at: usize) {
        let names = self.world().recent.names();
        for name in names {
            self.take_back(at, &name);
        }
    }

    /// Drops a key if a tier has one of these very records.
    async fn drop_any(
        self: &Arc<Self>,
        at: usize,
        mut change: Change,
        records: Vec<Record>,
    ) -> bool {
        if !self.turn(at, &mut change).await {
            self.wake(change.id);
            return true;
        }
        let name = Arc::clone(&change.name);
        let drop = move |store: Arc<dyn Store>| async move {
            for record in &records {
                let dropping = store.compare_and_delete(&name, record);
                let dropping = dropping.ok_or_else(|| lacks("compare_and_delete"))?;
                if dropping.await? {
                    break;
                }
            }
            Ok(())
        };
        let operation = Operation::CompareAndDelete;
        self.send(at, &change, operation, drop).await == Outcome::Done
    }
}
