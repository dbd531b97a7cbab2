//! The bindings that become `http.wasm`: the rules of HTTP.
//!
//! Heads cross as strings, a line per field: all of this is done when a response is stored or
//! validated, or a request asks for something special, never in a plain hit. Spans that a message
//! does not state are NaN. Nothing is kept between two calls.

use super::{span_if_given, span_in, span_out, time_in};
use alloc::string::String;
use alloc::vec::Vec;
use holdover::abi::{
    self, HttpRulesNumbers, PlanNumbers, RequestNumbers, ResponseNumbers, StoredNumbers, request,
    response,
};
use holdover::http::age::Exchange;
use holdover::http::body::{self, Body};
use holdover::http::cache_control::Scope;
use holdover::http::directive::{Directives, Flag, Seconds};
use holdover::http::handling::{self, Mode, Origin, Request, State, Stored};
use holdover::http::head::Head;
use holdover::http::range::{Extent, Parts};
use holdover::http::renewal::{self, Message, Renewal};
use holdover::http::response::{Kind, Reading, Rules, Transfer, plan, read};
use holdover::http::status::Status;
use holdover::http::stored_head::Stamp;
use holdover::http::storing::{Answer, Storing};
use holdover::http::terms::{self, Stated};
use holdover::http::{groups, invalidation, precondition, range, stored_head, validators, vary};
use holdover::strategy::ttl::{self, Lifetime};
use holdover::time::Span;
use wasm_bindgen::prelude::wasm_bindgen;

#[inline(never)]
fn sum(flags: &[(bool, u32)]) -> u32 {
    let mut sum = 0;
    for (is_set, flag) in flags {
        sum |= u32::from(*is_set) * flag;
    }
    sum
}

#[inline(never)]
fn optional(span: Option<Span>) -> f64 {
    span.map_or(f64::NAN, span_out)
}

/// The targeted fields (RFC 9213) that shared caches follow.
const TARGETS: &str = "cdn-cache-control";

#[inline(never)]
fn rules_in(numbers: &[f64]) -> Rules<'static> {
    let Some(numbers) = HttpRulesNumbers::read(numbers) else {
        return Rules::default();
    };
    let shared = numbers.shared > 0.0;
    Rules {
        scope: Scope {
            shared,
            targets: if shared { TARGETS } else { "" },
            keeps_set_cookie: numbers.keeps_set_cookie > 0.0,
            hides_fields: numbers.hides_fields > 0.0,
        },
        policy: terms::Policy {
            ttl: span_if_given(numbers.ttl),
            stale_while_revalidate: span_in(numbers.stale_while_revalidate),
            stale_if_error: span_in(numbers.stale_if_error),
            overrides: numbers.overrides > 0.0,
        },
    }
}

/// Reads a response that has begun: [`ResponseNumbers`]. All methods but POST are loads by GET.
#[wasm_bindgen]
#[must_use]
#[expect(
    clippy::too_many_arguments,
    reason = "an exchange crosses part by part"
)]
pub fn http_response(
    rules: &[f64],
    method: &str,
    request_head: &str,
    status: u16,
    response_head: &str,
    requested_at: f64,
    received_at: f64,
    redirected: bool,
    hides_coding: bool,
    max_body: f64,
) -> Vec<f64> {
    let transfer = Transfer {
        redirected,
        hides_coding,
        max_body: max_body as u64,
    };
    let answer = Answer {
        method: if method == "POST" { "POST" } else { "GET" },
        request: Head::new(request_head),
        status: Status(status),
        response: Head::new(response_head),
        exchange: Exchange {
            requested_at: time_in(requested_at),
            received_at: time_in(received_at),
        },
    };
    let reading = read(&answer, transfer, &rules_in(rules));
    reading_out(&answer, &reading)
}

fn reading_out(answer: &Answer<'_>, reading: &Reading) -> Vec<f64> {
    use response as flag;
    let stated = &reading.stated;
    let flags = sum(&[
        (stated.validate, flag::VALIDATE),
        (stated.never_stale, flag::NEVER_STALE),
        (reading.immutable, flag::IMMUTABLE),
        (stated.has_validator, flag::VALIDATOR),
        (reading.sets_cookie, flag::SET_COOKIE),
        (reading.authorized, flag::AUTHORIZED),
        (answer.status.is_redirection(), flag::REDIRECTS),
    ]);
    ResponseNumbers {
        storing: f64::from(reading.storing as u8),
        lifetime: optional(stated.lifetime),
        heuristic: optional(stated.heuristic),
        initial_age: span_out(stated.initial_age),
        stale_while_revalidate: optional(stated.stale_while_revalidate),
        stale_if_error: optional(stated.stale_if_error),
        flags: f64::from(flags),
        part: reading.part.map_or(f64::NAN, |bytes| bytes as f64),
    }
    .write()
}

fn reading_in(numbers: &[f64]) -> Option<Reading> {
    use response as flag;
    let numbers = ResponseNumbers::read(numbers)?;
    let has = |flag: u32| numbers.flags as u32 & flag != 0;
    Some(Reading {
        storing: *Storing::ALL.get(numbers.storing as usize)?,
        stated: Stated {
            lifetime: span_if_given(numbers.lifetime),
            heuristic: span_if_given(numbers.heuristic),
            initial_age: span_in(numbers.initial_age),
            stale_while_revalidate: span_if_given(numbers.stale_while_revalidate),
            stale_if_error: span_if_given(numbers.stale_if_error),
            validate: has(flag::VALIDATE),
            never_stale: has(flag::NEVER_STALE),
            has_validator: has(flag::VALIDATOR),
        },
        immutable: has(flag::IMMUTABLE),
        sets_cookie: has(flag::SET_COOKIE),
        authorized: has(flag::AUTHORIZED),
        part: (!numbers.part.is_nan()).then_some(numbers.part as u64),
    })
}

/// Decides on a response by the numbers of [`http_response`], `elapsed` milliseconds after its head,
/// for a use of [`abi::kind`]: [`PlanNumbers`]. Empty for numbers that are none.
#[wasm_bindgen]
#[must_use]
pub fn http_plan(rules: &[f64], numbers: &[f64], kind: u32, elapsed: f64) -> Vec<f64> {
    let Some(reading) = reading_in(numbers) else {
        return Vec::new();
    };
    let kind = match kind {
        abi::kind::FAILURE => Kind::Failure,
        abi::kind::PART => Kind::Part,
        _ => Kind::Whole,
    };
    let plan = plan(&reading, &rules_in(rules), kind, span_in(elapsed));
    let terms = &plan.terms;
    PlanNumbers {
        storing: f64::from(plan.storing as u8),
        shareable: f64::from(u8::from(plan.shareable)),
        initial_age: span_out(terms.initial_age),
        ttl: span_out(terms.ttl),
        overdue: span_out(terms.overdue),
        stale_while_revalidate: span_out(terms.stale_while_revalidate),
        stale_if_error: span_out(terms.stale_if_error),
        retained: span_out(terms.retained),
        of_record: span_out(terms.of_record()),
    }
    .write()
}

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
fn request_in(numbers: &[f64]) -> Request {
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

const fn message(status: u16, head: &str) -> Message<'_> {
    Message {
        status: Status(status),
        head: Head::new(head),
    }
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

/// RFC 9111 §4.1: the names that `Vary` lists, in one form; `*` matches nothing.
#[wasm_bindgen]
#[must_use]
pub fn http_vary(rules: &[f64], response_head: &str) -> String {
    let scope = rules_in(rules).scope;
    vary::names(Head::new(response_head), scope.hides_fields)
}

/// The part of a variant's key that a request decides; undefined for `*`.
#[wasm_bindgen]
#[must_use]
pub fn http_vary_key(vary: &str, request_head: &str) -> Option<String> {
    vary::key(vary, Head::new(request_head))
}

/// Tells if a body is what its head says: one of [`abi::body_state`]. `decodes` for a host that
/// undoes content codings, and goes on telling of them; `start` is the first four bytes, the first
/// of all highest.
#[wasm_bindgen]
#[must_use]
pub fn http_body(response_head: &str, decodes: bool, length: f64, start: u32) -> u32 {
    let body = Body {
        length: length as u64,
        start,
    };
    body::state(Head::new(response_head), decodes, body) as u32
}

/// RFC 9111 §3.1: the head to store. `decoded` if its bytes were, `encodes_again` if the host
/// encodes them when it sends them; `date` for one that has none.
#[wasm_bindgen]
#[must_use]
pub fn http_stored_head(
    rules: &[f64],
    response_head: &str,
    decoded: bool,
    encodes_again: bool,
    date: &str,
) -> String {
    let stamp = Stamp {
        decoded,
        encodes_again,
        date,
    };
    stored_head::to_store(Head::new(response_head), rules_in(rules).scope, stamp)
}

/// RFC 9111 §4.3.4, §4.3.5: the head of a stored response after an answer to HEAD, or to a request
/// with conditions. Undefined when that says nothing of it, empty when the origin has another one.
#[wasm_bindgen]
#[must_use]
pub fn http_renewed(
    status: u16,
    stored_head: &str,
    new_status: u16,
    new_head: &str,
    by_head: bool,
) -> Option<String> {
    let (stored, answer) = (message(status, stored_head), message(new_status, new_head));
    let renewal = if by_head {
        renewal::by_head(stored, answer)
    } else {
        renewal::by_condition(stored, answer)
    };
    match renewal {
        Renewal::Silent => None,
        Renewal::Another => Some(String::new()),
        Renewal::Good(head) if head.is_empty() => Some(String::from("\n")),
        Renewal::Good(head) => Some(head),
    }
}

/// RFC 9111 §4.3.1: the fields that ask whether a stored response is still good.
#[wasm_bindgen]
#[must_use]
pub fn http_validators(stored_head: &str) -> String {
    validators::conditions(Head::new(stored_head))
}

/// RFC 9110 §15.4.5: the head of a 304 made from a stored one.
#[wasm_bindgen]
#[must_use]
pub fn http_head_of_304(stored_head: &str) -> String {
    stored_head::of_not_modified(Head::new(stored_head))
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

/// RFC 9111 §4.4, RFC 9875 §3: what an answer makes out of date besides the request's own URL, a
/// line each: references, and behind an empty line groups. Undefined when it makes nothing so.
#[wasm_bindgen]
#[must_use]
pub fn http_invalidation(method: &str, status: u16, response_head: &str) -> Option<String> {
    invalidation::targets(method, Status(status), Head::new(response_head))
}

/// RFC 9875 §2: the groups of a response.
#[wasm_bindgen]
#[must_use]
pub fn http_groups(response_head: &str) -> String {
    groups::of(Head::new(response_head))
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
