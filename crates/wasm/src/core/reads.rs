//! Direct reads across the boundary.

use super::machines::with;
use super::{arrival, fence_in, slot_in, slot_out, span_in, span_out, time_in};
use wasm_bindgen::prelude::wasm_bindgen;

/// Makes the entry of `slot`, if it has one, the most recently used.
#[wasm_bindgen]
pub fn use_entry(machine: u32, slot: i32) {
    with(machine, |calls| calls.machine.use_entry(slot as u32));
}

/// The stale window of the entry of `slot`, if a load fails or while it is refreshed; 0 without one.
#[wasm_bindgen]
#[must_use]
pub fn stale_window(machine: u32, slot: i32, if_error: bool) -> f64 {
    with(machine, |calls| {
        let windows = calls.machine.windows(slot as u32);
        windows.map_or(0.0, |(refreshed, failed)| {
            span_out(if if_error { failed } else { refreshed })
        })
    })
}

/// The fence of a direct read of the lower stores that begins now.
#[wasm_bindgen]
#[must_use]
pub fn begin_read(machine: u32) -> f64 {
    with(machine, |calls| calls.machine.begin_read().number() as f64)
}

/// A direct read that began with `fence` found an entry of this `age`; gives the slot that has it
/// now, −1 for none.
#[wasm_bindgen]
#[must_use]
#[expect(clippy::too_many_arguments, reason = "numbers cross one by one")]
pub fn backfill(
    machine: u32,
    slot: i32,
    fence: f64,
    ttl: f64,
    stale_while_revalidate: f64,
    stale_if_error: f64,
    size: f64,
    age: f64,
    now: f64,
    retained: f64,
) -> i32 {
    let arrival = arrival(ttl, stale_while_revalidate, stale_if_error, retained, size);
    with(machine, |calls| {
        slot_out(calls.machine.backfill(
            slot_in(slot),
            fence_in(fence),
            (arrival, span_in(age)),
            time_in(now),
        ))
    })
}
