//! Single flight as a lease.
//!
//! One load of a key at a time, and everybody who wants the key waits for it. On shared isolates
//! the request that leads a load may vanish at any await without a word, so leading is a lease:
//! a flight older than its lease is *orphaned* and the next caller takes over. Each flight has a
//! [`Fence`], a number higher than all before it; a late result of an orphan may not overwrite
//! what a newer flight, a direct write or an invalidation left behind.

use crate::fence::Fence;
use crate::memory::SlotId;
use crate::memory::deadlines::Deadlines;
use crate::time::{Span, Timestamp};

/// One running load.
#[derive(Clone, Copy, Debug)]
pub struct Flight {
    /// Its place in the order of writes.
    pub fence: Fence,
    /// Time at which it began, or at which its lease was last renewed.
    pub since: Timestamp,
    /// Time for which it holds the key, counted from `since`.
    pub lease: Span,
    /// True if its callers had an entry: nobody is to wait for it for long.
    pub background: bool,
}

impl Flight {
    /// Longest time for which a refresh in the background may keep a caller waiting that no entry
    /// can answer.
    pub const PATIENCE: Span = Span::from_secs(1);

    /// Time for which callers still wait for it: until its lease ends, or for a refresh in the
    /// background until it is as old as [`Flight::PATIENCE`], if that is sooner.
    #[must_use]
    #[inline(never)]
    pub fn wait_left(&self, now: Timestamp) -> Span {
        let lease = self.lease_left(now);
        if self.background {
            lease.min((self.since + Self::PATIENCE).since(now))
        } else {
            lease
        }
    }

    /// Time until the lease ends; zero when it is over.
    #[must_use]
    pub fn lease_left(&self, now: Timestamp) -> Span {
        (self.since + self.lease).since(now)
    }

    /// True if the lease is over. At exactly its end it is.
    #[must_use]
    pub fn is_orphaned(&self, now: Timestamp) -> bool {
        self.lease_left(now).is_zero()
    }
}

/// The running loads, at most one per slot.
#[derive(Clone, Debug, Default)]
pub struct Flights {
    by_lease: Deadlines<Flight>,
}

impl Flights {
    /// Number of flights, unnoticed orphans included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_lease.len()
    }

    /// True if no load runs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_lease.is_empty()
    }

    /// The flight of `slot`, orphaned or not.
    #[must_use]
    pub fn get(&self, slot: SlotId) -> Option<&Flight> {
        self.by_lease.get(slot)
    }

    /// Returns the flight of `slot` that a caller may wait for.
    #[must_use]
    pub fn joinable(&self, slot: SlotId, now: Timestamp) -> Option<&Flight> {
        self.get(slot)
            .filter(|flight| !flight.wait_left(now).is_zero())
    }

    /// The flight of `slot` while it holds its key.
    #[must_use]
    #[inline(never)]
    pub fn live(&self, slot: SlotId, now: Timestamp) -> Option<&Flight> {
        self.get(slot).filter(|flight| !flight.is_orphaned(now))
    }

    /// Says that the callers of the flight of `slot` have an answer, and that its load begins now.
    pub fn let_go(&mut self, slot: SlotId, fence: Fence, now: Timestamp) {
        if let Some(flight) = self.end(slot, fence) {
            let background = true;
            let flight = Flight {
                since: now,
                background,
                ..flight
            };
            self.start(slot, flight);
        }
    }

    /// Starts `flight` for `slot`, instead of the one it had.
    pub fn start(&mut self, slot: SlotId, flight: Flight) {
        self.by_lease.set(slot, flight.since + flight.lease, flight);
    }

    /// Ends the flight of `slot` if it is still the one with this fence; returns it if so.
    pub fn end(&mut self, slot: SlotId, fence: Fence) -> Option<Flight> {
        let flight = *self.get(slot)?;
        if flight.fence != fence {
            return None;
        }
        self.by_lease.remove(slot);
        Some(flight)
    }

    /// Forgets the flight of `slot`, whichever it is.
    pub fn detach(&mut self, slot: SlotId) {
        self.by_lease.remove(slot);
    }

    /// Takes one orphan out, the longest orphaned first; gives its slot.
    pub fn reap(&mut self, now: Timestamp) -> Option<SlotId> {
        let (deadline, slot) = self.by_lease.earliest()?;
        if deadline > now {
            return None;
        }
        self.by_lease.remove(slot);
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn flight(number: u64, since: u64, lease: u64) -> Flight {
        Flight {
            fence: Fence::from_number(number),
            since: at(since),
            lease: Span::from_millis(lease),
            background: false,
        }
    }

    #[test]
    fn a_background_flight_is_waited_for_until_patience_ends_and_holds_its_key_for_longer() {
        let mut flights = Flights::default();
        let background = true;
        flights.start(
            7,
            Flight {
                background,
                ..flight(1, 100, 5000)
            },
        );
        assert!(flights.joinable(7, at(1099)).is_some());
        assert!(flights.joinable(7, at(1100)).is_none());
        assert!(flights.live(7, at(1100)).is_some());
        flights.start(8, flight(2, 100, 5000));
        assert!(flights.joinable(8, at(5099)).is_some());
        flights.let_go(8, Fence::from_number(2), at(5000));
        assert_eq!(
            flights.get(8).unwrap().wait_left(at(5400)),
            Span::from_millis(600)
        );
    }

    #[test]
    fn patience_does_not_outlast_the_lease() {
        let short = Flight {
            background: true,
            ..flight(1, 0, 150)
        };
        assert_eq!(short.wait_left(at(100)), Span::from_millis(50));
    }

    #[test]
    fn a_flight_is_orphaned_when_its_lease_ends() {
        let mut flights = Flights::default();
        flights.start(7, flight(1, 100, 50));
        assert!(flights.live(7, at(149)).is_some());
        assert!(flights.live(7, at(150)).is_none());
        assert!(flights.reap(at(149)).is_none());
        assert_eq!(flights.reap(at(150)), Some(7));
        assert!(flights.is_empty());
    }

    #[test]
    fn only_the_current_leader_ends_a_flight() {
        let mut flights = Flights::default();
        flights.start(7, flight(1, 0, 50));
        flights.start(7, flight(2, 60, 50));
        assert!(flights.end(7, Fence::from_number(1)).is_none());
        assert_eq!(flights.end(7, Fence::from_number(2)).unwrap().since, at(60));
    }
}
