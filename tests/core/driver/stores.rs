//! Stores below the memory.

use crate::scripted::{Script, Scripted};
use crate::support::{counting, minute, ms};
use futures::FutureExt;
use holdover::driver::testing::{MapStore, Virtual};
use holdover::driver::{
    Answer, Cache, CachePolicy, Error, Function, Operation, Source, Store, Stores,
};
use holdover::time::Span;
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Numbers = Cache<u32, usize, &'static str>;
type Get = Function<u32, usize, &'static str>;

fn stores(store: impl Store) -> Stores<u32, usize> {
    Stores::json(|key: &u32| format!("n:{key}")).store(store)
}

fn over(host: &Virtual, store: impl Store) -> Numbers {
    Numbers::builder(host.clone()).stores(stores(store)).build()
}

fn script(text: &str) -> Script {
    serde_json::from_str(text).unwrap()
}

fn explain(host: &Virtual, get: &Get, key: u32) -> Answer<usize, &'static str> {
    let get = get.clone();
    host.run(async move { get.explain(&key).await }).unwrap()
}

fn ask(host: &Virtual, get: &Get, key: u32) -> (usize, Source) {
    let answer = explain(host, get, key);
    (answer.value, answer.source)
}

fn failing() -> impl Fn(u32, holdover::driver::LoadContext) -> Failing {
    |_, _| std::future::ready(Err("down"))
}
type Failing = std::future::Ready<Result<usize, &'static str>>;

#[test]
fn instances_share_what_one_of_them_loaded() {
    let host = Virtual::new();
    let store = MapStore::new(host.clone());
    let (one, other) = (over(&host, store.clone()), over(&host, store.clone()));
    let get = one.wrap(minute(), counting(&host)).unwrap();
    assert_eq!(ask(&host, &get, 1), (0, Source::Load));
    host.advance(ms(1_000));
    let there = other.wrap(minute(), failing()).unwrap();
    let answer = explain(&host, &there, 1);
    assert_eq!((answer.value, answer.source), (0, Source::Hit));
    assert_eq!(answer.tier.as_deref(), Some("map"));
    assert_eq!((answer.age, answer.ttl), (ms(1_000), ms(60_000)));
    let answer = explain(&host, &there, 1);
    assert_eq!(
        (answer.source, answer.tier),
        (Source::Hit, None),
        "the memory has it now"
    );
    host.advance(ms(58_999));
    assert_eq!(there.peek(&1), Some(0));
    host.advance(ms(1));
    assert_eq!(there.peek(&1), None, "it is as old as it is there");
    assert!(store.names().is_empty());
}

#[test]
fn a_store_has_it_before_a_higher_one_is_filled() {
    let host = Virtual::new();
    let (high, low) = (MapStore::new(host.clone()), MapStore::new(host.clone()));
    let below = over(&host, low.clone());
    host.run(async move { below.set(&1, 7, ms(500)).await });
    let both = Numbers::builder(host.clone())
        .stores(stores(high.clone()).store(low.clone()))
        .build();
    let get = both.wrap(minute(), failing()).unwrap();
    assert_eq!(ask(&host, &get, 1), (7, Source::Hit));
    host.advance(ms(0));
    assert_eq!(high.record("n:1"), low.record("n:1"));
    host.advance(ms(500));
    assert!(high.names().is_empty(), "no longer than where it came from");
}

#[test]
fn what_stores_do_fails_no_call() {
    let broken = [
        r#"{ "get": [{ "fails": true }], "set": [{ "fails": true }] }"#,
        r#"{ "get": [{ "after": "never" }], "set": [{ "after": "never" }] }"#,
        r#"{ "get": [{ "answer": "never" }], "set": [{ "answer": "never" }] }"#,
    ];
    for text in broken {
        let host = Virtual::new();
        let cache = over(&host, Scripted::new(&host, script(text), &[]));
        let get = cache.wrap(minute(), counting(&host)).unwrap();
        assert_eq!(ask(&host, &get, 1), (0, Source::Load), "{text}");
        assert!(host.elapsed() <= ms(600), "{text}: {:?}", host.elapsed());
        assert_eq!(ask(&host, &get, 1), (0, Source::Hit), "{text}");
    }
}

#[test]
fn what_a_store_makes_up_is_a_miss_and_told() {
    let host = Virtual::new();
    let store = MapStore::new(host.clone());
    let told = Arc::new(Mutex::new(Vec::new()));
    let hear = Arc::clone(&told);
    let stores = stores(store.clone()).on_failure(move |failure| {
        let what = (
            failure.operation,
            failure.is_corrupt,
            failure.key.to_owned(),
        );
        hear.lock().unwrap().push(what);
        panic!("a listener that panics fails no call");
    });
    let cache = Numbers::builder(host.clone()).stores(stores).build();
    let get = cache.wrap(minute(), counting(&host)).unwrap();
    let ahead = {
        let writer = over(&host, store.clone());
        host.step_clock(6_000);
        host.run(async move { writer.set(&3, 1, ms(60_000)).await });
        host.step_clock(-6_000);
        store.record("n:3").unwrap()
    };
    for (key, record) in [(1, &b"garbage"[..]), (2, b""), (3, &ahead)] {
        store.put(&format!("n:{key}"), record);
        assert_eq!(ask(&host, &get, key).1, Source::Load, "{key}");
    }
    let corrupt = |key: &str| (Operation::Get, true, key.to_owned());
    let expected = ["n:1", "n:2", "n:3"].map(corrupt);
    assert_eq!(*told.lock().unwrap(), expected);
}

#[test]
fn a_store_that_keeps_failing_is_left_alone_and_then_asked_again() {
    let host = Virtual::new();
    let told = r#"{ "get": [{"fails":true},{"fails":true},{"fails":true},{"fails":true},{"fails":true}] }"#;
    let store = Scripted::new(&host, script(told), &[]);
    let cache = Numbers::builder(host.clone())
        .max_entries(0)
        .stores(stores(store.clone()))
        .build();
    let get = |key: u32| {
        let cache = cache.clone();
        host.run(async move { cache.get(&key).await })
    };
    let writer = over(&host, store.clone());
    host.run(async move { writer.set(&1, 1, ms(60_000)).await });
    for _ in 0..5 {
        assert_eq!(get(1), None);
    }
    assert_eq!(get(1), None, "it would answer, and is not asked");
    host.advance(ms(4_999));
    assert_eq!(get(1), None);
    host.advance(ms(1));
    assert_eq!(get(1), Some(1));
}

#[test]
fn an_invalidation_outruns_the_write_of_a_load() {
    let host = Virtual::new();
    let store = Scripted::new(&host, script(r#"{ "set": [{ "after": 100 }] }"#), &[]);
    let cache = over(&host, store.clone());
    let get = cache.wrap(minute(), counting(&host)).unwrap();
    assert_eq!(ask(&host, &get, 1), (0, Source::Load));
    host.advance(ms(50));
    let invalidated = cache.invalidate(&1);
    assert!(
        host.run(invalidated),
        "the write is on its way, and the drop comes after it"
    );
    assert_eq!(host.elapsed(), ms(200));
    assert!(store.records.lock().unwrap().is_empty());
    assert_eq!(ask(&host, &get, 1), (1, Source::Load));
}

#[test]
fn a_load_that_was_invalidated_writes_nothing() {
    let host = Virtual::new();
    let store = MapStore::new(host.clone());
    let cache = over(&host, store.clone());
    let get = cache.wrap(minute(), counting(&host)).unwrap();
    let asked = get.clone();
    host.start(async move {
        assert_eq!(asked.get(&1).await.unwrap(), 0);
    });
    host.advance(ms(50));
    drop(get.invalidate(&1));
    host.advance(ms(500));
    assert!(store.names().is_empty(), "{:?}", store.names());
}

#[test]
fn a_stale_entry_of_a_store_answers_while_one_load_renews_it() {
    let host = Virtual::new();
    let store = MapStore::new(host.clone());
    let policy = || minute().stale_while_revalidate(Duration::from_secs(60));
    let (one, other) = (over(&host, store.clone()), over(&host, store.clone()));
    let get = one.wrap(policy(), counting(&host)).unwrap();
    assert_eq!(ask(&host, &get, 1), (0, Source::Load));
    host.advance(ms(61_000));
    let loader = counting(&host);
    let there = other.wrap(policy(), move |key, context| {
        let load = loader(key, context);
        async move { load.await.map(|nth| nth + 10) }
    });
    let there = there.unwrap();
    let answer = explain(&host, &there, 1);
    assert_eq!((answer.value, answer.source), (0, Source::Stale));
    assert_eq!(answer.tier.as_deref(), Some("map"));
    assert_eq!(
        ask(&host, &there, 1),
        (0, Source::Stale),
        "and nobody loads beside"
    );
    host.advance(ms(100));
    assert_eq!(ask(&host, &there, 1), (10, Source::Hit));
    let third = over(&host, store).wrap(policy(), failing()).unwrap();
    assert_eq!(ask(&host, &third, 1), (10, Source::Hit));
}

#[test]
fn an_entry_of_a_store_stands_in_for_a_load_that_fails_or_is_slow() {
    // The second memory keeps nothing.
    for max_entries in [10, 0] {
        let host = Virtual::new();
        let store = MapStore::new(host.clone());
        let policy = || minute().stale_if_error(Duration::from_secs(60));
        let get = over(&host, store.clone()).wrap(policy(), counting(&host));
        assert_eq!(ask(&host, &get.unwrap(), 1), (0, Source::Load));
        host.advance(ms(61_000));
        let other = Numbers::builder(host.clone())
            .max_entries(max_entries)
            .stores(stores(store.clone()))
            .build();
        let get = other.wrap(policy(), failing()).unwrap();
        let answer = explain(&host, &get, 1);
        assert_eq!(
            (answer.value, answer.source),
            (0, Source::ErrorFallback),
            "{max_entries}"
        );
        assert_eq!(answer.age, ms(61_000));
        assert!(answer.cause.is_some());
    }
    let host = Virtual::new();
    let store = MapStore::new(host.clone());
    let writer = over(&host, store.clone());
    let policy = || minute().stale_if_error(Duration::from_secs(60));
    let get = writer.wrap(policy(), counting(&host)).unwrap();
    ask(&host, &get, 1);
    host.advance(ms(61_000));
    let policy = policy().failover_after(ms(30)).timeout(ms(1_000));
    let get = over(&host, store).wrap(policy, counting(&host)).unwrap();
    let before = host.elapsed();
    assert_eq!(ask(&host, &get, 1), (0, Source::Failover));
    assert_eq!(host.elapsed(), before + ms(30));
}

#[test]
fn whoever_asks_for_a_new_value_waits_for_it_however_slow_the_load() {
    let host = Virtual::new();
    let policy = minute()
        .stale_if_error(Duration::from_secs(60))
        .failover_after(ms(30));
    let cache = over(&host, MapStore::new(host.clone()));
    let get = cache.wrap(policy, counting(&host)).unwrap();
    assert_eq!(ask(&host, &get, 1), (0, Source::Load));
    let before = host.elapsed();
    let refreshing = get.clone();
    assert_eq!(
        host.run(async move { refreshing.refresh(&1).await })
            .unwrap(),
        1
    );
    assert_eq!(host.elapsed(), before + ms(100));
    assert_eq!(get.counters().failovers, 0);
}

#[test]
fn failures_and_values_that_are_not_kept_reach_no_store() {
    let host = Virtual::new();
    let store = MapStore::new(host.clone());
    let cache = over(&host, store.clone());
    let get = cache
        .wrap(minute().error_ttl(ms(9_000)), failing())
        .unwrap();
    let failed = host.run(async move { get.get(&1).await });
    assert_eq!(failed.unwrap_err().load_error(), Some(&"down"));
    let policy = minute().cache_if(|value| *value > 0);
    let get = cache.wrap(policy, counting(&host)).unwrap();
    assert_eq!(ask(&host, &get, 2), (0, Source::Load));
    host.advance(ms(1));
    assert!(store.names().is_empty(), "{:?}", store.names());
    assert_eq!(ask(&host, &get, 2), (1, Source::Load));
    host.advance(ms(1));
    assert_eq!(store.names(), ["n:2"]);
    // A result of no use contradicts what is there.
    let get = cache.wrap(CachePolicy::ttl_by(|_: &usize| Span::ZERO), counting(&host));
    let get = get.unwrap();
    host.run(async move { get.refresh(&2).await }).unwrap();
    host.advance(ms(1));
    assert!(store.names().is_empty(), "{:?}", store.names());
}

#[test]
fn a_memory_may_serve_for_less_time_than_the_stores_keep() {
    let host = Virtual::new();
    let store = MapStore::new(host.clone());
    let cache = Numbers::builder(host.clone())
        .stores(stores(store.clone()))
        .memory_ttl(ms(1_000))
        .build();
    let get = cache.wrap(minute(), counting(&host)).unwrap();
    assert_eq!(ask(&host, &get, 1), (0, Source::Load));
    let other = over(&host, store);
    host.run(async move { other.set(&1, 9, ms(60_000)).await });
    assert_eq!(ask(&host, &get, 1), (0, Source::Hit));
    host.advance(ms(1_000));
    assert_eq!(ask(&host, &get, 1), (9, Source::Hit));
}

#[test]
fn a_loader_is_not_called_for_what_a_store_has_even_without_single_flight() {
    let host = Virtual::new();
    let store = MapStore::new(host.clone());
    let writer = over(&host, store.clone());
    host.run(async move { writer.set(&1, 5, ms(60_000)).await });
    let cache = over(&host, store);
    let get = cache
        .wrap(minute().single_flight(false), failing())
        .unwrap();
    assert_eq!(ask(&host, &get, 1), (5, Source::Hit));
    let cache = over(&host, MapStore::new(host.clone()));
    let get = cache
        .wrap(minute().single_flight(false), counting(&host))
        .unwrap();
    assert_eq!(ask(&host, &get, 1), (0, Source::Load));
    assert_eq!(ask(&host, &get, 1), (0, Source::Hit));
    assert_eq!(cache.stats().loads, 0);
}

#[test]
fn a_leader_that_leaves_while_stores_are_asked_takes_nobody_with_it() {
    let host = Virtual::new();
    let told = script(r#"{ "get": [{ "after": 50 }, { "after": 50 }] }"#);
    let cache = over(&host, Scripted::new(&host, told, &[]));
    let get = cache.wrap(minute(), counting(&host)).unwrap();
    let answers = Arc::new(Mutex::new(Vec::new()));
    let call = |key: u32| {
        let (get, answers) = (get.clone(), Arc::clone(&answers));
        host.start(async move {
            let value = get.get(&key).await.unwrap();
            answers.lock().unwrap().push(value);
        })
    };
    let (leader, _) = (call(1), call(1));
    host.cancel(leader);
    let alone = call(2);
    host.cancel(alone);
    assert_eq!(cache.stats().loads, 1, "nobody waits for the second one");
    host.advance(ms(500));
    assert_eq!(*answers.lock().unwrap(), [0]);
    assert_eq!(cache.stats().loads, 0);
}

#[test]
fn a_hit_above_stores_allocates_nothing() {
    let host = Virtual::new();
    let cache = over(&host, MapStore::new(host.clone()));
    let get = cache.wrap(minute(), counting(&host)).unwrap();
    let allocated = host.run(async move {
        get.get(&1).await.unwrap();
        let mut hit = Box::pin(get.get(&1));
        allocation_counter::measure(|| assert!((&mut hit).now_or_never().is_some()))
    });
    assert_eq!(allocated.count_total, 0);
}

#[test]
fn keys_without_a_name_stay_in_memory() {
    let host = Virtual::new();
    let store = MapStore::new(host.clone());
    let stores = Stores::json(|key: &u32| {
        assert_ne!(*key, 1, "no name");
        key.to_string()
    });
    let cache = Numbers::builder(host.clone())
        .stores(stores.store(store.clone()).namespace("a:b"))
        .build();
    let get = cache.wrap(minute(), counting(&host)).unwrap();
    assert_eq!(ask(&host, &get, 1), (0, Source::Load));
    assert_eq!(ask(&host, &get, 1), (0, Source::Hit));
    assert_eq!(ask(&host, &get, 2), (1, Source::Load));
    host.advance(ms(1));
    assert_eq!(store.names(), ["a%3Ab:2"]);
    store.put("other", b"");
    assert!(host.run(cache.clear()));
    assert_eq!(store.names(), ["other"]);
    let closed = {
        cache.close();
        host.run(async move { get.get(&2).await })
    };
    assert!(matches!(closed, Err(Error::Closed)));
}
