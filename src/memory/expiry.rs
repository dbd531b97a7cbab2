//! The order in which entries expire.
//!
//! A slot's deadline follows from its entry and is not kept here a second time. An entry mostly
//! expires after all others, as in a cache with one `ttl`: so the order is a line, in which any of
//! them is added and removed in O(1). The first one that belongs far from both ends makes it a heap,
//! where everything takes O(log n), until there is nothing left to order.

use super::SlotId;
use super::expiry_heap::{ABSENT, Heap, Pairs};
use super::expiry_line::Line;
use super::segments::Segments;
use crate::time::Timestamp;

#[derive(Clone, Debug)]
enum Order {
    Line(Line),
    Heap(Heap),
}

/// Slots by deadline, earliest first. Every method that compares is given the deadlines.
#[derive(Clone, Debug)]
pub(super) struct Expiry {
    pairs: Pairs,
    order: Order,
}

impl Default for Expiry {
    fn default() -> Self {
        Self {
            pairs: Segments::default(),
            order: Order::Line(Line::default()),
        }
    }
}

impl Expiry {
    /// Makes room for one more slot.
    pub(super) fn grow(&mut self) {
        self.pairs.push([ABSENT; 2]);
    }

    /// Returns the slot with the earliest deadline.
    pub(super) fn earliest(&self) -> Option<SlotId> {
        match &self.order {
            Order::Line(line) => line.first(),
            Order::Heap(heap) => heap.first(&self.pairs),
        }
    }

    /// Adds `slot`, or moves it to where its new deadline belongs.
    pub(super) fn set(&mut self, slot: SlotId, deadline: impl Fn(SlotId) -> Timestamp) {
        let heap = match &mut self.order {
            Order::Line(line) => {
                line.remove(&mut self.pairs, slot);
                if line.add(&mut self.pairs, slot, &deadline) {
                    return;
                }
                self.order = Order::Heap(line.to_heap(&mut self.pairs));
                return self.set(slot, deadline);
            }
            Order::Heap(heap) => heap,
        };
        heap.set(&mut self.pairs, slot, &deadline);
    }

    /// Removes `slot`, if it has a deadline.
    pub(super) fn remove(&mut self, slot: SlotId, deadline: impl Fn(SlotId) -> Timestamp) {
        match &mut self.order {
            Order::Line(line) => line.remove(&mut self.pairs, slot),
            Order::Heap(heap) => {
                heap.remove(&mut self.pairs, slot, &deadline);
                if heap.is_empty() {
                    self.order = Order::Line(Line::default());
                }
            }
        }
    }

    /// Checks the internal rules; for tests.
    ///
    /// # Panics
    /// When one is broken.
    pub(super) fn assert_invariants(&self, deadline: impl Fn(SlotId) -> Timestamp) {
        let ordered = match &self.order {
            Order::Line(line) => line.assert_invariants(&self.pairs, deadline),
            Order::Heap(heap) => heap.assert_invariants(&self.pairs, deadline),
        };
        let placed = self.pairs.iter().filter(|pair| pair[1] != ABSENT).count();
        assert_eq!(placed, ordered, "no slot is placed twice");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    const SLOTS: u32 = 60;

    /// Changes of slots: they get deadlines, or lose them.
    type Ops = Vec<(SlotId, Option<u64>)>;

    /// Plays them against a plain map: the earliest slot has always the map's smallest deadline.
    fn play(ops: Ops) -> Expiry {
        let mut expiry = Expiry::default();
        (0..SLOTS).for_each(|_| expiry.grow());
        let mut deadlines = alloc::vec![0; SLOTS as usize];
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
            let placed = expiry.pairs.iter().filter(|pair| pair[1] != ABSENT).count();
            assert_eq!(placed, map.len());
            let earliest = expiry.earliest().map(|slot| of(slot).as_millis());
            assert_eq!(earliest, map.values().min().copied());
        }
        expiry
    }

    const fn is_line(expiry: &Expiry) -> bool {
        matches!(expiry.order, Order::Line(_))
    }

    #[test]
    fn what_ends_last_or_first_keeps_the_order_a_line() {
        let ascending = (0..300).map(|at| (at % SLOTS, Some(u64::from(at))));
        let killed = (0..10).map(|slot| (slot * 6, Some(u64::from(slot) % 3)));
        assert!(is_line(&play(ascending.chain(killed).collect())));
    }

    #[test]
    fn what_ends_in_the_middle_makes_it_a_heap_until_it_is_empty() {
        let ascending = (0..SLOTS - 1).map(|at| (at, Some(u64::from(at))));
        let middle = [(SLOTS - 1, Some(u64::from(SLOTS / 2)))];
        let mut ops: Ops = ascending.chain(middle).collect();
        assert!(!is_line(&play(ops.clone())));
        ops.extend((0..SLOTS).map(|slot| (slot, None)));
        assert!(is_line(&play(ops)));
    }

    proptest! {
        #[test]
        fn agrees_with_a_map(ops in prop::collection::vec((0_u32..20, prop::option::of(0_u64..50)), 0..200)) {
            play(ops);
        }

        /// Many that grow, some that do not: of both orders, and from one to the other.
        #[test]
        fn agrees_with_a_map_over_both_orders(
            ops in prop::collection::vec((0..SLOTS, prop::bool::weighted(0.2), 0_u64..1000, 0_u32..50), 0..400)
        ) {
            let ops = ops.into_iter().enumerate();
            play(ops.map(|(at, (slot, is_removed, back, is_odd))| {
                let back = if is_odd == 0 { back } else { back % 3 };
                (slot, (!is_removed).then(|| (1000 + at as u64).saturating_sub(back)))
            }).collect());
        }
    }
}
