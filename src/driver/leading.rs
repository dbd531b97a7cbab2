//! A load as the code that makes it sees it.

use super::flight::Flight;
#[cfg(feature = "tower")]
use super::flight::{Brought, Outcome};
use super::host::LoadContext;
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

#[cfg(feature = "tower")]
impl<V: Clone, E> Leading<V, E> {
    /// Its caller has an answer before it ends: it goes on when nobody waits, for as long as it
    /// takes.
    pub(crate) fn begun(&self) {
        let mut course = self.flight.course();
        course.has_begun = true;
        course.anchored = true;
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
