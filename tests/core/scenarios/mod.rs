//! Random scenarios, played by the driver over futures, against promises that need no model.
//!
//! Each run prints its seed; `HOLDOVER_SEED=<number> cargo test --all-features --test vectors
//! scenarios` repeats it. What breaks a promise is made as small as it gets and printed as a vector,
//! with what was answered as its expectations: corrected, named and put below `tests/vectors/` it
//! stays a test.
//!
//! `HOLDOVER_VECTORS=<file>` with the same command also writes a thousand of the scenarios there, as
//! vectors; `tests/package/js/vectors.test.mjs` plays them against the package when it is given the
//! same variable.

mod promises;
mod random;
mod written;

use crate::playing::play::observe;
use crate::seeds::{runner, seed};
use promises::broken;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{TestCaseError, TestRunner};
use serde_json::Value;
use std::cell::Cell;
use written::as_vector;

const CASES: u32 = 6_000;
const SHRINKING: u32 = 5_000;
const WRITTEN: usize = 1_000;

/// What is wrong with a scenario, and the scenario as a vector.
fn play(scenario: &Value) -> Result<(), String> {
    let vector = serde_json::from_value(scenario.clone()).expect("a scenario is a vector");
    let Ok((stage, answers)) = observe(vector, false) else {
        return Ok(()); // options that contradict each other
    };
    let wrong = broken(scenario, &stage, &answers);
    if wrong.is_empty() {
        return Ok(());
    }
    let vector = as_vector(scenario, &stage, &answers);
    let text = serde_json::to_string_pretty(&vector).expect("JSON");
    Err(format!("{}\n{text}", wrong.join("\n")))
}

#[test]
fn every_answer_keeps_its_promises() {
    let seed = seed();
    let steps = Cell::new(0);
    let played = runner(seed, CASES, SHRINKING).run(&random::scenario(), |scenario| {
        steps.set(steps.get() + scenario["steps"].as_array().map_or(0, Vec::len));
        play(&scenario).map_err(TestCaseError::fail)
    });
    println!("{} steps", steps.get());
    if let Err(failure) = played {
        let reason = match failure {
            proptest::test_runner::TestError::Fail(reason, _) => reason.to_string(),
            aborted @ proptest::test_runner::TestError::Abort(_) => aborted.to_string(),
        };
        panic!("HOLDOVER_SEED={seed}\n{reason}");
    }
    if let Some(path) = std::env::var_os("HOLDOVER_VECTORS") {
        write(&mut runner(seed, CASES, SHRINKING), path.as_ref());
    }
}

/// Whether both drivers must give the same answers to the millisecond. A clock that steps back
/// loses what nobody saw of it, and they look at different moments; and of callers who came in one
/// turn and wait for a load that never ends, the package has all wait for the one that takes over.
fn is_comparable(scenario: &Value) -> bool {
    let has = |list: &str, name: &str| {
        let list = scenario[list].as_array().expect("a list");
        list.iter().any(|one| one.get(name).is_some())
    };
    let ends = scenario["policy"].get("timeout").is_some() || !has("origin", "hangs");
    ends && !has("steps", "clock")
}

fn write(runner: &mut TestRunner, path: &std::path::Path) {
    let mut vectors = Vec::new();
    while vectors.len() < WRITTEN {
        let scenario = random::scenario().new_tree(runner).expect("a scenario");
        let scenario = scenario.current();
        if !is_comparable(&scenario) {
            continue;
        }
        let vector = serde_json::from_value(scenario.clone()).expect("a scenario is a vector");
        if let Ok((stage, answers)) = observe(vector, false) {
            let mut vector = as_vector(&scenario, &stage, &answers);
            vector["name"] = format!("random scenario {}", vectors.len()).into();
            vectors.push(vector);
        }
    }
    let text = serde_json::to_string(&vectors).expect("JSON");
    std::fs::write(path, text).expect("a file to write to");
}

/// The promises are worth something: an answer that is too late, too old or another's is found.
#[test]
fn a_broken_promise_is_found() {
    let scenario = serde_json::json!({
        "name": "n", "rule": "r", "policy": { "ttl": 100, "timeout": 50 },
        "origin": [{ "value": "v0", "after": 10 }],
        "steps": [{ "at": 0, "call": "a" }, { "at": 20, "call": "a" }], "until": 100
    });
    let vector = serde_json::from_value(scenario.clone()).expect("a vector");
    let (stage, answers) = observe(vector, false).expect("a policy");
    assert_eq!(broken(&scenario, &stage, &answers), Vec::<String>::new());
    for (change, name) in [
        (serde_json::json!({ "ttl": 5, "timeout": 50 }), "older"),
        (serde_json::json!({ "ttl": 100, "timeout": 5 }), "deadline"),
    ] {
        let mut other = scenario.clone();
        other["policy"] = change;
        let wrong = broken(&other, &stage, &answers);
        assert!(wrong.iter().any(|line| line.contains(name)), "{wrong:?}");
    }
    let mut invalidated = scenario.clone();
    invalidated["steps"] = serde_json::json!([
        { "at": 0, "call": "a" }, { "at": 5, "invalidate": "a" }, { "at": 20, "call": "a" }
    ]);
    let moved: Vec<_> = answers
        .into_iter()
        .map(|mut answer| {
            answer.step *= 2;
            answer
        })
        .collect();
    let wrong = broken(&invalidated, &stage, &moved);
    assert!(
        wrong.iter().any(|line| line.contains("invalidation")),
        "{wrong:?}"
    );
}
