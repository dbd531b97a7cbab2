//! Doubly linked lists threaded through slot numbers: a change is a few array writes, no hashing.

use alloc::vec::Vec;

pub(super) const NONE: u32 = u32::MAX;

/// The slot that was added after this one, and the one before it.
type Link = [u32; 2];

/// The links of slots, each of which is in one list at most.
#[derive(Clone, Debug, Default)]
pub(super) struct Links(Vec<Link>);

/// The ends of one list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) newest: u32,
    pub(super) oldest: u32,
}

impl Default for Ends {
    fn default() -> Self {
        Self {
            newest: NONE,
            oldest: NONE,
        }
    }
}

impl Ends {
    /// Returns the slot that was added first.
    pub(super) const fn oldest(self) -> Option<u32> {
        if self.oldest == NONE {
            None
        } else {
            Some(self.oldest)
        }
    }
}

impl Links {
    /// Adds `slot`, which must not be linked, at the newest end.
    #[inline(never)]
    pub(super) fn add(&mut self, ends: &mut Ends, slot: u32) {
        let needed = slot as usize + 1;
        if self.0.len() < needed {
            self.grow(needed);
        }
        self.link(ends, slot);
    }

    /// Every hit of one order comes by here, so this is a plain `Vec`.
    #[cold]
    fn grow(&mut self, needed: usize) {
        self.0.resize(needed, [NONE; 2]);
    }

    #[inline]
    pub(super) fn link(&mut self, ends: &mut Ends, slot: u32) {
        self.0[slot as usize] = [NONE, ends.newest];
        match ends.newest {
            NONE => ends.oldest = slot,
            previous => self.0[previous as usize][0] = slot,
        }
        ends.newest = slot;
    }

    /// Removes `slot`, which must be in the list of these ends.
    pub(super) fn remove(&mut self, ends: &mut Ends, slot: u32) {
        let [newer, older] = self.0[slot as usize];
        match newer {
            NONE => ends.newest = older,
            newer => self.0[newer as usize][1] = older,
        }
        match older {
            NONE => ends.oldest = newer,
            older => self.0[older as usize][0] = newer,
        }
    }

    /// Returns the slots of a list from the oldest to the newest.
    pub(super) fn iter(&self, ends: Ends) -> impl Iterator<Item = u32> + '_ {
        let mut next = ends.oldest;
        core::iter::from_fn(move || {
            let slot = next;
            if slot == NONE {
                return None;
            }
            next = self.0[slot as usize][0];
            Some(slot)
        })
    }
}
