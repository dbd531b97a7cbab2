//! Questions of the host that change nothing, and counts of the fallbacks served.

use super::{CallMachine, Counters, PolicyId};
use crate::memory::{Memory, SlotId};
use crate::strategy::ttl::State;
use crate::time::{Span, Timestamp};

impl CallMachine {
    /// True if the entry of `slot` may answer although, or until, a load has failed.
    #[must_use]
    pub fn fallback(&mut self, slot: SlotId, now: Timestamp) -> bool {
        let now = self.clock.observe(now);
        self.heed_tags(Some(slot));
        self.is_servable(slot, now)
    }

    /// True if the entry of `slot` may answer a caller whose load is slow.
    #[must_use]
    pub fn fails_over(&mut self, slot: SlotId, now: Timestamp) -> bool {
        self.renewed(slot, now).is_some()
    }

    /// True if the entry of `slot` is fresh; if so it is the most recently used now.
    #[inline]
    pub fn touch(&mut self, slot: SlotId, now: Timestamp) -> bool {
        let now = self.clock.observe_inline(now);
        self.heed_tags(Some(slot));
        let fresh = self.memory.fresh(slot, now).is_some();
        if fresh {
            self.memory.touch(slot);
        }
        fresh
    }

    /// Makes the entry of `slot`, if it has one, the most recently used: something else than a call
    /// was answered by it.
    pub fn use_entry(&mut self, slot: SlotId) {
        if self.memory.has_entry(slot) {
            self.memory.touch(slot);
        }
    }

    /// The monotonic time at the host's `now`, for guards that the host asks itself.
    pub fn observe(&mut self, now: Timestamp) -> Timestamp {
        self.clock.observe(now)
    }

    /// Counts a call that an entry answered because its load failed.
    pub fn count_error_fallback(&mut self, policy: PolicyId) {
        self.counters[policy as usize].error_fallbacks += 1;
    }

    /// Counts a call that an entry answered because its load was slow.
    pub fn count_failover(&mut self, policy: PolicyId) {
        self.counters[policy as usize].failovers += 1;
    }

    /// The state of the entry of `slot`; `None` without one.
    pub fn state(&mut self, slot: SlotId, now: Timestamp) -> Option<State> {
        let now = self.clock.observe(now);
        self.heed_tags(Some(slot));
        Some(self.memory.entry(slot)?.state(now))
    }

    /// True if the entry of `slot` is of use: not expired, or kept to be validated.
    pub fn is_kept(&mut self, slot: SlotId, now: Timestamp) -> bool {
        let now = self.clock.observe(now);
        self.memory
            .entry(slot)
            .is_some_and(|entry| entry.is_kept(now))
    }

    /// The age of the entry of `slot`; `None` without one.
    pub fn age(&mut self, slot: SlotId, now: Timestamp) -> Option<Span> {
        let now = self.clock.observe(now);
        Some(self.memory.entry(slot)?.age(now))
    }

    /// The `ttl` of the entry of `slot`, which a soft invalidation shortens; `None` without one.
    pub fn ttl(&mut self, slot: SlotId) -> Option<Span> {
        self.heed_tags(Some(slot));
        Some(self.memory.entry(slot)?.lifetime.ttl)
    }

    /// The stale windows of the entry of `slot`: while it is refreshed, and if a load fails; `None`
    /// without one.
    pub fn windows(&mut self, slot: SlotId) -> Option<(Span, Span)> {
        self.heed_tags(Some(slot));
        let lifetime = self.memory.entry(slot)?.lifetime;
        Some((lifetime.stale_while_revalidate, lifetime.stale_if_error))
    }

    /// Says how many hits the entry of `slot` has served everywhere, where others serve it, too.
    pub fn count_hits(&mut self, slot: SlotId, hits: u32) {
        self.memory.count_hits(slot, hits);
    }

    /// The time for which a caller waits for a load before an entry may answer instead; `None`: as
    /// long as the load takes. `fallback`: it has an entry, or a store below the memory may.
    #[must_use]
    pub fn failover_after(&self, policy: PolicyId, fallback: bool) -> Option<Span> {
        self.policies[policy as usize]
            .failover_after()
            .filter(|_| fallback)
    }

    /// Time for which callers still wait for the flight of `slot`; zero without one.
    pub fn wait_left(&mut self, slot: SlotId, now: Timestamp) -> Span {
        let now = self.clock.observe(now);
        self.flights
            .get(slot)
            .map_or(Span::ZERO, |flight| flight.wait_left(now))
    }

    /// Time for which loads of `slot` wait for their retry.
    pub fn retry_after(&mut self, slot: SlotId, now: Timestamp) -> Span {
        let now = self.clock.observe(now);
        self.retries
            .get(slot)
            .map_or(Span::ZERO, |retry| retry.remaining(now))
    }

    /// True if a load of `slot` runs, an unnoticed orphan included.
    #[must_use]
    pub fn has_flight(&self, slot: SlotId) -> bool {
        self.flights.get(slot).is_some()
    }

    /// Number of loads that run, unnoticed orphans included.
    #[must_use]
    pub fn flights(&self) -> usize {
        self.flights.len()
    }

    /// The counts of `policy`.
    #[must_use]
    pub fn counters(&self, policy: PolicyId) -> &Counters {
        &self.counters[policy as usize]
    }

    /// The memory, to look at.
    #[must_use]
    pub const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Checks the internal rules; for tests.
    ///
    /// # Panics
    /// When one is broken.
    pub fn assert_invariants(&self) {
        self.memory.assert_invariants();
    }
}
