//! Plays every scenario vector of `tests/vectors/*.json` against the call machine, driven in
//! virtual time. The same vectors run against the npm package in `tests/package/js/vectors.test.mjs`.

mod playing;
mod scenarios;
mod seeds;

use playing::format::Vector;
use playing::play::play;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

fn topics_on_disk() -> BTreeSet<String> {
    let files = std::fs::read_dir(folder()).expect("tests/vectors");
    files
        .map(|file| file.expect("a readable folder").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect()
}

fn read(topic: &str) -> Vec<Vector> {
    let path = folder().join(topic).with_extension("json");
    let text = std::fs::read_to_string(&path).expect("a readable file");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{topic}.json: {error}"))
}

/// Plays a file; prints each vector's name, and fails with all that went wrong in any of them.
fn play_all(topic: &str) {
    let mut failures = Vec::new();
    let vectors = read(topic);
    let count = vectors.len();
    for vector in vectors {
        let (name, rule) = (vector.name.clone(), vector.rule.clone());
        let played = catch_unwind(AssertUnwindSafe(|| play(vector)))
            .unwrap_or_else(|_| Err(vec!["it panicked, see above".to_owned()]));
        match played {
            Ok(()) => println!("ok     {topic}: {name}"),
            Err(wrong) => {
                println!("FAILED {topic}: {name}");
                failures.push(format!("{name}\n    {rule}\n    {}", wrong.join("\n    ")));
            }
        }
    }
    println!(
        "{} passed, {} failed",
        count - failures.len(),
        failures.len()
    );
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

macro_rules! topics {
    ($($name:ident: $topic:literal,)*) => {
        $(#[test] fn $name() { play_all($topic); })*

        #[test]
        fn every_file_of_vectors_is_played() {
            let played = BTreeSet::from([$($topic.to_owned()),*]);
            assert_eq!(played, topics_on_disk());
        }
    };
}

topics! {
    background: "background",
    circuit_breaker: "circuit-breaker",
    clock: "clock",
    early: "early",
    failover: "failover",
    failures: "failures",
    flights: "flights",
    hits: "hits",
    leases: "leases",
    lifetimes: "lifetimes",
    rate_limit: "rate-limit",
    refresh: "refresh",
    seeds: "seeds",
    slow_calls: "slow-calls",
    states: "states",
    timeout: "timeout",
    values: "values",
    writes: "writes",
}

#[test]
fn no_two_vectors_have_one_name() {
    let mut names = BTreeSet::new();
    for vector in topics_on_disk().iter().flat_map(|topic| read(topic)) {
        assert!(names.insert(vector.name.clone()), "twice: {}", vector.name);
    }
}
