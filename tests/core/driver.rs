//! The driver over futures beyond what vectors say: callers that go away, real threads and timers,
//! panics, values that use the cache when they are dropped.

use holdover::driver::testing::Virtual;
use holdover::driver::{Cache, CachePolicy, Cause, Error, Event, Host, Source, Tokio};
use holdover::time::Span;
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Numbers = Cache<u32, usize, &'static str>;

fn ms(millis: u64) -> Span {
    Span::from_millis(millis)
}

fn minute() -> CachePolicy<u32, usize, &'static str> {
    CachePolicy::ttl(Duration::from_secs(60))
}

#[test]
fn a_load_outlives_its_first_caller_while_another_waits() {
    let host = Virtual::new();
    let cache = Numbers::builder(host.clone()).build();
    let loads = Arc::new(AtomicUsize::new(0));
    let load = {
        let (loads, host) = (Arc::clone(&loads), host.clone());
        move |_, _| {
            let nth = loads.fetch_add(1, Ordering::Relaxed);
            let sleep = host.sleep(ms(100));
            async move {
                sleep.await;
                Ok(nth)
            }
        }
    };
    let get = cache.wrap(minute(), load).unwrap();
    let answers = Arc::new(Mutex::new(Vec::new()));
    let call = |name: &'static str| {
        let (get, answers) = (get.clone(), Arc::clone(&answers));
        host.start(async move {
            let answer = get.explain(&1).await;
            let answer = answer.map(|answer| (answer.value, answer.source));
            answers.lock().unwrap().push((name, answer.unwrap()));
        })
    };
    let leader = call("leader");
    host.advance(ms(10));
    call("follower");
    host.cancel(leader);
    host.advance(ms(90));
    let seen = answers.lock().unwrap().clone();
    assert_eq!(seen, [("follower", (0, Source::Coalesced))]);
    assert_eq!(cache.stats().loads, 0);
}

#[test]
fn a_load_that_nobody_waits_for_is_dropped_and_the_next_caller_loads() {
    let host = Virtual::new();
    let cache = Numbers::builder(host.clone()).build();
    let alive = Arc::new(());
    let load = {
        let alive = Arc::clone(&alive);
        move |_, _| {
            let alive = Arc::clone(&alive);
            async move {
                pending::<()>().await;
                drop(alive);
                Ok(1)
            }
        }
    };
    let get = cache.wrap(minute(), load).unwrap();
    for _ in 0..1_000 {
        let caller = {
            let get = get.clone();
            host.start(async move { drop(get.get(&1).await) })
        };
        host.advance(ms(1));
        assert_eq!(cache.stats().loads, 1);
        host.cancel(caller);
        host.advance(ms(1));
        assert_eq!(cache.stats().loads, 0);
    }
    drop((get, cache));
    assert_eq!(Arc::strong_count(&alive), 1, "every load was dropped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_a_load_whose_task_is_dropped_begins_again() {
    let short = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let cache = Numbers::builder(Tokio).build();
    let loads = Arc::new(AtomicUsize::new(0));
    let load = {
        let loads = Arc::clone(&loads);
        move |_, _| {
            let nth = loads.fetch_add(1, Ordering::Relaxed);
            async move {
                tokio::time::sleep(Duration::from_millis(if nth == 0 { 60_000 } else { 1 })).await;
                Ok(nth)
            }
        }
    };
    let get = cache.wrap(minute(), load).unwrap();
    let leading = get.clone();
    short.spawn(async move { leading.get(&1).await });
    while loads.load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    let following = get.clone();
    let follower = tokio::spawn(async move { following.get(&1).await });
    while get.counters().coalesced == 0 {
        tokio::task::yield_now().await;
    }
    // Its tasks are dropped, the load and its caller among them.
    short.shutdown_background();
    assert_eq!(follower.await.unwrap().unwrap(), 1);
    assert_eq!(cache.stats().loads, 0);
}

#[test]
fn what_vanished_requests_leave_behind_is_bounded() {
    let host = Virtual::new();
    let cache = Numbers::builder(host.clone()).max_entries(100).build();
    let values = Arc::new(());
    let get = {
        let values = Arc::clone(&values);
        let policy = minute().timeout(ms(10));
        let hangs = move |_, _| {
            let values = Arc::clone(&values);
            async move {
                pending::<()>().await;
                drop(values);
                Ok(0)
            }
        };
        cache.wrap(policy, hangs).unwrap()
    };
    for key in 0..10_000 {
        let get = get.clone();
        let request = host.start(async move { drop(get.get(&key).await) });
        host.vanish(request);
        host.advance(ms(1));
    }
    assert!(cache.stats().loads <= 61, "{:?}", cache.stats());
}

#[test]
fn a_panic_of_the_loader_is_a_failure_like_others() {
    let host = Virtual::new();
    let cache = Numbers::builder(host.clone()).build();
    let fails = Arc::new(AtomicUsize::new(0));
    let load = {
        let fails = Arc::clone(&fails);
        move |_, _| {
            let fails = fails.load(Ordering::Relaxed);
            if fails == 1 {
                std::panic::resume_unwind(Box::new("when it is called"));
            }
            async move {
                if fails == 2 {
                    std::panic::resume_unwind(Box::new("when it is polled"));
                }
                Ok(7)
            }
        }
    };
    let policy = CachePolicy::ttl(ms(10))
        .stale_if_error(ms(1000))
        .retry_after(ms(0));
    let get = cache.wrap(policy, load).unwrap();
    for (way, key) in [(1, 1), (2, 2)] {
        fails.store(way, Ordering::Relaxed);
        let failing = get.clone();
        let failed = host.run(async move { failing.get(&key).await });
        assert!(matches!(failed, Err(Error::Panicked)), "{failed:?}");
        fails.store(0, Ordering::Relaxed);
        let good = get.clone();
        assert_eq!(host.run(async move { good.get(&key).await }).unwrap(), 7);
        host.advance(ms(20));
        fails.store(way, Ordering::Relaxed);
        let held = get.clone();
        let answer = host.run(async move { held.explain(&key).await }).unwrap();
        assert_eq!((answer.value, answer.source), (7, Source::ErrorFallback));
        assert!(matches!(answer.cause, Some(Cause::Error(Error::Panicked))));
    }
}

/// A value that looks into the cache when it is dropped.
#[derive(Clone)]
struct Nosy(Option<Cache<u32, Nosy, ()>>);

impl Drop for Nosy {
    fn drop(&mut self) {
        if let Some(cache) = &self.0 {
            let _ = cache.stats();
        }
    }
}

#[test]
fn values_may_use_the_cache_when_they_are_dropped() {
    let cache = Cache::<u32, Nosy, ()>::builder(Virtual::new())
        .max_entries(2)
        .build();
    for key in 0..10 {
        cache.set(&key, Nosy(Some(cache.clone())), ms(1000));
        cache.set(&key, Nosy(Some(cache.clone())), ms(1000));
    }
    cache.invalidate(&9);
    cache.clear();
    assert_eq!(cache.stats().entries, 0);
}

#[test]
fn a_closed_cache_says_so() {
    let host = Virtual::new();
    let cache = Numbers::builder(host.clone()).build();
    let get = cache.wrap(minute(), |_, _| async { Ok(1) }).unwrap();
    cache.close();
    let closed = host.run(async move { get.get(&1).await });
    assert!(matches!(closed, Err(Error::Closed)), "{closed:?}");
}

#[test]
fn wrong_options_are_named() {
    let cache = Numbers::builder(Virtual::new()).build();
    let policy = minute()
        .failover_after(ms(5))
        .timeout(ms(5))
        .stale_if_error(ms(1));
    let error = cache.wrap(policy, |_, _| async { Ok(1) }).err().unwrap();
    assert_eq!(error.option(), "failover_after");
    let error = cache.wrap(minute().jitter(1.0), |_, _| async { Ok(1) });
    assert_eq!(error.err().unwrap().option(), "jitter");
}

#[test]
fn policies_that_are_dropped_make_room() {
    let host = Virtual::new();
    let cache = Numbers::builder(host.clone()).build();
    for _ in 0..1_000 {
        let get = cache
            .wrap(minute(), |key, _| async move { Ok(key as usize) })
            .unwrap();
        assert_eq!(host.run(async move { get.get(&3).await }).unwrap(), 3);
    }
    let counted = cache.wrap(minute(), |_, _| async { Ok(0) }).unwrap();
    assert_eq!(counted.counters(), holdover::Counters::default());
}

/// A cache whose values are how often they were loaded, slowly, with tags by their keys.
fn tagged(
    host: &Virtual,
) -> (
    Numbers,
    holdover::driver::Function<u32, usize, &'static str>,
) {
    let cache = Numbers::builder(host.clone()).build();
    let loads = Arc::new(AtomicUsize::new(0));
    let load = {
        let host = host.clone();
        move |_, _| {
            let nth = loads.fetch_add(1, Ordering::Relaxed);
            let sleep = host.sleep(ms(100));
            async move {
                sleep.await;
                Ok(nth)
            }
        }
    };
    let policy = minute().stale_while_revalidate(Duration::from_secs(60));
    let policy = policy.tags(|key, _| vec![format!("key:{key}"), "all".to_owned()]);
    let get = cache.wrap(policy, load).unwrap();
    (cache, get)
}

#[test]
fn invalidating_a_tag_ends_what_has_it_and_nothing_else() {
    let host = Virtual::new();
    let (cache, get) = tagged(&host);
    let ask = |key: u32| {
        let get = get.clone();
        host.run(async move {
            get.explain(&key)
                .await
                .map(|answer| (answer.value, answer.source))
        })
        .unwrap()
    };
    assert_eq!((ask(1), ask(2)), ((0, Source::Load), (1, Source::Load)));
    cache.invalidate_tags(["key:1"], false);
    assert_eq!(get.peek(&1), None);
    assert_eq!((ask(1), ask(2)), ((2, Source::Load), (1, Source::Hit)));
    cache.invalidate_tags(["all"], true);
    assert_eq!(ask(2), (1, Source::Stale));
    host.advance(ms(200));
    assert_eq!(ask(2), (3, Source::Hit));
    cache.invalidate_tags(["other"], false);
    get.set(&3, 9);
    assert_eq!(ask(3), (9, Source::Hit));
    cache.invalidate_tags(["key:3"], false);
    assert_eq!(ask(3).1, Source::Load);
}

#[test]
fn a_load_from_before_an_invalidation_is_not_joined_and_keeps_nothing() {
    let host = Virtual::new();
    let (cache, get) = tagged(&host);
    let answers = Arc::new(Mutex::new(Vec::new()));
    let call = || {
        let (get, answers) = (get.clone(), Arc::clone(&answers));
        host.start(async move {
            let value = get.get(&1).await.unwrap();
            answers.lock().unwrap().push(value);
        });
    };
    call();
    host.advance(ms(50));
    cache.invalidate_tags(["all"], false);
    call();
    host.advance(ms(50));
    assert_eq!(get.peek(&1), None, "what began before is not kept");
    host.advance(ms(50));
    assert_eq!(*answers.lock().unwrap(), [0, 1]);
    assert_eq!(get.peek(&1), Some(1));
}

#[test]
fn who_listens_hears_what_happens_and_may_use_the_cache() {
    let host = Virtual::new();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let place = Arc::new(std::sync::OnceLock::<Numbers>::new());
    let listener = {
        let (heard, place) = (Arc::clone(&heard), Arc::clone(&place));
        move |key: &u32, event: Event<'_, usize, &'static str>| {
            let _ = place.get().map(Numbers::stats);
            heard
                .lock()
                .unwrap()
                .push(format!("{} {key}", event.name()));
        }
    };
    let cache = Numbers::builder(host.clone()).on_event(listener).build();
    place.set(cache.clone()).unwrap();
    let turns = Arc::new(AtomicUsize::new(0));
    let load = {
        let host = host.clone();
        move |_, _| {
            let nth = turns.fetch_add(1, Ordering::Relaxed);
            let sleep = host.sleep(ms(if nth == 2 { 500 } else { 0 }));
            async move {
                sleep.await;
                if nth == 1 { Err("down") } else { Ok(nth) }
            }
        }
    };
    let policy = CachePolicy::ttl(ms(100)).stale_while_revalidate(ms(50));
    let policy = policy
        .stale_if_error(ms(9000))
        .retry_after(ms(300))
        .failover_after(ms(20));
    let get = cache.wrap(policy, load).unwrap();
    for wait in [0, 10, 190, 10, 400, 600, 110] {
        host.advance(ms(wait));
        let get = get.clone();
        let _ = host.run(async move { get.get(&1).await });
    }
    host.advance(ms(10));
    let expected = [
        "miss",
        "load",
        "hit",
        "load",
        "load-error",
        "error-fallback",
        "error-fallback",
        "load",
        "failover",
        "stale",
        "refresh",
        "stale",
        "refresh",
    ];
    let heard: Vec<String> = heard.lock().unwrap().clone();
    assert_eq!(heard, expected.map(|name| format!("{name} 1")), "{heard:?}");
}

#[test]
fn get_or_load_takes_a_loader_that_can_be_called_once() {
    let host = Virtual::new();
    let cache = Numbers::builder(host.clone()).build();
    let policy = cache.policy(minute()).unwrap();
    let twice = {
        let cache = cache.clone();
        async move {
            let name = String::from("three");
            let first = cache
                .get_or_load(&1, &policy, |_| async move { Ok(name.len()) })
                .await;
            let second = cache
                .get_or_load(&1, &policy, |_| async { Err("not asked") })
                .await;
            (first, second)
        }
    };
    let (first, second) = host.run(twice);
    assert_eq!((first.unwrap(), second.unwrap()), (5, 5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_cold_callers_on_threads_load_once() {
    let cache = Numbers::builder(Tokio).build();
    let loads = Arc::new(AtomicUsize::new(0));
    let load = {
        let loads = Arc::clone(&loads);
        move |_, _| {
            let loads = Arc::clone(&loads);
            async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok(loads.fetch_add(1, Ordering::Relaxed))
            }
        }
    };
    let get = cache.wrap(minute(), load).unwrap();
    let calls = (0..100).map(|_| {
        let get = get.clone();
        tokio::spawn(async move { get.get(&1).await.unwrap() })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap(), 0);
    }
    assert_eq!(loads.load(Ordering::Relaxed), 1);
    assert_eq!(get.counters().coalesced + get.counters().hits, 99);
}

/// Threads that read, write, invalidate and give up: every answer is its key's, and nothing hangs or
/// is left behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threads_do_as_they_like() {
    let cache = Numbers::builder(Tokio).max_entries(16).build();
    let policy = CachePolicy::ttl(ms(3))
        .stale_while_revalidate(ms(2))
        .stale_if_error(ms(5));
    let policy = policy
        .timeout(ms(50))
        .retry_after(ms(1))
        .failover_after(ms(2));
    let load = |key: u32, _| async move {
        tokio::time::sleep(Duration::from_micros(u64::from(key) * 100)).await;
        if key % 7 == 3 {
            Err("down")
        } else {
            Ok(key as usize * 1000)
        }
    };
    let get = cache.wrap(policy, load).unwrap();
    let threads = (0..8_u32).map(|nth| {
        let get = get.clone();
        tokio::spawn(async move {
            for turn in 0..2_000_u32 {
                let key = (turn * 31 + nth * 17) % 24;
                match (turn + nth) % 9 {
                    0 => get.set(&key, key as usize * 1000),
                    1 => get.invalidate(&key),
                    2 => {
                        drop(tokio::time::timeout(Duration::from_micros(300), get.get(&key)).await);
                    }
                    3 => drop(get.refresh(&key).await),
                    _ => match get.get(&key).await {
                        Ok(value) => assert_eq!(value, key as usize * 1000),
                        Err(error) => assert_eq!(error.load_error(), Some(&"down"), "{error:?}"),
                    },
                }
            }
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        thread.await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(cache.stats().loads, 0, "{:?}", get.counters());
    assert!(cache.stats().entries <= 16);
}
