//! A circuit breaker: it stops loads from an origin that keeps failing.
//!
//! ```text
//!            rate reached                    open_for over
//!  Closed ────────────────► Open ◄─────────┐ ─────────────► HalfOpen
//!    ▲                                     └── a probe fails ──┘ │
//!    └──────────────────── all probes succeed ───────────────────┘
//! ```
//!
//! *Closed* counts the loads of the last `window` and the failures among them. *Open* refuses until
//! `open_for` has passed since it opened. *Half-open* admits a number of probes and refuses the
//! rest. A probe that never returns frees its place when its lease ends, and a later result of it
//! is ignored. Refused loads do not count, nor do loads that an earlier state admitted.

use super::{Outcome, Reason, Refusal};
use crate::config_error::ConfigError;
use crate::options;
use crate::time::{Span, Timestamp};
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// The settings of a circuit breaker.
#[derive(Clone, Copy, Debug)]
pub struct CircuitBreakerOptions {
    /// The share of failures that opens it: above 0, up to 1.
    pub error_rate: f64,
    /// The time over which loads are counted. 1 ms or more.
    pub window: Span,
    /// The number of loads from which on it may open. 1 or more.
    pub min_calls: u32,
    /// The time for which it stays open. 1 ms or more.
    pub open_for: Span,
    /// The number of probes in half-open state. 1 or more; usually 1.
    pub half_open_calls: u32,
}

/// The state of a circuit breaker, to look at, and to give to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It admits loads.
    Closed,
    /// It refuses loads.
    Open {
        /// The time from which on it is half-open.
        until: Timestamp,
    },
    /// It admits probes.
    HalfOpen,
}

/// The number of parts of a window: a load leaves the window at most one part late.
const PARTS: u64 = 1000;

#[derive(Clone, Copy, Debug)]
struct Part {
    number: u64,
    calls: u32,
    failures: u32,
}

/// A probe under way.
#[derive(Clone, Copy, Debug)]
struct Probe {
    permit: u64,
    lease_end: Timestamp,
}

#[derive(Clone, Debug)]
enum State {
    Closed {
        parts: VecDeque<Part>,
        calls: u32,
        failures: u32,
    },
    Open {
        until: Timestamp,
    },
    HalfOpen {
        probes: Vec<Probe>,
        successes: u32,
    },
}

impl State {
    const fn closed() -> Self {
        Self::Closed {
            parts: VecDeque::new(),
            calls: 0,
            failures: 0,
        }
    }

    const fn half_open() -> Self {
        Self::HalfOpen {
            probes: Vec::new(),
            successes: 0,
        }
    }
}

/// A circuit breaker: see the module documentation.
#[derive(Clone, Debug)]
pub struct CircuitBreaker {
    options: CircuitBreakerOptions,
    state: State,
    /// The next permit to give.
    next_permit: u64,
    /// The first permit of this state: earlier states gave lower ones.
    first_permit: u64,
}

impl CircuitBreaker {
    /// Returns a closed breaker without counts.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the option.
    pub fn compile(given: &CircuitBreakerOptions) -> Result<Self, ConfigError> {
        options::BREAKER_ERROR_RATE.check(given.error_rate)?;
        options::BREAKER_WINDOW.check_span(given.window)?;
        options::BREAKER_MIN_CALLS.check(f64::from(given.min_calls))?;
        options::BREAKER_OPEN_FOR.check_span(given.open_for)?;
        options::BREAKER_HALF_OPEN_CALLS.check(f64::from(given.half_open_calls))?;
        Ok(Self::of_checked(given))
    }

    /// Compiles options that were checked elsewhere by their rules in [`crate::options`], as those
    /// of TypeScript are: with others its answers mean nothing.
    #[must_use]
    pub fn of_checked(given: &CircuitBreakerOptions) -> Self {
        Self {
            options: *given,
            state: State::closed(),
            next_permit: 0,
            first_permit: 0,
        }
    }

    /// Checks if a load may start at `now`.
    ///
    /// # Errors
    /// A [`Refusal`] while it is open, or half-open with all its probes under way.
    pub fn check(&mut self, now: Timestamp) -> Result<(), Refusal> {
        self.advance(now);
        let retry_at = match &self.state {
            State::Closed { .. } => return Ok(()),
            State::Open { until } => *until,
            State::HalfOpen { probes, successes } => {
                // A probe that has been answered keeps its place, so the number of probes is fixed.
                let admitted = probes.len() + *successes as usize;
                if admitted < self.options.half_open_calls as usize {
                    return Ok(());
                }
                let lease_ends = probes.iter().map(|probe| probe.lease_end);
                lease_ends.min().unwrap_or(now)
            }
        };
        Err(Refusal {
            reason: Reason::CircuitOpen,
            retry_at,
        })
    }

    /// True if it is open or half-open at `now`.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        match &self.state {
            State::Closed { .. } => false,
            State::Open { until } => now < *until,
            State::HalfOpen { probes, .. } => probes.iter().any(|probe| now < probe.lease_end),
        }
    }

    /// Returns its state at `now`.
    pub fn status(&mut self, now: Timestamp) -> Status {
        self.advance(now);
        match self.state {
            State::Closed { .. } => Status::Closed,
            State::Open { until } => Status::Open { until },
            State::HalfOpen { .. } => Status::HalfOpen,
        }
    }

    /// Puts it into a state, by hand or as another one had it. Loads that were admitted before
    /// count no more, and a closed one begins to count anew.
    pub fn restore(&mut self, status: Status) {
        self.enter(match status {
            Status::Closed => State::closed(),
            Status::Open { until } => State::Open { until },
            Status::HalfOpen => State::half_open(),
        });
    }

    /// Takes a place for a load that [`CircuitBreaker::check`] admitted; returns its permit.
    pub fn take(&mut self, lease: Span, now: Timestamp) -> u64 {
        let permit = self.next_permit;
        self.next_permit += 1;
        if let State::HalfOpen { probes, .. } = &mut self.state {
            probes.push(Probe {
                permit,
                lease_end: now + lease,
            });
        }
        permit
    }

    /// Records the outcome of a permit's load.
    pub fn record(&mut self, permit: u64, outcome: Outcome, now: Timestamp) {
        self.advance(now);
        if permit < self.first_permit {
            return;
        }
        match &mut self.state {
            State::Closed { .. } => self.record_closed(outcome, now),
            State::Open { .. } => {}
            State::HalfOpen { probes, successes } => {
                let Some(place) = probes.iter().position(|probe| probe.permit == permit) else {
                    return;
                };
                probes.swap_remove(place);
                match outcome {
                    Outcome::Ignored => {}
                    Outcome::Failure => self.open(now),
                    Outcome::Success if *successes + 1 < self.options.half_open_calls => {
                        *successes += 1;
                    }
                    Outcome::Success => self.enter(State::closed()),
                }
            }
        }
    }

    fn record_closed(&mut self, outcome: Outcome, now: Timestamp) {
        let number = self.part_at(now);
        let State::Closed {
            parts,
            calls,
            failures,
        } = &mut self.state
        else {
            return;
        };
        if outcome == Outcome::Ignored {
            return;
        }
        if parts.back().is_none_or(|part| part.number != number) {
            parts.push_back(Part {
                number,
                calls: 0,
                failures: 0,
            });
        }
        let failed = u32::from(outcome == Outcome::Failure);
        if let Some(part) = parts.back_mut() {
            part.calls += 1;
            part.failures += failed;
        }
        *calls += 1;
        *failures += failed;
        // The quotient, not a product: 7 of 100 are exactly 0.07, but 0.07 · 100 is more than 7.
        let reached = f64::from(*failures) / f64::from(*calls) >= self.options.error_rate;
        if *failures > 0 && *calls >= self.options.min_calls && reached {
            self.open(now);
        }
    }

    /// Applies the passing of time: loads leave the window, open turns half-open, leases end.
    fn advance(&mut self, now: Timestamp) {
        let oldest = self.oldest_part(now);
        match &mut self.state {
            State::Closed {
                parts,
                calls,
                failures,
            } => {
                while let Some(part) = parts.front().filter(|part| part.number < oldest).copied() {
                    *calls -= part.calls;
                    *failures -= part.failures;
                    parts.pop_front();
                }
            }
            State::Open { until } if *until <= now => self.enter(State::half_open()),
            State::Open { .. } => {}
            State::HalfOpen { probes, .. } => probes.retain(|probe| probe.lease_end > now),
        }
    }

    fn open(&mut self, now: Timestamp) {
        self.enter(State::Open {
            until: now + self.options.open_for,
        });
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.first_permit = self.next_permit;
    }

    fn part_at(&self, now: Timestamp) -> u64 {
        now.as_millis() / self.part_length()
    }

    /// Returns the oldest part that may still count: one exactly `window` old does not.
    fn oldest_part(&self, now: Timestamp) -> u64 {
        let window = self.options.window.as_millis();
        (now.as_millis() + 1).saturating_sub(window) / self.part_length()
    }

    fn part_length(&self) -> u64 {
        (self.options.window.as_millis() / PARTS).max(1)
    }

    /// Returns the name of its state: `closed`, `open` or `half-open`.
    #[must_use]
    pub const fn state_name(&self) -> &'static str {
        match self.state {
            State::Closed { .. } => "closed",
            State::Open { .. } => "open",
            State::HalfOpen { .. } => "half-open",
        }
    }
}

#[cfg(test)]
#[path = "circuit_breaker_tests.rs"]
mod tests;
