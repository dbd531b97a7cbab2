//! The facts of each slot, packed: 24 bytes for most, with what few entries have aside.
//!
//! Times and fences take less room than they could: a time has 48 bits, which end in the year
//! 10,889, a fence counts from a base that moves. Counts and tags are in columns of their own, which
//! take no room until they are needed.

use super::SlotId;
use super::segments::Segments;
use super::windows::WindowsTable;
use crate::entry::Entry;
use crate::fence::Fence;
use crate::strategy::ttl::Lifetime;
use crate::tags::Tag;
use crate::time::{Span, Timestamp};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Some key has the slot.
const TAKEN: u8 = 1;
/// The slot stays taken without an entry.
const PINNED: u8 = 2;
/// The slot has an entry.
const HELD: u8 = 4;
/// The entry is a remembered failure.
const FAILURE: u8 = 8;
/// The entry has tags.
const TAGGED: u8 = 16;

/// The latest time, and the longest `ttl`, which is [`Span::FOREVER`].
const MOST: u64 = (1 << 48) - 1;

#[derive(Clone, Copy, Debug, Default)]
struct Packed {
    stored_low: u32,
    ttl_low: u32,
    stored_high: u16,
    ttl_high: u16,
    /// The number of its windows above its flags.
    windows_flags: u32,
    size: u32,
    /// The barrier, counted from the base of all.
    barrier: u32,
}

/// The tags of an entry, and the newest invalidation of them that is applied to it.
#[derive(Clone, Debug)]
struct Tagged {
    tags: Box<[Tag]>,
    heeded: Fence,
}

/// The slots of a memory, with or without an entry.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    packed: Segments<Packed>,
    windows: WindowsTable,
    /// The cost of the load and the hits of each entry; empty while nobody asks for them.
    counts: Segments<[u32; 2]>,
    are_counted: bool,
    tagged: Vec<Option<Tagged>>,
    base: u64,
}

#[expect(clippy::cast_possible_truncation, reason = "cut into parts on purpose")]
fn split(millis: u64) -> (u32, u16) {
    let millis = millis.min(MOST);
    (millis as u32, (millis >> 32) as u16)
}

const fn join(low: u32, high: u16) -> u64 {
    low as u64 | (high as u64) << 32
}

impl Packed {
    #[inline]
    const fn has(&self, flag: u8) -> bool {
        self.windows_flags & flag as u32 != 0
    }

    const fn set(&mut self, flag: u8, on: bool) {
        if on {
            self.windows_flags |= flag as u32;
        } else {
            self.windows_flags &= !(flag as u32);
        }
    }

    const fn windows(&self) -> u32 {
        self.windows_flags >> 8
    }

    const fn stored_at(&self) -> Timestamp {
        Timestamp::from_millis(join(self.stored_low, self.stored_high))
    }

    const fn ttl(&self) -> Span {
        match join(self.ttl_low, self.ttl_high) {
            MOST => Span::FOREVER,
            ttl => Span::from_millis(ttl),
        }
    }
}

impl Slots {
    /// Counts hits and costs of loads from now on; entries from before have none.
    pub(super) fn keep_counts(&mut self) {
        self.are_counted = true;
        while self.counts.len() < self.packed.len() {
            self.counts.push([0; 2]);
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a host cannot hold 2^32 slots of this size"
    )]
    pub(super) fn len(&self) -> SlotId {
        self.packed.len() as SlotId
    }

    /// Adds a slot that is taken.
    pub(super) fn add(&mut self, barrier: Fence) -> SlotId {
        self.packed.push(Packed::default());
        if self.are_counted {
            self.counts.push([0; 2]);
        }
        let slot = self.len() - 1;
        self.take(slot, barrier);
        slot
    }

    /// Takes a free slot.
    pub(super) fn take(&mut self, slot: SlotId, barrier: Fence) {
        self.packed[slot] = Packed {
            windows_flags: TAKEN.into(),
            ..Packed::default()
        };
        self.raise_barrier(slot, barrier);
    }

    /// Frees a slot without an entry.
    pub(super) fn free(&mut self, slot: SlotId) {
        self.packed[slot].set(TAKEN, false);
    }

    #[inline]
    fn has(&self, slot: SlotId, flag: u8) -> bool {
        self.packed.get(slot).is_some_and(|slot| slot.has(flag))
    }

    pub(super) fn is_taken(&self, slot: SlotId) -> bool {
        self.has(slot, TAKEN)
    }

    pub(super) fn is_pinned(&self, slot: SlotId) -> bool {
        self.has(slot, PINNED)
    }

    pub(super) fn pin(&mut self, slot: SlotId, pinned: bool) {
        self.packed[slot].set(PINNED, pinned);
    }

    #[inline]
    pub(super) fn is_held(&self, slot: SlotId) -> bool {
        self.has(slot, HELD)
    }

    /// Returns the entry of `slot`.
    #[inline(never)]
    pub(super) fn entry(&self, slot: SlotId) -> Option<Entry> {
        let packed = self.packed.get(slot)?;
        if !packed.has(HELD) {
            return None;
        }
        let [load_cost, hits] = self.counts.get(slot).copied().unwrap_or_default();
        Some(Entry {
            stored_at: packed.stored_at(),
            lifetime: self.windows.lifetime(packed.ttl(), packed.windows()),
            load_cost,
            hits,
            size: packed.size,
            is_failure: packed.has(FAILURE),
        })
    }

    /// Returns the `ttl` and the age of the entry of `slot` while it is fresh: all that a hit
    /// needs.
    #[inline]
    pub(super) fn fresh(&self, slot: SlotId, now: Timestamp) -> Option<(Span, Span)> {
        let packed = self.packed.get(slot).filter(|packed| packed.has(HELD))?;
        let (ttl, age) = (packed.ttl(), now.since(packed.stored_at()));
        (age < ttl || ttl.is_forever()).then_some((ttl, age))
    }

    /// Returns the cost of the load of the entry of `slot`, where costs are counted.
    #[inline]
    pub(super) fn load_cost(&self, slot: SlotId) -> u32 {
        self.counts.get(slot).map_or(0, |&[cost, _]| cost)
    }

    /// Returns the time at which the entry of `slot` expires. Compared often, so it takes no more
    /// than it must.
    #[inline(never)]
    pub(super) fn dead_at(&self, slot: SlotId) -> Timestamp {
        let packed = &self.packed[slot];
        packed.stored_at() + packed.ttl() + self.windows.longest(packed.windows())
    }

    /// Gives `slot`, which has none, an entry without tags.
    pub(super) fn put(&mut self, slot: SlotId, entry: &Entry) {
        let packed = &mut self.packed[slot];
        packed.size = entry.size;
        packed.set(HELD, true);
        packed.set(FAILURE, entry.is_failure);
        (packed.stored_low, packed.stored_high) = split(entry.stored_at.as_millis());
        self.put_lifetime(slot, &entry.lifetime);
        if let Some(counts) = self.counts.get_mut(slot) {
            *counts = [entry.load_cost, entry.hits];
        }
    }

    fn put_lifetime(&mut self, slot: SlotId, lifetime: &Lifetime) {
        let windows = self.windows.intern(lifetime);
        let packed = &mut self.packed[slot];
        (packed.ttl_low, packed.ttl_high) = split(lifetime.ttl.as_millis());
        packed.windows_flags = packed.windows_flags & 0xff | windows << 8;
    }

    /// Gives the entry of `slot` another lifetime.
    pub(super) fn set_lifetime(&mut self, slot: SlotId, lifetime: &Lifetime) {
        self.windows.release(self.packed[slot].windows());
        self.put_lifetime(slot, lifetime);
    }

    /// Takes the entry of `slot` away; returns its size.
    pub(super) fn clear(&mut self, slot: SlotId) -> u32 {
        let packed = &mut self.packed[slot];
        self.windows.release(packed.windows());
        if packed.has(TAGGED) {
            self.tagged[slot as usize] = None;
        }
        packed.windows_flags &= u32::from(TAKEN | PINNED);
        packed.size
    }

    /// Notes that the entry of `slot` is a failure.
    pub(super) fn mark_failure(&mut self, slot: SlotId) {
        self.packed[slot].set(FAILURE, true);
    }

    /// Changes the number of hits of the entry of `slot`, where hits are counted. That of a slot
    /// without an entry counts for nothing.
    #[inline]
    pub(super) fn count(&mut self, slot: SlotId, change: impl FnOnce(u32) -> u32) {
        if let Some([_, hits]) = self.counts.get_mut(slot) {
            *hits = change(*hits);
        }
    }

    pub(super) fn barrier(&self, slot: SlotId) -> Fence {
        Fence::from_number(self.base + u64::from(self.packed[slot].barrier))
    }

    pub(super) fn raise_barrier(&mut self, slot: SlotId, fence: Fence) {
        let number = fence.number();
        if number - self.base.min(number) > u64::from(u32::MAX) {
            self.move_base(number - u64::from(u32::MAX / 2));
        }
        let barrier = &mut self.packed[slot].barrier;
        let raised = number.saturating_sub(self.base);
        *barrier = u32::try_from(raised).unwrap_or(u32::MAX).max(*barrier);
    }

    /// Lifts all barriers to `base` at least: writes that began two billion fences ago are refused.
    #[cold]
    fn move_base(&mut self, base: u64) {
        let moved = base - self.base;
        self.base = base;
        for slot in self.packed.iter_mut() {
            let left = u64::from(slot.barrier).saturating_sub(moved);
            slot.barrier = u32::try_from(left).unwrap_or(u32::MAX);
        }
    }

    /// Gives the entry of `slot` tags, whose invalidations up to `heeded` came before it.
    pub(super) fn set_tags(&mut self, slot: SlotId, tags: Box<[Tag]>, heeded: Fence) {
        if self.is_held(slot) && !tags.is_empty() {
            self.packed[slot].set(TAGGED, true);
            let needed = slot as usize + 1;
            if self.tagged.len() < needed {
                self.tagged.resize(needed, None);
            }
            self.tagged[slot as usize] = Some(Tagged { tags, heeded });
        }
    }

    fn tagged(&self, slot: SlotId) -> Option<&Tagged> {
        if !self.has(slot, TAGGED) {
            return None;
        }
        self.tagged.get(slot as usize)?.as_ref()
    }

    pub(super) fn tags(&self, slot: SlotId) -> &[Tag] {
        self.tagged(slot).map_or(&[], |tagged| &tagged.tags)
    }

    /// True if all invalidations up to `latest` are applied to the entry of `slot`.
    #[inline]
    pub(super) fn heeds(&self, slot: SlotId, latest: Fence) -> bool {
        !self.has(slot, TAGGED)
            || self
                .tagged(slot)
                .is_none_or(|tagged| tagged.heeded >= latest)
    }

    /// Returns the tags of the entry of `slot` and the invalidation up to which they were applied;
    /// records `latest` in its place.
    pub(super) fn heed(&mut self, slot: SlotId, latest: Fence) -> (&[Tag], Fence) {
        match self.tagged.get_mut(slot as usize) {
            Some(Some(tagged)) => {
                let heeded = core::mem::replace(&mut tagged.heeded, latest);
                (&tagged.tags, heeded)
            }
            _ => (&[], latest),
        }
    }

    /// Checks the internal rules; for tests.
    ///
    /// # Panics
    /// When one is broken.
    pub(super) fn assert_invariants(&self) {
        let uses = self.packed.iter().filter(|slot| slot.has(HELD)).count();
        assert_eq!(self.windows.uses(), uses, "windows in use");
        for (number, slot) in self.packed.iter().enumerate() {
            assert!(slot.has(TAKEN) || !slot.has(HELD), "free slots are empty");
            let has_tags = matches!(self.tagged.get(number), Some(Some(_)));
            assert_eq!(slot.has(TAGGED), has_tags, "tags of slot {number}");
        }
    }
}

#[cfg(test)]
#[path = "slots_tests.rs"]
mod tests;
