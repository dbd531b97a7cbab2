//! The memory tier: numbered slots, recency, expiry and two budgets.
//!
//! The host keeps keys and values in arrays indexed by slot; this module keeps the metadata. A slot
//! is taken when its key is first seen, holds an [`Entry`] once a value was stored, may be *pinned*
//! while a load of its key is under way, and is released when it has neither. Released slots are
//! queued: the host drains the queue with [`Memory::take_dropped`] and forgets their keys and
//! values.
//!
//! Nothing runs on timers. When a budget is exceeded, expired entries go first, then those that the
//! [`Eviction`] policy picks.

pub mod deadlines;
mod eviction;
mod expiry;
mod expiry_heap;
mod expiry_line;
mod ghosts;
mod invalidating;
mod list;
pub mod recency;
mod s3_fifo;
mod segments;
mod slots;
mod traces;
mod windows;

use crate::entry::Entry;
use crate::fence::Fence;
use crate::time::{Span, Timestamp};
use alloc::vec::Vec;
pub use eviction::Eviction;
use eviction::Order;
use expiry::Expiry;
use s3_fifo::Budget;
use slots::Slots;
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
    slots: Slots,
    free: Vec<SlotId>,
    order: Order,
    expiry: Expiry,
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
            slots: Slots::default(),
            free: Vec::new(),
            order: Order::new(Eviction::Lru),
            expiry: Expiry::default(),
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
        self.slots.len() as usize - self.free.len()
    }

    /// Evicts by `eviction` from now on. Set before anything is stored.
    pub fn evict_by(&mut self, eviction: Eviction) {
        if self.entries == 0 {
            self.order = Order::new(eviction);
        }
    }

    /// Notes the hash of the key to which `slot` was given. Eviction by [`Eviction::S3Fifo`] depends
    /// on it; others take no notice.
    pub fn identify(&mut self, slot: SlotId, hash: u32) {
        if let Order::S3Fifo(order) = &mut self.order {
            order.identify(slot, hash, self.slots.is_held(slot));
        }
    }

    /// Counts hits and costs of loads from now on, which only some strategies ask for.
    pub fn keep_counts(&mut self) {
        self.slots.keep_counts();
    }

    /// Takes a slot for a new key. [`Memory::release`] frees it unless it holds an entry or is
    /// pinned.
    pub fn take(&mut self) -> SlotId {
        let Some(slot) = self.free.pop() else {
            self.expiry.grow();
            return self.slots.add(self.floor);
        };
        self.slots.take(slot, self.floor);
        slot
    }

    /// True if `slot` is taken.
    #[must_use]
    pub fn is_taken(&self, slot: SlotId) -> bool {
        self.slots.is_taken(slot)
    }

    /// Returns the entry of `slot`, even an expired one.
    #[must_use]
    pub fn entry(&self, slot: SlotId) -> Option<Entry> {
        self.slots.entry(slot)
    }

    /// Returns the `ttl` and the age of the entry of `slot` while it is fresh.
    #[inline]
    #[must_use]
    pub fn fresh(&self, slot: SlotId, now: Timestamp) -> Option<(Span, Span)> {
        self.slots.fresh(slot, now)
    }

    /// Returns the cost of the load that brought the entry of `slot`, in milliseconds.
    #[inline]
    #[must_use]
    pub fn load_cost(&self, slot: SlotId) -> u32 {
        self.slots.load_cost(slot)
    }

    /// True if `slot` has an entry.
    #[inline]
    #[must_use]
    pub fn has_entry(&self, slot: SlotId) -> bool {
        self.slots.is_held(slot)
    }

    /// Counts a hit of the entry of `slot`, if it has one.
    #[inline]
    pub fn count_hit(&mut self, slot: SlotId) {
        self.slots.count(slot, |hits| hits.saturating_add(1));
    }

    /// Counts hits that were served elsewhere: the entry of `slot` has served at least so many.
    pub fn count_hits(&mut self, slot: SlotId, served: u32) {
        self.slots.count(slot, |hits| hits.max(served));
    }

    /// Notes that the entry of `slot`, which must have one, is a failure that is remembered.
    pub fn mark_failure(&mut self, slot: SlotId) {
        self.slots.mark_failure(slot);
    }

    /// Notes a use of the entry of `slot`, which must have one.
    #[inline]
    pub fn touch(&mut self, slot: SlotId) {
        self.order.touch(slot);
    }

    /// Pins `slot`, so that it stays taken without an entry, or unpins it.
    pub fn pin(&mut self, slot: SlotId, pinned: bool) {
        if self.is_taken(slot) {
            self.slots.pin(slot, pinned);
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
            && (self.limits.max_entries > 0 || self.slots.is_pinned(slot));
        if stays {
            self.make_room(u64::from(entry.size), now);
            self.slots.put(slot, &entry);
            self.order.add(slot, entry.size);
            self.set_expiry(slot);
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
        if !self.is_taken(slot) || self.slots.is_pinned(slot) {
            return;
        }
        let is_traced = self.retrace(slot);
        if self.limits.max_entries == 0 {
            self.clear_entry(slot);
        }
        if !self.has_entry(slot) && !is_traced {
            self.slots.free(slot);
            self.raise_floor(self.slots.barrier(slot));
            self.free.push(slot);
            self.dropped.push(Dropped {
                slot,
                evicted: false,
            });
        }
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

    fn clear_entry(&mut self, slot: SlotId) {
        if !self.has_entry(slot) {
            return;
        }
        self.order.remove(slot);
        self.order_expiry(slot, false);
        self.bytes -= u64::from(self.slots.clear(slot));
        self.entries -= 1;
    }

    fn set_expiry(&mut self, slot: SlotId) {
        // Entries that never expire stay out of the order, which keeps it short.
        let expires = self.slots.dead_at(slot) < Timestamp::NEVER;
        self.order_expiry(slot, expires);
    }

    /// Has `slot` in the order of expiry, or not. One function, as each use of the order is code.
    #[inline(never)]
    fn order_expiry(&mut self, slot: SlotId, expires: bool) {
        let deadline = |slot| self.slots.dead_at(slot);
        if expires {
            self.expiry.set(slot, deadline);
        } else {
            self.expiry.remove(slot, deadline);
        }
    }

    /// Returns the budget that an entry of this size exceeds.
    fn exceeded(&self, size: u64) -> Option<Budget> {
        let max_entries = self.limits.max_entries;
        if max_entries > 0 && self.entries >= max_entries {
            return Some(Budget::Entries);
        }
        (self.bytes + size > self.limits.max_bytes).then_some(Budget::Bytes)
    }

    fn make_room(&mut self, size: u64, now: Timestamp) {
        while let Some(budget) = self.exceeded(size) {
            if let Some(expired) = self.oldest_expired(now) {
                self.remove(expired);
            } else if let Some(victim) = self.order.evict(budget) {
                self.evictions += 1;
                self.evict(victim);
            } else {
                return;
            }
        }
    }

    /// Returns the slot whose entry expired first, if any has.
    fn oldest_expired(&self, now: Timestamp) -> Option<SlotId> {
        let slot = self.expiry.earliest()?;
        (self.slots.dead_at(slot) <= now).then_some(slot)
    }

    /// Checks the internal rules; for tests.
    ///
    /// # Panics
    /// When one is broken.
    pub fn assert_invariants(&self) {
        self.slots.assert_invariants();
        self.expiry
            .assert_invariants(|slot| self.slots.dead_at(slot));
        self.assert_traces();
        let held = || (0..self.slots.len()).filter_map(|slot| self.entry(slot));
        assert_eq!(held().count(), self.entries as usize, "entries");
        let bytes: u64 = held().map(|entry| u64::from(entry.size)).sum();
        assert_eq!(bytes, self.bytes, "bytes");
        assert!(bytes <= self.limits.max_bytes, "byte budget");
        self.order
            .assert_invariants(self.entries as usize, self.bytes);
        if self.limits.max_entries > 0 {
            assert!(self.entries <= self.limits.max_entries, "entry budget");
        }
    }
}
