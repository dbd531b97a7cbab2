//! Pauses between the attempts of one load, which grow with each failure.

use crate::config_error::ConfigError;
use crate::time::Span;

/// Pauses that grow by a factor up to a longest one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// The first pause. Default 100 ms.
    pub initial_delay: Span,
    /// The longest pause. Default 30 s.
    pub max_delay: Span,
    /// The factor from one pause to the next, 1 or more. Default 2.
    pub exponent: f64,
    /// The random part of each pause, which is uniform in `[1 − jitter, 1]` of it. From 0 to 1;
    /// default 0.5, so that callers that failed together do not come back together.
    pub jitter: f64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            initial_delay: Span::from_millis(100),
            max_delay: Span::from_secs(30),
            exponent: 2.0,
            jitter: 0.5,
        }
    }
}

impl Backoff {
    /// Returns pauses of one length.
    #[must_use]
    pub const fn constant(delay: Span) -> Self {
        Self {
            initial_delay: delay,
            max_delay: delay,
            exponent: 1.0,
            jitter: 0.0,
        }
    }

    /// Checks the options.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the option.
    pub fn check(&self) -> Result<(), ConfigError> {
        if !(self.exponent >= 1.0 && self.exponent.is_finite()) {
            return Err(ConfigError::of(
                "backoff.exponent",
                "a finite number, 1 or more",
            ));
        }
        if !(0.0..=1.0).contains(&self.jitter) {
            return Err(ConfigError::of("backoff.jitter", "a number from 0 to 1"));
        }
        Ok(())
    }

    /// Returns the pause after so many `failures` in a row; `roll` is uniform in `[0, 1)`.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "pauses beyond 2^53 ms need no last digits, and none is below 0"
    )]
    pub fn delay(&self, failures: u32, roll: f64) -> Span {
        let most = self.max_delay.as_millis() as f64;
        let mut delay = self.initial_delay.as_millis() as f64;
        // Not a power: machines need not agree on its last bit.
        for _ in 1..failures {
            if delay >= most || self.exponent <= 1.0 {
                break;
            }
            delay *= self.exponent;
        }
        let part = 1.0 - self.jitter * roll;
        Span::from_millis(libm::floor(delay.min(most) * part + 0.5) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_cannot_work() {
        let of = |exponent, jitter| Backoff {
            exponent,
            jitter,
            ..Backoff::default()
        };
        for exponent in [0.9, -1.0, f64::NAN, f64::INFINITY] {
            let refused = of(exponent, 0.0).check().unwrap_err();
            assert_eq!(refused.option(), "backoff.exponent");
        }
        for jitter in [-0.1, 1.1, f64::NAN] {
            assert_eq!(
                of(2.0, jitter).check().unwrap_err().option(),
                "backoff.jitter"
            );
        }
    }

    #[test]
    fn many_failures_take_no_time_to_count() {
        let constant = Backoff::constant(Span::from_millis(50));
        assert_eq!(constant.delay(u32::MAX, 0.9), Span::from_millis(50));
        let doubling = Backoff::default();
        assert_eq!(doubling.delay(u32::MAX, 0.0), Span::from_secs(30));
        let zero = Backoff {
            initial_delay: Span::ZERO,
            ..doubling
        };
        assert_eq!(zero.delay(50, 0.5), Span::ZERO);
    }
}
