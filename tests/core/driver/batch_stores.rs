//! Batches over stores, which are read together where they can.

use crate::batch_support::{Get, Origin, ask, begin, loaded};
use crate::scripted::{Script, Scripted};
use crate::support::{Numbers, minute, ms};
use holdover::driver::testing::{MapStore, Virtual};
use holdover::driver::{
    CachePolicy, Operation, SetOptions, Source, Store, StoreError, StoreFuture, Stores,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Policy = CachePolicy<u32, usize, &'static str>;

/// A map that notes which keys it is asked for, and answers many as it is told.
#[derive(Clone)]
struct Noted {
    map: MapStore,
    reads: Arc<Mutex<Vec<String>>>,
    many: Many,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Many {
    Answers,
    Lacks,
    Fails,
    Hangs,
    Lies,
    Panics,
}

impl Noted {
    fn new(host: &Virtual, many: Many) -> Self {
        let map = MapStore::new(host.clone());
        let reads = Arc::default();
        Self { map, reads, many }
    }

    fn reads(&self) -> Vec<String> {
        std::mem::take(&mut self.reads.lock().unwrap())
    }
}

impl Store for Noted {
    fn name(&self) -> &'static str {
        "noted"
    }

    fn get<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        self.reads.lock().unwrap().push(key.to_owned());
        self.map.get(key)
    }

    fn set<'a>(&'a self, key: &'a str, record: &'a [u8], to: SetOptions) -> StoreFuture<'a, ()> {
        self.map.set(key, record, to)
    }

    fn delete<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        self.map.delete(key)
    }

    fn get_many<'a>(&'a self, keys: &'a [String]) -> Option<StoreFuture<'a, Vec<Option<Vec<u8>>>>> {
        let reading = self.map.get_many(keys).unwrap();
        if self.many == Many::Lacks {
            return None;
        }
        Some(Box::pin(async move {
            self.reads.lock().unwrap().push(keys.join(" "));
            match self.many {
                Many::Hangs => std::future::pending().await,
                Many::Fails => Err(StoreError::new("refused")),
                Many::Lies => Ok(vec![None]),
                Many::Panics => panic!("a store that panics"),
                Many::Answers | Many::Lacks => reading.await,
            }
        }))
    }
}

fn over(host: &Virtual, store: impl Store, policy: Policy) -> (Numbers, Get, Origin) {
    let stores = Stores::json(|key: &u32| format!("n:{key}")).store(store);
    let cache = Numbers::builder(host.clone()).stores(stores).build();
    let origin = Origin::new(host);
    let get = cache.wrap_many(policy, origin.loader()).unwrap();
    (cache, get, origin)
}

/// Another instance has these.
fn fill(host: &Virtual, store: impl Store, keys: &[u32]) {
    let (cache, get, _) = over(host, store, minute());
    ask(host, &get, keys);
    host.run(async move { cache.settled().await });
}

#[test]
fn stores_are_read_together_where_they_can_and_the_rest_is_one_call() {
    for (many, reads) in [
        (Many::Answers, vec!["n:1 n:2 n:3 n:4"]),
        (Many::Lacks, vec!["n:1", "n:2", "n:3", "n:4"]),
    ] {
        let host = Virtual::new();
        let store = Noted::new(&host, many);
        fill(&host, store.map.clone(), &[2, 4]);
        let (_, get, origin) = over(&host, store.clone(), minute());
        let hit = |value| Ok((value, Source::Hit));
        let load = |value| Ok((value, Source::Load));
        let answers = ask(&host, &get, &[1, 2, 3, 4]);
        assert_eq!(answers, [load(10), hit(20), load(30), hit(40)]);
        assert_eq!(store.reads(), reads);
        assert_eq!(origin.asked(), [[1, 3]]);
        host.advance(ms(0));
        assert_eq!(store.map.names(), ["n:1", "n:2", "n:3", "n:4"]);
        let answers = ask(&host, &get, &[1, 2, 3, 4]);
        assert_eq!(answers, [10, 20, 30, 40].map(hit));
        assert!(store.reads().is_empty(), "the memory has them");
    }
}

#[test]
fn a_store_is_asked_for_what_those_above_it_lack() {
    let host = Virtual::new();
    let (high, low) = (
        Noted::new(&host, Many::Answers),
        Noted::new(&host, Many::Answers),
    );
    fill(&host, high.map.clone(), &[1]);
    fill(&host, low.map.clone(), &[1, 2]);
    let stores = Stores::json(|key: &u32| format!("n:{key}"));
    let stores = stores.store(high.clone()).store(low.clone());
    let cache = Numbers::builder(host.clone()).stores(stores).build();
    let origin = Origin::new(&host);
    let get = cache.wrap_many(minute(), origin.loader()).unwrap();
    ask(&host, &get, &[1, 2, 3]);
    assert_eq!(high.reads(), ["n:1 n:2 n:3"]);
    assert_eq!(low.reads(), ["n:2 n:3"]);
    assert_eq!(origin.asked(), [[3]]);
    host.advance(ms(0));
    assert_eq!(
        high.map.record("n:2"),
        low.map.record("n:2"),
        "it was copied up"
    );
}

#[test]
fn a_store_that_fails_hangs_lies_or_panics_costs_no_answer() {
    for many in [Many::Fails, Many::Hangs, Many::Lies, Many::Panics] {
        let host = Virtual::new();
        let store = Noted::new(&host, many);
        fill(&host, store.map.clone(), &[1, 2]);
        let told = Arc::new(Mutex::new(Vec::new()));
        let hear = Arc::clone(&told);
        let stores = Stores::json(|key: &u32| format!("n:{key}")).store(store);
        let stores = stores.on_failure(move |failure| {
            hear.lock()
                .unwrap()
                .push((failure.operation, failure.is_corrupt));
        });
        let cache = Numbers::builder(host.clone()).stores(stores).build();
        let origin = Origin::new(&host);
        let get = cache.wrap_many(minute(), origin.loader()).unwrap();
        let begun = host.elapsed();
        assert_eq!(ask(&host, &get, &[1, 2]), loaded(&[10, 20]));
        assert!(host.elapsed().minus(begun) <= ms(600));
        let lied = many == Many::Lies;
        assert_eq!(*told.lock().unwrap(), [(Operation::GetMany, lied)]);
    }
}

#[test]
fn stale_entries_of_a_store_answer_and_keep_what_is_missing_from_waiting_for_nothing() {
    let host = Virtual::new();
    let store = Noted::new(&host, Many::Answers);
    let policy = || minute().stale_while_revalidate(Duration::from_secs(60));
    let (cache, get, _) = over(&host, store.map.clone(), policy());
    ask(&host, &get, &[1, 2]);
    host.run(async move { cache.settled().await });
    host.advance(ms(60_000));
    let (_, get, origin) = over(&host, store, policy());
    let (_, told) = begin(&host, &get, &[1, 2, 3]);
    host.advance(ms(100));
    let stale = |value| Ok((value, Source::Stale));
    assert_eq!(
        *told.lock().unwrap(),
        [stale(10), stale(20), Ok((30, Source::Load))]
    );
    assert_eq!(origin.asked(), [vec![3], vec![1, 2]], "refreshes go apart");
    assert_eq!(ask(&host, &get, &[1]), [Ok((10, Source::Hit))]);
}

#[test]
fn an_entry_of_a_store_answers_for_its_key_when_the_batch_fails() {
    let host = Virtual::new();
    let store = MapStore::new(host.clone());
    let policy = || minute().stale_if_error(Duration::from_secs(60));
    let (cache, get, _) = over(&host, store.clone(), policy());
    ask(&host, &get, &[1]);
    host.run(async move { cache.settled().await });
    host.advance(ms(60_000));
    let (_, get, origin) = over(&host, store, policy());
    origin.goes_down();
    let answers = ask(&host, &get, &[1, 2]);
    assert_eq!(
        answers,
        [Ok((10, Source::ErrorFallback)), Err("down".to_owned())]
    );
}

#[test]
fn a_key_that_is_invalidated_while_the_stores_are_read_is_loaded() {
    let host = Virtual::new();
    let script: Script = serde_json::from_str(r#"{ "get": [{}, { "answer": 50 }] }"#).unwrap();
    let store = Scripted::new(&host, script, &[]);
    fill(&host, store.clone(), &[1]);
    store.records.lock().unwrap().retain(|key, _| key == "n:1");
    let (cache, get, origin) = over(&host, store, minute());
    let (_, told) = begin(&host, &get, &[1, 2]);
    host.advance(ms(10));
    drop(cache.invalidate(&1));
    host.advance(ms(140));
    assert_eq!(*told.lock().unwrap(), loaded(&[10, 20]));
    assert_eq!(origin.asked(), [[1, 2]]);
}

#[test]
fn everybody_may_leave_while_the_stores_are_read() {
    let host = Virtual::new();
    let (cache, get, origin) = over(&host, Noted::new(&host, Many::Hangs), minute());
    let (batch, _) = begin(&host, &get, &[1, 2]);
    host.cancel(batch);
    host.advance(ms(1_000));
    assert!(origin.asked().is_empty());
    assert_eq!(cache.stats().loads, 0);
}

#[test]
fn a_key_whose_name_cannot_be_made_is_kept_in_memory_only() {
    let host = Virtual::new();
    let store = MapStore::new(host.clone());
    let stores = Stores::json(|key: &u32| {
        assert_ne!(*key, 2, "no name");
        format!("n:{key}")
    });
    let stores = stores.store(store.clone());
    let cache = Numbers::builder(host.clone()).stores(stores).build();
    let origin = Origin::new(&host);
    let get = cache.wrap_many(minute(), origin.loader()).unwrap();
    fill(&host, store.clone(), &[3]);
    let mut expected = loaded(&[10, 20]);
    expected.push(Ok((30, Source::Hit)));
    assert_eq!(ask(&host, &get, &[1, 2, 3]), expected);
    host.advance(ms(0));
    assert_eq!(store.names(), ["n:1", "n:3"]);
}

fn tagged() -> Policy {
    minute().key_tags(|key| vec![format!("key:{key}"), "all".to_owned()])
}

#[test]
fn tags_are_asked_for_once_and_end_what_has_them() {
    let host = Virtual::new();
    let store = Noted::new(&host, Many::Answers);
    let (cache, get, _) = over(&host, store.clone(), tagged());
    ask(&host, &get, &[1, 2, 3]);
    host.run(async move { cache.settled().await });
    let reads = store.reads();
    assert_eq!(reads.len(), 2, "the keys, and all their tags: {reads:?}");
    let (cache, get, origin) = over(&host, store.clone(), tagged());
    let hit = |value| Ok((value, Source::Hit));
    assert_eq!(ask(&host, &get, &[1, 2, 3]), [10, 20, 30].map(hit));
    assert_eq!(store.reads().len(), 2);
    host.run(async move { assert!(cache.invalidate_tags(["key:2"], false).await) });
    let answers = ask(&host, &get, &[1, 2, 3]);
    assert_eq!(answers, [hit(10), Ok((20, Source::Load)), hit(30)]);
    let (_, there, _) = over(&host, store, tagged());
    assert_eq!(ask(&host, &there, &[1, 2, 3]), [10, 20, 30].map(hit));
    assert_eq!(origin.asked(), [[2]]);
}

#[test]
fn what_a_tag_ends_while_it_is_loaded_is_stored_nowhere_and_the_rest_is() {
    for by_value in [false, true] {
        let policy = || {
            if by_value {
                minute().tags(|key, _| vec![format!("key:{key}")])
            } else {
                minute().key_tags(|key| vec![format!("key:{key}")])
            }
        };
        let host = Virtual::new();
        let store = MapStore::new(host.clone());
        let (cache, get, _) = over(&host, store.clone(), policy());
        let (_, told) = begin(&host, &get, &[1, 2]);
        host.advance(ms(50));
        drop(cache.invalidate_tags(["key:1"], false));
        host.advance(ms(50));
        assert_eq!(*told.lock().unwrap(), loaded(&[10, 20]));
        host.run(async move { cache.settled().await });
        assert_eq!(get.peek(&1), None);
        assert_eq!(get.peek(&2), Some(20));
        let names = store.names();
        assert!(!names.contains(&"n:1".to_owned()), "{names:?}");
        let (_, there, origin) = over(&host, store, policy());
        ask(&host, &there, &[1]);
        assert_eq!(origin.asked(), [[1]]);
    }
}

#[test]
fn a_key_whose_tags_cannot_be_told_is_kept_nowhere_and_the_others_are() {
    let host = Virtual::new();
    let store = MapStore::new(host.clone());
    let policy = minute().key_tags(|key| {
        assert_ne!(*key, 1, "no tags");
        vec![format!("key:{key}")]
    });
    let (cache, get, _) = over(&host, store.clone(), policy);
    assert_eq!(ask(&host, &get, &[1, 2]), loaded(&[10, 20]));
    host.run(async move { cache.settled().await });
    assert_eq!((get.peek(&1), get.peek(&2)), (None, Some(20)));
    let names = store.names();
    assert!(!names.contains(&"n:1".to_owned()) && names.contains(&"n:2".to_owned()));
}

#[test]
fn what_a_tag_ends_while_its_versions_are_read_is_read_again() {
    let host = Virtual::new();
    let gets = r#"{}, {}, { "answer": 50 }, { "answer": 50 }, { "answer": 50 }, { "answer": 50 }"#;
    let script: Script = serde_json::from_str(&format!(r#"{{ "get": [{gets}] }}"#)).unwrap();
    let store = Scripted::new(&host, Script::new(), &[]);
    let policy = || minute().key_tags(|key| vec![format!("key:{key}")]);
    let (cache, get, _) = over(&host, store.clone(), policy());
    ask(&host, &get, &[1, 2]);
    host.run(async move { cache.settled().await });
    let slow = Scripted::new(&host, script, &[]);
    let records = store.records.lock().unwrap().clone();
    *slow.records.lock().unwrap() = records;
    let (cache, get, origin) = over(&host, slow, policy());
    let (_, told) = begin(&host, &get, &[1, 2]);
    host.advance(ms(10));
    drop(cache.invalidate_tags(["key:1"], false));
    host.advance(ms(140));
    let answers = [Ok((10, Source::Load)), Ok((20, Source::Hit))];
    assert_eq!(*told.lock().unwrap(), answers);
    assert_eq!(origin.asked(), [[1]]);
}
