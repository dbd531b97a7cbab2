//! The keys that were dropped, for requests that go by a record of variants: with the record its
//! variants are over, wherever they are.

use crate::driver::{Drops, Fences};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The drops of a cache as numbers: those made here, and those that other instances told of.
#[derive(Debug, Default)]
pub(super) struct KeyDrops(Mutex<Fences<Arc<str>>>);

impl KeyDrops {
    fn fences(&self) -> MutexGuard<'_, Fences<Arc<str>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the last one.
    pub(super) fn last(&self) -> u64 {
        self.fences().last()
    }

    /// True if a key was dropped after that number; or may have been, for it is not known.
    pub(super) fn is_outdated(&self, key: &str, since: u64) -> bool {
        self.fences().is_outdated(key, since)
    }
}

/// Has the drops of a cache noted.
pub(super) struct Noting(pub(super) Arc<KeyDrops>);

impl Drops<Arc<str>> for Noting {
    fn note(&self, key: &Arc<str>) {
        self.0.fences().raise(key);
    }

    fn note_named(&self, key: &str) {
        self.0.fences().raise(&Arc::from(key));
    }

    fn note_all(&self) {
        self.0.fences().raise_all();
    }
}
