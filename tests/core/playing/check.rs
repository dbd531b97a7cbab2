//! Compares what happened with what a vector says.

use super::format::{Expected, Times};
use super::play::{Expectation, Got};
use super::stage::{Answer, Stage};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What a caller got, if it got anything.
pub(crate) fn answer_of(stage: &Stage, expectation: &Expectation) -> Option<Answer> {
    match &expectation.got {
        Got::Caller(caller) => stage.answer_of(*caller),
        Got::Now(answer) => Some((**answer).clone()),
    }
}

/// What callers got.
pub(crate) fn answers(stage: &Stage, expectations: &[Expectation]) -> Vec<String> {
    let differing = expectations.iter().filter_map(|expectation| {
        let answer = answer_of(stage, expectation);
        let Expectation {
            step,
            what,
            at,
            expected,
            ..
        } = expectation;
        let differences = differences(expected, *at, what == "call", answer.as_ref());
        (!differences.is_empty())
            .then(|| format!("step {step} ({what} at {at}): {}", differences.join("; ")))
    });
    differing.collect()
}

fn differences(
    expected: &Expected,
    at: u64,
    is_call: bool,
    answer: Option<&Answer>,
) -> Vec<String> {
    let Some(answer) = answer else {
        let missing = (!expected.pending).then(|| "has no answer".to_owned());
        return missing.into_iter().collect();
    };
    let mut all = Vec::new();
    let mut compare = |name: &str, want: Value, got: Value| {
        if want != got {
            all.push(format!("{name} should be {want}, is {got}"));
        }
    };
    compare("pending", json!(expected.pending), json!(false));
    compare(
        "settled at",
        json!(expected.at.unwrap_or(at)),
        json!(answer.at),
    );
    let wanted = match (&expected.value, &expected.error) {
        (Some(value), None) => json!({ "value": value }),
        (None, Some(error)) => json!({ "error": error }),
        _ => json!("either value or error in `expect`"),
    };
    let got = match &answer.result {
        Ok(value) => json!({ "value": value }),
        Err(error) => json!({ "error": error }),
    };
    compare("result", wanted, got);
    if is_call {
        compare("source", json!(expected.source), json!(answer.source));
    }
    if let Some(age) = &expected.age {
        compare("age", age.clone(), json!(answer.age));
    }
    if let Some(ttl) = &expected.ttl {
        compare("ttl", ttl.clone(), answer.ttl.clone());
    }
    if expected.cause.is_some() {
        compare("cause", json!(expected.cause), json!(answer.cause));
    }
    if let Some(retry_after) = expected.retry_after {
        compare("retryAfter", json!(retry_after), json!(answer.retry_after));
    }
    all
}

/// When loads began.
pub(crate) fn loads(stage: &Stage, expected: &Times<u64>, wrong: &mut Vec<String>) {
    let loads = stage.loads();
    if let Some(load) = loads.iter().find(|load| load.unexpected) {
        wrong.push(format!(
            "the origin's script has no load of {} at {}",
            load.key, load.began
        ));
    }
    let began: Vec<_> = loads.iter().map(|load| (&load.key, load.began)).collect();
    compare("loads", &began, expected, wrong);
}

/// When loads were aborted; if nothing is said, none was.
pub(crate) fn aborts(
    stage: &Stage,
    expected: Option<&Times<Option<u64>>>,
    wrong: &mut Vec<String>,
) {
    let loads = stage.loads();
    let aborted: Vec<_> = loads.iter().map(|load| (&load.key, load.aborted)).collect();
    match expected {
        Some(expected) => compare("aborts", &aborted, expected, wrong),
        None if aborted.iter().any(|(_, at)| at.is_some()) => {
            wrong.push(format!("loads were aborted: {aborted:?}"));
        }
        None => {}
    }
}

fn compare<T: Copy + PartialEq + std::fmt::Debug>(
    name: &str,
    got: &[(&String, T)],
    expected: &Times<T>,
    wrong: &mut Vec<String>,
) {
    let same = match expected {
        Times::All(list) => got.iter().map(|(_, at)| *at).eq(list.iter().copied()),
        Times::ByKey(keys) => {
            let mut by_key: BTreeMap<String, Vec<T>> = BTreeMap::new();
            for (key, at) in got {
                by_key.entry((*key).clone()).or_default().push(*at);
            }
            by_key == *keys
        }
    };
    if !same {
        wrong.push(format!("{name} should be {expected:?}, are {got:?}"));
    }
}

/// What was counted.
pub(crate) fn stats(stage: &Stage, expected: &BTreeMap<String, u64>, wrong: &mut Vec<String>) {
    for (name, &count) in expected {
        let got = stage.count(name);
        if got != Some(count) {
            wrong.push(format!("stats.{name} should be {count}, is {got:?}"));
        }
    }
}
