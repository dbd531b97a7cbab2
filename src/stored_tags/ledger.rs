//! The versions of tags as one instance has seen and written them.
//!
//! It remembers the versions that it knows to be over, and the tags whose invalidation has not
//! reached the store. Bounded: when too much is remembered, everything counts as not invalidated
//! yet. The same rules as `js/src/tiers/tag-ledger.ts`.

use super::stamp::{Stamp, StampKey};
use crate::tags::Version;
use crate::time::Timestamp;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// Most stamps that are known.
const MOST_KNOWN: usize = 8192;
/// Most stamps that wait to be written.
const MOST_MISSED: usize = 1024;
/// Most superseded versions remembered for each stamp.
const MOST_FORMER: usize = 4;

/// A position among what happens to the stamps that one instance knows.
pub type Step = u64;

/// A stamp as a lookup found it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FoundStamp {
    /// The one to be relied upon, if there is one.
    pub stamp: Option<Stamp>,
    /// True if the store gave a record.
    pub is_read: bool,
    /// True if what is there must give way.
    pub is_over: bool,
}

#[derive(Clone, Debug, Default)]
struct Known {
    stamp: Option<Stamp>,
    /// Versions that are over.
    former: Vec<Version>,
    /// The step at which this version was first known.
    since: Step,
    /// The step of an invalidation that has not been written; 0 for none.
    missed_at: Step,
    /// Until when the store may go on giving what was there before this version.
    lagging_until: Timestamp,
    /// Its place in the order in which stamps were learnt.
    place: u64,
}

/// The stamps in a store, as far as one instance knows them.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    known: BTreeMap<StampKey, Known>,
    /// The keys of what is known, the longest known first.
    order: BTreeMap<u64, StampKey>,
    last_place: u64,
    missed: BTreeSet<StampKey>,
    /// The step since which stamps that are not known may have missed an invalidation; 0 for never.
    distrusted_at: Step,
    step: Step,
}

impl Ledger {
    /// Returns a step that comes after all there were.
    pub fn next_step(&mut self) -> Step {
        self.step += 1;
        self.step
    }

    /// Returns the first `most` keys whose stamps are still to be written.
    #[must_use]
    pub fn missed(&self, most: usize) -> Vec<StampKey> {
        self.missed.iter().copied().take(most).collect()
    }

    /// True if no stamp is still to be written.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.missed.is_empty()
    }

    /// True if the invalidation of a key has not reached the store, or may not have.
    #[must_use]
    pub fn has_missed(&self, key: StampKey) -> bool {
        let known = self.known.get(&key);
        known.map_or(self.distrusted_at > 0, |known| known.missed_at > 0)
    }

    /// Returns what is known of a stamp, given what the store has: `None` for nothing, and within it
    /// for a record that is no stamp.
    pub fn found(
        &mut self,
        key: StampKey,
        given: Option<Option<Stamp>>,
        now: Timestamp,
    ) -> FoundStamp {
        let stamp = self.settle(key, given.flatten(), now);
        let is_read = given.is_some();
        let is_over = stamp.is_none() && (is_read || self.has_missed(key));
        FoundStamp {
            stamp,
            is_read,
            is_over,
        }
    }

    /// Returns the stamp of a key, given what the store has; `None` when it must not be relied upon.
    fn settle(&mut self, key: StampKey, found: Option<Stamp>, now: Timestamp) -> Option<Stamp> {
        let Some(known) = self.known.get_mut(&key) else {
            let found = found.filter(|_| self.distrusted_at == 0)?;
            self.learn(key, found);
            return Some(found);
        };
        if known.missed_at > 0 {
            return None;
        }
        if let Some(stamp) = known.stamp
            && now < known.lagging_until
        {
            if found.is_some_and(|found| found.version == stamp.version) {
                known.lagging_until = Timestamp::ZERO;
            }
            return Some(stamp);
        }
        let found = found?;
        if known
            .stamp
            .is_some_and(|stamp| stamp.version == found.version)
        {
            return Some(found);
        }
        if known.former.contains(&found.version) {
            // It was over: the store has lost what came after it.
            self.miss(key);
            return None;
        }
        self.learn(key, found);
        Some(found)
    }

    /// Notes that a key is invalidated: nothing that the store has for it counts until it `wrote`.
    pub fn miss(&mut self, key: StampKey) {
        let missed_at = self.next_step();
        let known = Known {
            former: self.former_of(key),
            since: missed_at,
            missed_at,
            ..Known::default()
        };
        self.keep(key, known);
        self.missed.insert(key);
        if self.missed.len() > MOST_MISSED {
            self.distrust_all();
        }
    }

    /// Notes that the store has taken a stamp, which was sent at step `begun`, and may give what was
    /// there before for a while. False if the key was invalidated since.
    pub fn wrote(
        &mut self,
        key: StampKey,
        stamp: Stamp,
        begun: Step,
        lagging_until: Timestamp,
    ) -> bool {
        let missed_at = self.known.get(&key).map_or(0, |known| known.missed_at);
        if missed_at.max(self.distrusted_at) > begun {
            return false;
        }
        let known = Known {
            stamp: Some(stamp),
            former: self.former_of(key),
            since: self.next_step(),
            lagging_until,
            ..Known::default()
        };
        self.keep(key, known);
        self.missed.remove(&key);
        true
    }

    /// True if a key has had this version since before a step.
    #[must_use]
    pub fn had_before(&self, key: StampKey, version: Version, step: Step) -> bool {
        self.known.get(&key).is_some_and(|known| {
            let is_same = known.stamp.is_some_and(|stamp| stamp.version == version);
            is_same && known.since < step
        })
    }

    fn learn(&mut self, key: StampKey, stamp: Stamp) {
        let known = Known {
            stamp: Some(stamp),
            former: self.former_of(key),
            since: self.next_step(),
            ..Known::default()
        };
        self.keep(key, known);
    }

    fn former_of(&self, key: StampKey) -> Vec<Version> {
        let Some(known) = self.known.get(&key) else {
            return Vec::new();
        };
        let mut former = known.former.clone();
        former.extend(known.stamp.map(|stamp| stamp.version));
        let forgotten = former.len().saturating_sub(MOST_FORMER);
        former.split_off(forgotten)
    }

    fn keep(&mut self, key: StampKey, known: Known) {
        self.last_place += 1;
        let place = self.last_place;
        self.order.insert(place, key);
        if let Some(before) = self.known.insert(key, Known { place, ..known }) {
            self.order.remove(&before.place);
        }
        if self.known.len() <= MOST_KNOWN {
            return;
        }
        let is_written = |(_, key): &(&u64, &StampKey)| !self.has_missed(**key);
        if let Some((&place, &oldest)) = self.order.iter().find(is_written) {
            self.order.remove(&place);
            self.known.remove(&oldest);
        }
    }

    fn distrust_all(&mut self) {
        self.distrusted_at = self.next_step();
        self.known.clear();
        self.order.clear();
        self.missed.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    const KEY: StampKey = StampKey::Hard(7);
    const NOW: Timestamp = Timestamp::from_millis(1_000);

    fn stamp(version: Version) -> Stamp {
        Stamp {
            version,
            at: NOW,
            life: Span::from_secs(1),
        }
    }

    fn wrote(ledger: &mut Ledger, version: Version) -> bool {
        let begun = ledger.next_step();
        ledger.wrote(KEY, stamp(version), begun, NOW)
    }

    fn version(ledger: &mut Ledger, has: Option<Version>) -> Option<Version> {
        let given = has.map(|version| Some(stamp(version)));
        Some(ledger.found(KEY, given, NOW).stamp?.version)
    }

    #[test]
    fn a_version_that_was_over_does_not_come_back() {
        let mut ledger = Ledger::default();
        assert_eq!(version(&mut ledger, Some(1)), Some(1));
        assert_eq!(version(&mut ledger, Some(2)), Some(2), "another instance's");
        assert_eq!(
            version(&mut ledger, Some(1)),
            None,
            "the store lost a write"
        );
        assert!(ledger.has_missed(KEY));
        assert_eq!(ledger.missed(9), [KEY]);
        assert!(wrote(&mut ledger, 3));
        assert!(ledger.is_settled());
        assert_eq!(version(&mut ledger, Some(3)), Some(3));
    }

    #[test]
    fn until_an_invalidation_is_written_nothing_counts() {
        let mut ledger = Ledger::default();
        ledger.miss(KEY);
        assert_eq!(version(&mut ledger, Some(5)), None, "whoever wrote it");
        let begun = ledger.next_step();
        ledger.miss(KEY);
        assert!(
            !ledger.wrote(KEY, stamp(6), begun, NOW),
            "it was sent before"
        );
        assert!(wrote(&mut ledger, 7));
        assert_eq!(version(&mut ledger, Some(7)), Some(7));
        assert_eq!(version(&mut ledger, None), None, "the store has lost it");
    }

    #[test]
    fn a_store_that_lags_is_not_believed_for_a_while() {
        let mut ledger = Ledger::default();
        assert_eq!(version(&mut ledger, Some(1)), Some(1));
        let begun = ledger.next_step();
        assert!(ledger.wrote(KEY, stamp(2), begun, NOW + Span::from_millis(60)));
        for seen in [None, Some(1), Some(2)] {
            assert_eq!(version(&mut ledger, seen), Some(2), "{seen:?}");
        }
        assert_eq!(
            version(&mut ledger, Some(1)),
            None,
            "it has shown the new one"
        );
    }

    #[test]
    fn a_version_is_known_since_a_step() {
        let mut ledger = Ledger::default();
        let before = ledger.next_step();
        version(&mut ledger, Some(1));
        let after = ledger.next_step();
        assert!(ledger.had_before(KEY, 1, after));
        assert!(!ledger.had_before(KEY, 1, before));
        assert!(!ledger.had_before(KEY, 2, after));
        ledger.miss(KEY);
        let after = ledger.next_step();
        assert!(!ledger.had_before(KEY, 1, after));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_careful() {
        let mut ledger = Ledger::default();
        for tag in 0..MOST_KNOWN as u64 + 10 {
            ledger.found(StampKey::Soft(tag), Some(Some(stamp(tag + 1))), NOW);
        }
        assert_eq!(ledger.known.len(), MOST_KNOWN);
        assert_eq!(ledger.order.len(), MOST_KNOWN);
        assert!(!ledger.known.contains_key(&StampKey::Soft(9)));
        assert!(ledger.known.contains_key(&StampKey::Soft(10)));
        for tag in 0..=MOST_MISSED as u64 {
            ledger.miss(StampKey::Hard(tag));
        }
        assert!(ledger.is_settled());
        assert!(ledger.has_missed(StampKey::Hard(99_999)));
        assert_eq!(version(&mut ledger, Some(1)), None);
        assert!(wrote(&mut ledger, 2));
        assert_eq!(version(&mut ledger, Some(2)), Some(2));
    }
}
