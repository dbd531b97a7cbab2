//! Is an entry fresh, stale or dead?
//!
//! Exactly at a boundary the later state holds: an entry with `ttl` 10 is stale at age 10.

use crate::time::Span;

/// The lifetime of an entry, counted from the time of storing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// Time for which it is fresh.
    pub ttl: Span,
    /// Time past `ttl` for which it may be served while it is refreshed (RFC 5861 §3).
    pub stale_while_revalidate: Span,
    /// Time past `ttl` for which it may be served when a load fails (RFC 5861 §4).
    pub stale_if_error: Span,
    /// Time past all windows for which an expired entry is kept to be validated (RFC 9111 §4.3). It
    /// answers nobody by itself.
    pub retained: Span,
}

impl Lifetime {
    /// No time at all: it is never stored, and contradicts what was.
    pub const NONE: Self = Self {
        ttl: Span::ZERO,
        stale_while_revalidate: Span::ZERO,
        stale_if_error: Span::ZERO,
        retained: Span::ZERO,
    };

    /// The lifetime that an entry of this `age` has in a memory with a ttl of its own, above other
    /// stores. Past `most` from now it answers only for failures: the stores below may know better.
    #[inline(never)]
    #[must_use]
    pub fn capped(self, age: Span, most: Span) -> Self {
        let own = age + most;
        let end = self.ttl + self.stale_while_revalidate;
        if own >= end {
            return self;
        }
        let ttl = self.ttl.min(own);
        Self {
            ttl,
            stale_while_revalidate: own.minus(self.ttl),
            stale_if_error: self.total().minus(ttl),
            ..self
        }
    }

    /// The age at which the entry is dead.
    #[must_use]
    pub fn total(&self) -> Span {
        self.ttl + self.stale_while_revalidate.max(self.stale_if_error)
    }

    /// True if an entry of this `age` is of use: not expired, or kept to be validated.
    #[must_use]
    #[inline(never)]
    pub fn is_kept(&self, age: Span) -> bool {
        self.ttl.is_forever() || age < self.total() + self.retained
    }

    /// True if an entry of this `age` is fresh, which most calls ask.
    #[inline]
    #[must_use]
    pub fn is_fresh(&self, age: Span) -> bool {
        age < self.ttl || self.ttl.is_forever()
    }

    /// The state of an entry of this `age`.
    // Called from many places, for most of which it is not hot.
    #[inline(never)]
    #[must_use]
    pub fn state(&self, age: Span) -> State {
        if self.is_fresh(age) {
            State::Fresh
        } else if age < self.ttl + self.stale_while_revalidate {
            State::Revalidate
        } else if age < self.ttl + self.stale_if_error {
            State::IfError
        } else {
            State::Dead
        }
    }
}

/// A `ttl` spread uniformly over `[1 − jitter, 1] · ttl`, so that entries stored together do not
/// end together. `jitter` and `roll` are in `[0, 1)`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "the product is positive, and a ttl beyond 2^53 ms keeps its magnitude"
)]
#[must_use]
pub fn jittered(ttl: Span, jitter: f64, roll: f64) -> Span {
    if ttl.is_forever() {
        return ttl;
    }
    Span::from_millis((ttl.as_millis() as f64 * (1.0 - jitter * roll)) as u64)
}

/// The state of an entry at some age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Younger than its `ttl`.
    Fresh,
    /// Stale, within `stale_while_revalidate`.
    Revalidate,
    /// Stale, within `stale_if_error` only.
    IfError,
    /// Past every window.
    Dead,
}

impl State {
    /// True if an entry in this state may answer when a load fails or is slow.
    #[must_use]
    pub const fn is_servable(self) -> bool {
        !matches!(self, Self::Dead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifetime(ttl: u64, revalidate: u64, if_error: u64) -> Lifetime {
        Lifetime {
            ttl: Span::from_millis(ttl),
            stale_while_revalidate: Span::from_millis(revalidate),
            stale_if_error: Span::from_millis(if_error),
            retained: Span::ZERO,
        }
    }

    #[test]
    fn the_later_state_holds_at_each_boundary() {
        let lifetime = lifetime(10, 5, 20);
        let states = [0, 9, 10, 14, 15, 29, 30].map(|age| lifetime.state(Span::from_millis(age)));
        assert_eq!(
            states,
            [
                State::Fresh,
                State::Fresh,
                State::Revalidate,
                State::Revalidate,
                State::IfError,
                State::IfError,
                State::Dead
            ]
        );
    }

    #[test]
    fn zero_ttl_is_never_fresh_and_forever_never_ends() {
        assert_eq!(lifetime(0, 0, 0).state(Span::ZERO), State::Dead);
        assert_eq!(lifetime(0, 1, 0).state(Span::ZERO), State::Revalidate);
        assert_eq!(lifetime(u64::MAX, 0, 0).state(Span::FOREVER), State::Fresh);
    }

    #[test]
    fn what_is_retained_is_dead_and_kept() {
        let retained = Lifetime {
            retained: Span::from_millis(7),
            ..lifetime(10, 5, 0)
        };
        let facts = |age| {
            let age = Span::from_millis(age);
            (retained.state(age), retained.is_kept(age))
        };
        assert_eq!(facts(14), (State::Revalidate, true));
        assert_eq!([15, 21].map(facts), [(State::Dead, true); 2]);
        assert_eq!(facts(22), (State::Dead, false));
        assert!(!lifetime(10, 5, 0).is_kept(Span::from_millis(15)));
        assert!(lifetime(u64::MAX, 0, 0).is_kept(Span::FOREVER));
    }

    #[test]
    fn a_memory_of_its_own_ttl_keeps_the_rest_for_failures() {
        let full = lifetime(10, 5, 20);
        let capped = |age, most| full.capped(Span::from_millis(age), Span::from_millis(most));
        assert_eq!(capped(0, 15), full);
        assert_eq!(capped(0, 14), lifetime(10, 4, 20));
        assert_eq!(capped(2, 4), lifetime(6, 0, 24));
        assert_eq!(capped(12, 0), lifetime(10, 2, 20));
        assert_eq!(full.capped(Span::ZERO, Span::FOREVER), full);
        let endless = lifetime(u64::MAX, 0, 0).capped(Span::ZERO, Span::from_millis(3));
        assert_eq!(endless, lifetime(3, 0, u64::MAX));
    }

    #[test]
    fn jitter_takes_away_up_to_its_share() {
        let ttl = Span::from_millis(1000);
        let spread = [0.0, 0.5, 0.999].map(|roll| jittered(ttl, 0.1, roll).as_millis());
        assert_eq!(spread, [1000, 950, 900]);
        assert_eq!(jittered(Span::FOREVER, 0.5, 0.5), Span::FOREVER);
    }

    #[test]
    fn the_longer_window_counts_for_the_total() {
        assert_eq!(lifetime(10, 5, 20).total(), Span::from_millis(30));
        assert_eq!(lifetime(10, 25, 20).total(), Span::from_millis(35));
    }
}
