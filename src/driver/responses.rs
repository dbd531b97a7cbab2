//! The parts of a cache that a cache of HTTP needs besides calls: entries as they are, calls whose
//! leader may be answered before they end, and requests that are no loads.

use super::answer::{Answer, Times};
use super::below::Delivery;
use super::bounds::{Failure, Key, MaybeSend, Value};
use super::bulkhead::Place;
use super::cache::{Bound, Cache};
use super::calling::Request;
use super::error::{Cause, Error};
use super::event::Event;
use super::function::{Loading, Thunk};
use super::guards::{Admission, refusal};
use super::host::Host;
use super::landing::times_of;
use super::leading::{Beginning, Leading};
use super::state::State;
use crate::guard::Outcome as Went;
use crate::memory::SlotId;
use crate::strategy::ttl::State as Good;
use crate::time::Timestamp;
use futures::future::{Either, select};
use std::boxed::Box;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

/// An entry as it is now.
pub(crate) struct Held<V> {
    pub(crate) value: V,
    pub(crate) times: Times,
    /// Dead for one that is kept to be validated.
    pub(crate) state: Good,
}

/// The manner of a call.
#[derive(Clone, Default)]
pub(crate) struct Manner {
    /// It loads whatever there is.
    pub(crate) is_refresh: bool,
    /// It waits for no load but its own.
    pub(crate) waits_for_none: bool,
    /// The beginning of the load that brought what it only keeps.
    pub(crate) beginning: Option<Beginning>,
}

impl<K: Key, V: Value, E: Failure> Cache<K, V, E> {
    pub(crate) fn host(&self) -> &Arc<dyn Host> {
        &self.shared.host
    }

    /// Serves a fresh entry that is `wanted`, if there is nothing to decide and nothing else to do.
    pub(crate) fn hit(
        &self,
        key: &K,
        bound: &Bound<K, V, E>,
        wanted: impl FnOnce(&V) -> bool,
    ) -> Option<(V, Times)> {
        if bound.rules.counts_calls {
            return None;
        }
        let now = self.shared.host.now();
        let answer = {
            let mut state = self.shared.lock();
            let slot = state.slot(key)?;
            let is_wanted = wanted(state.content(slot)?.as_ref().ok()?);
            if !is_wanted || !state.machine.serve_at_once(slot, bound.id, now) {
                return None;
            }
            let value = state.content(slot)?.as_ref().ok()?.clone();
            (value, times_of(&mut state, slot, now))
        };
        self.shared.tell(key, Event::Hit);
        Some(answer)
    }

    /// The entry of a key in memory, also one that is kept only to be validated.
    pub(crate) fn held(&self, key: &K) -> Option<Held<V>> {
        let now = self.shared.host.now();
        let mut state = self.shared.lock();
        let slot = state.slot(key)?;
        held_in(&mut state, slot, now)
    }

    /// The same, in stores, too.
    pub(crate) async fn find(&self, key: &K) -> Option<Held<V>> {
        if let Some(held) = self.held(key) {
            return Some(held);
        }
        let (lower, name) = self.shared.below(key)?;
        self.shared.hear().await;
        let found = lower.read(&name).await?;
        let ttl = found.lifetime.ttl;
        Some(Held {
            value: found.value,
            times: Times {
                age: found.age,
                ttl,
            },
            state: found.lifetime.state(found.age),
        })
    }

    /// Makes a call.
    pub(crate) async fn call(
        self,
        key: K,
        bound: Arc<Bound<K, V, E>>,
        manner: Manner,
        load: impl FnOnce(Leading<V, E>) -> Loading<V, E> + MaybeSend + 'static,
    ) -> Result<Answer<V, E>, Error<E>> {
        let mut load: Option<Thunk<V, E>> = Some(Box::new(load));
        let mut request = Request::new(&self.shared, &bound, &key);
        request.waits_for_none = manner.waits_for_none;
        request.beginning = manner.beginning;
        if manner.is_refresh {
            request = request.refresh();
        }
        request.answer(|| load.take()).await
    }

    /// True if an entry that was looked up may answer for this failure; it is counted and told then.
    pub(crate) fn stands_in(&self, key: &K, bound: &Bound<K, V, E>, cause: &Cause<V, E>) -> bool {
        if !bound.rules.may_stand_in(cause) {
            return false;
        }
        self.shared.lock().machine.count_error_fallback(bound.id);
        self.shared.tell(key, Event::ErrorFallback(Some(cause)));
        true
    }

    /// Drops keys, here and in every store.
    pub(crate) fn invalidate_each(&self, keys: impl IntoIterator<Item = K>) -> Delivery {
        Delivery::all(keys.into_iter().map(|key| self.invalidate(&key)))
    }

    /// True if there are stores below the memory.
    pub(crate) fn has_stores(&self) -> bool {
        self.shared.lower.is_some()
    }

    /// Asks the limit on calls about one that no call of the machine answers.
    pub(crate) fn admit_call(&self, key: &K, bound: &Arc<Bound<K, V, E>>) -> Result<(), Error<E>> {
        let admitted = Request::new(&self.shared, bound, key).admit_call();
        if let Err(error) = &admitted {
            self.shared.tell(key, Event::Reject(error));
        }
        admitted
    }

    /// Asks an origin for this caller alone, and stores nothing: guards admit or refuse it and are
    /// told how it went, and `timeout` holds.
    pub(crate) async fn ask<T>(
        &self,
        key: &K,
        bound: &Arc<Bound<K, V, E>>,
        asking: impl Future<Output = Result<T, E>>,
        has_failed: impl FnOnce(&T) -> bool,
    ) -> Result<T, Error<E>> {
        self.admit_call(key, bound)?;
        // Given back last, whatever becomes of the request.
        let _place = match Place::take(&self.shared, bound).await {
            Ok(place) => place,
            Err(error) => {
                self.shared.tell(key, Event::Reject(&error));
                return Err(error);
            }
        };
        let mut asked = Admitted::new(self, key, bound)?;
        let asking = pin!(asking);
        let result = match bound.rules.policy.timeout() {
            None => asking.await,
            Some(span) => match select(asking, self.shared.host.sleep(span)).await {
                Either::Left((result, _)) => result,
                Either::Right(_) => {
                    asked.record(Went::Failure);
                    return Err(Error::Timeout);
                }
            },
        };
        let failed = result.as_ref().map_or(true, has_failed);
        asked.record(if failed { Went::Failure } else { Went::Success });
        result.map_err(|error| Error::Load(Arc::new(error)))
    }
}

fn held_in<K: Key, V: Value, E: Failure>(
    state: &mut State<K, V, E>,
    slot: SlotId,
    now: Timestamp,
) -> Option<Held<V>> {
    if !state.machine.is_kept(slot, now) {
        return None;
    }
    let good = state.machine.state(slot, now)?;
    let times = times_of(state, slot, now);
    let value = state.content(slot)?.as_ref().ok()?.clone();
    Some(Held {
        value,
        times,
        state: good,
    })
}

/// A request that guards admitted. One that is dropped says nothing of its origin.
struct Admitted<'a, K: Key, V: Value, E: Failure> {
    cache: &'a Cache<K, V, E>,
    bound: &'a Bound<K, V, E>,
    key: &'a K,
    admission: Option<Admission>,
}

impl<'a, K: Key, V: Value, E: Failure> Admitted<'a, K, V, E> {
    fn new(
        cache: &'a Cache<K, V, E>,
        key: &'a K,
        bound: &'a Bound<K, V, E>,
    ) -> Result<Self, Error<E>> {
        let mut admission = None;
        if bound.rules.counts_loads
            && let Some(mut guards) = bound.guards()
        {
            let wall = cache.shared.host.now();
            let now = cache.shared.observe(wall);
            let lease = bound.rules.policy.lease();
            let admitted = guards.admit(key, lease, now, wall);
            drop(guards);
            match admitted {
                Ok(admitted) => admission = Some(admitted),
                Err(refused) => {
                    let error = refusal(&refused, now);
                    cache.shared.tell(key, Event::Reject(&error));
                    return Err(error);
                }
            }
        }
        Ok(Self {
            cache,
            bound,
            key,
            admission,
        })
    }

    fn record(&mut self, went: Went) {
        let Some(admission) = self.admission.take() else {
            return;
        };
        let wall = self.cache.shared.host.now();
        let now = self.cache.shared.observe(wall);
        if let Some(mut guards) = self.bound.guards() {
            guards.record(self.key, &admission, went, now, wall);
        }
    }
}

impl<K: Key, V: Value, E: Failure> Drop for Admitted<'_, K, V, E> {
    fn drop(&mut self) {
        self.record(Went::Ignored);
    }
}
