//! The order of writes.

/// A number that orders loads, direct writes and invalidations; the newer is the higher.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fence(u64);

impl Fence {
    /// Older than every fence that is handed out.
    pub const ZERO: Self = Self(0);
    /// Newer than every fence that is handed out.
    pub const LAST: Self = Self(u64::MAX);

    /// The fence with this number, as the host handed it back.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The next fence.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
