//! The order of last use: a doubly linked list threaded through slot numbers.
//!
//! The `lru` crate keeps the same order behind a hash map of its own. Slots are numbered already,
//! so here a touch is four array writes and no hashing; ARCHITECTURE.md has the figures of both.
//! The tests hold this list to the behaviour of the `lru` crate.

use super::list::{Ends, Links};

/// Slots from the most to the least recently used.
#[derive(Clone, Debug, Default)]
pub struct Recency {
    links: Links,
    ends: Ends,
}

impl Recency {
    /// Returns the least recently used slot.
    #[must_use]
    pub const fn oldest(&self) -> Option<u32> {
        self.ends.oldest()
    }

    /// Adds `slot`, which must not be linked, as the most recently used.
    pub fn add(&mut self, slot: u32) {
        self.links.add(&mut self.ends, slot);
    }

    /// Removes `slot`, which must be linked, from the order.
    pub fn remove(&mut self, slot: u32) {
        self.links.remove(&mut self.ends, slot);
    }

    /// Makes `slot`, which must be linked, the most recently used.
    #[inline]
    pub fn touch(&mut self, slot: u32) {
        if self.ends.newest != slot {
            self.remove(slot);
            self.links.link(&mut self.ends, slot);
        }
    }

    /// Returns the slots from the least to the most recently used.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.links.iter(self.ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use lru::LruCache;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Op {
        Use(u32),
        Remove(u32),
        Evict,
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            6 => (0_u32..12).prop_map(Op::Use),
            1 => (0_u32..12).prop_map(Op::Remove),
            1 => Just(Op::Evict),
        ]
    }

    proptest! {
        /// The same slots in the same order as the `lru` crate, for any sequence of operations.
        #[test]
        fn keeps_the_order_of_the_lru_crate(ops in prop::collection::vec(op(), 0..300)) {
            let mut recency = Recency::default();
            let mut model = LruCache::unbounded();
            for op in ops {
                match op {
                    Op::Use(slot) if model.contains(&slot) => {
                        model.promote(&slot);
                        recency.touch(slot);
                    }
                    Op::Use(slot) => {
                        model.put(slot, ());
                        recency.add(slot);
                    }
                    Op::Remove(slot) => {
                        if model.pop(&slot).is_some() {
                            recency.remove(slot);
                        }
                    }
                    Op::Evict => {
                        prop_assert_eq!(recency.oldest(), model.peek_lru().map(|(&slot, ())| slot));
                        if let Some((slot, ())) = model.pop_lru() {
                            recency.remove(slot);
                        }
                    }
                }
                let order: Vec<u32> = recency.iter().collect();
                let expected: Vec<u32> = model.iter().rev().map(|(&slot, ())| slot).collect();
                prop_assert_eq!(order, expected);
            }
        }
    }
}
