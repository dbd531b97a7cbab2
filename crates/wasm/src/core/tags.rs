//! Tags across the boundary: arrays of hashes, whole numbers below 2^53.

use super::machines::with;
use super::{fence_in, time_in};
use alloc::boxed::Box;
use alloc::vec::Vec;
use holdover::abi::{self, judged};
use holdover::tags::{Invalidation, Tag, Version, Versions, judge};
use wasm_bindgen::prelude::wasm_bindgen;

pub(super) fn tags_in(tags: &[f64]) -> Box<[Tag]> {
    tags.iter().map(|&tag| tag as Tag).collect()
}

pub(super) fn versions_in(hard: f64, soft: f64) -> Versions {
    Versions {
        hard: hard as Version,
        soft: soft as Version,
    }
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

/// The worst that happened to `tags` since the load of this fence began: one of
/// [`abi::tags_after`].
#[wasm_bindgen]
#[must_use]
pub fn tags_after(machine: u32, tags: &[f64], fence: f64) -> u32 {
    with(machine, |calls| {
        match calls.machine.tags_after(&tags_in(tags), fence_in(fence)) {
            None => abi::tags_after::NOTHING,
            Some(Invalidation::Soft(_)) => abi::tags_after::SOFT,
            Some(Invalidation::Hard) => abi::tags_after::HARD,
        }
    })
}

/// The fence of the last invalidation: see `tags_after`.
#[wasm_bindgen]
#[must_use]
pub fn tags_latest(machine: u32) -> f64 {
    with(machine, |calls| calls.machine.tags_latest().number() as f64)
}

/// The effect of invalidations on a stored entry: one of [`judged`], else it is stale since that
/// wall-clock time. `carried` are its tags' versions, hard and soft in turn; `current` those
/// that the tags have now, each pair followed by the time of the soft one.
#[wasm_bindgen]
#[must_use]
pub fn judge_tags(carried: &[f64], current: &[f64]) -> f64 {
    let carried = carried.chunks_exact(2);
    let carried = carried.map(|pair| versions_in(pair[0], pair[1]));
    let current = current.chunks_exact(3);
    let current = current.map(|now| (versions_in(now[0], now[1]), time_in(now[2])));
    match judge(carried, current) {
        None => f64::from(judged::GOOD),
        Some(Invalidation::Hard) => f64::from(judged::DEAD),
        Some(Invalidation::Soft(at)) => at.as_millis() as f64,
    }
}

/// Gives the entry of `slot`, which was just stored, its tags. Invalidations after `fence`, that of
/// its load, concern it; −1 for a direct write, which is newer than everything.
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

/// True if callers must not join the load of this fence any more. `known`: `tags` are those of
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
