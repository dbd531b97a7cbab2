//! The locked part of a cache: the call machine, and the values in its slots.

use super::bounds::{Failure, Key, Value};
use super::error::{Cause, Error};
use super::flight::Flight;
use crate::call::{CallMachine, Landed};
use crate::memory::SlotId;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

/// An entry's content: a value, or a failure that is remembered.
pub(super) type Content<V, E> = Result<V, Error<E>>;

/// A slot of the machine that a key has.
pub(super) struct Place<K, V, E> {
    pub(super) key: K,
    /// The name of the key in messages, where other instances are heard.
    name: Option<Arc<str>>,
    pub(super) content: Option<Content<V, E>>,
    /// The load that callers of the key may wait for.
    pub(super) flight: Option<Arc<Flight<V, E>>>,
    /// Error of the last load, reported to callers until the next one.
    pub(super) failure: Option<Cause<V, E>>,
}

impl<K, V, E> Place<K, V, E> {
    /// True if callers of the key wait for this flight.
    pub(super) fn is_led_by(&self, flight: &Arc<Flight<V, E>>) -> bool {
        let led = self.flight.as_ref();
        led.is_some_and(|led| Arc::ptr_eq(led, flight))
    }
}

/// Takes the half of a hash that maps of fewer than 2^32 keys do not go by.
const fn upper_half(hash: u64) -> u32 {
    (hash >> 32) as u32
}

pub(super) struct State<K, V, E> {
    pub(super) machine: CallMachine,
    slots: HashMap<K, SlotId>,
    names: HashMap<Arc<str>, SlotId>,
    places: Vec<Option<Place<K, V, E>>>,
    /// Values to drop without the lock: their destructors are the user's.
    garbage: Vec<Option<Content<V, E>>>,
}

impl<K: Key, V: Value, E: Failure> State<K, V, E> {
    pub(super) fn new(machine: CallMachine) -> Self {
        Self {
            machine,
            slots: HashMap::new(),
            names: HashMap::new(),
            places: Vec::new(),
            garbage: Vec::new(),
        }
    }

    pub(super) fn slot(&self, key: &K) -> Option<SlotId> {
        self.slots.get(key).copied()
    }

    /// The slots that have a content.
    #[cfg(feature = "json")]
    pub(super) fn filled(&self) -> Vec<SlotId> {
        let slots = self.slots.values().copied();
        slots.filter(|&slot| self.content(slot).is_some()).collect()
    }

    /// The slot of the key that other instances call so.
    #[cfg(feature = "json")]
    pub(super) fn slot_named(&self, name: &str) -> Option<SlotId> {
        self.names.get(name).copied()
    }

    /// Remembers what other instances call the key of a slot.
    #[cfg(feature = "json")]
    pub(super) fn name(&mut self, slot: SlotId, name: &Arc<str>) {
        if let Some(place) = self.place_mut(slot)
            && place.name.is_none()
        {
            place.name = Some(Arc::clone(name));
            self.names.insert(Arc::clone(name), slot);
        }
    }

    pub(super) fn place(&self, slot: SlotId) -> Option<&Place<K, V, E>> {
        self.places.get(slot as usize)?.as_ref()
    }

    pub(super) fn place_mut(&mut self, slot: SlotId) -> Option<&mut Place<K, V, E>> {
        self.places.get_mut(slot as usize)?.as_mut()
    }

    pub(super) fn content(&self, slot: SlotId) -> Option<&Content<V, E>> {
        self.place(slot)?.content.as_ref()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.slots.keys()
    }

    /// Gives a slot that the machine has just taken to `key`.
    pub(super) fn adopt(&mut self, slot: SlotId, key: &K) {
        let hash = self.slots.hasher().hash_one(key);
        self.machine.identify(slot, upper_half(hash));
        self.slots.insert(key.clone(), slot);
        let place = Place {
            key: key.clone(),
            name: None,
            content: None,
            flight: None,
            failure: None,
        };
        let index = slot as usize;
        if self.places.len() <= index {
            self.places.resize_with(index + 1, || None);
        }
        self.places[index] = Some(place);
    }

    /// Keeps what was stored, and forgets what made room for it.
    pub(super) fn keep(&mut self, key: &K, landed: Landed, content: Content<V, E>) {
        if let Landed::Stored(slot) = landed {
            if self.slot(key) != Some(slot) {
                self.adopt(slot, key);
            }
            let place = self.place_mut(slot).expect("adopted");
            place.failure = None;
            let before = place.content.replace(content);
            self.garbage.push(before);
        } else {
            self.garbage.push(Some(content));
        }
        self.drain();
    }

    /// Forgets what the machine has dropped.
    pub(super) fn drain(&mut self) {
        while let Some(dropped) = self.machine.take_dropped() {
            let index = dropped.slot as usize;
            let stays = self.machine.is_taken(dropped.slot);
            // The host need not have seen every slot that the machine took and gave back.
            let Some(place) = self.places.get_mut(index) else {
                continue;
            };
            if let Some(kept) = place.as_mut().filter(|_| stays) {
                self.garbage.push(kept.content.take());
            } else if let Some(gone) = place.take() {
                self.slots.remove(&gone.key);
                if let Some(name) = gone.name {
                    self.names.remove(&name);
                }
                self.garbage.push(gone.content);
            }
        }
    }

    /// Makes a flight the one that callers of `slot` wait for.
    pub(super) fn lead(&mut self, slot: SlotId, flight: &Arc<Flight<V, E>>) {
        if let Some(place) = self.place_mut(slot) {
            place.flight = Some(Arc::clone(flight));
        }
    }

    /// Has nobody wait for a flight any more. Its error is reported to callers that the entry
    /// answers until the next one.
    pub(super) fn unlead(
        &mut self,
        slot: Option<SlotId>,
        flight: &Arc<Flight<V, E>>,
        failure: Option<Cause<V, E>>,
    ) {
        let Some(place) = slot.and_then(|slot| self.place_mut(slot)) else {
            return;
        };
        if place.is_led_by(flight) {
            place.flight = None;
            place.failure = failure;
        }
    }
}

/// The state while it is locked. Values removed meanwhile are dropped when it is unlocked.
pub(super) struct Locked<'a, K, V, E> {
    state: Option<MutexGuard<'a, State<K, V, E>>>,
}

pub(super) fn lock<K, V, E>(state: &Mutex<State<K, V, E>>) -> Locked<'_, K, V, E> {
    // A panic of the user's, in `Clone` or `Hash`, leaves no decision of the machine half made.
    let state = state.lock().unwrap_or_else(PoisonError::into_inner);
    Locked { state: Some(state) }
}

impl<K, V, E> Deref for Locked<'_, K, V, E> {
    type Target = State<K, V, E>;

    fn deref(&self) -> &Self::Target {
        self.state.as_ref().expect("locked until it is dropped")
    }
}

impl<K, V, E> DerefMut for Locked<'_, K, V, E> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.state.as_mut().expect("locked until it is dropped")
    }
}

impl<K, V, E> Drop for Locked<'_, K, V, E> {
    fn drop(&mut self) {
        let Some(mut state) = self.state.take() else {
            return;
        };
        // Most calls let go of nothing.
        if !state.garbage.is_empty() {
            let garbage = mem::take(&mut state.garbage);
            drop(state);
            drop(garbage);
        }
    }
}
