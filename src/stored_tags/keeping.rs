//! The lives of stamps, and what is to be done about one whose version an entry is to carry.

use super::ledger::FoundStamp;
use super::stamp::Stamp;
use crate::tags::Version;
use crate::time::{Span, Timestamp};

/// Shortest lifetime of a stamp.
const LEAST_LIFE: Span = Span::from_secs(24 * 60 * 60);
/// Lifetime of a stamp as a multiple of an entry's.
const LIVES: u64 = 4;

/// The action that lets an entry carry the version of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// It carries this one.
    Carry(Version),
    /// There is none: the first one is written. Of two instances at once one counts, in a store that
    /// can add.
    Create,
    /// The stamp that is there is over, or damaged: a new version is written, as for an
    /// invalidation.
    Replace,
    /// It would end before the entry: its stamp is dropped if it is still that, and added again with
    /// this life. An invalidation that comes in between leaves a stamp which adding does not touch.
    Renew(Stamp),
    /// It would end before the entry, in a store that cannot do that: a new one is written.
    Write,
}

/// The lives of entries with tags, by which stamps live.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lives {
    /// The longest life of an entry that ends at all.
    longest: Span,
}

impl Lives {
    /// Takes note of the life of an entry, for the stamps that are yet to be written.
    pub fn expect(&mut self, life: Span) {
        if !life.is_forever() {
            self.longest = self.longest.max(life);
        }
    }

    /// Returns the life of a stamp that an entry of this life is to carry.
    #[must_use]
    pub fn of_stamp(&self, life: Span) -> Span {
        life.max(self.longest).times(LIVES).max(LEAST_LIFE)
    }

    /// Returns what is to be done for an entry of this life to carry the version of a tag.
    /// `can_renew`: the store can add, and drop by comparing.
    #[must_use]
    pub fn keep(&self, found: &FoundStamp, life: Span, can_renew: bool, now: Timestamp) -> Keeping {
        let Some(stamp) = found.stamp else {
            return if found.is_over {
                Keeping::Replace
            } else {
                Keeping::Create
            };
        };
        if stamp.left(now) >= life {
            return Keeping::Carry(stamp.version);
        }
        if can_renew && !found.is_read {
            // It is known, and the store does not give it yet.
            return Keeping::Carry(stamp.version);
        }
        if can_renew {
            let life = now.since(stamp.at) + self.of_stamp(life);
            return Keeping::Renew(Stamp { life, ..stamp });
        }
        // It was made for entries like this one, which ends with it; or for shorter ones: few carry
        // it.
        if stamp.life >= life.times(2) {
            return Keeping::Carry(stamp.version);
        }
        Keeping::Write
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400_000;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn ms(millis: u64) -> Span {
        Span::from_millis(millis)
    }

    fn found(life: Span) -> FoundStamp {
        let stamp = Stamp {
            version: 7,
            at: at(0),
            life,
        };
        FoundStamp {
            stamp: Some(stamp),
            is_read: true,
            is_over: false,
        }
    }

    #[test]
    fn stamps_live_four_times_as_long_as_entries_and_a_day_at_least() {
        let mut lives = Lives::default();
        assert_eq!(lives.of_stamp(ms(1)), ms(DAY));
        assert_eq!(lives.of_stamp(ms(DAY)), ms(4 * DAY));
        assert_eq!(lives.of_stamp(Span::FOREVER), Span::FOREVER);
        lives.expect(ms(2 * DAY));
        lives.expect(Span::FOREVER);
        assert_eq!(lives.of_stamp(ms(1)), ms(8 * DAY));
    }

    #[test]
    fn a_version_that_is_missing_is_made() {
        let lives = Lives::default();
        let none = FoundStamp::default();
        let over = FoundStamp {
            is_over: true,
            ..none
        };
        assert_eq!(lives.keep(&none, ms(5), true, at(0)), Keeping::Create);
        assert_eq!(lives.keep(&over, ms(5), true, at(0)), Keeping::Replace);
    }

    #[test]
    fn a_stamp_that_ends_before_the_entry_is_renewed() {
        let lives = Lives::default();
        let (known, now) = (found(ms(DAY)), at(DAY - 10));
        let keep = |life, can_renew| lives.keep(&known, life, can_renew, now);
        assert_eq!(keep(ms(10), true), Keeping::Carry(7));
        let renewed = Stamp {
            version: 7,
            at: at(0),
            life: ms(DAY - 10 + DAY),
        };
        assert_eq!(keep(ms(11), true), Keeping::Renew(renewed));
        assert_eq!(
            keep(ms(DAY / 2), false),
            Keeping::Carry(7),
            "it ends with it"
        );
        assert_eq!(keep(ms(DAY / 2 + 1), false), Keeping::Write);
        assert_eq!(keep(Span::FOREVER, false), Keeping::Write);
        let unread = FoundStamp {
            is_read: false,
            ..known
        };
        assert_eq!(lives.keep(&unread, ms(11), true, now), Keeping::Carry(7));
    }
}
