//! The caches that are compared, as one kind of function: a key and its load to a result.

use cached::macros::cached;
use futures::FutureExt;
use futures::future::BoxFuture;
use holdover::driver::{Bound, Cache, CachePolicy, Tokio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) type Loaded = Result<usize, String>;
/// Begins a load.
pub(crate) type Load = Arc<dyn Fn() -> BoxFuture<'static, Loaded> + Send + Sync>;

/// The time for which entries are fresh.
pub(crate) const TTL: Duration = Duration::from_millis(200);
/// The longest time that a load may take where that can be said.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(1);

/// A cache with single flight.
pub(crate) trait Contender: Send + Sync {
    fn name(&self) -> &'static str;

    /// The result of a key.
    fn get(self: Arc<Self>, key: u32, load: Load) -> BoxFuture<'static, Loaded>;

    /// Ends the entry of a key; false if that is not offered.
    fn invalidate(&self, key: u32) -> BoxFuture<'_, bool>;

    fn has_ttl(&self) -> bool {
        true
    }
}

pub(crate) fn all() -> Vec<Arc<dyn Contender>> {
    vec![
        Arc::new(Moka::new()),
        Arc::new(Quick(quick_cache::sync::Cache::new(1_000))),
        Arc::new(Cached),
        Arc::new(Holdover::new()),
    ]
}

struct Moka(moka::future::Cache<u32, usize>);

impl Moka {
    fn new() -> Self {
        let builder = moka::future::Cache::builder().max_capacity(1_000);
        Self(builder.time_to_live(TTL).build())
    }
}

impl Contender for Moka {
    fn name(&self) -> &'static str {
        "moka `try_get_with`"
    }

    fn get(self: Arc<Self>, key: u32, load: Load) -> BoxFuture<'static, Loaded> {
        async move {
            let got = self.0.try_get_with(key, async move { load().await }).await;
            got.map_err(|error| error.to_string())
        }
        .boxed()
    }

    fn invalidate(&self, key: u32) -> BoxFuture<'_, bool> {
        async move {
            self.0.invalidate(&key).await;
            true
        }
        .boxed()
    }
}

struct Quick(quick_cache::sync::Cache<u32, usize>);

impl Contender for Quick {
    fn name(&self) -> &'static str {
        "quick_cache `get_or_insert_async`"
    }

    fn get(self: Arc<Self>, key: u32, load: Load) -> BoxFuture<'static, Loaded> {
        async move {
            self.0
                .get_or_insert_async(&key, async move { load().await })
                .await
        }
        .boxed()
    }

    fn invalidate(&self, key: u32) -> BoxFuture<'_, bool> {
        self.0.remove(&key);
        futures::future::ready(true).boxed()
    }

    fn has_ttl(&self) -> bool {
        false
    }
}

/// A function of the macro's is one of the program, so its load is, too.
struct Cached;

static LOAD: Mutex<Option<Load>> = Mutex::new(None);

#[cached(max_size = 1_000, ttl_millis = 200, sync_writes = "by_key")]
async fn cached_function(key: u32) -> Result<usize, String> {
    let _ = key;
    let load = LOAD.lock().expect("a lock").clone().expect("a load");
    load().await
}

impl Contender for Cached {
    fn name(&self) -> &'static str {
        "cached `sync_writes = \"by_key\"`"
    }

    fn get(self: Arc<Self>, key: u32, load: Load) -> BoxFuture<'static, Loaded> {
        async move {
            *LOAD.lock().expect("a lock") = Some(load);
            cached_function(key).await
        }
        .boxed()
    }

    fn invalidate(&self, _: u32) -> BoxFuture<'_, bool> {
        futures::future::ready(false).boxed()
    }
}

struct Holdover {
    cache: Cache<u32, usize, String>,
    policy: Arc<Bound<u32, usize, String>>,
}

impl Holdover {
    fn new() -> Self {
        let cache = Cache::builder(Tokio).max_entries(1_000).build();
        let policy = CachePolicy::ttl(TTL)
            .stale_if_error(Duration::from_secs(60))
            .failover_after(Duration::from_millis(50))
            .timeout(TIMEOUT);
        let policy = cache.policy(policy).expect("a good policy");
        Self { cache, policy }
    }
}

impl Contender for Holdover {
    fn name(&self) -> &'static str {
        "holdover"
    }

    fn get(self: Arc<Self>, key: u32, load: Load) -> BoxFuture<'static, Loaded> {
        async move {
            let got = self
                .cache
                .get_or_load(&key, &self.policy, move |_| load())
                .await;
            got.map_err(|error| error.to_string())
        }
        .boxed()
    }

    fn invalidate(&self, key: u32) -> BoxFuture<'_, bool> {
        async move { self.cache.invalidate(&key).await }.boxed()
    }
}
