//! Events.

use crate::support::{Numbers, ms};
use holdover::driver::testing::Virtual;
use holdover::driver::{CachePolicy, Event, Host};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

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
