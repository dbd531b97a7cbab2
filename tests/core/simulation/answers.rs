//! What callers are answered, and what is known of the entry then.

use super::driver::{Answer, Driver, Failure};
use super::timeline::CallerId;
use holdover::memory::SlotId;
use serde_json::{Value, json};

impl Driver {
    /// Answers a caller with a value; `failure` is why it is not the origin's.
    pub(super) fn answer(
        &mut self,
        caller: CallerId,
        value: Value,
        source: &'static str,
        failure: Option<&Failure>,
    ) {
        let (age, ttl) = self.times_of(caller, source, &value);
        self.settle(
            caller,
            Answer {
                at: self.timeline.now(),
                result: Ok(value),
                source: Some(source),
                age,
                ttl,
                cause: failure.map(|failure| failure.cause().clone()),
                retry_after: failure.and_then(|failure| failure.retry_after),
            },
        );
    }

    /// Has a caller's call fail.
    pub(super) fn reject(&mut self, caller: CallerId, failure: Failure) {
        self.settle(
            caller,
            Answer {
                at: self.timeline.now(),
                result: Err(failure.error),
                source: None,
                age: 0,
                ttl: json!(0),
                cause: None,
                retry_after: failure.retry_after,
            },
        );
    }

    fn settle(&mut self, caller: CallerId, answer: Answer) {
        if !self.callers[caller].gone {
            self.callers[caller].answer = Some(answer);
        }
    }

    /// The age of the entry that answered and what is left of its ttl; zeros if none did: what was
    /// loaded need not have been stored.
    fn times_of(&mut self, caller: CallerId, source: &str, value: &Value) -> (u64, Value) {
        let slot = self.slots.get(&self.callers[caller].key).copied();
        let is_loaded = matches!(source, "load" | "coalesced");
        let is_its = |slot: &SlotId| {
            let content = &self.places[slot].content;
            !is_loaded || content.as_ref() == Ok(value)
        };
        let now = self.timeline.wall();
        let Some(slot) = slot.filter(is_its) else {
            return (0, json!(0));
        };
        let (Some(age), Some(ttl)) = (self.machine.age(slot, now), self.machine.ttl(slot)) else {
            return (0, json!(0));
        };
        let age = age.as_millis();
        if ttl.is_forever() {
            return (age, json!({ "$": "Infinity" }));
        }
        let left = i128::from(ttl.as_millis()) - i128::from(age);
        (age, json!(i64::try_from(left).expect("a short time")))
    }
}
