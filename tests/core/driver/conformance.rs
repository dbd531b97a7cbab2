//! The requirements of stores: met by a store that does well, and not by others.

use holdover::driver::testing::{Conformance, MapStore, Virtual, store_conformance};
use holdover::driver::{Host, LruStore, SetOptions, Store, StoreFuture};
use holdover::time::Span;
use std::collections::HashSet;

fn violations(host: &Virtual, store: impl Store) -> HashSet<&'static str> {
    let clock = host.clone();
    let checked = host.run(async move {
        let options = Conformance::new(move |span| clock.sleep(span));
        store_conformance(&store, options).await
    });
    let found = checked.err().into_iter().flatten();
    found.map(|violation| violation.requirement).collect()
}

#[test]
fn the_store_for_tests_meets_them() {
    let host = Virtual::new();
    let store = MapStore::new(host.clone());
    assert_eq!(violations(&host, store), HashSet::new());
}

#[test]
fn a_store_that_caches_share_meets_them() {
    let host = Virtual::new();
    let store = LruStore::new(host.clone(), 4 << 20);
    assert_eq!(violations(&host, store.clone()), HashSet::new());
    assert!(!store.is_empty() && store.bytes() <= 4 << 20);
}

#[test]
fn a_store_that_caches_share_gives_up_what_was_used_least_recently() {
    let host = Virtual::new();
    let options = SetOptions {
        expires_in: Span::from_secs(1),
        within: Span::from_secs(1),
    };
    let store = LruStore::new(host.clone(), 1_000);
    let there = |store: &LruStore, key: &'static str| {
        let store = store.clone();
        host.run(async move { store.get(key).await.unwrap().is_some() })
    };
    let set = |key: &'static str, bytes: usize| {
        let store = store.clone();
        host.run(async move { store.set(key, &vec![0; bytes], options).await.unwrap() });
    };
    for key in ["a", "b", "c"] {
        set(key, 150);
    }
    assert!(there(&store, "a"));
    set("d", 200);
    let left = ["a", "b", "c", "d"].map(|key| there(&store, key));
    assert_eq!(left, [true, false, true, true]);
    assert_eq!(store.bytes(), 2 * 150 + 200 + 3 * 129);
    set("a", 900);
    assert!(
        !there(&store, "a"),
        "too heavy, and what it replaces is not left"
    );
    host.advance(Span::from_secs(1));
    assert!(!there(&store, "c") && !there(&store, "d"));
    assert_eq!((store.len(), store.bytes()), (0, 0));
}

/// A store with a fault.
struct Faulty(MapStore, Fault);

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    CutsKeys,
    CutsRecords,
    EndsEarly,
    NeverEnds,
    DeletesNothing,
    ClearsTooMuch,
    ListsTooMuch,
}

impl Faulty {
    fn key<'a>(&self, key: &'a str) -> &'a str {
        match self.1 {
            Fault::CutsKeys => key.split_at_checked(250).map_or(key, |(start, _)| start),
            _ => key,
        }
    }
}

impl Store for Faulty {
    fn name(&self) -> &'static str {
        "faulty"
    }

    fn get<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        self.0.get(self.key(key))
    }

    fn set<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
        options: SetOptions,
    ) -> StoreFuture<'a, ()> {
        let record = match self.1 {
            Fault::CutsRecords => record.split(|byte| *byte == 0).next().unwrap_or(record),
            _ => record,
        };
        let expires_in = match self.1 {
            Fault::EndsEarly => Span::from_millis(options.expires_in.as_millis() / 20),
            Fault::NeverEnds => Span::FOREVER,
            _ => options.expires_in,
        };
        let options = SetOptions {
            expires_in,
            ..options
        };
        self.0.set(self.key(key), record, options)
    }

    fn delete<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        if self.1 == Fault::DeletesNothing {
            return Box::pin(async { Ok(()) });
        }
        self.0.delete(self.key(key))
    }

    fn clear<'a>(&'a self, prefix: &'a str) -> Option<StoreFuture<'a, ()>> {
        let cut = self.1 == Fault::ClearsTooMuch;
        self.0.clear(if cut {
            &prefix[..prefix.len() - 1]
        } else {
            prefix
        })
    }

    fn keys<'a>(&'a self, prefix: &'a str) -> Option<StoreFuture<'a, Vec<String>>> {
        let cut = self.1 == Fault::ListsTooMuch && !prefix.is_empty();
        self.0.keys(if cut {
            &prefix[..prefix.len() - 1]
        } else {
            prefix
        })
    }
}

#[test]
fn faults_are_found() {
    let faults = [
        (Fault::CutsKeys, "keys that look alike are different keys"),
        (Fault::CutsRecords, "a record comes back as it was"),
        (Fault::EndsEarly, "a record does not end early"),
        (Fault::NeverEnds, "a record ends when it should"),
        (
            Fault::DeletesNothing,
            "delete drops one key and leaves the others",
        ),
        (
            Fault::ClearsTooMuch,
            "clear drops all that begin so, and leaves the others",
        ),
        (
            Fault::ListsTooMuch,
            "keys gives all that begin so, as they were given, and no others",
        ),
    ];
    for (fault, requirement) in faults {
        let host = Virtual::new();
        let store = Faulty(MapStore::new(host.clone()), fault);
        let found = violations(&host, store);
        assert!(found.contains(requirement), "{requirement}: {found:?}");
    }
}
