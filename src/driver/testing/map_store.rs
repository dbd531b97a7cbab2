//! A store in this process.

use crate::driver::bounds::opaque;
use crate::driver::host::Host;
use crate::driver::store::{SetOptions, Store, StoreFuture};
use crate::time::Timestamp;
use std::boxed::Box;
use std::collections::BTreeMap;
use std::future::ready;
use std::string::String;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

/// A store that keeps everything in a map until it expires. Clones are the same store.
#[derive(Clone)]
pub struct MapStore {
    host: Arc<dyn Host>,
    records: Arc<Mutex<BTreeMap<String, Kept>>>,
}

#[derive(Clone)]
struct Kept {
    record: Vec<u8>,
    ends_at: Timestamp,
}

impl MapStore {
    /// An empty store, whose records end by this host's clock.
    #[must_use]
    pub fn new(host: impl Host) -> Self {
        Self {
            host: Arc::new(host),
            records: Arc::default(),
        }
    }

    fn records(&self) -> MutexGuard<'_, BTreeMap<String, Kept>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The keys that it has, in their order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let now = self.host.now();
        let records = self.records();
        let there = records.iter().filter(|(_, kept)| now < kept.ends_at);
        there.map(|(name, _)| name.clone()).collect()
    }

    /// The record of a key.
    #[must_use]
    pub fn record(&self, key: &str) -> Option<Vec<u8>> {
        let now = self.host.now();
        let records = self.records();
        let kept = records.get(key).filter(|kept| now < kept.ends_at)?;
        Some(kept.record.clone())
    }

    /// Stores these bytes under a key, for ever.
    pub fn put(&self, key: &str, record: &[u8]) {
        let kept = Kept {
            record: record.to_vec(),
            ends_at: Timestamp::NEVER,
        };
        self.records().insert(String::from(key), kept);
    }
}

impl Store for MapStore {
    fn name(&self) -> &'static str {
        "map"
    }

    fn get<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        Box::pin(async move { Ok(self.record(key)) })
    }

    fn set<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
        options: SetOptions,
    ) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let kept = Kept {
                record: record.to_vec(),
                ends_at: self.host.now() + options.expires_in,
            };
            self.records().insert(String::from(key), kept);
            Ok(())
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.records().remove(key);
            Ok(())
        })
    }

    fn clear<'a>(&'a self, prefix: &'a str) -> Option<StoreFuture<'a, ()>> {
        Some(Box::pin(async move {
            self.records().retain(|name, _| !name.starts_with(prefix));
            Ok(())
        }))
    }

    fn keys<'a>(&'a self, prefix: &'a str) -> Option<StoreFuture<'a, Vec<String>>> {
        let mut names = self.names();
        names.retain(|name| name.starts_with(prefix));
        Some(Box::pin(ready(Ok(names))))
    }
}

opaque! { MapStore<> }
