//! Plays a vector: its steps in virtual time, and what callers expect of them.

use super::check;
use super::format::{Expected, StepFields, Times, Vector};
use super::origin::Origin;
use super::stage::{Answer, CallerId, Stage};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// A caller and what it should get.
pub(crate) struct Expectation {
    pub(crate) step: usize,
    pub(crate) what: String,
    pub(crate) at: u64,
    pub(crate) expected: Expected,
    pub(crate) got: Got,
}

/// Where to find what it got.
pub(crate) enum Got {
    Caller(CallerId),
    Now(Box<Answer>),
}

/// Plays `vector`, with requests isolated from each other or not.
///
/// # Errors
/// Everything that differs from what it says, a line each.
pub(crate) fn play(vector: Vector, isolated: bool) -> Result<(), Vec<String>> {
    let told = Told {
        loads: vector.loads.clone(),
        aborts: vector.aborts.clone(),
        stats: vector.stats.clone(),
    };
    let says = |expect: &Option<Expected>| expect.is_some();
    let silent = vector
        .steps
        .iter()
        .find(|step| step.asks() != says(&step.expect));
    assert!(silent.is_none(), "`expect` is wrong or missing: {silent:?}");
    let (stage, expectations) = observe(vector, isolated)?;
    let mut wrong = check::answers(&stage, &expectations);
    check::loads(&stage, &told.loads, &mut wrong);
    check::aborts(&stage, told.aborts.as_ref(), &mut wrong);
    check::stats(&stage, &told.stats, &mut wrong);
    if stage.host.lost_wakes() > 0 {
        wrong.push("a request woke another one".to_owned());
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

struct Told {
    loads: Times<u64>,
    aborts: Option<Times<Option<u64>>>,
    stats: BTreeMap<String, u64>,
}

/// Does what `vector` says, and compares nothing.
///
/// # Errors
/// When its policy cannot be.
pub(crate) fn observe(
    vector: Vector,
    isolated: bool,
) -> Result<(Stage, Vec<Expectation>), Vec<String>> {
    let max_entries = vector.memory.max_entries.unwrap_or(10_000);
    let end = end_of(&vector.steps, &vector.loads, vector.until);
    let origin = Origin::new(vector.origin);
    let stage = Stage::new(
        max_entries,
        vector.policy,
        origin,
        vector.wait_until,
        isolated,
    );
    let mut play = Play {
        stage: stage.map_err(|error| vec![error.to_string()])?,
        named: HashMap::new(),
        expectations: Vec::new(),
    };
    play.steps(vector.steps);
    play.stage.run_to(end);
    Ok((play.stage, play.expectations))
}

/// The last moment that a vector says anything about.
fn end_of(steps: &[StepFields], loads: &Times<u64>, until: u64) -> u64 {
    let expected = |expected: &Option<Expected>| expected.as_ref().and_then(|given| given.at);
    let steps = steps.iter().flat_map(|step| {
        let answers = [expected(&step.expect), expected(&step.others)];
        answers.into_iter().flatten().chain([step.at])
    });
    steps.chain(loads.all()).chain([until]).max().unwrap_or(0)
}

struct Play {
    stage: Stage,
    named: HashMap<String, CallerId>,
    expectations: Vec<Expectation>,
}

impl Play {
    /// Calls that follow each other at the same millisecond are one turn; all else is one alone.
    fn steps(&mut self, steps: Vec<StepFields>) {
        let mut turn = None;
        for (index, step) in steps.into_iter().enumerate() {
            let goes_on = step.call.is_some() && turn == Some(step.at);
            if !goes_on {
                self.stage.run_to(step.at);
            }
            turn = step.call.is_some().then_some(step.at);
            self.step(index, step);
        }
        let now = self.stage.host.elapsed().as_millis();
        self.stage.run_to(now);
    }

    fn step(&mut self, index: usize, step: StepFields) {
        if let Some(call) = &step.call {
            self.calls(index, &label(call), &step);
        } else if let Some(refreshed) = &step.refresh {
            let caller = self.stage.refresh(&label(refreshed));
            self.expect(
                index,
                "refresh",
                &step,
                Got::Caller(caller),
                step.expect.clone(),
            );
        } else if let Some(peeked) = &step.peek {
            let answer = Answer {
                at: step.at,
                result: Ok(self.stage.peek(&label(peeked))),
                source: None,
                age: 0,
                ttl: Value::Null,
                cause: None,
                retry_after: None,
            };
            self.expect(
                index,
                "peek",
                &step,
                Got::Now(Box::new(answer)),
                step.expect.clone(),
            );
        } else if let Some(set) = &step.set {
            let value = step.value.expect("`set` has a `value`");
            self.stage.set(&label(set), value);
        } else if let Some(dropped) = &step.invalidate {
            self.stage.invalidate(&label(dropped));
        } else if let Some(names) = &step.abort {
            for name in names {
                self.stage.abort(self.named[name]);
            }
        } else if let Some(names) = &step.vanish {
            for name in names {
                self.stage.vanish(self.named[name]);
            }
        } else if let Some(millis) = step.clock {
            self.stage.host.step_clock(millis);
        } else if let Some(roll) = step.roll {
            self.stage.host.set_roll(roll);
        } else {
            panic!("step {index} does nothing");
        }
    }

    fn calls(&mut self, index: usize, key: &str, step: &StepFields) {
        let ttl = step.ttl.map(|ttl| ttl.0);
        for nth in 0..step.callers.unwrap_or(1) {
            let caller = self.stage.call(key, ttl);
            if let Some(name) = &step.named {
                self.named.insert(name.clone(), caller);
            }
            let first = step.expect.clone();
            let expected = match &step.others {
                Some(others) if nth > 0 => Some(others.clone().over(first.unwrap_or_default())),
                _ => first,
            };
            self.expect(index, "call", step, Got::Caller(caller), expected);
        }
    }

    fn expect(
        &mut self,
        step: usize,
        what: &str,
        fields: &StepFields,
        got: Got,
        expected: Option<Expected>,
    ) {
        self.expectations.push(Expectation {
            step,
            what: what.to_owned(),
            at: fields.at,
            expected: expected.unwrap_or_default(),
            got,
        });
    }
}

/// A key as vectors name it: a string as it is, a list of arguments as JSON.
fn label(key: &Value) -> String {
    key.as_str().map_or_else(|| key.to_string(), str::to_owned)
}
