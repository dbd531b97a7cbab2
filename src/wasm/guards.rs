//! Guards across the boundary.

use super::machines::{Calls, with};
use super::{span_in, span_out, time_in};
use crate::guard::circuit_breaker::{CircuitBreaker, CircuitBreakerOptions};
use crate::guard::rate_limit::{Algorithm, RateLimit, RateLimitOptions};
use crate::guard::slow_calls::{SlowCalls, SlowCallsOptions};
use crate::guard::{Guards, Outcome, Permit, Reason, Refusal};
use crate::time::Timestamp;
use alloc::vec::Vec;
use wasm_bindgen::prelude::wasm_bindgen;

/// Where each option is; `js/src/guard-options.ts` writes the same order. A guard whose first
/// number is 0 is not there.
mod field {
    pub(super) const BREAKER_ERROR_RATE: usize = 0;
    pub(super) const BREAKER_WINDOW: usize = 1;
    pub(super) const BREAKER_MIN_CALLS: usize = 2;
    pub(super) const BREAKER_OPEN_FOR: usize = 3;
    pub(super) const BREAKER_HALF_OPEN_CALLS: usize = 4;
    pub(super) const LIMIT_LIMIT: usize = 5;
    pub(super) const LIMIT_PERIOD: usize = 6;
    pub(super) const LIMIT_SLIDING: usize = 7;
    pub(super) const LIMIT_BAN: usize = 8;
    pub(super) const SLOW_FACTOR: usize = 10;
    pub(super) const SLOW_SAMPLES: usize = 11;
    pub(super) const SLOW_OPEN_FOR: usize = 12;
    pub(super) const LEN: usize = 14;
}

fn guards(fields: &[f64; field::LEN]) -> Option<Guards> {
    let mut guards = Guards::default();
    if fields[field::BREAKER_ERROR_RATE] > 0.0 {
        let breaker = CircuitBreaker::compile(&CircuitBreakerOptions {
            error_rate: fields[field::BREAKER_ERROR_RATE],
            window: span_in(fields[field::BREAKER_WINDOW]),
            min_calls: fields[field::BREAKER_MIN_CALLS] as u32,
            open_for: span_in(fields[field::BREAKER_OPEN_FOR]),
            half_open_calls: fields[field::BREAKER_HALF_OPEN_CALLS] as u32,
        });
        guards.circuit_breaker = Some(breaker.ok()?);
    }
    if fields[field::LIMIT_LIMIT] > 0.0 {
        let limit = RateLimit::compile(&RateLimitOptions {
            limit: fields[field::LIMIT_LIMIT] as u32,
            period: span_in(fields[field::LIMIT_PERIOD]),
            algorithm: if fields[field::LIMIT_SLIDING] > 0.0 {
                Algorithm::Sliding
            } else {
                Algorithm::Fixed {
                    ban: span_in(fields[field::LIMIT_BAN]),
                }
            },
        });
        guards.rate_limit = Some(limit.ok()?);
    }
    if fields[field::SLOW_FACTOR] > 0.0 {
        let slow_calls = SlowCalls::compile(&SlowCallsOptions {
            factor: fields[field::SLOW_FACTOR],
            samples: fields[field::SLOW_SAMPLES] as u32,
            open_for: span_in(fields[field::SLOW_OPEN_FOR]),
        });
        guards.slow_calls = Some(slow_calls.ok()?);
    }
    Some(guards)
}

/// The guards with this number. A number that was never given or was removed is a bug of the
/// driver: it traps, and the driver replaces the instance.
fn at(calls: &mut Calls, number: u32) -> &mut Guards {
    let guards = calls.guards.get_mut(number as usize);
    guards
        .and_then(Option::as_mut)
        .expect("guards that are there")
}

/// Adds guards; gives their number, −1 when they are refused, which is a bug of the other side.
#[wasm_bindgen]
#[must_use]
pub fn add_guards(machine: u32, fields: &[f64]) -> i32 {
    let Some(guards) = fields.try_into().ok().and_then(guards) else {
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

/// Whether a load may start: 0, or why not, with `refusal` for the rest. 1: the circuit breaker
/// is open; 2: the rate limit is reached; 3: loads have become slow.
#[wasm_bindgen]
#[must_use]
pub fn check_guards(machine: u32, guards: u32, now: f64) -> u32 {
    with(machine, |calls| {
        let now = calls.machine.observe(time_in(now));
        match at(calls, guards).check(now) {
            Ok(()) => 0,
            Err(refusal) => {
                calls.refusal = details(&refusal, now);
                match refusal.reason {
                    Reason::CircuitOpen => 1,
                    Reason::RateLimited { .. } => 2,
                    Reason::SlowCalls => 3,
                }
            }
        }
    })
}

fn details(refusal: &Refusal, now: Timestamp) -> [f64; 2] {
    let limit = match refusal.reason {
        Reason::RateLimited { limit } => f64::from(limit),
        _ => 0.0,
    };
    [span_out(refusal.retry_at.since(now)), limit]
}

/// Of the last refusal: in how long to try again, and the limit.
#[wasm_bindgen]
#[must_use]
pub fn refusal(machine: u32) -> Vec<f64> {
    with(machine, |calls| calls.refusal.to_vec())
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

/// Reports how a load went: 0 it brought a value, 1 it failed, 2 it says nothing of the origin.
#[wasm_bindgen]
pub fn record_guards(machine: u32, guards: u32, permit: f64, result: u32, duration: f64, now: f64) {
    let outcome = match result {
        0 => Outcome::Success,
        1 => Outcome::Failure,
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
