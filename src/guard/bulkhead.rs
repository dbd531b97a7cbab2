//! A bulkhead: a number of loads at once, and a queue for a few more.
//!
//! Places are leases, as a request may vanish at any await: a load that does not end keeps its place
//! until its lease ends, one that waits keeps its turn until its patience does. The first in the
//! queue is *called* when a place is free, and has to come for it within [`Bulkhead::CALLED_FOR`];
//! else the next one is called. Whoever waits looks again by [`Turn::Waits`] at the latest, so
//! nobody depends on being woken.
//!
//! `js/src/coordination/bulkhead.ts` is the same machine: as a part of the core it would be paid for
//! by every cache. Both are held to `tests/vectors/bulkhead.json`.

use crate::config_error::ConfigError;
use crate::options;
use crate::time::{Span, Timestamp};
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// The settings of a bulkhead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkheadOptions {
    /// Loads that run at once. 1 or more.
    pub concurrency: u32,
    /// Loads that wait for a place; others are refused. 0 or more.
    pub queue: u32,
}

/// The number of a load in a bulkhead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u64);

/// The turn of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It has a place, and may run.
    Runs,
    /// It waits, and looks again at this time at the latest.
    Waits(Timestamp),
    /// It has waited too long, or came too late for its place.
    Over,
}

/// A load in the bulkhead, and the end of its lease or of its patience.
#[derive(Clone, Copy, Debug)]
struct Held {
    ticket: Ticket,
    until: Timestamp,
}

/// Admits so many loads at once; a few more wait in order.
#[derive(Clone, Debug)]
pub struct Bulkhead {
    concurrency: usize,
    queue: usize,
    running: Vec<Held>,
    waiting: VecDeque<Held>,
    last: u64,
}

impl Bulkhead {
    /// The time in which a load that is called has to take its place.
    pub const CALLED_FOR: Span = Span::from_millis(1_000);
    /// The longest time between two looks of a load that waits.
    pub const LOOKS_EVERY: Span = Span::from_millis(1_000);

    /// Returns an empty bulkhead.
    ///
    /// # Errors
    /// A [`ConfigError`] for a concurrency of zero, or more than is counted to.
    pub fn compile(given: &BulkheadOptions) -> Result<Self, ConfigError> {
        options::BULKHEAD_CONCURRENCY.check(f64::from(given.concurrency))?;
        options::BULKHEAD_QUEUE.check(f64::from(given.queue))?;
        Ok(Self {
            concurrency: given.concurrency as usize,
            queue: given.queue as usize,
            running: Vec::new(),
            waiting: VecDeque::new(),
            last: 0,
        })
    }

    /// Takes a place for a load, or a turn in the queue; `None` if both are full. `now` never runs
    /// back.
    pub fn enter(&mut self, lease: Span, patience: Span, now: Timestamp) -> Option<Ticket> {
        self.settle(now);
        let ticket = Ticket(self.last + 1);
        if self.running.len() < self.concurrency {
            let until = now + lease;
            self.running.push(Held { ticket, until });
        } else if self.waiting.len() < self.queue {
            let until = now + patience;
            self.waiting.push_back(Held { ticket, until });
        } else {
            return None;
        }
        self.last += 1;
        Some(ticket)
    }

    /// Tells a load its turn. One that runs has its place for a `lease` from now on.
    pub fn look(&mut self, ticket: Ticket, lease: Span, now: Timestamp) -> Turn {
        self.settle(now);
        if let Some(place) = self.running.iter_mut().find(|held| held.ticket == ticket) {
            place.until = now + lease;
            return Turn::Runs;
        }
        let Some(turn) = self.waiting.iter().find(|held| held.ticket == ticket) else {
            return Turn::Over;
        };
        let ends = self.running.iter().map(|held| held.until);
        let ends = ends.chain([turn.until, now + Self::LOOKS_EVERY]);
        Turn::Waits(ends.min().unwrap_or(now))
    }

    /// Ends a load, or its wait; does nothing for one whose lease has ended.
    pub fn leave(&mut self, ticket: Ticket, now: Timestamp) {
        self.running.retain(|held| held.ticket != ticket);
        self.waiting.retain(|held| held.ticket != ticket);
        self.settle(now);
    }

    /// True if a load has a place: one that is called must be woken for it.
    #[must_use]
    pub fn is_called(&self, ticket: Ticket) -> bool {
        self.running.iter().any(|held| held.ticket == ticket)
    }

    /// The loads that run, those that are called included, and those that wait.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.running.len(), self.waiting.len())
    }

    /// Forgets those whose time is over, and calls the first in the queue to free places.
    fn settle(&mut self, now: Timestamp) {
        self.running.retain(|held| now < held.until);
        self.waiting.retain(|held| now < held.until);
        while self.running.len() < self.concurrency
            && let Some(Held { ticket, .. }) = self.waiting.pop_front()
        {
            let until = now + Self::CALLED_FOR;
            self.running.push(Held { ticket, until });
        }
    }

    /// Checks the internal rules; for tests.
    ///
    /// # Panics
    /// When one is broken.
    pub fn assert_invariants(&self) {
        assert!(self.running.len() <= self.concurrency, "places");
        assert!(self.waiting.len() <= self.queue, "turns");
        let is_full = self.running.len() == self.concurrency;
        assert!(is_full || self.waiting.is_empty(), "nobody waits in vain");
        let all = self.running.iter().chain(&self.waiting);
        let mut numbers: Vec<u64> = all.map(|held| held.ticket.0).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let count = self.running.len() + self.waiting.len();
        assert_eq!(numbers.len(), count, "each load is in it once");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LEASE: Span = Span::from_millis(5_000);
    const PATIENCE: Span = Span::from_millis(3_000);

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn of(concurrency: u32, queue: u32) -> Bulkhead {
        Bulkhead::compile(&BulkheadOptions { concurrency, queue }).unwrap()
    }

    fn enter(bulkhead: &mut Bulkhead, now: u64) -> Ticket {
        bulkhead.enter(LEASE, PATIENCE, at(now)).expect("room")
    }

    #[test]
    fn those_who_wait_are_called_in_order() {
        let mut bulkhead = of(1, 2);
        let [a, b, c] = [0, 1, 2].map(|now| enter(&mut bulkhead, now));
        assert_eq!(bulkhead.enter(LEASE, PATIENCE, at(3)), None);
        bulkhead.leave(a, at(10));
        assert_eq!(bulkhead.look(c, LEASE, at(10)), Turn::Waits(at(1_010)));
        assert_eq!(bulkhead.look(b, LEASE, at(10)), Turn::Runs);
        bulkhead.leave(b, at(20));
        assert_eq!(bulkhead.look(c, LEASE, at(20)), Turn::Runs);
    }

    #[test]
    fn one_that_does_not_come_when_it_is_called_loses_its_turn() {
        let mut bulkhead = of(1, 2);
        let [a, gone, c] = [0, 0, 0].map(|now| enter(&mut bulkhead, now));
        bulkhead.leave(a, at(100));
        assert_eq!(bulkhead.look(c, LEASE, at(1_099)), Turn::Waits(at(1_100)));
        assert_eq!(bulkhead.look(c, LEASE, at(1_100)), Turn::Runs);
        assert_eq!(bulkhead.look(gone, LEASE, at(1_100)), Turn::Over);
    }

    #[test]
    fn a_load_that_never_ends_loses_its_place_with_its_lease() {
        let mut bulkhead = of(1, 1);
        let vanished = enter(&mut bulkhead, 0);
        let next = enter(&mut bulkhead, 4_000);
        assert_eq!(
            bulkhead.look(next, LEASE, at(4_500)),
            Turn::Waits(at(5_000))
        );
        assert_eq!(bulkhead.look(next, LEASE, at(5_000)), Turn::Runs);
        // It ends after all, and takes nobody's place along.
        bulkhead.leave(vanished, at(5_001));
        assert_eq!(bulkhead.counts(), (1, 0));
    }

    #[test]
    fn a_wait_ends_with_its_patience() {
        let mut bulkhead = of(1, 1);
        let _runs = enter(&mut bulkhead, 0);
        let waits = enter(&mut bulkhead, 0);
        assert_eq!(
            bulkhead.look(waits, LEASE, at(2_900)),
            Turn::Waits(at(3_000))
        );
        assert_eq!(bulkhead.look(waits, LEASE, at(3_000)), Turn::Over);
        assert_eq!(bulkhead.counts(), (1, 0));
    }

    #[test]
    fn refuses_what_cannot_work() {
        let wrong = |concurrency, queue| {
            let refused = Bulkhead::compile(&BulkheadOptions { concurrency, queue });
            refused.unwrap_err().option()
        };
        assert_eq!(wrong(0, 0), "bulkhead.concurrency");
        assert_eq!(wrong(1, 1_000_001), "bulkhead.queue");
    }

    proptest! {
        /// Loads come, look, end and vanish in any order; nobody waits for ever, and never do more
        /// run than there are places.
        #[test]
        fn keeps_its_rules_in_any_order(
            concurrency in 1..4_u32,
            queue in 0..4_u32,
            events in prop::collection::vec((0..4_u8, 0..8_usize, 0..2_000_u64), 1..80),
        ) {
            let mut bulkhead = of(concurrency, queue);
            let mut tickets = Vec::new();
            let mut now = 0;
            for (event, which, after) in events {
                now += after;
                let known = tickets.get(which % tickets.len().max(1)).copied();
                match (event, known) {
                    (0, _) | (_, None) => {
                        let full = bulkhead.counts() == (concurrency as usize, queue as usize);
                        let entered = bulkhead.enter(LEASE, PATIENCE, at(now));
                        prop_assert!(full || entered.is_some(), "refused although there is room");
                        tickets.extend(entered);
                    }
                    (1, Some(ticket)) => bulkhead.leave(ticket, at(now)),
                    (_, Some(ticket)) => {
                        if let Turn::Waits(until) = bulkhead.look(ticket, LEASE, at(now)) {
                            prop_assert!(until > at(now), "the next look is later");
                        }
                    }
                }
                bulkhead.assert_invariants();
            }
            // Whoever is left is gone once its time is over.
            let _ = bulkhead.enter(LEASE, PATIENCE, at(now + 20_000));
            prop_assert_eq!(bulkhead.counts(), (1, 0));
        }
    }
}
