//! Plays the vectors of tiers, `tests/vectors/tiers/*.json`. The same run against the npm package in
//! `tests/package/js/tier-vectors.test.mjs`.

use crate::scripted::{Script, Scripted};
use crate::support::ms;
use holdover::driver::testing::Virtual;
use holdover::driver::{Cache, Stores};
use holdover::time::Span;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Vector {
    name: String,
    tier: Script,
    can: Vec<String>,
    steps: Vec<Step>,
    asked: Vec<String>,
    has: BTreeMap<String, u64>,
    until: Option<u64>,
}

impl Default for Vector {
    fn default() -> Self {
        Self {
            name: String::new(),
            tier: Script::new(),
            can: vec![String::from("clear")],
            steps: Vec::new(),
            asked: Vec::new(),
            has: BTreeMap::new(),
            until: None,
        }
    }
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    at: u64,
    set: Option<String>,
    value: Option<u64>,
    delete: Option<String>,
    clear: Option<bool>,
    get: Option<String>,
    settled: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Versioned {
    v: u64,
}

type Versions = Cache<String, Versioned, ()>;

/// Does what a step says; gives what it brought.
async fn perform(cache: Versions, step: Step) -> Option<u64> {
    if let Some(key) = step.get {
        return cache.get(&key).await.map(|value| value.v);
    }
    if let Some(key) = step.set {
        let value = Versioned {
            v: step.value.expect("a value"),
        };
        cache.set(&key, value, Span::from_secs(3600)).await;
    } else if let Some(key) = step.delete {
        cache.invalidate(&key).await;
    } else {
        assert_eq!(step.clear, Some(true), "it is nothing else");
        cache.clear().await;
    }
    None
}

/// By step: when it settled, and what it brought.
type Settled = Arc<Mutex<Vec<Option<(u64, Option<u64>)>>>>;

fn play(vector: Vector) {
    let Vector {
        name,
        tier,
        can,
        steps,
        asked,
        has,
        until,
    } = vector;
    let host = Virtual::new();
    let can: Vec<&str> = can.iter().map(String::as_str).collect();
    let store = Scripted::new(&host, tier, &can);
    let stores = Stores::json(String::clone).store(store.clone());
    let cache = Versions::builder(host.clone())
        .max_entries(0)
        .stores(stores)
        .build();
    let settled: Settled = Arc::new(Mutex::new(vec![None; steps.len()]));
    for (nth, step) in steps.iter().cloned().enumerate() {
        host.advance(ms(step.at).minus(host.elapsed()));
        let (settled, cache, clock) = (Arc::clone(&settled), cache.clone(), host.clone());
        host.start(async move {
            let brought = perform(cache, step).await;
            settled.lock().unwrap()[nth] = Some((clock.elapsed().as_millis(), brought));
        });
        host.advance(Span::ZERO);
    }
    let end = until.unwrap_or(steps.last().expect("a step").at + 1000);
    host.advance(ms(end).minus(host.elapsed()));
    let expected = steps.iter().map(|step| {
        let value = step.value.filter(|_| step.get.is_some());
        Some((step.settled.unwrap_or(step.at), value))
    });
    let expected: Vec<_> = expected.collect();
    assert_eq!(
        *settled.lock().unwrap(),
        expected,
        "{name}: when steps settled, and with what"
    );
    assert_eq!(
        *store.asked.lock().unwrap(),
        asked,
        "{name}: what was asked"
    );
    let records = store.records.lock().unwrap();
    let left: BTreeMap<String, u64> = records
        .iter()
        .map(|(key, record)| {
            let (_, value_at) = holdover::record::decode(record).expect("a record");
            let value: Versioned = serde_json::from_slice(&record[value_at..]).expect("a value");
            (key.clone(), value.v)
        })
        .collect();
    assert_eq!(left, has, "{name}: what the store has");
}

#[test]
fn tiers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/tiers");
    let mut played = 0;
    for file in std::fs::read_dir(folder).expect("a folder") {
        let path = file.expect("a file").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let vectors: Vec<Vector> = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for vector in vectors {
            play(vector);
            played += 1;
        }
    }
    assert!(played >= 17, "only {played} were found");
}
