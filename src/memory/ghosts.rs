//! Hashes of keys whose entries were evicted, about as many as there are entries.

use alloc::vec::Vec;

/// Places for each hash that is of interest: with fewer, more would be lost to others.
const ROOM: usize = 2;
/// The smallest table.
const LEAST: usize = 64;

/// A hash, and when it was added.
type Ghost = [u32; 2];

/// A table in which the newest of those that fall on one place stays.
#[derive(Clone, Debug, Default)]
pub(super) struct Ghosts {
    table: Vec<Ghost>,
    /// Counts additions.
    now: u32,
}

impl Ghosts {
    /// Adds a hash, which is not 0, to the `most` that are of interest. A table that is too small
    /// for so many is begun anew: that happens while a memory fills, when little was evicted.
    pub(super) fn add(&mut self, hash: u32, most: u32) {
        let needed = (most as usize * ROOM).max(LEAST);
        if self.table.len() < needed {
            self.table = alloc::vec![[0; 2]; needed.next_power_of_two()];
        }
        self.now = self.now.wrapping_add(1);
        let now = self.now;
        if let Some(place) = self.place(hash) {
            *place = [hash, now];
        }
    }

    /// Removes a hash; true if it was among the last `most` added.
    pub(super) fn take(&mut self, hash: u32, most: u32) -> bool {
        let now = self.now;
        let Some(ghost) = self.place(hash).filter(|ghost| ghost[0] == hash) else {
            return false;
        };
        let age = now.wrapping_sub(ghost[1]);
        *ghost = [0; 2];
        age < most
    }

    #[inline(never)]
    fn place(&mut self, hash: u32) -> Option<&mut Ghost> {
        // The upper bits of a product with 2^32 / golden ratio spread what hosts give.
        let spread = u64::from(hash.wrapping_mul(0x9e37_79b1));
        let place = (spread * self.table.len() as u64) >> 32;
        self.table.get_mut(place as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_last_that_were_added_and_each_once() {
        let mut ghosts = Ghosts::default();
        assert!(!ghosts.take(8, 100));
        for hash in 0..1000 {
            ghosts.add((hash << 3) + 8, 100);
        }
        let known = (900..1000)
            .filter(|&hash| ghosts.take((hash << 3) + 8, 100))
            .count();
        assert!(known > 75, "{known} of 100");
        assert!((0..1000).all(|hash| !ghosts.take((hash << 3) + 8, 100)));
    }

    #[test]
    fn a_key_that_is_evicted_often_takes_one_place() {
        let mut ghosts = Ghosts::default();
        for _ in 0..100 {
            ghosts.add(8, 64);
        }
        assert!(ghosts.take(8, 1));
        assert!(!ghosts.take(8, 64));
    }
}
