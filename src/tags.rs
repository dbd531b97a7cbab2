//! Invalidation by tag: a stamp per invalidated tag, no list of what carries it.
//!
//! Invalidating a tag writes one stamp, however many entries carry the tag. An entry is good when
//! it was stored after the stamps of all its tags, which its next reader finds out (generational
//! caching). Among the loads and writes of one machine a [`Fence`] orders stamps exactly.
//! Several machines have no common order, and clocks are none: in stores, a stamp is a [`Version`],
//! and entries carry those that their tags had when their load began.
//!
//! A tag is a number here, a hash of its name. Two names with one hash are invalidated together:
//! too much is loaded anew then, never too little.

use crate::fence::Fence;
use crate::time::Timestamp;
use alloc::vec;
use alloc::vec::Vec;

/// The hash of a tag's name.
pub type Tag = u64;

/// The stamp of a tag in a store: a random number that is used once. Zero stands for none that is
/// known, and is equal to nothing.
pub type Version = u64;

/// Most tags with a stamp of their own. Beyond that the older ones are merged into one stamp that
/// holds for every tag.
const MOST_STAMPS: usize = 32_768;

/// The effect of an invalidation on entries that were stored before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalidation {
    /// They are dead.
    Hard,
    /// They are stale since then.
    Soft(Timestamp),
}

/// The versions of a tag: of its hard invalidations, and of its soft ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// A new one with each hard invalidation.
    pub hard: Version,
    /// A new one with each soft invalidation.
    pub soft: Version,
}

impl Versions {
    /// The effect on an entry that carries these versions of a tag whose current ones are
    /// `current`, the soft one written at `since`. A version that is missing counts as changed,
    /// for a store may have lost it, and whatever it ended must not come back.
    #[must_use]
    pub const fn judge(self, current: Self, since: Timestamp) -> Option<Invalidation> {
        if self.hard != current.hard || self.hard == 0 {
            Some(Invalidation::Hard)
        } else if current.soft == 0 {
            Some(Invalidation::Soft(Timestamp::ZERO))
        } else if self.soft != current.soft {
            Some(Invalidation::Soft(since))
        } else {
            None
        }
    }
}

/// The worst that happened to an entry: `carried` are the versions of its tags that it carries,
/// `current` those that they have now, the soft one with its time. Of a tag with none it is not
/// known whether it was invalidated.
pub fn judge(
    carried: impl Iterator<Item = Versions>,
    mut current: impl Iterator<Item = (Versions, Timestamp)>,
) -> Option<Invalidation> {
    let mut soft: Option<Timestamp> = None;
    for versions in carried {
        let Some((current, since)) = current.next() else {
            return Some(Invalidation::Hard);
        };
        match versions.judge(current, since) {
            None => {}
            Some(Invalidation::Hard) => return Some(Invalidation::Hard),
            // The first one made the entry stale.
            Some(Invalidation::Soft(at)) => soft = Some(soft.map_or(at, |first| first.min(at))),
        }
    }
    soft.map(Invalidation::Soft)
}

/// The last invalidation of a tag in one way; none while the fence is zero.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    fence: Fence,
    /// On the monotonic clock.
    at: Timestamp,
}

impl Mark {
    fn raise(&mut self, other: Self) {
        if other.fence > self.fence {
            *self = other;
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Stamp {
    tag: Tag,
    hard: Mark,
    soft: Mark,
}

impl Stamp {
    fn newest(&self) -> Fence {
        self.hard.fence.max(self.soft.fence)
    }

    /// True if this place of the table is free.
    fn is_free(&self) -> bool {
        self.newest() == Fence::ZERO
    }
}

/// The stamps of all tags.
#[derive(Clone, Debug, Default)]
pub struct Tags {
    /// A hash table with linear probing, at most half full; its length is a power of two. By hand,
    /// since `BTreeMap` alone is half as large as the rest of the module.
    table: Vec<Stamp>,
    stamps: usize,
    /// Counts, as hard, for every tag.
    floor: Mark,
    latest: Fence,
    latest_hard: Fence,
}

impl Tags {
    /// The fence of the last invalidation of any tag.
    #[inline]
    #[must_use]
    pub const fn latest(&self) -> Fence {
        self.latest
    }

    /// Invalidates a tag: `fence` is newer than all before, `at` the monotonic time.
    pub fn invalidate(&mut self, tag: Tag, soft: bool, fence: Fence, at: Timestamp) {
        if self.stamps * 2 >= self.table.len() {
            self.make_room();
        }
        let place = self.place(tag);
        let stamp = &mut self.table[place];
        self.stamps += usize::from(stamp.is_free());
        stamp.tag = tag;
        let mark = if soft {
            &mut stamp.soft
        } else {
            &mut stamp.hard
        };
        mark.raise(Mark { fence, at });
        self.latest = fence;
        if !soft {
            self.latest_hard = fence;
        }
    }

    /// The worst that happened to `tags` since a load of this fence began. A soft invalidation comes
    /// with its time on the monotonic clock.
    #[must_use]
    pub fn since(&self, tags: &[Tag], began: Fence) -> Option<Invalidation> {
        if !tags.is_empty() && self.floor.fence > began {
            return Some(Invalidation::Hard);
        }
        let mut soft = None;
        for &tag in tags {
            let Stamp {
                hard, soft: mark, ..
            } = self.stamp(tag);
            if hard.fence > began {
                return Some(Invalidation::Hard);
            }
            if mark.fence > began {
                // The first one made the entry stale.
                soft = Some(soft.map_or(mark.at, |first: Timestamp| first.min(mark.at)));
            }
        }
        soft.map(Invalidation::Soft)
    }

    /// True if a load that began at `fence` must not be joined any more, for one of its tags was
    /// invalidated. Without `tags` they are not known yet, and any counts.
    #[must_use]
    pub fn outdates(&self, tags: Option<&[Tag]>, fence: Fence) -> bool {
        match tags {
            None => self.latest_hard > fence,
            Some(tags) => self.since(tags, fence) == Some(Invalidation::Hard),
        }
    }

    fn stamp(&self, tag: Tag) -> Stamp {
        if self.table.is_empty() {
            return Stamp::default();
        }
        self.table[self.place(tag)]
    }

    /// The position of the stamp of `tag`, or of a free place for it.
    #[expect(clippy::cast_possible_truncation, reason = "only the low bits count")]
    fn place(&self, tag: Tag) -> usize {
        let mask = self.table.len() - 1;
        let mut place = tag as usize & mask;
        while !self.table[place].is_free() && self.table[place].tag != tag {
            place = (place + 1) & mask;
        }
        place
    }

    /// Doubles the table, or keeps what is known bounded: the older stamps become one. Entries
    /// that are older than that die for it, whatever their tags are.
    fn make_room(&mut self) {
        let full = self.stamps >= MOST_STAMPS;
        let merged = if full { self.mean() } else { Fence::ZERO };
        let length = if full {
            self.table.len()
        } else {
            (self.table.len() * 2).max(16)
        };
        let stamps = core::mem::replace(&mut self.table, vec![Stamp::default(); length]);
        self.stamps = 0;
        for stamp in stamps {
            if stamp.newest() > merged {
                let place = self.place(stamp.tag);
                self.table[place] = stamp;
                self.stamps += 1;
            } else {
                self.floor.raise(stamp.hard);
                self.floor.raise(stamp.soft);
            }
        }
    }

    /// The mean of the stamps' fences: about half of them are older, and at least one is.
    fn mean(&self) -> Fence {
        let numbers = self.table.iter().map(|stamp| stamp.newest().number());
        Fence::from_number(numbers.sum::<u64>() / self.stamps as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fence(number: u64) -> Fence {
        Fence::from_number(number)
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn invalidated(marks: &[(Tag, bool)]) -> Tags {
        let mut tags = Tags::default();
        for (&(tag, soft), number) in marks.iter().zip(1..) {
            tags.invalidate(tag, soft, fence(number), at(number * 10));
        }
        tags
    }

    #[test]
    fn only_what_began_before_is_invalidated() {
        let tags = invalidated(&[(7, false)]);
        assert_eq!(tags.since(&[7], fence(0)), Some(Invalidation::Hard));
        assert_eq!(tags.since(&[7], fence(1)), None);
        assert_eq!(tags.since(&[8], fence(0)), None);
    }

    #[test]
    fn an_entry_is_good_while_its_tags_have_the_versions_it_carries() {
        let good = Versions { hard: 3, soft: 4 };
        let current = |hard, soft| Versions { hard, soft };
        assert_eq!(good.judge(good, at(50)), None);
        assert_eq!(
            good.judge(current(5, 4), at(50)),
            Some(Invalidation::Hard),
            "whatever the order of their numbers"
        );
        assert_eq!(good.judge(current(2, 6), at(50)), Some(Invalidation::Hard));
        let soft = Some(Invalidation::Soft(at(50)));
        assert_eq!(good.judge(current(3, 5), at(50)), soft);
        assert_eq!(good.judge(current(3, 1), at(50)), soft);
    }

    #[test]
    fn a_version_that_is_missing_ends_what_carries_it() {
        let good = Versions { hard: 3, soft: 4 };
        let none = Versions::default();
        let hard = Some(Invalidation::Hard);
        assert_eq!(good.judge(Versions { hard: 0, soft: 4 }, at(50)), hard);
        assert_eq!(none.judge(none, at(50)), hard, "zero equals nothing");
        // Nobody knows since when: since it was stored.
        let soft = Some(Invalidation::Soft(Timestamp::ZERO));
        assert_eq!(good.judge(Versions { hard: 3, soft: 0 }, at(50)), soft);
        let unversioned = Versions { hard: 3, soft: 0 };
        assert_eq!(unversioned.judge(unversioned, at(50)), soft);
    }

    #[test]
    fn hard_beats_soft_and_the_first_soft_one_counts() {
        let tags = invalidated(&[(1, true), (2, true), (3, false)]);
        let soft = Some(Invalidation::Soft(at(10)));
        assert_eq!(tags.since(&[2, 1], fence(0)), soft);
        assert_eq!(tags.since(&[1, 2, 3], fence(0)), Some(Invalidation::Hard));
        let later = Some(Invalidation::Soft(at(20)));
        assert_eq!(tags.since(&[1, 2], fence(1)), later);
    }

    #[test]
    fn a_load_whose_tags_are_not_known_is_outdated_by_any_hard_one() {
        let tags = invalidated(&[(1, false), (2, true)]);
        assert!(tags.outdates(None, fence(0)));
        assert!(!tags.outdates(None, fence(1)));
        assert!(!tags.outdates(Some(&[2]), fence(0)));
        assert!(tags.outdates(Some(&[1]), fence(0)));
        assert!(!tags.outdates(Some(&[]), fence(0)));
    }

    #[test]
    fn too_many_stamps_become_one_that_is_too_careful() {
        let most = MOST_STAMPS as u64;
        let marks: Vec<(Tag, bool)> = (1..=most + 1).map(|tag| (tag, true)).collect();
        let tags = invalidated(&marks);
        assert!(tags.stamps <= MOST_STAMPS);
        let stamped = tags.stamps as u64;
        let floor = most + 1 - stamped;
        assert_eq!(tags.since(&[999_999], fence(floor)), None);
        assert_eq!(
            tags.since(&[999_999], fence(floor - 1)),
            Some(Invalidation::Hard)
        );
        let last = Some(Invalidation::Soft(at((most + 1) * 10)));
        assert_eq!(tags.since(&[most + 1], fence(most)), last);
        assert_eq!(tags.since(&[], fence(0)), None);
    }

    proptest! {
        /// Against a list of everything that happened.
        #[test]
        fn knows_what_a_full_history_knows(
            marks in proptest::collection::vec((0..5_u64, any::<bool>()), 0..40),
            asked in proptest::collection::vec(0..5_u64, 0..4),
            began in 0..40_u64,
        ) {
            let tags = invalidated(&marks);
            let later: Vec<_> = marks.iter().zip(1..)
                .filter(|((tag, _), number)| *number > began && asked.contains(tag))
                .collect();
            let hard = later.iter().any(|((_, soft), _)| !soft);
            let expected = hard || !later.is_empty();
            let found = tags.since(&asked, fence(began));
            prop_assert_eq!(found.is_some(), expected);
            prop_assert_eq!(found == Some(Invalidation::Hard), hard);
        }
    }

    #[test]
    fn nothing_was_invalidated_at_first() {
        let tags = Tags::default();
        assert_eq!(tags.latest(), Fence::ZERO);
        assert_eq!(tags.since(&[1, 2], Fence::ZERO), None);
    }
}
