//! Callers that go away, and loads that do.

use crate::support::{Numbers, counting, minute, ms};
use holdover::driver::testing::Virtual;
use holdover::driver::{BoxFuture, Error, Host, Source, Tokio};
use holdover::time::{Span, Timestamp};
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[test]
fn a_load_outlives_its_first_caller_while_another_waits() {
    let host = Virtual::new();
    let cache = Numbers::builder(host.clone()).build();
    let get = cache.wrap(minute(), counting(&host)).unwrap();
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

/// A host that drops the tasks it is to run.
struct Dropping(Virtual);

impl Host for Dropping {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn roll(&self) -> f64 {
        self.0.roll()
    }

    fn sleep(&self, span: Span) -> BoxFuture<'static, ()> {
        self.0.sleep(span)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        drop(task);
    }
}

#[test]
fn whoever_leads_a_load_that_the_host_drops_is_told_and_does_not_load_for_ever() {
    let host = Virtual::new();
    let cache = Numbers::builder(Dropping(host.clone())).build();
    let get = cache.wrap(minute(), counting(&host)).unwrap();
    let failed = {
        let get = get.clone();
        host.run(async move { get.get(&1).await })
    };
    assert!(matches!(failed, Err(Error::Dropped)), "{failed:?}");
    assert_eq!((get.counters().loads, cache.stats().loads), (1, 0));
}
