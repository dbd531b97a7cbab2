//! The entries of HTTP, which layers share.

use super::drops::{KeyDrops, Noting};
use super::error::Failure;
use super::forwarded::IMPLIED;
use super::policy::ResponsePolicy;
use super::receiving::Receiving;
use super::stored::HttpValue;
use crate::config_error::ConfigError;
use crate::driver::{Cache, CacheBuilder, Delivery, Host, MaybeSend, MaybeSync, Stats};
#[cfg(feature = "json")]
use crate::driver::{Store, StoreFailure};
use crate::time::Span;
use core::fmt;
#[cfg(feature = "json")]
use std::boxed::Box;
use std::format;
use std::string::String;
use std::sync::{Arc, Mutex, PoisonError};
use std::vec::Vec;

pub(super) type Entries = Cache<Arc<str>, HttpValue, Failure>;

/// The most that entries weigh, by default: 64 MiB.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// The most layers over one cache: each is one more key to invalidate for a URL.
const MOST_LAYERS: usize = 1024;
/// Ends the key of a part that the npm package keeps beside the whole.
const PART: &str = "\npart";

const MOST: ConfigError = ConfigError::of(
    "name",
    "one of few names: a cache has at most 1024 layers that share nothing",
);
const NAMED: ConfigError = ConfigError::of(
    "name",
    "a name of its own for a second layer over a cache with stores, where others look, too",
);
const OF_A_USER: ConfigError = ConfigError::of(
    "name",
    "the name of the user, for a private layer over a cache with stores: whoever has it is \
     answered with what is stored",
);

/// The places of responses in a cache.
#[derive(Default)]
struct Places {
    /// The endings of their keys.
    endings: Vec<String>,
    /// Number of layers without a name.
    unnamed: usize,
}

/// A cache of responses. Clones are the same cache; a [`CacheLayer`](super::CacheLayer) uses one.
#[derive(Clone)]
pub struct HttpCache {
    pub(super) entries: Entries,
    pub(super) receiving: Arc<Receiving>,
    pub(super) drops: Arc<KeyDrops>,
    places: Arc<Mutex<Places>>,
}

impl fmt::Debug for HttpCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpCache").finish_non_exhaustive()
    }
}

/// The options of a cache of responses.
#[must_use]
pub struct HttpCacheBuilder {
    builder: Builder,
    #[cfg(feature = "json")]
    stores: StoreOptions,
    max_bytes: u64,
}

/// The stores of a cache, and how they are opened: a program that adds none has none of their code.
#[cfg(feature = "json")]
#[derive(Default)]
pub(super) struct StoreOptions {
    open: Option<fn(Builder, StoreOptions) -> Builder>,
    pub(super) all: Vec<Arc<dyn Store>>,
    pub(super) namespace: String,
    pub(super) deadline: Option<Span>,
    pub(super) max_record: Option<usize>,
    pub(super) report: Option<Box<dyn Hear>>,
}

/// Hears of operations of stores that fail.
#[cfg(feature = "json")]
pub(super) trait Hear: Fn(&StoreFailure<'_>) + MaybeSend + MaybeSync {}
#[cfg(feature = "json")]
impl<F: Fn(&StoreFailure<'_>) + MaybeSend + MaybeSync> Hear for F {}

pub(super) type Builder = CacheBuilder<Arc<str>, HttpValue, Failure>;

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

    /// The longest time that the memory serves what stores below it have: past it they are asked
    /// again, for others may have changed it. Default: as long as responses are good.
    pub fn memory_ttl(mut self, most: impl Into<Span>) -> Self {
        self.builder = self.builder.memory_ttl(most);
        self
    }

    /// Makes the cache.
    #[must_use]
    pub fn build(self) -> HttpCache {
        let weigh = |key: &Arc<str>, value: &HttpValue| value.weight(key);
        let drops = Arc::<KeyDrops>::default();
        let builder = self.builder.max_bytes(self.max_bytes, weigh);
        let builder = builder.on_drop(Noting(Arc::clone(&drops)));
        #[cfg(feature = "json")]
        let builder = match self.stores.open {
            Some(open) => open(builder, self.stores),
            None => builder,
        };
        HttpCache {
            entries: builder.build(),
            receiving: Receiving::new(self.max_bytes),
            drops,
            places: Arc::default(),
        }
    }
}

/// Stores below the memory.
#[cfg(feature = "json")]
impl HttpCacheBuilder {
    /// Adds a store below the memory, and below those that are there: any [`Store`]. Responses are
    /// kept there as the npm package keeps them, bodies included, and read from there by all who
    /// have the store, the [`namespace`](Self::namespace) and the layer's
    /// [`name`](super::ResponsePolicy::name). A store that fails is a miss.
    pub fn store(mut self, store: impl Store) -> Self {
        self.stores.all.push(Arc::new(store));
        self.stores.open = Some(super::records::open);
        self
    }

    /// Keeps its keys in stores apart from those of other namespaces. Default: none.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.stores.namespace = namespace.into();
        self
    }

    /// The longest time that an operation of a store may take. Default: that of each store, mostly
    /// 500 ms.
    pub fn store_timeout(mut self, deadline: impl Into<Span>) -> Self {
        self.stores.deadline = Some(deadline.into());
        self
    }

    /// The longest record that is written to stores or read there, in bytes; a longer response is in
    /// memory alone. Default 25 MiB.
    pub fn max_record(mut self, bytes: usize) -> Self {
        self.stores.max_record = Some(bytes);
        self
    }

    /// Hears of operations of stores that fail.
    pub fn on_store_failure(
        mut self,
        listener: impl Fn(&StoreFailure<'_>) + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.stores.report = Some(Box::new(listener));
        self
    }
}

impl HttpCache {
    /// Begins a cache on this host.
    pub fn builder(host: impl Host) -> HttpCacheBuilder {
        HttpCacheBuilder {
            builder: Cache::builder(host),
            #[cfg(feature = "json")]
            stores: StoreOptions::default(),
            max_bytes: MAX_BYTES,
        }
    }

    /// The contents now. A URL whose responses depend on the request has one more entry.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.entries.stats()
    }

    /// Drops everything; of stores, what is in the namespace. At once here; awaiting it, in every
    /// store as well.
    #[expect(
        clippy::must_use_candidate,
        reason = "it goes on when what it gives is dropped"
    )]
    pub fn clear(&self) -> Delivery {
        self.entries.clear()
    }

    /// Waits until nothing is on its way to the stores, for the end of a program.
    pub async fn settled(&self) {
        self.entries.settled().await;
    }

    /// Caches nothing any more: requests go to their origins.
    pub fn close(&self) {
        self.entries.close();
    }

    /// The ending of the keys of one more layer.
    pub(super) fn ending_for(
        &self,
        policy: &ResponsePolicy,
        shared: bool,
    ) -> Result<String, ConfigError> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let number = places.unnamed + 1;
        let is_unnamed = policy.name.is_none();
        if is_unnamed && self.entries.has_stores() {
            if !shared {
                return Err(OF_A_USER);
            }
            if number > 1 {
                return Err(NAMED);
            }
        }
        let ending = policy.ending(shared, number);
        if !places.endings.contains(&ending) {
            if places.endings.len() >= MOST_LAYERS {
                return Err(MOST);
            }
            places.endings.push(ending.clone());
        }
        places.unnamed += usize::from(is_unnamed);
        Ok(ending)
    }

    /// Ends what is stored under a key of one layer, and under the same key of all others. Stores
    /// may have parts beside it, which the npm package keeps.
    pub(super) fn invalidate(&self, key: &str, own: &str) -> Delivery {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let base = key.strip_suffix(own).unwrap_or(key);
        let parts: &[&str] = if self.entries.has_stores() {
            &["", PART]
        } else {
            &[""]
        };
        let keys = places.endings.iter().flat_map(|ending| {
            let each = ["", IMPLIED].into_iter();
            each.flat_map(move |implied| {
                let parts = parts.iter();
                parts.map(move |part| Arc::from(format!("{base}{ending}{implied}{part}")))
            })
        });
        self.entries.invalidate_each(keys)
    }
}
