//! Guards at work: asked before a load or a call, told how a load went.

use super::driver::{Driver, Failure, Flight, Outcome};
use super::format::LoadFields;
use super::guards::{Admission, code_of};
use super::origin::Ending;
use super::timeline::{CallerId, Event, FlightId};
use holdover::call::Instead;
use holdover::fence::Fence;
use holdover::guard::{Outcome as Went, Reason, Refusal};
use holdover::memory::SlotId;
use holdover::time::Timestamp;
use serde_json::{Value, json};

impl Driver {
    /// Whether the guards let a flight load; if not, it has its outcome, or will.
    ///
    /// Time is only told to the machine where the package tells it, too: a clock that steps back
    /// loses what nobody has seen of it.
    pub(super) fn is_admitted(&mut self, id: FlightId) -> bool {
        if self.guards.lets_loads_pass() {
            return true;
        }
        let now = self.monotonic();
        let lease = self.machine.policy(self.policy).lease();
        let flight = &mut self.flights[id];
        match self.guards.admit(&flight.key, lease, now) {
            Ok(permits) => {
                let started_at = self.timeline.wall();
                flight.admission = Some(Admission::new(permits, started_at));
                true
            }
            Err(refusal) => {
                self.refuse(id, &refusal, now);
                false
            }
        }
    }

    pub(super) fn monotonic(&mut self) -> Timestamp {
        let wall = self.timeline.wall();
        self.machine.observe(wall)
    }

    fn refuse(&mut self, id: FlightId, refusal: &Refusal, now: Timestamp) {
        let failure = failure_of(refusal, now);
        let flight = &mut self.flights[id];
        flight.over = true;
        flight.failure = Some(failure.clone());
        let (fence, background) = (flight.fence, flight.background);
        let (slot, wall) = (self.slot_of(id), self.timeline.wall());
        let instead = self.machine.refused(slot, fence, self.policy, false, wall);
        let held = self.value_of(instead, slot);
        self.drain();
        let answers = background || self.rules.may_stand_in(failure.cause());
        if held.is_some() && answers {
            self.tell(id, &Outcome::Failed(failure, held));
        } else {
            self.ask_on_reject(id, refusal, failure);
        }
    }

    /// Nothing can be served: what `onReject` says, or the error.
    fn ask_on_reject(&mut self, id: FlightId, refusal: &Refusal, failure: Failure) {
        let is_limit = matches!(refusal.reason, Reason::RateLimited { .. });
        let on_reject = self.rules.on_reject.clone().filter(|_| is_limit);
        let Some(script) = on_reject else {
            self.tell(id, &Outcome::Failed(failure, None));
            return;
        };
        let at_once = script.returns.is_some() || script.throws.is_some();
        if at_once {
            self.timeline.soon(Event::Rejects(id));
        } else if !script.hangs {
            self.timeline.after(script.after, Event::Rejects(id));
        }
        self.flights[id].load = script;
    }

    /// `onReject` is done.
    pub(super) fn rejects(&mut self, id: FlightId) {
        let flight = &self.flights[id];
        let refused = flight.failure.clone().expect("a refusal");
        let outcome = match flight.load.ending().expect("it does not hang") {
            Ending::Value(value) => Outcome::Instead(value, refused),
            Ending::Error(error) => Outcome::Failed(Failure::of(error), None),
        };
        self.tell(id, &outcome);
    }

    /// A limit on calls refuses one, hit or not.
    pub(super) fn refuse_call(&mut self, caller: CallerId, refusal: &Refusal, now: Timestamp) {
        let failure = failure_of(refusal, now);
        let key = self.callers[caller].key.clone();
        let wall = self.timeline.wall();
        let slot = self.slots.get(&key).copied();
        let held = slot.filter(|&slot| self.machine.fallback(slot, wall));
        if let Some(slot) = held.filter(|_| self.rules.may_stand_in(failure.cause())) {
            self.machine.count_error_fallback(self.policy);
            match self.places[&slot].content.clone() {
                Ok(value) => self.answer(caller, value, "error-fallback", Some(&failure)),
                Err(remembered) => self.reject(caller, Failure::of(remembered)),
            }
            return;
        }
        // Not a flight, but like one: somebody waits for what `onReject` says.
        let id = self.flights.len();
        self.flights.push(Flight {
            key,
            fence: Fence::ZERO,
            leader: caller,
            ttl: None,
            load: LoadFields::default(),
            number: None,
            background: false,
            admission: None,
            outcome: None,
            waiters: vec![caller],
            anchored: true,
            over: true,
            landed: false,
            failure: Some(failure.clone()),
        });
        self.callers[caller].waiting = Some((id, true));
        self.ask_on_reject(id, refusal, failure);
    }

    /// Tells the guards how a load went, once.
    pub(super) fn record(&mut self, id: FlightId, went: Went) {
        if let Some(admission) = self.flights[id].admission.take() {
            let now = self.monotonic();
            let wall = self.timeline.wall();
            let flight = &self.flights[id];
            let duration = wall.since(admission.started_at);
            self.guards
                .record(&flight.key, &admission, went, duration, now);
        }
    }

    /// The slot of a flight's key now.
    pub(super) fn slot_of(&self, id: FlightId) -> Option<SlotId> {
        self.slots.get(&self.flights[id].key).copied()
    }

    /// The value that answers instead of a load.
    pub(super) fn value_of(&self, instead: Instead, slot: Option<SlotId>) -> Option<Value> {
        let is_held = matches!(instead, Instead::Entry { .. });
        let place = &self.places[&slot.filter(|_| is_held)?];
        Some(
            place
                .content
                .clone()
                .expect("failures stand in for nothing"),
        )
    }
}

fn failure_of(refusal: &Refusal, now: Timestamp) -> Failure {
    Failure {
        retry_after: Some(refusal.retry_at.since(now).as_millis()),
        ..Failure::of(json!(code_of(refusal)))
    }
}
