//! The next step of the host: the verdicts of the call machine.

use crate::fence::Fence;
use crate::memory::SlotId;

/// The kinds of answer that an entry gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// A fresh entry.
    Hit,
    /// A stale entry, while a load refreshes it or will soon.
    Stale,
    /// A servable entry, because loads of the key failed and wait for their retry.
    ErrorFallback,
}

/// The next step of a call.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Begin again with a roll: this hit may be due for an early refresh. Nothing happened yet.
    Roll,
    /// Answer from the entry.
    Serve(Served),
    /// Answer from the entry, and lead a load in the background.
    ServeAndRefresh(Served, Fence),
    /// Lead a load and wait for it. With `fallback`, an entry may answer if it fails or is slow.
    Load {
        /// The flight to lead.
        fence: Fence,
        /// True if there is a servable entry.
        fallback: bool,
    },
    /// Wait for the load that another caller leads, then use its result; when its lease ends
    /// first, begin again.
    Wait {
        /// True if there is a servable entry.
        fallback: bool,
    },
}

/// The next step of a flight that looked into the lower stores.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The found entry answers, and the flight is over.
    Serve(Served),
    /// The found entry answers the callers, and the load goes on in the background.
    ServeAndLoad(Served),
    /// Load. With `fallback`, an entry may answer if the load fails or is slow.
    Load {
        /// True if there is a servable entry.
        fallback: bool,
    },
}

/// The value that is in the memory after an entry was found in a lower store.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The one that was found.
    Found,
    /// The one that was there before: it is as new or newer, and what the verdict is about.
    Held,
    /// Neither: the found entry has expired or is too big, or the key was invalidated meanwhile.
    Neither,
}

/// The outcome of storing a value.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landed {
    /// It is in this slot.
    Stored(SlotId),
    /// It is current, but the memory does not keep it: expired on arrival, too big, or a memory for
    /// no entries. Lower stores may.
    NotKept,
    /// Something newer was written, or the key was invalidated, since the load began.
    Outdated,
}
