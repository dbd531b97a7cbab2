//! Invalidation by tag: a stamp per invalidated tag, no list of what carries it.
//!
//! Invalidating a tag writes one stamp, however many entries carry the tag. An entry is good when
//! it was stored after the stamps of all its tags; who reads it finds out (version stamps, also
//! known as generational caching). Stamps have a [`Fence`], which orders them among this machine's
//! loads and writes exactly, and a wall-clock time for entries that lower stores hold.
//!
//! A tag is a number here, a hash of its name. Two names with one hash are invalidated together:
//! too much is loaded anew then, never too little.

use crate::flight::Fence;
use crate::time::{Span, Timestamp};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// The hash of a tag's name.
pub type Tag = u64;

/// How many tags have a stamp of their own. Beyond that the older half is merged into one stamp
/// that holds for every tag.
const MOST_STAMPS: usize = 65_536;

/// What an invalidation does to entries that were stored before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalidation {
    /// They are dead.
    Hard,
    /// They are stale since then.
    Soft(Timestamp),
}

/// When a tag was last invalidated in one way.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    fence: Fence,
    /// On the monotonic clock.
    at: Timestamp,
    /// On the wall clock.
    wall: Timestamp,
}

impl Mark {
    fn is_after(&self, fence: Fence) -> bool {
        self.fence > fence
    }

    /// Whether what began at this wall-clock time began before. At the same millisecond it did.
    fn is_since(&self, began: Timestamp) -> bool {
        self.fence > Fence::ZERO && self.wall >= began
    }

    fn max(self, other: Self) -> Self {
        Self {
            fence: self.fence.max(other.fence),
            at: self.at.max(other.at),
            wall: self.wall.max(other.wall),
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Stamp {
    hard: Mark,
    soft: Mark,
}

/// The stamps of all tags.
#[derive(Clone, Debug, Default)]
pub struct Tags {
    stamps: BTreeMap<Tag, Stamp>,
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
    pub fn invalidate(
        &mut self,
        tag: Tag,
        soft: bool,
        fence: Fence,
        at: Timestamp,
        wall: Timestamp,
    ) {
        let mark = Mark { fence, at, wall };
        let stamp = self.stamps.entry(tag).or_default();
        let place = if soft {
            &mut stamp.soft
        } else {
            self.latest_hard = fence;
            &mut stamp.hard
        };
        *place = place.max(mark);
        self.latest = fence;
        if self.stamps.len() > MOST_STAMPS {
            self.merge_older_half();
        }
    }

    /// What happened to `tags` after `fence`, the worst of it.
    #[must_use]
    pub fn after(&self, tags: &[Tag], fence: Fence) -> Option<Invalidation> {
        self.worst(tags, |mark| mark.is_after(fence), |mark| mark.at)
    }

    /// What happened to `tags` since the wall-clock time at which the load of an entry began; a
    /// soft invalidation comes with its wall-clock time.
    #[must_use]
    pub fn since(&self, tags: &[Tag], began: Timestamp) -> Option<Invalidation> {
        self.worst(tags, |mark| mark.is_since(began), |mark| mark.wall)
    }

    /// A wall-clock time for the beginning of a load that began after every invalidation of `tags`
    /// known here: `began`, or later if the clock could not tell them apart.
    #[must_use]
    pub fn began_after(&self, tags: &[Tag], began: Timestamp) -> Timestamp {
        let marks = tags.iter().filter_map(|tag| self.stamps.get(tag));
        let marks = marks.flat_map(|stamp| [stamp.hard, stamp.soft]);
        marks
            .chain([self.floor])
            .filter(|mark| mark.is_since(began))
            .map(|mark| mark.wall + Span::from_millis(1))
            .fold(began, Timestamp::max)
    }

    /// Whether a load that began at `fence` must not be joined any more, for one of its tags was
    /// invalidated. Without `tags` they are not known yet, and any counts.
    #[must_use]
    pub fn outdates(&self, tags: Option<&[Tag]>, fence: Fence) -> bool {
        match tags {
            None => self.latest_hard > fence,
            Some(tags) => self.after(tags, fence) == Some(Invalidation::Hard),
        }
    }

    fn worst(
        &self,
        tags: &[Tag],
        counts: impl Fn(&Mark) -> bool,
        time: impl Fn(&Mark) -> Timestamp,
    ) -> Option<Invalidation> {
        if !tags.is_empty() && counts(&self.floor) {
            return Some(Invalidation::Hard);
        }
        let mut soft = None;
        for stamp in tags.iter().filter_map(|tag| self.stamps.get(tag)) {
            if counts(&stamp.hard) {
                return Some(Invalidation::Hard);
            }
            if counts(&stamp.soft) {
                // The first one made the entry stale.
                let at = time(&stamp.soft);
                soft = Some(soft.map_or(at, |earlier: Timestamp| earlier.min(at)));
            }
        }
        soft.map(Invalidation::Soft)
    }

    /// Keeps what is known bounded. Entries older than the merged stamps die for it, whatever
    /// their tags are.
    fn merge_older_half(&mut self) {
        let newest = |stamp: &Stamp| stamp.hard.fence.max(stamp.soft.fence);
        let mut fences: Vec<Fence> = self.stamps.values().map(newest).collect();
        let (_, &mut middle, _) = fences.select_nth_unstable(MOST_STAMPS / 2);
        let mut floor = self.floor;
        self.stamps.retain(|_, stamp| {
            let stays = newest(stamp) > middle;
            if !stays {
                floor = floor.max(stamp.hard).max(stamp.soft);
            }
            stays
        });
        self.floor = floor;
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
            tags.invalidate(tag, soft, fence(number), at(number * 10), at(number * 10));
        }
        tags
    }

    #[test]
    fn only_what_began_before_is_invalidated() {
        let tags = invalidated(&[(7, false)]);
        assert_eq!(tags.after(&[7], fence(0)), Some(Invalidation::Hard));
        assert_eq!(tags.after(&[7], fence(1)), None);
        assert_eq!(tags.after(&[8], fence(0)), None);
        assert_eq!(tags.since(&[7], at(10)), Some(Invalidation::Hard));
        assert_eq!(tags.since(&[7], at(11)), None);
    }

    #[test]
    fn a_load_in_the_millisecond_of_an_invalidation_can_be_told_apart() {
        let tags = invalidated(&[(7, false), (8, true)]);
        assert_eq!(tags.began_after(&[7], at(10)), at(11));
        assert_eq!(tags.began_after(&[7, 8], at(10)), at(21));
        assert_eq!(tags.began_after(&[7], at(12)), at(12));
        assert_eq!(tags.since(&[7], at(11)), None);
    }

    #[test]
    fn hard_beats_soft_and_the_first_soft_one_counts() {
        let tags = invalidated(&[(1, true), (2, true), (3, false)]);
        let soft = Some(Invalidation::Soft(at(10)));
        assert_eq!(tags.after(&[2, 1], fence(0)), soft);
        assert_eq!(tags.after(&[1, 2, 3], fence(0)), Some(Invalidation::Hard));
        let later = Some(Invalidation::Soft(at(20)));
        assert_eq!(tags.after(&[1, 2], fence(1)), later);
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
        assert!(tags.stamps.len() <= MOST_STAMPS);
        let stamped = tags.stamps.len() as u64;
        let floor = most + 1 - stamped;
        assert_eq!(tags.after(&[999_999], fence(floor)), None);
        assert_eq!(
            tags.after(&[999_999], fence(floor - 1)),
            Some(Invalidation::Hard)
        );
        let last = Some(Invalidation::Soft(at((most + 1) * 10)));
        assert_eq!(tags.after(&[most + 1], fence(most)), last);
        assert_eq!(tags.after(&[], fence(0)), None);
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
            let found = tags.after(&asked, fence(began));
            prop_assert_eq!(found.is_some(), expected);
            prop_assert_eq!(found == Some(Invalidation::Hard), hard);
            prop_assert_eq!(tags.since(&asked, at(began * 10 + 1)).is_some(), expected);
        }
    }

    #[test]
    fn nothing_was_invalidated_at_first() {
        let tags = Tags::default();
        assert_eq!(tags.latest(), Fence::ZERO);
        assert_eq!(tags.after(&[1, 2], Fence::ZERO), None);
        assert_eq!(tags.since(&[1], Timestamp::ZERO), None);
    }
}
