//! An entry's metadata: when it was stored, how long it may be used, what it cost and weighs.

use crate::strategy::ttl::{Lifetime, State};
use crate::time::{Span, Timestamp};

/// Everything the core knows of a stored value; the value itself stays with the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Time of storing, on the monotonic clock.
    pub stored_at: Timestamp,
    /// Lifetime, counted from the time of storing.
    pub lifetime: Lifetime,
    /// Duration of the load that produced it, in milliseconds.
    pub load_cost: u32,
    /// Number of hits it has served.
    pub hits: u32,
    /// Size that counts against `max_bytes`, in bytes.
    pub size: u32,
    /// True for a failure that is remembered: it answers like a value, but stands in for nothing.
    pub is_failure: bool,
}

impl Entry {
    /// The age at `now`.
    #[must_use]
    pub const fn age(&self, now: Timestamp) -> Span {
        now.since(self.stored_at)
    }

    /// True if it is fresh at `now`.
    #[inline]
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.lifetime.is_fresh(self.age(now))
    }

    /// The state at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> State {
        self.lifetime.state(self.age(now))
    }

    /// True if it is of use at `now`: see [`Lifetime::is_kept`].
    #[must_use]
    pub fn is_kept(&self, now: Timestamp) -> bool {
        self.lifetime.is_kept(self.age(now))
    }

    /// Time at which it expires: from then on it is the first to make room, retained or not.
    #[must_use]
    pub fn dead_at(&self) -> Timestamp {
        self.stored_at + self.lifetime.total()
    }

    /// Remaining freshness at `now`; zero when it is stale.
    #[must_use]
    pub fn fresh_for(&self, now: Timestamp) -> Span {
        self.lifetime.ttl.minus(self.age(now))
    }
}
