//! Entries that a direct read found in a lower store, on their way into the memory.

use super::{Arrival, CallMachine};
use crate::entry::Entry;
use crate::fence::Fence;
use crate::memory::SlotId;
use crate::time::{Span, Timestamp};

impl CallMachine {
    /// Returns the fence of a read that begins now: writes and invalidations that come before it
    /// ends have newer ones.
    pub fn begin_read(&mut self) -> Fence {
        self.next_fence()
    }

    /// Stores what a read of a lower store found, with its true `age`: unless the key was written
    /// or invalidated since `fence`, what is in the memory is as new, or a load is under way,
    /// which brings its own. Returns the key's slot if it has the entry now.
    pub fn backfill(
        &mut self,
        slot: Option<SlotId>,
        fence: Fence,
        (arrival, age): (Arrival, Span),
        now: Timestamp,
    ) -> Option<SlotId> {
        let now = self.clock.observe(now);
        if self.memory.is_outdated(slot, fence) {
            return None;
        }
        self.heed_tags(slot);
        let entry = Entry {
            stored_at: now - age,
            lifetime: arrival.lifetime.capped(age, self.most_ttl),
            load_cost: 0,
            size: arrival.size,
            hits: 0,
            is_failure: false,
        };
        if let Some(slot) = slot {
            let is_loading = self.flights.get(slot).is_some();
            let held = self.memory.entry(slot);
            let is_newer = held.is_some_and(|held| held.stored_at >= entry.stored_at);
            if is_loading || is_newer {
                return None;
            }
        }
        let slot = slot.unwrap_or_else(|| self.memory.take());
        let is_kept = self.memory.store(slot, entry, now);
        if is_kept {
            self.retries.remove(slot);
        }
        self.memory.release(slot);
        (is_kept && self.memory.entry(slot).is_some()).then_some(slot)
    }
}
