//! The bindings that become `core.wasm`: calls, guards and tags.
//!
//! A slot that is absent is −1. Byte slices cross only for records, which is a cold path.

pub mod beside;
pub mod bloom;
pub mod failing;
pub mod guards;
pub mod landing;
pub mod looking;
pub mod machines;
pub mod policies;
pub mod reads;
pub mod records;
pub mod tags;

use super::{span_if_given, span_in, span_out, time_in};
use holdover::abi::{begun, dropped, state, step, wait};
use holdover::call::{Arrival, Served, Step};
use holdover::fence::Fence;
use holdover::memory::SlotId;
use holdover::strategy::ttl::{Lifetime, State};
use machines::{with, with_inline};
use wasm_bindgen::prelude::wasm_bindgen;

fn slot_in(slot: i32) -> Option<SlotId> {
    u32::try_from(slot).ok()
}

fn slot_out(slot: Option<SlotId>) -> i32 {
    slot.map_or(-1, |slot| slot as i32)
}

fn fence_in(fence: f64) -> Fence {
    Fence::from_number(fence as u64)
}

fn arrival(
    ttl: f64,
    stale_while_revalidate: f64,
    stale_if_error: f64,
    retained: f64,
    size: f64,
) -> Arrival {
    Arrival {
        lifetime: Lifetime {
            ttl: span_in(ttl),
            stale_while_revalidate: span_in(stale_while_revalidate),
            stale_if_error: span_in(stale_if_error),
            retained: span_in(retained),
        },
        size: size as u32,
    }
}

fn step_code(step: Step) -> u32 {
    match step {
        Step::Roll => step::ROLL,
        Step::Serve(served) => served_code(served),
        Step::ServeAndRefresh(Served::Hit, _) => step::HIT_REFRESH,
        Step::ServeAndRefresh(..) => step::STALE_REFRESH,
        Step::Load { fallback, .. } => step::LOAD + u32::from(fallback),
        Step::Wait { fallback } => step::WAIT + u32::from(fallback),
    }
}

fn served_code(served: Served) -> u32 {
    match served {
        Served::Hit => step::HIT,
        Served::Stale => step::STALE,
        Served::ErrorFallback => step::ERROR_FALLBACK,
    }
}

/// Begins a call: one of [`mod@step`], and what [`mod@begun`] says.
/// `roll` may be NaN until it is asked for.
/// For a load, `fence` tells the flight's fence.
#[wasm_bindgen]
#[must_use]
pub fn begin(machine: u32, slot: i32, policy: u32, now: f64, roll: f64) -> f64 {
    with_inline(machine, |calls| {
        let now = time_in(now);
        if slot >= 0 && calls.machine.serve_at_once(slot as u32, policy, now) {
            return f64::from(slot) * f64::from(begun::SLOT);
        }
        let (slot, step) = calls.machine.begin(slot_in(slot), policy, now, roll);
        if let Step::ServeAndRefresh(_, fence) | Step::Load { fence, .. } = step {
            calls.led = fence;
        }
        let dropped = u32::from(calls.machine.has_dropped()) * begun::DROPPED;
        let slot = f64::from(slot_out(slot)) * f64::from(begun::SLOT);
        f64::from(step_code(step) + dropped) + slot
    })
}

/// The fence of the flight that the last `begin` or `refresh` started.
#[wasm_bindgen]
#[must_use]
pub fn fence(machine: u32) -> f64 {
    with(machine, |calls| calls.led.number() as f64)
}

/// Starts a flight whether or not one runs; gives the slot.
#[wasm_bindgen]
#[must_use]
pub fn refresh(machine: u32, slot: i32, policy: u32, now: f64) -> i32 {
    with(machine, |calls| {
        let (slot, fence) = calls.machine.refresh(slot_in(slot), policy, time_in(now));
        calls.led = fence;
        slot as i32
    })
}

/// The loader of a flight starts now.
#[wasm_bindgen]
pub fn started(machine: u32, slot: i32, fence: f64, now: f64) {
    with(machine, |calls| {
        if let Some(slot) = slot_in(slot) {
            calls.machine.started(slot, fence_in(fence), time_in(now));
        }
    });
}

/// A load was stopped because nobody wants it any more.
#[wasm_bindgen]
pub fn cancelled(machine: u32, slot: i32, fence: f64) {
    with(machine, |calls| {
        calls.machine.cancelled(slot_in(slot), fence_in(fence));
    });
}

/// Drops the entry of `slot`; loads under way do not store.
#[wasm_bindgen]
pub fn invalidate(machine: u32, slot: i32) {
    with(machine, |calls| calls.machine.invalidate(slot_in(slot)));
}

/// Lets the entry of `slot` answer only for loads that fail; loads under way do not store.
#[wasm_bindgen]
pub fn distrust(machine: u32, slot: i32, now: f64) {
    with(machine, |calls| {
        calls.machine.distrust(slot_in(slot), time_in(now));
    });
}

/// The next slot to forget, and how: see [`mod@dropped`]. −1 when there is none.
#[wasm_bindgen]
#[must_use]
pub fn dropped(machine: u32) -> i32 {
    with(machine, |calls| {
        let dropped = calls.machine.take_dropped();
        dropped.map_or(-1, |dropped| {
            let is_kept = calls.machine.is_taken(dropped.slot);
            dropped.slot as i32 * dropped::SLOT
                + i32::from(is_kept) * dropped::VALUE_ONLY
                + i32::from(dropped.evicted) * dropped::EVICTED
        })
    })
}

/// Reads an entry without a policy, as the synchronous memory does: 1 when it is fresh, which
/// also makes it the most recently used; 0 otherwise.
#[wasm_bindgen]
#[must_use]
pub fn touch(machine: u32, slot: i32, now: f64) -> u32 {
    with_inline(machine, |calls| {
        u32::from(calls.machine.touch(slot as u32, time_in(now)))
    })
}

/// The state of the entry of `slot`: one of [`mod@state`].
#[wasm_bindgen]
#[must_use]
pub fn state(machine: u32, slot: i32, now: f64) -> u32 {
    with(machine, |calls| {
        let (slot, now) = (slot as u32, time_in(now));
        match calls.machine.state(slot, now) {
            None => state::ABSENT,
            Some(State::Fresh) => state::FRESH,
            Some(State::Revalidate) => state::REVALIDATE,
            Some(State::IfError) => state::IF_ERROR,
            Some(State::Dead) if calls.machine.is_kept(slot, now) => state::RETAINED,
            Some(State::Dead) => state::DEAD,
        }
    })
}

/// The age of the entry of `slot`; NaN without one.
#[wasm_bindgen]
#[must_use]
pub fn age(machine: u32, slot: i32, now: f64) -> f64 {
    with(machine, |calls| {
        let age = calls.machine.age(slot as u32, time_in(now));
        age.map_or(f64::NAN, span_out)
    })
}

/// Says how many hits the entry of `slot` has served in all instances.
#[wasm_bindgen]
pub fn count_hits(machine: u32, slot: i32, hits: f64) {
    with(machine, |calls| {
        calls.machine.count_hits(slot as u32, hits as u32);
    });
}

/// The `ttl` that the entry of `slot` was stored with; NaN without one.
#[wasm_bindgen]
#[must_use]
pub fn ttl(machine: u32, slot: i32) -> f64 {
    with(machine, |calls| {
        calls.machine.ttl(slot as u32).map_or(f64::NAN, span_out)
    })
}

/// The time for which a caller that waits in some of [`mod@wait`] does so before an entry may
/// answer; Infinity for as long as the load takes.
#[wasm_bindgen]
#[must_use]
pub fn failover_after(machine: u32, policy: u32, way: u32) -> f64 {
    let fallback = way & wait::FOR_LOADED == 0 && way & (wait::FALLBACK | wait::TIERED) != 0;
    with(machine, |calls| {
        let after = calls.machine.failover_after(policy, fallback);
        after.map_or(f64::INFINITY, span_out)
    })
}

/// The time for which callers still wait for the flight of `slot`.
#[wasm_bindgen]
#[must_use]
pub fn wait_left(machine: u32, slot: i32, now: f64) -> f64 {
    with(machine, |calls| {
        span_out(calls.machine.wait_left(slot as u32, time_in(now)))
    })
}
