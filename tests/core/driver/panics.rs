//! Functions of the user's that panic.

use crate::support::{Numbers, counting, minute, ms};
use holdover::driver::testing::Virtual;
use holdover::driver::{CachePolicy, Cause, Error, Source};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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
                resume_unwind(Box::new("when it is called"));
            }
            async move {
                if fails == 2 {
                    resume_unwind(Box::new("when it is polled"));
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

/// None of them is told of the others, or keeps a caller from its answer.
#[test]
fn a_listener_and_a_weigher_that_panic_fail_no_call() {
    let host = Virtual::new();
    let cache = Numbers::builder(host.clone())
        .on_event(|_, _| resume_unwind(Box::new("listening")))
        .max_bytes(1_000_000, |_, _| resume_unwind(Box::new("weighing")))
        .build();
    let get = cache.wrap(minute(), counting(&host)).unwrap();
    for expected in [0, 1] {
        let get = get.clone();
        let value = host.run(async move { get.get(&1).await });
        assert_eq!(
            value.unwrap(),
            expected,
            "what cannot be weighed is not kept"
        );
    }
    let failing = cache.wrap(minute(), |_, _| async { Err("down") }).unwrap();
    let failed = host.run(async move { failing.get(&2).await });
    assert_eq!(failed.unwrap_err().load_error(), Some(&"down"));
    assert_eq!(cache.stats().loads, 0);
}
