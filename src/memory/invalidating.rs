//! Entries that end early: fences that refuse late writes, tags, and lifetimes cut short.

use super::{Memory, SlotId};
use crate::entry::Entry;
use crate::fence::Fence;
use crate::strategy::ttl::Lifetime;
use crate::tags::Tag;
use crate::time::{Span, Timestamp};
use alloc::boxed::Box;

impl Memory {
    /// True if a write with this fence is refused because a newer write or an invalidation came
    /// first. `None` is a key without a slot: the fences of released slots are kept as one for all
    /// such keys, so a write may be refused without need, but is never admitted wrongly.
    #[must_use]
    #[inline(never)]
    pub fn is_outdated(&self, slot: Option<SlotId>, fence: Fence) -> bool {
        match slot {
            Some(slot) => fence < self.slots.barrier(slot),
            None => fence < self.floor,
        }
    }

    /// Refuses later writes to `slot` with an older fence.
    pub fn raise_barrier(&mut self, slot: SlotId, fence: Fence) {
        self.slots.raise_barrier(slot, fence);
    }

    /// Refuses later writes with an older fence to keys without a slot.
    pub fn raise_floor(&mut self, fence: Fence) {
        self.floor = fence.max(self.floor);
    }

    /// Sets the tags of the entry of `slot`. Their invalidations up to `heeded` came before it.
    pub fn set_tags(&mut self, slot: SlotId, tags: Box<[Tag]>, heeded: Fence) {
        self.slots.set_tags(slot, tags, heeded);
    }

    /// Returns the tags of the entry of `slot`.
    #[must_use]
    pub fn tags(&self, slot: SlotId) -> &[Tag] {
        self.slots.tags(slot)
    }

    /// True if all invalidations up to `latest` are applied to the entry of `slot`; otherwise its
    /// tags must be checked first.
    #[inline]
    #[must_use]
    pub fn heeds(&self, slot: SlotId, latest: Fence) -> bool {
        self.slots.heeds(slot, latest)
    }

    /// Returns the tags of the entry of `slot`, and the invalidation up to which they were applied;
    /// records `latest` in its place.
    pub fn heed(&mut self, slot: SlotId, latest: Fence) -> (&[Tag], Fence) {
        self.slots.heed(slot, latest)
    }

    /// Ends the freshness of the entry of `slot` at `at`, if it lasts longer.
    pub fn make_stale(&mut self, slot: SlotId, at: Timestamp) {
        self.shorten(slot, |entry| {
            entry.lifetime.ttl = entry.lifetime.ttl.min(at.since(entry.stored_at));
        });
    }

    /// Lets the entry of `slot` answer only for failed loads, for as long as it could answer at
    /// all.
    pub fn keep_for_errors(&mut self, slot: SlotId, now: Timestamp) {
        self.shorten(slot, |entry| {
            let lifetime = &mut entry.lifetime;
            let total = lifetime.total();
            lifetime.ttl = lifetime.ttl.min(now.since(entry.stored_at));
            lifetime.stale_while_revalidate = Span::ZERO;
            lifetime.stale_if_error = total.minus(lifetime.ttl);
        });
    }

    /// Expires the entry of `slot`, which makes it the first to be dropped.
    pub fn kill(&mut self, slot: SlotId) {
        self.shorten(slot, |entry| {
            entry.lifetime = Lifetime::NONE;
        });
    }

    fn shorten(&mut self, slot: SlotId, change: impl FnOnce(&mut Entry)) {
        if let Some(mut entry) = self.entry(slot) {
            change(&mut entry);
            self.slots.set_lifetime(slot, &entry.lifetime);
            self.set_expiry(slot);
        }
    }
}
