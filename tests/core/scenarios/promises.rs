//! What must hold of every scenario, said of what callers saw and the origin did.

use crate::playing::check::answer_of;
use crate::playing::play::Expectation;
use crate::playing::stage::{Answer, Stage};
use serde_json::Value;

/// A caller and what it got.
struct Seen<'a> {
    step: usize,
    key: &'a str,
    /// When it asked.
    asked: u64,
    what: &'a str,
    answer: Option<Answer>,
}

impl Seen<'_> {
    fn value(&self) -> Option<&str> {
        self.answer.as_ref()?.result.as_ref().ok()?.as_str()
    }
}

/// Every promise that is broken, a line each.
pub(crate) fn broken(scenario: &Value, stage: &Stage, answers: &[Expectation]) -> Vec<String> {
    let seen: Vec<Seen<'_>> = answers
        .iter()
        .map(|expectation| Seen {
            step: expectation.step,
            key: key_of(&scenario["steps"][expectation.step]),
            asked: expectation.at,
            what: &expectation.what,
            answer: answer_of(stage, expectation),
        })
        .collect();
    let policy = &scenario["policy"];
    let mut wrong = Vec::new();
    for seen in &seen {
        wrong.extend(too_late(policy, seen));
        wrong.extend(too_old(policy, seen));
        wrong.extend(not_its_own(scenario, stage, seen));
    }
    wrong.extend(too_often(policy, &seen));
    wrong.extend(too_many(policy, stage));
    wrong
}

fn key_of(step: &Value) -> &str {
    let names = ["call", "refresh", "peek"];
    let key = names.iter().find_map(|name| step.get(*name)?.as_str());
    key.unwrap_or("")
}

fn number(policy: &Value, name: &str) -> Option<u64> {
    policy.get(name)?.as_u64()
}

/// With a timeout every call has an answer by then.
fn too_late(policy: &Value, seen: &Seen<'_>) -> Option<String> {
    let timeout = number(policy, "timeout")?;
    let rejecting = policy["rateLimit"]
        .get("onReject")
        .map_or(0, |script| script["after"].as_u64().unwrap_or(0));
    let deadline = seen.asked + timeout + rejecting;
    let late = seen
        .answer
        .as_ref()
        .is_none_or(|answer| answer.at > deadline);
    late.then(|| format!("step {}: no answer by its deadline, {deadline}", seen.step))
}

/// Nothing that answers is older than the policy says it may be.
fn too_old(policy: &Value, seen: &Seen<'_>) -> Option<String> {
    let answer = seen.answer.as_ref().filter(|_| seen.what == "call")?;
    let negative = number(policy, "negativeTtl");
    let own = negative.filter(|_| answer.result.as_ref().is_ok_and(Value::is_null));
    let ttl = own.or_else(|| number(policy, "ttl"))?;
    let window = |name: &str| number(policy, name).unwrap_or(0);
    let most = match answer.source? {
        "hit" | "negative" => ttl,
        "stale" => ttl + window("staleWhileRevalidate"),
        "failover" | "error-fallback" => {
            ttl + window("staleWhileRevalidate").max(window("staleIfError"))
        }
        _ => return None,
    };
    // What `onReject` says has no age.
    let said = answer
        .result
        .as_ref()
        .is_ok_and(|value| value == "rejected");
    let old = !said && answer.age >= most;
    old.then(|| format!("step {}: {} is older than {most}", seen.step, answer.age))
}

/// Each value is of the key that was asked for, and not from before the last invalidation or write
/// of that key.
fn not_its_own(scenario: &Value, stage: &Stage, seen: &Seen<'_>) -> Option<String> {
    let nth: usize = seen.value()?.strip_prefix('v')?.parse().ok()?;
    let load = &stage.loads()[nth];
    if load.key != seen.key {
        return Some(format!(
            "step {}: {}'s value for {}",
            seen.step, load.key, seen.key
        ));
    }
    let steps = scenario["steps"].as_array()?;
    // A call may still wait for a load that began before a write; nobody is served it later.
    let waited = matches!(seen.answer.as_ref()?.source, Some("load" | "coalesced"));
    let is_barrier =
        |step: &&Value| step["invalidate"] == seen.key || (!waited && step["set"] == seen.key);
    let barrier = steps[..seen.step].iter().rev().find(is_barrier)?;
    let after = barrier["at"].as_u64()?;
    (load.began < after).then(|| {
        format!(
            "step {}: v{nth} undoes an invalidation or a write",
            seen.step
        )
    })
}

/// No value is served more often than `hits` allows.
fn too_often(policy: &Value, seen: &[Seen<'_>]) -> Vec<String> {
    let Some(max) = policy["hits"]["max"].as_u64() else {
        return Vec::new();
    };
    let hits = seen.iter().filter(|seen| {
        seen.answer
            .as_ref()
            .is_some_and(|answer| answer.source == Some("hit"))
    });
    let values: Vec<&str> = hits.filter_map(Seen::value).collect();
    let count = |value: &&str| values.iter().filter(|other| *other == value).count() as u64;
    let first = |at: usize| !values[..at].contains(&values[at]);
    let distinct = (0..values.len())
        .filter(|&at| first(at))
        .map(|at| values[at]);
    distinct
        .filter(|value| count(value) > max)
        .map(|value| format!("{value} was served more than {max} times"))
        .collect()
}

/// A sliding limit has no more loads in any of its periods.
fn too_many(policy: &Value, stage: &Stage) -> Option<String> {
    let limit = policy.get("rateLimit")?;
    if limit["algorithm"] != "sliding" || limit["count"] == "calls" {
        return None;
    }
    let (most, period) = (limit["limit"].as_u64()?, limit["period"].as_u64()?);
    let loads = &stage.loads();
    let crowded = loads.iter().find(|last| {
        let recent = loads
            .iter()
            .filter(|load| load.began <= last.began && load.began + period > last.began);
        recent.count() as u64 > most
    });
    crowded.map(|last| {
        format!(
            "more than {most} loads in the {period} ms up to {}",
            last.began
        )
    })
}
