//! A load as the code that makes it sees it.

use super::flight::Flight;
#[cfg(feature = "tower")]
use super::flight::{Brought, Outcome};
use super::host::LoadContext;
#[cfg(feature = "tower")]
use super::{
    bounds::{Failure, Key, Value},
    cache::Cache,
    stamps::Begun,
};
#[cfg(feature = "tower")]
use crate::fence::Fence;
use std::sync::Arc;

/// A load that was given to its loader.
pub(crate) struct Leading<V, E> {
    pub(crate) context: LoadContext,
    #[cfg_attr(
        not(feature = "tower"),
        expect(dead_code, reason = "only loads of HTTP answer before they end")
    )]
    flight: Arc<Flight<V, E>>,
}

impl<V, E> Leading<V, E> {
    pub(super) fn new(flight: &Arc<Flight<V, E>>) -> Self {
        let context = LoadContext {
            cancel: Arc::clone(&flight.cancel),
            background: flight.background,
        };
        Self {
            context,
            flight: Arc::clone(flight),
        }
    }
}

/// The beginning of a load: invalidations of tags since then concern what it brings.
#[cfg(feature = "tower")]
#[derive(Clone)]
pub(crate) struct Beginning {
    fence: Fence,
    begun: Begun,
}

#[cfg(feature = "tower")]
impl Beginning {
    /// Has a flight count as begun then.
    pub(super) fn apply<V, E>(&self, flight: &Flight<V, E>)
    where
        V: Clone,
    {
        let mut course = flight.course();
        course.beginning = Some(self.fence);
        course.begun = self.begun.clone();
    }
}

#[cfg(feature = "tower")]
impl<V: Value, E: Failure> Leading<V, E> {
    /// The beginning of this load.
    pub(crate) fn beginning(&self) -> Beginning {
        Beginning {
            fence: self.flight.tagged_since(),
            begun: self.flight.course().begun.clone(),
        }
    }

    /// Its caller has an answer before it ends: it goes on when nobody waits, for as long as it
    /// takes.
    pub(crate) fn begun(&self) {
        let mut course = self.flight.course();
        course.has_begun = true;
        course.anchored = true;
    }

    /// It is about to end: who waits for what is on its way to the stores waits for it, too.
    pub(crate) fn ends<K: Key>(&self, cache: &Cache<K, V, E>) {
        let lower = cache.shared.lower.as_ref();
        let working = lower.map(|lower| lower.begin_work());
        self.flight.course().working = working;
    }

    /// Gives those who only joined, now and later, this value instead of what it brings.
    pub(crate) fn dismiss(&self, value: V) {
        self.flight.dismiss(&Outcome::Value(Brought {
            value,
            source: super::answer::Source::Load,
            times: super::answer::Times::default(),
            tier: None,
            cause: None,
        }));
    }
}
