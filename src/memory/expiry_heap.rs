//! Slots in the order of their deadlines, as a binary heap.

use super::SlotId;
use super::segments::Segments;
use crate::time::Timestamp;

/// In the second number of a slot's pair: the slot has no deadline.
pub(super) const ABSENT: u32 = u32::MAX;

/// Two numbers for each slot; what they mean is the order's to say.
pub(super) type Pairs = Segments<[u32; 2]>;

/// A heap of slots. At each index the pair has the slot at that place of the heap, and the place of
/// that slot: one array for both, as a heap has no more places than there are slots.
#[derive(Clone, Debug)]
pub(super) struct Heap {
    len: u32,
}

fn place_of(pairs: &Pairs, slot: SlotId) -> Option<u32> {
    Some(pairs[slot][1]).filter(|&at| at != ABSENT)
}

#[inline]
fn at(pairs: &Pairs, place: u32) -> SlotId {
    pairs[place][0]
}

#[inline(never)]
fn put(pairs: &mut Pairs, place: u32, slot: SlotId) {
    pairs[place][0] = slot;
    pairs[slot][1] = place;
}

impl Heap {
    /// Makes a heap of the `len` slots whose pairs say so.
    pub(super) const fn of(len: u32) -> Self {
        Self { len }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn first(&self, pairs: &Pairs) -> Option<SlotId> {
        (self.len > 0).then(|| at(pairs, 0))
    }

    /// Adds `slot`, or moves it.
    pub(super) fn set(
        &mut self,
        pairs: &mut Pairs,
        slot: SlotId,
        deadline: &impl Fn(SlotId) -> Timestamp,
    ) {
        let place = place_of(pairs, slot).unwrap_or_else(|| {
            self.len += 1;
            self.len - 1
        });
        put(pairs, place, slot);
        self.settle(pairs, place, deadline);
    }

    /// Removes `slot`, if it is in it.
    pub(super) fn remove(
        &mut self,
        pairs: &mut Pairs,
        slot: SlotId,
        deadline: &impl Fn(SlotId) -> Timestamp,
    ) {
        let Some(place) = place_of(pairs, slot) else {
            return;
        };
        self.len -= 1;
        let last = at(pairs, self.len);
        pairs[slot][1] = ABSENT;
        if last != slot {
            put(pairs, place, last);
            self.settle(pairs, place, deadline);
        }
    }

    fn settle(&self, pairs: &mut Pairs, place: u32, deadline: &impl Fn(SlotId) -> Timestamp) {
        let slot = at(pairs, place);
        let own = deadline(slot);
        let place = rise(pairs, place, own, deadline);
        let place = self.sink(pairs, place, own, deadline);
        put(pairs, place, slot);
    }

    /// Makes room for a deadline below its place; returns where.
    fn sink(
        &self,
        pairs: &mut Pairs,
        mut place: u32,
        own: Timestamp,
        deadline: &impl Fn(SlotId) -> Timestamp,
    ) -> u32 {
        while let Some((child, earlier)) = self.earlier_child(pairs, place, deadline) {
            if own <= earlier {
                break;
            }
            put(pairs, place, at(pairs, child));
            place = child;
        }
        place
    }

    fn earlier_child(
        &self,
        pairs: &Pairs,
        place: u32,
        deadline: &impl Fn(SlotId) -> Timestamp,
    ) -> Option<(u32, Timestamp)> {
        let (left, right) = (2 * place + 1, 2 * place + 2);
        if left >= self.len {
            return None;
        }
        let first = deadline(at(pairs, left));
        if right < self.len {
            let second = deadline(at(pairs, right));
            if second < first {
                return Some((right, second));
            }
        }
        Some((left, first))
    }

    /// Checks the internal rules, for tests; returns the number of slots.
    pub(super) fn assert_invariants(
        &self,
        pairs: &Pairs,
        deadline: impl Fn(SlotId) -> Timestamp,
    ) -> usize {
        for place in 0..self.len {
            let slot = at(pairs, place);
            assert_eq!(place_of(pairs, slot), Some(place), "slot {slot} is there");
            assert!(
                place == 0 || deadline(at(pairs, (place - 1) / 2)) <= deadline(slot),
                "place {place} is not before its parent"
            );
        }
        self.len as usize
    }
}

/// Makes room for a deadline above its place; returns where.
fn rise(
    pairs: &mut Pairs,
    mut place: u32,
    own: Timestamp,
    deadline: &impl Fn(SlotId) -> Timestamp,
) -> u32 {
    while place > 0 {
        let parent = (place - 1) / 2;
        let above = at(pairs, parent);
        if deadline(above) <= own {
            break;
        }
        put(pairs, place, above);
        place = parent;
    }
    place
}
