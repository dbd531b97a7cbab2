//! Events still to happen, in the order of time; at one time, in the order in which they were noted.

use super::loads::LoadId;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// An event of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    /// It ends.
    End(LoadId),
    /// One who waits for it waits no longer, if an entry may answer.
    Failover(LoadId, usize),
    /// One who waits for it asks again, for its lease is over.
    LeaseEnd(LoadId, usize),
}

#[derive(Clone, Debug)]
pub(super) struct Agenda {
    due: BinaryHeap<Reverse<(u64, u64, Event)>>,
    noted: u64,
    /// The time of the first event, apart, as it is compared for every access.
    next: u64,
}

impl Default for Agenda {
    fn default() -> Self {
        Self {
            due: BinaryHeap::new(),
            noted: 0,
            next: u64::MAX,
        }
    }
}

impl Agenda {
    pub(super) fn note(&mut self, at: u64, event: Event) {
        self.noted += 1;
        self.due.push(Reverse((at, self.noted, event)));
        self.next = self.next.min(at);
    }

    /// True if something is due by `now`.
    #[inline]
    pub(super) fn is_due(&self, now: u64) -> bool {
        self.next <= now
    }

    /// Takes the next event that is due by `now`.
    pub(super) fn take(&mut self, now: u64) -> Option<(u64, Event)> {
        if !self.is_due(now) {
            return None;
        }
        let Reverse((at, _, event)) = self.due.pop()?;
        self.next = self.due.peek().map_or(u64::MAX, |Reverse((at, ..))| *at);
        Some((at, event))
    }
}
