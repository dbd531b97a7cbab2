//! Plays a file of vectors.

use super::duration::DurationOf;
use super::format::{PolicyFields, Predicate, Vector};
use super::play::play;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The end of one vector.
pub(crate) enum Outcome {
    Passed,
    /// Everything that went wrong.
    Failed(String),
    /// A function of its policy panics, which no program outlives where panics do not unwind.
    Unplayable,
}

/// Reads the vectors of a file.
pub(crate) fn vectors_of(topic: &str, text: &str) -> Vec<Vector> {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{topic}.json: {error}"))
}

/// True for what can be where requests are isolated: their loads are anchored, so none ends because
/// its callers leave.
fn may_be_isolated(vector: &Vector) -> bool {
    vector.wait_until || vector.steps.iter().all(|step| step.abort.is_none())
}

/// Plays each vector of a file, with requests isolated or not; gives its name and its end.
pub(crate) fn play_file(topic: &str, text: &str, isolated: bool) -> Vec<(String, Outcome)> {
    let vectors = vectors_of(topic, text).into_iter();
    let vectors = vectors.filter(|vector| !isolated || may_be_isolated(vector));
    vectors
        .map(|vector| (vector.name.clone(), end_of(vector, isolated)))
        .collect()
}

fn end_of(vector: Vector, isolated: bool) -> Outcome {
    if cfg!(panic = "abort") && panics(&vector.policy) {
        return Outcome::Unplayable;
    }
    let rule = vector.rule.clone();
    let played = catch_unwind(AssertUnwindSafe(|| play(vector, isolated)))
        .unwrap_or_else(|_| Err(vec!["it panicked, see above".to_owned()]));
    match played {
        Ok(()) => Outcome::Passed,
        Err(wrong) => Outcome::Failed(format!("{rule}\n    {}", wrong.join("\n    "))),
    }
}

/// True if a function of the policy panics: where JavaScript's throws, or gives no duration.
fn panics(policy: &PolicyFields) -> bool {
    let breaker = policy.circuit_breaker.as_ref();
    let judges = [
        policy.stale_on.as_ref(),
        policy.fail_if.as_ref(),
        policy.cache_if.as_ref(),
        breaker.and_then(|guard| guard.count_if.as_ref()),
    ];
    let spans = [Some(&policy.ttl), policy.error_ttl.as_ref()];
    judges
        .into_iter()
        .flatten()
        .any(|judge| matches!(judge, Predicate::Throws))
        || spans.into_iter().flatten().any(DurationOf::may_fail)
}
