//! Operations of one tier on many keys at once, and on keys that its ledger knows nothing of: stamps
//! of tags, and locks.

use super::attempts::Attempt;
use super::ledger::Look;
use super::{Record, Tiers};
use crate::driver::host::Host;
use crate::driver::store::{Operation, SetOptions, Store, StoreError};
use crate::time::Span;
use futures::future::join_all;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::String;
use std::sync::Arc;
use std::vec::Vec;

/// Keys per operation.
const MOST_AT_ONCE: usize = 500;

/// A record, if there is one.
pub(in crate::driver) type Given = Option<Vec<u8>>;

/// The operations that a store need not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::driver) struct Abilities {
    pub(in crate::driver) gets_many: bool,
    pub(in crate::driver) adds: bool,
    pub(in crate::driver) compares: bool,
}

impl Tiers {
    pub(in crate::driver) fn host(&self) -> &Arc<dyn Host> {
        &self.host
    }

    pub(in crate::driver) fn store(&self, at: usize) -> &Arc<dyn Store> {
        &self.all[at].store
    }

    pub(in crate::driver) fn deadline(&self, at: usize) -> Span {
        self.all[at].deadline
    }

    /// The operations that a store supports. Futures are made to find out, and not run.
    pub(in crate::driver) fn abilities(&self, at: usize) -> Abilities {
        let store = self.store(at);
        let options = self.options(at, Span::from_millis(1));
        let can = |able: &dyn Fn() -> bool| catch_unwind(AssertUnwindSafe(able)).unwrap_or(false);
        Abilities {
            gets_many: can(&|| store.get_many(&[]).is_some()),
            adds: can(&|| store.add("", &[], options).is_some()),
            compares: can(&|| store.compare_and_delete("", &[]).is_some()),
        }
    }

    fn options(&self, at: usize, expires_in: Span) -> SetOptions {
        SetOptions {
            expires_in,
            within: self.deadline(at),
        }
    }

    /// Reads records as they are; `None` when the store cannot tell.
    pub(in crate::driver) async fn read_all(
        &self,
        at: usize,
        keys: &[String],
    ) -> Option<Vec<Given>> {
        let mut all = Vec::with_capacity(keys.len());
        for part in keys.chunks(MOST_AT_ONCE) {
            if part.len() > 1 && self.abilities(at).gets_many {
                all.extend(self.read_together(at, part).await?);
                continue;
            }
            let each = part.iter().map(|key| self.read_one(at, key));
            for given in join_all(each).await {
                all.push(given?);
            }
        }
        Some(all)
    }

    async fn read_together(&self, at: usize, keys: &[String]) -> Option<Vec<Given>> {
        let keys = keys.to_vec();
        let get = move |store: Arc<dyn Store>| async move {
            let reading = store.get_many(&keys);
            let given = reading.ok_or_else(|| lacks("get_many"))?.await?;
            if given.len() == keys.len() {
                return Ok(given);
            }
            Err(StoreError::unreadable(
                "get_many gave not as many records as keys",
            ))
        };
        self.attempt(at, Operation::GetMany, "", get).await.done()
    }

    /// The records that a tier has of many keys, likewise; see [`get`](Self::get).
    pub(in crate::driver) async fn get_many(
        self: &Arc<Self>,
        at: usize,
        names: &[Arc<str>],
    ) -> Vec<Option<Record>> {
        if names.len() < 2 || !self.abilities(at).gets_many {
            return join_all(names.iter().map(|name| self.get(at, name))).await;
        }
        let now = self.now();
        let looks: Vec<Look> = {
            let mut world = self.world();
            let ledger = &mut world.tiers[at].ledger;
            names.iter().map(|name| ledger.look(name, now)).collect()
        };
        let asked = names.iter().zip(&looks);
        let asked = asked.filter(|(_, look)| matches!(look, Look::Ask));
        let asked: Vec<String> = asked.map(|(name, _)| String::from(&**name)).collect();
        let mut given = Vec::with_capacity(asked.len());
        for part in asked.chunks(MOST_AT_ONCE) {
            let read = self.read_together(at, part).await;
            given.extend(read.unwrap_or_else(|| part.iter().map(|_| None).collect()));
        }
        let has_skipped = looks.iter().any(|look| matches!(look, Look::Skip));
        if has_skipped || self.world().tiers[at].health.failures() == 0 {
            self.afterwards(at, true);
        }
        let mut given = given.into_iter();
        let records = looks.into_iter().map(|look| match look {
            Look::Record(record) => Some(record),
            Look::Skip => None,
            Look::Ask => given.next().flatten().map(Arc::new),
        });
        records.collect()
    }

    /// Reads a record as it is; `None` when the store cannot tell.
    pub(in crate::driver) async fn read_one(&self, at: usize, key: &str) -> Option<Given> {
        let own = String::from(key);
        let get = move |store: Arc<dyn Store>| async move { store.get(&own).await };
        self.attempt(at, Operation::Get, key, get).await.done()
    }

    /// Stores a record; true if that is certain.
    pub(in crate::driver) async fn write_one(
        &self,
        at: usize,
        key: &str,
        record: Vec<u8>,
        expires_in: Span,
    ) -> bool {
        let (own, options) = (String::from(key), self.options(at, expires_in));
        let set =
            move |store: Arc<dyn Store>| async move { store.set(&own, &record, options).await };
        let done = self.attempt(at, Operation::Set, key, set).await.done();
        done.is_some()
    }

    /// Stores a record where there is none; `None` when the store cannot tell.
    pub(in crate::driver) async fn add_one(
        &self,
        at: usize,
        key: &str,
        record: Vec<u8>,
        expires_in: Span,
    ) -> Option<bool> {
        let (own, options) = (String::from(key), self.options(at, expires_in));
        let add = move |store: Arc<dyn Store>| async move {
            let adding = store.add(&own, &record, options);
            adding.ok_or_else(|| lacks("add"))?.await
        };
        self.attempt(at, Operation::Add, key, add).await.done()
    }

    /// Drops a key whose record is this one; `None` when the store cannot tell.
    pub(in crate::driver) async fn drop_one(
        &self,
        at: usize,
        key: &str,
        record: Vec<u8>,
    ) -> Option<bool> {
        let own = String::from(key);
        let drop = move |store: Arc<dyn Store>| async move {
            let dropping = store.compare_and_delete(&own, &record);
            dropping.ok_or_else(|| lacks("compare_and_delete"))?.await
        };
        let operation = Operation::CompareAndDelete;
        self.attempt(at, operation, key, drop).await.done()
    }

    /// The first tier that can keep locks.
    pub(in crate::driver) fn first_that_locks(&self) -> Option<usize> {
        (0..self.len()).find(|&at| {
            let abilities = self.abilities(at);
            abilities.adds && abilities.compares
        })
    }

    /// Tells those who wait for a lock that it is free, where the store carries messages.
    pub(in crate::driver) async fn tell_free(&self, at: usize, lock: &str) {
        let can = || self.store(at).publish("", "").is_some();
        if !catch_unwind(AssertUnwindSafe(can)).unwrap_or(false) {
            return;
        }
        let channel = String::from(lock);
        let publish = move |store: Arc<dyn Store>| async move {
            match store.publish(&channel, "free") {
                Some(publishing) => publishing.await,
                None => Ok(()),
            }
        };
        self.attempt(at, Operation::Publish, lock, publish).await;
    }

    /// Has all reads that are under way begun anew.
    pub(in crate::driver) fn outdate_reads(&self) {
        self.world().fences.raise_all();
    }
}

pub(super) fn lacks(operation: &str) -> StoreError {
    StoreError::new(std::format!("it has no {operation} any more"))
}

impl<T> Attempt<T> {
    /// Its result, if it is done.
    fn done(self) -> Option<T> {
        match self {
            Self::Done(value) => Some(value),
            Self::Failed | Self::Late(_) | Self::Unsent => None,
        }
    }
}
