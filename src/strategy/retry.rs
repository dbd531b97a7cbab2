//! Backing off from an origin that fails, one key at a time.

use crate::policy::Policy;
use crate::time::{Span, Timestamp};

/// The failures in a row of one key's loads, and when the next load may start.
///
/// The delay doubles with each failure (see [`Policy::retry_delay`]) and a success forgets it.
/// Only keys with a servable entry back off: without one a caller has nothing to lose by asking.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    failures: u32,
    next: Timestamp,
}

impl Retry {
    /// No failure yet.
    pub const NONE: Self = Self {
        failures: 0,
        next: Timestamp::ZERO,
    };

    /// Whether loads wait at `now`. At exactly the promised moment they no longer do.
    #[must_use]
    pub fn is_waiting(&self, now: Timestamp) -> bool {
        self.failures > 0 && now < self.next
    }

    /// How long loads still wait.
    #[must_use]
    pub fn remaining(&self, now: Timestamp) -> Span {
        if self.failures > 0 {
            self.next.since(now)
        } else {
            Span::ZERO
        }
    }

    /// Whether any failure is remembered.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.failures == 0
    }

    /// Counts one more failure in a row.
    #[must_use]
    pub fn after_failure(self, policy: &Policy, now: Timestamp) -> Self {
        let failures = self.failures.saturating_add(1);
        Self {
            failures,
            next: now + policy.retry_delay(failures),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Options;

    #[test]
    fn waits_longer_after_each_failure_and_ends_on_the_tick() {
        let policy = Policy::compile(&Options {
            ttl: Some(Span::FOREVER),
            ..Options::default()
        })
        .unwrap();
        let now = Timestamp::from_millis(100);
        assert!(!Retry::NONE.is_waiting(now));
        let once = Retry::NONE.after_failure(&policy, now);
        assert!(once.is_waiting(Timestamp::from_millis(1099)));
        assert!(!once.is_waiting(Timestamp::from_millis(1100)));
        let twice = once.after_failure(&policy, Timestamp::from_millis(1100));
        assert_eq!(
            twice.remaining(Timestamp::from_millis(1100)).as_millis(),
            2000
        );
    }
}
