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

pub use counters::Counters;
pub use failing::{Failure, Instead, spare_age};
pub use landing::{Below, Brought};
pub use looking::{Looked, Verdict};
pub use step::{Found, Kept, Landed, Served, Step};

use crate::entry::Entry;
use crate::fence::Fence;
use crate::flight::Flights;
use crate::memory::deadlines::Deadlines;
use crate::memory::{Dropped, Limits, Memory, SlotId};
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
    /// How long it may be used.
    pub lifetime: Lifetime,
    /// What it weighs, in bytes.
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
        let now = self.clock.observe(now);
        let rules = &self.policies[policy as usize];
        if !rules.may_serve_at_once() {
            return false;
        }
        let Some(entry) = self.memory.heeding(slot, self.tags.latest()) else {
            return false;
        };
        let is_due = |early: &Early| early.may_be_due(entry, now);
        if entry.state(now) != State::Fresh || rules.early().is_some_and(is_due) {
            return false;
        }
        entry.hits = entry.hits.saturating_add(1);
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
        let Some(entry) = self.memory.entry_mut(slot) else {
            return self.load_or_wait(slot, false, policy, now);
        };
        let hits = rules.hits();
        if hits.is_some_and(|hits| hits.is_used_up(entry.hits)) {
            return self.load_or_wait(slot, true, policy, now);
        }
        let early = rules.early();
        if roll.is_nan() && early.is_some_and(|early| early.needs_roll(entry, now)) {
            return Step::Roll;
        }
        entry.hits = entry.hits.saturating_add(1);
        let due = hits.is_some_and(|hits| hits.is_due(entry.hits))
            || early.is_some_and(|early| early.is_due(entry, now, roll));
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

    /// Reports that a load ended with a value, and says what became of it.
    ///
    /// `slot` is the key's slot *now*, not when the load began: it may have been dropped, or
    /// given to the same key anew.
    #[inline(never)]
    pub fn loaded(
        &mut self,
        slot: Option<SlotId>,
        fence: Fence,
        policy: PolicyId,
        arrival: Arrival,
        now: Timestamp,
    ) -> Landed {
        let now = self.clock.observe(now);
        let started = slot.and_then(|slot| self.flights.get(slot));
        let cost = started
            .filter(|flight| flight.fence == fence)
            .map_or(0, |flight| now.since(flight.since).as_millis());
        let landed = self.store(slot, fence, arrival, cost, now);
        if let Some(slot) = slot {
            if landed != Landed::Outdated && self.traces(policy) {
                self.trace_entry(slot);
            }
            self.end_flight(slot, fence);
        }
        if landed == Landed::Outdated {
            self.counters[policy as usize].fenced += 1;
        }
        self.settle(slot, landed)
    }

    /// Stores a value that was not loaded: a direct write. Loads that run may not overwrite it, and
    /// nobody joins them any more: should the value be dropped, they would still be older.
    pub fn put(&mut self, slot: Option<SlotId>, arrival: Arrival, now: Timestamp) -> Landed {
        let now = self.clock.observe(now);
        let fence = self.next_fence();
        if let Some(slot) = slot {
            self.flights.detach(slot);
            self.memory.pin(slot, false);
        }
        let landed = self.store(slot, fence, arrival, 0, now);
        self.settle(slot, landed)
    }

    fn store(
        &mut self,
        slot: Option<SlotId>,
        fence: Fence,
        arrival: Arrival,
        cost: u64,
        now: Timestamp,
    ) -> Landed {
        if self.memory.is_outdated(slot, fence) {
            return Landed::Outdated;
        }
        let slot = slot.unwrap_or_else(|| self.memory.take());
        self.memory.raise_barrier(slot, fence);
        self.memory.untrace(slot);
        let entry = Entry {
            stored_at: now,
            lifetime: arrival.lifetime,
            load_cost: u32::try_from(cost).unwrap_or(u32::MAX),
            size: arrival.size,
            hits: 0,
            is_failure: false,
        };
        let is_kept = self.memory.store(slot, entry, now);
        self.end_retry(slot, fence, is_kept, now);
        Landed::Stored(slot)
    }

    /// Ends the wait for a retry, but for one that began after what is stored had.
    fn end_retry(&mut self, slot: SlotId, fence: Fence, is_kept: bool, now: Timestamp) {
        let left = self
            .retries
            .get(slot)
            .and_then(|retry| retry.after_storing(fence));
        match left.filter(|_| is_kept) {
            Some(retry) => {
                self.retries.set(slot, now + retry.remaining(now), retry);
                self.trace_failure(slot, now);
            }
            None => {
                self.retries.remove(slot);
            }
        }
    }

    /// Gives back the slots that hold nothing after a store, and says what became of the value.
    fn settle(&mut self, slot: Option<SlotId>, landed: Landed) -> Landed {
        if let Some(slot) = slot {
            self.memory.release(slot);
        }
        let Landed::Stored(stored) = landed else {
            return landed;
        };
        if slot != Some(stored) {
            self.memory.release(stored);
        }
        match self.memory.entry(stored) {
            Some(_) => landed,
            None => Landed::NotKept,
        }
    }

    /// Drops the entry of `slot`, and keeps loads that have begun from storing what they bring:
    /// they answer those who already wait, and nobody else. `None`: a key without a slot, of
    /// which an abandoned load may still be under way.
    pub fn invalidate(&mut self, slot: Option<SlotId>) {
        let fence = self.next_fence();
        let Some(slot) = slot else {
            self.memory.raise_floor(fence);
            return;
        };
        self.memory.raise_barrier(slot, fence);
        self.flights.detach(slot);
        self.retries.remove(slot);
        self.memory.pin(slot, false);
        self.memory.remove(slot);
    }

    /// Somebody else has changed the key in `slot`, or may have: its entry answers only for loads
    /// that fail from now on, and loads that have begun do not store what they bring. `None`: as
    /// with [`CallMachine::invalidate`].
    pub fn distrust(&mut self, slot: Option<SlotId>, now: Timestamp) {
        let now = self.clock.observe(now);
        let fence = self.next_fence();
        let Some(slot) = slot else {
            self.memory.raise_floor(fence);
            return;
        };
        self.memory.raise_barrier(slot, fence);
        self.flights.detach(slot);
        self.retries.remove(slot);
        self.memory.pin(slot, false);
        self.memory.untrace(slot);
        self.memory.keep_for_errors(slot, now);
        self.memory.release(slot);
    }

    /// The next slot whose value the host must forget, and its key unless
    /// [`CallMachine::is_taken`] says that the slot stays for its trace.
    pub fn take_dropped(&mut self) -> Option<Dropped> {
        let dropped = self.memory.take_dropped()?;
        // Hosts drain the queue after every call that may fill it, so a slot that is taken has not
        // been taken anew meanwhile: it stays for its trace.
        if !self.memory.is_taken(dropped.slot) {
            self.retries.remove(dropped.slot);
        }
        Some(dropped)
    }

    /// True if `slot` is some key's.
    #[must_use]
    pub fn is_taken(&self, slot: SlotId) -> bool {
        self.memory.is_taken(slot)
    }

    /// Whether [`CallMachine::take_dropped`] has something to give.
    #[inline]
    #[must_use]
    pub fn has_dropped(&self) -> bool {
        self.memory.has_dropped()
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
