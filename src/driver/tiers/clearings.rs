//! Clearings of everything that begins with a prefix in one tier: the changes that wait for them,
//! and the records that must not be read. Only decisions: no I/O, no clock.

use super::changes::Blocker;
use crate::time::{Span, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::vec::Vec;

/// A drop of everything that begins with a prefix.
#[derive(Clone, Debug)]
pub(super) struct Clearing {
    pub(super) id: u64,
    pub(super) prefix: Arc<str>,
    pub(super) fence: u64,
    /// The time when nobody waits for it any more.
    pub(super) until: Timestamp,
}

/// The clearings of one tier.
#[derive(Debug, Default)]
pub(super) struct Clearings {
    running: Vec<Clearing>,
    /// Prefixes whose clearing failed, or is late.
    owed: BTreeSet<Arc<str>>,
    /// By prefix: records that were stored until then are not used.
    not_before: BTreeMap<Arc<str>, Timestamp>,
    /// The last of these times, whatever its prefix.
    distrusted: Timestamp,
}

impl Clearings {
    /// True if anything is to be cleared once more.
    pub(super) fn owes(&self) -> bool {
        !self.owed.is_empty()
    }

    /// Prefixes to clear once more.
    pub(super) fn owed(&self) -> Vec<Arc<str>> {
        self.owed.iter().cloned().collect()
    }

    pub(super) fn begin(&mut self, clearing: Clearing) {
        self.running.push(clearing);
    }

    /// A clearing ended; one that failed is owed, and so is one that is late.
    pub(super) fn end(&mut self, id: u64, prefix: &Arc<str>, is_done: bool) {
        self.running.retain(|other| other.id != id);
        if is_done {
            self.owed.retain(|known| !known.starts_with(&**prefix));
            self.not_before
                .retain(|known, _| !known.starts_with(&**prefix));
        } else {
            self.owed.insert(Arc::clone(prefix));
        }
    }

    /// The clearing that a change of this fence has to wait for.
    pub(super) fn before(&self, name: &str, fence: u64, now: Timestamp) -> Option<Blocker> {
        let found = self.running.iter().find(|clearing| {
            clearing.fence < fence && now < clearing.until && name.starts_with(&*clearing.prefix)
        });
        found.map(|&Clearing { id, until, .. }| Blocker { id, until })
    }

    /// True if what the tier has under a name must not be read.
    pub(super) fn bars(&mut self, name: &str, now: Timestamp) -> bool {
        let vanished: Vec<Clearing> = self
            .running
            .extract_if(.., |clearing| now >= clearing.until)
            .collect();
        for clearing in vanished {
            self.end(clearing.id, &clearing.prefix, false);
        }
        let running = self.running.iter().map(|clearing| &clearing.prefix);
        running
            .chain(&self.owed)
            .any(|prefix| name.starts_with(&**prefix))
    }

    /// Has what a tier that cannot be cleared stored until now not be used.
    pub(super) fn distrust(&mut self, prefix: &Arc<str>, now: Timestamp) {
        // What was stored since the last time may be dated a millisecond after that.
        self.distrusted = now.max(self.distrusted + Span::from_millis(1));
        self.not_before.insert(Arc::clone(prefix), self.distrusted);
    }

    /// The time until which records under a name were stored that are not used.
    pub(super) fn cleared_at(&self, name: &str) -> Option<Timestamp> {
        let under = self
            .not_before
            .iter()
            .filter(|(prefix, _)| name.starts_with(&***prefix));
        under.map(|(_, at)| *at).max()
    }
}
