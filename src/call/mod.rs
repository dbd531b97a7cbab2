//! The call machine: the one place where strategies, flights and the memory meet.
//!
//! It does no I/O and keeps nothing per call. The host performs each [`Step`] and reports back:
//!
//! ```text
//!  begin ──► Serve ─────────────────────────────► answer from the entry
//!    │ ────► ServeAndRefresh ──► answer from the entry; the flight goes on alone
//!    │ ────► Wait ──► the flight's result; its lease ends ──► begin again
//!    └─────► Load ──► look into lower stores ──► found ──► Serve │ ServeAndLoad │ Load
//!                          │ nothing there
//!                          ▼
//!                     started ──► the loader ──► loaded │ failed │ cancelled
//! ```
//!
//! A load that failed is told what there is instead of its result ([`Instead`]); a caller whose
//! load is slow asks [`CallMachine::fails_over`] whether the entry may answer.
//! `now` is the host's wall clock throughout; see [`MonotonicClock`] for what happens when it
//! steps back.

mod alone;
mod backfill;
mod counters;
mod failing;
mod flights;
mod inspect;
mod landing;
mod looking;
mod policies;
mod step;
mod tagging;
mod traces;
mod writing;

pub use counters::Counters;
pub use failing::{Failure, Instead, spare_age};
pub use landing::{Below, Brought};
pub use looking::{Looked, Verdict};
pub use step::{Found, Kept, Landed, Served, Step};

use crate::fence::Fence;
use crate::flight::Flights;
use crate::memory::deadlines::Deadlines;
use crate::memory::{Limits, Memory, SlotId};
use crate::policy::Policy;
use crate::strategy::early::Early;
use crate::strategy::retry::Retry;
use crate::strategy::stale::{Plan, plan};
use crate::strategy::ttl::{Lifetime, State};
use crate::tags::Tags;
use crate::time::{MonotonicClock, Span, Timestamp};
use alloc::vec::Vec;

/// The number of a compiled policy in its machine.
pub type PolicyId = u32;

/// A cache's decisions: see the module documentation.
#[derive(Clone, Debug)]
pub struct CallMachine {
    clock: MonotonicClock,
    memory: Memory,
    flights: Flights,
    retries: Deadlines<Retry>,
    policies: Vec<Policy>,
    free_policies: Vec<PolicyId>,
    counters: Vec<Counters>,
    last_fence: Fence,
    tags: Tags,
    /// The ttl of the memory itself, above other stores.
    most_ttl: Span,
}

/// A value that the host wants stored.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// Its lifetime.
    pub lifetime: Lifetime,
    /// Its size, in bytes.
    pub size: u32,
}

impl CallMachine {
    /// A machine with an empty memory.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            clock: MonotonicClock::default(),
            memory: Memory::new(limits),
            flights: Flights::default(),
            retries: Deadlines::default(),
            policies: Vec::new(),
            free_policies: Vec::new(),
            counters: Vec::new(),
            last_fence: Fence::ZERO,
            tags: Tags::default(),
            most_ttl: Span::FOREVER,
        }
    }

    /// Begins a call of the key in `slot` (`None`: the key has no slot).
    ///
    /// `roll` is uniform in `[0, 1)`; only policies with [`Options::early`] look at it, and rarely:
    /// with NaN for a roll that was not drawn, [`Step::Roll`] asks for one where it counts.
    ///
    /// [`Options::early`]: crate::policy::Options::early
    ///
    /// Returns the key's slot, a new one if a flight was started for a key without. When
    /// [`CallMachine::has_dropped`] says so afterwards, the host forgets those slots' keys.
    #[inline]
    pub fn begin(
        &mut self,
        slot: Option<SlotId>,
        policy: PolicyId,
        now: Timestamp,
        roll: f64,
    ) -> (Option<SlotId>, Step) {
        if slot.is_some_and(|slot| self.serve_at_once(slot, policy, now)) {
            return (slot, Step::Serve(Served::Hit));
        }
        let now = self.clock.observe(now);
        self.heed_tags(slot);
        let rules = &self.policies[policy as usize];
        let state = slot.and_then(|slot| Some(self.memory.entry(slot)?.state(now)));
        match (plan(state, rules.mode()), slot) {
            (Plan::Serve, Some(slot)) => (Some(slot), self.serve_fresh(slot, policy, now, roll)),
            (plan, slot) => self.begin_slowly(slot, plan, policy, now),
        }
    }

    /// Serves a fresh entry if there is nothing to decide and nothing else to do, as for most calls;
    /// whether it did. It is the beginning of [`CallMachine::begin`], for hosts in a hurry.
    #[inline]
    pub fn serve_at_once(&mut self, slot: SlotId, policy: PolicyId, now: Timestamp) -> bool {
        let now = self.clock.observe_inline(now);
        let rules = &self.policies[policy as usize];
        if !rules.may_serve_at_once() {
            return false;
        }
        if !self.memory.heeds(slot, self.tags.latest()) {
            return false;
        }
        let Some((ttl, age)) = self.memory.fresh(slot, now) else {
            return false;
        };
        let is_due = |early: &Early| early.may_be_due(ttl, age, self.memory.load_cost(slot));
        if rules.early().is_some_and(is_due) {
            return false;
        }
        self.memory.count_hit(slot);
        self.memory.touch(slot);
        self.counters[policy as usize].hits += 1;
        true
    }

    fn begin_slowly(
        &mut self,
        slot: Option<SlotId>,
        plan: Plan,
        policy: PolicyId,
        now: Timestamp,
    ) -> (Option<SlotId>, Step) {
        let step = match (slot, plan) {
            (Some(slot), Plan::ServeAndRefresh) => {
                return (Some(slot), self.serve_stale(slot, policy, now));
            }
            (Some(slot), Plan::LoadWithFallback) => {
                self.memory.touch(slot);
                self.load_or_wait(slot, true, policy, now)
            }
            (slot, _) => {
                self.counters[policy as usize].misses += 1;
                return self.begin_missing(slot, policy, now);
            }
        };
        (slot, step)
    }

    /// Fresh, under a policy that bounds its hits or refreshes it early.
    fn serve_fresh(&mut self, slot: SlotId, policy: PolicyId, now: Timestamp, roll: f64) -> Step {
        self.memory.touch(slot);
        let rules = &self.policies[policy as usize];
        let Some(mut entry) = self.memory.entry(slot) else {
            return self.load_or_wait(slot, false, policy, now);
        };
        let hits = rules.hits();
        if hits.is_some_and(|hits| hits.is_used_up(entry.hits)) {
            return self.load_or_wait(slot, true, policy, now);
        }
        let early = rules.early();
        if roll.is_nan() && early.is_some_and(|early| early.needs_roll(&entry, now)) {
            return Step::Roll;
        }
        self.memory.count_hit(slot);
        entry.hits = entry.hits.saturating_add(1);
        let due = hits.is_some_and(|hits| hits.is_due(entry.hits))
            || early.is_some_and(|early| early.is_due(&entry, now, roll));
        self.counters[policy as usize].hits += 1;
        if due {
            return self.refresh_fresh(slot, policy, now);
        }
        Step::Serve(Served::Hit)
    }

    #[cold]
    fn refresh_fresh(&mut self, slot: SlotId, policy: PolicyId, now: Timestamp) -> Step {
        if self.is_retry_waiting(slot, now) || self.flights.live(slot, now).is_some() {
            return Step::Serve(Served::Hit);
        }
        self.counters[policy as usize].refreshes += 1;
        Step::ServeAndRefresh(Served::Hit, self.lead(slot, policy, true, now))
    }

    /// Stale within `stale_while_revalidate`: the entry answers; at most one load refreshes it.
    fn serve_stale(&mut self, slot: SlotId, policy: PolicyId, now: Timestamp) -> Step {
        self.memory.touch(slot);
        self.counters[policy as usize].stale += 1;
        if self.is_retry_waiting(slot, now) || self.flights.live(slot, now).is_some() {
            return Step::Serve(Served::Stale);
        }
        self.counters[policy as usize].refreshes += 1;
        let fence = self.lead(slot, policy, true, now);
        Step::ServeAndRefresh(Served::Stale, fence)
    }

    fn begin_missing(
        &mut self,
        slot: Option<SlotId>,
        policy: PolicyId,
        now: Timestamp,
    ) -> (Option<SlotId>, Step) {
        if !self.policies[policy as usize].single_flight() {
            return (slot, self.load_alone(policy, false));
        }
        let slot = slot.unwrap_or_else(|| self.memory.take());
        (Some(slot), self.load_or_wait(slot, false, policy, now))
    }

    fn load_or_wait(
        &mut self,
        slot: SlotId,
        fallback: bool,
        policy: PolicyId,
        now: Timestamp,
    ) -> Step {
        if fallback && self.is_retry_waiting(slot, now) {
            self.counters[policy as usize].error_fallbacks += 1;
            return Step::Serve(Served::ErrorFallback);
        }
        if !self.policies[policy as usize].single_flight() {
            return self.load_alone(policy, fallback);
        }
        if self.flights.joinable(slot, now).is_some() {
            self.counters[policy as usize].coalesced += 1;
            return Step::Wait { fallback };
        }
        let fence = self.lead(slot, policy, false, now);
        Step::Load { fence, fallback }
    }

    fn load_alone(&mut self, policy: PolicyId, fallback: bool) -> Step {
        self.counters[policy as usize].loads += 1;
        let fence = self.next_fence();
        Step::Load { fence, fallback }
    }

    fn next_fence(&mut self) -> Fence {
        self.last_fence = self.last_fence.next();
        self.last_fence
    }

    fn is_retry_waiting(&self, slot: SlotId, now: Timestamp) -> bool {
        self.retries
            .get(slot)
            .is_some_and(|retry| retry.is_waiting(now))
    }

    /// True if the last load of `slot` failed and `policy` leaves its origin alone for that, whether
    /// or not the next load may start.
    fn is_failing(&self, slot: SlotId, policy: PolicyId) -> bool {
        let waits = !self.policies[policy as usize].retry_delay(1).is_zero();
        waits && self.retries.get(slot).is_some_and(Retry::is_failing)
    }

    fn is_servable(&self, slot: SlotId, now: Timestamp) -> bool {
        let state = self.memory.entry(slot).map(|entry| entry.state(now));
        state.is_some_and(State::is_servable)
    }
}
