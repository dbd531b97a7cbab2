//! How loads end, and what that means for those who wait.

use super::driver::{Answer, Driver, Outcome, undefined};
use super::origin::Ending;
use super::timeline::{CallerId, Event, FlightId};
use holdover::call::{Arrival, Landed};
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
                Event::TimesOut(flight) => self.times_out(flight),
                Event::FailsOver(caller, waits) => self.fails_over(caller, waits),
                Event::LeaseEnds(caller, waits) => self.lease_ends(caller, waits),
            }
        }
        self.timeline.move_to(limit);
    }

    fn owner_of(&self, event: Event) -> CallerId {
        match event {
            Event::Lands(flight) | Event::TimesOut(flight) => self.flights[flight].leader,
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
        self.answer(caller, Err(json!("aborted")), None, None);
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
        self.end_without_storing(id);
        self.abort_load(id, json!("aborted"));
    }

    fn abort_load(&mut self, id: FlightId, reason: Value) {
        let flight = &mut self.flights[id];
        let load = &mut self.origin.loads[flight.number];
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
            Ending::Error(error) => self.fails(id, error, None),
        };
        self.tell(id, &outcome);
    }

    fn succeeds(&mut self, id: FlightId, value: Value) -> Outcome {
        if self.rules.is_failure(&value) {
            return self.fails(id, undefined(), Some(value));
        }
        self.flights[id].over = true;
        if self.rules.is_stored(&value) {
            self.store(id, value.clone());
        } else {
            self.end_without_storing(id);
        }
        Outcome::Value(value)
    }

    fn store(&mut self, id: FlightId, value: Value) {
        let flight = &self.flights[id];
        let (key, fence) = (flight.key.clone(), flight.fence);
        let arrival = Arrival {
            lifetime: flight.lifetime,
            size: 0,
        };
        let known = self.slots.get(&key).copied();
        let now = self.timeline.wall();
        let landed = self.machine.loaded(known, fence, self.policy, arrival, now);
        if let Some(place) = known.and_then(|slot| self.places.get_mut(&slot))
            && place.flight == Some(id)
        {
            place.flight = None;
        }
        if landed == Landed::Outdated {
            self.drain();
        } else {
            self.keep(&key, landed, value);
        }
    }

    fn fails(&mut self, id: FlightId, error: Value, result: Option<Value>) -> Outcome {
        let flight = &mut self.flights[id];
        if flight.over {
            let held = None;
            return Outcome::Failed {
                error,
                result,
                held,
            };
        }
        flight.over = true;
        flight.error = Some(result.clone().unwrap_or_else(|| error.clone()));
        let (key, fence) = (flight.key.clone(), flight.fence);
        let slot = self.slots.get(&key).copied();
        let now = self.timeline.wall();
        let held = slot
            .filter(|&slot| self.machine.fallback(slot, now))
            .map(|slot| self.places[&slot].value.clone());
        self.machine.failed(slot, fence, self.policy, now);
        self.drain();
        Outcome::Failed {
            error,
            result,
            held,
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
        let outcome = self.fails(id, json!("E_TIMEOUT"), None);
        self.tell(id, &outcome);
        self.abort_load(id, json!("E_TIMEOUT"));
    }

    /// Tells everybody who waits; only the first outcome counts.
    fn tell(&mut self, id: FlightId, outcome: &Outcome) {
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
        let source = Some(if leads { "load" } else { "coalesced" });
        match outcome {
            Outcome::Value(value) => self.answer(caller, Ok(value.clone()), source, None),
            Outcome::Failed {
                error,
                held: Some(held),
                result,
            } if self.rules.may_stand_in(error) => {
                self.machine.count_error_fallback(self.policy);
                let cause = result.is_none().then(|| error.clone());
                self.answer(caller, Ok(held.clone()), Some("error-fallback"), cause);
            }
            Outcome::Failed {
                result: Some(result),
                ..
            } => self.answer(caller, Ok(result.clone()), source, None),
            Outcome::Failed { error, .. } => self.answer(caller, Err(error.clone()), None, None),
        }
    }

    fn fails_over(&mut self, caller: CallerId, waits: u32) {
        let Some(flight) = self.wait_of(caller, waits) else {
            return;
        };
        let now = self.timeline.wall();
        let slot = self.slots.get(&self.callers[caller].key).copied();
        let Some(slot) = slot.filter(|&slot| self.machine.fallback(slot, now)) else {
            return;
        };
        self.machine.count_failover(self.policy);
        self.flights[flight].anchored = true;
        self.leave(caller, flight);
        let value = self.places[&slot].value.clone();
        self.answer(caller, Ok(value), Some("failover"), None);
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

    pub(super) fn answer(
        &mut self,
        caller: CallerId,
        result: Result<Value, Value>,
        source: Option<&'static str>,
        cause: Option<Value>,
    ) {
        if self.callers[caller].gone {
            return;
        }
        let now = self.timeline.wall();
        let slot = self.slots.get(&self.callers[caller].key).copied();
        let age = slot.and_then(|slot| self.machine.age(slot, now));
        let ttl = slot.and_then(|slot| self.machine.ttl(slot));
        let left = ttl
            .zip(age)
            .filter(|(ttl, _)| !ttl.is_forever())
            .map(|(ttl, age)| i128::from(ttl.as_millis()) - i128::from(age.as_millis()));
        self.callers[caller].answer = Some(Answer {
            at: self.timeline.now(),
            result,
            source,
            age,
            ttl: left,
            cause,
        });
    }
}
