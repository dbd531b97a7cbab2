//! The decision to store a response (RFC 9111 §3).

use super::age::{self, Exchange};
use super::cache_control::{ResponseDirectives, Scope};
use super::directive::Flag;
use super::freshness;
use super::head::Head;
use super::request;
use super::status::Status;
use super::text::{cut, is_same, trim};
use super::vary;
use crate::time::Span;
use alloc::string::String;

/// The decision to store a response, or the first reason against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storing {
    /// It may be stored.
    Allowed,
    /// Its method: only GET is, and POST when its answer is a 200 that states a lifetime and its
    /// `Content-Location` (RFC 9110 §9.3.3), which the host compares with the URL, and does not
    /// vary: a POST has other fields than the GETs that it would have to be told apart by.
    Method,
    /// Its status: not final, or `must-understand` with a code that this cache does not know.
    Status,
    /// The response says `no-store`.
    NoStore,
    /// The request says `no-store`.
    RequestNoStore,
    /// The response says `private`, and the cache is shared.
    Private,
    /// The request carried `Authorization`, the cache is shared, and nothing permits it (§3.5).
    Authorization,
    /// `Vary: *`: no other request would ever match (§4.1).
    VaryAny,
    /// The response says nothing, and its status is not cacheable by itself. A lifetime that is over
    /// when the response comes, like `max-age=0`, says nothing either.
    Silent,
    /// The response sets a cookie and states no lifetime of which anything is left (§7.3 leaves
    /// this to the origin; a response without directives is taken for private). Where the scope
    /// keeps cookies, any lifetime above zero will do.
    SetCookie,
    /// The request carried a cookie, and the response neither states such a lifetime nor `public`.
    Cookie,
    /// A part (206) that otherwise may be stored: by caches that combine or serve ranges (§3.3).
    Partial,
    /// A stream of events, which ends when somebody leaves: there is never a whole to store.
    EventStream,
    /// It came from another URL: see [`super::response::Transfer`].
    Redirected,
    /// It would never be of use: not fresh, without windows, and without a validator.
    NoLifetime,
    /// Its body is longer than what is kept.
    TooLong,
    /// Its body has a coding of which nobody can tell if the host has undone it.
    Encoded,
}

impl Storing {
    /// All decisions, in order.
    pub const ALL: [Self; 17] = [
        Self::Allowed,
        Self::Method,
        Self::Status,
        Self::NoStore,
        Self::RequestNoStore,
        Self::Private,
        Self::Authorization,
        Self::VaryAny,
        Self::Silent,
        Self::SetCookie,
        Self::Cookie,
        Self::Partial,
        Self::EventStream,
        Self::Redirected,
        Self::NoLifetime,
        Self::TooLong,
        Self::Encoded,
    ];
}

/// A response with the request it answers.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The request's method.
    pub method: &'a str,
    /// The request's head.
    pub request: Head<'a>,
    /// The response's status.
    pub status: Status,
    /// The response's head.
    pub response: Head<'a>,
    /// Times of the request and of the response.
    pub exchange: Exchange,
}

/// Everything that a cache derives from a response at its arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Decision to store it.
    pub storing: Storing,
    /// The lifetime it states; `None` when it states none.
    pub lifetime: Option<Span>,
    /// The lifetime that may be guessed.
    pub heuristic: Option<Span>,
    /// Its age at arrival.
    pub initial_age: Span,
    /// Time past its lifetime for which it may be used while it is validated, if it says.
    pub stale_while_revalidate: Option<Span>,
    /// Time past its lifetime for which it may be used when the origin fails, if it says.
    pub stale_if_error: Option<Span>,
    /// The directives that hold.
    pub directives: ResponseDirectives,
}

/// Decides what a cache in `scope` may do with a response.
#[must_use]
pub fn judge(answer: &Answer<'_>, scope: Scope<'_>) -> Verdict {
    let Exchange { received_at, .. } = answer.exchange;
    let directives = ResponseDirectives::of(answer.response, scope);
    let response = answer.response;
    let lifetime = freshness::explicit(response, &directives, scope.shared, received_at);
    let heuristic = match lifetime {
        Some(_) => None,
        None => freshness::heuristic(response, &directives, answer.status, received_at),
    };
    let [stale_while_revalidate, stale_if_error] = freshness::windows(&directives, scope.shared);
    let initial_age = age::initial(response, answer.exchange);
    Verdict {
        storing: storing(answer, &directives, (lifetime, initial_age), scope),
        lifetime,
        heuristic,
        initial_age,
        stale_while_revalidate,
        stale_if_error,
        directives,
    }
}

fn storing(
    answer: &Answer<'_>,
    directives: &ResponseDirectives,
    (lifetime, initial_age): (Option<Span>, Span),
    scope: Scope<'_>,
) -> Storing {
    let Answer {
        request,
        status,
        response,
        ..
    } = *answer;
    let shared = scope.shared;
    let states_freshness = lifetime.is_some_and(|lifetime| lifetime > initial_age);
    let permits_cookie = states_freshness
        || (scope.keeps_set_cookie && lifetime.is_some_and(|lifetime| !lifetime.is_zero()));
    let says_so = states_freshness || directives.has(Flag::Public);
    let is_private = directives.has(Flag::Private);
    let must_understand = directives.has(Flag::MustUnderstand);
    let understood = directives.directives.permits(Flag::MustUnderstand) && status.is_understood();
    let varies = || vary::names(response, scope.hides_fields);
    if !is_method_storable(answer, states_freshness, varies) {
        Storing::Method
    } else if !status.is_storable() || (must_understand && !status.is_understood()) {
        Storing::Status
    } else if directives.has(Flag::NoStore) && !understood {
        Storing::NoStore
    } else if request::directives(request).has(Flag::NoStore) {
        Storing::RequestNoStore
    } else if shared && is_private {
        Storing::Private
    } else if shared && request.has("authorization") && !directives.permits_authorized() {
        Storing::Authorization
    } else if varies() == vary::ANY {
        Storing::VaryAny
    } else if is_event_stream(response) {
        Storing::EventStream
    } else if !says_so && !status.is_heuristically_cacheable() && !is_private {
        Storing::Silent
    } else if shared && !permits_cookie && response.has("set-cookie") {
        Storing::SetCookie
    } else if shared && !says_so && request.has("cookie") {
        Storing::Cookie
    } else if status == Status::PARTIAL_CONTENT {
        Storing::Partial
    } else {
        Storing::Allowed
    }
}

/// True for GET, and for POST that says of which URL its answer is, and for how long (RFC 9110
/// §9.3.3).
fn is_method_storable(
    answer: &Answer<'_>,
    states_freshness: bool,
    varies: impl FnOnce() -> String,
) -> bool {
    match answer.method {
        "POST" => {
            let names_itself = answer.response.has("content-location");
            answer.status == Status::OK && states_freshness && names_itself && varies().is_empty()
        }
        method => method == "GET",
    }
}

fn is_event_stream(response: Head<'_>) -> bool {
    let media_type = response.get("content-type").unwrap_or("");
    is_same(trim(cut(media_type, b';').0), "text/event-stream")
}

#[cfg(test)]
#[path = "storing_tests.rs"]
mod tests;
