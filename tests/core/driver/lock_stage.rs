//! Instances that load under a lock, over one store.

use crate::support::ms;
use holdover::driver::testing::{MapStore, Request, Virtual};
use holdover::driver::{
    Cache, CachePolicy, Error, Function, Host, LoadContext, LoadLock, SetOptions, Store,
    StoreError, StoreFuture, Stores,
};
use holdover::time::Span;
use std::collections::BTreeSet;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

pub(crate) type Policy = CachePolicy<u32, usize, &'static str>;
pub(crate) type Get = Function<u32, usize, &'static str>;
type Loading = Pin<Box<dyn Future<Output = Result<usize, &'static str>> + Send>>;
type LoadingMany = Pin<Box<dyn Future<Output = Result<Vec<usize>, &'static str>> + Send>>;

/// One instance's way to the store. Notes when it asks for what; operations may fail or hang.
#[derive(Clone)]
pub(crate) struct Way {
    host: Virtual,
    pub(crate) shared: MapStore,
    pub(crate) asked: Arc<Mutex<Vec<(u64, String)>>>,
    pub(crate) down: Arc<Mutex<BTreeSet<&'static str>>>,
    pub(crate) hangs: Arc<Mutex<BTreeSet<&'static str>>>,
    /// Milliseconds until an operation reaches the store, and as many until its answer is back.
    pub(crate) latency: Arc<Mutex<u64>>,
    /// By when writes had to arrive.
    pub(crate) within: Arc<Mutex<Vec<Span>>>,
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
            within: Arc::default(),
        }
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .filter(|(_, other)| other.starts_with(what))
            .count()
    }

    fn operate<'a, T: Send + 'a>(
        &'a self,
        operation: &'static str,
        key: &'a str,
        done: StoreFuture<'a, T>,
    ) -> StoreFuture<'a, T> {
        Box::pin(async move {
            let at = self.host.elapsed().as_millis();
            let asked = format!("{operation} {key}");
            self.asked.lock().unwrap().push((at, asked));
            let latency = *self.latency.lock().unwrap();
            if self.hangs.lock().unwrap().contains(operation) {
                return pending().await;
            }
            if latency > 0 {
                self.host.sleep(ms(latency)).await;
            }
            if self.down.lock().unwrap().contains(operation) {
                return Err(StoreError::new("down"));
            }
            let result = done.await;
            if latency > 0 {
                self.host.sleep(ms(latency)).await;
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
        self.within.lock().unwrap().push(options.within);
        let set = async move {
            // As a store that refuses writes which come too late.
            if options.within.is_zero() {
                return Err(StoreError::new("too late"));
            }
            self.shared.set(key, record, options).await
        };
        self.operate("set", key, Box::pin(set))
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
}

/// The origin that all instances ask.
#[derive(Default)]
pub(crate) struct Origin {
    pub(crate) loads: usize,
    running: usize,
    /// The most loads at a time.
    pub(crate) most: usize,
    /// The milliseconds that a load takes.
    pub(crate) takes: u64,
    pub(crate) fails: bool,
    /// The keys of each call for many.
    pub(crate) batches: Vec<Vec<u32>>,
}

pub(crate) struct Instance {
    pub(crate) get: Get,
    pub(crate) way: Way,
    pub(crate) cache: Cache<u32, usize, &'static str>,
}

pub(crate) struct Stage {
    pub(crate) host: Virtual,
    pub(crate) shared: MapStore,
    pub(crate) origin: Arc<Mutex<Origin>>,
    pub(crate) all: Vec<Instance>,
}

/// What calls have come to.
pub(crate) type Answers = Arc<Mutex<Vec<Result<usize, String>>>>;

pub(crate) fn locked() -> Policy {
    CachePolicy::ttl(ms(3_600_000)).lock(LoadLock::new().ttl(ms(10_000)).wait(ms(8_000)))
}

impl Stage {
    pub(crate) fn new(instances: usize, policy: impl Fn() -> Policy) -> Self {
        Self::with(instances, |cache, origin, host| {
            cache.wrap(policy(), loader(&origin, &host)).unwrap()
        })
    }

    /// The same, of functions of many keys.
    pub(crate) fn of_many(instances: usize, policy: impl Fn() -> Policy) -> Self {
        Self::with(instances, |cache, origin, host| {
            let load = many_loader(&origin, &host);
            cache.wrap_many(policy(), load).unwrap()
        })
    }

    fn with(
        instances: usize,
        wrap: impl Fn(&Cache<u32, usize, &'static str>, Arc<Mutex<Origin>>, Virtual) -> Get,
    ) -> Self {
        let host = Virtual::new();
        let shared = MapStore::new(host.clone());
        let origin = Arc::new(Mutex::new(Origin {
            takes: 100,
            ..Origin::default()
        }));
        let all = (0..instances).map(|_| {
            let way = Way::new(&host, &shared);
            let stores = Stores::json(|key: &u32| format!("n:{key}")).store(way.clone());
            let cache = Cache::builder(host.clone()).stores(stores).build();
            let get = wrap(&cache, Arc::clone(&origin), host.clone());
            Instance { get, way, cache }
        });
        Self {
            all: all.collect(),
            host,
            shared,
            origin,
        }
    }

    pub(crate) fn origin(&self) -> std::sync::MutexGuard<'_, Origin> {
        self.origin.lock().unwrap()
    }

    /// Begins a call of an instance.
    pub(crate) fn call(&self, at: usize, key: u32, answers: &Answers) -> Request {
        let (get, answers) = (self.all[at].get.clone(), Arc::clone(answers));
        self.host.start(async move {
            let answer = get.get(&key).await;
            answers
                .lock()
                .unwrap()
                .push(answer.map_err(|error| text(&error)));
        })
    }

    /// Begins a call for many keys.
    pub(crate) fn call_many(&self, at: usize, keys: &[u32], answers: &Answers) -> Request {
        let (get, answers, keys) = (self.all[at].get.clone(), Arc::clone(answers), keys.to_vec());
        self.host.start(async move {
            let all = get.get_many(&keys).await;
            let all = all
                .into_iter()
                .map(|answer| answer.map_err(|error| text(&error)));
            answers.lock().unwrap().extend(all);
        })
    }

    /// Moves time to that moment since the beginning.
    pub(crate) fn run_to(&self, millis: u64) {
        let elapsed = self.host.elapsed().as_millis();
        self.host.advance(ms(millis.saturating_sub(elapsed)));
    }

    pub(crate) fn is_locked(&self, key: u32) -> bool {
        self.shared.record(&format!("%load:n:{key}")).is_some()
    }
}

fn text(error: &Error<&'static str>) -> String {
    error.code().map_or_else(|| error.to_string(), String::from)
}

pub(crate) fn take(answers: &Answers) -> Vec<Result<usize, String>> {
    std::mem::take(&mut *answers.lock().unwrap())
}

/// A loader that brings how often the origin was asked.
fn loader(
    origin: &Arc<Mutex<Origin>>,
    host: &Virtual,
) -> impl Fn(u32, LoadContext) -> Loading + Send + Sync + 'static {
    let (origin, host) = (Arc::clone(origin), host.clone());
    move |_, _| {
        let (nth, takes, fails) = begin(&origin, 1);
        let (sleep, running) = (host.sleep(takes), Running(Arc::clone(&origin)));
        Box::pin(async move {
            sleep.await;
            drop(running);
            if fails { Err("down") } else { Ok(nth) }
        })
    }
}

/// A loader of many keys that brings ten times each.
fn many_loader(
    origin: &Arc<Mutex<Origin>>,
    host: &Virtual,
) -> impl Fn(Vec<u32>, LoadContext) -> LoadingMany + Send + Sync + 'static {
    let (origin, host) = (Arc::clone(origin), host.clone());
    move |keys: Vec<u32>, _| {
        let (_, takes, fails) = begin(&origin, keys.len());
        origin.lock().unwrap().batches.push(keys.clone());
        let (sleep, running) = (host.sleep(takes), Running(Arc::clone(&origin)));
        Box::pin(async move {
            sleep.await;
            drop(running);
            if fails {
                return Err("down");
            }
            Ok(keys.iter().map(|&key| key as usize * 10).collect())
        })
    }
}

/// A load, until it is dropped.
struct Running(Arc<Mutex<Origin>>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.lock().unwrap().running -= 1;
    }
}

fn begin(origin: &Mutex<Origin>, loads: usize) -> (usize, Span, bool) {
    let mut origin = origin.lock().unwrap();
    origin.loads += loads;
    origin.running += 1;
    origin.most = origin.most.max(origin.running);
    (origin.loads, ms(origin.takes), origin.fails)
}
