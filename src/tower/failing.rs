//! The cache's own errors as responses: a service's only errors are its inner service's.

use super::body::Body;
use super::error::{Failure, OriginError};
use super::status::tell_detail;
use crate::driver::Error;
use http::header::{HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};

/// The response to a request that failed; the inner service's error, if it failed with one.
pub(super) fn answered<E: 'static>(
    error: &Error<Failure>,
) -> Result<Response<Body>, OriginError<E>> {
    let (status, detail) = match error {
        Error::Load(failure) => match failure.origin_error() {
            Some(error) => return Err(error),
            None => (StatusCode::BAD_GATEWAY, "holdover; detail=body"),
        },
        Error::Timeout => (StatusCode::GATEWAY_TIMEOUT, "holdover; detail=timeout"),
        Error::CircuitOpen { .. } => unavailable("holdover; detail=circuit-open"),
        Error::RateLimited { .. } => {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            (status, "holdover; detail=rate-limited")
        }
        Error::SlowCalls { .. } => unavailable("holdover; detail=slow-calls"),
        Error::BulkheadFull => unavailable("holdover; detail=bulkhead-full"),
        Error::LockTimeout { .. } => unavailable("holdover; detail=lock-timeout"),
        Error::Closed => unavailable("holdover; detail=closed"),
        Error::Panicked => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "holdover; detail=panicked",
        ),
        Error::Dropped | Error::NotLoaded => unavailable("holdover; detail=dropped"),
    };
    let mut response = Response::new(Body::default());
    *response.status_mut() = status;
    if let Some(wait) = error.retry_after() {
        let seconds = wait.as_millis().div_ceil(1000);
        let fields = response.headers_mut();
        fields.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    tell_detail(&mut response, detail);
    Ok(response)
}

const fn unavailable(detail: &'static str) -> (StatusCode, &'static str) {
    (StatusCode::SERVICE_UNAVAILABLE, detail)
}
