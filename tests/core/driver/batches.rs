//! Calls for many keys at once.

use crate::batch_support::{Origin, Short, ask, begin, loaded, over};
use crate::support::{Numbers, minute, ms};
use holdover::driver::Source::{Hit, Load, Negative};
use holdover::driver::testing::Virtual;
use holdover::driver::{CachePolicy, Event, Host, Source};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[test]
fn answers_are_in_order_and_what_is_missing_is_one_call_with_each_key_once() {
    let host = Virtual::new();
    let (_, get, origin) = over(&host, minute());
    let answers = ask(&host, &get, &[3, 1, 3, 2]);
    let mut expected = loaded(&[30, 10, 30, 20]);
    expected[2] = Ok((30, Source::Coalesced));
    assert_eq!(answers, expected);
    assert_eq!(origin.asked(), [[3, 1, 2]]);
    let answers = ask(&host, &get, &[1, 4]);
    assert_eq!(answers, [Ok((10, Source::Hit)), Ok((40, Source::Load))]);
    assert_eq!(origin.asked(), [[4]]);
    assert_eq!(host.elapsed(), ms(200));
    assert!(ask(&host, &get, &[]).is_empty());
    assert_eq!(ask(&host, &get, &[1]), [Ok((10, Source::Hit))]);
    assert!(origin.asked().is_empty(), "nothing is missing");
}

#[test]
fn a_function_of_one_key_is_called_for_each_at_once() {
    let host = Virtual::new();
    let cache = Numbers::builder(host.clone()).build();
    let timers = host.clone();
    let each = move |key, _| {
        let sleep = timers.sleep(ms(100));
        async move {
            sleep.await;
            Ok(key as usize)
        }
    };
    let get = cache.wrap(minute(), each).unwrap();
    assert_eq!(ask(&host, &get, &[1, 2, 3]), loaded(&[1, 2, 3]));
    assert_eq!(host.elapsed(), ms(100));
}

#[test]
fn a_function_of_many_loads_one_key_as_a_list_of_it() {
    let host = Virtual::new();
    let (_, get, origin) = over(&host, minute());
    let one = {
        let get = get.clone();
        host.run(async move { get.get(&7).await })
    };
    assert_eq!(one.unwrap(), 70);
    assert_eq!(origin.asked(), [[7]]);
}

#[test]
fn results_may_be_lists_and_maps_of_values_and_of_results() {
    let host = Virtual::new();
    let cache = Numbers::builder(host.clone()).build();
    let policy = cache.policy(minute()).unwrap();
    macro_rules! answers {
        ($from:expr, $loader:expr) => {{
            let (cache, policy, keys) = (cache.clone(), Arc::clone(&policy), [$from, $from + 1]);
            host.run(async move {
                let answers = cache.load_many(&keys, &policy, $loader).await;
                let answers = answers.into_iter();
                let answers = answers.map(|answer| answer.map_err(|error| error.to_string()));
                answers.collect::<Vec<_>>()
            })
        }};
    }
    let nothing = || Err("the loader of a batch brought no result for the key".to_owned());
    assert_eq!(
        answers!(10, |_, _| async { Ok(vec![1, 2]) }),
        [Ok(1), Ok(2)]
    );
    let mixed = |_, _| async { Ok(vec![Err("no 12"), Ok(2)]) };
    assert_eq!(answers!(12, mixed), [Err("no 12".to_owned()), Ok(2)]);
    let map = |keys: Vec<u32>, _| async move { Ok(HashMap::from([(keys[1], 2)])) };
    assert_eq!(answers!(14, map), [nothing(), Ok(2)]);
    let map = |keys: Vec<u32>, _| async move { Ok(HashMap::from([(keys[1], Ok(2))])) };
    assert_eq!(answers!(16, map), [nothing(), Ok(2)]);
    let map = |keys: Vec<u32>, _| async move { Ok(BTreeMap::from([(keys[0], 1)])) };
    assert_eq!(answers!(18, map), [Ok(1), nothing()]);
    let map = |keys: Vec<u32>, _| async move { Ok(BTreeMap::from([(keys[0], Err("no"))])) };
    assert_eq!(answers!(20, map), [Err("no".to_owned()), nothing()]);
    for length in [0, 1, 3] {
        let list = move |_, _| async move { Ok(vec![0; length]) };
        assert_eq!(
            answers!(22, list),
            [nothing(), nothing()],
            "{length} results"
        );
    }
    assert_eq!(cache.peek(&22), None, "nobody knows whose it was");
    let failing = |_, _| async { Err::<Vec<usize>, _>("down") };
    assert_eq!(
        answers!(24, failing),
        [Err("down".to_owned()), Err("down".to_owned())]
    );
}

#[test]
fn a_batch_and_a_single_call_wait_for_one_load_of_a_key_whichever_came_first() {
    for batch_first in [true, false] {
        let host = Virtual::new();
        let (cache, get, origin) = over(&host, minute());
        let single = || begin(&host, &get, &[2]).1;
        let batch = || begin(&host, &get, &[1, 2]).1;
        let (single, batch) = if batch_first {
            let batch = batch();
            (single(), batch)
        } else {
            (single(), batch())
        };
        host.advance(ms(100));
        let calls: &[&[u32]] = if batch_first {
            &[&[1, 2]]
        } else {
            &[&[2], &[1]]
        };
        assert_eq!(origin.asked(), calls);
        let source = |leads| {
            if leads {
                Source::Load
            } else {
                Source::Coalesced
            }
        };
        assert_eq!(*single.lock().unwrap(), [Ok((20, source(!batch_first)))]);
        let second = Ok((20, source(batch_first)));
        assert_eq!(*batch.lock().unwrap(), [Ok((10, Source::Load)), second]);
        assert_eq!(cache.stats().loads, 0);
    }
}

#[test]
fn stale_entries_are_served_and_refreshed_by_one_call_that_nobody_waits_for() {
    let host = Virtual::new();
    let policy = minute().stale_while_revalidate(Duration::from_secs(60));
    let (_, get, origin) = over(&host, policy);
    ask(&host, &get, &[1, 2]);
    host.advance(ms(60_000));
    origin.takes(ms(300));
    origin.asked();
    origin.answers(|key| Ok(key as usize + 1_000));
    let (_, told) = begin(&host, &get, &[1, 2]);
    let stale = vec![Ok((10, Source::Stale)), Ok((20, Source::Stale))];
    assert_eq!(*told.lock().unwrap(), stale, "at once");
    let (_, told) = begin(&host, &get, &[3]);
    assert_eq!(origin.asked(), vec![vec![1, 2], vec![3]]);
    host.advance(ms(300));
    assert_eq!(*told.lock().unwrap(), loaded(&[1_003]));
    let fresh = [Ok((1_001, Source::Hit)), Ok((1_002, Source::Hit))];
    assert_eq!(ask(&host, &get, &[1, 2]), fresh);
}

#[test]
fn what_is_missing_does_not_wait_for_refreshes() {
    let host = Virtual::new();
    let policy = minute().stale_while_revalidate(Duration::from_secs(60));
    let (_, get, origin) = over(&host, policy);
    ask(&host, &get, &[1]);
    host.advance(ms(60_000));
    origin.asked();
    let answers = ask(&host, &get, &[1, 2]);
    assert_eq!(answers, [Ok((10, Source::Stale)), Ok((20, Source::Load))]);
    let mut asked = origin.asked();
    asked.sort();
    assert_eq!(asked, [[1], [2]]);
}

#[test]
fn a_failure_is_each_keys_and_its_entry_answers_for_it() {
    let host = Virtual::new();
    let (_, get, origin) = over(&host, minute().stale_if_error(Duration::from_secs(60)));
    ask(&host, &get, &[1]);
    host.advance(ms(60_000));
    origin.goes_down();
    let answers = ask(&host, &get, &[1, 2]);
    let down = || Err("down".to_owned());
    assert_eq!(answers, [Ok((10, Source::ErrorFallback)), down()]);
    assert_eq!(ask(&host, &get, &[2, 3]), [down(), down()]);
    assert_eq!(get.counters().failures, 4);
}

#[test]
fn an_error_among_the_results_is_that_keys_alone() {
    let host = Virtual::new();
    let (_, get, origin) = over(&host, minute());
    origin.answers(|key| {
        if key == 2 {
            Err("no 2")
        } else {
            Ok(key as usize)
        }
    });
    let no = || Err("no 2".to_owned());
    let load = |value| Ok((value, Source::Load));
    assert_eq!(ask(&host, &get, &[1, 2, 3]), [load(1), no(), load(3)]);
    let hit = |value| Ok((value, Source::Hit));
    assert_eq!(ask(&host, &get, &[1, 2, 3]), [hit(1), no(), hit(3)]);
    assert_eq!(origin.asked(), [vec![1, 2, 3], vec![2]]);
}

#[test]
fn each_result_is_judged_by_itself() {
    let host = Virtual::new();
    let policy = CachePolicy::ttl_by(|value: &usize| ms(*value as u64))
        .cache_if(|value| *value != 20)
        .fail_if(|value| *value == 30)
        .negative_ttl(Duration::from_secs(1), |value| *value == 40);
    let (_, get, origin) = over(&host, policy);
    ask(&host, &get, &[1, 2, 3, 4, 50]);
    host.advance(ms(9));
    let sources = |answers: Vec<Short>| -> Vec<Source> {
        answers
            .into_iter()
            .map(|answer| answer.unwrap().1)
            .collect()
    };
    origin.asked();
    let answers = ask(&host, &get, &[1, 2, 3, 4, 50]);
    assert_eq!(sources(answers), [Hit, Load, Load, Negative, Hit]);
    assert_eq!(origin.asked(), [[2, 3]]);
    let answers = ask(&host, &get, &[1, 4, 50]);
    assert_eq!(sources(answers), [Load, Negative, Hit]);
}

#[test]
fn a_ttl_of_the_call_is_that_of_what_it_loads() {
    let host = Virtual::new();
    let (_, get, origin) = over(&host, minute());
    let call = get.clone();
    host.run(async move { drop(call.call_many(&[1, 2]).ttl(ms(5)).get().await) });
    host.advance(ms(4));
    assert_eq!(ask(&host, &get, &[1, 2])[0], Ok((10, Source::Hit)));
    host.advance(ms(1));
    assert_eq!(ask(&host, &get, &[1, 2]), loaded(&[10, 20]));
    assert_eq!(origin.asked().len(), 2);
}

#[test]
fn without_single_flight_a_key_that_is_given_twice_is_loaded_twice() {
    let host = Virtual::new();
    let (_, get, origin) = over(&host, minute().single_flight(false));
    assert_eq!(ask(&host, &get, &[1, 1]), loaded(&[10, 10]));
    assert_eq!(origin.asked(), [[1, 1]]);
}

#[test]
fn events_are_those_of_each_key() {
    let host = Virtual::new();
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&events);
    let cache = Numbers::builder(host.clone())
        .on_event(move |key, event: Event<'_, _, _>| {
            heard
                .lock()
                .unwrap()
                .push(format!("{} {key}", event.name()));
        })
        .build();
    let origin = Origin::new(&host);
    let get = cache.wrap_many(minute(), origin.loader()).unwrap();
    ask(&host, &get, &[1]);
    origin.goes_down();
    ask(&host, &get, &[1, 2, 2]);
    let events = events.lock().unwrap().join(", ");
    assert_eq!(
        events,
        "miss 1, load 1, hit 1, miss 2, load 2, miss 2, load-error 2"
    );
}
