//! Tags in the call machine, against a list of everything that happened.

use holdover::call::{Arrival, CallMachine, Landed};
use holdover::fence::Fence;
use holdover::memory::{Limits, SlotId};
use holdover::policy::{Options, Policy};
use holdover::strategy::ttl::{Lifetime, State};
use holdover::tags::Invalidation;
use holdover::time::{Span, Timestamp};
use proptest::prelude::*;

const KEYS: usize = 3;

#[derive(Clone, Debug)]
enum Op {
    Start(usize),
    Land(usize, Vec<u64>),
    Invalidate(Vec<u64>, bool),
    Write(usize, Vec<u64>),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let tags = || proptest::collection::vec(0..4_u64, 0..3);
    let op = prop_oneof![
        (0..KEYS).prop_map(Op::Start),
        (any::<usize>(), tags()).prop_map(|(flight, tags)| Op::Land(flight, tags)),
        (tags(), any::<bool>()).prop_map(|(tags, soft)| Op::Invalidate(tags, soft)),
        (0..KEYS, tags()).prop_map(|(key, tags)| Op::Write(key, tags)),
    ];
    proptest::collection::vec(op, 0..60)
}

/// What a key should hold: what was stored, and when its load began, in steps.
#[derive(Clone, Debug)]
struct Expected {
    began: usize,
    tags: Vec<u64>,
}

struct Stage {
    machine: CallMachine,
    policy: u32,
    slots: [Option<SlotId>; KEYS],
    flights: Vec<(usize, Fence, usize)>,
    expected: [Option<Expected>; KEYS],
    /// When each key was last written, in steps of the beginning of the write's load.
    newest: [usize; KEYS],
    invalidations: Vec<(usize, u64, bool)>,
}

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

fn arrival(ttl: u64) -> Arrival {
    let lifetime = Lifetime {
        ttl: Span::from_millis(ttl),
        stale_while_revalidate: Span::from_millis(1000),
        stale_if_error: Span::ZERO,
        retained: Span::ZERO,
    };
    Arrival { lifetime, size: 1 }
}

impl Stage {
    fn new() -> Self {
        let limits = Limits {
            max_entries: 100,
            max_bytes: 1000,
        };
        let mut machine = CallMachine::new(limits);
        let options = Options {
            ttl: Some(Span::from_millis(1000)),
            ..Options::default()
        };
        let policy = machine.add_policy(Policy::compile(&options).expect("a policy"));
        Self {
            machine,
            policy,
            slots: [None; KEYS],
            flights: Vec::new(),
            expected: [const { None }; KEYS],
            newest: [0; KEYS],
            invalidations: Vec::new(),
        }
    }

    fn drain(&mut self) {
        while let Some(dropped) = self.machine.take_dropped() {
            for slot in &mut self.slots {
                *slot = slot.filter(|slot| *slot != dropped.slot);
            }
        }
    }

    fn play(&mut self, step: usize, op: Op) {
        match op {
            Op::Start(key) => {
                let (slot, fence) = self.machine.refresh(self.slots[key], self.policy, NOW);
                self.slots[key] = Some(slot);
                self.flights.push((key, fence, step));
            }
            Op::Land(flight, tags) if !self.flights.is_empty() => {
                let (key, fence, began) = self.flights.remove(flight % self.flights.len());
                self.land(key, fence, began, tags);
            }
            Op::Land(..) => {}
            Op::Invalidate(tags, soft) => {
                self.machine.invalidate_tags(&tags, soft, NOW);
                self.invalidations
                    .extend(tags.iter().map(|&tag| (step, tag, soft)));
            }
            Op::Write(key, tags) => {
                let landed = self.machine.put(self.slots[key], arrival(1000), NOW);
                let Landed::Stored(slot) = landed else {
                    panic!("{landed:?}")
                };
                self.machine.tag(slot, tags.clone().into(), None);
                self.slots[key] = Some(slot);
                self.newest[key] = step;
                self.expected[key] = Some(Expected { began: step, tags });
            }
        }
        self.drain();
    }

    /// As the driver does it.
    fn land(&mut self, key: usize, fence: Fence, began: usize, tags: Vec<u64>) {
        let slot = self.slots[key];
        let ttl = match self.machine.tags_after(&tags, fence) {
            Some(Invalidation::Hard) => return self.machine.cancelled(slot, fence),
            Some(Invalidation::Soft(_)) => 0,
            None => 1000,
        };
        let landed = self
            .machine
            .loaded(slot, fence, self.policy, arrival(ttl), NOW);
        let Landed::Stored(slot) = landed else { return };
        self.machine.tag(slot, tags.clone().into(), Some(fence));
        assert!(
            began >= self.newest[key],
            "an older load overwrote a newer write"
        );
        self.slots[key] = Some(slot);
        self.newest[key] = began;
        self.expected[key] = Some(Expected { began, tags });
    }

    /// By the whole history: dead after any hard invalidation since its load began, stale after
    /// any soft one, else fresh.
    fn check(&mut self) {
        for key in 0..KEYS {
            let Some(expected) = &self.expected[key] else {
                continue;
            };
            let since = self
                .invalidations
                .iter()
                .filter(|(step, tag, _)| *step > expected.began && expected.tags.contains(tag));
            let worst = since.map(|(_, _, soft)| if *soft { 1 } else { 2 }).max();
            let state = self.slots[key].and_then(|slot| self.machine.state(slot, NOW));
            match worst {
                None => assert_eq!(state, Some(State::Fresh), "{expected:?}"),
                Some(1) => assert_eq!(state, Some(State::Revalidate), "{expected:?}"),
                Some(_) => assert!(matches!(state, None | Some(State::Dead)), "{expected:?}"),
            }
        }
        self.machine.assert_invariants();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn an_invalidation_is_never_undone_by_what_began_before_it(ops in ops()) {
        let mut stage = Stage::new();
        for (step, op) in ops.into_iter().enumerate() {
            stage.play(step, op);
            // Not after each step: what nobody has read yet must be right as well.
            if step % 3 == 0 {
                stage.check();
            }
        }
        stage.check();
    }
}

#[test]
fn a_caller_takes_over_from_an_outdated_load() {
    let mut stage = Stage::new();
    let (slot, old) = stage.machine.refresh(None, stage.policy, NOW);
    stage.machine.invalidate_tags(&[7], false, NOW);
    assert!(stage.machine.is_outdated(Some(&[7]), old));
    assert!(!stage.machine.is_outdated(Some(&[8]), old));
    assert!(stage.machine.is_outdated(None, old));
    let new = stage.machine.take_over(slot, stage.policy, NOW);
    assert!(!stage.machine.is_outdated(None, new));
    assert_eq!(stage.machine.flights(), 1, "the old one leads no more");
}
