//! Locks that are given back, or were never to be had.

use crate::lock_stage::{Answers, Policy, Stage, locked, take};
use crate::support::{Numbers, minute, ms};
use futures::FutureExt;
use holdover::driver::testing::{MapStore, Virtual};
use holdover::driver::{Event, LoadLock, OnLockTimeout, RateLimit, Stores, Tokio};
use holdover::guard::rate_limit::{Algorithm, RateLimitOptions};
use std::future::pending;
use std::sync::{Arc, Mutex};

type MakePolicy = fn() -> Policy;

#[test]
fn a_holder_that_fails_lets_the_next_one_load_at_once() {
    let stage = Stage::new(3, locked);
    let answers = Answers::default();
    stage.origin().fails = true;
    stage.call(0, 1, &answers);
    stage.origin().fails = false;
    stage.call(1, 1, &answers);
    stage.call(2, 1, &answers);
    stage.run_to(5_000);
    let told = take(&answers);
    assert_eq!(told, [Err("down".to_owned()), Ok(2), Ok(2)]);
    let origin = stage.origin();
    assert_eq!((origin.loads, origin.most), (2, 1));
}

#[test]
fn it_is_given_back_in_every_case() {
    // By name, policy, when the lock is there, and when it is not any more.
    let cases: [(&str, MakePolicy, u64, u64); 4] = [
        ("cache_if", || locked().cache_if(|_| false), 99, 100),
        ("fail_if", || locked().fail_if(|_| true), 99, 100),
        ("timeout", || locked().timeout(ms(50)), 49, 50),
        (
            "a late load",
            || locked().timeout(ms(50)).keep_loading(),
            49,
            50,
        ),
    ];
    for (name, policy, held, free) in cases {
        let stage = Stage::new(1, policy);
        stage.call(0, 1, &Answers::default());
        stage.run_to(held);
        assert!(stage.is_locked(1), "{name}");
        stage.run_to(free);
        assert!(!stage.is_locked(1), "{name}");
    }
    let stage = Stage::new(1, || {
        locked().rate_limit(RateLimit::new(RateLimitOptions {
            limit: 1,
            period: ms(60_000),
            algorithm: Algorithm::Sliding,
        }))
    });
    let answers = Answers::default();
    for key in [1, 2] {
        stage.call(0, key, &answers);
        stage.run_to(200);
    }
    assert_eq!(take(&answers), [Ok(1), Err("E_RATE_LIMITED".to_owned())]);
    assert_eq!(stage.shared.names(), ["n:1"]);
    let added = stage.all[0].way.count("add");
    assert_eq!(
        (added, stage.all[0].way.count("compare_and_delete")),
        (2, 2)
    );
}

#[test]
fn a_caller_that_leaves_gives_it_back_and_so_does_a_panic() {
    for keeps in [false, true] {
        let stage = Stage::new(1, || {
            let policy = locked();
            if keeps { policy.keep_loading() } else { policy }
        });
        let answers = Answers::default();
        let call = stage.call(0, 1, &answers);
        stage.run_to(10);
        assert!(stage.is_locked(1));
        stage.host.cancel(call);
        stage.host.advance(ms(0));
        assert!(!stage.is_locked(1), "{keeps}");
    }
    let host = Virtual::new();
    let store = MapStore::new(host.clone());
    let stores = Stores::json(u32::to_string).store(store.clone());
    let cache = Numbers::builder(host.clone()).stores(stores).build();
    let get = cache
        .wrap(locked(), |_, _| async { panic!("a loader that panics") })
        .unwrap();
    assert!(host.run(async move { get.get(&1).await }).is_err());
    host.advance(ms(0));
    assert_eq!(store.names(), Vec::<String>::new());
}

#[test]
fn a_waiter_that_nobody_waits_for_any_more_stops_asking() {
    let stage = Stage::new(2, locked);
    let answers = Answers::default();
    stage.origin().takes = 1_000_000_000;
    stage.call(0, 1, &answers);
    let waiting = stage.call(1, 1, &answers);
    stage.run_to(200);
    stage.host.cancel(waiting);
    let before = stage.all[1].way.asked.lock().unwrap().len();
    stage.run_to(60_000);
    assert_eq!(stage.all[1].way.asked.lock().unwrap().len(), before);
    assert_eq!(stage.origin().loads, 1);
    assert!(!stage.is_locked(1), "its ttl is over");
}

#[test]
fn a_caller_that_leaves_while_the_lock_is_on_its_way_leaves_none_behind() {
    let stage = Stage::new(1, locked);
    let answers = Answers::default();
    *stage.all[0].way.latency.lock().unwrap() = 20;
    let call = stage.call(0, 1, &answers);
    // The store has read at 40 ms; the lock is there from 60 ms on, its answer at 80 ms.
    stage.run_to(70);
    assert!(stage.is_locked(1));
    stage.host.cancel(call);
    stage.run_to(500);
    assert!(!stage.is_locked(1));
    assert_eq!(stage.origin().loads, 0);
}

#[test]
fn a_lock_store_that_is_down_costs_nobody_a_load() {
    let cases: [&[&str]; 3] = [
        &["add"],
        &["compare_and_delete"],
        &["get", "set", "add", "compare_and_delete", "delete"],
    ];
    for down in cases {
        let stage = Stage::new(2, locked);
        for instance in &stage.all {
            instance.way.down.lock().unwrap().extend(down);
        }
        let answers = Answers::default();
        stage.call(0, 1, &answers);
        stage.call(1, 1, &answers);
        stage.run_to(2_000);
        let told = take(&answers);
        assert_eq!(told.len(), 2, "{down:?}");
        assert!(told.iter().all(Result::is_ok), "{down:?}: {told:?}");
        assert!(stage.origin().loads <= 2, "{down:?}");
    }
}

#[test]
fn a_lock_store_that_hangs_costs_its_deadline_at_most() {
    let stage = Stage::new(1, locked);
    stage.all[0].way.hangs.lock().unwrap().insert("add");
    let answers = Answers::default();
    stage.call(0, 1, &answers);
    stage.run_to(601);
    assert_eq!(take(&answers), [Ok(1)]);
    assert_eq!(
        stage.all[0].way.count("compare_and_delete"),
        1,
        "it may have set it"
    );
}

#[test]
fn a_refresh_asks_the_origin_whoever_has_the_lock() {
    let stage = Stage::new(1, locked);
    stage.shared.put("%load:n:1", &[0; 16]);
    let get = stage.all[0].get.clone();
    let value = stage
        .host
        .run(async move { get.refresh(&1).await.unwrap() });
    assert_eq!((value, stage.host.elapsed()), (1, ms(100)));
}

#[test]
fn a_refusal_after_waiting_is_told() {
    let host = Virtual::new();
    let store = MapStore::new(host.clone());
    store.put("%load:1", &[0; 16]);
    let told = Arc::new(Mutex::new(Vec::new()));
    let hear = Arc::clone(&told);
    let cache = Numbers::builder(host.clone())
        .stores(Stores::json(u32::to_string).store(store))
        .on_event(move |key, event| {
            if let Event::Reject(error) = event {
                hear.lock().unwrap().push((*key, error.code()));
            }
        })
        .build();
    let lock = LoadLock::new()
        .wait(ms(100))
        .on_timeout(OnLockTimeout::Fail);
    let get = cache
        .wrap(minute().lock(lock), |_, _| async { Ok(1) })
        .unwrap();
    assert!(host.run(async move { get.get(&1).await }).is_err());
    assert_eq!(*told.lock().unwrap(), [(1, Some("E_LOCK_TIMEOUT"))]);
}

#[test]
fn settled_waits_for_a_lock_to_be_given_back() {
    let stage = Stage::new(1, || locked().cache_if(|_| false));
    *stage.all[0].way.latency.lock().unwrap() = 20;
    let (get, cache) = (stage.all[0].get.clone(), stage.all[0].cache.clone());
    stage.host.run(async move {
        get.get(&1).await.unwrap();
        cache.settled().await;
    });
    assert_eq!(stage.shared.names(), Vec::<String>::new());
}

#[test]
fn a_call_that_is_dropped_outside_of_its_runtime_does_not_panic() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let store = MapStore::new(Tokio);
    let stores = Stores::json(u32::to_string).store(store.clone());
    let cache = Numbers::builder(Tokio).stores(stores).build();
    let get = cache.wrap(locked(), |_, _| pending()).unwrap();
    let mut call = Box::pin(get.get(&1));
    runtime.block_on(async {
        assert!((&mut call).now_or_never().is_none());
    });
    assert_eq!(store.names(), ["%load:1"]);
    drop(call);
    assert_eq!(store.names(), ["%load:1"], "its ttl ends it");
}
