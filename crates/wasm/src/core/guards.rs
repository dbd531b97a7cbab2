//! Guards across the boundary.

use super::machines::{Calls, with};
use super::{span_in, span_out, time_in};
use alloc::vec::Vec;
use holdover::abi::{
    BreakerNumbers, LimitNumbers, RefusalNumbers, SlowNumbers, guard_at, refused, result,
};
use holdover::guard::circuit_breaker::{CircuitBreaker, CircuitBreakerOptions, Status};
use holdover::guard::rate_limit::{Algorithm, RateLimit, RateLimitOptions};
use holdover::guard::slow_calls::{SlowCalls, SlowCallsOptions};
use holdover::guard::{Guards, Outcome, Permit, Reason, Refusal};
use holdover::time::Timestamp;
use wasm_bindgen::prelude::wasm_bindgen;

fn guards(numbers: &[f64]) -> Option<Guards> {
    let part = |from: usize, to: usize| {
        let part = numbers.get(from..to)?;
        (*part.first()? > 0.0).then_some(part)
    };
    if numbers.len() != guard_at::END {
        return None;
    }
    let mut guards = Guards::default();
    if let Some(part) = part(guard_at::BREAKER, guard_at::LIMIT) {
        guards.circuit_breaker = Some(circuit_breaker(&BreakerNumbers::read(part)?));
    }
    if let Some(part) = part(guard_at::LIMIT, guard_at::SLOW) {
        guards.rate_limit = Some(rate_limit(&LimitNumbers::read(part)?));
    }
    if let Some(part) = part(guard_at::SLOW, guard_at::END) {
        guards.slow_calls = Some(slow_calls(&SlowNumbers::read(part)?));
    }
    Some(guards)
}

fn circuit_breaker(numbers: &BreakerNumbers) -> CircuitBreaker {
    CircuitBreaker::of_checked(&CircuitBreakerOptions {
        error_rate: numbers.error_rate,
        window: span_in(numbers.window),
        min_calls: numbers.min_calls as u32,
        open_for: span_in(numbers.open_for),
        half_open_calls: numbers.half_open_calls as u32,
    })
}

fn rate_limit(numbers: &LimitNumbers) -> RateLimit {
    RateLimit::of_checked(&RateLimitOptions {
        limit: numbers.limit as u32,
        period: span_in(numbers.period),
        algorithm: if numbers.sliding > 0.0 {
            Algorithm::Sliding
        } else {
            Algorithm::Fixed {
                ban: span_in(numbers.ban),
            }
        },
    })
}

fn slow_calls(numbers: &SlowNumbers) -> SlowCalls {
    SlowCalls::of_checked(&SlowCallsOptions {
        factor: numbers.factor,
        samples: numbers.samples as u32,
        open_for: span_in(numbers.open_for),
    })
}

/// The guards with this number. A number that was never given or was removed is a bug of the
/// driver: it traps, and the driver replaces the instance.
#[inline(never)]
fn at(calls: &mut Calls, number: u32) -> &mut Guards {
    let guards = calls.guards.get_mut(number as usize);
    guards
        .and_then(Option::as_mut)
        .expect("guards that are there")
}

/// Adds guards; gives their number, −1 for too few numbers. Their options were checked before.
#[wasm_bindgen]
#[must_use]
pub fn add_guards(machine: u32, numbers: &[f64]) -> i32 {
    let Some(guards) = guards(numbers) else {
        return -1;
    };
    with(machine, |calls| {
        if let Some(free) = calls.free_guards.pop() {
            calls.guards[free as usize] = Some(guards);
            return free as i32;
        }
        calls.guards.push(Some(guards));
        calls.guards.len() as i32 - 1
    })
}

/// Forgets guards.
#[wasm_bindgen]
pub fn remove_guards(machine: u32, guards: u32) {
    with(machine, |calls| {
        if calls
            .guards
            .get_mut(guards as usize)
            .and_then(Option::take)
            .is_some()
        {
            calls.free_guards.push(guards);
        }
    });
}

/// True if guards refuse something now, or would next: they are not to be forgotten yet.
#[wasm_bindgen]
#[must_use]
pub fn guards_in_force(machine: u32, guards: u32, now: f64) -> bool {
    with(machine, |calls| {
        let now = calls.machine.observe(time_in(now));
        at(calls, guards).is_in_force(now)
    })
}

/// Returns the refusal of a load, or that it may start: one of [`refused`], with [`refusal`] for the rest.
#[wasm_bindgen]
#[must_use]
pub fn check_guards(machine: u32, guards: u32, now: f64) -> u32 {
    with(machine, |calls| {
        let now = calls.machine.observe(time_in(now));
        match at(calls, guards).check(now) {
            Ok(()) => refused::ADMITTED,
            Err(refusal) => {
                calls.refusal = details(&refusal, now);
                match refusal.reason {
                    Reason::CircuitOpen => refused::CIRCUIT_OPEN,
                    Reason::RateLimited { .. } => refused::RATE_LIMITED,
                    Reason::SlowCalls => refused::SLOW_CALLS,
                }
            }
        }
    })
}

fn details(refusal: &Refusal, now: Timestamp) -> RefusalNumbers {
    let limit = match refusal.reason {
        Reason::RateLimited { limit } => f64::from(limit),
        _ => 0.0,
    };
    RefusalNumbers {
        retry_after: span_out(refusal.retry_at.since(now)),
        limit,
    }
}

/// Returns the details of the last refusal: [`RefusalNumbers`].
#[wasm_bindgen]
#[must_use]
pub fn refusal(machine: u32) -> Vec<f64> {
    with(machine, |calls| calls.refusal.write())
}

/// Takes the places of a load that may start; gives its permit.
#[wasm_bindgen]
#[must_use]
pub fn take_guards(machine: u32, guards: u32, policy: u32, now: f64) -> f64 {
    with(machine, |calls| {
        let now = calls.machine.observe(time_in(now));
        let lease = calls.machine.policy(policy).lease();
        at(calls, guards).take(lease, now).number() as f64
    })
}

/// Returns the time for which an open circuit breaker still refuses loads: 0 for one that is
/// half-open, negative for one that is closed.
#[wasm_bindgen]
#[must_use]
pub fn breaker_left(machine: u32, guards: u32, now: f64) -> f64 {
    with(machine, |calls| {
        let now = calls.machine.observe(time_in(now));
        let breaker = at(calls, guards).circuit_breaker.as_mut();
        match breaker.map(|breaker| breaker.status(now)) {
            Some(Status::Open { until }) => span_out(until.since(now)),
            Some(Status::HalfOpen) => 0.0,
            _ => -1.0,
        }
    })
}

/// Opens a circuit breaker for a time, 0 for half-open; closes it for a negative one.
#[wasm_bindgen]
pub fn restore_breaker(machine: u32, guards: u32, left: f64, now: f64) {
    with(machine, |calls| {
        let now = calls.machine.observe(time_in(now));
        if let Some(breaker) = &mut at(calls, guards).circuit_breaker {
            breaker.restore(if left < 0.0 {
                Status::Closed
            } else {
                Status::Open {
                    until: now + span_in(left),
                }
            });
        }
    });
}

/// Reports how a load went: one of [`result`].
#[wasm_bindgen]
pub fn record_guards(machine: u32, guards: u32, permit: f64, result: u32, duration: f64, now: f64) {
    let outcome = match result {
        result::SUCCEEDED => Outcome::Success,
        result::FAILED => Outcome::Failure,
        _ => Outcome::Ignored,
    };
    with(machine, |calls| {
        let now = calls.machine.observe(time_in(now));
        // Removed meanwhile: there is nobody to tell.
        let Some(Some(guards)) = calls.guards.get_mut(guards as usize) else {
            return;
        };
        let permit = Permit::from_number(permit as u64);
        guards.record(permit, outcome, span_in(duration), now);
    });
}
