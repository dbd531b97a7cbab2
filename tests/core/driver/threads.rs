//! Real threads and timers.

use crate::support::{Numbers, minute, ms};
use holdover::driver::{CachePolicy, Tokio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

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
                    0 => drop(get.set(&key, key as usize * 1000)),
                    1 => drop(get.invalidate(&key)),
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
