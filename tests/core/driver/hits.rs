//! Hits, which are answered before anything of a call is made: nothing may differ by that.

use crate::support::{Numbers, minute};
use futures::FutureExt;
use holdover::driver::testing::Virtual;
use holdover::driver::{CachePolicy, Count, Error, Function, RateLimit, Tokio};
use holdover::guard::rate_limit::{Algorithm, RateLimitOptions};
use holdover::strategy::hits::Hits;
use holdover::time::Span;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

type Policy = CachePolicy<u32, usize, &'static str>;

/// A function that brings how often it was called before, at once; it fails for key 0.
fn counting(cache: &Numbers, policy: Policy) -> Function<u32, usize, &'static str> {
    let loads = AtomicUsize::new(0);
    let load = move |key, _| {
        let nth = loads.fetch_add(1, Ordering::Relaxed);
        async move { if key == 0 { Err("no 0") } else { Ok(nth) } }
    };
    cache.wrap(policy, load).unwrap()
}

fn get(
    host: &Virtual,
    get: &Function<u32, usize, &'static str>,
    key: u32,
) -> Result<usize, String> {
    let get = get.clone();
    host.run(async move { get.get(&key).await.map_err(|error| error.to_string()) })
}

#[test]
fn a_hit_allocates_nothing() {
    let cache = Numbers::builder(Tokio).build();
    let get = counting(&cache, minute());
    let policy = cache.policy(minute()).unwrap();
    assert!(get.get(&1).now_or_never().is_some());
    let allocated = allocation_counter::measure(|| {
        assert!(get.get(&1).now_or_never().is_some());
        assert!(get.explain(&1).now_or_never().is_some());
        let load = |_| async { Err("not loaded") };
        let loaded = cache.get_or_load(&1, &policy, load).now_or_never();
        assert!(matches!(loaded, Some(Ok(0))));
    });
    assert_eq!(allocated.count_total, 0);
}

#[test]
fn hits_are_counted_and_told_once() {
    let host = Virtual::new();
    let told = Arc::new(AtomicUsize::new(0));
    let hear = Arc::clone(&told);
    let cache = Numbers::builder(host.clone())
        .on_event(move |_, event| {
            if event.name() == "hit" {
                hear.fetch_add(1, Ordering::Relaxed);
            }
        })
        .build();
    let function = counting(&cache, minute());
    for _ in 0..3 {
        assert_eq!(get(&host, &function, 1), Ok(0));
    }
    assert_eq!(told.load(Ordering::Relaxed), 2);
    let counters = function.counters();
    assert_eq!((counters.hits, counters.misses, counters.loads), (2, 1, 1));
}

#[test]
fn what_is_no_plain_hit_is_decided_as_ever() {
    let host = Virtual::new();
    let cache = Numbers::builder(host.clone()).build();
    let limit = RateLimit::new(RateLimitOptions {
        limit: 2,
        period: Span::from_secs(1),
        algorithm: Algorithm::Fixed { ban: Span::ZERO },
    });
    let limited = counting(&cache, minute().rate_limit(limit.count(Count::Calls)));
    assert_eq!(
        (get(&host, &limited, 1), get(&host, &limited, 1)),
        (Ok(0), Ok(0))
    );
    assert_eq!(limited.counters().hits, 1);
    assert!(
        get(&host, &limited, 2).is_err(),
        "calls are counted, hit or not"
    );
    let remembering = counting(&cache, minute().error_ttl(Duration::from_secs(1)));
    assert_eq!(get(&host, &remembering, 0), get(&host, &remembering, 0));
    assert_eq!(remembering.counters().loads, 1);
    let used_up = counting(
        &cache,
        minute().hits(Hits {
            max: 1,
            refresh_at: None,
        }),
    );
    let values = [3, 3, 3].map(|key| get(&host, &used_up, key));
    assert_eq!(values, [Ok(0), Ok(0), Ok(1)]);
    cache.close();
    let closed = used_up.get(&3).now_or_never();
    assert!(matches!(closed, Some(Err(Error::Closed))));
}
