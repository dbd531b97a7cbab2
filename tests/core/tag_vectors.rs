//! Plays the vectors of tags, `tests/vectors/tags/*.json`. The same run against the npm package in
//! `tests/package/js/tag-vectors.test.mjs`.

use holdover::call::CallMachine;
use holdover::fence::Fence;
use holdover::memory::Limits;
use holdover::tags::{Invalidation, Versions, judge};
use holdover::time::Timestamp;
use serde::Deserialize;
use std::collections::HashMap;

fn read<T: for<'de> Deserialize<'de>>(topic: &str) -> Vec<T> {
    let root = env!("CARGO_MANIFEST_DIR");
    let path = format!("{root}/tests/vectors/tags/{topic}.json");
    let text = std::fs::read_to_string(&path).expect("a readable file");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    name: String,
    carried: Vec<(u64, u64)>,
    current: Vec<(u64, u64, u64)>,
    expect: Verdict,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
enum Verdict {
    Good,
    Dead,
    StaleSince(u64),
}

#[test]
fn versions_in_stores() {
    let vectors: Vec<Stored> = read("stored");
    assert!(!vectors.is_empty());
    for vector in vectors {
        let versions = |hard, soft| Versions { hard, soft };
        let carried = vector.carried.into_iter();
        let current = vector.current.into_iter();
        let judged = judge(
            carried.map(|(hard, soft)| versions(hard, soft)),
            current.map(|(hard, soft, at)| (versions(hard, soft), Timestamp::from_millis(at))),
        );
        let verdict = match judged {
            None => Verdict::Good,
            Some(Invalidation::Hard) => Verdict::Dead,
            Some(Invalidation::Soft(at)) => Verdict::StaleSince(at.as_millis()),
        };
        assert_eq!(verdict, vector.expect, "{}", vector.name);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Instance {
    name: String,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Step {
    Begin {
        begin: String,
    },
    Invalidate {
        invalidate: Vec<u64>,
        #[serde(default)]
        soft: bool,
        at: u64,
    },
    Ask {
        of: String,
        tags: Vec<u64>,
        expect: Happened,
    },
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Happened {
    Nothing,
    Soft,
    Hard,
}

#[test]
fn invalidations_in_one_instance() {
    let vectors: Vec<Instance> = read("instance");
    assert!(!vectors.is_empty());
    for Instance { name, steps } in vectors {
        let mut machine = CallMachine::new(Limits {
            max_entries: 10,
            max_bytes: u64::MAX,
        });
        let mut begun: HashMap<String, Fence> = HashMap::new();
        for (nth, step) in steps.into_iter().enumerate() {
            match step {
                Step::Begin { begin } => {
                    begun.insert(begin, machine.tags_latest());
                }
                Step::Invalidate {
                    invalidate,
                    soft,
                    at,
                } => machine.invalidate_tags(&invalidate, soft, Timestamp::from_millis(at)),
                Step::Ask { of, tags, expect } => {
                    let happened = match machine.tags_after(&tags, begun[&of]) {
                        None => Happened::Nothing,
                        Some(Invalidation::Soft(_)) => Happened::Soft,
                        Some(Invalidation::Hard) => Happened::Hard,
                    };
                    assert_eq!(happened, expect, "{name}, step {nth}");
                }
            }
        }
    }
}
