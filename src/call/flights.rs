//! The call machine's flights: leading, looking into lower stores, ending.

use super::{Arrival, CallMachine, Found, Kept, PolicyId, Served};
use crate::entry::Entry;
use crate::fence::Fence;
use crate::flight::Flight;
use crate::memory::SlotId;
use crate::strategy::stale::{Plan, plan};
use crate::strategy::ttl::State;
use crate::time::{Span, Timestamp};

/// Number of orphans that each new flight clears away: more than one, so that a backlog shrinks.
const REAPED_PER_LEAD: usize = 2;

impl CallMachine {
    /// Starts a flight for `slot` whether or not one runs: its result will be newer.
    /// `slot` is taken if the key has none.
    pub fn refresh(
        &mut self,
        slot: Option<SlotId>,
        policy: PolicyId,
        now: Timestamp,
    ) -> (SlotId, Fence) {
        let now = self.clock.observe(now);
        let slot = slot.unwrap_or_else(|| self.memory.take());
        self.flights.detach(slot);
        self.counters[policy as usize].refreshes += 1;
        let fence = self.lead(slot, policy, false, now);
        (slot, fence)
    }

    pub(super) fn lead(
        &mut self,
        slot: SlotId,
        policy: PolicyId,
        background: bool,
        now: Timestamp,
    ) -> Fence {
        if self.flights.get(slot).is_some() {
            self.counters[policy as usize].takeovers += 1;
        }
        let flight = Flight {
            fence: self.next_fence(),
            since: now,
            lease: self.policies[policy as usize].lease(),
            background,
        };
        self.flights.start(slot, flight);
        self.memory.pin(slot, true);
        self.counters[policy as usize].loads += 1;
        self.reap(now);
        flight.fence
    }

    /// Clears orphans away, so that loads which never end leave bounded memory behind.
    fn reap(&mut self, now: Timestamp) {
        for _ in 0..REAPED_PER_LEAD {
            let Some(slot) = self.flights.reap(now) else {
                return;
            };
            self.memory.pin(slot, false);
            self.memory.release(slot);
        }
    }

    /// Reports that the loader starts now: the lease and the load's duration count from here.
    pub fn started(&mut self, slot: SlotId, fence: Fence, now: Timestamp) {
        let now = self.clock.observe(now);
        if let Some(flight) = self.flights.end(slot, fence) {
            self.flights.start(
                slot,
                Flight {
                    since: now,
                    ..flight
                },
            );
        }
    }

    /// Reports an entry that a lower store held. It goes into the memory with its true `age`,
    /// unless what is there is newer or the key was invalidated meanwhile.
    ///
    /// A `background` flight only wants fresh entries: its callers have a stale one already. And a
    /// flight that began in spite of a fresh entry, for that is used up or to be renewed early, wants
    /// a newer one. `roll` is uniform in `[0, 1)`, for early refreshes.
    pub fn found(
        &mut self,
        slot: SlotId,
        fence: Fence,
        policy: PolicyId,
        (arrival, age, roll): (Arrival, Span, f64),
        background: bool,
        now: Timestamp,
    ) -> (Found, Kept) {
        let now = self.clock.observe(now);
        let leads = self.flights.get(slot).map(|flight| flight.fence) == Some(fence);
        if !leads || self.memory.is_outdated(Some(slot), fence) {
            return (Found::Load { fallback: false }, Kept::Neither);
        }
        self.heed_tags(Some(slot));
        let mut entry = Entry {
            stored_at: now - age,
            lifetime: arrival.lifetime.capped(age, self.most_ttl),
            load_cost: 0,
            size: arrival.size,
            hits: 0,
            is_failure: false,
        };
        self.recall(slot, &mut entry);
        let before = self.memory.entry(slot);
        let (entry, kept) = match before {
            Some(held) if held.state(now) == State::Fresh && held.stored_at >= entry.stored_at => {
                return (Found::Load { fallback: true }, Kept::Held);
            }
            Some(held) if held.stored_at > entry.stored_at => (held, Kept::Held),
            _ if self.memory.store(slot, entry, now) => (entry, Kept::Found),
            _ => (entry, Kept::Neither),
        };
        let state = entry.state(now);
        let plan = plan(Some(state), self.policies[policy as usize].mode());
        let traced = (!background)
            .then(|| self.answer_traced(slot, fence, policy, plan, now, roll))
            .flatten();
        let found = traced
            .unwrap_or_else(|| self.answer_found(slot, fence, policy, state, background, now));
        (found, kept)
    }

    fn answer_found(
        &mut self,
        slot: SlotId,
        fence: Fence,
        policy: PolicyId,
        state: State,
        background: bool,
        now: Timestamp,
    ) -> Found {
        let fallback = self.memory.has_entry(slot) && state.is_servable();
        let counters = &mut self.counters[policy as usize];
        match plan(Some(state), self.policies[policy as usize].mode()) {
            Plan::Serve => {
                counters.loads -= 1;
                counters.hits += u64::from(!background);
                self.end_flight(slot, fence);
                if !background {
                    self.memory.count_hit(slot);
                }
                self.memory.release(slot);
                Found::Serve(Served::Hit)
            }
            Plan::ServeAndRefresh if !background => {
                counters.stale += 1;
                counters.refreshes += 1;
                self.flights.let_go(slot, fence, now);
                Found::ServeAndLoad(Served::Stale)
            }
            _ => Found::Load { fallback },
        }
    }

    /// Reports that nobody wants a load any more and that it was stopped: not a failure.
    pub fn cancelled(&mut self, slot: Option<SlotId>, fence: Fence) {
        if let Some(slot) = slot {
            self.end_flight(slot, fence);
            self.memory.release(slot);
        }
    }

    pub(super) fn end_flight(&mut self, slot: SlotId, fence: Fence) -> bool {
        let ended = self.flights.end(slot, fence).is_some();
        if ended {
            self.memory.pin(slot, false);
        }
        ended
    }
}
