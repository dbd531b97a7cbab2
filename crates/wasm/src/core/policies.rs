//! Policies across the boundary: one array of numbers.

use super::machines::with;
use super::{span_if_given, span_in};
use alloc::vec::Vec;
use holdover::abi::{CountNumbers, PolicyNumbers};
use holdover::policy::{Mode, Options, Policy};
use holdover::strategy::early::Early;
use holdover::strategy::hits::Hits;
use holdover::time::Span;
use wasm_bindgen::prelude::wasm_bindgen;

/// `Infinity` means that the option is not set.
fn optional(millis: f64) -> Option<Span> {
    millis.is_finite().then(|| span_in(millis))
}

fn options(numbers: &PolicyNumbers) -> Options {
    Options {
        ttl: Some(span_in(numbers.ttl)),
        stale_while_revalidate: span_in(numbers.stale_while_revalidate),
        stale_if_error: span_in(numbers.stale_if_error),
        jitter: numbers.jitter,
        negative_ttl: span_if_given(numbers.negative_ttl),
        error_ttl: span_in(numbers.error_ttl),
        failover_after: optional(numbers.failover_after),
        timeout: optional(numbers.timeout),
        retry_after: span_in(numbers.retry_after),
        mode: if numbers.origin_first > 0.0 {
            Mode::OriginFirst
        } else {
            Mode::CacheFirst
        },
        single_flight: numbers.single_flight > 0.0,
        early: early(numbers),
        hits: hits(numbers),
    }
}

fn early(numbers: &PolicyNumbers) -> Option<Early> {
    let beta = numbers.early_beta;
    if beta > 0.0 {
        return Some(Early::Probabilistic { beta });
    }
    optional(numbers.early_after).map(Early::After)
}

fn hits(numbers: &PolicyNumbers) -> Option<Hits> {
    let count = |count: f64| count.is_finite().then_some(count as u32);
    Some(Hits {
        max: count(numbers.hits_max)?,
        refresh_at: count(numbers.hits_refresh_at),
    })
}

/// Adds a policy; gives its number, −1 for too few numbers. Its options were checked before, with
/// better messages.
#[wasm_bindgen]
#[must_use]
pub fn add_policy(machine: u32, numbers: &[f64]) -> i32 {
    let Some(numbers) = PolicyNumbers::read(numbers) else {
        return -1;
    };
    let policy = Policy::of_checked(&options(&numbers));
    with(machine, |calls| calls.machine.add_policy(policy) as i32)
}

/// Forgets a policy, whose number may be given again.
#[wasm_bindgen]
pub fn remove_policy(machine: u32, policy: u32) {
    with(machine, |calls| calls.machine.remove_policy(policy));
}

/// Returns the counters of a policy: [`CountNumbers`].
#[wasm_bindgen]
#[must_use]
pub fn counters(machine: u32, policy: u32) -> Vec<f64> {
    let counted = with(machine, |calls| *calls.machine.counters(policy));
    CountNumbers {
        hits: counted.hits as f64,
        stale: counted.stale as f64,
        misses: counted.misses as f64,
        loads: counted.loads as f64,
        refreshes: counted.refreshes as f64,
        failures: counted.failures as f64,
        coalesced: counted.coalesced as f64,
        error_fallbacks: counted.error_fallbacks as f64,
        failovers: counted.failovers as f64,
        takeovers: counted.takeovers as f64,
        fenced: counted.fenced as f64,
        refusals: counted.refusals as f64,
    }
    .write()
}
