//! Policies across the boundary: one array of numbers, in the order of `field`.

use super::machines::with;
use super::span_in;
use crate::policy::{Mode, Options, Policy};
use crate::strategy::early::Early;
use crate::strategy::hits::Hits;
use crate::time::Span;
use alloc::vec::Vec;
use wasm_bindgen::prelude::wasm_bindgen;

/// Where each option is; `js/src/core.ts` writes the same order.
mod field {
    pub(super) const TTL: usize = 0;
    pub(super) const STALE_WHILE_REVALIDATE: usize = 1;
    pub(super) const STALE_IF_ERROR: usize = 2;
    pub(super) const FAILOVER_AFTER: usize = 3;
    pub(super) const TIMEOUT: usize = 4;
    pub(super) const RETRY_AFTER: usize = 5;
    pub(super) const ORIGIN_FIRST: usize = 6;
    pub(super) const SINGLE_FLIGHT: usize = 7;
    /// 0: no early refresh.
    pub(super) const EARLY_BETA: usize = 8;
    /// Infinity: no fixed point.
    pub(super) const EARLY_AFTER: usize = 9;
    /// Infinity: no bound.
    pub(super) const HITS_MAX: usize = 10;
    /// Infinity: no refresh.
    pub(super) const HITS_REFRESH_AT: usize = 11;
    pub(super) const LEN: usize = 12;
}

/// `Infinity` means that the option is not set.
fn optional(millis: f64) -> Option<Span> {
    millis.is_finite().then(|| span_in(millis))
}

fn options(fields: &[f64; field::LEN]) -> Options {
    Options {
        ttl: Some(span_in(fields[field::TTL])),
        stale_while_revalidate: span_in(fields[field::STALE_WHILE_REVALIDATE]),
        stale_if_error: span_in(fields[field::STALE_IF_ERROR]),
        failover_after: optional(fields[field::FAILOVER_AFTER]),
        timeout: optional(fields[field::TIMEOUT]),
        retry_after: span_in(fields[field::RETRY_AFTER]),
        mode: if fields[field::ORIGIN_FIRST] > 0.0 {
            Mode::OriginFirst
        } else {
            Mode::CacheFirst
        },
        single_flight: fields[field::SINGLE_FLIGHT] > 0.0,
        early: early(fields),
        hits: hits(fields),
    }
}

fn early(fields: &[f64; field::LEN]) -> Option<Early> {
    let beta = fields[field::EARLY_BETA];
    if beta > 0.0 {
        return Some(Early::Probabilistic { beta });
    }
    optional(fields[field::EARLY_AFTER]).map(Early::After)
}

fn hits(fields: &[f64; field::LEN]) -> Option<Hits> {
    let count = |count: f64| count.is_finite().then_some(count as u32);
    Some(Hits {
        max: count(fields[field::HITS_MAX])?,
        refresh_at: count(fields[field::HITS_REFRESH_AT]),
    })
}

/// Compiles a policy; gives its number, −1 when it is refused. The TypeScript side has checked
/// the options with better messages before, so a refusal here is a bug of one of the two.
#[wasm_bindgen]
#[must_use]
pub fn add_policy(machine: u32, fields: &[f64]) -> i32 {
    let Ok(fields) = fields.try_into() else {
        return -1;
    };
    let Ok(policy) = Policy::compile(&options(fields)) else {
        return -1;
    };
    with(machine, |calls| calls.machine.add_policy(policy) as i32)
}

/// Forgets a policy, whose number may be given again.
#[wasm_bindgen]
pub fn remove_policy(machine: u32, policy: u32) {
    with(machine, |calls| calls.machine.remove_policy(policy));
}

/// The counters of a policy, in the order of `Counters`.
#[wasm_bindgen]
#[must_use]
pub fn counters(machine: u32, policy: u32) -> Vec<f64> {
    with(machine, |calls| {
        calls.machine.counters(policy).to_array().to_vec()
    })
}
