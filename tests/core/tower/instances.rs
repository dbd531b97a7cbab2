//! Instances of one service, each with a cache of its own over one store.

use crate::stage::{Answer, Requests, Stage};
use holdover::Span;
use holdover::driver::testing::{MapStore, Virtual};
use holdover::driver::{Host, SetOptions, Store, StoreError, StoreFuture, Subscription};
use holdover::driver::{Listener, StoreFailure};
use holdover::tower::{CacheLayer, HttpCache, HttpCacheBuilder, ResponsePolicy};
use http::request;
use std::collections::BTreeSet;
use std::future::{Future, pending};
use std::sync::{Arc, Mutex};

/// One instance's way to the store: operations take time, and may fail or hang.
#[derive(Clone)]
pub(crate) struct Way {
    host: Virtual,
    pub(crate) shared: MapStore,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    pub(crate) down: Arc<Mutex<BTreeSet<&'static str>>>,
    pub(crate) hangs: Arc<Mutex<BTreeSet<&'static str>>>,
    /// Milliseconds until an operation reaches the store, and as many until its answer is back.
    pub(crate) latency: Arc<Mutex<u64>>,
    pub(crate) failures: Arc<Mutex<Vec<String>>>,
}

impl Way {
    fn new(host: &Virtual, shared: &MapStore) -> Self {
        Self {
            host: host.clone(),
            shared: shared.clone(),
            asked: Arc::default(),
            down: Arc::default(),
            hangs: Arc::default(),
            latency: Arc::default(),
            failures: Arc::default(),
        }
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|asked| asked.starts_with(what)).count()
    }

    pub(crate) fn set_down(&self, is_down: bool) {
        let all = ["get", "set", "delete", "add", "compare_and_delete"];
        *self.down.lock().unwrap() = all.into_iter().filter(|_| is_down).collect();
    }

    fn operate<'a, T: Send + 'a>(
        &'a self,
        operation: &'static str,
        key: &'a str,
        done: StoreFuture<'a, T>,
    ) -> StoreFuture<'a, T> {
        Box::pin(async move {
            self.asked
                .lock()
                .unwrap()
                .push(format!("{operation} {key}"));
            let latency = Span::from_millis(*self.latency.lock().unwrap());
            if self.hangs.lock().unwrap().contains(operation) {
                return pending().await;
            }
            if !latency.is_zero() {
                self.host.sleep(latency).await;
            }
            if self.down.lock().unwrap().contains(operation) {
                return Err(StoreError::new("down"));
            }
            let result = done.await;
            if !latency.is_zero() {
                self.host.sleep(latency).await;
            }
            result
        })
    }
}

impl Store for Way {
    fn name(&self) -> &'static str {
        "shared"
    }

    fn get<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        self.operate("get", key, self.shared.get(key))
    }

    fn set<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
        options: SetOptions,
    ) -> StoreFuture<'a, ()> {
        self.operate("set", key, self.shared.set(key, record, options))
    }

    fn delete<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        self.operate("delete", key, self.shared.delete(key))
    }

    fn add<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
        options: SetOptions,
    ) -> Option<StoreFuture<'a, bool>> {
        let add = self.shared.add(key, record, options)?;
        Some(self.operate("add", key, add))
    }

    fn compare_and_delete<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
    ) -> Option<StoreFuture<'a, bool>> {
        let drop = self.shared.compare_and_delete(key, record)?;
        Some(self.operate("compare_and_delete", key, drop))
    }

    fn clear<'a>(&'a self, prefix: &'a str) -> Option<StoreFuture<'a, ()>> {
        self.shared.clear(prefix)
    }

    fn publish<'a>(&'a self, channel: &'a str, message: &'a str) -> Option<StoreFuture<'a, ()>> {
        self.shared.publish(channel, message)
    }

    fn subscribe<'a>(
        &'a self,
        channel: &'a str,
        listener: Arc<dyn Listener>,
    ) -> Option<StoreFuture<'a, Subscription>> {
        self.shared.subscribe(channel, listener)
    }
}

/// An origin, a store, and the clock of all.
pub(crate) struct World<F> {
    pub(crate) host: Virtual,
    pub(crate) store: MapStore,
    pub(crate) requests: Requests,
    pub(crate) delay: Span,
    origin: Arc<F>,
}

/// An instance, and its way to the store.
pub(crate) struct Instance {
    pub(crate) stage: Stage,
    pub(crate) way: Way,
}

impl std::ops::Deref for Instance {
    type Target = Stage;

    fn deref(&self) -> &Stage {
        &self.stage
    }
}

impl<F, R> World<F>
where
    F: Fn(request::Parts, usize) -> R + Send + Sync + 'static,
    R: Future<Output = Answer> + Send + 'static,
{
    pub(crate) fn new(origin: F) -> Self {
        let host = Virtual::new();
        Self {
            store: MapStore::new(host.clone()),
            host,
            requests: Requests::default(),
            delay: Span::ZERO,
            origin: Arc::new(origin),
        }
    }

    /// The same, whose instances hear each other.
    pub(crate) fn with_messages(self) -> Self {
        let store = MapStore::new(self.host.clone()).with_messages();
        Self { store, ..self }
    }

    /// One more instance.
    pub(crate) fn instance(&self) -> Instance {
        self.instance_with(ResponsePolicy::new(), |builder| builder)
    }

    pub(crate) fn instance_by(&self, policy: ResponsePolicy) -> Instance {
        self.instance_with(policy, |builder| builder)
    }

    pub(crate) fn instance_with(
        &self,
        policy: ResponsePolicy,
        change: impl FnOnce(HttpCacheBuilder) -> HttpCacheBuilder,
    ) -> Instance {
        self.instance_of(change, |cache| CacheLayer::shared(cache, policy).unwrap())
    }

    pub(crate) fn instance_of(
        &self,
        change: impl FnOnce(HttpCacheBuilder) -> HttpCacheBuilder,
        layer: impl FnOnce(&HttpCache) -> CacheLayer,
    ) -> Instance {
        let way = Way::new(&self.host, &self.store);
        let failures = Arc::clone(&way.failures);
        let note = move |failure: &StoreFailure<'_>| {
            failures.lock().unwrap().push(failure.error.to_string());
        };
        let builder = HttpCache::builder(self.host.clone())
            .namespace("site")
            .store(way.clone())
            .on_store_failure(note);
        let cache = change(builder).build();
        let layer = layer(&cache);
        let own = (self.host.clone(), cache, layer);
        let (requests, origin) = (Arc::clone(&self.requests), Arc::clone(&self.origin));
        Instance {
            stage: Stage::with(own, self.delay, requests, origin),
            way,
        }
    }

    /// The keys of responses in the store, without the namespace.
    pub(crate) fn names(&self) -> Vec<String> {
        let names = self.store.names().into_iter();
        let own = names.filter_map(|name| Some(name.strip_prefix("site:")?.to_owned()));
        own.filter(|name| name.starts_with("GET ")).collect()
    }

    pub(crate) fn asked(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    pub(crate) fn after(&self, span: Span) {
        self.host.advance(span);
    }
}
