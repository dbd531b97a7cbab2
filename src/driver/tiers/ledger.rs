//! The contents that one tier may hold of each key, after this instance's changes there. Only
//! decisions: no I/O, no clock; `now` is an argument, and [`Tiers`](super::Tiers) performs them.
//!
//! A change is *claimed* when it happens, and supersedes all older ones of its key from then on. It
//! is *running* while the store is at it, one at a time per key; past its deadline it is *lost*: it
//! holds nobody up, and what it may still do is known by its fingerprint. What a tier refused, or
//! missed, is *owed*: what it has of that key may be older, so it is not used until it was dropped.
//!
//! The same rules as `js/src/tiers/ledger.ts`, held to the same scenarios (`tests/vectors/tiers`).

use super::Record;
use super::changes::{Blocker, Change, KeyState, Outcome, fingerprint};
use super::clearings::{Clearing, Clearings};
use crate::time::{Span, Timestamp};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::vec::Vec;

/// The number of keys that are remembered for what a tier still owes.
const MOST_REMEMBERED: usize = 10_000;
/// The time after its deadline for which a write that nothing superseded may still arrive.
const GRACE: Span = Span::from_secs(5);

/// The way in which a key is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// The tier is to be asked.
    Ask,
    /// The tier's contents must not be used.
    Skip,
    /// A write of this record is under way.
    Record(Record),
}

/// A change's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Go,
    /// A newer change came.
    Over,
    Wait(Blocker),
}

/// The contents that a tier may hold.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) clearings: Clearings,
    keys: HashMap<Arc<str>, KeyState>,
    /// Keys that are owed, or will be unless a lost change is done in time.
    due: BTreeSet<Arc<str>>,
    limit: usize,
    overflows: u64,
}

impl Ledger {
    /// True if the tier has something to make up for.
    pub(super) fn owes(&self) -> bool {
        !self.due.is_empty() || self.clearings.owes()
    }

    /// The number of times that too much was owed to be remembered.
    pub(super) fn overflows(&self) -> u64 {
        self.overflows
    }

    /// A change happens: older ones of its key are superseded.
    pub(super) fn claim(&mut self, change: &Change, now: Timestamp) {
        self.make_room(&change.name, now);
        let state = self.keys.entry(Arc::clone(&change.name)).or_default();
        state.newest = change.fence;
        state.pending = Some(change.clone());
    }

    /// The content of a claimed change is known now: a record, or none, and then it drops the key.
    pub(super) fn fill(&mut self, change: &mut Change, record: Option<&Record>) {
        change.record = record.cloned();
        change.drops = record.is_none();
        if let Some(state) = self.keys.get_mut(&change.name)
            && let Some(pending) = state
                .pending
                .as_mut()
                .filter(|pending| pending.id == change.id)
        {
            pending.record.clone_from(&change.record);
            pending.drops = change.drops;
        }
    }

    /// True if nothing is known of a key but perhaps that it is owed: a copy may go there.
    pub(super) fn takes_copy(&mut self, name: &str, now: Timestamp) -> bool {
        let is_busy = self.keys.get(name).is_some_and(|state| {
            state.running.is_some() || state.pending.is_some() || !state.lost.is_empty()
        });
        !is_busy && !self.clearings.bars(name, now)
    }

    /// The turn of a change that wants to begin.
    pub(super) fn begin(&mut self, change: &mut Change, now: Timestamp, deadline: Span) -> Turn {
        let Self {
            keys,
            due,
            clearings,
            ..
        } = self;
        let Some(state) = keys.get_mut(&change.name) else {
            return Turn::Over;
        };
        if change.fence < state.newest {
            return Turn::Over;
        }
        if let Some(&Change { id, until, .. }) = state.running.as_ref() {
            if now < until {
                return Turn::Wait(Blocker { id, until });
            }
            state.lose(due, now);
        }
        if let Some(blocker) = clearings.before(&change.name, change.fence, now) {
            return Turn::Wait(blocker);
        }
        change.begun_at = now;
        change.until = now + deadline;
        state.running = Some(change.clone());
        Turn::Go
    }

    /// A change ended, or its deadline passed.
    pub(super) fn end(&mut self, change: &Change, outcome: Outcome) {
        let Self { keys, due, .. } = self;
        let Some(state) = keys.get_mut(&change.name) else {
            return;
        };
        if is(state.running.as_ref(), change) {
            if outcome == Outcome::Late {
                state.lose(due, change.until);
            } else {
                state.running = None;
            }
        }
        if change.fence == state.newest {
            state.conclude(change, outcome);
        }
        self.tidy(&change.name);
    }

    /// A change is not performed, as the tier has something newer.
    pub(super) fn cancel(&mut self, change: &Change) {
        let Some(state) = self.keys.get_mut(&change.name) else {
            return;
        };
        if is(state.pending.as_ref(), change) {
            state.pending = None;
            self.tidy(&change.name);
        }
    }

    /// A lost change was done, or failed, after all.
    pub(super) fn end_late(&mut self, change: &Change, is_done: bool) {
        let Some(state) = self.keys.get_mut(&change.name) else {
            return;
        };
        let Some(at) = state.lost.iter().position(|lost| lost.id == change.id) else {
            return;
        };
        state.lost.remove(at);
        if change.fence == state.newest {
            if !is_done {
                state.owed = true;
            } else if state.running.is_none() {
                state.owed = state.again;
            }
        } else if !change.drops {
            state.revive_older();
        }
        self.tidy(&change.name);
    }

    /// The way in which a key is to be read: the record itself while a write of it is under way.
    pub(super) fn look(&mut self, name: &str, now: Timestamp) -> Look {
        if let Some((known, state)) = self.keys.get_key_value(name) {
            if let Some(pending) = &state.pending {
                if now < pending.held_until {
                    return pending.record.clone().map_or(Look::Skip, Look::Record);
                }
                let known = Arc::clone(known);
                self.vanish(&known);
                return Look::Skip;
            }
            if state.owed {
                return Look::Skip;
            }
        }
        if self.clearings.bars(name, now) {
            Look::Skip
        } else {
            Look::Ask
        }
    }

    /// True if a record that was read may be used: not one that a newer change has superseded.
    pub(super) fn accepts(&mut self, name: &str, record: &[u8], stored_at: Timestamp) -> bool {
        if self.cleared_at(name).is_some_and(|at| stored_at <= at) {
            return false;
        }
        let Some(state) = self.keys.get_mut(name) else {
            return true;
        };
        if state.owed || state.lost.is_empty() {
            return !state.owed;
        }
        let mark = fingerprint(record);
        if let Some(newest) = state.open_lost().filter(|lost| !lost.drops) {
            return newest.mark == mark;
        }
        let is_superseded =
            |lost: &Change| !lost.drops && lost.fence < state.newest && lost.mark == mark;
        if !state.lost.iter().any(is_superseded) {
            return true;
        }
        state.owed = true;
        self.due.insert(Arc::from(name));
        false
    }

    /// The time until which records under a name were stored that are not used.
    pub(super) fn cleared_at(&self, name: &str) -> Option<Timestamp> {
        let own = self.keys.get(name).and_then(|state| state.not_before);
        own.max(self.clearings.cleared_at(name))
    }

    /// Keys to drop once more, and the fence to do it with.
    pub(super) fn due(&mut self, now: Timestamp, most: usize) -> Vec<(Arc<str>, u64)> {
        let names: Vec<Arc<str>> = self.due.iter().cloned().collect();
        let mut due = Vec::new();
        for name in names {
            if due.len() >= most {
                break;
            }
            if let Some(fence) = self.fence_if_due(&name, now) {
                due.push((name, fence));
            }
        }
        due
    }

    fn fence_if_due(&mut self, name: &Arc<str>, now: Timestamp) -> Option<u64> {
        let Some(state) = self.keys.get(name) else {
            self.due.remove(name);
            return None;
        };
        if state
            .running
            .as_ref()
            .is_some_and(|running| now < running.until)
        {
            return None;
        }
        if let Some(pending) = &state.pending {
            if now < pending.held_until {
                return None;
            }
            self.vanish(name);
        }
        let state = self.keys.get_mut(name)?;
        if state.owed {
            return Some(state.newest);
        }
        state.forget_ended(now);
        let fence = state.newest;
        let Some(newest) = state.open_lost() else {
            self.tidy(name);
            return None;
        };
        (now >= newest.until + GRACE).then_some(fence)
    }

    /// A clearing happens: all changes under its prefix that came before are superseded.
    pub(super) fn begin_clearing(&mut self, clearing: Clearing) {
        let under = self
            .keys
            .keys()
            .filter(|name| name.starts_with(&*clearing.prefix));
        for name in under.cloned().collect::<Vec<_>>() {
            if let Some(state) = self.keys.get_mut(&name) {
                state.newest = clearing.fence;
                state.pending = None;
                state.owed = false;
                state.again = false;
            }
            self.tidy(&name);
        }
        self.clearings.begin(clearing);
    }

    /// The changes that a clearing has to wait for.
    pub(super) fn running_under(&self, prefix: &str, now: Timestamp) -> Vec<Blocker> {
        let under = self
            .keys
            .iter()
            .filter(|(name, _)| name.starts_with(prefix));
        let running = under.filter_map(|(_, state)| state.running.as_ref());
        let blockers = running.map(|&Change { id, until, .. }| Blocker { id, until });
        blockers.filter(|blocker| now < blocker.until).collect()
    }

    /// The claimant of the newest change is gone, and never began.
    fn vanish(&mut self, name: &Arc<str>) {
        if let Some(state) = self.keys.get_mut(name) {
            state.pending = None;
            state.owed = true;
            self.due.insert(Arc::clone(name));
        }
    }

    fn tidy(&mut self, name: &Arc<str>) {
        let Some(state) = self.keys.get_mut(name) else {
            return;
        };
        state.forget_ended(Timestamp::ZERO);
        if state.owed || state.open_lost().is_some() {
            self.due.insert(Arc::clone(name));
        } else {
            self.due.remove(name);
        }
        if state.is_forgettable() {
            self.keys.remove(name);
        }
    }

    /// Forgets what has ended before a key is added to too many. When still too much is remembered,
    /// the whole tier is not believed instead.
    fn make_room(&mut self, name: &str, now: Timestamp) {
        self.limit = self.limit.max(MOST_REMEMBERED);
        if self.keys.len() < self.limit || self.keys.contains_key(name) {
            return;
        }
        for name in self.keys.keys().cloned().collect::<Vec<_>>() {
            self.forget_what_ended(&name, now);
        }
        let remembered = self.keys.values().filter(|state| state.remembers()).count();
        if remembered >= MOST_REMEMBERED {
            self.overflow(now);
        }
        self.limit = MOST_REMEMBERED.max(2 * self.keys.len());
    }

    fn forget_what_ended(&mut self, name: &Arc<str>, now: Timestamp) {
        let Self { keys, due, .. } = self;
        let Some(state) = keys.get_mut(name) else {
            return;
        };
        if state
            .running
            .as_ref()
            .is_some_and(|running| now >= running.until)
        {
            state.lose(due, now);
        }
        let has_vanished = |pending: &Change| now >= pending.held_until;
        let vanishes = state.pending.as_ref().is_some_and(has_vanished);
        state.forget_ended(now);
        if vanishes {
            self.vanish(name);
        }
        self.tidy(name);
    }

    fn overflow(&mut self, now: Timestamp) {
        self.overflows += 1;
        for name in self.keys.keys().cloned().collect::<Vec<_>>() {
            if let Some(state) = self.keys.get_mut(&name) {
                state.owed = false;
                state.lost.clear();
                state.not_before = None;
            }
            self.tidy(&name);
        }
        self.clearings.distrust(&Arc::from(""), now);
    }
}

fn is(known: Option<&Change>, change: &Change) -> bool {
    known.is_some_and(|known| known.id == change.id)
}
