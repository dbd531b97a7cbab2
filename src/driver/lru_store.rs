//! A store in this process that caches share.

use super::bounds::opaque;
use super::host::Host;
use super::store::{SetOptions, Store, StoreFuture};
use crate::time::Timestamp;
use ::lru::LruCache;
use std::boxed::Box;
use std::string::String;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

/// A store of bytes in this process: the least recently used record makes room. Clones are the same
/// store, for caches of different types to share one budget.
///
/// ```
/// # #[cfg(all(feature = "json", feature = "testing"))] {
/// use holdover::driver::testing::Virtual;
/// use holdover::driver::{Cache, LruStore, Stores};
/// use holdover::time::Span;
///
/// # let host = Virtual::new();
/// let shared = LruStore::new(host.clone(), 64 << 20);
/// let users = Stores::json(|id: &u64| format!("user:{id}")).store(shared.clone());
/// let pages = Stores::json(|path: &String| format!("page:{path}")).store(shared);
/// let users = Cache::<u64, String, ()>::builder(host.clone()).stores(users).build();
/// let pages = Cache::<String, Vec<u8>, ()>::builder(host.clone()).stores(pages).build();
/// # host.run(async move {
/// assert!(users.set(&1, "Ann".into(), Span::from_secs(60)).await);
/// assert!(pages.set(&"/".into(), vec![1, 2], Span::from_secs(60)).await);
/// # });
/// # }
/// ```
#[derive(Clone)]
pub struct LruStore {
    host: Arc<dyn Host>,
    max_bytes: usize,
    kept: Arc<Mutex<Kept>>,
}

struct Kept {
    records: LruCache<String, Entry>,
    bytes: usize,
}

struct Entry {
    record: Vec<u8>,
    ends_at: Timestamp,
}

/// The bytes that keeping a record takes besides it and its key, about.
const OVERHEAD: usize = 128;

fn weight(key: &str, record: &[u8]) -> usize {
    key.len() + record.len() + OVERHEAD
}

impl Kept {
    fn remove(&mut self, key: &str) {
        if let Some((key, entry)) = self.records.pop_entry(key) {
            self.bytes -= weight(&key, &entry.record);
        }
    }

    fn make_room(&mut self, max_bytes: usize) {
        while self.bytes > max_bytes {
            let Some((key, entry)) = self.records.pop_lru() else {
                return;
            };
            self.bytes -= weight(&key, &entry.record);
        }
    }
}

impl LruStore {
    /// An empty store of at most so many bytes, whose records end by this host's clock.
    #[must_use]
    pub fn new(host: impl Host, max_bytes: usize) -> Self {
        let kept = Kept {
            records: LruCache::unbounded(),
            bytes: 0,
        };
        Self {
            host: Arc::new(host),
            max_bytes,
            kept: Arc::new(Mutex::new(kept)),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept().records.len()
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of records and keys, and about what keeping them takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.kept().bytes
    }

    fn read(&self, key: &str) -> Option<Vec<u8>> {
        let now = self.host.now();
        let mut kept = self.kept();
        let entry = kept.records.get(key)?;
        if now < entry.ends_at {
            return Some(entry.record.clone());
        }
        kept.remove(key);
        None
    }

    fn write(&self, key: &str, record: &[u8], options: SetOptions) {
        let ends_at = self.host.now() + options.expires_in;
        let record = record.to_vec();
        let weight = weight(key, &record);
        let mut kept = self.kept();
        kept.remove(key);
        if weight <= self.max_bytes {
            kept.bytes += weight;
            let entry = Entry { record, ends_at };
            kept.records.put(String::from(key), entry);
            kept.make_room(self.max_bytes);
        }
    }
}

impl Store for LruStore {
    fn name(&self) -> &'static str {
        "lru"
    }

    fn get<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        Box::pin(async move { Ok(self.read(key)) })
    }

    fn set<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
        options: SetOptions,
    ) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.write(key, record, options);
            Ok(())
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.kept().remove(key);
            Ok(())
        })
    }

    fn clear<'a>(&'a self, prefix: &'a str) -> Option<StoreFuture<'a, ()>> {
        Some(Box::pin(async move {
            let mut kept = self.kept();
            for key in names(&kept, prefix) {
                kept.remove(&key);
            }
            Ok(())
        }))
    }

    fn keys<'a>(&'a self, prefix: &'a str) -> Option<StoreFuture<'a, Vec<String>>> {
        Some(Box::pin(async move { Ok(names(&self.kept(), prefix)) }))
    }
}

fn names(kept: &Kept, prefix: &str) -> Vec<String> {
    let names = kept.records.iter().map(|(key, _)| key);
    names
        .filter(|key| key.starts_with(prefix))
        .cloned()
        .collect()
}

opaque! { LruStore<> }
