//! The memory tier: numbered slots, recency, expiry and two budgets.
//!
//! The host keeps keys and values in arrays indexed by slot; this module keeps the metadata. A slot
//! is taken when its key is first seen, holds an [`Entry`] once a value was stored, may be *pinned*
//! while a load of its key is under way, and is released when it has neither. Released slots are
//! queued: the host drains the queue with [`Memory::take_dropped`] and forgets their keys and
//! values.
//!
//! Nothing runs on timers. When a budget is exceeded, expired entries go first, then the least
//! recently used.

pub mod deadlines;
pub mod recency;
mod traces;

use crate::entry::Entry;
use crate::fence::Fence;
use crate::strategy::ttl::Lifetime;
use crate::tags::Tag;
use crate::time::{Span, Timestamp};
use alloc::boxed::Box;
use alloc::vec::Vec;
use deadlines::Deadlines;
use recency::Recency;
use traces::Traces;

/// The number of a slot.
pub type SlotId = u32;

/// The budgets of a [`Memory`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Maximum number of entries; with 0 an entry is dropped after the load that made it.
    pub max_entries: u32,
    /// Maximum size of all entries in bytes, by [`Entry::size`].
    pub max_bytes: u64,
}

#[derive(Clone, Debug)]
struct Slot {
    entry: Option<Entry>,
    tags: Box<[Tag]>,
    /// The newest invalidation of its tags that is applied to the entry; the newest possible for an
    /// entry without tags.
    heeded: Fence,
    barrier: Fence,
    taken: bool,
    pinned: bool,
}

impl Slot {
    fn taken(barrier: Fence) -> Self {
        Self {
            entry: None,
            tags: Box::default(),
            heeded: Fence::LAST,
            barrier,
            taken: true,
            pinned: false,
        }
    }
}

/// A slot that was released, or whose value is to be forgotten while its trace stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// The slot's number.
    pub slot: SlotId,
    /// True if its entry was servable and was evicted to make room.
    pub evicted: bool,
}

/// Slots and their entries, bounded by [`Limits`].
#[derive(Clone, Debug)]
pub struct Memory {
    limits: Limits,
    slots: Vec<Slot>,
    free: Vec<SlotId>,
    recency: Recency,
    expiry: Deadlines,
    dropped: Vec<Dropped>,
    traces: Traces,
    floor: Fence,
    entries: u32,
    bytes: u64,
    evictions: u64,
}

impl Memory {
    /// Returns an empty memory.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            slots: Vec::new(),
            free: Vec::new(),
            recency: Recency::default(),
            expiry: Deadlines::default(),
            dropped: Vec::new(),
            traces: Traces::default(),
            floor: Fence::ZERO,
            entries: 0,
            bytes: 0,
            evictions: 0,
        }
    }

    /// Returns the number of entries, including expired ones not yet dropped.
    #[must_use]
    pub const fn entries(&self) -> u32 {
        self.entries
    }

    /// Returns the size of all entries in bytes.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the number of servable entries evicted to stay within the limits.
    #[must_use]
    pub const fn evictions(&self) -> u64 {
        self.evictions
    }

    /// Returns the number of slots taken, with or without an entry.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Takes a slot for a new key. [`Memory::release`] frees it unless it holds an entry or is
    /// pinned.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a host cannot hold 2^32 slots of this size"
    )]
    pub fn take(&mut self) -> SlotId {
        let fresh = Slot::taken(self.floor);
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = fresh;
            slot
        } else {
            self.slots.push(fresh);
            self.slots.len() as SlotId - 1
        }
    }

    /// True if `slot` is taken.
    #[must_use]
    pub fn is_taken(&self, slot: SlotId) -> bool {
        self.slots.get(slot as usize).is_some_and(|slot| slot.taken)
    }

    /// Returns the entry of `slot`, even an expired one.
    #[inline]
    #[must_use]
    pub fn entry(&self, slot: SlotId) -> Option<&Entry> {
        self.slots.get(slot as usize)?.entry.as_ref()
    }

    /// Returns the entry for counting hits; its size and its end must not change.
    #[inline]
    pub(crate) fn entry_mut(&mut self, slot: SlotId) -> Option<&mut Entry> {
        self.slots.get_mut(slot as usize)?.entry.as_mut()
    }

    /// Makes the entry of `slot`, which must have one, the most recently used.
    #[inline]
    pub fn touch(&mut self, slot: SlotId) {
        self.recency.touch(slot);
    }

    /// Pins `slot`, so that it stays taken without an entry, or unpins it.
    pub fn pin(&mut self, slot: SlotId, pinned: bool) {
        if self.is_taken(slot) {
            self.slots[slot as usize].pinned = pinned;
        }
    }

    /// Stores `entry` in `slot`, replacing the previous one, and makes room for it.
    ///
    /// False if it cannot stay: it has expired already or exceeds the whole budget. The slot then
    /// has no entry, as the previous one is outdated. A memory for 0 entries keeps the entry while
    /// the slot is pinned.
    pub fn store(&mut self, slot: SlotId, entry: Entry, now: Timestamp) -> bool {
        self.clear_entry(slot);
        let stays = entry.is_kept(now)
            && u64::from(entry.size) <= self.limits.max_bytes
            && (self.limits.max_entries > 0 || self.slots[slot as usize].pinned);
        if stays {
            self.make_room(u64::from(entry.size), now);
            self.slots[slot as usize].entry = Some(entry);
            self.recency.add(slot);
            self.set_expiry(slot, entry.dead_at());
            self.entries += 1;
            self.bytes += u64::from(entry.size);
        }
        stays
    }

    /// Drops entry and trace of `slot`, and releases the slot unless it is pinned.
    pub fn remove(&mut self, slot: SlotId) {
        self.traces.remove(slot);
        self.clear_entry(slot);
        self.release(slot);
    }

    /// Drops the entry to make room.
    fn evict(&mut self, slot: SlotId) {
        let dropped = self.dropped.len();
        self.remove(slot);
        if let Some(victim) = self.dropped.get_mut(dropped) {
            victim.evicted = true;
        }
    }

    /// Releases `slot` if it has no entry (a memory for 0 entries drops it now), no trace and no
    /// pin.
    pub fn release(&mut self, slot: SlotId) {
        if !self.is_taken(slot) || self.slots[slot as usize].pinned {
            return;
        }
        let is_traced = self.retrace(slot);
        if self.limits.max_entries == 0 {
            self.clear_entry(slot);
        }
        if self.slots[slot as usize].entry.is_none() && !is_traced {
            self.slots[slot as usize].taken = false;
            self.raise_floor(self.slots[slot as usize].barrier);
            self.free.push(slot);
            self.dropped.push(Dropped {
                slot,
                evicted: false,
            });
        }
    }

    /// True if a write with this fence is refused because a newer write or an invalidation came
    /// first. `None` is a key without a slot: the fences of released slots are kept as one for all
    /// such keys, so a write may be refused without need, but is never admitted wrongly.
    #[must_use]
    #[inline(never)]
    pub fn is_outdated(&self, slot: Option<SlotId>, fence: Fence) -> bool {
        match slot {
            Some(slot) => fence < self.slots[slot as usize].barrier,
            None => fence < self.floor,
        }
    }

    /// Refuses later writes to `slot` with an older fence.
    pub fn raise_barrier(&mut self, slot: SlotId, fence: Fence) {
        let barrier = &mut self.slots[slot as usize].barrier;
        *barrier = fence.max(*barrier);
    }

    /// Refuses later writes with an older fence to keys without a slot.
    pub fn raise_floor(&mut self, fence: Fence) {
        self.floor = fence.max(self.floor);
    }

    /// Returns the next slot whose key and value the host must forget.
    pub fn take_dropped(&mut self) -> Option<Dropped> {
        self.dropped.pop()
    }

    /// True if [`Memory::take_dropped`] has a slot to return.
    #[must_use]
    pub fn has_dropped(&self) -> bool {
        !self.dropped.is_empty()
    }

    /// Sets the tags of the entry of `slot`. Their invalidations up to `heeded` came before it.
    pub fn set_tags(&mut self, slot: SlotId, tags: Box<[Tag]>, heeded: Fence) {
        let slot = &mut self.slots[slot as usize];
        if slot.entry.is_some() && !tags.is_empty() {
            slot.tags = tags;
            slot.heeded = heeded;
        }
    }

    /// Returns the tags of the entry of `slot`.
    #[must_use]
    pub fn tags(&self, slot: SlotId) -> &[Tag] {
        self.slots.get(slot as usize).map_or(&[], |slot| &slot.tags)
    }

    /// True if all invalidations up to `latest` are applied to the entry of `slot`.
    #[inline]
    #[must_use]
    pub fn heeds(&self, slot: SlotId, latest: Fence) -> bool {
        let slot = self.slots.get(slot as usize);
        slot.is_none_or(|slot| slot.heeded >= latest)
    }

    /// Returns the entry of `slot` if all invalidations up to `latest` are applied to it; otherwise
    /// its tags must be checked first.
    #[inline]
    pub(crate) fn heeding(&mut self, slot: SlotId, latest: Fence) -> Option<&mut Entry> {
        let slot = self.slots.get_mut(slot as usize)?;
        let entry = slot.entry.as_mut()?;
        (slot.heeded >= latest).then_some(entry)
    }

    /// Returns the tags of the entry of `slot`, and the invalidation up to which they were applied;
    /// records `latest` in its place.
    pub fn heed(&mut self, slot: SlotId, latest: Fence) -> (&[Tag], Fence) {
        let slot = &mut self.slots[slot as usize];
        (&slot.tags, core::mem::replace(&mut slot.heeded, latest))
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
        if let Some(entry) = &mut self.slots[slot as usize].entry {
            change(entry);
            let deadline = entry.dead_at();
            self.set_expiry(slot, deadline);
        }
    }

    fn clear_entry(&mut self, slot: SlotId) {
        let Some(entry) = self.slots[slot as usize].entry.take() else {
            return;
        };
        self.slots[slot as usize].tags = Box::default();
        self.slots[slot as usize].heeded = Fence::LAST;
        self.recency.remove(slot);
        self.expiry.remove(slot);
        self.entries -= 1;
        self.bytes -= u64::from(entry.size);
    }

    fn set_expiry(&mut self, slot: SlotId, deadline: Timestamp) {
        // Entries that never expire stay out of the queue, which keeps it short.
        if deadline < Timestamp::NEVER {
            self.expiry.set(slot, deadline, ());
        }
    }

    fn is_full(&self, size: u64) -> bool {
        let max_entries = self.limits.max_entries;
        (max_entries > 0 && self.entries >= max_entries)
            || self.bytes + size > self.limits.max_bytes
    }

    fn make_room(&mut self, size: u64, now: Timestamp) {
        while self.is_full(size) {
            if let Some(expired) = self.oldest_expired(now) {
                self.remove(expired);
            } else if let Some(oldest) = self.recency.oldest() {
                self.evictions += 1;
                self.evict(oldest);
            } else {
                return;
            }
        }
    }

    /// Returns the slot whose entry expired first, if any has.
    fn oldest_expired(&self, now: Timestamp) -> Option<SlotId> {
        let (deadline, slot) = self.expiry.earliest()?;
        (deadline <= now).then_some(slot)
    }

    /// Checks the internal rules; for tests.
    ///
    /// # Panics
    /// When one is broken.
    pub fn assert_invariants(&self) {
        self.expiry.assert_invariants();
        self.assert_traces();
        let held = self.slots.iter().filter_map(|slot| slot.entry);
        assert_eq!(held.clone().count(), self.entries as usize, "entries");
        let bytes: u64 = held.map(|entry| u64::from(entry.size)).sum();
        assert_eq!(bytes, self.bytes, "bytes");
        assert!(bytes <= self.limits.max_bytes, "byte budget");
        assert_eq!(self.recency.iter().count(), self.entries as usize, "order");
        if self.limits.max_entries > 0 {
            assert!(self.entries <= self.limits.max_entries, "entry budget");
        }
        for slot in &self.slots {
            assert!(slot.taken || slot.entry.is_none(), "free slots are empty");
        }
    }
}
