//! The rules of HTTP across the boundary.
//!
//! Heads cross as strings, a line per field: all of this is done when a response is stored or
//! validated, or a request asks for something special, never in a plain hit. Spans that a message
//! does not state are NaN.

use super::{span_in, span_out, time_in};
use crate::http::age::Exchange;
use crate::http::cache_control::Scope;
use crate::http::head::{Head, Heads};
use crate::http::range::{Extent, Parts};
use crate::http::request::{RequestDirectives, Reuse, StoredAge, is_safe};
use crate::http::status::Status;
use crate::http::storing::{Answer, Storing, Verdict, judge};
use crate::http::{
    freshness, groups, invalidation, precondition, preference, range, stored_head, validators, vary,
};
use crate::time::Span;
use alloc::string::String;
use alloc::vec::Vec;
use wasm_bindgen::prelude::wasm_bindgen;

/// What `http_response` says of a response, summed up.
mod response_flag {
    pub(super) const VALIDATE: u32 = 1;
    pub(super) const NEVER_STALE: u32 = 2;
    pub(super) const IMMUTABLE: u32 = 4;
    pub(super) const ETAG: u32 = 8;
    pub(super) const LAST_MODIFIED: u32 = 16;
    pub(super) const SET_COOKIE: u32 = 32;
    pub(super) const VARIES: u32 = 64;
    pub(super) const PUBLIC: u32 = 128;
    pub(super) const TARGETED: u32 = 256;
    pub(super) const GROUPS: u32 = 512;
}

/// What `http_request` says of a request, summed up.
mod request_flag {
    pub(super) const NO_CACHE: u32 = 1;
    pub(super) const NO_STORE: u32 = 2;
    pub(super) const ONLY_IF_CACHED: u32 = 4;
    pub(super) const CONDITIONAL: u32 = 8;
    pub(super) const PRECONDITION: u32 = 16;
    pub(super) const RANGE: u32 = 32;
    pub(super) const IF_RANGE: u32 = 64;
    pub(super) const AUTHORIZATION: u32 = 128;
    pub(super) const COOKIE: u32 = 256;
    pub(super) const UNSAFE: u32 = 512;
    pub(super) const CACHEABLE: u32 = 1024;
}

fn sum<const N: usize>(flags: [(bool, u32); N]) -> u32 {
    let set = flags.into_iter().filter(|(is_set, _)| *is_set);
    set.map(|(_, flag)| flag).sum()
}

fn optional(span: Option<Span>) -> f64 {
    span.map_or(f64::NAN, span_out)
}

fn optional_in(millis: f64) -> Option<Span> {
    (!millis.is_nan()).then(|| span_in(millis))
}

fn storing_out(storing: Storing) -> f64 {
    f64::from(storing as u8)
}

/// RFC 9111 §3, §4.2: whether an answer is to be stored, and the numbers that go with it: storing,
/// lifetime, heuristic lifetime, initial age, the two windows, flags.
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
    let verdict = judge(&answer, Scope { shared, targets });
    Vec::from([
        storing_out(verdict.storing),
        optional(verdict.lifetime),
        optional(verdict.heuristic),
        span_out(verdict.initial_age),
        optional(verdict.stale_while_revalidate),
        optional(verdict.stale_if_error),
        f64::from(response_flags(&answer, &verdict, shared)),
    ])
}

fn response_flags(answer: &Answer<'_>, verdict: &Verdict, shared: bool) -> u32 {
    use response_flag as flag;
    let directives = &verdict.directives;
    let head = answer.response;
    let received_at = answer.exchange.received_at;
    sum([
        (directives.no_cache, flag::VALIDATE),
        (directives.forbids_stale(shared), flag::NEVER_STALE),
        (directives.immutable, flag::IMMUTABLE),
        (validators::EntityTag::of(head).is_some(), flag::ETAG),
        (
            freshness::last_modified(head, received_at).is_some(),
            flag::LAST_MODIFIED,
        ),
        (head.has("set-cookie"), flag::SET_COOKIE),
        (head.has("vary"), flag::VARIES),
        (directives.public, flag::PUBLIC),
        (directives.targeted, flag::TARGETED),
        (head.has("cache-groups"), flag::GROUPS),
    ])
}

/// RFC 9111 §5.2.1: what a request asks: flags, greatest age, least freshness, most staleness,
/// staleness on errors.
#[wasm_bindgen]
#[must_use]
pub fn http_request(method: &str, request_head: &str) -> Vec<f64> {
    use request_flag as flag;
    let head = Head::new(request_head);
    let directives = RequestDirectives::of(head);
    let flags = sum([
        (directives.no_cache, flag::NO_CACHE),
        (directives.no_store, flag::NO_STORE),
        (directives.only_if_cached, flag::ONLY_IF_CACHED),
        (head.has_any(&precondition::EVALUATED), flag::CONDITIONAL),
        (head.has_any(&precondition::FORWARDED), flag::PRECONDITION),
        (range::is_asked(head), flag::RANGE),
        (head.has("if-range"), flag::IF_RANGE),
        (head.has("authorization"), flag::AUTHORIZATION),
        (head.has("cookie"), flag::COOKIE),
        (!is_safe(method), flag::UNSAFE),
        (matches!(method, "GET" | "HEAD"), flag::CACHEABLE),
    ]);
    Vec::from([
        f64::from(flags),
        optional(directives.max_age),
        optional(directives.min_fresh),
        optional(directives.max_stale),
        optional(directives.stale_if_error),
    ])
}

/// RFC 9111 §4: whether a stored response answers a request: 0 as it is, 1 although it is stale,
/// 2 not before it was validated.
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
        validate: stored_flags & response_flag::VALIDATE != 0,
        never_stale: stored_flags & response_flag::NEVER_STALE != 0,
    };
    let request = RequestDirectives {
        no_cache: request_flags & request_flag::NO_CACHE != 0,
        max_age: optional_in(max_age),
        min_fresh: optional_in(min_fresh),
        max_stale: optional_in(max_stale),
        ..RequestDirectives::default()
    };
    match crate::http::request::reuse(&stored, &request) {
        Reuse::Fresh => 0,
        Reuse::Stale => 1,
        Reuse::Validate => 2,
    }
}

/// RFC 9111 §4.1: the names that `Vary` lists, in one form; `*` matches nothing.
#[wasm_bindgen]
#[must_use]
pub fn http_vary(response_head: &str) -> String {
    vary::names(Head::new(response_head))
}

/// The part of a variant's key that a request decides; undefined for `*`.
#[wasm_bindgen]
#[must_use]
pub fn http_vary_key(vary: &str, request_head: &str) -> Option<String> {
    vary::key(vary, Head::new(request_head))
}

/// RFC 9110 §12.5.4: whether a variant stored under `stored_key` answers a request although its
/// `Accept-Language` is another one: the rest is equal, and it is in the language wanted most.
#[wasm_bindgen]
#[must_use]
pub fn http_vary_language(
    vary: &str,
    stored_key: &str,
    stored_head: &str,
    request_head: &str,
) -> bool {
    let stored = Head::new(stored_head);
    preference::is_in_wanted_language(vary, stored_key, stored, Head::new(request_head))
}

/// RFC 9111 §3.1: the head to store.
#[wasm_bindgen]
#[must_use]
pub fn http_stored_head(response_head: &str, shared: bool, targets: &str) -> String {
    stored_head::to_store(Head::new(response_head), Scope { shared, targets })
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
    validators::conditions(&Heads::new(heads))
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

/// Every text and a line feed behind it.
fn lines<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let mut lines = String::new();
    for text in texts {
        lines.push_str(text.as_ref());
        lines.push('\n');
    }
    lines
}

/// RFC 9111 §4.4: the references, besides the request's own URL, that an answer makes out of date;
/// undefined when it makes nothing so.
#[wasm_bindgen]
#[must_use]
pub fn http_invalidation(method: &str, status: u16, response_head: &str) -> Option<String> {
    let references = || lines(invalidation::references(Head::new(response_head)));
    invalidation::is_change(method, Status(status)).then(references)
}

/// RFC 9875 §2: the groups of a response.
#[wasm_bindgen]
#[must_use]
pub fn http_groups(response_head: &str) -> String {
    lines(groups::of(Head::new(response_head)))
}

/// RFC 9875 §3: the groups that the answer to a request with this method makes out of date.
#[wasm_bindgen]
#[must_use]
pub fn http_group_invalidation(method: &str, response_head: &str) -> String {
    lines(groups::invalidated(method, Head::new(response_head)))
}
