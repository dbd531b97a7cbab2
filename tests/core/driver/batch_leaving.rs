//! Batches that are slow, hang, fail for good, or lose their callers.

use crate::batch_support::{ask, begin, loaded, over};
use crate::support::{Numbers, minute, ms};
use holdover::driver::testing::Virtual;
use holdover::driver::{Host, LoadContext, Source};
use holdover::time::Span;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[test]
fn a_slow_call_has_entries_answer_and_refreshes_them() {
    let host = Virtual::new();
    let policy = minute()
        .stale_if_error(Duration::from_secs(60))
        .failover_after(Duration::from_millis(30));
    let (_, get, origin) = over(&host, policy);
    ask(&host, &get, &[1]);
    host.advance(ms(60_000));
    origin.answers(|key| Ok(key as usize));
    let (_, told) = begin(&host, &get, &[1, 2]);
    host.advance(ms(99));
    assert!(told.lock().unwrap().is_empty(), "key 2 has no entry");
    host.advance(ms(1));
    let answers = [Ok((10, Source::Failover)), Ok((2, Source::Load))];
    assert_eq!(*told.lock().unwrap(), answers);
    assert_eq!(ask(&host, &get, &[1]), [Ok((1, Source::Hit))]);
}

#[test]
fn a_timeout_covers_the_call_and_drops_it() {
    let host = Virtual::new();
    let cache = Numbers::builder(host.clone()).build();
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let hangs = move |_, _| {
        let held = Arc::clone(&held);
        async move {
            pending::<()>().await;
            drop(held);
            Ok(vec![0])
        }
    };
    let policy = minute().timeout(Duration::from_millis(50));
    let get = cache.wrap_many(policy, hangs).unwrap();
    let (_, told) = begin(&host, &get, &[1, 2]);
    host.advance(ms(49));
    assert!(told.lock().unwrap().is_empty());
    assert_eq!(Arc::strong_count(&alive), 3);
    host.advance(ms(1));
    let late = || Err("the load took over its timeout".to_owned());
    assert_eq!(*told.lock().unwrap(), [late(), late()]);
    assert_eq!(Arc::strong_count(&alive), 2, "the call was dropped");
    assert_eq!(cache.stats().loads, 0);
}

#[test]
fn a_call_that_keeps_loading_is_told_of_its_timeout_and_keeps_what_it_brings_late() {
    let host = Virtual::new();
    let cache = Numbers::builder(host.clone()).build();
    let timers = host.clone();
    let told = Arc::new(Mutex::new(None));
    let place = Arc::clone(&told);
    let late = move |keys: Vec<u32>, context: LoadContext| {
        let (place, sleep) = (Arc::clone(&place), timers.sleep(ms(80)));
        let begun = timers.elapsed();
        let timers = timers.clone();
        async move {
            context.cancelled().await;
            *place.lock().unwrap() = Some(timers.elapsed().minus(begun));
            sleep.await;
            Ok(keys.into_iter().map(|key| key as usize).collect::<Vec<_>>())
        }
    };
    let policy = minute().timeout(Duration::from_millis(50)).keep_loading();
    let get = cache.wrap_many(policy, late).unwrap();
    assert!(ask(&host, &get, &[1, 2]).iter().all(Result::is_err));
    assert_eq!(*told.lock().unwrap(), Some(ms(50)));
    host.advance(ms(30));
    let hits = [Ok((1, Source::Hit)), Ok((2, Source::Hit))];
    assert_eq!(ask(&host, &get, &[1, 2]), hits);
}

#[test]
fn who_leaves_takes_nobody_along_and_the_call_ends_with_the_last_one() {
    let host = Virtual::new();
    let (cache, get, origin) = over(&host, minute());
    let (batch, told) = begin(&host, &get, &[1, 2]);
    let (single, heard) = begin(&host, &get, &[2]);
    host.cancel(batch);
    host.advance(ms(100));
    assert!(told.lock().unwrap().is_empty());
    assert_eq!(*heard.lock().unwrap(), [Ok((20, Source::Coalesced))]);
    let _ = single;
    assert_eq!(origin.asked(), [[1, 2]]);
    origin.takes(Span::from_secs(3_600));
    let (batch, _) = begin(&host, &get, &[3, 4]);
    let (single, _) = begin(&host, &get, &[4]);
    host.cancel(batch);
    host.advance(ms(1));
    assert_eq!(cache.stats().loads, 1, "key 4 is wanted");
    host.cancel(single);
    host.advance(ms(1));
    assert_eq!(cache.stats().loads, 0);
    origin.takes(ms(100));
    assert_eq!(
        ask(&host, &get, &[3, 4]),
        loaded(&[30, 40]),
        "by a new call"
    );
}

#[test]
fn what_vanished_requests_were_loading_is_taken_over_together() {
    let host = Virtual::new();
    let (cache, get, origin) = over(&host, minute().timeout(Duration::from_secs(1)));
    for key in [1, 2] {
        let (gone, _) = begin(&host, &get, &[key]);
        host.vanish(gone);
    }
    let (_, told) = begin(&host, &get, &[1, 2, 3]);
    host.advance(ms(1_049));
    assert!(told.lock().unwrap().is_empty());
    host.advance(ms(101));
    assert_eq!(*told.lock().unwrap(), loaded(&[10, 20, 30]));
    assert_eq!(origin.asked(), [vec![1], vec![2], vec![3], vec![1, 2]]);
    assert_eq!(cache.stats().loads, 0);
}

#[test]
fn requests_that_may_not_hear_of_each_other_load_for_themselves_in_one_call_each() {
    let host = Virtual::new();
    host.set_joins_requests(false);
    let (_, get, origin) = over(&host, minute());
    let batches = [begin(&host, &get, &[1, 2]).1, begin(&host, &get, &[2, 1]).1];
    host.advance(ms(100));
    assert_eq!(origin.asked(), [[1, 2], [2, 1]]);
    assert_eq!(*batches[0].lock().unwrap(), loaded(&[10, 20]));
    assert_eq!(*batches[1].lock().unwrap(), loaded(&[20, 10]));
}

#[test]
fn followers_in_other_requests_hear_without_being_woken_by_them() {
    let host = Virtual::new();
    host.isolate();
    let (_, get, origin) = over(&host, minute());
    let batches = [begin(&host, &get, &[1, 2]).1, begin(&host, &get, &[2, 3]).1];
    host.advance(ms(100));
    assert_eq!(origin.asked(), [vec![1, 2], vec![3]]);
    assert_eq!(*batches[0].lock().unwrap(), loaded(&[10, 20]));
    let second = [Ok((20, Source::Coalesced)), Ok((30, Source::Load))];
    assert_eq!(*batches[1].lock().unwrap(), second);
    assert_eq!(host.lost_wakes(), 0);
}

#[test]
fn a_loader_that_panics_fails_every_key_and_leaves_nothing_behind() {
    for panics_at_once in [true, false] {
        let host = Virtual::new();
        let cache = Numbers::builder(host.clone()).build();
        let timers = host.clone();
        let loader = move |_: Vec<u32>, _| {
            assert!(!panics_at_once, "at once");
            let sleep = timers.sleep(ms(1));
            async move {
                sleep.await;
                assert!(panics_at_once, "later");
                Ok(Vec::<usize>::new())
            }
        };
        let get = cache.wrap_many(minute(), loader).unwrap();
        let panicked = || Err("the loader panicked".to_owned());
        assert_eq!(ask(&host, &get, &[1, 2]), [panicked(), panicked()]);
        assert_eq!(cache.stats().loads, 0);
    }
}

#[test]
fn a_closed_cache_answers_no_batch() {
    let host = Virtual::new();
    let (cache, get, origin) = over(&host, minute());
    cache.close();
    let closed = || Err("the cache is closed".to_owned());
    assert_eq!(ask(&host, &get, &[1, 2]), [closed(), closed()]);
    assert!(origin.asked().is_empty());
}
