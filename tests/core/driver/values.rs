//! Values, options and policies.

use crate::support::{Numbers, minute, ms};
use futures::FutureExt;
use holdover::driver::testing::Virtual;
use holdover::driver::{Cache, CachePolicy, Error, Eviction, RateLimit, Scope};
use holdover::guard::rate_limit::{Algorithm, RateLimitOptions};
use std::sync::Arc;

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

/// Asks for 20 keys three times, then for 500 others once; returns how many of the 20 are left.
fn left_after_a_crawl(eviction: Eviction) -> usize {
    let host = Virtual::new();
    let cache = Numbers::builder(host.clone())
        .max_entries(40)
        .eviction(eviction)
        .build();
    let get = cache.wrap(minute(), |_, _| async { Ok(1) }).unwrap();
    let popular = (0..3).flat_map(|_| 0..20);
    for key in popular.chain(100..600) {
        let get = get.clone();
        host.run(async move { get.get(&key).await }).unwrap();
    }
    (0..20).filter(|key| cache.peek(key).is_some()).count()
}

#[test]
fn s3_fifo_keeps_what_is_in_demand() {
    assert_eq!(left_after_a_crawl(Eviction::S3Fifo), 20);
    assert_eq!(left_after_a_crawl(Eviction::Lru), 0);
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

#[test]
fn limits_by_key_in_force_are_kept_however_many_keys_come() {
    let host = Virtual::new();
    let cache = Numbers::builder(host.clone()).max_entries(1).build();
    let limit = RateLimit::new(RateLimitOptions {
        limit: 1,
        period: ms(1_000),
        algorithm: Algorithm::Fixed { ban: ms(0) },
    });
    let policy = minute().rate_limit(limit.scope(Scope::Key));
    let get = cache.wrap(policy, |_, _| async { Ok(1) }).unwrap();
    let outcomes = host.run(async move {
        for key in 0..30_000 {
            get.get(&key).await.unwrap();
        }
        (get.get(&0).await, get.get(&29_999).await)
    });
    assert!(matches!(outcomes.0, Err(Error::RateLimited { .. })));
    assert_eq!(outcomes.1.unwrap(), 1, "the last one is still in memory");
}

#[test]
fn a_hit_allocates_nothing_and_spawns_nothing() {
    let host = Virtual::new();
    let cache = Cache::<String, Arc<str>, ()>::builder(host.clone()).build();
    let policy = CachePolicy::ttl(ms(1_000)).stale_if_error(ms(1_000));
    let get = cache
        .wrap(policy, |key: String, _| async move { Ok(Arc::from(key)) })
        .unwrap();
    let key = String::from("user:42");
    let allocated = host.run(async move {
        get.get(&key).await.unwrap();
        let mut hits = Box::pin(async {
            for _ in 0..100 {
                get.get(&key).await.unwrap();
            }
        });
        allocation_counter::measure(|| {
            assert!((&mut hits).now_or_never().is_some(), "it waits for nobody");
        })
    });
    assert_eq!(allocated.count_total, 0);
}
