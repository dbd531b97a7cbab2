//! Values that are stored, across the boundary: with a lifetime of their own, or by the policy's.

use super::machines::with;
use super::{arrival, fence_in, slot_in, span_if_given, span_in, span_out, time_in};
use alloc::vec::Vec;
use holdover::abi::{LifetimeNumbers, below, facts, landed};
use holdover::call::{Below, Brought, Landed};
use holdover::strategy::lifetime::{Facts, Kind, lifetime as lifetime_of};
use holdover::strategy::ttl::Lifetime;
use wasm_bindgen::prelude::wasm_bindgen;

fn landed_out(landed: Landed) -> i32 {
    match landed {
        Landed::Stored(slot) => slot as i32,
        Landed::NotKept => landed::NOT_KEPT,
        Landed::Outdated => landed::OUTDATED,
    }
}

#[inline(never)]
fn lifetime_out(lifetime: Lifetime) -> Vec<f64> {
    LifetimeNumbers {
        ttl: span_out(lifetime.ttl),
        stale_while_revalidate: span_out(lifetime.stale_while_revalidate),
        stale_if_error: span_out(lifetime.stale_if_error),
        retained: span_out(lifetime.retained),
    }
    .write()
}

/// Reads the facts of a result without windows of its own.
#[inline(never)]
fn facts_in(bits: u32, ttl: f64) -> Facts {
    let has = |bit| bits & bit != 0;
    let ttl = span_if_given(ttl);
    Facts {
        kind: if has(facts::FAILURE) {
            Kind::Failure
        } else if has(facts::NOTHING) {
            Kind::Nothing
        } else {
            Kind::Value
        },
        call_ttl: ttl.filter(|_| has(facts::CALL_TTL)),
        ttl: ttl.filter(|_| !has(facts::CALL_TTL)),
        windows: None,
        is_stale: has(facts::STALE),
        is_tiered: has(facts::TIERED),
    }
}

/// A load ended with something to keep: `facts` are some of [`facts`], and NaN is a `ttl` that the
/// policy has. Gives the slot that holds it, or one of [`landed`], and what [`below`] says.
#[wasm_bindgen]
#[must_use]
#[expect(clippy::too_many_arguments, reason = "numbers cross one by one")]
pub fn loaded(
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
    roll: f64,
    now: f64,
) -> i32 {
    let mut brought = Brought {
        facts: facts_in(facts, ttl),
        size: size as u32,
        roll,
        may_be_below: facts & facts::MAY_BE_BELOW != 0,
    };
    if facts & facts::WINDOWS != 0 {
        brought.facts.windows = Some(Lifetime {
            ttl: span_in(ttl),
            stale_while_revalidate: span_in(stale_while_revalidate),
            stale_if_error: span_in(stale_if_error),
            retained: span_in(retained),
        });
    }
    with(machine, |calls| {
        let (landed, change) = calls.machine.landed(
            slot_in(slot),
            fence_in(fence),
            policy,
            &brought,
            time_in(now),
        );
        let bits = match change {
            Below::Leave => 0,
            Below::Drop => below::DROP,
            Below::Store(lifetime) => {
                calls.below = lifetime;
                below::STORE
            }
        };
        landed_out(landed) * below::SLOT + bits
    })
}

/// The lifetime of what `loaded` has just said to be stored below: [`LifetimeNumbers`].
#[wasm_bindgen]
#[must_use]
pub fn lifetime_below(machine: u32) -> Vec<f64> {
    lifetime_out(with(machine, |calls| calls.below))
}

/// The lifetime of a value that is written as if it had been loaded: [`LifetimeNumbers`].
#[wasm_bindgen]
#[must_use]
pub fn lifetime(machine: u32, policy: u32, facts: u32, ttl: f64, roll: f64) -> Vec<f64> {
    let facts = facts_in(facts, ttl);
    lifetime_out(with(machine, |calls| {
        lifetime_of(calls.machine.policy(policy), &facts, roll)
    }))
}

/// Stores a value that was not loaded; gives its slot, or one of [`landed`]. `is_tiered`: stores
/// below the memory get it, too.
#[wasm_bindgen]
#[must_use]
#[expect(clippy::too_many_arguments, reason = "numbers cross one by one")]
pub fn put(
    machine: u32,
    slot: i32,
    ttl: f64,
    stale_while_revalidate: f64,
    stale_if_error: f64,
    size: f64,
    now: f64,
    retained: f64,
    is_tiered: bool,
) -> i32 {
    let mut arrival = arrival(ttl, stale_while_revalidate, stale_if_error, retained, size);
    with(machine, |calls| {
        if is_tiered {
            arrival.lifetime = calls.machine.capped(arrival.lifetime);
        }
        landed_out(calls.machine.put(slot_in(slot), arrival, time_in(now)))
    })
}
