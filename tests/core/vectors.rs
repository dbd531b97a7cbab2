//! Plays every scenario vector of `tests/vectors/*.json` against the call machine, driven in
//! virtual time. The same vectors run against the npm package in `tests/package/js/vectors.test.mjs`.

mod playing;
mod scenarios;
mod seeds;

use playing::file::{Outcome, play_file, vectors_of};
use std::collections::BTreeSet;
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

fn read(topic: &str) -> String {
    let path = folder().join(topic).with_extension("json");
    std::fs::read_to_string(&path).expect("a readable file")
}

/// Plays a file; prints each vector's name, and fails with all that went wrong in any of them.
fn play_all(topic: &str) {
    let mut failures = Vec::new();
    let mut count = 0;
    for (isolated, note) in [(false, ""), (true, ", with isolated requests")] {
        for (name, outcome) in play_file(topic, &read(topic), isolated) {
            count += 1;
            let name = format!("{name}{note}");
            match outcome {
                Outcome::Passed => println!("ok     {topic}: {name}"),
                Outcome::Failed(wrong) => {
                    println!("FAILED {topic}: {name}");
                    failures.push(format!("{name}\n    {wrong}"));
                }
                Outcome::Unplayable => failures.push(format!("{name}: panics do not unwind")),
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
    bulkhead: "bulkhead",
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
    let topics = topics_on_disk();
    for vector in topics
        .iter()
        .flat_map(|topic| vectors_of(topic, &read(topic)))
    {
        assert!(names.insert(vector.name.clone()), "twice: {}", vector.name);
    }
}
