//! The cache: its entries, and the functions it wraps.

use super::answer::Source;
use super::below::LowerStores;
use super::bounds::{Failure, Key, MaybeSend, MaybeSync, Value, opaque};
use super::builder::CacheBuilder;
use super::calling::Request;
use super::error::Error;
use super::event::{Event, Listen};
use super::function::{Function, Loading, Thunk};
use super::guards::PolicyGuards;
use super::host::{Host, LoadContext};
use super::locks::NO_STORE;
use super::policy::CachePolicy;
use super::rules::Rules;
use super::state::{Locked, State, lock};
use super::waiting::LookFirst;
use crate::call::{Counters, PolicyId};
use crate::config_error::ConfigError;
use crate::strategy::ttl::State as Good;
use crate::time::Timestamp;
use futures::TryFutureExt;
use std::boxed::Box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::vec::Vec;

/// Says what a value weighs.
pub(super) trait Weigh<K, V>: Fn(&K, &V) -> u32 + MaybeSend + MaybeSync {}
impl<K, V, F: Fn(&K, &V) -> u32 + MaybeSend + MaybeSync> Weigh<K, V> for F {}

/// Hears which keys were dropped, or written past their loads. The cache is locked.
pub(crate) trait Drops<K>: MaybeSend + MaybeSync {
    fn note(&self, key: &K);
    /// The same, of a key as other instances name it.
    #[cfg_attr(
        not(feature = "json"),
        expect(dead_code, reason = "no other instance is heard")
    )]
    fn note_named(&self, key: &str);
    /// Any may have been.
    fn note_all(&self);
}

/// A cache of values by key. Clones are the same cache.
///
/// `V` is cloned for each caller: put large values into an [`Arc`]. `E` is what loads fail with; it
/// need not be `Clone`.
pub struct Cache<K: Key, V: Value, E: Failure> {
    pub(super) shared: Arc<Shared<K, V, E>>,
}

impl<K: Key, V: Value, E: Failure> Clone for Cache<K, V, E> {
    fn clone(&self) -> Self {
        let shared = Arc::clone(&self.shared);
        Self { shared }
    }
}

/// The state that all clones of a cache share.
pub(super) struct Shared<K: Key, V: Value, E: Failure> {
    pub(super) state: Mutex<State<K, V, E>>,
    pub(super) host: Arc<dyn Host>,
    pub(super) weigh: Option<Box<dyn Weigh<K, V>>>,
    pub(super) listener: Option<Box<dyn Listen<K, V, E>>>,
    pub(super) lower: Option<Box<dyn LowerStores<K, V>>>,
    /// The beginning of loads where there are stores.
    pub(super) look: Option<LookFirst<K, V, E>>,
    /// Hears which keys were dropped, here or by another instance.
    pub(super) drops: Option<Box<dyn Drops<K>>>,
    pub(super) is_closed: AtomicBool,
}

impl<K: Key, V: Value, E: Failure> Shared<K, V, E> {
    pub(super) fn lock(&self) -> Locked<'_, K, V, E> {
        lock(&self.state)
    }

    /// The time that never runs back, at the host's `now`.
    pub(super) fn observe(&self, now: Timestamp) -> Timestamp {
        self.lock().machine.observe(now)
    }

    /// Tells an event. Nothing may be locked. A listener that panics fails no call.
    #[inline]
    pub(super) fn tell(&self, key: &K, event: Event<'_, V, E>) {
        if let Some(listener) = &self.listener {
            let _ = catch_unwind(AssertUnwindSafe(|| listener(key, event)));
        }
    }

    /// The stores, and what they call a key; `None` without any, or if its name cannot be made.
    /// Nothing may be locked.
    pub(super) fn below(&self, key: &K) -> Option<(&dyn LowerStores<K, V>, Arc<str>)> {
        let lower = self.lower.as_deref()?;
        Some((lower, lower.name(key)?))
    }

    /// Notes drops, while the cache is locked.
    pub(super) fn note_drop(&self, note: impl FnOnce(&dyn Drops<K>)) {
        if let Some(drops) = &self.drops {
            note(&**drops);
        }
    }

    /// Drops all values of the memory.
    pub(super) fn drop_all(&self) {
        let mut state = self.lock();
        self.note_drop(|drops| drops.note_all());
        let keys: Vec<K> = state.keys().cloned().collect();
        for key in keys {
            let slot = state.slot(&key);
            state.machine.invalidate(slot);
        }
        // Loads of keys that have no slot any more.
        state.machine.invalidate(None);
        state.drain();
    }

    /// Weighs a value. One that cannot be weighed is too heavy.
    pub(super) fn weigh(&self, key: &K, value: &V) -> u32 {
        let Some(weigh) = &self.weigh else { return 0 };
        catch_unwind(AssertUnwindSafe(|| weigh(key, value))).unwrap_or(u32::MAX)
    }
}

/// A checked policy of a cache: see [`Cache::policy`].
pub struct Bound<K: Key, V: Value, E: Failure> {
    pub(super) id: PolicyId,
    pub(super) rules: Rules<K, V, E>,
    shared: Weak<Shared<K, V, E>>,
}

impl<K: Key, V: Value, E: Failure> Bound<K, V, E> {
    /// The guards; `None` without any.
    pub(super) fn guards(&self) -> Option<MutexGuard<'_, Box<dyn PolicyGuards<K>>>> {
        let guards = self.rules.guards.as_ref()?.lock();
        Some(guards.unwrap_or_else(PoisonError::into_inner))
    }
}

impl<K: Key, V: Value, E: Failure> Drop for Bound<K, V, E> {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.lock().machine.remove_policy(self.id);
        }
    }
}

/// The contents of a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Entries.
    pub entries: u32,
    /// Their weight.
    pub bytes: u64,
    /// Loads that run.
    pub loads: usize,
}

impl<K: Key, V: Value, E: Failure> Cache<K, V, E> {
    /// Begins a cache on this host.
    pub fn builder(host: impl Host) -> CacheBuilder<K, V, E> {
        CacheBuilder::new(Arc::new(host))
    }

    /// Checks a policy, for [`Cache::get_or_load`]. Its guards are shared by all who use it.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the option and what is allowed.
    pub fn policy(&self, policy: CachePolicy<K, V, E>) -> Result<Arc<Bound<K, V, E>>, ConfigError> {
        let rules = Rules::compile(policy)?;
        let lower = self.shared.lower.as_ref();
        if rules.lock.is_some() && lower.is_none_or(|lower| !lower.keeps_locks()) {
            return Err(NO_STORE);
        }
        let id = self.shared.lock().machine.add_policy(rules.policy);
        let shared = Arc::downgrade(&self.shared);
        Ok(Arc::new(Bound { id, rules, shared }))
    }

    /// Wraps a function of a key.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the option and what is allowed.
    pub fn wrap<F, R>(
        &self,
        policy: CachePolicy<K, V, E>,
        loader: F,
    ) -> Result<Function<K, V, E>, ConfigError>
    where
        F: Fn(K, LoadContext) -> R + MaybeSend + MaybeSync + 'static,
        R: Future<Output = Result<V, E>> + MaybeSend + 'static,
    {
        let bound = self.policy(policy)?;
        let boxed = move |key, context| -> Loading<V, E> {
            Box::pin(loader(key, context).map_err(Error::of_load))
        };
        Ok(Function::new(self.clone(), bound, Arc::new(boxed)))
    }

    /// The value of `key`, which `loader` brings if there is none.
    ///
    /// # Errors
    /// The load's, when no entry may answer instead.
    pub async fn get_or_load<F, R>(
        &self,
        key: &K,
        policy: &Arc<Bound<K, V, E>>,
        loader: F,
    ) -> Result<V, Error<E>>
    where
        F: FnOnce(LoadContext) -> R + MaybeSend + 'static,
        R: Future<Output = Result<V, E>> + MaybeSend + 'static,
    {
        if let Some(value) = self.shared.hit(key, policy) {
            return Ok(value);
        }
        let mut loader = Some(loader);
        let load = move || -> Option<Thunk<V, E>> {
            let loader = loader.take()?;
            Some(Box::new(move |leading| {
                Box::pin(loader(leading.context).map_err(Error::of_load))
            }))
        };
        let request = Request::new(&self.shared, policy, key);
        Ok(request.answer(load).await?.value)
    }

    /// The value of `key` while it may answer, fresh or stale; `None` without one. Nothing is
    /// loaded, counted or made recent.
    #[must_use]
    pub fn peek(&self, key: &K) -> Option<V> {
        let now = self.shared.host.now();
        let mut state = self.shared.lock();
        let slot = state.slot(key)?;
        let good = state.machine.state(slot, now)?;
        let content = state.content(slot).filter(|_| Good::is_servable(good))?;
        content.as_ref().ok().cloned()
    }

    /// The contents now.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let state = self.shared.lock();
        let memory = state.machine.memory();
        Stats {
            entries: memory.entries(),
            bytes: memory.bytes(),
            loads: state.machine.flights(),
        }
    }

    /// The counts of a policy.
    #[must_use]
    pub fn counters(&self, policy: &Bound<K, V, E>) -> Counters {
        *self.shared.lock().machine.counters(policy.id)
    }

    /// Answers no more calls: they fail with [`Error::Closed`].
    pub fn close(&self) {
        self.shared.is_closed.store(true, Ordering::Release);
        #[cfg(feature = "json")]
        if let Some(lower) = &self.shared.lower {
            lower.hear_no_more();
        }
    }
}

impl<K: Key, V: Value, E: Failure> Shared<K, V, E> {
    /// Serves a fresh entry, if there is nothing to decide and nothing else to do: as for most
    /// calls, which are spared the making of an answer.
    #[inline]
    pub(super) fn hit(&self, key: &K, bound: &Bound<K, V, E>) -> Option<V> {
        if bound.rules.counts_calls || self.is_closed.load(Ordering::Acquire) {
            return None;
        }
        let now = self.host.now();
        let value = {
            let mut state = self.lock();
            let slot = state.slot(key)?;
            let is_value = state.content(slot)?.is_ok();
            if !is_value || !state.machine.serve_at_once(slot, bound.id, now) {
                return None;
            }
            state.content(slot)?.as_ref().ok()?.clone()
        };
        self.tell(key, Event::Hit);
        Some(value)
    }

    /// The name of a hit: values that mean that there is none have their own.
    pub(super) fn source_of_hit(rules: &Rules<K, V, E>, value: &V) -> Source {
        if rules.is_nothing(value) {
            Source::Negative
        } else {
            Source::Hit
        }
    }
}

opaque! { Cache<K: Key, V: Value, E: Failure> Bound<K: Key, V: Value, E: Failure> }
