//! The bindings that become `core.wasm` and `http.wasm`: numbers in, numbers out.
//!
//! Two modules, as a cache of functions does not need the rules of HTTP. Free functions, no exported
//! classes: nothing here relies on finalizers, and a module that trapped can be replaced as a whole.
//! Durations and times are milliseconds; no end is `Infinity`. What the numbers mean is in
//! [`holdover::abi`]; the declarations for the other side are made from the functions here:
//! `js/src/core/glue/`.
#![no_std]
#![forbid(unsafe_code)]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "JavaScript has one kind of number; casts saturate, and exact values stay below 2^53"
)]

extern crate alloc;

#[cfg(feature = "core")]
pub mod core;
#[cfg(feature = "http")]
pub mod http;

use holdover::time::{Span, Timestamp};

/// std's allocator is a fifth of the module.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// A trap is all a host can see of a panic, so the messages need not be there.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn trap(_: &::core::panic::PanicInfo<'_>) -> ! {
    ::core::arch::wasm32::unreachable()
}

fn time_in(millis: f64) -> Timestamp {
    Timestamp::from_millis(millis as u64)
}

fn span_in(millis: f64) -> Span {
    // Saturates: Infinity becomes u64::MAX, which is FOREVER; NaN and negatives become 0.
    Span::from_millis(millis as u64)
}

fn span_out(span: Span) -> f64 {
    if span.is_forever() {
        f64::INFINITY
    } else {
        span.as_millis() as f64
    }
}

/// NaN means that it is not stated.
fn span_if_given(millis: f64) -> Option<Span> {
    (!millis.is_nan()).then(|| span_in(millis))
}
