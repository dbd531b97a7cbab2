//! Entries of lower stores, across the boundary.

use super::machines::with;
use super::{arrival, fence_in, served_code, slot_in, slot_out, span_in, time_in};
use holdover::abi::{found, looked, step};
use holdover::call::{Found, Kept, Looked, Served, Verdict};
use wasm_bindgen::prelude::wasm_bindgen;

/// A lower store held an entry of this `age`; `facts` are some of [`mod@looked`]. Gives one of
/// [`mod@step`], and what [`mod@found`] says.
#[wasm_bindgen]
#[must_use]
#[expect(clippy::too_many_arguments, reason = "numbers cross one by one")]
pub fn found(
    machine: u32,
    slot: i32,
    fence: f64,
    policy: u32,
    facts: u32,
    ttl: f64,
    stale_while_revalidate: f64,
    stale_if_error: f64,
    retained: f64,
    size: f64,
    age: f64,
    roll: f64,
    now: f64,
) -> f64 {
    let looked = Looked {
        arrival: arrival(ttl, stale_while_revalidate, stale_if_error, retained, size),
        age: span_in(age),
        roll,
        is_background: facts & looked::BACKGROUND != 0,
        is_beside: facts & looked::BESIDE != 0,
        is_unheard: facts & looked::UNHEARD != 0,
    };
    with(machine, |calls| {
        let (slot, fence) = (slot_in(slot), fence_in(fence));
        let machine = &mut calls.machine;
        code_of(machine.looked_up(slot, fence, policy, &looked, time_in(now)))
    })
}

fn code_of(verdict: Verdict) -> f64 {
    let step = match verdict.found {
        Found::Serve(served) => served_code(served),
        Found::ServeAndLoad(Served::Hit) => step::HIT_REFRESH,
        Found::ServeAndLoad(_) => step::STALE_REFRESH,
        Found::Load { fallback } => step::LOAD + u32::from(fallback),
    };
    let kept = match verdict.kept {
        Kept::Found => found::KEPT_FOUND,
        Kept::Held => found::KEPT_HELD,
        Kept::Neither => 0,
    };
    let spare = u32::from(verdict.is_spare) * found::SPARE;
    let slot = f64::from(slot_out(verdict.slot)) * f64::from(found::SLOT);
    f64::from(step + kept + spare) + slot
}
