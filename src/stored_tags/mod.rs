//! Versions of tags in a store that instances share: which stamps say them, what an instance knows
//! of them, and when one has to be written. Only decisions; a driver reads and writes.
//!
//! Invalidating a tag writes a new [`Version`] of it. Records carry the versions that their tags had
//! before their load began, and are good while those are the tags' versions still (see
//! [`judge`](crate::tags::judge)). A store may lose what it acknowledged, or not take it at all, so
//! an instance has a [`Ledger`] of what it has seen and written.

mod hash;
mod keeping;
mod ledger;
mod stamp;

pub use self::hash::tag_of;
pub use self::keeping::{Keeping, Lives};
pub use self::ledger::{FoundStamp, Ledger, Step};
pub use self::stamp::{Stamp, StampKey};

use crate::tags::Version;

/// The version of a tag whose stamp is not there.
pub const NO_VERSION: Version = 0;
