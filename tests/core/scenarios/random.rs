//! Scenarios at random: policies, origins and steps, as vectors write them.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// An option and what it may be; absent half of the time.
fn option(name: &'static str, values: Vec<Value>) -> BoxedStrategy<(&'static str, Option<Value>)> {
    let given = select(values).prop_map(move |value| (name, Some(value)));
    prop_oneof![3 => Just((name, None)), 2 => given].boxed()
}

fn breaker() -> Vec<Value> {
    let usual = json!({ "errorRate": 0.5, "window": 200, "minCalls": 2, "openFor": 60 });
    let mut two = usual.clone();
    two["halfOpenCalls"] = json!(2);
    let mut own = usual.clone();
    own["scope"] = json!("key");
    vec![usual, two, own]
}

fn limits() -> Vec<Value> {
    vec![
        json!({ "limit": 2, "period": 80 }),
        json!({ "limit": 1, "period": 30, "ban": 90 }),
        json!({ "limit": 2, "period": 80, "algorithm": "sliding" }),
        json!({ "limit": 1, "period": 30, "scope": "key", "onReject": { "value": "rejected", "after": 3 } }),
        json!({ "limit": 4, "period": 60, "count": "calls" }),
    ]
}

fn policy() -> impl Strategy<Value = Value> {
    let ttl = select(vec![
        json!(0),
        json!(20),
        json!(50),
        json!(200),
        json!({ "$": "Infinity" }),
    ]);
    let options = vec![
        option("staleWhileRevalidate", vec![json!(30), json!(1000)]),
        option("staleIfError", vec![json!(60), json!(2000)]),
        option("timeout", vec![json!(25), json!(60)]),
        option("failoverAfter", vec![json!(5), json!(20)]),
        option("retryAfter", vec![json!(0), json!(15)]),
        option("mode", vec![json!("origin-first")]),
        option(
            "early",
            vec![json!(true), json!({ "after": 10 }), json!({ "beta": 3 })],
        ),
        option(
            "hits",
            vec![json!({ "max": 2 }), json!({ "max": 3, "refreshAt": 2 })],
        ),
        option("jitter", vec![json!(0.5)]),
        option("negativeTtl", vec![json!(0), json!(10)]),
        option(
            "errorTtl",
            vec![json!(10), json!({ "by": [["gone", 40]], "else": 0 })],
        ),
        option("staleOn", vec![json!({ "notIn": ["gone"] })]),
        option("cacheIf", vec![json!({ "notIn": ["v3", "v6"] })]),
        option("failIf", vec![json!({ "in": ["v2", "v5"] })]),
        option("singleFlight", vec![json!(false)]),
        option("circuitBreaker", breaker()),
        option("rateLimit", limits()),
        option("slowCalls", vec![json!({ "samples": 2, "openFor": 40 })]),
    ];
    (ttl, options).prop_map(|(ttl, options)| {
        let mut policy = Map::from_iter([("ttl".to_owned(), ttl)]);
        for (name, value) in options {
            policy.extend(value.map(|value| (name.to_owned(), value)));
        }
        Value::Object(policy)
    })
}

/// What the nth load does; its value says which it was.
fn load(nth: usize) -> BoxedStrategy<Value> {
    let after = prop_oneof![2 => Just(0_u64), 3 => 0_u64..50];
    let end = prop_oneof![
        6 => Just(json!({ "value": format!("v{nth}") })),
        1 => Just(json!({ "value": null })),
        2 => Just(json!({ "error": "down" })),
        1 => Just(json!({ "error": "gone" })),
        1 => select(vec![json!({ "hangs": true }), json!({ "error": "down" })]),
    ];
    (after, end)
        .prop_map(|(after, mut load)| {
            if load.get("hangs").is_none() {
                load["after"] = json!(after);
            }
            load
        })
        .boxed()
}

fn step() -> impl Strategy<Value = Value> {
    let key = select(vec!["a", "b"]);
    prop_oneof![
        12 => key.clone().prop_map(|key| json!({ "call": key })),
        1 => key.clone().prop_map(|key| json!({ "refresh": key })),
        1 => key.clone().prop_map(|key| json!({ "invalidate": key })),
        1 => key.prop_map(|key| json!({ "set": key })),
        1 => select(vec![0.0, 0.2, 0.999]).prop_map(|roll| json!({ "roll": roll })),
        1 => (1_i64..300).prop_map(|back| json!({ "clock": -back })),
    ]
}

/// A vector without expectations.
pub(crate) fn scenario() -> impl Strategy<Value = Value> {
    let origin: Vec<_> = (0..60).map(load).collect();
    let gap = prop_oneof![2 => Just(0_u64), 5 => 0_u64..40, 1 => 0_u64..400];
    let steps = prop::collection::vec((gap, step()), 1..40);
    (policy(), origin, steps).prop_map(|(policy, origin, steps)| {
        let mut now = 0;
        let timed = steps.into_iter().enumerate().map(|(nth, (gap, mut step))| {
            now += gap;
            step["at"] = json!(now);
            if step.get("set").is_some() {
                step["value"] = json!(format!("set {nth}"));
            }
            step
        });
        let steps: Vec<Value> = timed.collect();
        json!({
            "name": "a random scenario",
            "rule": "what was answered",
            "policy": policy,
            "origin": origin,
            "steps": steps,
            "until": now + 100_000,
        })
    })
}
