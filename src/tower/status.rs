//! The field `Cache-Status` (RFC 9211) of responses.

use super::body::Body;
use crate::driver::Source;
use crate::http::cache_status::{CacheStatus, Forward, Instead, Left};
use crate::http::status::Status;
use http::header::{HeaderName, HeaderValue};
use http::{Response, StatusCode};

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// The member for an answer of this source. `forward` and what follows count where the origin was
/// asked.
pub(super) fn status_of(
    source: Source,
    left: Left,
    (forward, status, stored): (Forward, Option<StatusCode>, bool),
) -> CacheStatus {
    let hit = |instead| CacheStatus::Hit { left, instead };
    match source {
        Source::Hit | Source::Negative => hit(None),
        Source::Stale => hit(Some(Instead::Stale)),
        Source::Failover => hit(Some(Instead::Failover)),
        Source::ErrorFallback => hit(Some(Instead::ErrorFallback)),
        Source::Coalesced => CacheStatus::Collapsed { forward },
        Source::Load => CacheStatus::Forwarded {
            forward,
            status: status.map(|status| Status(status.as_u16())),
            stored,
        },
    }
}

/// Adds a member behind those of caches nearer to the origin.
pub(super) fn tell(response: &mut Response<Body>, status: &CacheStatus) {
    if let Ok(value) = HeaderValue::try_from(status.member()) {
        response.headers_mut().append(CACHE_STATUS, value);
    }
}

/// The same, for a response that this cache made.
pub(super) fn tell_detail(response: &mut Response<Body>, detail: &'static str) {
    let value = HeaderValue::from_static(detail);
    response.headers_mut().append(CACHE_STATUS, value);
}
