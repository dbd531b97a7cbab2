//! The host of one call machine: it performs the machine's steps in virtual time, as the drivers do
//! with promises and futures. It decides nothing about entries: what is fresh, what may stand in and
//! who waits is the machine's to say.

use super::agenda::{Agenda, Event};
use super::figures::{Figures, Source};
use super::loads::{Load, LoadId, Loads, Waiter};
use super::places::{Places, hash_of};
use crate::access::{Access, KeyId};
use crate::configuration::Configuration;
use holdover::call::{Brought, Failure, Instead};
use holdover::strategy::lifetime::Facts;
use holdover::{
    CallMachine, ConfigError, Fence, Landed, PolicyId, Served, SlotId, Span, Step, Timestamp,
};
use std::ops::Range;

/// A time during which every load that begins fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Its beginning, in milliseconds.
    pub from: u64,
    /// Its end, which is no longer part of it.
    pub until: u64,
}

/// One policy that plays a log.
#[derive(Clone, Debug)]
pub struct Player {
    machine: CallMachine,
    policy: PolicyId,
    timeout: Option<Span>,
    places: Places,
    agenda: Agenda,
    loads: Loads,
    outage: Option<Outage>,
    /// Calls and loads count that begin in this time.
    counts: Range<u64>,
    /// Calls that count and have no answer yet.
    pending: u64,
    figures: Figures,
}

/// The number of milliseconds as a time of the machine's.
const fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

impl Player {
    /// A player with an empty memory.
    ///
    /// # Errors
    /// A policy that is none.
    pub fn new(configuration: &Configuration) -> Result<Self, ConfigError> {
        let (machine, policy) = configuration.machine()?;
        Ok(Self {
            machine,
            policy,
            timeout: configuration.timeout,
            places: Places::default(),
            agenda: Agenda::default(),
            loads: Loads::default(),
            outage: None,
            counts: 0..u64::MAX,
            pending: 0,
            figures: Figures::default(),
        })
    }

    /// The same at this moment, with an outage of its origin ahead: counts what begins in it.
    #[must_use]
    pub fn fork(&self, outage: Outage) -> Self {
        Self {
            outage: Some(outage),
            counts: outage.from..outage.until,
            pending: 0,
            figures: Figures::default(),
            ..self.clone()
        }
    }

    /// The counts so far.
    #[must_use]
    pub const fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Plays accesses, each at its time.
    pub fn play(&mut self, accesses: &[Access]) {
        for access in accesses {
            self.advance(access.time);
            self.call(access);
        }
    }

    /// Plays accesses until all calls that count have their answer; true if they have.
    pub fn play_out(&mut self, accesses: &[Access]) -> bool {
        for access in accesses {
            self.advance(access.time);
            if self.pending == 0 {
                return true;
            }
            self.call(access);
        }
        self.pending == 0
    }

    /// Lets all loads end that are under way.
    pub fn finish(&mut self) {
        self.advance(u64::MAX - 1);
    }

    #[inline]
    fn advance(&mut self, now: u64) {
        while let Some((at, event)) = self.agenda.take(now) {
            self.perform_event(at, event);
        }
    }

    #[inline]
    fn call(&mut self, access: &Access) {
        if let Some(slot) = self.places.slot(access.key) {
            let now = at(access.time);
            if self.machine.serve_at_once(slot, self.policy, now) {
                let fresh = self.machine.memory().fresh(slot, now);
                let age = fresh.map_or(0, |(_, age)| age.as_millis());
                if self.counts.contains(&access.time) {
                    self.figures.hit(age);
                }
                return;
            }
        }
        self.pending += u64::from(self.counts.contains(&access.time));
        self.ask(access, access.time);
    }

    /// Asks the machine for a caller, perhaps not for the first time.
    fn ask(&mut self, access: &Access, now: u64) {
        let known = self.places.slot(access.key);
        let (slot, step) = self.machine.begin(known, self.policy, at(now), 0.5);
        self.drain();
        if let (None, Some(slot)) = (known, slot) {
            self.adopt(slot, access.key);
        }
        match step {
            Step::Serve(served) => self.serve(slot, served, access, now),
            Step::ServeAndRefresh(served, fence) => {
                self.serve(slot, served, access, now);
                self.lead(slot, fence, access, now);
            }
            Step::Load { fence, fallback } => {
                let load = self.lead(slot, fence, access, now);
                self.wait(load, access, true, fallback, None, now);
            }
            Step::Wait { fallback } => self.join(slot, fallback, access, now),
            Step::Roll => unreachable!("a roll was given"),
        }
    }

    fn serve(&mut self, slot: Option<SlotId>, served: Served, access: &Access, now: u64) {
        let age = slot.map_or(0, |slot| self.age(slot, now));
        let source = match served {
            Served::Hit => Source::Hit,
            Served::Stale => Source::Stale,
            Served::ErrorFallback => Source::ErrorFallback,
        };
        self.answer(access, source, age, now);
    }

    fn age(&mut self, slot: SlotId, now: u64) -> u64 {
        let age = self.machine.age(slot, at(now));
        age.map_or(0, Span::as_millis)
    }

    fn answer(&mut self, access: &Access, source: Source, age: u64, now: u64) {
        if self.counts.contains(&access.time) {
            self.pending -= 1;
            self.figures.answered(source, age, now - access.time);
        }
    }

    /// Begins a load, which callers of the slot's key wait for from now on.
    fn lead(&mut self, slot: Option<SlotId>, fence: Fence, access: &Access, now: u64) -> LoadId {
        let latency = u64::from(access.latency);
        let most = self.timeout.map_or(u64::MAX, Span::as_millis);
        let is_out = self
            .outage
            .is_some_and(|outage| (outage.from..outage.until).contains(&now));
        let ends = now.saturating_add(latency.min(most));
        let load = self.loads.add(Load {
            fence,
            access: *access,
            begun: now,
            ends,
            fails: access.failed || is_out || most < latency,
            waiters: Vec::new(),
        });
        if let Some(slot) = slot {
            self.places.lead(slot, load);
        }
        self.agenda.note(ends, Event::End(load));
        if self.counts.contains(&now) {
            self.figures.origin_calls += 1;
        }
        load
    }

    /// Waits for the load that another caller leads.
    fn join(&mut self, slot: Option<SlotId>, fallback: bool, access: &Access, now: u64) {
        let slot = slot.expect("a load that is led has a slot");
        let Some(load) = self.places.led(slot) else {
            // As the drivers do: nothing is lost by leading another one.
            let (slot, fence) = self.machine.refresh(Some(slot), self.policy, at(now));
            let load = self.lead(Some(slot), fence, access, now);
            return self.wait(load, access, true, fallback, None, now);
        };
        let left = self.machine.wait_left(slot, at(now));
        self.wait(load, access, false, fallback, Some(left), now);
    }

    /// Has a caller wait for a load. What would happen to it no sooner than the load's end never
    /// does, as the load's own time was noted first.
    fn wait(
        &mut self,
        load: LoadId,
        access: &Access,
        leads: bool,
        fallback: bool,
        lease: Option<Span>,
        now: u64,
    ) {
        let waiter = Waiter {
            access: *access,
            leads,
            is_gone: false,
        };
        let place = self.loads.join(load, waiter);
        let ends = self.loads.get(load).ends;
        let failover = self.machine.failover_after(self.policy, fallback);
        let events = [
            (failover, Event::Failover(load, place)),
            (lease, Event::LeaseEnd(load, place)),
        ];
        for (span, event) in events {
            let due = span.map_or(u64::MAX, |span| now.saturating_add(span.as_millis()));
            if due < ends {
                self.agenda.note(due, event);
            }
        }
    }

    fn perform_event(&mut self, now: u64, event: Event) {
        match event {
            Event::End(load) => self.end(load, now),
            Event::Failover(load, place) => self.fail_over(load, place, now),
            Event::LeaseEnd(load, place) => {
                if let Some(waiter) = self.loads.leave(load, place) {
                    self.ask(&waiter.access, now);
                }
            }
        }
    }

    /// Answers a caller from the entry, if it still may.
    fn fail_over(&mut self, load: LoadId, place: usize, now: u64) {
        if !self.loads.waits(load, place) {
            return;
        }
        let key = self.loads.get(load).access.key;
        let Some(slot) = self.places.slot(key) else {
            return;
        };
        if !self.machine.fails_over(slot, at(now)) {
            return;
        }
        self.machine.count_failover(self.policy);
        let age = self.age(slot, now);
        if let Some(waiter) = self.loads.leave(load, place) {
            self.answer(&waiter.access, Source::Failover, age, now);
        }
    }

    /// Ends a load, and answers those who wait for it.
    fn end(&mut self, id: LoadId, now: u64) {
        let Load {
            access,
            fence,
            fails,
            begun,
            ..
        } = *self.loads.get(id);
        let slot = self.places.slot(access.key);
        let instead = if fails {
            self.failed(slot, fence, now)
        } else {
            self.landed(slot, fence, &access, now);
            if self.counts.contains(&begun) {
                self.figures.origin_bytes += u64::from(access.size);
            }
            None
        };
        if let Some(slot) = slot {
            self.places.unlead(slot, id);
        }
        self.drain();
        self.conclude(id, fails, instead, now);
        self.loads.end(id);
    }

    /// Reports a failure; returns the age of the entry that answers instead.
    fn failed(&mut self, slot: Option<SlotId>, fence: Fence, now: u64) -> Option<u64> {
        let failure = Failure {
            may_stand_in: true,
            ..Failure::default()
        };
        let policy = self.policy;
        match self.machine.failed(slot, fence, policy, failure, at(now)) {
            Instead::Entry { age, .. } => Some(age.as_millis()),
            _ => None,
        }
    }

    fn landed(&mut self, slot: Option<SlotId>, fence: Fence, access: &Access, now: u64) {
        let brought = Brought {
            facts: Facts::default(),
            size: access.size,
            roll: 0.5,
            may_be_below: false,
        };
        let policy = self.policy;
        let (landed, _) = self.machine.landed(slot, fence, policy, &brought, at(now));
        if let Landed::Stored(stored) = landed
            && slot != Some(stored)
        {
            self.adopt(stored, access.key);
        }
    }

    fn conclude(&mut self, id: LoadId, fails: bool, instead: Option<u64>, now: u64) {
        for place in 0..self.loads.get(id).waiters.len() {
            let Some(Waiter { access, leads, .. }) = self.loads.leave(id, place) else {
                continue;
            };
            match instead {
                Some(age) => {
                    self.machine.count_error_fallback(self.policy);
                    self.answer(&access, Source::ErrorFallback, age, now);
                }
                None if fails => {
                    if self.counts.contains(&access.time) {
                        self.pending -= 1;
                        self.figures.failed(now - access.time);
                    }
                }
                None if leads => self.answer(&access, Source::Load, 0, now),
                None => self.answer(&access, Source::Coalesced, 0, now),
            }
        }
    }

    fn adopt(&mut self, slot: SlotId, key: KeyId) {
        self.machine.identify(slot, hash_of(key));
        self.places.adopt(slot, key);
    }

    /// Forgets the keys of slots that the machine gave back.
    fn drain(&mut self) {
        while let Some(dropped) = self.machine.take_dropped() {
            if !self.machine.is_taken(dropped.slot) {
                self.places.forget(dropped.slot);
            }
        }
    }
}
