//! Answers of calls, and their sources.

use super::error::Cause;
use crate::time::Span;
use std::sync::Arc;

/// The source of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A fresh entry.
    Hit,
    /// A fresh entry for a key that has no value: see
    /// [`negative_ttl`](super::CachePolicy::negative_ttl).
    Negative,
    /// A stale entry, while a load refreshes it or will soon.
    Stale,
    /// A load that this caller led.
    Load,
    /// A load that another caller led.
    Coalesced,
    /// An entry, because the load was slow.
    Failover,
    /// An entry, or what `on_reject` gave, because the load failed or was refused.
    ErrorFallback,
}

impl Source {
    /// Its name in the npm package, in events and in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Negative => "negative",
            Self::Stale => "stale",
            Self::Load => "load",
            Self::Coalesced => "coalesced",
            Self::Failover => "failover",
            Self::ErrorFallback => "error-fallback",
        }
    }
}

/// A value and where it came from.
#[derive(Debug)]
pub struct Answer<V, E> {
    /// The value.
    pub value: V,
    /// Its source.
    pub source: Source,
    /// The age of the entry that answered; zero if none did.
    pub age: Span,
    /// The `ttl` that the entry has; zero if the value was not stored.
    pub ttl: Span,
    /// The name of the store that had it; `None` for the memory and for what was loaded.
    pub tier: Option<Arc<str>>,
    /// Error of the origin, for [`Source::ErrorFallback`].
    pub cause: Option<Cause<V, E>>,
}

impl<V: Clone, E> Clone for Answer<V, E> {
    fn clone(&self) -> Self {
        Self {
            value: self.value.clone(),
            source: self.source,
            age: self.age,
            ttl: self.ttl,
            tier: self.tier.clone(),
            cause: self.cause.clone(),
        }
    }
}

/// The age and the `ttl` of an entry.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    pub(crate) age: Span,
    pub(crate) ttl: Span,
}
