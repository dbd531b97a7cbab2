//! Time as arguments: integer milliseconds that saturate, and a clock that never runs back.
//!
//! Nothing in this crate reads a clock. The host passes `now` to every call, and [`MonotonicClock`]
//! turns the host's wall clock, which may step back, into [`Timestamp`]s that never do.

use core::ops::{Add, Sub};

/// A point in time: whole milliseconds since an epoch chosen by the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The epoch.
    pub const ZERO: Self = Self(0);
    /// A point that is never reached.
    pub const NEVER: Self = Self(u64::MAX);

    /// Returns the timestamp `millis` after the epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Returns the milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Returns the time since `earlier`; zero if it lies in the future.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;

    /// Saturates: a timestamp plus [`Span::FOREVER`] is [`Timestamp::NEVER`].
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Timestamp {
    type Output = Self;

    /// Saturates at [`Timestamp::ZERO`].
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl From<core::time::Duration> for Span {
    /// Drops what is below a millisecond.
    fn from(duration: core::time::Duration) -> Self {
        Self(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }
}

/// A length of time in whole milliseconds; [`Span::FOREVER`] stands for no end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Longer than any other span: `Infinity` in JavaScript.
    pub const FOREVER: Self = Self(u64::MAX);

    /// Returns a span of `millis` milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Returns a span of `secs` seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Returns the length in milliseconds; `u64::MAX` for [`Span::FOREVER`].
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// True for [`Span::FOREVER`].
    #[must_use]
    pub const fn is_forever(self) -> bool {
        self.0 == u64::MAX
    }

    /// True for [`Span::ZERO`].
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Returns this span `times` over, saturating at [`Span::FOREVER`].
    #[must_use]
    pub const fn times(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }

    /// Returns the rest after `part`; zero if `part` is longer. Forever minus anything stays
    /// forever.
    #[must_use]
    pub const fn minus(self, part: Self) -> Self {
        if self.is_forever() {
            self
        } else {
            Self(self.0.saturating_sub(part.0))
        }
    }
}

impl Add for Span {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// A clock that never runs back, over a wall clock that may.
///
/// When the wall clock steps back, the time already seen stays and counting goes on from there. So
/// an entry's age never shrinks, and a clock set back by a year does not keep an entry fresh for
/// that year, as `max(0, now − storedAt)` alone would.
#[derive(Clone, Copy, Debug, Default)]
pub struct MonotonicClock {
    last_wall: u64,
    offset: u64,
}

impl MonotonicClock {
    /// Returns the monotonic time at wall-clock time `wall`.
    // Called from many places, of which one is hot.
    #[inline(never)]
    pub fn observe(&mut self, wall: Timestamp) -> Timestamp {
        self.observe_inline(wall)
    }

    /// The same, for callers in a hurry.
    #[inline]
    pub(crate) const fn observe_inline(&mut self, wall: Timestamp) -> Timestamp {
        if wall.0 < self.last_wall {
            self.offset = self.offset.saturating_add(self.last_wall - wall.0);
        }
        self.last_wall = wall.0;
        Timestamp(wall.0.saturating_add(self.offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        assert_eq!(at(5) + Span::FOREVER, Timestamp::NEVER);
        assert_eq!(at(5) - Span::from_millis(9), Timestamp::ZERO);
        assert_eq!(at(5).since(at(9)), Span::ZERO);
        assert_eq!(Span::FOREVER + Span::from_millis(1), Span::FOREVER);
        assert_eq!(Span::from_secs(u64::MAX), Span::FOREVER);
        assert_eq!(Span::FOREVER.minus(Span::from_secs(1)), Span::FOREVER);
        assert_eq!(Span::from_millis(3).minus(Span::from_millis(5)), Span::ZERO);
    }

    #[test]
    fn a_clock_that_steps_back_goes_on_from_where_it_was() {
        let mut clock = MonotonicClock::default();
        assert_eq!(clock.observe(at(1000)), at(1000));
        assert_eq!(clock.observe(at(400)), at(1000));
        assert_eq!(clock.observe(at(500)), at(1100));
        assert_eq!(clock.observe(at(100)), at(1100));
        assert_eq!(clock.observe(at(2000)), at(3000));
    }
}
