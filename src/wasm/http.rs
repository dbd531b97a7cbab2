//! The rules of HTTP across the boundary.
//!
//! Heads cross as strings, a line per field: all of this is done when a response is stored or
//! validated, or a request asks for something special, never in a plain hit. Spans that a message
//! does not state are NaN.

use super::{span_in, span_out, time_in};
use crate::abi::{self, RequestNumbers, ResponseNumbers, TermsNumbers, request, response};
use crate::http::age::Exchange;
use crate::http::cache_control::Scope;
use crate::http::directive::{Directives, Flag, Seconds};
use crate::http::head::{Head, Heads};
use crate::http::range::{Extent, Parts};
use crate::http::request::{Reuse, StoredAge, directives, is_safe, reuse};
use crate::http::status::Status;
use crate::http::storing::{Answer, Storing, Verdict, judge};
use crate::http::terms::{self, Stated};
use crate::http::text::push;
use crate::http::{
    freshness, groups, invalidation, precondition, range, sharing, stored_head, validators, vary,
};
use crate::time::Span;
use alloc::string::String;
use alloc::vec::Vec;
use wasm_bindgen::prelude::wasm_bindgen;

/// Flags that are set when a field is there.
type FieldFlags = [(&'static str, u32)];

const RESPONSE_FIELDS: &FieldFlags = &[
    ("set-cookie", response::SET_COOKIE),
    ("vary", response::VARIES),
    ("cache-groups", response::GROUPS),
];

const REQUEST_FIELDS: &FieldFlags = &[
    ("if-none-match", request::CONDITIONAL),
    ("if-modified-since", request::CONDITIONAL),
    ("if-match", request::PRECONDITION),
    ("if-unmodified-since", request::PRECONDITION),
    ("authorization", request::AUTHORIZATION),
];

#[inline(never)]
fn flags_of(head: Head<'_>, fields: &FieldFlags) -> u32 {
    let mut flags = 0;
    for (name, flag) in fields {
        if head.has(name) {
            flags |= flag;
        }
    }
    flags
}

fn sum<const N: usize>(flags: [(bool, u32); N]) -> u32 {
    let mut sum = 0;
    for (is_set, flag) in flags {
        sum |= u32::from(is_set) * flag;
    }
    sum
}

fn optional(span: Option<Span>) -> f64 {
    span.map_or(f64::NAN, span_out)
}

fn optional_in(millis: f64) -> Option<Span> {
    (!millis.is_nan()).then(|| span_in(millis))
}

/// RFC 9111 §3, §4.2: whether an answer is to be stored, and the numbers that go with it:
/// [`ResponseNumbers`].
#[wasm_bindgen]
#[must_use]
#[expect(
    clippy::too_many_arguments,
    reason = "an exchange crosses part by part"
)]
pub fn http_response(
    method: &str,
    request_head: &str,
    status: u16,
    response_head: &str,
    shared: bool,
    targets: &str,
    requested_at: f64,
    received_at: f64,
    keeps_set_cookie: bool,
    hides_fields: bool,
) -> Vec<f64> {
    let answer = Answer {
        method,
        request: Head::new(request_head),
        status: Status(status),
        response: Head::new(response_head),
        exchange: Exchange {
            requested_at: time_in(requested_at),
            received_at: time_in(received_at),
        },
    };
    let scope = Scope {
        shared,
        targets,
        keeps_set_cookie,
        hides_fields,
    };
    let verdict = judge(&answer, scope);
    ResponseNumbers {
        storing: f64::from(verdict.storing as u8),
        lifetime: optional(verdict.lifetime),
        heuristic: optional(verdict.heuristic),
        initial_age: span_out(verdict.initial_age),
        stale_while_revalidate: optional(verdict.stale_while_revalidate),
        stale_if_error: optional(verdict.stale_if_error),
        flags: f64::from(response_flags(&answer, &verdict, shared)),
    }
    .write()
}

fn response_flags(answer: &Answer<'_>, verdict: &Verdict, shared: bool) -> u32 {
    use response as flag;
    let directives = &verdict.directives;
    let head = answer.response;
    let received_at = answer.exchange.received_at;
    sum([
        (directives.has(Flag::NoCache), flag::VALIDATE),
        (directives.forbids_stale(shared), flag::NEVER_STALE),
        (directives.has(Flag::Immutable), flag::IMMUTABLE),
        (validators::EntityTag::of(head).is_some(), flag::ETAG),
        (
            freshness::last_modified(head, received_at).is_some(),
            flag::LAST_MODIFIED,
        ),
    ]) | flags_of(head, RESPONSE_FIELDS)
}

/// Returns the lifetime of a response, by the numbers of [`http_response`] and a policy, whose `ttl` is
/// NaN when it has none: [`TermsNumbers`]. Empty for numbers that are none.
#[wasm_bindgen]
#[must_use]
pub fn http_terms(
    numbers: &[f64],
    elapsed: f64,
    failed: bool,
    ttl: f64,
    stale_while_revalidate: f64,
    stale_if_error: f64,
    overrides: bool,
) -> Vec<f64> {
    use response as flag;
    let Some(numbers) = ResponseNumbers::read(numbers) else {
        return Vec::new();
    };
    let has = |flag: u32| numbers.flags as u32 & flag != 0;
    let stated = Stated {
        lifetime: optional_in(numbers.lifetime),
        heuristic: optional_in(numbers.heuristic),
        initial_age: span_in(numbers.initial_age),
        stale_while_revalidate: optional_in(numbers.stale_while_revalidate),
        stale_if_error: optional_in(numbers.stale_if_error),
        validate: has(flag::VALIDATE),
        never_stale: has(flag::NEVER_STALE),
        has_validator: has(flag::ETAG | flag::LAST_MODIFIED),
    };
    let policy = terms::Policy {
        ttl: optional_in(ttl),
        stale_while_revalidate: span_in(stale_while_revalidate),
        stale_if_error: span_in(stale_if_error),
        overrides,
    };
    let elapsed = span_in(elapsed);
    let terms = if failed {
        terms::terms_of_failure(&stated, elapsed)
    } else {
        terms::terms(&stated, &policy, elapsed)
    };
    TermsNumbers {
        initial_age: span_out(terms.initial_age),
        ttl: span_out(terms.ttl),
        overdue: span_out(terms.overdue),
        stale_while_revalidate: span_out(terms.stale_while_revalidate),
        stale_if_error: span_out(terms.stale_if_error),
        retained: span_out(terms.retained),
    }
    .write()
}

/// RFC 5861 §4: true if a request takes an entry whose windows are over when the origin fails.
#[wasm_bindgen]
#[must_use]
pub fn http_taken_on_error(stored_flags: u32, overdue: f64, stale_if_error: f64) -> bool {
    let never_stale = stored_flags & response::NEVER_STALE != 0;
    terms::is_taken_on_error(never_stale, span_in(overdue), optional_in(stale_if_error))
}

/// RFC 9111 §5.2.1: what a request asks: [`RequestNumbers`].
#[wasm_bindgen]
#[must_use]
pub fn http_request(method: &str, request_head: &str) -> Vec<f64> {
    use request as flag;
    let head = Head::new(request_head);
    let asked = directives(head);
    let flags = sum([
        (asked.has(Flag::NoCache), flag::NO_CACHE),
        (asked.has(Flag::NoStore), flag::NO_STORE),
        (asked.has(Flag::OnlyIfCached), flag::ONLY_IF_CACHED),
        (range::is_asked(head), flag::RANGE),
        (!is_safe(method), flag::UNSAFE),
        (matches!(method, "GET" | "HEAD"), flag::CACHEABLE),
        (sharing::is_personal(head), flag::PERSONAL),
    ]) | flags_of(head, REQUEST_FIELDS);
    let number = |name| optional(asked.seconds(name));
    RequestNumbers {
        flags: f64::from(flags),
        max_age: number(Seconds::MaxAge),
        min_fresh: number(Seconds::MinFresh),
        max_stale: number(Seconds::MaxStale),
        stale_if_error: number(Seconds::StaleIfError),
    }
    .write()
}

/// RFC 9111 §4: whether a stored response answers a request: one of [`abi::reuse`].
#[wasm_bindgen]
#[must_use]
pub fn http_reuse(
    stored_flags: u32,
    lifetime: f64,
    age: f64,
    request_flags: u32,
    max_age: f64,
    min_fresh: f64,
    max_stale: f64,
) -> u32 {
    let stored = StoredAge {
        lifetime: span_in(lifetime),
        age: span_in(age),
        validate: stored_flags & response::VALIDATE != 0,
        never_stale: stored_flags & response::NEVER_STALE != 0,
    };
    let mut request = Directives::default()
        .with_seconds(Seconds::MaxAge, optional_in(max_age))
        .with_seconds(Seconds::MinFresh, optional_in(min_fresh))
        .with_seconds(Seconds::MaxStale, optional_in(max_stale));
    if request_flags & request::NO_CACHE != 0 {
        request = request.with(Flag::NoCache);
    }
    match reuse(&stored, &request) {
        Reuse::Fresh => abi::reuse::FRESH,
        Reuse::Stale => abi::reuse::STALE,
        Reuse::Validate => abi::reuse::VALIDATE,
    }
}

/// RFC 9111 §4.1: the names that `Vary` lists, in one form; `*` matches nothing.
#[wasm_bindgen]
#[must_use]
pub fn http_vary(response_head: &str, hides_fields: bool) -> String {
    vary::names(Head::new(response_head), hides_fields)
}

/// The part of a variant's key that a request decides; undefined for `*`.
#[wasm_bindgen]
#[must_use]
pub fn http_vary_key(vary: &str, request_head: &str) -> Option<String> {
    vary::key(vary, Head::new(request_head))
}

/// RFC 9111 §3.1: the head to store.
#[wasm_bindgen]
#[must_use]
pub fn http_stored_head(
    response_head: &str,
    shared: bool,
    targets: &str,
    keeps_set_cookie: bool,
) -> String {
    let scope = Scope {
        shared,
        targets,
        keeps_set_cookie,
        ..Scope::default()
    };
    stored_head::to_store(Head::new(response_head), scope)
}

/// RFC 9111 §4: whether requests that wait for an answer may have it; `storing` is that
/// of `http_response`, `left` how long it stays fresh from now on.
#[wasm_bindgen]
#[must_use]
pub fn http_shareable(storing: f64, flags: u32, left: f64, shared: bool) -> bool {
    let is_allowed = storing as u32 == abi::storing::ALLOWED;
    let arrival = sharing::Arrival {
        storing: if is_allowed {
            Storing::Allowed
        } else {
            Storing::Silent
        },
        left: span_in(left),
        validate: flags & response::VALIDATE != 0,
        sets_cookie: flags & response::SET_COOKIE != 0,
    };
    sharing::is_shareable(&arrival, shared)
}

/// RFC 9111 §3.2: the stored head with the fields of a 304 over it.
#[wasm_bindgen]
#[must_use]
pub fn http_update_head(stored_head: &str, new_head: &str) -> String {
    stored_head::updated(Head::new(stored_head), Head::new(new_head))
}

/// RFC 9111 §4.3.5: the stored head after a 200 to HEAD; undefined when it is of another response.
#[wasm_bindgen]
#[must_use]
pub fn http_head_update(stored_head: &str, new_head: &str) -> Option<String> {
    let is_same = validators::is_same(Head::new(stored_head), Head::new(new_head));
    is_same.then(|| http_update_head(stored_head, new_head))
}

/// RFC 9111 §4.3.1: the fields that ask whether these stored responses are still good.
#[wasm_bindgen]
#[must_use]
pub fn http_validators(heads: &str) -> String {
    validators::conditions(Heads::new(heads))
}

/// RFC 9111 §4.3.4: which of the stored responses a 304 is about; −1 none.
#[wasm_bindgen]
#[must_use]
pub fn http_select_304(heads: &str, new_head: &str) -> i32 {
    let selected = validators::select(Heads::new(heads), Head::new(new_head));
    selected.map_or(-1, |at| at as i32)
}

/// RFC 9110 §13.2: the status that answers a conditional request: 304, or that of the stored
/// response.
#[wasm_bindgen]
#[must_use]
pub fn http_precondition(
    method: &str,
    request_head: &str,
    status: u16,
    stored_head: &str,
    received_at: f64,
) -> u16 {
    let (request, stored) = (Head::new(request_head), Head::new(stored_head));
    let is_read = matches!(method, "GET" | "HEAD");
    let received_at = time_in(received_at);
    if is_read && precondition::is_not_modified(request, Status(status), stored, received_at) {
        Status::NOT_MODIFIED.0
    } else {
        status
    }
}

/// RFC 9110 §15.4.5: the head of a 304 made from a stored one.
#[wasm_bindgen]
#[must_use]
pub fn http_head_of_304(stored_head: &str) -> String {
    stored_head::of_not_modified(Head::new(stored_head))
}

/// RFC 9110 §14.2: nothing when no range applies, the total when none is satisfiable, else the
/// total (−1 unknown), where the stored body begins, and first and last positions in turn.
#[wasm_bindgen]
#[must_use]
pub fn http_range(request_head: &str, status: u16, stored_head: &str, length: f64) -> Vec<f64> {
    let stored = Head::new(stored_head);
    let Some(extent) = Extent::of(Status(status), stored, length as u64) else {
        return Vec::new();
    };
    let total = extent.total.map_or(-1.0, |total| total as f64);
    match range::select(Head::new(request_head), stored, &extent) {
        Parts::Whole => Vec::new(),
        Parts::Unsatisfiable => Vec::from([total]),
        Parts::Ranges(ranges) => {
            let mut numbers = Vec::from([total, extent.first as f64]);
            for range in ranges {
                numbers.extend([range.first as f64, range.last as f64]);
            }
            numbers
        }
    }
}

/// RFC 9111 §4.4: the references, besides the request's own URL, that an answer makes out of date;
/// undefined when it makes nothing so.
#[wasm_bindgen]
#[must_use]
pub fn http_invalidation(method: &str, status: u16, response_head: &str) -> Option<String> {
    if !invalidation::is_change(method, Status(status)) {
        return None;
    }
    let mut lines = String::new();
    for reference in invalidation::references(Head::new(response_head)) {
        push(&mut lines, &[reference, "\n"]);
    }
    Some(lines)
}

/// RFC 9875 §2: the groups of a response.
#[wasm_bindgen]
#[must_use]
pub fn http_groups(response_head: &str) -> String {
    groups::of(Head::new(response_head))
}

/// RFC 9875 §3: the groups that the answer to a request with this method makes out of date.
#[wasm_bindgen]
#[must_use]
pub fn http_group_invalidation(method: &str, response_head: &str) -> String {
    groups::invalidated(method, Head::new(response_head))
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
