//! Guards: state machines that may refuse a load, one file each, and the order in which they are
//! asked.
//!
//! Asking has two halves, so that a load refused by one guard uses up nothing of another:
//! [`Guards::check`] asks all of them, then [`Guards::take`] takes the places. The order is fixed:
//! slow calls, circuit breaker, rate limit. The outcome of an admitted load goes to
//! [`Guards::record`]; a probe that never reports frees its place when its lease ends. A
//! [`bulkhead`] is asked between the two halves, as loads wait in it.

pub mod bloom;
pub mod bulkhead;
pub mod circuit_breaker;
mod murmur3;
pub mod rate_limit;
pub mod slow_calls;

use crate::time::{Span, Timestamp};
use circuit_breaker::CircuitBreaker;
use rate_limit::RateLimit;
use slow_calls::SlowCalls;

/// A guard's refusal, and the time when asking again makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The guard that refused.
    pub reason: Reason,
    /// The time from which on this guard no longer refuses for this reason.
    pub retry_at: Timestamp,
}

/// The reason of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The circuit breaker is open, or half-open with its probes under way.
    CircuitOpen,
    /// The rate limit is used up.
    RateLimited {
        /// The limit: loads per period.
        limit: u32,
    },
    /// Loads became slow.
    SlowCalls,
}

/// The outcome of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The load succeeded.
    Success,
    /// The load failed.
    Failure,
    /// No evidence about the origin: its callers aborted the load, or its failure does not count.
    Ignored,
}

/// The place of an admitted load, as a number that the host keeps meanwhile. It tells the circuit
/// breaker's probes from loads of earlier states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit(u64);

impl Permit {
    /// Returns the permit with this number.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// Returns its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// The guards of one function, key or host.
#[derive(Clone, Debug, Default)]
pub struct Guards {
    /// Refuses loads from a failing origin.
    pub circuit_breaker: Option<CircuitBreaker>,
    /// Refuses loads above a rate.
    pub rate_limit: Option<RateLimit>,
    /// Refuses loads once they become slow.
    pub slow_calls: Option<SlowCalls>,
}

impl Guards {
    /// Checks if a load may start at `now`.
    ///
    /// # Errors
    /// The first refusal, in the order of the module documentation.
    pub fn check(&mut self, now: Timestamp) -> Result<(), Refusal> {
        if let Some(slow_calls) = &self.slow_calls {
            slow_calls.check(now)?;
        }
        if let Some(circuit_breaker) = &mut self.circuit_breaker {
            circuit_breaker.check(now)?;
        }
        if let Some(rate_limit) = &mut self.rate_limit {
            rate_limit.check(now)?;
        }
        Ok(())
    }

    /// True if a load is refused now, or the next one would be: these guards must not be forgotten.
    /// Changes nothing, unlike [`Guards::check`], which may start a ban.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        let breaker = self.circuit_breaker.as_ref();
        let limit = self.rate_limit.as_ref();
        let slow_calls = self.slow_calls.as_ref();
        breaker.is_some_and(|breaker| breaker.is_in_force(now))
            || limit.is_some_and(|limit| limit.is_in_force(now))
            || slow_calls.is_some_and(|slow_calls| slow_calls.check(now).is_err())
    }

    /// Takes the places of a load that [`Guards::check`] has just admitted. `lease` is the time
    /// after which a load counts as never returning.
    pub fn take(&mut self, lease: Span, now: Timestamp) -> Permit {
        if let Some(rate_limit) = &mut self.rate_limit {
            rate_limit.take(now);
        }
        let breaker = self.circuit_breaker.as_mut();
        Permit(breaker.map_or(0, |breaker| breaker.take(lease, now)))
    }

    /// Records the outcome and duration of an admitted load.
    pub fn record(&mut self, permit: Permit, outcome: Outcome, duration: Span, now: Timestamp) {
        if let Some(circuit_breaker) = &mut self.circuit_breaker {
            circuit_breaker.record(permit.0, outcome, now);
        }
        if let (Some(slow_calls), Outcome::Success) = (&mut self.slow_calls, outcome) {
            slow_calls.record(duration, now);
        }
    }
}

/// Compares a test's results, row by row, with the expected table.
#[cfg(test)]
fn assert_table(rows: &[alloc::string::String], table: &str) {
    let shown: alloc::vec::Vec<&str> = table.trim().lines().collect();
    assert_eq!(rows, shown, "the rows found, and the table");
}
