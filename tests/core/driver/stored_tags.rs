//! Tags above stores: what one instance invalidates, no other serves from a store.

use crate::scripted::{Script, Scripted};
use crate::support::{Numbers, counting, minute, ms};
use holdover::driver::testing::{MapStore, Virtual};
use holdover::driver::{CachePolicy, Function, Operation, SetOptions, Source, Store, Stores};
use holdover::record;
use holdover::stored_tags::{Stamp, StampKey, tag_of};
use serde::Deserialize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Get = Function<u32, usize, &'static str>;
type Policy = CachePolicy<u32, usize, &'static str>;

fn stores(store: impl Store) -> Stores<u32, usize> {
    Stores::json(|key: &u32| format!("n:{key}")).store(store)
}

fn stale() -> Policy {
    minute().stale_while_revalidate(Duration::from_secs(60))
}

fn by_key() -> Policy {
    stale().key_tags(|key| vec![format!("key:{key}"), "all".to_owned()])
}

fn by_value() -> Policy {
    stale().tags(|key, _| vec![format!("key:{key}"), "all".to_owned()])
}

const POLICIES: [fn() -> Policy; 2] = [by_key, by_value];

/// An instance whose memory keeps nothing, so that each call asks the stores.
fn without_memory(host: &Virtual, store: impl Store, policy: Policy) -> (Numbers, Get) {
    let cache = Numbers::builder(host.clone()).max_entries(0);
    let cache = cache.stores(stores(store)).build();
    let get = cache.wrap(policy, counting(host)).unwrap();
    (cache, get)
}

fn ask(host: &Virtual, get: &Get, key: u32) -> (usize, Source) {
    let get = get.clone();
    let answer = host.run(async move { get.explain(&key).await }).unwrap();
    host.advance(ms(10));
    (answer.value, answer.source)
}

fn capable(host: &Virtual) -> [Arc<dyn Store>; 2] {
    let plain = Scripted::new(host, Script::new(), &["clear"]);
    [Arc::new(MapStore::new(host.clone())), Arc::new(plain)]
}

#[test]
fn what_one_instance_invalidates_no_other_reads() {
    for policy in POLICIES {
        let host = Virtual::new();
        for store in capable(&host) {
            let (one, get) = without_memory(&host, Arc::clone(&store), policy());
            let (_other, there) = without_memory(&host, store, policy());
            assert_eq!(ask(&host, &get, 1), (0, Source::Load));
            assert_eq!(ask(&host, &get, 2), (1, Source::Load));
            assert_eq!(ask(&host, &there, 1), (0, Source::Hit));
            assert!(host.run(one.invalidate_tags(["key:1"], false)));
            assert_eq!(ask(&host, &there, 1), (0, Source::Load), "its own first");
            assert_eq!(ask(&host, &there, 2), (1, Source::Hit), "another tag");
            assert_eq!(ask(&host, &get, 1), (0, Source::Hit), "what that brought");
            assert!(host.run(one.invalidate_tags(["all", "other"], true)));
            assert_eq!(ask(&host, &there, 2), (1, Source::Stale));
            host.advance(ms(200));
            assert_eq!(ask(&host, &get, 2).1, Source::Hit, "refreshed");
        }
    }
}

#[test]
fn instances_with_messages_hear_of_tags() {
    let host = Virtual::new();
    let store = MapStore::new(host.clone()).with_messages();
    let instance = || {
        let stores = stores(store.clone()).namespace("app:1");
        let cache = Numbers::builder(host.clone()).stores(stores).build();
        let get = cache.wrap(by_value(), counting(&host)).unwrap();
        (cache, get)
    };
    let (one, get) = instance();
    let (_other, there) = instance();
    assert_eq!(ask(&host, &get, 1), (0, Source::Load));
    assert_eq!(ask(&host, &there, 1), (0, Source::Hit));
    host.run(one.invalidate_tags(["other"], false));
    assert_eq!(there.peek(&1), Some(0));
    host.run(one.invalidate_tags(["all"], false));
    assert_eq!((get.peek(&1), there.peek(&1)), (None, None));
    assert_eq!(ask(&host, &there, 1).1, Source::Load);
    host.run(one.invalidate_tags(["all"], true));
    assert_eq!(ask(&host, &there, 1).1, Source::Stale);
}

#[test]
fn a_load_from_before_an_invalidation_elsewhere_is_of_no_use_afterwards() {
    for policy in POLICIES {
        let host = Virtual::new();
        let store = MapStore::new(host.clone());
        let (one, _) = without_memory(&host, store.clone(), policy());
        let (_other, there) = without_memory(&host, store, policy());
        let asked = there.clone();
        host.start(async move {
            assert_eq!(asked.get(&1).await.unwrap(), 0);
        });
        host.advance(ms(50));
        host.run(one.invalidate_tags(["key:1"], false));
        host.advance(ms(100));
        assert_eq!(ask(&host, &there, 1), (1, Source::Load));
        assert_eq!(ask(&host, &there, 1), (1, Source::Hit));
    }
}

#[test]
fn what_is_set_under_a_policy_has_its_tags() {
    let host = Virtual::new();
    let store = MapStore::new(host.clone());
    let (one, get) = without_memory(&host, store.clone(), by_value());
    assert!(host.run(get.set(&7, 70)));
    let (header, _) = record::decode(&store.record("n:7").unwrap()).unwrap();
    let tags: Vec<u64> = header.tags.iter().map(|(tag, _)| *tag).collect();
    assert_eq!(tags, [tag_of("", "key:7"), tag_of("", "all")]);
    assert!(
        header
            .tags
            .iter()
            .all(|(_, it)| it.hard != 0 && it.soft != 0)
    );
    assert_eq!(ask(&host, &get, 7), (70, Source::Hit));
    // A write that is invalidated before it is done is not written.
    let written = get.set(&7, 71);
    let invalidated = one.invalidate_tags(["key:7"], false);
    assert!(host.run(async move { invalidated.await && written.await }));
    assert_eq!(store.record("n:7"), None);
}

#[test]
fn a_store_that_lost_a_version_has_nothing_with_that_tag() {
    let host = Virtual::new();
    let store = MapStore::new(host.clone());
    let (_one, get) = without_memory(&host, store.clone(), by_key());
    assert_eq!(ask(&host, &get, 1), (0, Source::Load));
    assert_eq!(ask(&host, &get, 1), (0, Source::Hit));
    let lost = StampKey::Hard(tag_of("", "key:1")).name("");
    let dropping = store.clone();
    let name = lost.clone();
    host.run(async move { dropping.delete(&name).await })
        .unwrap();
    assert_eq!(ask(&host, &get, 1), (1, Source::Load));
    // Garbage in its place is told, and replaced.
    store.put(&lost, b"garbage");
    assert_eq!(ask(&host, &get, 1), (2, Source::Load));
    let stamp = Stamp::decode(&store.record(&lost).unwrap());
    assert!(stamp.is_some());
    assert_eq!(ask(&host, &get, 1), (2, Source::Hit));
}

/// A store that refuses stamps while it is told to.
#[derive(Clone)]
struct Refusing {
    records: MapStore,
    refuses: Arc<Mutex<bool>>,
}

impl Store for Refusing {
    fn name(&self) -> &'static str {
        "refusing"
    }

    fn get<'a>(&'a self, key: &'a str) -> holdover::driver::StoreFuture<'a, Option<Vec<u8>>> {
        self.records.get(key)
    }

    fn set<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
        options: SetOptions,
    ) -> holdover::driver::StoreFuture<'a, ()> {
        if *self.refuses.lock().unwrap() && key.starts_with("%tags:") {
            return Box::pin(async { Err(holdover::driver::StoreError::new("refused")) });
        }
        self.records.set(key, record, options)
    }

    fn delete<'a>(&'a self, key: &'a str) -> holdover::driver::StoreFuture<'a, ()> {
        self.records.delete(key)
    }
}

#[test]
fn an_invalidation_that_a_store_missed_holds_here_and_is_written_later() {
    let host = Virtual::new();
    let refuses = Arc::new(Mutex::new(false));
    let store = Refusing {
        records: MapStore::new(host.clone()),
        refuses: Arc::clone(&refuses),
    };
    let told = Arc::new(Mutex::new(0));
    let hear = Arc::clone(&told);
    let heard = stores(store.clone()).on_failure(move |failure| {
        assert_eq!(failure.operation, Operation::Set);
        *hear.lock().unwrap() += 1;
    });
    let one = Numbers::builder(host.clone()).max_entries(0);
    let one = one.stores(heard).build();
    let get = one.wrap(by_key(), counting(&host)).unwrap();
    let (_other, there) = without_memory(&host, store, by_key());
    assert_eq!(ask(&host, &get, 1), (0, Source::Load));
    assert_eq!(ask(&host, &get, 2), (1, Source::Load));
    *refuses.lock().unwrap() = true;
    let is_done = one.invalidate_tags(["all"], false);
    assert!(!host.run(is_done), "the store has not taken it");
    assert_eq!(ask(&host, &get, 1).1, Source::Load, "not read here");
    assert_eq!(ask(&host, &there, 2), (1, Source::Hit), "it cannot know");
    assert!(*told.lock().unwrap() >= 2);
    *refuses.lock().unwrap() = false;
    host.advance(ms(5_000));
    assert_eq!(ask(&host, &there, 2).1, Source::Load);
}

#[test]
fn loads_of_one_turn_agree_on_the_versions_of_a_new_tag() {
    for policy in POLICIES {
        let host = Virtual::new();
        for store in capable(&host) {
            let (_one, get) = without_memory(&host, store, policy());
            for key in 0..8 {
                let get = get.clone();
                host.start(async move {
                    get.get(&key).await.unwrap();
                });
            }
            host.advance(ms(500));
            for key in 0..8 {
                assert_eq!(ask(&host, &get, key).1, Source::Hit, "{key}");
            }
        }
    }
}

#[derive(Deserialize)]
struct Named {
    namespace: String,
    tag: String,
    hard: String,
    soft: String,
}

/// The same vectors as `tests/package/js/tag-stamps.test.mjs`.
#[test]
fn stamps_have_the_keys_of_the_npm_package() {
    let root = env!("CARGO_MANIFEST_DIR");
    let path = format!("{root}/tests/vectors/tags/stamps.json");
    let vectors: Vec<Named> =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(vectors.len() >= 10);
    for Named {
        namespace,
        tag,
        hard,
        soft,
    } in vectors
    {
        let host = Virtual::new();
        for (is_soft, key) in [(false, hard), (true, soft)] {
            let store = MapStore::new(host.clone());
            let stores = stores(store.clone()).namespace(namespace.as_str());
            let cache = Numbers::builder(host.clone()).stores(stores).build();
            assert!(host.run(cache.invalidate_tags([&tag], is_soft)));
            let names = store.names();
            assert_eq!(names.len(), 2, "{names:?}");
            assert!(names.contains(&key), "{names:?} {key}");
            assert!(Stamp::decode(&store.record(&key).unwrap()).is_some());
        }
    }
}
