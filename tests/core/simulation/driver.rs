//! Performs the call machine's steps in virtual time; landing.rs has the other half, how loads end.

use super::format::LoadFields;
use super::guards::{Admission, GuardSets};
use super::origin::Origin;
use super::rules::{Rules, is_nothing};
use super::timeline::{CallerId, Event, FlightId, Timeline};
use holdover::call::{CallMachine, PolicyId, Served, Step};
use holdover::fence::Fence;
use holdover::memory::{Limits, SlotId};
use holdover::policy::Policy;
use holdover::time::Span;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Why no answer came of a load: what is thrown, and what a guard's refusal says of itself.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) error: Value,
    /// What the loader returned, when `failIf` called it a failure.
    pub(super) result: Option<Value>,
    pub(super) retry_after: Option<u64>,
}

impl Failure {
    pub(super) fn of(error: Value) -> Self {
        Self {
            error,
            result: None,
            retry_after: None,
        }
    }

    /// What the policy's functions are asked about.
    pub(super) fn cause(&self) -> &Value {
        self.result.as_ref().unwrap_or(&self.error)
    }
}

/// How a flight ended for those who wait for it.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Value(Value),
    /// What `onReject` said instead.
    Instead(Value, Failure),
    /// With the entry that may answer instead.
    Failed(Failure, Option<Value>),
}

/// One running load.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four facts that know nothing of each other"
)]
pub(super) struct Flight {
    pub(super) key: String,
    pub(super) fence: Fence,
    pub(super) leader: CallerId,
    /// Instead of the policy's, for what it stores.
    pub(super) ttl: Option<Span>,
    pub(super) load: LoadFields,
    /// Its number at the origin, if it got as far.
    pub(super) number: Option<usize>,
    pub(super) background: bool,
    /// Where guards want to hear how it went; `None` once they have.
    pub(super) admission: Option<Admission>,
    pub(super) outcome: Option<Outcome>,
    pub(super) waiters: Vec<CallerId>,
    pub(super) anchored: bool,
    /// Callers have their outcome: what comes later may be stored, and no more.
    pub(super) over: bool,
    /// The loader is done.
    pub(super) landed: bool,
    pub(super) failure: Option<Failure>,
}

/// Who wants an answer.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) key: String,
    ttl: Option<Span>,
    waits: u32,
    /// Who asks for a new value is not served with an old one.
    pub(super) no_fallback: bool,
    /// The host dropped its request: nothing of it runs any more.
    pub(super) gone: bool,
    pub(super) waiting: Option<(FlightId, bool)>,
    pub(super) answer: Option<Answer>,
}

/// What a caller was answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) at: u64,
    pub(crate) result: Result<Value, Value>,
    pub(crate) source: Option<&'static str>,
    pub(crate) age: u64,
    /// What is left of `ttl`, negative when it is over.
    pub(crate) ttl: Value,
    pub(crate) cause: Option<Value>,
    pub(crate) retry_after: Option<u64>,
}

/// What the host keeps of a slot.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) key: String,
    /// A value, or an error that is remembered.
    pub(super) content: Result<Value, Value>,
    pub(super) flight: Option<FlightId>,
}

/// A cache with one policy, its host and its callers.
pub(crate) struct Driver {
    pub(super) machine: CallMachine,
    pub(super) policy: PolicyId,
    pub(super) rules: Rules,
    pub(super) guards: GuardSets,
    /// What the host's random source gives.
    pub(crate) roll: f64,
    pub(crate) timeline: Timeline,
    pub(crate) origin: Origin,
    pub(super) slots: HashMap<String, SlotId>,
    pub(super) places: HashMap<SlotId, Place>,
    pub(super) flights: Vec<Flight>,
    pub(super) callers: Vec<Caller>,
    anchors: bool,
}

/// What JavaScript's `undefined` is in vectors.
pub(super) fn undefined() -> Value {
    json!({ "$": "undefined" })
}

impl Driver {
    pub(crate) fn new(
        limits: Limits,
        (policy, rules, guards): (Policy, Rules, GuardSets),
        origin: Origin,
        anchors: bool,
    ) -> Self {
        let mut machine = CallMachine::new(limits);
        Self {
            policy: machine.add_policy(policy),
            machine,
            rules,
            guards,
            roll: 0.5,
            timeline: Timeline::default(),
            origin,
            slots: HashMap::new(),
            places: HashMap::new(),
            flights: Vec::new(),
            callers: Vec::new(),
            anchors,
        }
    }

    /// A caller asks for `key`.
    pub(crate) fn call(&mut self, key: &str, ttl: Option<Span>) -> CallerId {
        let caller = self.caller(key, ttl);
        if self.guards.lets_calls_pass() {
            self.begin(caller);
            return caller;
        }
        let now = self.monotonic();
        match self.guards.admit_call(key, now) {
            Ok(()) => self.begin(caller),
            Err(refusal) => self.refuse_call(caller, &refusal, now),
        }
        caller
    }

    /// A caller has `key` loaded anew.
    pub(crate) fn refresh(&mut self, key: &str) -> CallerId {
        let caller = self.caller(key, None);
        self.callers[caller].no_fallback = true;
        let known = self.slots.get(key).copied();
        let now = self.timeline.wall();
        let (slot, fence) = self.machine.refresh(known, self.policy, now);
        self.drain();
        if known.is_none() {
            self.adopt(slot, key);
        }
        let flight = self.launch(caller, Some(slot), fence, false);
        self.join(caller, flight, false, true);
        caller
    }

    fn caller(&mut self, key: &str, ttl: Option<Span>) -> CallerId {
        self.callers.push(Caller {
            key: key.to_owned(),
            ttl,
            waits: 0,
            no_fallback: false,
            gone: false,
            waiting: None,
            answer: None,
        });
        self.callers.len() - 1
    }

    pub(super) fn begin(&mut self, caller: CallerId) {
        let key = self.callers[caller].key.clone();
        let known = self.slots.get(&key).copied();
        let now = self.timeline.wall();
        let (slot, step) = self.machine.begin(known, self.policy, now, self.roll);
        self.drain();
        if let (None, Some(slot)) = (known, slot) {
            self.adopt(slot, &key);
        }
        self.perform(caller, slot, step);
    }

    fn perform(&mut self, caller: CallerId, slot: Option<SlotId>, step: Step) {
        match step {
            Step::Roll => unreachable!("rolls are given"),
            Step::Serve(served) => self.serve(caller, slot.expect("an entry"), served),
            Step::ServeAndRefresh(served, fence) => {
                self.serve(caller, slot.expect("an entry"), served);
                self.launch(caller, slot, fence, true);
            }
            Step::Load { fence, fallback } => {
                let leads = slot.filter(|_| self.rules.single_flight);
                let flight = self.launch(caller, leads, fence, false);
                self.join(caller, flight, fallback, true);
            }
            Step::Wait { fallback } => {
                let place = &self.places[&slot.expect("a slot to wait for")];
                let flight = place.flight.expect("a flight to wait for");
                self.join(caller, flight, fallback, false);
            }
        }
    }

    fn serve(&mut self, caller: CallerId, slot: SlotId, served: Served) {
        let place = &self.places[&slot];
        let flight = place.flight.map(|flight| &self.flights[flight]);
        let failure = flight.and_then(|flight| flight.failure.clone());
        match (served, &place.content) {
            (_, Err(remembered)) => {
                let failure = Failure::of(remembered.clone());
                self.reject(caller, failure);
            }
            (Served::Hit, Ok(value)) => {
                let negative = self.rules.tells_negatives && is_nothing(value);
                let source = if negative { "negative" } else { "hit" };
                self.answer(caller, value.clone(), source, None);
            }
            (Served::Stale, Ok(value)) => self.answer(caller, value.clone(), "stale", None),
            (Served::ErrorFallback, Ok(value)) => {
                self.answer(caller, value.clone(), "error-fallback", failure.as_ref());
            }
        }
    }

    /// Starts a load. `leads`: the slot whose callers wait for it from now on.
    fn launch(
        &mut self,
        caller: CallerId,
        leads: Option<SlotId>,
        fence: Fence,
        background: bool,
    ) -> FlightId {
        let id = self.flights.len();
        let Caller { key, ttl, .. } = &self.callers[caller];
        self.flights.push(Flight {
            key: key.clone(),
            fence,
            leader: caller,
            ttl: *ttl,
            load: LoadFields::default(),
            number: None,
            background,
            admission: None,
            outcome: None,
            waiters: Vec::new(),
            anchored: background || self.anchors,
            over: false,
            landed: false,
            failure: None,
        });
        if let Some(slot) = leads {
            self.places.get_mut(&slot).expect("adopted").flight = Some(id);
        }
        if self.is_admitted(id) {
            self.start_loader(id);
        }
        id
    }

    fn start_loader(&mut self, id: FlightId) {
        let flight = &mut self.flights[id];
        let (number, load) = self.origin.begin(&flight.key, self.timeline.now());
        (flight.number, flight.load) = (Some(number), load);
        let load = &flight.load;
        if load.throws.is_some() {
            self.lands(id);
            return;
        }
        if load.returns.is_some() {
            self.timeline.soon(Event::Lands(id));
        } else if !load.hangs {
            self.timeline.after(load.after, Event::Lands(id));
        }
        if let Some(timeout) = self.rules.timeout {
            self.timeline
                .after(timeout.as_millis(), Event::TimesOut(id));
        }
    }

    fn join(&mut self, caller: CallerId, id: FlightId, fallback: bool, leads: bool) {
        let waits = self.callers[caller].waits + 1;
        self.callers[caller].waits = waits;
        self.callers[caller].waiting = Some((id, leads));
        if let Some(outcome) = self.flights[id].outcome.clone() {
            self.conclude(caller, &outcome);
            return;
        }
        self.flights[id].waiters.push(caller);
        if let Some(failover) = self.machine.failover_after(self.policy, fallback) {
            let event = Event::FailsOver(caller, waits);
            self.timeline.after(failover.as_millis(), event);
        }
        if !leads {
            let left = self.wait_left(&self.flights[id].key.clone());
            self.timeline
                .after(left.as_millis(), Event::LeaseEnds(caller, waits));
        }
    }

    fn wait_left(&mut self, key: &str) -> Span {
        let now = self.timeline.wall();
        let slot = self.slots.get(key).copied();
        slot.map_or(Span::ZERO, |slot| self.machine.wait_left(slot, now))
    }

    /// The flight that the caller waits for, if this is still its nth wait.
    pub(super) fn wait_of(&self, caller: CallerId, waits: u32) -> Option<FlightId> {
        let caller = &self.callers[caller];
        let (flight, _) = caller.waiting.filter(|_| caller.waits == waits)?;
        Some(flight)
    }

    /// What `caller` was answered, if it was.
    pub(crate) fn answer_of(&self, caller: CallerId) -> Option<&Answer> {
        self.callers[caller].answer.as_ref()
    }

    /// The machine's counts, by the names of `cache.stats()`.
    pub(crate) fn count(&self, name: &str) -> Option<u64> {
        let counters = self.machine.counters(self.policy);
        Some(match name {
            "hits" => counters.hits,
            "stale" => counters.stale,
            "misses" => counters.misses,
            "loads" => counters.loads,
            "refreshes" => counters.refreshes,
            "failures" => counters.failures,
            "coalesced" => counters.coalesced,
            "errorFallbacks" => counters.error_fallbacks,
            "failovers" => counters.failovers,
            "takeovers" => counters.takeovers,
            "fenced" => counters.fenced,
            "refusals" => counters.refusals,
            _ => return None,
        })
    }
}
