//! Tags across the boundary: arrays of hashes, whole numbers below 2^53.

use super::machines::with;
use super::{fence_in, time_in};
use crate::tags::{Invalidation, Tag};
use alloc::boxed::Box;
use alloc::vec::Vec;
use wasm_bindgen::prelude::wasm_bindgen;

pub(super) fn tags_in(tags: &[f64]) -> Box<[Tag]> {
    tags.iter().map(|&tag| tag as Tag).collect()
}

/// Invalidates tags. `soft`: their entries become stale instead of dead.
#[wasm_bindgen]
pub fn invalidate_tags(machine: u32, tags: &[f64], soft: bool, now: f64) {
    with(machine, |calls| {
        calls
            .machine
            .invalidate_tags(&tags_in(tags), soft, time_in(now));
    });
}

/// What happened to `tags` since the load of this fence began: 0 nothing, 1 a soft invalidation,
/// 2 a hard one.
#[wasm_bindgen]
#[must_use]
pub fn tags_after(machine: u32, tags: &[f64], fence: f64) -> u32 {
    with(machine, |calls| {
        match calls.machine.tags_after(&tags_in(tags), fence_in(fence)) {
            None => 0,
            Some(Invalidation::Soft(_)) => 1,
            Some(Invalidation::Hard) => 2,
        }
    })
}

/// What happened to `tags` since a load, perhaps of another machine, began: −1 nothing, −2 a hard
/// invalidation, else when a soft one was. Wall-clock times.
#[wasm_bindgen]
#[must_use]
pub fn tags_since(machine: u32, tags: &[f64], began: f64) -> f64 {
    with(machine, |calls| {
        match calls.machine.tags_since(&tags_in(tags), time_in(began)) {
            None => -1.0,
            Some(Invalidation::Hard) => -2.0,
            Some(Invalidation::Soft(at)) => at.as_millis() as f64,
        }
    })
}

/// When a load that is newer than every invalidation of `tags` known here began, for other machines:
/// `began`, or later if the clock could not tell them apart.
#[wasm_bindgen]
#[must_use]
pub fn began_after(machine: u32, tags: &[f64], began: f64) -> f64 {
    with(machine, |calls| {
        let began = calls.machine.began_after(&tags_in(tags), time_in(began));
        began.as_millis() as f64
    })
}

/// Gives the entry of `slot`, which was just stored, its tags. What was invalidated after `fence`,
/// that of its load, concerns it; −1 for a direct write, which is newer than everything.
#[wasm_bindgen]
pub fn tag(machine: u32, slot: i32, tags: &[f64], fence: f64) {
    with(machine, |calls| {
        let fence = (fence >= 0.0).then(|| fence_in(fence));
        calls.machine.tag(slot as u32, tags_in(tags), fence);
    });
}

/// The tags of the entry of `slot`.
#[wasm_bindgen]
#[must_use]
pub fn tags_of(machine: u32, slot: i32) -> Vec<f64> {
    with(machine, |calls| {
        let tags = calls.machine.memory().tags(slot as u32);
        tags.iter().map(|&tag| tag as f64).collect()
    })
}

/// Whether callers must not join the load of this fence any more. `known`: `tags` are those of
/// what it will bring; otherwise nobody knows yet.
#[wasm_bindgen]
#[must_use]
pub fn is_outdated(machine: u32, fence: f64, tags: &[f64], known: bool) -> bool {
    let tags = known.then(|| tags_in(tags));
    with(machine, |calls| {
        calls.machine.is_outdated(tags.as_deref(), fence_in(fence))
    })
}

/// Leads a new load instead of the outdated one that `begin` told to wait for; gives its fence.
#[wasm_bindgen]
#[must_use]
pub fn take_over(machine: u32, slot: i32, policy: u32, now: f64) -> f64 {
    with(machine, |calls| {
        calls.led = calls.machine.take_over(slot as u32, policy, time_in(now));
        calls.led.number() as f64
    })
}
