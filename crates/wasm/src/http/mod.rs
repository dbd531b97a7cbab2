//! The bindings that become `http.wasm`: the rules of HTTP.
//!
//! Heads cross as strings, a line per field: all of this is done when a response is stored or
//! validated, or a request asks for something special, never in a plain hit. Spans that a message
//! does not state are NaN. Nothing is kept between two calls.

mod requests;

use super::{span_if_given, span_in, span_out, time_in};
use alloc::string::String;
use alloc::vec::Vec;
use holdover::abi::{self, HttpRulesNumbers, PlanNumbers, ResponseNumbers, response};
use holdover::http::age::Exchange;
use holdover::http::body::{self, Body};
use holdover::http::cache_control::Scope;
use holdover::http::head::Head;
use holdover::http::renewal::{self, Message, Renewal};
use holdover::http::response::{Circumstances, Kind, Reading, Rules, Transfer, plan, read};
use holdover::http::status::Status;
use holdover::http::stored_head::Stamp;
use holdover::http::storing::{Answer, Storing};
use holdover::http::terms::{self, Stated};
use holdover::http::{groups, invalidation, stored_head, validators, vary};
use holdover::time::Span;
pub use requests::*;
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
/// where some of [`abi::arrival`] hold: [`PlanNumbers`]. Empty for numbers that are none.
#[wasm_bindgen]
#[must_use]
pub fn http_plan(rules: &[f64], numbers: &[f64], arrival: u32, elapsed: f64) -> Vec<f64> {
    use abi::{arrival as fact, plan as flag};
    let Some(reading) = reading_in(numbers) else {
        return Vec::new();
    };
    let is = |fact: u32| arrival & fact != 0;
    let circumstances = Circumstances {
        kind: match arrival {
            _ if is(fact::FAILURE) => Kind::Failure,
            _ if is(fact::PART) => Kind::Part,
            _ => Kind::Whole,
        },
        stands_in: is(fact::STANDS_IN),
        is_apart: is(fact::APART),
        takes_whole: is(fact::TAKES_WHOLE),
    };
    let plan = plan(&reading, &rules_in(rules), circumstances, span_in(elapsed));
    let terms = &plan.terms;
    let flags = sum(&[
        (plan.shareable, flag::SHAREABLE),
        (plan.dismisses, flag::DISMISSES),
        (plan.moves, flag::MOVES),
        (plan.streams, flag::STREAMS),
    ]);
    PlanNumbers {
        storing: f64::from(plan.storing as u8),
        flags: f64::from(flags),
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

const fn message(status: u16, head: &str) -> Message<'_> {
    Message {
        status: Status(status),
        head: Head::new(head),
    }
}

/// RFC 9111 §4.1, RFC 9875 §2: the names that `Vary` lists, in one form (`*` matches nothing), and
/// from the next line on groups.
#[wasm_bindgen]
#[must_use]
pub fn http_names(rules: &[f64], response_head: &str) -> String {
    let head = Head::new(response_head);
    let mut names = vary::names(head, rules_in(rules).scope.hides_fields);
    names.push('\n');
    names.push_str(&groups::of(head));
    names
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

/// RFC 9111 §4.4, RFC 9875 §3: what an answer makes out of date besides the request's own URL, a
/// line each: references, and behind an empty line groups. Undefined when it makes nothing so.
#[wasm_bindgen]
#[must_use]
pub fn http_invalidation(method: &str, status: u16, response_head: &str) -> Option<String> {
    invalidation::targets(method, Status(status), Head::new(response_head))
}

#[cfg(test)]
mod tests;
