//! A slow-call detector: it refuses loads after one that was much slower than those before.

use super::{Reason, Refusal};
use crate::config_error::ConfigError;
use crate::options;
use crate::time::{Span, Timestamp};
use alloc::collections::VecDeque;

/// The settings of a slow-call detector.
#[derive(Clone, Copy, Debug)]
pub struct SlowCallsOptions {
    /// The multiple of the mean duration that counts as slow. 1 or more; usually 2.
    pub factor: f64,
    /// The number of durations in the mean. 1 or more; usually 10.
    pub samples: u32,
    /// The time for which loads are refused after a slow one. Above 0.
    pub open_for: Span,
}

/// Refuses loads for a while after one took more than `factor` times the mean of the last `samples`
/// successful ones. Sampling then starts anew; slow and failed loads are no samples.
#[derive(Clone, Debug)]
pub struct SlowCalls {
    options: SlowCallsOptions,
    durations: VecDeque<u64>,
    sum: u64,
    open_until: Timestamp,
}

impl SlowCalls {
    /// Returns a detector without samples.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the option.
    pub fn compile(given: &SlowCallsOptions) -> Result<Self, ConfigError> {
        options::SLOW_FACTOR.check(given.factor)?;
        options::SLOW_SAMPLES.check(f64::from(given.samples))?;
        options::SLOW_OPEN_FOR.check_span(given.open_for)?;
        Ok(Self::of_checked(given))
    }

    /// Compiles options that were checked elsewhere by their rules in [`crate::options`], as those
    /// of TypeScript are: with others its answers mean nothing.
    #[must_use]
    pub fn of_checked(given: &SlowCallsOptions) -> Self {
        Self {
            options: *given,
            durations: VecDeque::new(),
            sum: 0,
            open_until: Timestamp::ZERO,
        }
    }

    /// Checks if a load may start at `now`.
    ///
    /// # Errors
    /// A [`Refusal`] until `open_for` has passed since the slow load.
    pub fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        if now < self.open_until {
            return Err(Refusal {
                reason: Reason::SlowCalls,
                retry_at: self.open_until,
            });
        }
        Ok(())
    }

    /// Records the duration of a successful load.
    pub fn record(&mut self, duration: Span, now: Timestamp) {
        if now < self.open_until {
            // It began before the slow load ended, and says nothing about the time since.
            return;
        }
        let is_full = self.durations.len() >= self.options.samples as usize;
        if is_full && self.is_slow(duration) {
            self.durations.clear();
            self.sum = 0;
            self.open_until = now + self.options.open_for;
            return;
        }
        if is_full {
            self.sum -= self.durations.pop_front().unwrap_or(0);
        }
        self.durations.push_back(duration.as_millis());
        self.sum = self.sum.saturating_add(duration.as_millis());
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "durations beyond 2^53 ms are slow whatever their last digits"
    )]
    fn is_slow(&self, duration: Span) -> bool {
        // Without division: duration > factor · mean. Clocks count whole milliseconds, and that of
        // a Worker stands still between I/O, so a mean below one is meaningless and counts as one.
        let count = self.durations.len() as f64;
        let sum = (self.sum as f64).max(count);
        duration.as_millis() as f64 * count > self.options.factor * sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn filled(duration: u64) -> SlowCalls {
        let mut slow_calls = SlowCalls::compile(&SlowCallsOptions {
            factor: 2.0,
            samples: 3,
            open_for: Span::from_millis(100),
        })
        .unwrap();
        for _ in 0..3 {
            slow_calls.record(Span::from_millis(duration), at(0));
        }
        slow_calls
    }

    #[test]
    fn more_than_factor_times_the_mean_opens_until_its_tick() {
        let mut slow_calls = filled(10);
        slow_calls.record(Span::from_millis(20), at(0));
        assert!(slow_calls.check(at(0)).is_ok(), "exactly twice is not slow");
        let mut slow_calls = filled(10);
        slow_calls.record(Span::from_millis(21), at(5));
        assert_eq!(slow_calls.check(at(104)).unwrap_err().retry_at, at(105));
        assert!(slow_calls.check(at(105)).is_ok());
    }

    #[test]
    fn samples_restart_and_the_slow_one_is_none_of_them() {
        let mut slow_calls = filled(10);
        slow_calls.record(Span::from_millis(100), at(0));
        for _ in 0..3 {
            slow_calls.record(Span::from_millis(1000), at(100));
            assert!(slow_calls.check(at(100)).is_ok(), "no mean yet");
        }
        slow_calls.record(Span::from_millis(2001), at(100));
        assert!(slow_calls.check(at(100)).is_err());
    }

    #[test]
    fn the_mean_is_of_the_last_samples() {
        let mut slow_calls = filled(10);
        for duration in [20, 26, 37] {
            slow_calls.record(Span::from_millis(duration), at(0));
            assert!(
                slow_calls.check(at(0)).is_ok(),
                "{duration} follows the mean"
            );
        }
    }

    #[test]
    fn a_mean_below_a_millisecond_counts_as_one() {
        let mut slow_calls = filled(0);
        slow_calls.record(Span::from_millis(2), at(0));
        assert!(slow_calls.check(at(0)).is_ok());
        slow_calls.record(Span::from_millis(3), at(0));
        assert!(slow_calls.check(at(0)).is_err());
    }
}
