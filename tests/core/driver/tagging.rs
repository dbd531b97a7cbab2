//! Entries with tags.

use crate::support::{Numbers, counting, minute, ms};
use holdover::driver::testing::Virtual;
use holdover::driver::{Function, Source};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A cache whose values are how often they were loaded, slowly, with tags by their keys.
fn tagged(host: &Virtual) -> (Numbers, Function<u32, usize, &'static str>) {
    let cache = Numbers::builder(host.clone()).build();
    let policy = minute().stale_while_revalidate(Duration::from_secs(60));
    let policy = policy.tags(|key, _| vec![format!("key:{key}"), "all".to_owned()]);
    let get = cache.wrap(policy, counting(host)).unwrap();
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
