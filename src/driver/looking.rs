//! Looking into the stores before a load, and what is found there.

use super::answer::{Source, Times};
use super::bounds::{Failure, Key, Value};
use super::flight::{Brought, Flight, Outcome, Purpose, Spare};
use super::landing::{Load, times_of};
use super::reading::Found;
use super::state::State;
use crate::call::{self, Arrival, Kept, Landed, Served, Verdict};
use crate::memory::SlotId;
use crate::time::Timestamp;
use futures::future::{Either, select};
use std::pin::pin;
use std::sync::Arc;

/// The next step of a load.
pub(super) enum Looked<V, E> {
    /// Its callers have their answer, or there are none any more.
    Over,
    /// The loader is called.
    Nothing,
    /// Its callers have their answer, and the load goes on as this flight.
    GoesOn(Arc<Flight<V, E>>),
}

impl<K: Key, V: Value, E: Failure> Load<K, V, E> {
    /// The load, as another flight.
    pub(super) fn with(&self, flight: Arc<Flight<V, E>>) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            bound: Arc::clone(&self.bound),
            key: self.key.clone(),
            flight,
        }
    }

    /// Asks the stores.
    pub(super) async fn look(&self) -> Looked<V, E> {
        let Some((lower, name)) = self.shared.below(&self.key) else {
            return Looked::Nothing;
        };
        let asking = async {
            self.note_name(&name);
            self.shared.hear().await;
            lower.read(&name).await
        };
        let stopped = pin!(Arc::clone(&self.flight.stop).cancelled());
        let found = match select(pin!(asking), stopped).await {
            Either::Left((found, _)) => found,
            Either::Right(_) if !self.bound.rules.keeps_loading => return Looked::Over,
            Either::Right(((), reading)) => reading.await,
        };
        match found {
            Some(found) => self.use_found(&name, found),
            None => Looked::Nothing,
        }
    }

    /// Remembers by which name other instances call the key.
    pub(super) fn note_name(&self, name: &Arc<str>) {
        let mut state = self.shared.lock();
        self.shared.note_name(&mut state, &self.key, name);
    }

    /// Leads from now on, after it has waited; false when nobody waits for it any more.
    pub(super) fn renew(&self) -> bool {
        let now = self.shared.host.now();
        let mut state = self.shared.lock();
        if self.flight.course().over {
            return false;
        }
        if let Some(slot) = state.slot(&self.key) {
            state.machine.started(slot, self.flight.fence, now);
        }
        true
    }

    /// Reports an entry of a store, and tells those who wait what it means for them.
    pub(super) fn use_found(&self, name: &Arc<str>, found: Found<V>) -> Looked<V, E> {
        // First: it is the user's, and may do anything.
        let size = self.shared.weigh(&self.key, &found.value);
        let looked = self.looked(&found, size);
        let now = self.shared.host.now();
        let mut state = self.shared.lock();
        self.flight.course().may_be_below = true;
        let known = state.slot(&self.key);
        if self.flight.course().over || (known.is_none() && !self.flight.is_beside) {
            return Looked::Nothing;
        }
        // Why the last load failed: who is served until the next one is told.
        let place = known.and_then(|slot| state.place(slot));
        let failure = place.and_then(|place| place.failure.clone());
        let verdict = self.verdict(&mut state, name, &looked, now);
        let Some(mut brought) = self.brought(&mut state, &verdict, &found, now) else {
            state.drain();
            return Looked::Nothing;
        };
        let looked = match verdict.found {
            call::Found::Serve(served) => {
                brought.source = source_of(served);
                brought.cause = failure.filter(|_| served == Served::ErrorFallback);
                state.unlead(known, &self.flight, None);
                self.flight.course().over = true;
                Looked::Over
            }
            call::Found::ServeAndLoad(served) => {
                brought.source = source_of(served);
                Looked::GoesOn(self.go_on(&mut state, verdict.slot))
            }
            call::Found::Load { .. } => {
                self.flight.course().spare = verdict.is_spare.then(|| found.spare(now));
                state.drain();
                return Looked::Nothing;
            }
        };
        state.drain();
        drop(state);
        self.flight.tell(&Outcome::Value(brought));
        looked
    }

    /// Asks the machine what was found means; the key has its slot afterwards.
    fn verdict(
        &self,
        state: &mut State<K, V, E>,
        name: &Arc<str>,
        looked: &call::Looked,
        now: Timestamp,
    ) -> Verdict {
        let known = state.slot(&self.key);
        let (fence, policy) = (self.flight.fence, self.bound.id);
        let verdict = state.machine.looked_up(known, fence, policy, looked, now);
        if let (None, Some(slot)) = (known, verdict.slot) {
            state.adopt(slot, &self.key);
        }
        self.shared.note_name(state, &self.key, name);
        verdict
    }

    fn looked(&self, found: &Found<V>, size: u32) -> call::Looked {
        let has_early = self.bound.rules.policy.early().is_some();
        let lifetime = found.lifetime;
        call::Looked {
            arrival: Arrival { lifetime, size },
            age: found.age,
            roll: if has_early {
                self.shared.host.roll()
            } else {
                0.5
            },
            is_background: self.flight.background,
            is_beside: self.flight.is_beside,
            is_unheard: false,
        }
    }

    /// Keeps it, and gives what callers get of it; `None` for a failure that is remembered instead.
    fn brought(
        &self,
        state: &mut State<K, V, E>,
        verdict: &Verdict,
        found: &Found<V>,
        now: Timestamp,
    ) -> Option<Brought<V, E>> {
        let own = Times {
            age: found.age,
            ttl: found.lifetime.ttl,
        };
        let (value, times) = match (verdict.kept, verdict.slot) {
            (Kept::Held, Some(slot)) => {
                let value = state.content(slot)?.as_ref().ok()?.clone();
                (value, times_of(state, slot, now))
            }
            (Kept::Found, Some(slot)) => {
                state.keep(&self.key, Landed::Stored(slot), Ok(found.value.clone()));
                let fence = Some(self.flight.fence);
                state.machine.tag(slot, found.tags.clone(), fence);
                (found.value.clone(), own)
            }
            _ => (found.value.clone(), own),
        };
        Some(Brought {
            value,
            source: Source::Hit,
            times,
            tier: Some(Arc::clone(&found.tier)),
            cause: None,
        })
    }

    /// The load after its callers were told what a store had. A flight of its own: a caller that
    /// comes when that entry has expired must not get it again.
    fn go_on(&self, state: &mut State<K, V, E>, slot: Option<SlotId>) -> Arc<Flight<V, E>> {
        let purpose = Purpose {
            background: true,
            ..Purpose::default()
        };
        let anchors = self.shared.host.anchors();
        let flight = Flight::new(self.flight.fence, purpose, self.flight.ttl, anchors);
        flight.course().may_be_below = true;
        let flight = Arc::new(flight);
        let place = slot.and_then(|slot| state.place_mut(slot));
        if let Some(place) = place
            && (self.flight.is_beside || place.is_led_by(&self.flight))
        {
            place.flight = Some(Arc::clone(&flight));
        }
        flight
    }
}

impl<V> Found<V> {
    /// The entry, to answer for a load that fails.
    fn spare(self, at: Timestamp) -> Spare<V> {
        Spare {
            value: self.value,
            lifetime: self.lifetime,
            age: self.age,
            at,
        }
    }
}

fn source_of(served: Served) -> Source {
    match served {
        Served::Hit => Source::Hit,
        Served::Stale => Source::Stale,
        Served::ErrorFallback => Source::ErrorFallback,
    }
}
