//! The plan for a response whose head has arrived: its head, the policy and the exchange together
//! decide on storing it, its lifetime, and the requests that may share it.

use super::cache_control::Scope;
use super::directive::Flag;
use super::freshness;
use super::range::Extent;
use super::sharing::{self, Arrival};
use super::status::Status;
use super::storing::{Answer, Storing, judge};
use super::terms::{self, Stated, Terms};
use super::text::decimal;
use super::validators::EntityTag;
use crate::time::Span;

/// A cache: its users, and its policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules<'a> {
    /// Its users and targeted fields.
    pub scope: Scope<'a>,
    /// Its policy.
    pub policy: terms::Policy,
}

/// The way a response came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// True if another URL gave it. How the client got there is not known, and may not be kept.
    pub redirected: bool,
    /// True if the host may or may not have decoded the body when the head tells of a coding.
    pub hides_coding: bool,
    /// The most bytes that are kept of a body.
    pub max_body: u64,
}

/// A response by its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The decision to store it, as far as its lifetime has no say.
    pub storing: Storing,
    /// Its own statement of its freshness.
    pub stated: Stated,
    /// True if it does not change while it is fresh (RFC 8246).
    pub immutable: bool,
    /// True if it sets a cookie.
    pub sets_cookie: bool,
    /// True if, once stored, it may answer requests with `Authorization` (RFC 9111 §3.5).
    pub authorized: bool,
    /// The bytes that a single part (206) has by its `Content-Range`.
    pub part: Option<u64>,
}

/// The use that is made of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The answer to all requests for its URL.
    Whole,
    /// An answer by which the origin fails: kept for as long as it says itself.
    Failure,
    /// A part of one, kept as such while it is fresh (RFC 9111 §3.3).
    Part,
}

/// The circumstances in which a response has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// The use that is made of it.
    pub kind: Kind,
    /// True if something stored may answer instead of it.
    pub stands_in: bool,
    /// True if it belongs elsewhere than its request looked for it, as it depends on more of it.
    pub is_apart: bool,
    /// True if its request takes the whole of it.
    pub takes_whole: bool,
}

impl From<Kind> for Circumstances {
    fn from(kind: Kind) -> Self {
        Self {
            kind,
            stands_in: false,
            is_apart: false,
            takes_whole: false,
        }
    }
}

/// The decisions on a response.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a step of the driver, and most of them go together"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The decision to store it.
    pub storing: Storing,
    /// Its lifetime.
    pub terms: Terms,
    /// True if requests that wait for it may have it.
    pub shareable: bool,
    /// True if they go on to the origin: what is stored does not answer them either.
    pub dismisses: bool,
    /// True if it is kept in a place of its own, by a load of its own.
    pub moves: bool,
    /// True if its own request gets it as it comes. One that wants but a part, or that could be
    /// answered otherwise, waits for the whole; so does one that meets a failure, which guards are
    /// to know of before that client comes again.
    pub streams: bool,
}

/// Reads a response.
#[must_use]
pub fn read(answer: &Answer<'_>, transfer: Transfer, rules: &Rules<'_>) -> Reading {
    let scope = rules.scope;
    let head = answer.response;
    let verdict = judge(answer, scope);
    let directives = &verdict.directives;
    let is_storable = matches!(verdict.storing, Storing::Allowed | Storing::Partial);
    let part = Extent::of(answer.status, head, u64::MAX).map(|extent| extent.length);
    let part = part.filter(|_| answer.status == Status::PARTIAL_CONTENT);
    let has_validator = EntityTag::of(head).is_some()
        || freshness::last_modified(head, answer.exchange.received_at).is_some();
    let stated = Stated {
        lifetime: verdict.lifetime,
        heuristic: verdict.heuristic,
        initial_age: verdict.initial_age,
        stale_while_revalidate: verdict.stale_while_revalidate,
        stale_if_error: verdict.stale_if_error,
        validate: directives.has(Flag::NoCache),
        never_stale: directives.forbids_stale(scope.shared),
        has_validator,
    };
    let length = head.get("content-length").and_then(decimal);
    let is_long = length
        .max(part)
        .is_some_and(|bytes| bytes > transfer.max_body);
    let storing = rules.policy.overrule(verdict.storing);
    let storing = if !matches!(storing, Storing::Allowed | Storing::Partial) {
        storing
    } else if transfer.redirected {
        Storing::Redirected
    } else if is_long {
        Storing::TooLong
    } else if transfer.hides_coding && head.has("content-encoding") {
        Storing::Encoded
    } else {
        storing
    };
    Reading {
        storing,
        stated,
        immutable: directives.has(Flag::Immutable),
        sets_cookie: head.has("set-cookie"),
        authorized: !scope.shared || (is_storable && directives.permits_authorized()),
        part,
    }
}

/// Decides on a response that was complete `elapsed` after its head had come.
#[must_use]
pub fn plan(
    reading: &Reading,
    rules: &Rules<'_>,
    circumstances: Circumstances,
    elapsed: Span,
) -> Plan {
    let Circumstances {
        kind,
        stands_in,
        is_apart,
        takes_whole,
    } = circumstances;
    let failed = kind == Kind::Failure;
    let moves = is_apart && !failed;
    let stated = &reading.stated;
    let terms = match kind {
        Kind::Failure => terms::terms_of_failure(stated, elapsed),
        Kind::Whole | Kind::Part => terms::terms(stated, &rules.policy, elapsed),
    };
    let terms = if kind == Kind::Part {
        terms.without_windows()
    } else {
        terms
    };
    let arrival = Arrival {
        storing: reading.storing,
        left: terms.ttl + terms.stale_while_revalidate,
        validate: stated.validate,
        sets_cookie: reading.sets_cookie,
    };
    let shareable = sharing::is_shareable(&arrival, rules.scope.shared);
    Plan {
        storing: match storing(reading, kind, &terms) {
            // A failure is remembered where it was asked for, or not at all.
            Storing::Allowed if failed && is_apart => Storing::VaryAny,
            storing => storing,
        },
        terms,
        shareable,
        dismisses: !(shareable || failed && stands_in),
        moves,
        streams: takes_whole && (moves || !(stands_in || failed)),
    }
}

fn storing(reading: &Reading, kind: Kind, terms: &Terms) -> Storing {
    let storing = match reading.storing {
        Storing::Partial if kind == Kind::Part && reading.part.is_some() => Storing::Allowed,
        Storing::Allowed if kind == Kind::Part => Storing::Partial,
        storing => storing,
    };
    let hangs_on_lifetime = matches!(
        storing,
        Storing::Allowed | Storing::TooLong | Storing::Encoded
    );
    if hangs_on_lifetime && !terms.is_of_use() {
        Storing::NoLifetime
    } else {
        storing
    }
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
