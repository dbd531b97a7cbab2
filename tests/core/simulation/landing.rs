//! How loads end, and what that means for those who wait.

use super::driver::{Driver, Failure, Outcome, undefined};
use super::origin::Ending;
use super::timeline::{CallerId, Event, FlightId};
use holdover::call::{self, Brought, Instead, Landed};
use holdover::guard::Outcome as Went;
use holdover::strategy::lifetime::Facts;
use serde_json::{Value, json};

impl Driver {
    /// Does what is due up to `limit`, then moves time there.
    pub(crate) fn run_to(&mut self, limit: u64) {
        while let Some(event) = self.timeline.next(limit) {
            if self.callers[self.owner_of(event)].gone {
                continue;
            }
            match event {
                Event::Lands(flight) => self.lands(flight),
                Event::Rejects(flight) => self.rejects(flight),
                Event::TimesOut(flight) => self.times_out(flight),
                Event::FailsOver(caller, waits) => self.fails_over(caller, waits),
                Event::LeaseEnds(caller, waits) => self.lease_ends(caller, waits),
            }
        }
        self.timeline.move_to(limit);
    }

    fn owner_of(&self, event: Event) -> CallerId {
        match event {
            Event::Lands(flight) | Event::Rejects(flight) | Event::TimesOut(flight) => {
                self.flights[flight].leader
            }
            Event::FailsOver(caller, _) | Event::LeaseEnds(caller, _) => caller,
        }
    }

    /// The host drops a caller's request, with every timer and load of it.
    pub(crate) fn vanish(&mut self, caller: CallerId) {
        self.callers[caller].gone = true;
    }

    /// A caller's own signal is aborted: it alone stops waiting.
    pub(crate) fn abort(&mut self, caller: CallerId) {
        let Some((flight, _)) = self.callers[caller].waiting else {
            return;
        };
        self.leave(caller, flight);
        self.reject(caller, Failure::of(json!("aborted")));
        if self.flights[flight].waiters.is_empty() {
            self.abandon(flight);
        }
    }

    fn abandon(&mut self, id: FlightId) {
        let flight = &mut self.flights[id];
        if flight.anchored || flight.over {
            return;
        }
        flight.over = true;
        self.record(id, Went::Ignored);
        self.end_without_storing(id);
        self.abort_load(id, json!("aborted"));
    }

    fn abort_load(&mut self, id: FlightId, reason: Value) {
        let flight = &mut self.flights[id];
        let Some(number) = flight.number else { return };
        let load = &mut self.origin.loads[number];
        if load.aborted.is_some() {
            return;
        }
        load.aborted = Some(self.timeline.now());
        if flight.load.stops_on_abort {
            flight.load.value = None;
            flight.load.error = Some(reason);
            self.timeline.soon(Event::Lands(id));
        }
    }

    pub(super) fn lands(&mut self, id: FlightId) {
        let flight = &mut self.flights[id];
        if flight.landed {
            return;
        }
        flight.landed = true;
        let outcome = match flight.load.ending().expect("it does not hang") {
            Ending::Value(value) => self.succeeds(id, value),
            Ending::Error(error) => self.fails(id, Failure::of(error)),
        };
        self.tell(id, &outcome);
    }

    fn succeeds(&mut self, id: FlightId, value: Value) -> Outcome {
        if self.rules.is_failure(&value) {
            let failure = Failure {
                result: Some(value),
                ..Failure::of(undefined())
            };
            return self.fails(id, failure);
        }
        self.record(id, Went::Success);
        self.flights[id].over = true;
        let ttl = self.flights[id].ttl;
        let stored = self.rules.is_stored(&value);
        match self.rules.facts_of(&value, ttl) {
            Some(facts) if stored => self.store(id, Ok(value.clone()), facts),
            _ => self.end_without_storing(id),
        }
        Outcome::Value(value)
    }

    fn store(&mut self, id: FlightId, content: Result<Value, Value>, facts: Facts) {
        let flight = &self.flights[id];
        let (key, fence) = (flight.key.clone(), flight.fence);
        let brought = Brought {
            facts,
            size: 0,
            roll: self.roll,
            may_be_below: false,
        };
        let known = self.slots.get(&key).copied();
        let now = self.timeline.wall();
        let policy = self.policy;
        let (landed, _) = self.machine.landed(known, fence, policy, &brought, now);
        if let Some(place) = known.and_then(|slot| self.places.get_mut(&slot))
            && place.flight == Some(id)
        {
            place.flight = None;
        }
        if landed == Landed::Outdated {
            self.drain();
        } else {
            self.keep(&key, landed, content);
        }
    }

    fn fails(&mut self, id: FlightId, failure: Failure) -> Outcome {
        let flight = &mut self.flights[id];
        if flight.over {
            return Outcome::Failed(failure, None);
        }
        flight.over = true;
        flight.failure = Some(failure.clone());
        let (fence, background) = (flight.fence, flight.background);
        let counts = self.rules.counts(failure.cause());
        self.record(id, if counts { Went::Failure } else { Went::Ignored });
        let facts = call::Failure {
            may_stand_in: background || self.rules.may_stand_in(failure.cause()),
            is_memorable: failure.result.is_none(),
            ..call::Failure::default()
        };
        let (slot, now) = (self.slot_of(id), self.timeline.wall());
        let instead = self.machine.failed(slot, fence, self.policy, &facts, now);
        let held = self.value_of(instead, slot);
        self.drain();
        if instead == Instead::Remembered {
            self.remember(id, &failure.error);
        }
        Outcome::Failed(failure, held)
    }

    /// Keeps a failure for `errorTtl`.
    fn remember(&mut self, id: FlightId, error: &Value) {
        if let Some(facts) = self.rules.facts_of_failure(error) {
            self.store(id, Err(error.clone()), facts);
        }
    }

    fn end_without_storing(&mut self, id: FlightId) {
        let flight = &self.flights[id];
        let slot = self.slots.get(&flight.key).copied();
        self.machine.cancelled(slot, flight.fence);
        self.drain();
    }

    fn times_out(&mut self, id: FlightId) {
        if self.flights[id].landed {
            return;
        }
        let outcome = self.fails(id, Failure::of(json!("E_TIMEOUT")));
        self.tell(id, &outcome);
        self.abort_load(id, json!("E_TIMEOUT"));
    }

    /// Tells everybody who waits; only the first outcome counts.
    pub(super) fn tell(&mut self, id: FlightId, outcome: &Outcome) {
        let flight = &mut self.flights[id];
        if flight.outcome.is_some() {
            return;
        }
        flight.outcome = Some(outcome.clone());
        for caller in std::mem::take(&mut flight.waiters) {
            self.conclude(caller, outcome);
        }
    }

    pub(super) fn conclude(&mut self, caller: CallerId, outcome: &Outcome) {
        let leads = self.callers[caller].waiting.take().expect("waiting").1;
        let source = |own| if leads { own } else { "coalesced" };
        match outcome {
            Outcome::Value(value) => self.answer(caller, value.clone(), source("load"), None),
            Outcome::Instead(value, failure) => {
                let source = source("error-fallback");
                self.answer(caller, value.clone(), source, Some(failure));
            }
            Outcome::Failed(failure, Some(held)) if self.may_fall_back(caller, failure) => {
                self.machine.count_error_fallback(self.policy);
                self.answer(caller, held.clone(), "error-fallback", Some(failure));
            }
            Outcome::Failed(failure, _) => match &failure.result {
                Some(result) => self.answer(caller, result.clone(), source("load"), None),
                None => self.reject(caller, failure.clone()),
            },
        }
    }

    fn may_fall_back(&self, caller: CallerId, failure: &Failure) -> bool {
        !self.callers[caller].no_fallback && self.rules.may_stand_in(failure.cause())
    }

    fn fails_over(&mut self, caller: CallerId, waits: u32) {
        let Some(flight) = self.wait_of(caller, waits) else {
            return;
        };
        let now = self.timeline.wall();
        let slot = self.slots.get(&self.callers[caller].key).copied();
        let Some(slot) = slot.filter(|&slot| self.machine.fails_over(slot, now)) else {
            return;
        };
        let Ok(value) = self.places[&slot].content.clone() else {
            return;
        };
        self.machine.count_failover(self.policy);
        self.flights[flight].anchored = true;
        self.leave(caller, flight);
        self.answer(caller, value, "failover", None);
    }

    fn lease_ends(&mut self, caller: CallerId, waits: u32) {
        if let Some(flight) = self.wait_of(caller, waits) {
            self.leave(caller, flight);
            self.begin(caller);
        }
    }

    fn leave(&mut self, caller: CallerId, flight: FlightId) {
        self.callers[caller].waiting = None;
        self.flights[flight]
            .waiters
            .retain(|&waiter| waiter != caller);
    }
}
