//! Slots in the order of their deadlines, as a list: for those that are mostly added at its ends.

use super::SlotId;
use super::expiry_heap::{ABSENT, Heap, Pairs};
use crate::time::Timestamp;

/// In the place of a neighbour: there is none.
const END: u32 = u32::MAX - 1;

/// Longest search from each end for the place of a slot. A few that were stored in one millisecond
/// or were ended by hand are close to one.
const STEPS: u32 = 16;

/// A list of slots. The pair of each has the slots before and after it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    first: u32,
    last: u32,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            first: END,
            last: END,
        }
    }
}

impl Line {
    pub(super) fn first(&self) -> Option<SlotId> {
        (self.first != END).then_some(self.first)
    }

    /// Adds `slot`, which is not in it; false if its place is too far from both ends.
    pub(super) fn add(
        &mut self,
        pairs: &mut Pairs,
        slot: SlotId,
        deadline: &impl Fn(SlotId) -> Timestamp,
    ) -> bool {
        let own = deadline(slot);
        let (mut early, mut late) = (self.first, self.last);
        for _ in 0..STEPS {
            // First, as both are at an end at the same time.
            if late == END || deadline(late) <= own {
                let after = if late == END {
                    self.first
                } else {
                    pairs[late][1]
                };
                self.link(pairs, late, slot);
                self.link(pairs, slot, after);
                return true;
            }
            if deadline(early) > own {
                let before = pairs[early][0];
                self.link(pairs, before, slot);
                self.link(pairs, slot, early);
                return true;
            }
            early = pairs[early][1];
            late = pairs[late][0];
        }
        false
    }

    /// Removes `slot`, if it is in it.
    pub(super) fn remove(&mut self, pairs: &mut Pairs, slot: SlotId) {
        let [before, after] = pairs[slot];
        if after == ABSENT {
            return;
        }
        self.link(pairs, before, after);
        pairs[slot][1] = ABSENT;
    }

    /// Makes two slots neighbours; one of them may be an end.
    fn link(&mut self, pairs: &mut Pairs, before: u32, after: u32) {
        if before == END {
            self.first = after;
        } else {
            pairs[before][1] = after;
        }
        if after == END {
            self.last = before;
        } else {
            pairs[after][0] = before;
        }
    }

    /// Returns the same slots as a heap, which what is in order is already.
    #[cold]
    pub(super) fn to_heap(&self, pairs: &mut Pairs) -> Heap {
        let mut places = 0;
        let mut slot = self.first;
        while slot != END {
            // The slots before are needed no more, so places are written over them.
            let after = pairs[slot][1];
            pairs[places][0] = slot;
            pairs[slot][1] = places;
            places += 1;
            slot = after;
        }
        Heap::of(places)
    }

    /// Checks the internal rules, for tests; returns the number of slots.
    pub(super) fn assert_invariants(
        &self,
        pairs: &Pairs,
        deadline: impl Fn(SlotId) -> Timestamp,
    ) -> usize {
        let (mut before, mut slot, mut count) = (END, self.first, 0);
        while slot != END {
            assert_eq!(pairs[slot][0], before, "slot {slot} knows who is before it");
            assert!(
                before == END || deadline(before) <= deadline(slot),
                "slot {slot} is before an earlier one"
            );
            (before, slot, count) = (slot, pairs[slot][1], count + 1);
        }
        assert_eq!(self.last, before, "the last one is known");
        count
    }
}
