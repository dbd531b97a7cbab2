//! Hosts on which many requests share one cache, and may not do each other's work.

use crate::support::{Numbers, counting, minute, ms};
use holdover::driver::testing::Virtual;
use holdover::driver::{Function, Source};
use std::sync::{Arc, Mutex};

type Seen = Arc<Mutex<Vec<(u64, Result<usize, String>, Option<Source>)>>>;

/// Begins eight requests for one key; what each got is seen at the time it got it.
fn eight(host: &Virtual, get: &Function<u32, usize, &'static str>) -> Seen {
    let seen = Seen::default();
    for _ in 0..8 {
        let (get, seen, host) = (get.clone(), Arc::clone(&seen), host.clone());
        let world = host.clone();
        world.start(async move {
            let answer = get.explain(&1).await;
            let source = answer.as_ref().ok().map(|answer| answer.source);
            let value = answer.map(|answer| answer.value);
            let value = value.map_err(|error| error.to_string());
            let at = host.elapsed().as_millis();
            seen.lock().unwrap().push((at, value, source));
        });
    }
    seen
}

#[test]
fn isolated_requests_share_a_load_and_hear_of_it_by_bells() {
    let host = Virtual::new();
    host.isolate();
    let cache = Numbers::builder(host.clone()).build();
    let get = cache.wrap(minute(), counting(&host)).unwrap();
    let seen = eight(&host, &get);
    host.advance(ms(100));
    let mut expected = vec![(100, Ok(0), Some(Source::Coalesced)); 8];
    let mut seen = seen.lock().unwrap().clone();
    seen.sort_by_key(|(.., source)| *source != Some(Source::Load));
    expected[0].2 = Some(Source::Load);
    assert_eq!(seen, expected);
    assert_eq!(host.lost_wakes(), 0);
    assert_eq!(get.counters().loads, 1);
}

#[test]
fn a_bell_is_rung_for_a_follower_when_its_leader_fails_too() {
    let host = Virtual::new();
    host.isolate();
    let cache = Numbers::builder(host.clone()).build();
    let slow = host.clone();
    let failing = move |_, _| {
        let sleep = holdover::driver::Host::sleep(&slow, ms(50));
        async move {
            sleep.await;
            Err("down")
        }
    };
    let get = cache.wrap(minute(), failing).unwrap();
    let seen = eight(&host, &get);
    host.advance(ms(50));
    assert_eq!(
        *seen.lock().unwrap(),
        vec![(50, Err("down".to_owned()), None); 8]
    );
    assert_eq!(host.lost_wakes(), 0);
}

#[test]
fn requests_that_cannot_hear_of_each_other_load_for_themselves() {
    let host = Virtual::new();
    host.isolate();
    host.set_joins_requests(false);
    let cache = Numbers::builder(host.clone()).build();
    let get = cache.wrap(minute(), counting(&host)).unwrap();
    let seen = eight(&host, &get);
    host.advance(ms(100));
    let mut values: Vec<_> = seen.lock().unwrap().iter().cloned().collect();
    values.sort_by_key(|(_, value, _)| value.clone());
    let expected: Vec<_> = (0..8)
        .map(|nth| (100, Ok(nth), Some(Source::Load)))
        .collect();
    assert_eq!(values, expected);
    assert_eq!(host.lost_wakes(), 0);
    assert_eq!(cache.stats().loads, 0);
    let later = eight(&host, &get);
    host.advance(ms(0));
    let later = later.lock().unwrap();
    let is_hit = |seen: &(u64, _, _)| seen.0 == 100 && seen.2 == Some(Source::Hit);
    assert!(later.len() == 8 && later.iter().all(is_hit), "{later:?}");
}

#[test]
fn of_requests_that_load_for_themselves_one_asks_an_origin_that_failed() {
    let host = Virtual::new();
    host.isolate();
    host.set_joins_requests(false);
    let cache = Numbers::builder(host.clone()).build();
    let policy = holdover::driver::CachePolicy::ttl(ms(10))
        .stale_if_error(ms(60_000))
        .retry_after(ms(1_000));
    let slow = host.clone();
    let loader = move |_, _| {
        let sleep = holdover::driver::Host::sleep(&slow, ms(100));
        async move {
            sleep.await;
            Err("down")
        }
    };
    let get = cache.wrap(policy, loader).unwrap();
    get.set(&1, 7);
    host.advance(ms(20));
    // One finds out, then all are served until the retry.
    let first = get.clone();
    host.start(async move { drop(first.get(&1).await) });
    host.advance(ms(1_200));
    let before = get.counters().loads;
    let seen = eight(&host, &get);
    host.advance(ms(100));
    let expected = vec![Ok(7); 8];
    let values: Vec<_> = seen
        .lock()
        .unwrap()
        .iter()
        .map(|seen| seen.1.clone())
        .collect();
    assert_eq!(values, expected);
    assert_eq!(get.counters().loads - before, 1);
}
