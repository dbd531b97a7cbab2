//! One load across instances: the cases of `tests/package/js/lock.test.mjs`.

use crate::lock_stage::{Answers, Policy, Stage, locked, take};
use crate::support::{Numbers, minute, ms};
use holdover::driver::testing::{MapStore, Virtual};
use holdover::driver::{LoadLock, OnLockTimeout, Source, Stores};
use holdover::time::Span;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Most store operations of one who waits.
const MOST: usize = 30;

fn under(lock: LoadLock) -> impl Fn() -> Policy {
    move || minute().lock(lock)
}

#[test]
fn two_hundred_cold_calls_over_four_instances_are_one_load() {
    for seed in 1..=20_u64 {
        let stage = Stage::new(4, locked);
        stage.origin().takes = 500;
        let answers = Answers::default();
        let mut random = seed;
        let mut roll = move |below: u64| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (random >> 33) % below
        };
        for at in 0..4 {
            *stage.all[at].way.latency.lock().unwrap() = roll(10);
        }
        for _ in 0..200 {
            if roll(5) == 0 {
                stage.host.advance(ms(roll(30)));
            }
            let hundredths = u32::try_from(roll(100)).unwrap();
            stage.host.set_roll(f64::from(hundredths) / 100.0);
            let at = usize::try_from(roll(4)).unwrap();
            stage.call(at, 1, &answers);
        }
        stage.run_to(60_000);
        let told = take(&answers);
        assert_eq!(told.len(), 200);
        assert!(told.iter().all(|answer| *answer == Ok(1)), "seed {seed}");
        assert_eq!(stage.origin().loads, 1, "seed {seed}");
        for instance in &stage.all {
            let asked = instance.way.asked.lock().unwrap();
            assert!(asked.len() <= MOST, "seed {seed}: {asked:?}");
        }
        assert_eq!(stage.shared.names(), ["n:1"], "the lock is given back");
    }
}

#[test]
fn the_lock_holds_an_owners_token_and_is_taken_before_the_origin_is_asked() {
    let stage = Stage::new(2, locked);
    let answers = Answers::default();
    stage.call(0, 1, &answers);
    stage.call(1, 1, &answers);
    assert_eq!(stage.origin().loads, 1);
    assert_eq!(stage.shared.names(), ["%load:n:1"]);
    assert_eq!(stage.shared.record("%load:n:1").unwrap().len(), 16);
    stage.run_to(1_000);
    assert_eq!(take(&answers), [Ok(1), Ok(1)]);
    let get = stage.all[1].get.clone();
    let answer = stage
        .host
        .run(async move { get.explain(&1).await.unwrap() });
    assert_eq!(answer.source, Source::Hit);
    assert_eq!(stage.origin().most, 1);
}

#[test]
fn tokens_of_two_locks_differ() {
    let stage = Stage::new(1, locked);
    let answers = Answers::default();
    stage.call(0, 1, &answers);
    stage.call(0, 2, &answers);
    let token = |key: u32| stage.shared.record(&format!("%load:n:{key}")).unwrap();
    assert_ne!(token(1), token(2));
}

#[test]
fn what_was_stored_between_looking_and_taking_the_lock_is_found() {
    let stage = Stage::new(2, locked);
    let (first, late) = (Answers::default(), Answers::default());
    *stage.all[1].way.latency.lock().unwrap() = 200;
    // It has read the store at 200 ms; its lock gets there at 600 ms.
    stage.call(1, 1, &late);
    stage.run_to(410);
    stage.call(0, 1, &first);
    stage.run_to(599);
    assert_eq!(take(&first), [Ok(1)]);
    stage.run_to(5_000);
    assert_eq!(take(&late), [Ok(1)]);
    assert_eq!(stage.origin().loads, 1);
    assert_eq!(stage.shared.names(), ["n:1"]);
}

#[test]
fn the_holder_vanishes_one_more_load_after_its_ttl_and_none_before() {
    let lock = LoadLock::new().ttl(ms(5_000)).wait(ms(20_000));
    let stage = Stage::new(4, under(lock));
    let answers = Answers::default();
    stage.origin().takes = 1_000_000_000;
    let dying = stage.call(0, 1, &answers);
    stage.run_to(10);
    stage.host.vanish(dying);
    stage.origin().takes = 100;
    for at in 1..4 {
        stage.call(at, 1, &answers);
    }
    stage.run_to(4_999);
    assert_eq!(stage.origin().loads, 1);
    stage.run_to(30_000);
    assert_eq!(take(&answers), [Ok(2), Ok(2), Ok(2)]);
    assert_eq!(stage.origin().loads, 2);
    for instance in &stage.all[1..] {
        assert!(instance.way.asked.lock().unwrap().len() <= MOST);
    }
}

#[test]
fn who_waits_asks_ever_less_often_and_no_more_than_thirty_times() {
    for wait in [100, 1_000, 8_000, 60_000, 3_600_000] {
        let lock = LoadLock::new().ttl(ms(86_400_000)).wait(ms(wait));
        let stage = Stage::new(2, || locked().lock(lock));
        let answers = Answers::default();
        stage.origin().takes = 1_000_000_000;
        stage.call(0, 1, &answers);
        stage.origin().takes = 0;
        stage.call(1, 1, &answers);
        stage.run_to(wait - 1);
        assert_eq!(stage.origin().loads, 1, "wait {wait}");
        stage.run_to(wait);
        assert_eq!(take(&answers), [Ok(2)], "after wait it loads without it");
        let asked = stage.all[1].way.asked.lock().unwrap();
        assert!(asked.len() <= MOST, "{asked:?}");
        let mut times: Vec<u64> = asked.iter().map(|(at, _)| *at).collect();
        times.dedup();
        let gaps: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let before = &gaps[..gaps.len().saturating_sub(1)];
        assert!(before.iter().all(|&gap| gap >= 37), "{gaps:?}");
    }
}

#[test]
fn without_an_answer_within_wait_it_is_an_error_if_the_policy_says_so() {
    let lock = LoadLock::new()
        .ttl(ms(60_000))
        .wait(ms(1_000))
        .on_timeout(OnLockTimeout::Fail);
    let stage = Stage::new(2, under(lock));
    let answers = Answers::default();
    stage.origin().takes = 1_000_000_000;
    stage.call(0, 1, &answers);
    stage.call(1, 1, &answers);
    stage.call(1, 1, &answers);
    stage.run_to(999);
    assert_eq!(take(&answers), []);
    stage.run_to(1_000);
    let timeout = || Err("E_LOCK_TIMEOUT".to_owned());
    assert_eq!(take(&answers), [timeout(), timeout()]);
    assert_eq!(stage.origin().loads, 1);
    assert_eq!(stage.all[1].cache.stats().loads, 0);
}

#[test]
fn an_entry_that_may_stand_in_answers_instead_of_that_error() {
    let stage = Stage::new(2, || {
        let lock = LoadLock::new()
            .ttl(ms(60_000))
            .wait(ms(1_000))
            .on_timeout(OnLockTimeout::Fail);
        Policy::ttl(ms(100))
            .stale_if_error(ms(3_600_000))
            .lock(lock)
    });
    let answers = Answers::default();
    stage.call(1, 1, &answers);
    stage.run_to(500);
    assert_eq!(take(&answers), [Ok(1)]);
    stage.origin().takes = 1_000_000_000;
    stage.call(0, 1, &answers);
    let get = stage.all[1].get.clone();
    let answer = stage
        .host
        .run(async move { get.explain(&1).await.unwrap() });
    assert_eq!((answer.value, answer.source), (1, Source::ErrorFallback));
    let Some(holdover::driver::Cause::Error(error)) = answer.cause else {
        panic!("a cause");
    };
    assert_eq!(error.code(), Some("E_LOCK_TIMEOUT"));
    assert_eq!(
        error.to_string(),
        "another instance has been loading it for over 1000 ms"
    );
}

#[test]
fn a_lock_without_a_store_that_can_keep_any_is_an_error_of_the_policy() {
    let host = Virtual::new();
    let scripted = crate::scripted::Scripted::new(&host, HashMap::new(), &[]);
    let stores = Stores::json(u32::to_string).store(scripted);
    for cache in [
        Numbers::builder(host.clone()).build(),
        Numbers::builder(host.clone()).stores(stores).build(),
    ] {
        let error = cache.policy(locked()).map(drop).unwrap_err();
        assert_eq!(error.option(), "lock");
        assert!(error.allowed().contains("compare_and_delete"), "{error}");
        cache.policy(minute()).unwrap();
    }
    let stores = Stores::json(u32::to_string).store(MapStore::new(host.clone()));
    let cache = Numbers::builder(host).stores(stores).build();
    for (lock, option) in [
        (LoadLock::new().ttl(Span::ZERO), "lock.ttl"),
        (LoadLock::new().ttl(Span::FOREVER), "lock.ttl"),
        (LoadLock::new().wait(Span::FOREVER), "lock.wait"),
    ] {
        let error = cache.policy(minute().lock(lock)).map(drop).unwrap_err();
        assert_eq!(error.option(), option);
    }
    cache
        .policy(minute().lock(LoadLock::new().wait(Span::ZERO)))
        .unwrap();
}

#[test]
fn the_lock_holds_as_long_as_a_load_may_take_and_is_waited_for_as_long() {
    for (timeout, ttl) in [(Some(2_000), 2_000), (Some(90_000), 30_000), (None, 30_000)] {
        let stage = Stage::new(2, || {
            let policy = minute().lock(LoadLock::new());
            match timeout {
                Some(timeout) => policy.timeout(ms(timeout)).keep_loading(),
                None => policy,
            }
        });
        stage.origin().takes = 1_000_000_000;
        let answers = Answers::default();
        let call = stage.call(0, 1, &answers);
        stage.host.vanish(call);
        stage.run_to(ttl - 1);
        assert!(stage.is_locked(1), "{timeout:?}");
        stage.run_to(ttl);
        assert!(!stage.is_locked(1), "{timeout:?}");
    }
}

#[test]
fn the_first_store_that_can_keep_locks_keeps_them_and_is_read_below_those_above_it() {
    let host = Virtual::new();
    let near = crate::scripted::Scripted::new(&host, HashMap::new(), &[]);
    let far = MapStore::new(host.clone());
    let loads = Arc::new(Mutex::new(0));
    let answers = Answers::default();
    for _ in 0..2 {
        let stores = Stores::json(u32::to_string)
            .store(near.clone())
            .store(far.clone());
        let cache = Numbers::builder(host.clone()).stores(stores).build();
        let (loads, sleeper) = (Arc::clone(&loads), host.clone());
        let get = cache.wrap(locked(), move |_, _| {
            *loads.lock().unwrap() += 1;
            let sleep = holdover::driver::Host::sleep(&sleeper, ms(300));
            async move {
                sleep.await;
                Ok(1)
            }
        });
        let (get, answers) = (get.unwrap(), Arc::clone(&answers));
        host.start(async move {
            let answer = get.get(&1).await.map_err(|_| String::new());
            answers.lock().unwrap().push(answer);
        });
    }
    assert_eq!(far.names(), ["%load:1"]);
    host.advance(ms(2_000));
    assert_eq!(take(&answers), [Ok(1), Ok(1)]);
    assert_eq!(*loads.lock().unwrap(), 1);
}

#[test]
fn a_background_refresh_is_one_across_instances_and_nobody_waits_for_it() {
    let stage = Stage::new(4, || {
        Policy::ttl(ms(1_000))
            .stale_while_revalidate(ms(3_600_000))
            .lock(LoadLock::new())
    });
    let answers = Answers::default();
    let all = |expected: usize| {
        for at in 0..4 {
            stage.call(at, 1, &answers);
        }
        stage.host.advance(ms(0));
        if expected > 0 {
            assert_eq!(take(&answers), vec![Ok(expected); 4]);
        }
    };
    all(0);
    stage.run_to(900);
    assert_eq!(take(&answers), vec![Ok(1); 4]);
    stage.run_to(1_500);
    all(1);
    stage.run_to(2_400);
    assert_eq!(stage.origin().loads, 2);
    all(2);
}

#[test]
fn followers_in_one_instance_do_not_take_over_from_a_leader_that_waits_for_the_lock() {
    let lock = LoadLock::new().ttl(ms(60_000)).wait(ms(8_000));
    let stage = Stage::new(1, || minute().timeout(ms(1_000)).lock(lock));
    // Somebody's who has vanished.
    stage.shared.put("%load:n:1", &[0; 16]);
    let answers = Answers::default();
    stage.call(0, 1, &answers);
    stage.call(0, 1, &answers);
    stage.run_to(9_000);
    assert_eq!(take(&answers), [Ok(1), Ok(1)]);
    assert_eq!(stage.origin().loads, 1);
    assert!(stage.all[0].way.asked.lock().unwrap().len() <= MOST);
    assert!(stage.is_locked(1), "only its owner gives it back");
}

#[test]
fn the_next_holder_finds_what_was_loaded_however_slowly_it_is_written() {
    let stage = Stage::new(2, locked);
    *stage.all[0].way.latency.lock().unwrap() = 150;
    let answers = Answers::default();
    stage.call(0, 1, &answers);
    stage.run_to(600);
    stage.call(1, 1, &answers);
    stage.run_to(10_000);
    assert_eq!(take(&answers), [Ok(1), Ok(1)]);
    assert_eq!(stage.origin().loads, 1);
}

#[test]
fn without_single_flight_the_lock_still_makes_it_one_load() {
    let stage = Stage::new(2, || locked().single_flight(false));
    let answers = Answers::default();
    for at in [0, 0, 1] {
        stage.call(at, 1, &answers);
    }
    stage.run_to(5_000);
    assert_eq!(take(&answers), vec![Ok(1); 3]);
    assert_eq!(stage.origin().loads, 1);
}
