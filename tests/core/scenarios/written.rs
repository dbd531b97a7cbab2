//! A scenario as a vector: what was answered becomes what is expected.

use crate::playing::check::answer_of;
use crate::playing::play::Expectation;
use crate::playing::stage::{Answer, Stage};
use serde_json::{Value, json};

/// The scenario with its expectations.
pub(crate) fn as_vector(scenario: &Value, stage: &Stage, answers: &[Expectation]) -> Value {
    let mut vector = scenario.clone();
    for expectation in answers {
        let answer = answer_of(stage, expectation);
        vector["steps"][expectation.step]["expect"] = expected(expectation, answer.as_ref());
    }
    let loads: Vec<u64> = stage.loads().iter().map(|load| load.began).collect();
    let aborts: Vec<_> = stage.loads().iter().map(|load| load.aborted).collect();
    vector["loads"] = json!(loads);
    vector["aborts"] = json!(aborts);
    if let Some(origin) = vector["origin"].as_array_mut() {
        origin.truncate(loads.len());
    }
    vector
}

fn expected(expectation: &Expectation, answer: Option<&Answer>) -> Value {
    let Some(answer) = answer else {
        return json!({ "pending": true });
    };
    let mut expected = match &answer.result {
        Ok(value) => json!({ "value": value }),
        Err(error) => json!({ "error": error }),
    };
    if answer.at != expectation.at {
        expected["at"] = json!(answer.at);
    }
    let explained = expectation.what == "call" || answer.result.is_err();
    if let Some(retry_after) = answer.retry_after.filter(|_| explained) {
        expected["retryAfter"] = json!(retry_after);
    }
    if expectation.what == "call" && answer.result.is_ok() {
        expected["source"] = json!(answer.source);
        expected["age"] = json!(answer.age);
        expected["ttl"] = answer.ttl.clone();
        if let Some(cause) = &answer.cause {
            expected["cause"] = cause.clone();
        }
    }
    expected
}
