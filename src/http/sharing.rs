//! Requests that may share a response that is on its way (RFC 9111 §4).
//!
//! A cache may use one response for several requests that wait for it only if it may reuse the
//! stored response for them afterwards: "stored or storable", and fresh or within
//! `stale-while-revalidate`. All others are answered by the origin, each by itself, as soon as the
//! head says so.

use super::head::Head;
use super::storing::Storing;
use crate::time::Span;

/// An answer whose head has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Decision to store it.
    pub storing: Storing,
    /// The time for which it may answer from now on without its origin having been asked, by its own word or
    /// by the policy: while it is fresh, and while it is revalidated.
    pub left: Span,
    /// True if it must be validated before each use.
    pub validate: bool,
    /// True if it sets cookies.
    pub sets_cookie: bool,
}

/// True if requests that wait for an answer may have it, as far as the answer is concerned. The
/// request's own fields (`Authorization`, those in `Vary`) are checked elsewhere.
///
/// In a shared cache one that sets a cookie is for the request that it answers, even where it is
/// stored: the cookie may be a session.
#[must_use]
pub fn is_shareable(arrival: &Arrival, shared: bool) -> bool {
    let is_for_one = shared && arrival.sets_cookie;
    let is_reusable = arrival.storing == Storing::Allowed && !arrival.validate;
    is_reusable && !is_for_one && !arrival.left.is_zero()
}

/// True if the failure of a request may concern its user alone. Such a failure, one that was thrown
/// and has no head that could say more, is nobody else's in a shared cache.
#[must_use]
pub fn is_personal(request: Head<'_>) -> bool {
    request.has_any(&["authorization", "cookie"])
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Arrival = Arrival {
        storing: Storing::Allowed,
        left: Span::from_secs(1),
        validate: false,
        sets_cookie: false,
    };

    #[test]
    fn only_what_may_be_reused_afterwards_is_shared() {
        assert!(is_shareable(&GOOD, true));
        for barred in [
            Arrival {
                left: Span::ZERO,
                ..GOOD
            },
            Arrival {
                validate: true,
                ..GOOD
            },
            Arrival {
                storing: Storing::Silent,
                ..GOOD
            },
            Arrival {
                storing: Storing::Status,
                ..GOOD
            },
            Arrival {
                storing: Storing::Partial,
                ..GOOD
            },
        ] {
            assert!(!is_shareable(&barred, true), "{barred:?}");
            assert!(!is_shareable(&barred, false), "{barred:?}");
        }
    }

    #[test]
    fn a_cookie_is_for_one_user() {
        let cookie = Arrival {
            sets_cookie: true,
            ..GOOD
        };
        assert!(!is_shareable(&cookie, true));
        assert!(is_shareable(&cookie, false), "there is only one");
    }

    #[test]
    fn who_shows_credentials_fails_alone() {
        assert!(is_personal(Head::new("cookie: a=b\n")));
        assert!(is_personal(Head::new("Authorization: x\n")));
        assert!(!is_personal(Head::new("accept: cookie\n")));
    }
}
