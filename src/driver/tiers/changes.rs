//! Changes of keys in one tier, as a ledger keeps them.

use super::Record;
use crate::time::{Span, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::vec::Vec;

/// The most lost changes of a key that are told apart.
const MOST_LOST: usize = 64;

/// A change that others wait for, until it ends or until a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Blocker {
    pub(super) id: u64,
    pub(super) until: Timestamp,
}

/// A change of one key in one tier.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) id: u64,
    pub(super) name: Arc<str>,
    pub(super) fence: u64,
    /// True if it drops the key.
    pub(super) drops: bool,
    /// The record it writes, until it is lost; `None` while that is being made.
    pub(super) record: Option<Record>,
    /// The time when that record has ended.
    pub(super) ends_at: Timestamp,
    /// The time when it is taken for vanished although it never began.
    pub(super) held_until: Timestamp,
    /// True if it only copies what another tier has: nothing is owed if it never began.
    pub(super) copies: bool,
    /// Tells its record from others once it is lost.
    pub(super) mark: u64,
    /// The time when it was sent.
    pub(super) begun_at: Timestamp,
    /// The deadline of the operation under way.
    pub(super) until: Timestamp,
    /// True when the tier has dropped the key since: nothing older than this change is there.
    pub(super) is_made_up: bool,
}

/// The end of a change's performing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    Failed,
    /// Past its deadline: it may be done yet.
    Late,
    /// The tier was not asked.
    Unsent,
}

/// The changes of one key in one tier.
#[derive(Debug, Default)]
pub(super) struct KeyState {
    /// The fence of the newest change.
    pub(super) newest: u64,
    /// The newest change, until it is done or failed.
    pub(super) pending: Option<Change>,
    pub(super) running: Option<Change>,
    pub(super) lost: Vec<Change>,
    /// True if the tier may have something older than the newest change.
    pub(super) owed: bool,
    /// True if a lost change was done while a newer one was running: nobody knows which was last.
    pub(super) again: bool,
    /// Records that were stored until then are not used.
    pub(super) not_before: Option<Timestamp>,
    /// The time when those have ended.
    pub(super) not_before_ends: Timestamp,
}

impl KeyState {
    /// True if it has to be known what the tier must not be believed.
    pub(super) fn remembers(&self) -> bool {
        self.owed || !self.lost.is_empty() || self.not_before.is_some()
    }

    /// True if nothing has to be known of a key any more.
    pub(super) fn is_forgettable(&self) -> bool {
        !self.remembers() && self.running.is_none() && self.pending.is_none()
    }

    /// The newest change, if it is lost and the tier may have what is older.
    pub(super) fn open_lost(&self) -> Option<&Change> {
        self.lost
            .iter()
            .find(|lost| lost.fence == self.newest && !lost.is_made_up)
    }

    /// Forgets what can do no harm any more: records that have ended, older drops.
    pub(super) fn forget_ended(&mut self, now: Timestamp) {
        if now >= self.not_before_ends {
            self.not_before = None;
        }
        let newest = self.newest;
        self.lost
            .retain(|lost| now < lost.ends_at && (!lost.drops || lost.fence == newest));
    }

    /// Forgets the lost change that was sent first, and may be done yet: its record is not used.
    pub(super) fn give_up_oldest(&mut self) {
        let oldest = self.lost.remove(0);
        if oldest.drops {
            return;
        }
        // A record may be dated a millisecond later than it was sent.
        let at = oldest.begun_at + Span::from_millis(1);
        self.not_before = self.not_before.max(Some(at));
        self.not_before_ends = self.not_before_ends.max(oldest.ends_at);
    }

    /// Notes the end of the newest change.
    pub(super) fn conclude(&mut self, change: &Change, outcome: Outcome) {
        self.pending = None;
        match outcome {
            Outcome::Done => {
                self.owed = self.again;
                self.again = false;
                // Of the same fence: a change that was lost, and then was made up for by this drop.
                for lost in &mut self.lost {
                    lost.is_made_up |= lost.fence == self.newest;
                }
            }
            Outcome::Failed => self.owed = true,
            Outcome::Unsent if !change.copies => self.owed = true,
            Outcome::Late | Outcome::Unsent => self.owed |= change.drops,
        }
    }

    /// A superseded write was done after all: the tier may have it, until what is newer was done.
    pub(super) fn revive_older(&mut self) {
        let is_newest_lost = self.lost.iter().any(|lost| lost.fence == self.newest);
        if self.running.is_some() || is_newest_lost {
            self.again = true;
        }
        // A newest write is told by its mark until it is done, a pending change answers for the
        // tier.
        let is_owed = match self.open_lost() {
            Some(newest) => newest.drops,
            None => self.pending.is_none(),
        };
        self.owed |= is_owed;
    }

    /// The change under way is past its deadline.
    pub(super) fn lose(&mut self, due: &mut BTreeSet<Arc<str>>, now: Timestamp) {
        let Some(mut change) = self.running.take() else {
            return;
        };
        if let Some(record) = change.record.take() {
            change.mark = fingerprint(&record);
        }
        self.forget_ended(now);
        if change.fence == self.newest {
            due.insert(Arc::clone(&change.name));
        }
        self.lost.push(change);
        if self.lost.len() > MOST_LOST {
            self.give_up_oldest();
        }
    }
}

/// A number that two records hardly share: FNV-1a.
pub(super) fn fingerprint(record: &[u8]) -> u64 {
    record.iter().fold(0xcbf2_9ce4_8422_2325, |sum, &byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
