//! Complete responses: their stored heads, and the check of bodies against heads.

use super::fields::fields_of;
use super::policy::HttpRules;
use super::reading::Verdict;
use super::stored::{StoredResponse, Terms};
use crate::http::head::Head;
use crate::http::response::Kind;
use crate::http::stored_head::{Stamp, to_store};
use crate::http::storing::Storing;
use crate::strategy::ttl::Lifetime;
use crate::time::{Span, Timestamp};
use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, HeaderMap};
use std::string::String;
use std::time::{Duration, UNIX_EPOCH};

/// Facts about a response from its exchange.
pub(super) struct About {
    pub(super) requested_at: Timestamp,
    pub(super) selection: String,
    /// Time at which the last byte arrived.
    pub(super) now: Timestamp,
    pub(super) kind: Kind,
    /// True if its body is known to have been decoded.
    pub(super) decoded: bool,
}

/// A response as it is kept.
pub(super) fn completed(
    status: StatusCode,
    body: Bytes,
    verdict: &Verdict,
    rules: &HttpRules,
    about: About,
) -> StoredResponse {
    let plan = verdict.plan_at(rules, about.kind.into(), about.now);
    let terms = plan.terms;
    let reading = &verdict.reading;
    let stamp = Stamp {
        date: &date_of(about.now, terms.initial_age),
        decoded: about.decoded,
        ..Stamp::default()
    };
    let head = to_store(Head::new(&verdict.head), rules.rules.scope, stamp);
    let fields = fields_of(&head);
    let is_storable = plan.storing == Storing::Allowed && !is_cut(status, &fields, &body);
    StoredResponse {
        status,
        fields,
        body,
        terms: Terms {
            initial_age: terms.initial_age,
            overdue: terms.overdue,
            requested_at: about.requested_at,
            vary: verdict.vary.clone(),
            selection: about.selection,
            validate: reading.stated.validate,
            never_stale: reading.stated.never_stale,
            immutable: reading.immutable,
            authorized: reading.authorized,
            decoded: about.decoded,
            groups: verdict.groups.clone(),
        },
        lifetime: Lifetime {
            ttl: terms.ttl,
            stale_while_revalidate: terms.stale_while_revalidate,
            stale_if_error: terms.stale_if_error,
            retained: terms.retained,
        },
        is_storable,
        shareable: is_storable && plan.shareable,
        failed: about.kind == Kind::Failure,
    }
}

/// The time when a response was made, as a date: a recipient with a clock dates what came without
/// one (RFC 9110 §6.6.1).
fn date_of(now: Timestamp, age: Span) -> String {
    /// The last second that has a date of this form: the end of the year 9999.
    const LAST: u64 = 253_402_300_799;
    let made_at = now.as_millis().saturating_sub(age.as_millis()) / 1000;
    if made_at > LAST {
        return String::new();
    }
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(made_at))
}

/// True if a body is not as long as was promised.
pub(super) fn is_cut(status: StatusCode, fields: &HeaderMap, body: &Bytes) -> bool {
    let has_body = !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let promised = fields.get(CONTENT_LENGTH).filter(|_| has_body);
    promised.is_some_and(|length| {
        let length = length.to_str().ok().and_then(|digits| digits.parse().ok());
        length != Some(body.len())
    })
}
