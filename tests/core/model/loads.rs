//! How loads end, in the model.

use super::{Backoff, Held, Leader, Load, Model};
use holdover::call::{Arrival, Failure, Found, Instead, Kept, Landed, Served};
use holdover::flight::Flight;
use holdover::guard::Outcome;
use holdover::strategy::ttl::State;
use holdover::time::Span;

impl Model {
    pub(super) fn started(&mut self, load: Load) {
        let Some(slot) = self.slot(load.key) else {
            return;
        };
        self.machine.started(slot, load.fence, self.wall());
        // An orphan may have been reaped before, so the machine says how long it goes on.
        let left = self.machine.wait_left(slot, self.wall()).as_millis();
        let lease = self.rules[load.policy as usize].lease().as_millis();
        if let Some(leader) = self.leaders.get(&load.key).copied()
            && self.leads(load)
        {
            let was_live = self.has_live_flight(load.key);
            let waits = if leader.background {
                lease.min(Flight::PATIENCE.as_millis())
            } else {
                lease
            };
            assert!(
                left == waits || (!was_live && left == 0),
                "a lease begins anew"
            );
            self.leaders.insert(
                load.key,
                Leader {
                    since: self.now,
                    lease_ends: self.now + if left == 0 { 0 } else { lease },
                    ..leader
                },
            );
        }
    }

    /// Whether the result of `load` may be stored.
    pub(super) fn is_current(&self, load: Load) -> bool {
        self.barriers
            .get(&load.key)
            .is_none_or(|barrier| load.fence > *barrier)
    }

    /// Whether the load goes on.
    pub(super) fn found(&mut self, load: Load, arrival: Arrival, age: u64) -> bool {
        let Some(slot) = self.slot(load.key) else {
            return true;
        };
        let given = (arrival, Span::from_millis(age), 0.5);
        let (found, kept) = self.machine.found(
            slot,
            load.fence,
            load.policy,
            given,
            load.background,
            self.wall(),
        );
        let leads = self.leads(load);
        let offered = Held {
            stored_at: self.now.saturating_sub(age),
            lifetime: arrival.lifetime,
            size: arrival.size,
            cost: 0,
            hits: 0,
        };
        if kept == Kept::Found {
            assert!(
                leads && self.is_current(load),
                "only its leader fills a key"
            );
            let older = |held: &Held| {
                held.stored_at < offered.stored_at
                    || held.stored_at == offered.stored_at && held.state(self.now) != State::Fresh
            };
            assert!(self.held.get(&load.key).is_none_or(older), "newer stays");
            self.held.insert(load.key, offered);
        } else if kept == Kept::Neither && leads && self.is_current(load) {
            // Newer than what was there, but not kept; or an orphan that was reaped before.
            let gone = self.machine.memory().entry(slot).is_none();
            assert!(gone || !self.has_live_flight(load.key), "newer drops older");
            if gone {
                self.held.remove(&load.key);
            }
        }
        if kept == Kept::Held && self.held[&load.key].state(self.now) == State::Fresh {
            assert_eq!(
                found,
                Found::Load { fallback: true },
                "what began in spite of a fresh entry wants a newer one"
            );
            return true;
        }
        let answers = match kept {
            Kept::Held => self.held[&load.key],
            Kept::Found | Kept::Neither => offered,
        };
        let state = answers.state(self.now);
        match found {
            Found::Serve(served) => {
                assert_eq!((served, state), (Served::Hit, State::Fresh));
                if kept == Kept::Found && !load.background {
                    self.held.entry(load.key).and_modify(|held| held.hits += 1);
                }
                self.leaders.remove(&load.key);
                return false;
            }
            Found::ServeAndLoad(served) => {
                assert_eq!((served, state), (Served::Stale, State::Revalidate));
                assert!(!load.background);
                self.let_go(load);
            }
            Found::Load { fallback } => {
                assert!(!fallback || state.is_servable(), "a fallback is servable");
            }
        }
        true
    }

    /// The callers of a load have what a store had, and it goes on.
    fn let_go(&mut self, load: Load) {
        let lease = self.rules[load.policy as usize].lease().as_millis();
        let leader = Leader {
            fence: load.fence,
            since: self.now,
            lease_ends: self.now + lease,
            background: true,
        };
        self.leaders.insert(load.key, leader);
    }

    pub(super) fn loaded(&mut self, load: Load, arrival: Arrival) {
        self.record(load, Outcome::Success);
        let cost = self.cost_of(load);
        let before = self.slot(load.key);
        let led = self.leads(load) && self.has_live_flight(load.key);
        let wall = self.wall();
        let landed = self
            .machine
            .loaded(before, load.fence, load.policy, arrival, wall);
        self.end(load);
        if landed == Landed::Outdated {
            assert!(
                !led || !self.is_current(load),
                "a leader's result is current"
            );
            return;
        }
        assert!(self.is_current(load), "what is newer stays: {load:?}");
        self.barriers.insert(load.key, load.fence);
        self.land(load.key, load.fence, landed, arrival, cost);
    }

    /// What a load took, for as long as it leads. Whether an orphan was reaped before is the
    /// machine's choice, so it says.
    fn cost_of(&mut self, load: Load) -> u64 {
        let leader = self.leaders.get(&load.key).filter(|_| self.leads(load));
        let Some(took) = leader.map(|leader| self.now - leader.since) else {
            return 0;
        };
        if self.has_live_flight(load.key) || self.is_known_orphan(load) {
            took
        } else {
            0
        }
    }

    fn is_known_orphan(&self, load: Load) -> bool {
        let flight = self
            .slot(load.key)
            .map(|slot| self.machine.has_flight(slot));
        flight == Some(true)
    }

    fn record(&mut self, load: Load, went: Outcome) {
        if let Some(admitted) = load.admitted {
            self.guarded[load.policy as usize % 2].record(admitted, went, self.now);
        }
    }

    /// A guard refused a load that its flight was to make: it ends, and the key need not wait.
    pub(super) fn refused(&mut self, load: Load) {
        let before = self.machine.counters(load.policy).refusals;
        let slot = self.slot(load.key);
        let waits = slot.map(|slot| self.machine.retry_after(slot, self.wall()));
        let held = self.standing_in(load);
        let instead = self
            .machine
            .refused(slot, load.fence, load.policy, false, self.wall());
        assert_eq!(instead, held.unwrap_or(Instead::Nothing));
        assert_eq!(self.machine.counters(load.policy).refusals, before + 1);
        if let (Some(slot), Some(waits)) = (slot, waits)
            && !self.machine.has_dropped()
        {
            let after = self.machine.retry_after(slot, self.wall());
            assert_eq!(after, waits, "a refusal is no failure");
        }
        self.end(load);
    }

    pub(super) fn failed(&mut self, load: Load) {
        self.record(load, Outcome::Failure);
        let slot = self.slot(load.key);
        // Slots that were given back leave their fences in a floor, which the machine alone knows.
        let memory = self.machine.memory();
        let is_newest = slot.is_some_and(|slot| !memory.is_outdated(Some(slot), load.fence));
        assert!(!is_newest || self.is_current(load), "what is newer stays");
        let held = self.standing_in(load);
        let failure = Failure {
            may_stand_in: true,
            is_memorable: load.fence.number().is_multiple_of(2),
            ..Failure::default()
        };
        let instead = self
            .machine
            .failed(slot, load.fence, load.policy, failure, self.wall());
        let without = if failure.is_memorable {
            Instead::Remembered
        } else {
            Instead::Nothing
        };
        assert_eq!(instead, held.unwrap_or(without));
        let rules = self.rules[load.policy as usize];
        let counts = (self.leads(load) || !rules.single_flight()) && is_newest;
        let orphan = self.leads(load) && !self.has_live_flight(load.key);
        self.end(load);
        let Some(slot) = slot else { return };
        let servable = |held: &Held| held.state(self.now).is_servable();
        if !counts || !self.held.get(&load.key).is_some_and(servable) {
            return;
        }
        let before = self.backoffs.get(&load.key).copied();
        let failures = match before {
            None => 1,
            Some(before) if load.fence > before.known => before.failures + 1,
            // It ran beside one that is counted.
            Some(before) => before.failures.max(1),
        };
        let delayed = self.now + rules.retry_delay(failures).as_millis();
        let until = delayed.max(before.map_or(0, |before| before.until));
        let left = self.machine.retry_after(slot, self.wall()).as_millis();
        if left == until - self.now {
            let backoff = Backoff {
                failures,
                until,
                failed: load.fence,
                known: self.last_fence,
            };
            self.backoffs.insert(load.key, backoff);
        } else {
            assert!(
                orphan,
                "a failure waits {} ms, not {left}",
                until - self.now
            );
        }
    }

    /// The replacement of a load's result, as the model has it.
    fn standing_in(&self, load: Load) -> Option<Instead> {
        let held = self.held.get(&load.key)?;
        let is_servable = held.state(self.now).is_servable();
        is_servable.then(|| Instead::Entry {
            age: Span::from_millis(self.now - held.stored_at),
            ttl: held.lifetime.ttl,
        })
    }

    pub(super) fn cancelled(&mut self, load: Load) {
        self.record(load, Outcome::Ignored);
        self.machine.cancelled(self.slot(load.key), load.fence);
        self.end(load);
    }

    pub(super) fn end(&mut self, load: Load) {
        if self.leads(load) {
            self.leaders.remove(&load.key);
        }
    }
}
