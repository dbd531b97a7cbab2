//! The stores of a cache, as a program sets them up.

use super::below::LowerStores;
use super::bounds::{Key, MaybeSend, MaybeSync, Value, opaque};
use super::codec::Codec;
use super::host::Host;
use super::lower::{Lower, NameOf, Paths};
use super::stamps::StoredTags;
use super::store::{Store, StoreFailure};
use super::tiers::{Report, Tiers, prefix_of};
use crate::time::Span;
use std::boxed::Box;
use std::string::String;
use std::sync::Arc;
use std::vec::Vec;

/// The longest record by default: 25 MiB.
const MAX_RECORD: usize = 25 * 1024 * 1024;

/// The stores below the memory of a cache, and how its entries are kept there.
///
/// They are read in order, and a hit in one of them is copied to those above it; loaded values are
/// written to all of them. Changes reach them in the order in which they happened, whatever the
/// stores do meanwhile: after a change nothing older is read here. A store that fails, hangs or
/// returns garbage fails no call: it has a deadline, after five failures in a row it is left alone
/// for five seconds, and the changes it missed are made later.
///
/// ```
/// # #[cfg(all(feature = "json", feature = "testing"))] {
/// use holdover::driver::testing::{MapStore, Virtual};
/// use holdover::driver::{Cache, CachePolicy, Source, Stores};
/// use std::time::Duration;
///
/// # let host = Virtual::new();
/// let shared = MapStore::new(host.clone());
/// let instance = || {
///     let stores = Stores::json(|id: &u64| format!("user:{id}")).namespace("app");
///     Cache::<u64, String, std::io::Error>::builder(host.clone())
///         .stores(stores.store(shared.clone()))
///         .build()
/// };
/// let policy = || CachePolicy::ttl(Duration::from_secs(60));
/// let load = |id, _| async move { Ok(format!("user {id}")) };
/// let (one, other) = (instance(), instance());
/// let (get, get_there) = (one.wrap(policy(), load)?, other.wrap(policy(), load)?);
/// # host.clone().run(async move {
/// get.get(&42).await.unwrap();
/// one.settled().await; // Writes are on their way when the value is answered.
/// let answer = get_there.explain(&42).await.unwrap();
/// assert_eq!((answer.source, answer.tier.as_deref()), (Source::Hit, Some("map")));
/// # });
/// # }
/// # Ok::<(), holdover::ConfigError>(())
/// ```
#[must_use]
pub struct Stores<K, V> {
    codec: Box<dyn Codec<V>>,
    name_of: Box<dyn NameOf<K>>,
    namespace: String,
    all: Vec<Arc<dyn Store>>,
    deadline: Option<Span>,
    max_record: usize,
    report: Option<Box<dyn Report>>,
}

impl<K: 'static, V: 'static> Stores<K, V> {
    /// Stores whose records `codec` makes, of keys by the names that `name_of` gives them. No two
    /// keys may have one name. A key for which it panics is kept in memory only.
    pub fn new(
        codec: impl Codec<V>,
        name_of: impl Fn(&K) -> String + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        Self {
            codec: Box::new(codec),
            name_of: Box::new(name_of),
            namespace: String::new(),
            all: Vec::new(),
            deadline: None,
            max_record: MAX_RECORD,
            report: None,
        }
    }

    /// Stores whose records are JSON: the npm package's.
    #[cfg(feature = "json")]
    pub fn json(name_of: impl Fn(&K) -> String + MaybeSend + MaybeSync + 'static) -> Self
    where
        V: serde::Serialize + serde::de::DeserializeOwned,
    {
        Self::new(super::codec::Json, name_of)
    }

    /// Adds a store below those that are there.
    pub fn store(mut self, store: impl Store) -> Self {
        self.all.push(Arc::new(store));
        self
    }

    /// Keeps its keys apart from those of other namespaces, and is cleared by itself. Default: none.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// The longest time that an operation may take. Default: that of each store, mostly 500 ms.
    pub fn store_timeout(mut self, deadline: impl Into<Span>) -> Self {
        self.deadline = Some(deadline.into());
        self
    }

    /// The longest record that is written or read, in bytes. Default 25 MiB.
    pub fn max_record(mut self, bytes: usize) -> Self {
        self.max_record = bytes;
        self
    }

    /// Hears of what fails.
    pub fn on_failure(
        mut self,
        listener: impl Fn(&StoreFailure<'_>) + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.report = Some(Box::new(listener));
        self
    }

    /// The part of a cache that uses them; `None` without any.
    pub(super) fn open(self, host: &Arc<dyn Host>) -> Option<Box<dyn LowerStores<K, V>>>
    where
        K: Key,
        V: Value,
    {
        if self.all.is_empty() {
            return None;
        }
        let host = Arc::clone(host);
        let tiers = Tiers::new(host, self.all, self.deadline, self.report);
        let tiers = Arc::new(tiers);
        let prefix = Arc::from(prefix_of(&self.namespace));
        Some(Box::new(Lower {
            lock_at: tiers.first_that_locks(),
            paths: Paths {
                #[cfg(feature = "json")]
                feed: super::feed::Feed::new(&tiers, &self.namespace),
                tags: StoredTags::new(&tiers, &prefix),
                tiers,
                codec: self.codec.id(),
                prefix,
                namespace: Arc::from(self.namespace),
            },
            codec: self.codec,
            name_of: self.name_of,
            max_record: self.max_record,
        }))
    }
}

opaque! { Stores<K, V> }
