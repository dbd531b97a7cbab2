//! Building a cache.

use super::bounds::{Failure, Key, MaybeSend, MaybeSync, Value, opaque};
use super::cache::{Cache, Shared, Weigh};
use super::event::{Event, Listen};
use super::host::Host;
use super::state::State;
use crate::call::CallMachine;
use crate::memory::Limits;
use std::boxed::Box;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

/// The options of a cache.
#[must_use]
pub struct CacheBuilder<K, V, E> {
    host: Arc<dyn Host>,
    max_entries: u32,
    max_bytes: u64,
    weigh: Option<Box<dyn Weigh<K, V>>>,
    listener: Option<Box<dyn Listen<K, V, E>>>,
}

impl<K: Key, V: Value, E: Failure> CacheBuilder<K, V, E> {
    pub(super) fn new(host: Arc<dyn Host>) -> Self {
        Self {
            host,
            max_entries: 10_000,
            max_bytes: u64::MAX,
            weigh: None,
            listener: None,
        }
    }

    /// The most entries; the least recently used one makes room. Default 10,000.
    pub fn max_entries(mut self, max: u32) -> Self {
        self.max_entries = max;
        self
    }

    /// The most that entries weigh together, as `weigh` says. Default: no limit.
    pub fn max_bytes(
        mut self,
        max: u64,
        weigh: impl Fn(&K, &V) -> u32 + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.max_bytes = max;
        self.weigh = Some(Box::new(weigh));
        self
    }

    /// Hears what happens, without the cache's lock: keep it short, as callers wait for it.
    pub fn on_event(
        mut self,
        listener: impl Fn(&K, Event<'_, V, E>) + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.listener = Some(Box::new(listener));
        self
    }

    /// Makes the cache.
    #[must_use]
    pub fn build(self) -> Cache<K, V, E> {
        let machine = CallMachine::new(Limits {
            max_entries: self.max_entries,
            max_bytes: self.max_bytes,
        });
        let shared = Shared {
            state: Mutex::new(State::new(machine)),
            host: self.host,
            weigh: self.weigh,
            listener: self.listener,
            is_closed: AtomicBool::new(false),
        };
        Cache {
            shared: Arc::new(shared),
        }
    }
}

opaque! { CacheBuilder<K, V, E> }
