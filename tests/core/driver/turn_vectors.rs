//! Plays the vectors of turns in a bulkhead, `tests/vectors/turns/bulkhead.json`. The same run against
//! the npm package in `tests/package/js/bulkhead.test.mjs`.

use holdover::guard::bulkhead::{Bulkhead, BulkheadOptions, Ticket, Turn};
use holdover::time::{Span, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;

const LEASE: Span = Span::from_millis(5_000);
const PATIENCE: Span = Span::from_millis(3_000);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    concurrency: u32,
    queue: u32,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    at: u64,
    enter: Option<String>,
    look: Option<String>,
    leave: Option<String>,
    #[serde(default)]
    gives: Value,
}

fn play(vector: Vector) {
    let Vector {
        name,
        concurrency,
        queue,
        steps,
    } = vector;
    let mut bulkhead = Bulkhead::compile(&BulkheadOptions { concurrency, queue }).unwrap();
    let mut tickets: HashMap<String, Ticket> = HashMap::new();
    for step in steps {
        let now = Timestamp::from_millis(step.at);
        let gives = match (step.enter, step.look, step.leave) {
            (Some(load), None, None) => {
                let ticket = bulkhead.enter(LEASE, PATIENCE, now);
                tickets.extend(ticket.map(|ticket| (load, ticket)));
                json!(ticket.is_some())
            }
            (None, Some(load), None) => match bulkhead.look(tickets[&load], LEASE, now) {
                Turn::Runs => json!("runs"),
                Turn::Over => json!("over"),
                Turn::Waits(until) => json!(until.since(now).as_millis()),
            },
            (None, None, Some(load)) => {
                bulkhead.leave(tickets[&load], now);
                Value::Null
            }
            _ => panic!("{name}: a step does one thing"),
        };
        assert_eq!(gives, step.gives, "{name}, at {}", step.at);
        bulkhead.assert_invariants();
    }
}

#[test]
fn turns_are_as_their_vectors_say() {
    let text = include_str!("../../vectors/turns/bulkhead.json");
    let vectors: Vec<Vector> = serde_json::from_str(text).unwrap();
    assert!(vectors.len() > 3);
    vectors.into_iter().for_each(play);
}
