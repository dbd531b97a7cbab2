//! The order of last use: a doubly linked list threaded through slot numbers.
//!
//! The `lru` crate keeps the same order behind a hash map of its own. Slots are numbered already,
//! so here a touch is four array writes and no hashing; ARCHITECTURE.md has the figures of both.
//! The tests hold this list to the behaviour of the `lru` crate.

use alloc::vec::Vec;

const NONE: u32 = u32::MAX;

/// The slot used after this one, and the one used before it.
type Link = [u32; 2];

/// Slots from the most to the least recently used.
#[derive(Clone, Debug)]
pub struct Recency {
    links: Vec<Link>,
    newest: u32,
    oldest: u32,
}

impl Default for Recency {
    fn default() -> Self {
        Self {
            links: Vec::new(),
            newest: NONE,
            oldest: NONE,
        }
    }
}

impl Recency {
    /// Returns the least recently used slot.
    #[must_use]
    pub const fn oldest(&self) -> Option<u32> {
        if self.oldest == NONE {
            None
        } else {
            Some(self.oldest)
        }
    }

    /// Adds `slot`, which must not be linked, as the most recently used.
    pub fn add(&mut self, slot: u32) {
        let needed = slot as usize + 1;
        if self.links.len() < needed {
            self.grow(needed);
        }
        self.link(slot);
    }

    /// Every hit comes by here, so this is a plain `Vec`.
    #[cold]
    fn grow(&mut self, needed: usize) {
        self.links.resize(needed, [NONE; 2]);
    }

    #[inline]
    fn link(&mut self, slot: u32) {
        self.links[slot as usize] = [NONE, self.newest];
        match self.newest {
            NONE => self.oldest = slot,
            previous => self.links[previous as usize][0] = slot,
        }
        self.newest = slot;
    }

    /// Removes `slot`, which must be linked, from the order.
    pub fn remove(&mut self, slot: u32) {
        let [newer, older] = self.links[slot as usize];
        match newer {
            NONE => self.newest = older,
            newer => self.links[newer as usize][1] = older,
        }
        match older {
            NONE => self.oldest = newer,
            older => self.links[older as usize][0] = newer,
        }
    }

    /// Makes `slot`, which must be linked, the most recently used.
    #[inline]
    pub fn touch(&mut self, slot: u32) {
        if self.newest != slot {
            self.remove(slot);
            self.link(slot);
        }
    }

    /// Returns the slots from the least to the most recently used.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let mut next = self.oldest;
        core::iter::from_fn(move || {
            let slot = next;
            if slot == NONE {
                return None;
            }
            next = self.links[slot as usize][0];
            Some(slot)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
