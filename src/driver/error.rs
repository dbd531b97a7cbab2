//! Errors of calls, and reasons for answers that are not the origin's.

use crate::guard::Reason;
use crate::time::Span;
use core::fmt;
use std::sync::Arc;

/// The error of a call.
pub enum Error<E> {
    /// The loader's own error, which all callers of the load share.
    Load(Arc<E>),
    /// The loader panicked.
    Panicked,
    /// The host dropped the load before it was done.
    Dropped,
    /// The loader of a batch brought nothing for this key, or not as many results as keys.
    NotLoaded,
    /// The load took over the policy's `timeout`.
    Timeout,
    /// The circuit breaker is open.
    CircuitOpen {
        /// The time until it may be asked again.
        retry_after: Span,
    },
    /// The rate limit is reached.
    RateLimited {
        /// The time until it may be asked again.
        retry_after: Span,
        /// Loads, or calls, per period.
        limit: u32,
    },
    /// Loads have become slow.
    SlowCalls {
        /// The time until they may be tried again.
        retry_after: Span,
    },
    /// As many loads run as may at once, and as many wait; or it has waited for a place for too long.
    BulkheadFull,
    /// Another instance has been loading it for longer than the policy's `lock` waits.
    LockTimeout {
        /// The time that was waited.
        waited: Span,
    },
    /// The cache was closed.
    Closed,
}

impl<E> Error<E> {
    pub(crate) fn of_load(error: E) -> Self {
        Self::Load(Arc::new(error))
    }

    /// The loader's own error.
    #[must_use]
    pub fn load_error(&self) -> Option<&E> {
        match self {
            Self::Load(error) => Some(error),
            _ => None,
        }
    }

    /// The code by which the npm package names it; `None` for the loader's own.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        Some(match self {
            Self::Load(_) | Self::Panicked | Self::Dropped => return None,
            Self::NotLoaded => "E_CONFIG",
            Self::Timeout => "E_TIMEOUT",
            Self::CircuitOpen { .. } => "E_CIRCUIT_OPEN",
            Self::RateLimited { .. } => "E_RATE_LIMITED",
            Self::SlowCalls { .. } => "E_SLOW_CALLS",
            Self::BulkheadFull => "E_BULKHEAD_FULL",
            Self::LockTimeout { .. } => "E_LOCK_TIMEOUT",
            Self::Closed => "E_CLOSED",
        })
    }

    /// The time until a guard may be asked again, for what guards refuse.
    #[must_use]
    pub fn retry_after(&self) -> Option<Span> {
        match *self {
            Self::CircuitOpen { retry_after }
            | Self::RateLimited { retry_after, .. }
            | Self::SlowCalls { retry_after } => Some(retry_after),
            _ => None,
        }
    }

    pub(super) fn refused(reason: Reason, retry_after: Span) -> Self {
        match reason {
            Reason::CircuitOpen => Self::CircuitOpen { retry_after },
            Reason::RateLimited { limit } => Self::RateLimited { retry_after, limit },
            Reason::SlowCalls => Self::SlowCalls { retry_after },
        }
    }
}

impl<E> Clone for Error<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Load(error) => Self::Load(Arc::clone(error)),
            Self::Panicked => Self::Panicked,
            Self::Dropped => Self::Dropped,
            Self::NotLoaded => Self::NotLoaded,
            Self::Timeout => Self::Timeout,
            &Self::CircuitOpen { retry_after } => Self::CircuitOpen { retry_after },
            &Self::RateLimited { retry_after, limit } => Self::RateLimited { retry_after, limit },
            &Self::SlowCalls { retry_after } => Self::SlowCalls { retry_after },
            Self::BulkheadFull => Self::BulkheadFull,
            &Self::LockTimeout { waited } => Self::LockTimeout { waited },
            Self::Closed => Self::Closed,
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load(error) => f.debug_tuple("Load").field(error).finish(),
            other => fmt::Display::fmt(&Described(other), f),
        }
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load(error) => error.fmt(f),
            other => Described(other).fmt(f),
        }
    }
}

/// The cache's own errors in words.
struct Described<'a, E>(&'a Error<E>);

impl<E> fmt::Display for Described<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wait = self.0.retry_after().unwrap_or(Span::ZERO).as_millis();
        match self.0 {
            Error::Load(_) => f.write_str("the load failed"),
            Error::Panicked => f.write_str("the loader panicked"),
            Error::Dropped => f.write_str("the host dropped the load"),
            Error::NotLoaded => f.write_str("the loader of a batch brought no result for the key"),
            Error::Timeout => f.write_str("the load took over its timeout"),
            Error::CircuitOpen { .. } => write!(f, "the circuit breaker is open for {wait} ms"),
            Error::RateLimited { limit, .. } => {
                write!(f, "the rate limit of {limit} is reached for {wait} ms")
            }
            Error::SlowCalls { .. } => write!(f, "loads have become slow; wait for {wait} ms"),
            Error::BulkheadFull => f.write_str("as many loads run and wait as may at once"),
            Error::LockTimeout { waited } => {
                let waited = waited.as_millis();
                write!(
                    f,
                    "another instance has been loading it for over {waited} ms"
                )
            }
            Error::Closed => f.write_str("the cache is closed"),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for Error<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Load(error) => error.source(),
            _ => None,
        }
    }
}

/// The reason for an answer that is not the origin's value.
#[derive(Debug)]
pub enum Cause<V, E> {
    /// The load, or a guard, failed with this.
    Error(Error<E>),
    /// The loader returned this, and [`fail_if`](super::CachePolicy::fail_if) called it a failure.
    Result(V),
}

impl<V: Clone, E> Clone for Cause<V, E> {
    fn clone(&self) -> Self {
        match self {
            Self::Error(error) => Self::Error(error.clone()),
            Self::Result(value) => Self::Result(value.clone()),
        }
    }
}
