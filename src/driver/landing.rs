//! Ends of loads: stored results, and fallbacks.

use super::answer::{Source, Times};
use super::below::Write;
use super::bounds::{Failure, Key, Value};
use super::cache::{Bound, Shared};
use super::error::{Cause, Error};
use super::event::Event;
use super::flight::{Brought, Flight, Outcome};
use super::guards::refusal;
use super::state::{Content, State};
use super::tagged::Tagged;
use crate::call::{self, Instead, Landed};
use crate::guard::Outcome as Went;
use crate::memory::SlotId;
use crate::strategy::lifetime::{Facts, Kind};
use crate::strategy::ttl::Lifetime;
use crate::tags::{Invalidation, Tag};
use crate::time::Timestamp;
use std::sync::Arc;
use std::vec::Vec;

/// A load that has not ended, with everything that its end needs.
pub(super) struct Load<K: Key, V: Value, E: Failure> {
    pub(super) shared: Arc<Shared<K, V, E>>,
    pub(super) bound: Arc<Bound<K, V, E>>,
    pub(super) key: K,
    pub(super) flight: Arc<Flight<V, E>>,
}

impl<K: Key, V: Value, E: Failure> Load<K, V, E> {
    /// The loader is done, perhaps long after its timeout.
    pub(super) fn landed(&self, result: Result<V, Error<E>>) -> (Outcome<V, E>, Option<Write>) {
        match result {
            Ok(value) if self.bound.rules.is_failure(&value) => {
                (self.failed(Cause::Result(value)), None)
            }
            Ok(value) => self.succeeded(value),
            Err(error) => (self.failed(Cause::Error(error)), None),
        }
    }

    fn succeeded(&self, value: V) -> (Outcome<V, E>, Option<Write>) {
        let rules = &self.bound.rules;
        self.record(Went::Success);
        self.flight.course().over = true;
        let facts = rules.facts_of(&value, self.flight.ttl);
        let tags = self.tags_of(&value);
        let kept = facts.zip(tags).filter(|_| rules.is_kept(&value));
        let (times, write) = if let Some((facts, tags)) = kept {
            self.store(Ok(value.clone()), facts, tags)
        } else {
            self.end_without_storing();
            (Times::default(), None)
        };
        let brought = Brought {
            value,
            source: Source::Load,
            times,
            tier: None,
            cause: None,
        };
        (Outcome::Value(brought), write)
    }

    /// The tags of a value; `None` if it must not be kept, for nobody can tell them.
    fn tags_of(&self, value: &V) -> Option<Vec<Tag>> {
        let known = self.flight.course().tags.clone();
        if known.is_some() {
            return known;
        }
        let names = self.bound.rules.tags_of(&self.key, value)?;
        Some(self.shared.tags_named(names))
    }

    /// Sends what a load brought to the stores, by itself.
    pub(super) fn send(&self, write: Option<Write>) {
        if let Some(write) = write {
            // What was loaded is in the stores before the next one may look.
            let lock = self.flight.course().lock.take();
            drop(write.under(lock).send());
        }
    }

    /// Gives the lock back, although it may bring something yet.
    pub(super) fn unlock(&self) {
        let lock = self.flight.course().lock.clone();
        if let Some(lock) = lock {
            lock.release_soon();
        }
    }

    /// Stores a result; gives the times of the entry that it is now, and the change of the stores.
    fn store(
        &self,
        content: Content<V, E>,
        mut facts: Facts,
        tags: Vec<Tag>,
    ) -> (Times, Option<Write>) {
        let host = &self.shared.host;
        let size = match &content {
            Ok(value) => self.shared.weigh(&self.key, value),
            Err(_) => 0,
        };
        // Failures are kept in memory only.
        let below = self.shared.below(&self.key).filter(|_| content.is_ok());
        let bytes = match (&below, &content) {
            (Some((lower, name)), Ok(value)) => lower.encode(name, value),
            _ => None,
        };
        facts.is_tiered = self.shared.lower.is_some();
        let may_be_below = self.flight.course().may_be_below;
        let has_jitter = self.bound.rules.policy.jitter() > 0.0;
        let Flight { fence, .. } = *self.flight;
        let since = self.flight.tagged_since();
        let now = host.now();
        let mut state = self.shared.lock();
        match state.machine.tags_after(&tags, since) {
            Some(Invalidation::Hard) => {
                drop(state);
                self.end_without_storing();
                return (Times::default(), None);
            }
            Some(Invalidation::Soft(_)) => facts.is_stale = true,
            None => {}
        }
        let brought = call::Brought {
            facts,
            size,
            roll: if has_jitter { host.roll() } else { 0.5 },
            may_be_below,
        };
        let known = state.slot(&self.key);
        let policy = self.bound.id;
        let (landed, change) = state.machine.landed(known, fence, policy, &brought, now);
        state.unlead(known, &self.flight, None);
        let begun = self.flight.course().begun.clone();
        let tagged = Tagged::new(&self.shared, &tags, begun, since, facts.is_stale);
        if let Landed::Stored(slot) = landed {
            state.machine.tag(slot, tags.into(), Some(since));
        }
        state.keep(&self.key, landed, content);
        let times = match landed {
            Landed::Stored(slot) => times_of(&mut state, slot, now),
            Landed::NotKept | Landed::Outdated => Times::default(),
        };
        if let Some((_, name)) = &below {
            self.shared.note_name(&mut state, &self.key, name);
        }
        let write = below.and_then(|(lower, name)| lower.prepare_below(&name, change, bytes));
        (times, write.map(|write| write.tagged(tagged)))
    }

    /// The load failed. Only the first failure counts: it may time out, then fail.
    pub(super) fn failed(&self, cause: Cause<V, E>) -> Outcome<V, E> {
        {
            let mut course = self.flight.course();
            if course.over {
                return Outcome::Failed(cause, None);
            }
            course.over = true;
        }
        let rules = &self.bound.rules;
        self.shared.tell(&self.key, Event::LoadError(&cause));
        let counts = rules.counts(&cause);
        self.record(if counts { Went::Failure } else { Went::Ignored });
        let lasting = match &cause {
            Cause::Result(value) => rules.lifetime_of(value),
            Cause::Error(_) => None,
        };
        let facts = call::Failure {
            is_lasting: lasting.is_some(),
            may_stand_in: self.flight.background || rules.may_stand_in(&cause),
            is_memorable: matches!(cause, Cause::Error(_)) && rules.remembers(),
            is_beside: self.flight.is_beside,
            ..call::Failure::default()
        };
        let now = self.shared.host.now();
        let (instead, held) = self.end(&cause, |state, slot, has_spare| {
            let Flight { fence, .. } = *self.flight;
            let facts = call::Failure { has_spare, ..facts };
            state.machine.failed(slot, fence, self.bound.id, facts, now)
        });
        match (instead, &cause, lasting) {
            (Instead::Remembered, Cause::Error(error), _) => {
                if let Some(facts) = rules.facts_of_failure(error) {
                    let _ = self.store(Err(error.clone()), facts, Vec::new());
                }
            }
            (Instead::Result, Cause::Result(value), Some(lifetime)) => {
                self.keep_failed(value, lifetime);
            }
            _ => {}
        }
        Outcome::Failed(cause, held)
    }

    /// Keeps a result that counts as a failure and says itself for how long it may be used.
    fn keep_failed(&self, value: &V, lifetime: Lifetime) {
        let facts = Facts {
            kind: Kind::Failure,
            ttl: Some(lifetime.ttl),
            windows: Some(lifetime),
            ..Facts::default()
        };
        let Some(tags) = self.tags_of(value) else {
            return self.end_without_storing();
        };
        let (_, write) = self.store(Ok(value.clone()), facts, tags);
        self.send(write);
    }

    /// A guard refused the load; returns the fallback, if there is one.
    pub(super) fn refused(&self, cause: &Cause<V, E>) -> Option<Outcome<V, E>> {
        self.flight.course().over = true;
        let now = self.shared.host.now();
        let (_, held) = self.end(cause, |state, slot, has_spare| {
            let Flight { fence, .. } = *self.flight;
            state
                .machine
                .refused(slot, fence, self.bound.id, has_spare, now)
        });
        let answers = self.flight.background || self.bound.rules.may_stand_in(cause);
        let held = held.filter(|_| answers)?;
        Some(Outcome::Failed(cause.clone(), Some(held)))
    }

    /// Ends the flight without a result; gives the entry that answers instead.
    fn end(
        &self,
        cause: &Cause<V, E>,
        end: impl FnOnce(&mut State<K, V, E>, Option<SlotId>, bool) -> Instead,
    ) -> (Instead, Option<(V, Times)>) {
        let spare = self.spare();
        let mut state = self.shared.lock();
        let slot = state.slot(&self.key);
        let instead = end(&mut state, slot, spare.is_some());
        if instead == Instead::Result {
            // It has changed nothing: what it brought ends the flight.
            return (instead, None);
        }
        let place = slot.and_then(|slot| state.place(slot));
        let held = match (instead, place) {
            (Instead::Entry { age, ttl }, Some(place)) => {
                let value = place
                    .content
                    .as_ref()
                    .and_then(|content| content.as_ref().ok());
                value.map(|value| (value.clone(), Times { age, ttl }))
            }
            (Instead::Spare, _) => spare,
            _ => None,
        };
        state.unlead(slot, &self.flight, Some(cause.clone()));
        state.drain();
        (instead, held)
    }

    /// The entry of a store that memory did not keep, while it may still answer.
    fn spare(&self) -> Option<(V, Times)> {
        let course = self.flight.course();
        let spare = course.spare.as_ref()?;
        let now = self.shared.host.now();
        let age = call::spare_age(&spare.lifetime, spare.age, spare.at, now)?;
        let ttl = spare.lifetime.ttl;
        Some((spare.value.clone(), Times { age, ttl }))
    }

    fn end_without_storing(&self) {
        self.cancelled(&mut self.shared.lock());
    }

    fn cancelled(&self, state: &mut State<K, V, E>) {
        let slot = state.slot(&self.key);
        state.machine.cancelled(slot, self.flight.fence);
        state.unlead(slot, &self.flight, None);
        state.drain();
    }

    /// One of those who wait does so no more. When nobody is left and nothing keeps the load, it
    /// ends: at once, as whoever locks the state next would join it.
    pub(super) fn leave(&self, waiter: u64) {
        {
            let mut state = self.shared.lock();
            if !self.flight.leave(waiter) {
                return;
            }
            self.cancelled(&mut state);
        }
        self.record(Went::Ignored);
        self.unlock();
        self.flight.cancel.cancel();
        self.flight.stop.cancel();
    }

    /// The task of the load was dropped before it was done: whoever waits is told by the end of its
    /// channel.
    pub(super) fn dropped(&self) {
        let waiters = {
            let mut state = self.shared.lock();
            let Some(waiters) = self.flight.give_up() else {
                return;
            };
            self.cancelled(&mut state);
            waiters
        };
        self.record(Went::Ignored);
        self.flight.cancel.cancel();
        drop(waiters);
    }

    /// Asks the guards whether the load might start now. Takes nothing, as it may have to wait.
    pub(super) fn check(&self) -> Result<(), Error<E>> {
        let now = self.shared.observe(self.shared.host.now());
        let Some(mut guards) = self.bound.guards() else {
            return Ok(());
        };
        let checked = guards.check(&self.key, now);
        checked.map_err(|refused| refusal(&refused, now))
    }

    /// Asks the guards whether the load may start.
    pub(super) fn admit(&self) -> Result<(), Error<E>> {
        let rules = &self.bound.rules;
        if !rules.counts_loads {
            return Ok(());
        }
        let wall = self.shared.host.now();
        let now = self.shared.observe(wall);
        let Some(mut guards) = self.bound.guards() else {
            return Ok(());
        };
        match guards.admit(&self.key, rules.policy.lease(), now, wall) {
            Ok(admission) => {
                self.flight.course().admission = Some(admission);
                Ok(())
            }
            Err(refused) => Err(refusal(&refused, now)),
        }
    }

    /// Tells the guards how the load went, once.
    fn record(&self, went: Went) {
        self.flight.give_place_back();
        let Some(admission) = self.flight.course().admission.take() else {
            return;
        };
        let wall = self.shared.host.now();
        let now = self.shared.observe(wall);
        if let Some(mut guards) = self.bound.guards() {
            guards.record(&self.key, &admission, went, now, wall);
        }
    }
}

/// The times of the entry of `slot`.
pub(super) fn times_of<K: Key, V: Value, E: Failure>(
    state: &mut State<K, V, E>,
    slot: SlotId,
    now: Timestamp,
) -> Times {
    let age = state.machine.age(slot, now).unwrap_or_default();
    let ttl = state.machine.ttl(slot).unwrap_or_default();
    Times { age, ttl }
}
