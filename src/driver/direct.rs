//! Reading and changing keys without a load.

use super::below::Delivery;
use super::bounds::{Failure, Key, Value};
use super::cache::{Bound, Cache};
use super::reading::Found;
use super::stamps::Begun;
use super::tagged::Tagged;
use crate::call::{Arrival, Landed};
use crate::fence::Fence;
use crate::strategy::lifetime::lifetime;
use crate::strategy::ttl::{Lifetime, State as Good};
use crate::tags::Tag;
use crate::time::Span;
use std::sync::Arc;
use std::vec::Vec;

impl<K: Key, V: Value, E: Failure> Cache<K, V, E> {
    /// The value of `key` while it is fresh, from the memory or from the first store that has it.
    /// Nothing is loaded or counted.
    pub async fn get(&self, key: &K) -> Option<V> {
        let fence = {
            let now = self.shared.host.now();
            let mut state = self.shared.lock();
            if let Some(slot) = state.slot(key)
                && state.machine.touch(slot, now)
            {
                return state.content(slot)?.as_ref().ok().cloned();
            }
            state.machine.begin_read()
        };
        let (lower, name) = self.shared.below(key)?;
        self.shared.hear().await;
        let found = lower.read(&name).await?;
        let is_fresh = found.lifetime.state(found.age) == Good::Fresh;
        let value = found.value.clone();
        self.backfill(key, &name, fence, found);
        is_fresh.then_some(value)
    }

    /// Gives the memory what a read found, unless the key was changed since it began.
    fn backfill(&self, key: &K, name: &Arc<str>, fence: Fence, found: Found<V>) {
        let size = self.shared.weigh(key, &found.value);
        let now = self.shared.host.now();
        let mut state = self.shared.lock();
        let known = state.slot(key);
        let lifetime = found.lifetime;
        let entry = (Arrival { lifetime, size }, found.age);
        let landed = match state.machine.backfill(known, fence, entry, now) {
            Some(slot) => Landed::Stored(slot),
            None => Landed::NotKept,
        };
        state.keep(key, landed, Ok(found.value));
        if let Landed::Stored(slot) = landed {
            state.machine.tag(slot, found.tags, Some(fence));
        }
        self.shared.note_name(&mut state, key, name);
    }

    /// Stores a value for `ttl`, here and in every store. Loads of its key that run do not overwrite
    /// it.
    pub fn set(&self, key: &K, value: V, ttl: impl Into<Span>) -> Delivery {
        let lifetime = Lifetime {
            ttl: ttl.into(),
            ..Lifetime::NONE
        };
        self.put(key, value, lifetime, Vec::new())
    }

    fn put(&self, key: &K, value: V, lifetime: Lifetime, tags: Vec<Tag>) -> Delivery {
        let size = self.shared.weigh(key, &value);
        let below = self.shared.below(key);
        let bytes = below
            .as_ref()
            .filter(|_| lifetime.is_kept(Span::ZERO))
            .and_then(|(lower, name)| lower.encode(name, &value));
        let now = self.shared.host.now();
        let mut state = self.shared.lock();
        let known = state.slot(key);
        let arrival = Arrival {
            lifetime: match below {
                Some(_) => state.machine.capped(lifetime),
                None => lifetime,
            },
            size,
        };
        self.shared.note_drop(|drops| drops.note(key));
        let landed = state.machine.put(known, arrival, now);
        if let (Some(slot), Landed::Stored(_)) = (known, landed) {
            let flight = state.place_mut(slot).and_then(|place| place.flight.take());
            drop(flight);
        }
        let fence = state.machine.tags_latest();
        let is_stale = lifetime.ttl.is_zero();
        let tagged = Tagged::new(&self.shared, &tags, Begun::Now, fence, is_stale);
        if let Landed::Stored(slot) = landed {
            state.machine.tag(slot, tags.into(), None);
        }
        state.keep(key, landed, Ok(value));
        let Some((lower, name)) = below else {
            return Delivery::NOWHERE;
        };
        self.shared.note_name(&mut state, key, &name);
        let write = lower.prepare(&name, bytes.map(|bytes| (bytes, lifetime)), true);
        drop(state);
        self.shared.listen();
        write.tagged(tagged).send()
    }

    /// Stores a value as if a load under `policy` had brought it.
    pub(super) fn put_by(&self, key: &K, value: V, policy: &Bound<K, V, E>) -> Delivery {
        let rules = &policy.rules;
        let facts = rules.facts_of(&value, None);
        let (Some(facts), Some(names)) = (facts, rules.tags_of(key, &value)) else {
            return self.invalidate(key);
        };
        let tags = self.shared.tags_named(names);
        let has_jitter = policy.rules.policy.jitter() > 0.0;
        let roll = if has_jitter {
            self.shared.host.roll()
        } else {
            0.5
        };
        let lifetime = lifetime(&policy.rules.policy, &facts, roll);
        self.put(key, value, lifetime, tags)
    }

    /// Drops the value of `key`, here and in every store. The result of a running load goes to its
    /// callers, and is not kept.
    pub fn invalidate(&self, key: &K) -> Delivery {
        let below = self.shared.below(key);
        let mut state = self.shared.lock();
        let slot = state.slot(key);
        self.shared.note_drop(|drops| drops.note(key));
        state.machine.invalidate(slot);
        state.drain();
        let Some((lower, name)) = below else {
            return Delivery::NOWHERE;
        };
        let write = lower.prepare(&name, None, true);
        drop(state);
        write.send()
    }

    /// Drops all values, likewise; of stores, those of the namespace.
    #[expect(
        clippy::must_use_candidate,
        reason = "it goes on when what it gives is dropped"
    )]
    pub fn clear(&self) -> Delivery {
        self.shared.drop_all();
        match &self.shared.lower {
            Some(lower) => lower.clear(),
            None => Delivery::NOWHERE,
        }
    }

    /// Waits until nothing is on its way to the stores, for the end of a program.
    pub async fn settled(&self) {
        if let Some(lower) = &self.shared.lower {
            lower.settled().await;
        }
    }
}
