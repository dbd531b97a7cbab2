//! Loads that end without a result, across the boundary.

use super::machines::{Calls, with};
use super::{arrival, fence_in, slot_in, span_in, span_out, time_in};
use alloc::vec::Vec;
use holdover::abi::{TimesNumbers, failure, instead};
use holdover::call::{self, Failure, Instead};
use wasm_bindgen::prelude::wasm_bindgen;

/// A load failed; `facts` are some of [`mod@failure`]. Gives one of [`mod@instead`].
#[wasm_bindgen]
#[must_use]
pub fn failed(machine: u32, slot: i32, fence: f64, policy: u32, facts: u32, now: f64) -> u32 {
    let has = |bit| facts & bit != 0;
    let failure = Failure {
        may_stand_in: has(failure::MAY_STAND_IN),
        is_beside: has(failure::BESIDE),
        has_spare: has(failure::SPARE),
        is_lasting: has(failure::LASTING),
        is_memorable: has(failure::MEMORABLE),
    };
    with(machine, |calls| {
        let (slot, fence) = (slot_in(slot), fence_in(fence));
        let instead = calls
            .machine
            .failed(slot, fence, policy, failure, time_in(now));
        code_of(instead, calls)
    })
}

/// A guard refused a load, which never started. `has_spare`: an entry of a lower store may answer,
/// says `spare_age`. Gives one of [`mod@instead`].
#[wasm_bindgen]
#[must_use]
pub fn refused(machine: u32, slot: i32, fence: f64, policy: u32, has_spare: bool, now: f64) -> u32 {
    with(machine, |calls| {
        let (slot, fence) = (slot_in(slot), fence_in(fence));
        let instead = calls
            .machine
            .refused(slot, fence, policy, has_spare, time_in(now));
        code_of(instead, calls)
    })
}

fn code_of(instead: Instead, calls: &mut Calls) -> u32 {
    match instead {
        Instead::Nothing => instead::NOTHING,
        Instead::Entry { age, ttl } => {
            calls.instead = (age, ttl);
            instead::ENTRY
        }
        Instead::Spare => instead::SPARE,
        Instead::Result => instead::RESULT,
        Instead::Remembered => instead::REMEMBERED,
    }
}

/// The times of the entry that the last `failed` or `refused` gave: [`TimesNumbers`].
#[wasm_bindgen]
#[must_use]
pub fn instead_times(machine: u32) -> Vec<f64> {
    let (age, ttl) = with(machine, |calls| calls.instead);
    let (age, ttl) = (span_out(age), span_out(ttl));
    TimesNumbers { age, ttl }.write()
}

/// The age of an entry of a lower store that was of this `age` at `since`; NaN once it may answer
/// no more.
#[wasm_bindgen]
#[must_use]
pub fn spare_age(
    ttl: f64,
    stale_while_revalidate: f64,
    stale_if_error: f64,
    age: f64,
    since: f64,
    now: f64,
) -> f64 {
    let lifetime = arrival(ttl, stale_while_revalidate, stale_if_error, 0.0, 0.0).lifetime;
    let age = call::spare_age(&lifetime, span_in(age), time_in(since), time_in(now));
    age.map_or(f64::NAN, span_out)
}

/// The age of the entry that a load of `slot` is to renew; NaN where there is none that may answer.
#[wasm_bindgen]
#[must_use]
pub fn renewed_age(machine: u32, slot: i32, now: f64) -> f64 {
    with(machine, |calls| {
        let slot = slot_in(slot);
        let renewed = slot.and_then(|slot| calls.machine.renewed(slot, time_in(now)));
        renewed.map_or(f64::NAN, |(age, _)| span_out(age))
    })
}

/// True if the entry of `slot` may answer a caller whose load is slow; counts it then.
#[wasm_bindgen]
#[must_use]
pub fn fail_over(machine: u32, slot: i32, policy: u32, now: f64) -> bool {
    with(machine, |calls| {
        let machine = &mut calls.machine;
        let may = slot_in(slot).is_some_and(|slot| machine.fails_over(slot, time_in(now)));
        if may {
            machine.count_failover(policy);
        }
        may
    })
}

/// True if the entry of `slot` may answer a call that was refused, hit or not; counts it then.
#[wasm_bindgen]
#[must_use]
pub fn fallback(machine: u32, slot: i32, policy: u32, now: f64) -> bool {
    with(machine, |calls| {
        let machine = &mut calls.machine;
        let may = slot_in(slot).is_some_and(|slot| machine.fallback(slot, time_in(now)));
        if may {
            machine.count_error_fallback(policy);
        }
        may
    })
}

/// Counts a call that an entry answered because its load failed.
#[wasm_bindgen]
pub fn stood_in(machine: u32, policy: u32) {
    with(machine, |calls| calls.machine.count_error_fallback(policy));
}
