//! The loads under way, and who waits for each.

use crate::access::Access;
use holdover::Fence;

/// The number of a load that is under way.
pub(super) type LoadId = u32;

/// A caller that waits; its access says since when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiter {
    pub(super) access: Access,
    /// True for the caller that leads the load.
    pub(super) leads: bool,
    /// True once it has an answer, or asks again.
    pub(super) is_gone: bool,
}

/// A load that is under way.
#[derive(Clone, Debug)]
pub(super) struct Load {
    pub(super) fence: Fence,
    /// The access that it is made for.
    pub(super) access: Access,
    pub(super) begun: u64,
    pub(super) ends: u64,
    pub(super) fails: bool,
    pub(super) waiters: Vec<Waiter>,
}

/// Loads by number; numbers and lists of waiters are used again.
#[derive(Clone, Debug, Default)]
pub(super) struct Loads {
    all: Vec<Load>,
    free: Vec<LoadId>,
}

impl Loads {
    /// Adds a load without waiters.
    pub(super) fn add(&mut self, load: Load) -> LoadId {
        if let Some(id) = self.free.pop() {
            let mut waiters = std::mem::take(&mut self.all[id as usize].waiters);
            waiters.clear();
            self.all[id as usize] = Load { waiters, ..load };
            return id;
        }
        self.all.push(load);
        LoadId::try_from(self.all.len() - 1).expect("fewer than 2^32 loads at one time")
    }

    pub(super) fn get(&self, id: LoadId) -> &Load {
        &self.all[id as usize]
    }

    /// Adds one who waits; returns its place.
    pub(super) fn join(&mut self, id: LoadId, waiter: Waiter) -> usize {
        let waiters = &mut self.all[id as usize].waiters;
        waiters.push(waiter);
        waiters.len() - 1
    }

    /// Returns one who still waits, and has it gone.
    pub(super) fn leave(&mut self, id: LoadId, place: usize) -> Option<Waiter> {
        let waiter = &mut self.all[id as usize].waiters[place];
        let left = (!waiter.is_gone).then_some(*waiter);
        waiter.is_gone = true;
        left
    }

    /// True if one still waits.
    pub(super) fn waits(&self, id: LoadId, place: usize) -> bool {
        !self.all[id as usize].waiters[place].is_gone
    }

    /// Ends a load: its number may be another's from now on.
    pub(super) fn end(&mut self, id: LoadId) {
        self.free.push(id);
    }
}
