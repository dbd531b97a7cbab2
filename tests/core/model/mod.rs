//! What the call machine should do, said plainly: maps by key, nothing shared with the machine.
//!
//! Which entry is evicted is the machine's choice here (`src/memory/recency.rs` has tests for
//! that), and so is when an orphan is reaped; the model follows, and checks that the choice was
//! allowed. Everything else it says itself, and compares.

mod checks;
mod guards;
mod loads;
mod ops;
mod serving;

use guards::{Admitted, Guarded};
use ops::policies;
pub(crate) use ops::{Op, ops};

use holdover::call::{Arrival, CallMachine, Landed, PolicyId, Served, Step};
use holdover::fence::Fence;
use holdover::flight::Flight;
use holdover::memory::{Eviction, Limits, SlotId};
use holdover::policy::{Mode, Policy};
use holdover::strategy::ttl::{Lifetime, State};
use holdover::time::{Span, Timestamp};
use std::collections::HashMap;

/// The name of a key.
pub(crate) type Key = u8;

/// A value in the memory.
#[derive(Clone, Copy, Debug)]
struct Held {
    stored_at: u64,
    lifetime: Lifetime,
    size: u32,
    /// What its load took, and how often it was served where that counts.
    cost: u64,
    hits: u32,
}

/// A load that has begun and was not reported to have ended.
#[derive(Clone, Copy, Debug)]
struct Load {
    key: Key,
    fence: Fence,
    policy: PolicyId,
    background: bool,
    /// Its place among the guards' loads, once the loader runs.
    admitted: Option<Admitted>,
}

/// Who leads a key.
#[derive(Clone, Copy, Debug)]
struct Leader {
    fence: Fence,
    since: u64,
    lease_ends: u64,
    background: bool,
}

#[derive(Clone, Copy, Debug)]
struct Backoff {
    failures: u32,
    until: u64,
    /// The fence of the load that failed last, and the newest one when that was known.
    failed: Fence,
    known: Fence,
}

/// The machine beside what it should know.
pub(crate) struct Model {
    machine: CallMachine,
    limits: Limits,
    rules: Vec<Policy>,
    /// What the host's wall clock says, and how much time has passed for the machine.
    wall: u64,
    now: u64,
    slots: HashMap<Key, SlotId>,
    held: HashMap<Key, Held>,
    leaders: HashMap<Key, Leader>,
    backoffs: HashMap<Key, Backoff>,
    /// For each key, results of loads up to this fence may not be stored any more.
    barriers: HashMap<Key, Fence>,
    loads: Vec<Load>,
    last_fence: Fence,
    /// Of odd policies and of even ones: functions of their own, so to speak.
    guarded: [Guarded; 2],
}

fn arrival(lifetime: Lifetime, size: u32) -> Arrival {
    Arrival { lifetime, size }
}

impl Held {
    fn state(&self, now: u64) -> State {
        self.lifetime.state(Span::from_millis(now - self.stored_at))
    }
}

impl Model {
    pub(crate) fn new(limits: Limits, eviction: Eviction) -> Self {
        let mut machine = CallMachine::new(limits);
        machine.evict_by(eviction);
        let rules = policies();
        for policy in &rules {
            machine.add_policy(*policy);
        }
        Self {
            machine,
            limits,
            rules,
            wall: 1_000_000,
            now: 1_000_000,
            slots: HashMap::new(),
            held: HashMap::new(),
            leaders: HashMap::new(),
            backoffs: HashMap::new(),
            barriers: HashMap::new(),
            loads: Vec::new(),
            last_fence: Fence::ZERO,
            guarded: [Guarded::new(false), Guarded::new(true)],
        }
    }

    /// Does one operation on both sides and compares.
    pub(crate) fn perform(&mut self, op: Op) {
        match op {
            Op::Begin { key, policy, roll } => self.begin(key, policy, f64::from(roll) / 256.0),
            Op::Refresh { key, policy } => self.refresh(key, policy),
            Op::Started { load } => self.with_load(load, true, |model, load| {
                if load.admitted.is_some() {
                    model.loads.push(load);
                } else if let Some(load) = model.runs(load) {
                    model.started(load);
                    model.loads.push(load);
                }
            }),
            Op::Found {
                load,
                lifetime,
                size,
                age,
            } => self.with_load(load, true, |model, load| {
                // Hosts look before they load, and what answers everybody ends the flight.
                let looks = load.admitted.is_none();
                if !looks || model.found(load, arrival(lifetime, size), age) {
                    model.loads.push(load);
                }
            }),
            Op::Loaded {
                load,
                lifetime,
                size,
            } => self.with_load(load, true, |model, load| {
                if let Some(load) = model.runs(load) {
                    model.loaded(load, arrival(lifetime, size));
                }
            }),
            Op::Failed { load } => self.with_load(load, true, |model, load| {
                if let Some(load) = model.runs(load) {
                    model.failed(load);
                }
            }),
            Op::Cancelled { load } => self.with_load(load, true, Self::cancelled),
            Op::Put {
                key,
                lifetime,
                size,
            } => self.put(key, arrival(lifetime, size)),
            Op::Invalidate { key } => self.invalidate(key),
            Op::Forward { millis } => self.pass(i64::from(millis)),
            Op::Back { millis } => self.pass(-i64::from(millis)),
        }
        self.drain();
        self.check();
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from_millis(self.wall)
    }

    fn slot(&self, key: Key) -> Option<SlotId> {
        self.slots.get(&key).copied()
    }

    /// The load with this number, if there is any; taken out when it `ends`.
    fn with_load(&mut self, nth: usize, ends: bool, perform: impl FnOnce(&mut Self, Load)) {
        if self.loads.is_empty() {
            return;
        }
        let nth = nth % self.loads.len();
        let load = self.loads[nth];
        if ends {
            self.loads.swap_remove(nth);
        }
        perform(self, load);
    }

    /// Time that the wall clock takes back does not count.
    fn pass(&mut self, millis: i64) {
        self.wall = self.wall.saturating_add_signed(millis);
        self.now += u64::try_from(millis).unwrap_or(0);
        // The machine sees the time now, so that a later step back takes nothing from it.
        let _ = self.machine.fallback(0, self.wall());
    }

    fn leads(&self, load: Load) -> bool {
        self.leaders
            .get(&load.key)
            .is_some_and(|leader| leader.fence == load.fence)
    }

    fn has_live_flight(&self, key: Key) -> bool {
        self.leaders
            .get(&key)
            .is_some_and(|leader| leader.lease_ends > self.now)
    }

    /// Whether callers that no entry can answer wait for the load of a key.
    fn is_waited_for(&self, key: Key) -> bool {
        self.has_live_flight(key)
            && self.leaders.get(&key).is_some_and(|leader| {
                !leader.background || leader.since + Flight::PATIENCE.as_millis() > self.now
            })
    }

    fn new_fence(&mut self, fence: Fence) {
        assert!(fence > self.last_fence, "fences only grow");
        self.last_fence = fence;
    }

    fn lead(&mut self, key: Key, policy: PolicyId, fence: Fence, background: bool) {
        self.new_fence(fence);
        let lease = self.rules[policy as usize].lease().as_millis();
        let since = self.now;
        let lease_ends = since + lease;
        let leader = Leader {
            fence,
            since,
            lease_ends,
            background,
        };
        self.leaders.insert(key, leader);
        self.go(key, policy, fence, background);
    }

    fn go(&mut self, key: Key, policy: PolicyId, fence: Fence, background: bool) {
        self.loads.push(Load {
            key,
            fence,
            policy,
            background,
            admitted: None,
        });
    }

    fn begin(&mut self, key: Key, policy: PolicyId, roll: f64) {
        let before = self.slot(key);
        let (slot, step) = self.machine.begin(before, policy, self.wall(), roll);
        self.drain();
        match (before, slot) {
            (Some(before), after) => assert_eq!(Some(before), after, "a key keeps its slot"),
            (None, Some(slot)) => self.adopt(key, slot),
            (None, None) => {}
        }
        let state = self.held.get(&key).map(|held| held.state(self.now));
        let expected = self.expected(key, policy, state, roll);
        assert_eq!(Kind::of(step), expected, "key {key}, {state:?}");
        match step {
            Step::Roll => unreachable!("rolls are given"),
            Step::ServeAndRefresh(_, fence) => self.lead(key, policy, fence, true),
            Step::Load { fence, .. } if self.rules[policy as usize].single_flight() => {
                self.lead(key, policy, fence, false);
            }
            Step::Load { fence, .. } => {
                self.new_fence(fence);
                self.go(key, policy, fence, false);
            }
            Step::Serve(_) | Step::Wait { .. } => {}
        }
    }

    /// The table of SEMANTICS §3, and who may load.
    fn expected(&mut self, key: Key, policy: PolicyId, state: Option<State>, roll: f64) -> Kind {
        let rules = self.rules[policy as usize];
        let live = self.has_live_flight(key);
        let joins = rules.single_flight() && self.is_waited_for(key);
        match (state, rules.mode()) {
            (Some(State::Fresh), Mode::CacheFirst) if !self.is_used_up(key, &rules) => {
                if self.hit(key, &rules, roll) && !live && !self.is_backing_off(key) {
                    Kind::ServeAndRefresh(Served::Hit)
                } else {
                    Kind::Serve(Served::Hit)
                }
            }
            (Some(State::Revalidate), Mode::CacheFirst) => {
                if live || self.is_backing_off(key) {
                    Kind::Serve(Served::Stale)
                } else {
                    Kind::ServeAndRefresh(Served::Stale)
                }
            }
            (None | Some(State::Dead), _) if joins => Kind::Wait { fallback: false },
            (None | Some(State::Dead), _) => Kind::Load { fallback: false },
            _ if self.is_backing_off(key) => Kind::Serve(Served::ErrorFallback),
            _ if joins => Kind::Wait { fallback: true },
            _ => Kind::Load { fallback: true },
        }
    }

    fn refresh(&mut self, key: Key, policy: PolicyId) {
        let before = self.slot(key);
        let (slot, fence) = self.machine.refresh(before, policy, self.wall());
        self.drain();
        if before.is_none() {
            self.adopt(key, slot);
        }
        assert_eq!(self.slot(key), Some(slot), "a key keeps its slot");
        self.lead(key, policy, fence, false);
    }

    fn put(&mut self, key: Key, arrival: Arrival) {
        let landed = self.machine.put(self.slot(key), arrival, self.wall());
        assert_ne!(landed, Landed::Outdated, "a direct write is the newest");
        self.block(key);
        self.leaders.remove(&key);
        self.land(key, self.last_fence, landed, arrival, 0);
    }

    /// No load that has begun may store from now on.
    fn block(&mut self, key: Key) {
        self.last_fence = self.last_fence.next();
        self.barriers.insert(key, self.last_fence);
    }

    fn land(&mut self, key: Key, fence: Fence, landed: Landed, arrival: Arrival, cost: u64) {
        let Landed::Stored(slot) = landed else {
            self.held.remove(&key);
            self.backoffs.remove(&key);
            return;
        };
        match self.backoffs.get_mut(&key) {
            Some(known) if known.known >= fence && known.failed != fence => known.failures = 0,
            _ => {
                self.backoffs.remove(&key);
            }
        }
        let held = Held {
            stored_at: self.now,
            lifetime: arrival.lifetime,
            size: arrival.size,
            cost,
            hits: 0,
        };
        assert!(
            held.lifetime.is_kept(Span::ZERO),
            "what is of no use is not kept"
        );
        let pinned = self.leaders.contains_key(&key);
        assert!(
            self.limits.max_entries > 0 || pinned,
            "a memory for nothing keeps what is being loaded, and no more"
        );
        self.held.insert(key, held);
        match self.slot(key) {
            None => self.adopt(key, slot),
            Some(known) => assert_eq!(known, slot, "a key keeps its slot"),
        }
    }

    fn invalidate(&mut self, key: Key) {
        self.machine.invalidate(self.slot(key));
        self.block(key);
        self.held.remove(&key);
        self.leaders.remove(&key);
        self.backoffs.remove(&key);
    }

    fn adopt(&mut self, key: Key, slot: SlotId) {
        let taken = self.slots.values().any(|known| *known == slot);
        assert!(!taken, "slot {slot} is another key's");
        self.slots.insert(key, slot);
        self.machine.identify(slot, u32::from(key) << 3);
    }

    /// Forgets what the machine dropped. What it may not drop: a key that is being loaded.
    fn drain(&mut self) {
        while let Some(dropped) = self.machine.take_dropped() {
            let known = self.slots.iter().find(|(_, slot)| **slot == dropped.slot);
            let Some((&key, _)) = known else { continue };
            assert!(!self.has_live_flight(key), "key {key} is being loaded");
            self.slots.remove(&key);
            self.held.remove(&key);
            self.leaders.remove(&key);
            self.backoffs.remove(&key);
        }
    }
}

/// A step without its fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Serve(Served),
    ServeAndRefresh(Served),
    Load { fallback: bool },
    Wait { fallback: bool },
}

impl Kind {
    fn of(step: Step) -> Self {
        match step {
            Step::Roll => unreachable!("rolls are given"),
            Step::Serve(served) => Self::Serve(served),
            Step::ServeAndRefresh(served, _) => Self::ServeAndRefresh(served),
            Step::Load { fallback, .. } => Self::Load { fallback },
            Step::Wait { fallback } => Self::Wait { fallback },
        }
    }
}
