//! Building a cache.

use super::below::LowerStores;
use super::bounds::{Failure, Key, MaybeSend, MaybeSync, Value, opaque};
use super::cache::{Cache, Drops, Shared, Weigh};
use super::event::{Event, Listen};
use super::host::Host;
use super::state::State;
use super::stores::Stores;
use super::waiting::{LookFirst, look_first};
use crate::call::CallMachine;
use crate::memory::{Eviction, Limits};
use crate::time::Span;
use std::boxed::Box;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

/// The options of a cache.
#[must_use]
pub struct CacheBuilder<K: Key, V: Value, E: Failure> {
    host: Arc<dyn Host>,
    max_entries: u32,
    eviction: Eviction,
    max_bytes: u64,
    weigh: Option<Box<dyn Weigh<K, V>>>,
    listener: Option<Box<dyn Listen<K, V, E>>>,
    lower: Option<Box<dyn LowerStores<K, V>>>,
    look: Option<LookFirst<K, V, E>>,
    memory_ttl: Span,
    drops: Option<Box<dyn Drops<K>>>,
}

impl<K: Key, V: Value, E: Failure> CacheBuilder<K, V, E> {
    pub(super) fn new(host: Arc<dyn Host>) -> Self {
        Self {
            host,
            max_entries: 10_000,
            eviction: Eviction::Lru,
            max_bytes: u64::MAX,
            weigh: None,
            listener: None,
            lower: None,
            look: None,
            memory_ttl: Span::FOREVER,
            drops: None,
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

    /// The stores below the memory: see [`Stores`]. Default: none.
    pub fn stores(mut self, stores: Stores<K, V>) -> Self {
        self.lower = stores.open(&self.host);
        self.look = self
            .lower
            .as_ref()
            .map(|_| look_first as LookFirst<K, V, E>);
        self
    }

    /// Sets which entry goes when the memory is full. Default: the least recently used.
    pub const fn eviction(mut self, eviction: Eviction) -> Self {
        self.eviction = eviction;
        self
    }

    /// The longest time that the memory serves what stores below it have: past it they are asked
    /// again, for others may have changed it. Default: as long as entries are good.
    pub fn memory_ttl(mut self, most: impl Into<Span>) -> Self {
        self.memory_ttl = most.into();
        self
    }

    /// Hears which keys were dropped.
    #[cfg(feature = "tower")]
    pub(crate) fn on_drop(mut self, drops: impl Drops<K> + 'static) -> Self {
        self.drops = Some(Box::new(drops));
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
        let mut machine = CallMachine::new(Limits {
            max_entries: self.max_entries,
            max_bytes: self.max_bytes,
        });
        machine.evict_by(self.eviction);
        if self.lower.is_some() {
            machine.limit_ttl(self.memory_ttl);
        }
        let shared = Shared {
            lower: self.lower,
            look: self.look,
            drops: self.drops,
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

opaque! { CacheBuilder<K: Key, V: Value, E: Failure> }
