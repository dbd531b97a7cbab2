//! Requests, and what answers them.

use super::{optional, sum};
use crate::{span_if_given, span_in, time_in};
use alloc::vec::Vec;
use holdover::abi::{self, RequestNumbers, StoredNumbers, request, response};
use holdover::http::directive::{Directives, Flag, Seconds};
use holdover::http::handling::{self, Mode, Origin, Request, State, Stored};
use holdover::http::head::Head;
use holdover::http::range::{Extent, Parts};
use holdover::http::status::Status;
use holdover::http::{precondition, range};
use holdover::strategy::ttl::{self, Lifetime};
use holdover::time::Span;
use wasm_bindgen::prelude::wasm_bindgen;

/// Reads a request: [`RequestNumbers`]. Its mode is one of [`abi::mode`].
#[wasm_bindgen]
#[must_use]
pub fn http_request(method: &str, request_head: &str, mode: u32, shared: bool) -> Vec<f64> {
    use request as flag;
    let mode = Mode::ALL.get(mode as usize).copied().unwrap_or_default();
    let request = Request::read(method, mode, Head::new(request_head), shared);
    let directives = &request.directives;
    let flags = sum(&[
        (request.is_get, flag::GET),
        (request.is_head, flag::HEAD),
        (request.takes_whole(), flag::WHOLE),
        (request.is_conditional, flag::CONDITIONAL),
        (request.wants_range, flag::RANGE),
        (directives.has(Flag::NoCache), flag::NO_CACHE),
        (directives.has(Flag::OnlyIfCached), flag::ONLY_IF_CACHED),
        (request.is_authorized, flag::AUTHORIZATION),
        (request.is_personal, flag::PERSONAL),
    ]);
    let number = |name| optional(directives.seconds(name));
    RequestNumbers {
        handling: f64::from(request.handling() as u8),
        flags: f64::from(flags),
        mode: f64::from(mode as u8),
        max_age: number(Seconds::MaxAge),
        min_fresh: number(Seconds::MinFresh),
        max_stale: number(Seconds::MaxStale),
        stale_if_error: number(Seconds::StaleIfError),
    }
    .write()
}

/// Reads the numbers of [`http_request`].
#[inline(never)]
pub(super) fn request_in(numbers: &[f64]) -> Request {
    use request as flag;
    let Some(numbers) = RequestNumbers::read(numbers) else {
        return Request::default();
    };
    let has = |flag: u32| numbers.flags as u32 & flag != 0;
    let mut directives = Directives::default()
        .with_seconds(Seconds::MaxAge, span_if_given(numbers.max_age))
        .with_seconds(Seconds::MinFresh, span_if_given(numbers.min_fresh))
        .with_seconds(Seconds::MaxStale, span_if_given(numbers.max_stale))
        .with_seconds(Seconds::StaleIfError, span_if_given(numbers.stale_if_error));
    for (flag, directive) in [
        (flag::NO_CACHE, Flag::NoCache),
        (flag::ONLY_IF_CACHED, Flag::OnlyIfCached),
    ] {
        if has(flag) {
            directives = directives.with(directive);
        }
    }
    let mode = Mode::ALL.get(numbers.mode as usize);
    Request {
        is_get: has(flag::GET),
        is_head: has(flag::HEAD),
        is_post: false,
        mode: mode.copied().unwrap_or_default(),
        directives,
        is_conditional: has(flag::CONDITIONAL),
        has_precondition: false,
        wants_range: has(flag::RANGE),
        is_authorized: has(flag::AUTHORIZATION),
        is_personal: has(flag::PERSONAL),
    }
}

/// Reads [`StoredNumbers`]; `None` for numbers that are none.
#[inline(never)]
fn stored_in(numbers: &[f64]) -> Option<Stored> {
    use response as flag;
    let numbers = StoredNumbers::read(numbers)?;
    let has = |flag: u32| numbers.flags as u32 & flag != 0;
    Some(Stored {
        state: match numbers.state as u32 {
            abi::state::FRESH => State::Fresh,
            abi::state::REVALIDATE => State::Revalidate,
            abi::state::IF_ERROR => State::IfError,
            _ => State::Retained,
        },
        ttl: span_in(numbers.ttl),
        age: span_in(numbers.age),
        initial_age: span_in(numbers.initial_age),
        overdue: span_in(numbers.overdue),
        validate: has(flag::VALIDATE),
        never_stale: has(flag::NEVER_STALE),
        immutable: has(flag::IMMUTABLE),
        authorized: numbers.authorized > 0.0,
        redirects_others: numbers.redirects_others > 0.0,
        failed: numbers.failed > 0.0,
    })
}

/// RFC 9111 §4: decides how a request is answered: one of [`abi::way`]. `stored` is empty where
/// nothing is stored.
#[wasm_bindgen]
#[must_use]
pub fn http_way(request: &[f64], stored: &[f64], fills: bool, keeps_parts: bool) -> u32 {
    let origin = Origin { fills, keeps_parts };
    request_in(request).way(stored_in(stored).as_ref(), origin) as u32
}

/// True if a stored response answers a request otherwise than in a call: a part, or the whole
/// `instead` of an origin that has failed.
#[wasm_bindgen]
#[must_use]
pub fn http_takes(request: &[f64], stored: &[f64], instead: bool) -> bool {
    let request = request_in(request);
    stored_in(stored).is_some_and(|stored| {
        if instead {
            request.takes_instead(&stored)
        } else {
            request.takes_stored_part(&stored)
        }
    })
}

/// True if a response may not answer a request with these flags, however fresh it is.
#[wasm_bindgen]
#[must_use]
pub fn http_is_barred(request_flags: u32, authorized: bool, redirects_others: bool) -> bool {
    let is_authorized = request_flags & request::AUTHORIZATION != 0;
    handling::is_barred(is_authorized, authorized, redirects_others)
}

/// Returns the state of an entry with this lifetime that a store has: one of [`abi::state`].
#[wasm_bindgen]
#[must_use]
pub fn http_state(age: f64, ttl: f64, stale_while_revalidate: f64, stale_if_error: f64) -> u32 {
    let lifetime = Lifetime {
        ttl: span_in(ttl),
        stale_while_revalidate: span_in(stale_while_revalidate),
        stale_if_error: span_in(stale_if_error),
        retained: Span::ZERO,
    };
    match lifetime.state(span_in(age)) {
        ttl::State::Fresh => abi::state::FRESH,
        ttl::State::Revalidate => abi::state::REVALIDATE,
        ttl::State::IfError => abi::state::IF_ERROR,
        ttl::State::Dead => abi::state::RETAINED,
    }
}

/// Decides what of a stored response answers a request (RFC 9110 §13.2, §14.2): one of
/// [`abi::part`]; of ranges also the length of the whole (−1 unknown), where the stored body
/// begins, and first and last positions in turn. `decoded` if the bytes are not those that the
/// origin counts.
#[wasm_bindgen]
#[must_use]
pub fn http_answer(
    request_flags: u32,
    request_head: &str,
    status: u16,
    stored_head: &str,
    requested_at: f64,
    length: f64,
    decoded: bool,
) -> Vec<f64> {
    let has = |flag| request_flags & flag != 0;
    let (head, stored) = (Head::new(request_head), Head::new(stored_head));
    let status = Status(status);
    let now = time_in(requested_at);
    if has(request::CONDITIONAL) && precondition::is_not_modified(head, status, stored, now) {
        return Vec::from([f64::from(abi::part::NOT_MODIFIED)]);
    }
    if has(request::HEAD) {
        return Vec::from([f64::from(abi::part::HEAD)]);
    }
    let whole = Vec::from([f64::from(abi::part::WHOLE)]);
    if !has(request::RANGE) || decoded {
        return whole;
    }
    let Some(extent) = Extent::of(status, stored, length as u64) else {
        return whole;
    };
    let total = extent.total.map_or(-1.0, |total| total as f64);
    let offset = extent.first as f64;
    let start = |kind: u32| Vec::from([f64::from(kind), total, offset]);
    match range::select(head, stored, &extent) {
        Parts::Whole => whole,
        Parts::Unsatisfiable => start(abi::part::UNSATISFIABLE),
        Parts::Ranges(ranges) => {
            let mut numbers = start(abi::part::RANGES);
            for range in ranges {
                numbers.extend([range.first as f64, range.last as f64]);
            }
            numbers
        }
    }
}
