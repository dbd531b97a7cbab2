//! The entries of HTTP, which layers share.

use super::error::Failure;
use super::forwarded::IMPLIED;
use super::receiving::Receiving;
use super::stored::HttpValue;
use crate::config_error::ConfigError;
use crate::driver::{Cache, CacheBuilder, Delivery, Host, MaybeSend, MaybeSync, Stats};
use core::fmt;
use std::format;
use std::string::String;
use std::sync::{Arc, Mutex, PoisonError};
use std::vec::Vec;

pub(super) type Entries = Cache<Arc<str>, HttpValue, Failure>;

/// The most that entries weigh, by default: 64 MiB.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// The most layers over one cache: each is one more key to invalidate for a URL.
const MOST_LAYERS: usize = 1024;

/// A cache of responses. Clones are the same cache; a [`CacheLayer`](super::CacheLayer) uses one.
#[derive(Clone)]
pub struct HttpCache {
    pub(super) entries: Entries,
    pub(super) receiving: Arc<Receiving>,
    endings: Arc<Mutex<Vec<String>>>,
}

impl fmt::Debug for HttpCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpCache").finish_non_exhaustive()
    }
}

/// The options of a cache of responses.
#[must_use]
pub struct HttpCacheBuilder {
    builder: CacheBuilder<Arc<str>, HttpValue, Failure>,
    max_bytes: u64,
}

impl fmt::Debug for HttpCacheBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpCacheBuilder").finish_non_exhaustive()
    }
}

impl HttpCacheBuilder {
    /// The most responses; the least recently used one makes room. Default 10,000.
    pub fn max_entries(mut self, max: u32) -> Self {
        self.builder = self.builder.max_entries(max);
        self
    }

    /// The most bytes that responses take together, and about what bodies under way may take besides
    /// (at least 32 MiB). Default 64 MiB.
    pub fn max_bytes(mut self, max: u64) -> Self {
        self.max_bytes = max;
        self
    }

    /// Hears what happens to a key, by the names of the npm package's events. Keep it short, as
    /// requests wait for it.
    pub fn on_event(
        mut self,
        listener: impl Fn(&str, &'static str) + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.builder = self
            .builder
            .on_event(move |key, event| listener(key, event.name()));
        self
    }

    /// Makes the cache.
    #[must_use]
    pub fn build(self) -> HttpCache {
        let weigh = |key: &Arc<str>, value: &HttpValue| value.weight(key);
        HttpCache {
            entries: self.builder.max_bytes(self.max_bytes, weigh).build(),
            receiving: Receiving::new(self.max_bytes),
            endings: Arc::default(),
        }
    }
}

impl HttpCache {
    /// Begins a cache on this host.
    pub fn builder(host: impl Host) -> HttpCacheBuilder {
        HttpCacheBuilder {
            builder: Cache::builder(host),
            max_bytes: MAX_BYTES,
        }
    }

    /// The contents now. A URL whose responses depend on the request has one more entry.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.entries.stats()
    }

    /// Drops everything.
    pub fn clear(&self) {
        drop(self.entries.clear());
    }

    /// Caches nothing any more: requests go to their origins.
    pub fn close(&self) {
        self.entries.close();
    }

    /// The ending of one more layer.
    pub(super) fn add(&self, ending: impl FnOnce(usize) -> String) -> Result<String, ConfigError> {
        const MOST: ConfigError = ConfigError::of(
            "name",
            "one of few names: a cache has at most 1024 layers that share nothing",
        );
        let mut endings = self.endings.lock().unwrap_or_else(PoisonError::into_inner);
        let ending = ending(endings.len() + 1);
        if !endings.contains(&ending) {
            if endings.len() >= MOST_LAYERS {
                return Err(MOST);
            }
            endings.push(ending.clone());
        }
        Ok(ending)
    }

    /// Ends what is stored under a key of one layer, and under the same key of all others.
    pub(super) fn invalidate(&self, key: &str, own: &str) -> Vec<Delivery> {
        let endings = self.endings.lock().unwrap_or_else(PoisonError::into_inner);
        let base = key.strip_suffix(own).unwrap_or(key);
        let keys = endings.iter().flat_map(|ending| {
            ["", IMPLIED].map(|implied| Arc::<str>::from(format!("{base}{ending}{implied}")))
        });
        keys.map(|key| self.entries.invalidate(&key)).collect()
    }
}
