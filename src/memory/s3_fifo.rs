//! S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023).
//!
//! New entries go through a small queue, a tenth of the memory. Those that were used more than once
//! when they reach its end move on to the main queue, others are dropped and their keys remembered
//! for a while; a key that comes back in that time starts in the main queue. Most entries of the web
//! are used once, and leave without displacing any that are in use. A hit changes no order: it
//! counts, up to three.

use super::SlotId;
use super::ghosts::Ghosts;
use super::list::{Ends, Links};
use super::segments::Segments;

/// One part in so many of the memory is for the small queue.
const SMALL_PART: u64 = 10;
/// Bits of a mark: uses since the last move, up to this number.
const USES: u32 = 3;
/// Bit of a mark: the slot belongs to the main queue.
const MAIN: u32 = 4;
/// The other bits are of the key's hash.
const HASH: u32 = !(USES | MAIN);

/// Returns what is remembered of a key: its hash, and never 0.
const fn ghost_of(hash: u32) -> u32 {
    hash & HASH | 1
}

/// The budget that is exceeded.
#[derive(Clone, Copy, Debug)]
pub(super) enum Budget {
    Entries,
    Bytes,
}

/// Entries and bytes of a queue.
#[derive(Clone, Copy, Debug, Default)]
struct Total {
    entries: u32,
    bytes: u64,
}

impl Total {
    const fn add(&mut self, size: u32) {
        self.entries += 1;
        self.bytes += size as u64;
    }

    const fn remove(&mut self, size: u32) {
        self.entries -= 1;
        self.bytes -= size as u64;
    }

    fn of(self, budget: Budget) -> u64 {
        match budget {
            Budget::Entries => self.entries.into(),
            Budget::Bytes => self.bytes,
        }
    }
}

/// The two queues and the keys that are remembered.
#[derive(Clone, Debug, Default)]
pub(super) struct S3Fifo {
    links: Links,
    small: Ends,
    main: Ends,
    in_small: Total,
    in_both: Total,
    /// The mark of each slot, and the size of its entry.
    marks: Segments<[u32; 2]>,
    ghosts: Ghosts,
}

impl S3Fifo {
    /// Begins anew for the key with this hash, to which `slot` was given. True for `is_held` if it
    /// has its entry already.
    pub(super) fn identify(&mut self, slot: SlotId, hash: u32, is_held: bool) {
        if is_held {
            self.remove(slot);
        }
        let is_back = self.ghosts.take(ghost_of(hash), self.in_both.entries);
        let [mark, size] = self.mark(slot);
        *mark = hash & HASH | if is_back { MAIN } else { 0 };
        let size = *size;
        if is_held {
            self.add(slot, size);
        }
    }

    /// Adds the entry of `slot` to the queue where its key belongs.
    pub(super) fn add(&mut self, slot: SlotId, size: u32) {
        let known = self.mark(slot);
        known[1] = size;
        let is_main = known[0] & MAIN != 0;
        self.in_both.add(size);
        if is_main {
            self.links.add(&mut self.main, slot);
        } else {
            self.in_small.add(size);
            self.links.add(&mut self.small, slot);
        }
    }

    /// Removes the entry of `slot`.
    pub(super) fn remove(&mut self, slot: SlotId) {
        let [mark, size] = self.marks[slot];
        self.in_both.remove(size);
        if mark & MAIN != 0 {
            self.links.remove(&mut self.main, slot);
        } else {
            self.leave_small(slot, size);
        }
    }

    #[inline(never)]
    fn leave_small(&mut self, slot: SlotId, size: u32) {
        self.in_small.remove(size);
        self.links.remove(&mut self.small, slot);
    }

    /// Counts a use. Not inlined: every hit of other memories has this call in its way, too.
    #[inline(never)]
    pub(super) fn touch(&mut self, slot: SlotId) {
        let [mark, _] = &mut self.marks[slot];
        if *mark & USES < USES {
            *mark += 1;
        }
    }

    /// Returns the slot whose entry goes next. Moves those before it that were used.
    pub(super) fn victim(&mut self, budget: Budget) -> Option<SlotId> {
        loop {
            let is_over = self.in_small.of(budget) * SMALL_PART >= self.in_both.of(budget);
            match (self.small.oldest(), self.main.oldest()) {
                (Some(slot), main) if is_over || main.is_none() => {
                    let [mark, size] = self.marks[slot];
                    if mark & USES < 2 {
                        return Some(slot);
                    }
                    self.leave_small(slot, size);
                    self.marks[slot][0] = mark & HASH | MAIN;
                    self.links.link(&mut self.main, slot);
                }
                (_, Some(slot)) => {
                    let [mark, _] = &mut self.marks[slot];
                    if *mark & USES == 0 {
                        return Some(slot);
                    }
                    *mark -= 1;
                    self.links.remove(&mut self.main, slot);
                    self.links.link(&mut self.main, slot);
                }
                (_, None) => return None,
            }
        }
    }

    /// Remembers the key of `slot`, whose entry is about to be evicted, if it was in the small queue.
    pub(super) fn remember(&mut self, slot: SlotId) {
        let [mark, _] = self.marks[slot];
        if mark & MAIN == 0 {
            self.ghosts.add(ghost_of(mark), self.in_both.entries);
        }
    }

    #[inline(never)]
    fn mark(&mut self, slot: SlotId) -> &mut [u32; 2] {
        while self.marks.len() <= slot as usize {
            self.marks.push([0; 2]);
        }
        &mut self.marks[slot]
    }

    pub(super) fn assert_invariants(&self, entries: usize, bytes: u64) {
        let total = |ends, is_main| {
            let mut total = Total::default();
            for slot in self.links.iter(ends) {
                let [mark, size] = self.marks[slot];
                assert_eq!(mark & MAIN != 0, is_main, "queue of {slot}");
                total.add(size);
            }
            total
        };
        let (small, main) = (total(self.small, false), total(self.main, true));
        for budget in [Budget::Entries, Budget::Bytes] {
            assert_eq!(small.of(budget), self.in_small.of(budget), "small queue");
            let both = small.of(budget) + main.of(budget);
            assert_eq!(both, self.in_both.of(budget), "both queues");
        }
        let Total {
            entries: own,
            bytes: own_bytes,
        } = self.in_both;
        assert_eq!(
            (own as usize, own_bytes),
            (entries, bytes),
            "entries in order"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::VecDeque;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    /// As the paper has it, slowly; slots are keys.
    #[derive(Default)]
    struct Reference {
        small: VecDeque<u32>,
        main: VecDeque<u32>,
        uses: [u32; 12],
        ghosts: VecDeque<u32>,
    }

    impl Reference {
        fn len(&self) -> usize {
            self.small.len() + self.main.len()
        }

        fn add(&mut self, key: u32) {
            self.uses[key as usize] = 0;
            let recent = self.ghosts.len().saturating_sub(self.len());
            let is_back = self.ghosts.iter().rposition(|&ghost| ghost == key);
            if is_back.is_some_and(|at| at >= recent) {
                self.main.push_back(key);
            } else {
                self.small.push_back(key);
            }
            // Taken once: an older mention of the key is none.
            for ghost in self.ghosts.iter_mut().filter(|ghost| **ghost == key) {
                *ghost = u32::MAX;
            }
        }

        fn evict(&mut self) -> u32 {
            loop {
                if !self.small.is_empty()
                    && (self.small.len() * 10 >= self.len() || self.main.is_empty())
                {
                    let key = self.small.pop_front().unwrap();
                    if self.uses[key as usize] > 1 {
                        self.uses[key as usize] = 0;
                        self.main.push_back(key);
                        continue;
                    }
                    self.ghosts.push_back(key);
                    return key;
                }
                let key = self.main.pop_front().unwrap();
                if self.uses[key as usize] == 0 {
                    return key;
                }
                self.uses[key as usize] -= 1;
                self.main.push_back(key);
            }
        }
    }

    #[derive(Clone, Debug)]
    enum Op {
        Use(u32),
        Remove(u32),
        Evict,
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            8 => (0_u32..12).prop_map(Op::Use),
            1 => (0_u32..12).prop_map(Op::Remove),
            3 => Just(Op::Evict),
        ]
    }

    fn size_of(slot: SlotId) -> u32 {
        slot + 1
    }

    proptest! {
        #[test]
        fn evicts_what_the_paper_evicts(ops in prop::collection::vec(op(), 0..400)) {
            let mut order = S3Fifo::default();
            let mut model = Reference::default();
            let mut held: Vec<u32> = Vec::new();
            for op in ops {
                match op {
                    Op::Use(key) if held.contains(&key) => {
                        order.touch(key);
                        model.uses[key as usize] = (model.uses[key as usize] + 1).min(3);
                    }
                    Op::Use(key) => {
                        order.identify(key, key << 3, false);
                        model.add(key);
                        order.add(key, size_of(key));
                        held.push(key);
                    }
                    Op::Remove(key) => {
                        if held.contains(&key) {
                            order.remove(key);
                            model.small.retain(|&other| other != key);
                            model.main.retain(|&other| other != key);
                            held.retain(|&other| other != key);
                        }
                    }
                    Op::Evict => {
                        let Some(victim) = order.victim(Budget::Entries) else {
                            prop_assert!(held.is_empty());
                            continue;
                        };
                        order.remember(victim);
                        prop_assert_eq!(victim, model.evict());
                        order.remove(victim);
                        held.retain(|&other| other != victim);
                    }
                }
                let bytes = held.iter().map(|&key| u64::from(size_of(key))).sum();
                order.assert_invariants(held.len(), bytes);
            }
        }
    }

    #[test]
    fn a_key_known_only_when_its_entry_is_there_moves_to_its_queue() {
        let mut order = S3Fifo::default();
        order.identify(0, 8, false);
        order.add(0, 10);
        order.add(1, 10);
        assert_eq!(order.victim(Budget::Bytes), Some(0));
        order.remember(0);
        order.remove(0);
        // Another slot for the same key, which has its entry already.
        order.add(2, 10);
        order.identify(2, 8, true);
        assert_eq!(order.victim(Budget::Bytes), Some(1));
        order.assert_invariants(2, 20);
    }
}
