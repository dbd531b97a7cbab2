//! The order in which entries expire: a binary heap of slot numbers.
//!
//! A slot's deadline follows from its entry and is not kept here a second time. An entry that
//! expires after all others, the usual case in a cache with one `ttl`, is added in O(1); everything
//! else takes O(log n).

use super::SlotId;
use super::segments::Segments;
use crate::time::Timestamp;

const ABSENT: u32 = u32::MAX;

/// Slots by deadline, earliest first. Every method that compares is given the deadlines.
#[derive(Clone, Debug, Default)]
pub(super) struct Expiry {
    /// At each index the slot at that place of the heap, and the place of that slot: one array for
    /// both, as a heap has no more places than there are slots.
    pairs: Segments<[u32; 2]>,
    len: u32,
}

impl Expiry {
    /// Makes room for one more slot.
    pub(super) fn grow(&mut self) {
        self.pairs.push([ABSENT; 2]);
    }

    /// Returns the slot with the earliest deadline.
    pub(super) fn earliest(&self) -> Option<SlotId> {
        (self.len > 0).then(|| self.at(0))
    }

    /// Adds `slot`, or moves it to where its new deadline belongs.
    pub(super) fn set(&mut self, slot: SlotId, deadline: impl Fn(SlotId) -> Timestamp) {
        let place = self.place(slot).unwrap_or_else(|| {
            self.len += 1;
            self.len - 1
        });
        self.put(place, slot);
        self.settle(place, &deadline);
    }

    /// Removes `slot`, if it has a deadline.
    pub(super) fn remove(&mut self, slot: SlotId, deadline: impl Fn(SlotId) -> Timestamp) {
        let Some(place) = self.place(slot) else {
            return;
        };
        self.len -= 1;
        let last = self.at(self.len);
        self.pairs[slot][1] = ABSENT;
        if last != slot {
            self.put(place, last);
            self.settle(place, &deadline);
        }
    }

    #[inline]
    fn at(&self, place: u32) -> SlotId {
        self.pairs[place][0]
    }

    fn place(&self, slot: SlotId) -> Option<u32> {
        Some(self.pairs[slot][1]).filter(|&at| at != ABSENT)
    }

    #[inline(never)]
    fn put(&mut self, place: u32, slot: SlotId) {
        self.pairs[place][0] = slot;
        self.pairs[slot][1] = place;
    }

    fn settle(&mut self, place: u32, deadline: &impl Fn(SlotId) -> Timestamp) {
        let place = self.sift_up(place, deadline);
        self.sift_down(place, deadline);
    }

    fn sift_up(&mut self, mut place: u32, deadline: &impl Fn(SlotId) -> Timestamp) -> u32 {
        let slot = self.at(place);
        let own = deadline(slot);
        while place > 0 {
            let parent = (place - 1) / 2;
            let above = self.at(parent);
            if deadline(above) <= own {
                break;
            }
            self.put(place, above);
            place = parent;
        }
        self.put(place, slot);
        place
    }

    fn sift_down(&mut self, mut place: u32, deadline: &impl Fn(SlotId) -> Timestamp) {
        let slot = self.at(place);
        let own = deadline(slot);
        while let Some((child, earlier)) = self.earlier_child(place, deadline) {
            if own <= earlier {
                break;
            }
            self.put(place, self.at(child));
            place = child;
        }
        self.put(place, slot);
    }

    fn earlier_child(
        &self,
        place: u32,
        deadline: &impl Fn(SlotId) -> Timestamp,
    ) -> Option<(u32, Timestamp)> {
        let (left, right) = (2 * place + 1, 2 * place + 2);
        if left >= self.len {
            return None;
        }
        let first = deadline(self.at(left));
        if right < self.len {
            let second = deadline(self.at(right));
            if second < first {
                return Some((right, second));
            }
        }
        Some((left, first))
    }

    /// Checks the internal rules; for tests.
    ///
    /// # Panics
    /// When one is broken.
    pub(super) fn assert_invariants(&self, deadline: impl Fn(SlotId) -> Timestamp) {
        for place in 0..self.len {
            let slot = self.at(place);
            assert_eq!(self.place(slot), Some(place), "slot {slot} knows its place");
            assert!(
                place == 0 || deadline(self.at((place - 1) / 2)) <= deadline(slot),
                "place {place} is not before its parent"
            );
        }
        let placed = self.pairs.iter().filter(|pair| pair[1] != ABSENT).count();
        assert_eq!(placed, self.len as usize, "no slot is placed twice");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    proptest! {
        /// Against a plain map: the earliest slot has always the map's smallest deadline.
        #[test]
        fn agrees_with_a_map(ops in prop::collection::vec((0_u32..20, prop::option::of(0_u64..50)), 0..200)) {
            let mut expiry = Expiry::default();
            (0..20).for_each(|_| expiry.grow());
            let mut deadlines: Vec<u64> = alloc::vec![0; 20];
            let mut map = BTreeMap::new();
            for (slot, deadline) in ops {
                if let Some(millis) = deadline {
                    deadlines[slot as usize] = millis;
                    map.insert(slot, millis);
                }
                let of = |slot: SlotId| Timestamp::from_millis(deadlines[slot as usize]);
                if deadline.is_some() {
                    expiry.set(slot, of);
                } else {
                    expiry.remove(slot, of);
                    map.remove(&slot);
                }
                expiry.assert_invariants(of);
                prop_assert_eq!(expiry.len as usize, map.len());
                let earliest = expiry.earliest().map(|slot| of(slot).as_millis());
                prop_assert_eq!(earliest, map.values().min().copied());
            }
        }
    }
}
