//! A store in this process.

use crate::driver::bounds::opaque;
use crate::driver::host::Host;
use crate::driver::store::{Listener, SetOptions, Store, StoreFuture, Subscription};
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
    messages: Option<Arc<Mutex<Channels>>>,
}

/// Those who listen, by channel.
#[derive(Default)]
struct Channels {
    last: u64,
    listeners: BTreeMap<(String, u64), Arc<dyn Listener>>,
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
            messages: None,
        }
    }

    /// The store, which carries messages as well.
    #[must_use]
    pub fn with_messages(self) -> Self {
        Self {
            messages: Some(Arc::default()),
            ..self
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

    fn get_many<'a>(&'a self, keys: &'a [String]) -> Option<StoreFuture<'a, Vec<Option<Vec<u8>>>>> {
        Some(Box::pin(async move {
            Ok(keys.iter().map(|key| self.record(key)).collect())
        }))
    }

    fn add<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
        options: SetOptions,
    ) -> Option<StoreFuture<'a, bool>> {
        Some(Box::pin(async move {
            let now = self.host.now();
            let mut records = self.records();
            if records.get(key).is_some_and(|kept| now < kept.ends_at) {
                return Ok(false);
            }
            let kept = Kept {
                record: record.to_vec(),
                ends_at: now + options.expires_in,
            };
            records.insert(String::from(key), kept);
            Ok(true)
        }))
    }

    fn compare_and_delete<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
    ) -> Option<StoreFuture<'a, bool>> {
        Some(Box::pin(async move {
            let is_same = self.record(key).as_deref() == Some(record);
            if is_same {
                self.records().remove(key);
            }
            Ok(is_same)
        }))
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

    fn publish<'a>(&'a self, channel: &'a str, message: &'a str) -> Option<StoreFuture<'a, ()>> {
        let channels = self.messages.as_ref()?;
        Some(Box::pin(async move {
            let listening: Vec<Arc<dyn Listener>> = {
                let channels = channels.lock().unwrap_or_else(PoisonError::into_inner);
                let all = channels.listeners.iter();
                all.filter(|((on, _), _)| on == channel)
                    .map(|(_, listener)| Arc::clone(listener))
                    .collect()
            };
            for listener in listening {
                listener.heard(message);
            }
            Ok(())
        }))
    }

    fn subscribe<'a>(
        &'a self,
        channel: &'a str,
        listener: Arc<dyn Listener>,
    ) -> Option<StoreFuture<'a, Subscription>> {
        let channels = self.messages.as_ref()?;
        Some(Box::pin(async move {
            let place = {
                let mut channels = channels.lock().unwrap_or_else(PoisonError::into_inner);
                channels.last += 1;
                let place = (String::from(channel), channels.last);
                channels.listeners.insert(place.clone(), listener);
                place
            };
            let channels = Arc::downgrade(channels);
            Ok(Subscription::new(move || {
                let Some(channels) = channels.upgrade() else {
                    return;
                };
                let mut channels = channels.lock().unwrap_or_else(PoisonError::into_inner);
                let gone = channels.listeners.remove(&place);
                drop(channels);
                drop(gone);
            }))
        }))
    }
}

opaque! { MapStore<> }
