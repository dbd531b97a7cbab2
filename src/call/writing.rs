//! Changes of entries: results that are stored, direct writes, and drops.

use super::{Arrival, CallMachine, Landed, PolicyId};
use crate::entry::Entry;
use crate::fence::Fence;
use crate::memory::{Dropped, SlotId};
use crate::time::Timestamp;

impl CallMachine {
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

    /// True if [`CallMachine::take_dropped`] has something to give.
    #[inline]
    #[must_use]
    pub fn has_dropped(&self) -> bool {
        self.memory.has_dropped()
    }
}
