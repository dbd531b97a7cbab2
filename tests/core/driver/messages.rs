//! Messages between instances over one store.

use crate::scripted::Scripted;
use crate::support::{counting, minute, ms};
use holdover::driver::testing::{MapStore, Virtual};
use holdover::driver::{
    Cache, Function, Host, Listener, LruStore, SetOptions, Source, Store, StoreError, StoreFuture,
    Stores, Subscription,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Numbers = Cache<u32, usize, &'static str>;
type Get = Function<u32, usize, &'static str>;

fn stores(store: impl Store) -> Stores<u32, usize> {
    Stores::json(|key: &u32| format!("n:{key}")).store(store)
}

fn instance(host: &Virtual, stores: Stores<u32, usize>) -> (Numbers, Get) {
    let cache = Numbers::builder(host.clone()).stores(stores).build();
    let policy = minute().stale_if_error(Duration::from_secs(60));
    let get = cache.wrap(policy, counting(host)).unwrap();
    (cache, get)
}

fn ask(host: &Virtual, get: &Get, key: u32) -> (usize, Source) {
    let get = get.clone();
    let answer = host.run(async move { get.explain(&key).await }).unwrap();
    (answer.value, answer.source)
}

#[test]
fn what_one_instance_drops_the_others_drop() {
    let host = Virtual::new();
    let shared = MapStore::new(host.clone()).with_messages();
    let (one, get) = instance(&host, stores(shared.clone()));
    let (_other, there) = instance(&host, stores(shared.clone()));
    assert_eq!(ask(&host, &get, 1), (0, Source::Load));
    host.advance(ms(1));
    assert_eq!(ask(&host, &there, 1), (0, Source::Hit));
    assert_eq!(there.peek(&1), Some(0));
    host.run(one.invalidate(&1));
    assert_eq!(there.peek(&1), None);
    assert_eq!(get.peek(&1), None);
    assert_eq!(
        ask(&host, &there, 1),
        (0, Source::Load),
        "its own first load"
    );
    host.advance(ms(1));
    // A newer value is in the store: the old one answers only for failures.
    assert_eq!(ask(&host, &get, 1).1, Source::Hit);
    host.run(one.set(&1, 7, ms(60_000)));
    assert_eq!(ask(&host, &there, 1), (7, Source::Hit));
    assert_eq!(get.peek(&1), Some(7), "its own message is not for itself");
    host.run(one.clear());
    assert_eq!(there.peek(&1), None);
    assert_eq!(there.peek(&1), None);
}

#[test]
fn a_load_from_before_a_message_keeps_nothing() {
    let host = Virtual::new();
    let shared = MapStore::new(host.clone()).with_messages();
    let (one, _) = instance(&host, stores(shared.clone()));
    let (_other, there) = instance(&host, stores(shared.clone()));
    let asked = there.clone();
    host.start(async move {
        assert_eq!(asked.get(&1).await.unwrap(), 0);
    });
    host.advance(ms(50));
    host.start(async move {
        one.invalidate(&1).await;
    });
    host.advance(ms(500));
    assert_eq!(there.peek(&1), None);
    assert!(shared.names().is_empty(), "{:?}", shared.names());
}

#[test]
fn what_is_above_the_store_with_messages_is_dropped_too() {
    let host = Virtual::new();
    let shared = MapStore::new(host.clone()).with_messages();
    let near = LruStore::new(host.clone(), 1 << 20);
    let layered = Stores::json(|key: &u32| format!("n:{key}"))
        .store(near.clone())
        .store(shared.clone());
    let (one, _) = instance(&host, stores(shared));
    let (_other, there) = instance(&host, layered);
    assert_eq!(ask(&host, &there, 1), (0, Source::Load));
    assert_eq!(ask(&host, &there, 2), (1, Source::Load));
    host.advance(ms(1));
    assert_eq!(near.len(), 2);
    host.run(one.invalidate(&1));
    host.advance(ms(1));
    assert_eq!(near.len(), 1);
    host.run(one.clear());
    host.advance(ms(1));
    assert!(near.is_empty());
}

#[test]
fn namespaces_do_not_hear_each_other_and_closed_caches_hear_nobody() {
    let host = Virtual::new();
    let shared = MapStore::new(host.clone()).with_messages();
    let (one, _) = instance(&host, stores(shared.clone()).namespace("a"));
    let (_b, other) = instance(&host, stores(shared.clone()).namespace("b"));
    let (closed, third) = instance(&host, stores(shared).namespace("a"));
    assert_eq!(ask(&host, &other, 1), (0, Source::Load));
    assert_eq!(ask(&host, &third, 1), (0, Source::Load));
    host.run(one.invalidate(&1));
    assert_eq!((other.peek(&1), third.peek(&1)), (Some(0), None));
    assert_eq!(ask(&host, &third, 1), (1, Source::Load));
    closed.close();
    host.run(one.invalidate(&1));
    assert_eq!(third.peek(&1), Some(1));
}

/// A store whose subscriptions are the test's to acknowledge, and to lose.
#[derive(Clone)]
struct Lossy {
    records: MapStore,
    host: Virtual,
    takes: u64,
    listener: Arc<Mutex<Option<Arc<dyn Listener>>>>,
}

impl Lossy {
    fn new(host: &Virtual, takes: u64) -> Self {
        Self {
            records: MapStore::new(host.clone()),
            host: host.clone(),
            takes,
            listener: Arc::default(),
        }
    }

    fn listener(&self) -> Arc<dyn Listener> {
        self.listener.lock().unwrap().clone().unwrap()
    }
}

impl Store for Lossy {
    fn name(&self) -> &'static str {
        "lossy"
    }

    fn get<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        self.records.get(key)
    }

    fn set<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
        options: SetOptions,
    ) -> StoreFuture<'a, ()> {
        self.records.set(key, record, options)
    }

    fn delete<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        self.records.delete(key)
    }

    fn publish<'a>(&'a self, _: &'a str, _: &'a str) -> Option<StoreFuture<'a, ()>> {
        Some(Box::pin(async { Err(StoreError::new("nobody hears it")) }))
    }

    fn subscribe<'a>(
        &'a self,
        _: &'a str,
        listener: Arc<dyn Listener>,
    ) -> Option<StoreFuture<'a, Subscription>> {
        Some(Box::pin(async move {
            self.host.sleep(ms(self.takes)).await;
            *self.listener.lock().unwrap() = Some(listener);
            Ok(Subscription::new(|| {}))
        }))
    }
}

#[test]
fn loads_wait_until_others_are_heard_and_no_longer_than_a_deadline() {
    for (takes, waited) in [(200, 200), (900, 500)] {
        let host = Virtual::new();
        let (_cache, get) = instance(&host, stores(Lossy::new(&host, takes)));
        assert_eq!(ask(&host, &get, 1), (0, Source::Load));
        assert_eq!(host.elapsed(), ms(waited + 100), "{takes}");
        assert_eq!(get.peek(&1), Some(0));
        host.advance(ms(1_000));
        let is_trusted = ask(&host, &get, 1) == (0, Source::Hit);
        assert!(is_trusted || takes == 900);
        if takes == 900 {
            assert_eq!(
                host.elapsed(),
                ms(1_600),
                "it is asked for again, in the store"
            );
        }
    }
}

#[test]
fn after_messages_were_missed_memory_answers_only_for_failures() {
    let host = Virtual::new();
    let store = Lossy::new(&host, 0);
    let (_cache, get) = instance(&host, stores(store.clone()));
    assert_eq!(ask(&host, &get, 1), (0, Source::Load));
    host.advance(ms(1));
    let (writer, _) = instance(&host, stores(store.records.clone()));
    host.run(writer.set(&1, 5, ms(60_000)));
    assert_eq!(ask(&host, &get, 1), (0, Source::Hit), "nobody said so");
    store.listener().missed();
    assert_eq!(ask(&host, &get, 1), (5, Source::Hit));
    store.listener().heard("garbage");
    assert_eq!(ask(&host, &get, 1), (5, Source::Hit));
}

#[test]
fn stores_without_messages_are_asked_for_none() {
    let host = Virtual::new();
    let store = Scripted::new(&host, serde_json::from_str("{}").unwrap(), &[]);
    let (cache, get) = instance(&host, stores(store));
    assert_eq!(ask(&host, &get, 1), (0, Source::Load));
    assert!(host.run(cache.invalidate(&1)));
}
