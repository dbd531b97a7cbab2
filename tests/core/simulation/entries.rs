//! Entries without a load: reading, writing and dropping them.

use super::driver::{Driver, Place, undefined};
use holdover::call::{Arrival, Landed};
use holdover::memory::SlotId;
use holdover::strategy::lifetime::lifetime;
use holdover::strategy::ttl::State;
use serde_json::Value;

impl Driver {
    /// The value of a servable entry.
    pub(crate) fn peek(&mut self, key: &str) -> Value {
        let now = self.timeline.wall();
        let Some(&slot) = self.slots.get(key) else {
            return undefined();
        };
        let state = self.machine.state(slot, now);
        let content = self.places[&slot].content.as_ref().ok();
        let held = content.filter(|_| state.is_some_and(State::is_servable));
        held.cloned().unwrap_or_else(undefined)
    }

    /// Stores a value that was not loaded.
    pub(crate) fn set(&mut self, key: &str, value: Value) {
        let known = self.slots.get(key).copied();
        let Some(facts) = self.rules.facts_of(&value, None) else {
            self.invalidate(key);
            return;
        };
        let policy = self.machine.policy(self.policy);
        let lifetime = lifetime(policy, &facts, self.roll);
        let arrival = Arrival { lifetime, size: 0 };
        let now = self.timeline.wall();
        let landed = self.machine.put(known, arrival, now);
        self.keep(key, landed, Ok(value));
    }

    /// Drops an entry.
    pub(crate) fn invalidate(&mut self, key: &str) {
        self.machine.invalidate(self.slots.get(key).copied());
        self.drain();
    }

    pub(super) fn keep(&mut self, key: &str, landed: Landed, content: Result<Value, Value>) {
        if let Landed::Stored(slot) = landed {
            if self.slots.get(key) != Some(&slot) {
                self.adopt(slot, key);
            }
            self.places.get_mut(&slot).expect("adopted").content = content;
        }
        self.drain();
    }

    pub(super) fn adopt(&mut self, slot: SlotId, key: &str) {
        self.slots.insert(key.to_owned(), slot);
        let place = Place {
            key: key.to_owned(),
            content: Ok(undefined()),
            flight: None,
        };
        self.places.insert(slot, place);
    }

    pub(super) fn drain(&mut self) {
        while let Some(dropped) = self.machine.take_dropped() {
            if let Some(place) = self.places.remove(&dropped.slot) {
                self.slots.remove(&place.key);
            }
        }
        self.machine.assert_invariants();
    }
}
