//! Backing off from an origin that fails, one key at a time.

use crate::fence::Fence;
use crate::policy::Policy;
use crate::time::{Span, Timestamp};

/// The failures in a row of one key's loads, and when the next load may start.
///
/// The delay doubles with each failure (see [`Policy::retry_delay`]) and a success forgets it.
/// Only keys with a servable entry back off: without one a caller has nothing to lose by asking.
///
/// Several loads of one key may be under way. What they say of the origin counts by when they
/// began: those that began before a failure was known double no delay and end none.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    failures: u32,
    next: Timestamp,
    /// The fence of the load that failed last.
    failed: Fence,
    /// Loads that began after that was known have newer fences.
    known: Fence,
}

impl Retry {
    /// No failure yet.
    pub const NONE: Self = Self {
        failures: 0,
        next: Timestamp::ZERO,
        failed: Fence::ZERO,
        known: Fence::ZERO,
    };

    /// True if loads wait at `now`. At exactly the promised moment they no longer do.
    #[must_use]
    pub fn is_waiting(&self, now: Timestamp) -> bool {
        now < self.next
    }

    /// Time for which loads still wait.
    #[must_use]
    pub fn remaining(&self, now: Timestamp) -> Span {
        self.next.since(now)
    }

    /// True if the last that is known of the origin is a failure.
    #[must_use]
    pub const fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// Counts the failure of a load that began with `fence`: one more in a row, unless the load ran
    /// beside one that is counted. `last` is the newest fence by now.
    #[must_use]
    pub fn after_failure(self, policy: &Policy, fence: Fence, last: Fence, now: Timestamp) -> Self {
        let failures = if fence > self.known {
            self.failures.saturating_add(1)
        } else {
            self.failures.max(1)
        };
        Self {
            failures,
            next: self.next.max(now + policy.retry_delay(failures)),
            failed: fence,
            known: last,
        }
    }

    /// Returns what is left once something with `fence` is stored: the pause, and no failure, if that
    /// began before the last failure was known, else nothing. A failure that is stored itself, to be
    /// remembered, needs no pause.
    #[must_use]
    pub fn after_storing(self, fence: Fence) -> Option<Self> {
        (fence <= self.known && fence != self.failed).then_some(Self {
            failures: 0,
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Options;

    fn policy() -> Policy {
        Policy::compile(&Options {
            ttl: Some(Span::FOREVER),
            ..Options::default()
        })
        .unwrap()
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    const FIRST: Fence = Fence::from_number(1);
    const SECOND: Fence = Fence::from_number(2);
    const THIRD: Fence = Fence::from_number(3);

    #[test]
    fn waits_longer_after_each_failure_and_ends_on_the_tick() {
        assert!(!Retry::NONE.is_waiting(at(100)));
        let once = Retry::NONE.after_failure(&policy(), FIRST, FIRST, at(100));
        assert!(once.is_waiting(at(1099)));
        assert!(!once.is_waiting(at(1100)));
        let twice = once.after_failure(&policy(), SECOND, SECOND, at(1100));
        assert_eq!(twice.remaining(at(1100)).as_millis(), 2000);
    }

    #[test]
    fn failures_at_the_same_time_count_once() {
        let once = Retry::NONE.after_failure(&policy(), FIRST, SECOND, at(100));
        let again = once.after_failure(&policy(), SECOND, THIRD, at(300));
        assert_eq!(again.remaining(at(300)).as_millis(), 1000);
        let next = again.after_failure(&policy(), Fence::from_number(4), THIRD, at(1300));
        assert_eq!(next.remaining(at(1300)).as_millis(), 2000);
    }

    #[test]
    fn an_older_load_that_fails_late_takes_nothing_back() {
        let fence = Fence::from_number;
        let thrice =
            [(2, 0), (3, 1000), (4, 3000)]
                .into_iter()
                .fold(Retry::NONE, |retry, (number, now)| {
                    retry.after_failure(&policy(), fence(number), fence(number), at(now))
                });
        assert_eq!(thrice.remaining(at(3000)).as_millis(), 4000);
        let late = thrice.after_failure(&policy(), FIRST, fence(4), at(3500));
        assert_eq!(
            late.remaining(at(3500)).as_millis(),
            4000,
            "still the third in a row"
        );
        let hurried = Policy::compile(&Options {
            ttl: Some(Span::FOREVER),
            retry_after: Span::from_millis(1),
            ..Options::default()
        })
        .unwrap();
        let other = thrice.after_failure(&hurried, FIRST, fence(4), at(3500));
        assert_eq!(
            other.remaining(at(3500)).as_millis(),
            3500,
            "as it was promised"
        );
    }

    #[test]
    fn a_success_of_what_began_before_the_failure_leaves_the_pause_and_no_failure() {
        let failed = Retry::NONE.after_failure(&policy(), SECOND, SECOND, at(100));
        assert!(failed.is_failing());
        assert!(failed.after_storing(THIRD).is_none());
        assert!(failed.after_storing(SECOND).is_none(), "it is remembered");
        let left = failed.after_storing(FIRST).unwrap();
        assert!(left.is_waiting(at(1099)) && !left.is_failing());
        let next = left.after_failure(&policy(), THIRD, THIRD, at(1100));
        assert_eq!(next.remaining(at(1100)).as_millis(), 1000);
    }
}
