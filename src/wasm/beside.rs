//! Loads beside the one that leads their key.

use super::machines::with;
use super::{arrival, fence_in, found_code, slot_in, slot_out, span_in, time_in};
use crate::abi::{beside, found};
use wasm_bindgen::prelude::wasm_bindgen;

/// Begins a load of its own for a caller that was told to wait; gives its fence, 0 where the entry
/// of `slot` answers instead. No `slot` for a caller that no entry may answer.
#[wasm_bindgen]
#[must_use]
pub fn load_beside(machine: u32, slot: i32, policy: u32, now: f64) -> f64 {
    with(machine, |calls| {
        let begun = calls
            .machine
            .load_beside(slot_in(slot), policy, time_in(now));
        begun.map_or(f64::from(beside::ANSWERED), |fence| fence.number() as f64)
    })
}

/// A load that does not lead its key failed.
#[wasm_bindgen]
pub fn failed_beside(machine: u32, slot: i32, fence: f64, policy: u32, now: f64) {
    with(machine, |calls| {
        calls
            .machine
            .failed_beside(slot_in(slot), fence_in(fence), policy, time_in(now));
    });
}

/// A lower store held an entry of this `age`, for a load that does not lead its key. As `found`
/// gives it, and the slot above that.
#[wasm_bindgen]
#[must_use]
#[expect(clippy::too_many_arguments, reason = "numbers cross one by one")]
pub fn found_beside(
    machine: u32,
    slot: i32,
    fence: f64,
    policy: u32,
    ttl: f64,
    stale_while_revalidate: f64,
    stale_if_error: f64,
    size: f64,
    age: f64,
    now: f64,
    retained: f64,
    roll: f64,
) -> f64 {
    let arrival = arrival(ttl, stale_while_revalidate, stale_if_error, retained, size);
    with(machine, |calls| {
        let (slot, found, kept) = calls.machine.found_beside(
            slot_in(slot),
            fence_in(fence),
            policy,
            (arrival, span_in(age), roll),
            time_in(now),
        );
        let slot = f64::from(slot_out(slot)) * f64::from(found::SLOT);
        f64::from(found_code(found, kept)) + slot
    })
}
