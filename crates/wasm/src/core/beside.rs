//! Loads beside the one that leads their key.

use super::machines::with;
use super::{slot_in, time_in};
use holdover::abi::beside;
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
