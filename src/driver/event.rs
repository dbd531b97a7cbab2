//! Events of a cache.

use super::bounds::{MaybeSend, MaybeSync};
use super::error::{Cause, Error};

/// An event of a key: those of the npm package that concern memory.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a, V, E> {
    /// A fresh entry answered.
    Hit,
    /// A stale entry answered.
    Stale,
    /// There was no entry that may answer.
    Miss,
    /// A load began for a caller who waits.
    Load,
    /// A load began in the background.
    Refresh,
    /// A load failed.
    LoadError(&'a Cause<V, E>),
    /// An entry answered because the load is slow.
    Failover,
    /// An entry answered because the load failed or was refused, or because loads wait for a retry
    /// (then without a cause if that is no longer known).
    ErrorFallback(Option<&'a Cause<V, E>>),
    /// A guard refused a load or a call.
    Reject(&'a Error<E>),
}

impl<V, E> Event<'_, V, E> {
    /// Its name in the npm package.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Stale => "stale",
            Self::Miss => "miss",
            Self::Load => "load",
            Self::Refresh => "refresh",
            Self::LoadError(_) => "load-error",
            Self::Failover => "failover",
            Self::ErrorFallback(_) => "error-fallback",
            Self::Reject(_) => "reject",
        }
    }
}

/// Hears events. It is called without the cache's lock and may use the cache.
pub(super) trait Listen<K, V, E>: Fn(&K, Event<'_, V, E>) + MaybeSend + MaybeSync {}
impl<K, V, E, F: Fn(&K, Event<'_, V, E>) + MaybeSend + MaybeSync> Listen<K, V, E> for F {}
