//! How long a response is fresh (RFC 9111 §4.2.1, §4.2.2) and may be used stale (RFC 5861).

use super::age;
use super::cache_control::ResponseDirectives;
use super::date;
use super::head::Head;
use super::status::Status;
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
    let for_shared = directives.s_maxage.filter(|_| shared);
    for_shared
        .or(directives.max_age)
        .or_else(|| expires(head, received_at).filter(|_| !directives.targeted))
}

/// What `Expires` leaves from `Date` on (§5.3). Without a `Date` it is the moment of receipt. One
/// that cannot be read, or is there more than once, is past.
fn expires(head: Head<'_>, received_at: Timestamp) -> Option<Span> {
    head.has("expires").then(|| {
        let sent_at = age::date(head, received_at).unwrap_or(received_at);
        let expires = head.only("expires");
        let expires = expires.and_then(|value| date::parse(value, received_at));
        expires.map_or(Span::ZERO, |expires| expires.since(sent_at))
    })
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
    if !(status.is_heuristically_cacheable() || directives.public) || is_old_no_cache(head) {
        return None;
    }
    let changed_at = last_modified(head, received_at)?;
    let sent_at = age::date(head, received_at).unwrap_or(received_at);
    let unchanged = sent_at.since(changed_at).as_millis();
    Some(Span::from_millis(unchanged / HEURISTIC_SHARE).min(HEURISTIC_MAX))
}

/// `Pragma: no-cache` where there is no `Cache-Control` to say otherwise (§5.4).
pub(super) fn is_old_no_cache(head: Head<'_>) -> bool {
    let mut pragma = head.values("pragma");
    pragma.any(|value| value.eq_ignore_ascii_case("no-cache")) && !head.has("cache-control")
}

/// The moment in `Last-Modified`, if it can be read (RFC 9110 §8.8.2).
#[must_use]
pub fn last_modified(head: Head<'_>, now: Timestamp) -> Option<Timestamp> {
    date::parse(head.only("last-modified")?, now)
}

/// How long past its lifetime a response may be used while it is validated, and when the origin
/// fails. `None`: it does not say; zero where it must not be used stale at all (§4.2.4).
#[must_use]
pub fn windows(directives: &ResponseDirectives, shared: bool) -> [Option<Span>; 2] {
    if directives.forbids_stale(shared) {
        return [Some(Span::ZERO); 2];
    }
    [directives.stale_while_revalidate, directives.stale_if_error]
}

#[cfg(test)]
#[path = "freshness_tests.rs"]
mod tests;
