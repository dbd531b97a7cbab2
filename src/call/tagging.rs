//! The call machine's tags: invalidating them, and what that means for entries and flights.

use super::{CallMachine, Counters, PolicyId};
use crate::fence::Fence;
use crate::memory::SlotId;
use crate::tags::{Invalidation, Tag};
use crate::time::Timestamp;
use alloc::boxed::Box;

impl CallMachine {
    /// Invalidates every entry with one of `tags`, however many there are, in the time this takes
    /// for the tags alone. `soft`: they become stale instead of dead.
    pub fn invalidate_tags(&mut self, tags: &[Tag], soft: bool, now: Timestamp) {
        let now = self.clock.observe(now);
        for &tag in tags {
            let fence = self.next_fence();
            self.tags.invalidate(tag, soft, fence, now);
        }
    }

    /// The worst that happened to `tags` since a load of this `fence` began.
    #[must_use]
    pub fn tags_after(&self, tags: &[Tag], fence: Fence) -> Option<Invalidation> {
        self.tags.since(tags, fence)
    }

    /// The fence of the last invalidation: a write that begins now is newer than it, and older than
    /// the next.
    #[must_use]
    pub fn tags_latest(&self) -> Fence {
        self.tags.latest()
    }

    /// Gives the entry of `slot`, which was just stored, its tags. Invalidations after `fence`,
    /// that of its load, concern it; `None`: it is newer than everything so far.
    pub fn tag(&mut self, slot: SlotId, tags: Box<[Tag]>, fence: Option<Fence>) {
        let heeded = fence.unwrap_or(self.tags.latest());
        self.memory.set_tags(slot, tags, heeded);
    }

    /// True if callers must not join a load any more, because a tag of what it brings was
    /// invalidated after it began. `None`: its tags are known only when it is done.
    #[must_use]
    pub fn is_outdated(&self, tags: Option<&[Tag]>, fence: Fence) -> bool {
        self.tags.outdates(tags, fence)
    }

    /// Leads a new load of `slot` instead of joining one that is outdated, which a `begin` has
    /// just told the caller to wait for.
    pub fn take_over(&mut self, slot: SlotId, policy: PolicyId, now: Timestamp) -> Fence {
        let now = self.clock.observe(now);
        self.flights.detach(slot);
        let counters: &mut Counters = &mut self.counters[policy as usize];
        counters.coalesced = counters.coalesced.saturating_sub(1);
        self.lead(slot, policy, false, now)
    }

    /// Takes invalidations of its tags into account that the entry of `slot` has not seen yet.
    #[inline]
    pub(super) fn heed_tags(&mut self, slot: Option<SlotId>) {
        if let Some(slot) = slot
            && !self.memory.heeds(slot, self.tags.latest())
        {
            self.apply_tags(slot);
        }
    }

    #[cold]
    fn apply_tags(&mut self, slot: SlotId) {
        let (tags, heeded) = self.memory.heed(slot, self.tags.latest());
        match self.tags.since(tags, heeded) {
            None => {}
            Some(Invalidation::Soft(at)) => self.memory.make_stale(slot, at),
            Some(Invalidation::Hard) => {
                self.memory.kill(slot);
                self.retries.remove(slot);
            }
        }
    }
}
