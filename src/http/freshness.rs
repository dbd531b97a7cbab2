//! Freshness lifetimes of responses (RFC 9111 §4.2.1, §4.2.2) and windows of stale use (RFC 5861).

use super::age;
use super::cache_control::ResponseDirectives;
use super::date;
use super::directive::{Flag, Seconds};
use super::head::Head;
use super::list::Parts;
use super::status::Status;
use super::text::is_same;
use crate::time::{Span, Timestamp};

/// The share of the time since its last change that a response is guessed to stay fresh
/// (§4.2.2), as a divisor: 10 %.
const HEURISTIC_SHARE: u64 = 10;

/// The longest guess.
pub const HEURISTIC_MAX: Span = Span::from_secs(86_400);

/// The lifetime that a response states: `s-maxage` for shared caches, then `max-age`, then
/// `Expires`; `None` when it states none.
#[must_use]
pub fn explicit(
    head: Head<'_>,
    directives: &ResponseDirectives,
    shared: bool,
    received_at: Timestamp,
) -> Option<Span> {
    let stated = |name| directives.directives.seconds(name);
    match (stated(Seconds::SMaxage), stated(Seconds::MaxAge)) {
        (Some(for_shared), _) if shared => Some(for_shared),
        (_, Some(for_all)) => Some(for_all),
        _ if directives.targeted => None,
        _ => expires(head, received_at),
    }
}

/// The time from `Date` to `Expires` (§5.3), without a `Date` from the moment of receipt. An
/// `Expires` that cannot be read, or is there more than once, is past.
fn expires(head: Head<'_>, received_at: Timestamp) -> Option<Span> {
    if !head.has("expires") {
        return None;
    }
    let sent_at = age::date(head, received_at).unwrap_or(received_at);
    let expires = date::of(head, "expires", received_at);
    Some(expires.map_or(Span::ZERO, |expires| expires.since(sent_at)))
}

/// A guess for a response that states no lifetime: a tenth of the time since it last changed, at
/// most [`HEURISTIC_MAX`]. Only where its status, or `public`, permits guessing (§4.2.2). The old
/// `Pragma: no-cache`, with no `Cache-Control` beside it, does not.
#[must_use]
pub fn heuristic(
    head: Head<'_>,
    directives: &ResponseDirectives,
    status: Status,
    received_at: Timestamp,
) -> Option<Span> {
    if !(status.is_heuristically_cacheable() || directives.has(Flag::Public))
        || is_old_no_cache(head)
    {
        return None;
    }
    let changed_at = last_modified(head, received_at)?;
    let sent_at = age::date(head, received_at).unwrap_or(received_at);
    let unchanged = sent_at.since(changed_at).as_millis();
    Some(Span::from_millis(unchanged / HEURISTIC_SHARE).min(HEURISTIC_MAX))
}

/// `Pragma: no-cache` where there is no `Cache-Control` to say otherwise (§5.4).
pub(super) fn is_old_no_cache(head: Head<'_>) -> bool {
    let mut lines = head.values("pragma").map(Parts::new);
    let has_no_cache = |mut parts: Parts<'_>| parts.any(|part| is_same(part, "no-cache"));
    lines.any(has_no_cache) && !head.has("cache-control")
}

/// The moment in `Last-Modified`, if it can be read (RFC 9110 §8.8.2).
#[must_use]
pub fn last_modified(head: Head<'_>, now: Timestamp) -> Option<Timestamp> {
    date::of(head, "last-modified", now)
}

/// Times past its lifetime for which a response may be used while it is validated, and when the
/// origin fails. `None` if it does not say; zero where it must not be used stale at all (§4.2.4).
#[must_use]
pub fn windows(directives: &ResponseDirectives, shared: bool) -> [Option<Span>; 2] {
    if directives.forbids_stale(shared) {
        return [Some(Span::ZERO); 2];
    }
    [Seconds::StaleWhileRevalidate, Seconds::StaleIfError]
        .map(|name| directives.directives.seconds(name))
}

#[cfg(test)]
#[path = "freshness_tests.rs"]
mod tests;
