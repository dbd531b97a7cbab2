//! What a flight found in a lower store, whether or not it leads its key.

use super::{Arrival, CallMachine, Found, Kept, PolicyId};
use crate::fence::Fence;
use crate::memory::SlotId;
use crate::time::{Span, Timestamp};

/// An entry that a lower store held, as the flight knows it that looked for it.
#[derive(Clone, Copy, Debug)]
pub struct Looked {
    /// The lifetime of the entry and its weight.
    pub arrival: Arrival,
    /// Its age.
    pub age: Span,
    /// Uniform in `[0, 1)`, for early refreshes.
    pub roll: f64,
    /// True if the callers of the flight have a stale entry already.
    pub is_background: bool,
    /// True for a flight beside the one that leads its key.
    pub is_beside: bool,
    /// True if messages of other instances were not heard yet when it began to look: what it found
    /// may have been changed since.
    pub is_unheard: bool,
}

/// The meaning of an entry that a lower store held.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The key's slot now.
    pub slot: Option<SlotId>,
    /// How the flight goes on.
    pub found: Found,
    /// Which value is in the memory.
    pub kept: Kept,
    /// True if what was found may answer for a load that fails, and the memory may not have it then.
    pub is_spare: bool,
}

impl CallMachine {
    /// Reports what a lower store held. One that was found unheard answers this once.
    pub fn looked_up(
        &mut self,
        slot: Option<SlotId>,
        fence: Fence,
        policy: PolicyId,
        looked: &Looked,
        now: Timestamp,
    ) -> Verdict {
        let entry = (looked.arrival, looked.age, looked.roll);
        let (slot, found, kept) = match slot {
            slot if looked.is_beside => self.found_beside(slot, fence, policy, entry, now),
            Some(slot) => {
                let background = looked.is_background;
                let (found, kept) = self.found(slot, fence, policy, entry, background, now);
                (Some(slot), found, kept)
            }
            None => (None, Found::Load { fallback: false }, Kept::Neither),
        };
        let is_fallback = found == Found::Load { fallback: true };
        let verdict = Verdict {
            slot,
            found,
            kept,
            is_spare: is_fallback && (kept != Kept::Held || looked.is_beside),
        };
        if looked.is_unheard && matches!(found, Found::Serve(_)) {
            return self.distrusted(verdict, now);
        }
        verdict
    }

    fn distrusted(&mut self, verdict: Verdict, now: Timestamp) -> Verdict {
        let Some(slot) = verdict.slot else {
            return verdict;
        };
        self.distrust(Some(slot), now);
        if verdict.kept != Kept::Found || self.memory.entry(slot).is_some() {
            return verdict;
        }
        Verdict {
            slot: self.is_taken(slot).then_some(slot),
            kept: Kept::Neither,
            ..verdict
        }
    }
}
