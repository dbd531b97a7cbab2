//! The call machine against a plain model of it, under random operations.
//!
//! Each run prints its seed; `HOLDOVER_SEED=<number> cargo test --test call_machine` repeats it.
//! A counter-example is printed as the fewest operations that show it. What callers see of it is
//! worth a vector: `tests/vectors/README.md` says how random scenarios become one.

mod model;
mod seeds;

use holdover::call::{Arrival, CallMachine, Failure, Landed, Step};
use holdover::memory::{Eviction, Limits};
use holdover::policy::{Options, Policy};
use holdover::strategy::ttl::Lifetime;
use holdover::time::{Span, Timestamp};
use model::{Model, Op, ops};
use proptest::prelude::*;
use seeds::{runner, seed};
use std::cell::Cell;

const CASES: u32 = 8_000;
const SHRINKING: u32 = 20_000;
const OPS_PER_CASE: usize = 200;

#[test]
fn keeps_its_promises_whatever_is_done() {
    let seed = seed();
    let evictions = prop_oneof![Just(Eviction::Lru), Just(Eviction::S3Fifo)];
    let limits = (0_u32..4, 1_u64..8, evictions);
    let steps = Cell::new(0);
    let played = runner(seed, CASES, SHRINKING).run(
        &(limits, ops(OPS_PER_CASE)),
        |((max_entries, max_bytes, eviction), ops): (_, Vec<Op>)| {
            let limits = Limits {
                max_entries,
                max_bytes,
            };
            let mut model = Model::new(limits, eviction);
            steps.set(steps.get() + ops.len());
            for op in ops {
                model.perform(op);
            }
            Ok(())
        },
    );
    println!("{} steps", steps.get());
    if played.is_ok() {
        assert!(steps.get() >= 1_000_000, "a million steps a run");
    }
    if let Err(failure) = played {
        panic!("HOLDOVER_SEED={seed}\n{failure:#}");
    }
}

/// A machine and a policy whose leases last `millis`.
fn machine_with_lease(millis: u64) -> (CallMachine, u32) {
    let mut machine = CallMachine::new(Limits {
        max_entries: 1000,
        max_bytes: u64::MAX,
    });
    let timeout = Span::from_millis(millis).minus(Policy::LEASE_GRACE);
    let policy = Policy::compile(&Options {
        ttl: Some(Span::FOREVER),
        timeout: Some(timeout),
        ..Options::default()
    });
    let policy = machine.add_policy(policy.expect("a policy"));
    (machine, policy)
}

fn drain(machine: &mut CallMachine) {
    while machine.take_dropped().is_some() {}
}

/// Requests that vanish report nothing, ever: each key is asked for once and never again.
#[test]
fn loads_that_never_end_leave_bounded_memory() {
    let (mut machine, policy) = machine_with_lease(100);
    for millis in 0..100_000 {
        let (_, step) = machine.begin(None, policy, Timestamp::from_millis(millis), 0.5);
        assert!(matches!(step, Step::Load { .. }));
        drain(&mut machine);
        assert!(machine.flights() <= 101, "{} flights", machine.flights());
        assert!(machine.memory().taken() <= 101);
    }
    machine.assert_invariants();
}

#[test]
fn a_burst_of_loads_that_never_end_is_cleared_by_half_as_many_that_do() {
    let (mut machine, policy) = machine_with_lease(100);
    for _ in 0..10_000 {
        let _ = machine.begin(None, policy, Timestamp::ZERO, 0.5);
    }
    assert_eq!(machine.flights(), 10_000);
    for millis in 0..5_000 {
        let now = Timestamp::from_millis(100 + millis);
        let (slot, step) = machine.begin(None, policy, now, 0.5);
        let Step::Load { fence, .. } = step else {
            panic!("{step:?}");
        };
        let _ = machine.failed(slot, fence, policy, Failure::default(), now);
        drain(&mut machine);
    }
    assert_eq!(machine.flights(), 0);
    assert_eq!(machine.memory().taken(), 0);
}

#[test]
fn a_key_whose_loads_never_end_keeps_one_flight() {
    let (mut machine, policy) = machine_with_lease(100);
    let mut slot = None;
    for turn in 0..100_000 {
        let (taken, step) = machine.begin(slot, policy, Timestamp::from_millis(turn * 100), 0.5);
        assert!(matches!(step, Step::Load { .. }), "turn {turn}: {step:?}");
        slot = taken;
        drain(&mut machine);
        assert_eq!((machine.flights(), machine.memory().taken()), (1, 1));
    }
}

/// Somebody else has changed the key: what is there stands in for failures, and no more.
#[test]
fn a_distrusted_entry_answers_only_for_failures_and_late_loads_do_not_store() {
    let (mut machine, policy) = machine_with_lease(100);
    let at = Timestamp::from_millis;
    let arrival = |ttl| Arrival {
        lifetime: Lifetime {
            ttl: Span::from_millis(ttl),
            stale_while_revalidate: Span::from_millis(50),
            stale_if_error: Span::ZERO,
            retained: Span::ZERO,
        },
        size: 1,
    };
    let Landed::Stored(slot) = machine.put(None, arrival(100), at(0)) else {
        panic!("it is kept");
    };
    let (_, fence) = machine.refresh(Some(slot), policy, at(10));
    machine.distrust(Some(slot), at(20));
    assert_eq!(machine.flights(), 0);
    let landed = machine.loaded(Some(slot), fence, policy, arrival(100), at(30));
    assert_eq!(landed, Landed::Outdated);
    let (_, step) = machine.begin(Some(slot), policy, at(149), 0.5);
    assert!(
        matches!(step, Step::Load { fallback: true, .. }),
        "{step:?}"
    );
    assert!(machine.fallback(slot, at(149)));
    assert!(!machine.fallback(slot, at(150)), "no longer than before");
    machine.assert_invariants();
}
