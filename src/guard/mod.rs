//! Machines that may refuse a load, one file each, and the order in which they are asked.
//!
//! Asking has two halves, so that nothing is used up by a load that is refused in the end:
//! [`Guards::check`] says whether any guard refuses, [`Guards::take`] then takes the places. The
//! order of asking is fixed: slow calls, circuit breaker, rate limit. Whoever was admitted reports
//! with [`Guards::record`]; who never does frees the place of a probe when its lease ends.

pub mod bloom;
pub mod circuit_breaker;
mod murmur3;
pub mod rate_limit;
pub mod slow_calls;

use crate::time::{Span, Timestamp};
use circuit_breaker::CircuitBreaker;
use rate_limit::RateLimit;
use slow_calls::SlowCalls;

/// Which guard refused, and when it makes sense to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which guard it was.
    pub reason: Reason,
    /// From when on this guard would not refuse for this reason.
    pub retry_at: Timestamp,
}

/// Why a load was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The circuit breaker is open, or half-open with its probes under way.
    CircuitOpen,
    /// The rate limit, of so many per period, is reached.
    RateLimited {
        /// The limit.
        limit: u32,
    },
    /// Loads have become slow.
    SlowCalls,
}

/// How a load went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It brought a value.
    Success,
    /// It failed.
    Failure,
    /// It says nothing of the origin: stopped by its callers, or a failure that does not count.
    Ignored,
}

/// The place of an admitted load. A number, for it crosses to the host and back: the circuit
/// breaker tells its probes and the loads of earlier states by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit(u64);

impl Permit {
    /// The permit with this number, as the host handed it back.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// The guards of one function, key or host.
#[derive(Clone, Debug, Default)]
pub struct Guards {
    /// Refuses when the origin fails.
    pub circuit_breaker: Option<CircuitBreaker>,
    /// Refuses when there are too many loads.
    pub rate_limit: Option<RateLimit>,
    /// Refuses when loads become slow.
    pub slow_calls: Option<SlowCalls>,
}

impl Guards {
    /// Whether a load may start at `now`.
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

    /// True if something is refused now, or would be next: forgetting these guards would let loads
    /// through that they keep away. Changes nothing, unlike [`Guards::check`], which may start a
    /// ban.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        let breaker = self.circuit_breaker.as_ref();
        let limit = self.rate_limit.as_ref();
        let slow_calls = self.slow_calls.as_ref();
        breaker.is_some_and(|breaker| breaker.is_in_force(now))
            || limit.is_some_and(|limit| limit.is_in_force(now))
            || slow_calls.is_some_and(|slow_calls| slow_calls.check(now).is_err())
    }

    /// Takes the places of a load that [`Guards::check`] admitted just before. `lease`: how long
    /// it may take before it counts as one that never returns.
    pub fn take(&mut self, lease: Span, now: Timestamp) -> Permit {
        if let Some(rate_limit) = &mut self.rate_limit {
            rate_limit.take(now);
        }
        let breaker = self.circuit_breaker.as_mut();
        Permit(breaker.map_or(0, |breaker| breaker.take(lease, now)))
    }

    /// Reports how an admitted load went, and how long it took.
    pub fn record(&mut self, permit: Permit, outcome: Outcome, duration: Span, now: Timestamp) {
        if let Some(circuit_breaker) = &mut self.circuit_breaker {
            circuit_breaker.record(permit.0, outcome, now);
        }
        if let (Some(slow_calls), Outcome::Success) = (&mut self.slow_calls, outcome) {
            slow_calls.record(duration, now);
        }
    }
}

/// Compares what a test found, row by row, with the table it shows.
#[cfg(test)]
fn assert_table(rows: &[alloc::string::String], table: &str) {
    let shown: alloc::vec::Vec<&str> = table.trim().lines().collect();
    assert_eq!(rows, shown, "the rows found, and the table");
}
