//! Time as a log tells it: never backwards, and within seconds where the log has only those.

use super::Stamp;
use crate::access::Access;

/// The widest step back that is a line out of order; a wider one is another clock, or another log.
const OUT_OF_ORDER: u64 = 60_000;
/// The most accesses of one second that are spread over it.
const MOST_AT_ONCE: usize = 1 << 20;
const SECOND: u64 = 1000;
/// The latest time, in the year 6429: the machine tells times up to twice as late.
const LATEST: u64 = 1 << 47;

/// Orders accesses in time.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    newest: u64,
    /// Added to the times of a log that begins before the one in front of it ended.
    offset: u64,
    /// The accesses of a whole second, until it is over.
    second: Vec<Access>,
    /// The time of the access given last.
    given: u64,
    /// Lines whose time was before that of a line in front of them.
    pub(super) steps_back: u64,
}

impl Clock {
    /// Takes an access that comes at `stamp`; gives those whose time is known now.
    ///
    /// A line out of order comes at the newest time before it. After a wider step back, time goes
    /// on from there.
    pub(super) fn take(&mut self, stamp: Stamp, access: Access, into: &mut Vec<Access>) {
        let mut time = stamp.millis.saturating_add(self.offset).min(LATEST);
        if time < self.newest {
            self.steps_back += 1;
            if self.newest - time > OUT_OF_ORDER {
                self.offset = self.newest - stamp.millis.min(self.newest);
            }
            time = self.newest;
        }
        if time > self.newest || self.second.len() >= MOST_AT_ONCE {
            self.flush(into);
        }
        self.newest = time;
        let access = Access { time, ..access };
        if stamp.is_whole {
            self.second.push(access);
        } else {
            self.flush(into);
            self.give(access, into);
        }
    }

    /// Gives the accesses of the last second, spread over it.
    pub(super) fn flush(&mut self, into: &mut Vec<Access>) {
        let second = std::mem::take(&mut self.second);
        let count = second.len() as u64;
        for (place, access) in (0..).zip(&second) {
            let time = access.time + SECOND * place / count;
            self.give(Access { time, ..*access }, into);
        }
        self.second = second;
        self.second.clear();
    }

    fn give(&mut self, access: Access, into: &mut Vec<Access>) {
        self.given = self.given.max(access.time);
        into.push(Access {
            time: self.given,
            ..access
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ACCESS: Access = Access {
        time: 0,
        key: 0,
        size: 0,
        latency: 0,
        failed: false,
    };

    fn times(stamps: &[(u64, bool)]) -> Vec<u64> {
        let mut clock = Clock::default();
        let mut given = Vec::new();
        for &(millis, is_whole) in stamps {
            clock.take(Stamp { millis, is_whole }, ACCESS, &mut given);
        }
        clock.flush(&mut given);
        given.iter().map(|access| access.time).collect()
    }

    #[test]
    fn the_accesses_of_a_second_are_spread_over_it() {
        let seconds = [1000, 1000, 1000, 1000, 2000, 5000, 5000].map(|time| (time, true));
        let expected = [1000, 1250, 1500, 1750, 2000, 5000, 5500];
        assert_eq!(times(&seconds), expected);
        let millis = [1000, 1000, 1001].map(|time| (time, false));
        assert_eq!(times(&millis), [1000, 1000, 1001]);
    }

    #[test]
    fn a_line_out_of_order_comes_at_the_newest_time() {
        let log = [5000, 4000, 5001, 4999].map(|time| (time, false));
        assert_eq!(times(&log), [5000, 5000, 5001, 5001]);
        assert_eq!(times(&[(5000, true), (4000, true)]), [5000, 5500]);
    }

    #[test]
    fn after_a_wide_step_back_time_goes_on() {
        let log = [900_000, 100_000, 100_010, 100_030].map(|time| (time, false));
        assert_eq!(times(&log), [900_000, 900_000, 900_010, 900_030]);
    }

    #[test]
    fn time_has_an_end() {
        let late = 1 << 46;
        let log = [late, 0, late, 0, late, 0, 5].map(|time| (time, false));
        let expected = [late, late, LATEST, LATEST, LATEST, LATEST, LATEST];
        assert_eq!(times(&log), expected);
    }

    proptest! {
        #[test]
        fn time_never_runs_back_and_no_access_is_lost(
            log in prop::collection::vec((0_u64..200_000, any::<bool>()), 0..100)
        ) {
            let given = times(&log);
            prop_assert_eq!(given.len(), log.len());
            prop_assert!(given.is_sorted());
        }
    }
}
