//! Dead entries that are kept so that they can be validated.

use holdover::call::{Arrival, CallMachine, Landed, Step};
use holdover::memory::{Limits, SlotId};
use holdover::policy::{Options, Policy};
use holdover::strategy::ttl::{Lifetime, State};
use holdover::time::{Span, Timestamp};

fn machine(max_entries: u32) -> (CallMachine, u32) {
    let mut machine = CallMachine::new(Limits {
        max_entries,
        max_bytes: u64::MAX,
    });
    let policy = Policy::compile(&Options {
        ttl: Some(Span::FOREVER),
        ..Options::default()
    });
    let policy = machine.add_policy(policy.expect("a policy"));
    (machine, policy)
}

fn arrival(ttl: u64, retained: u64) -> Arrival {
    Arrival {
        lifetime: Lifetime {
            ttl: Span::from_millis(ttl),
            stale_while_revalidate: Span::ZERO,
            stale_if_error: Span::ZERO,
            retained: Span::from_millis(retained),
        },
        size: 1,
    }
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn put(machine: &mut CallMachine, arrival: Arrival, now: u64) -> SlotId {
    match machine.put(None, arrival, at(now)) {
        Landed::Stored(slot) => slot,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_entry_that_comes_dead_is_kept_only_to_be_validated() {
    let (mut machine, policy) = machine(10);
    assert_eq!(machine.put(None, arrival(0, 0), at(0)), Landed::NotKept);
    while machine.take_dropped().is_some() {}
    let slot = put(&mut machine, arrival(0, 100), 0);
    assert_eq!(machine.state(slot, at(0)), Some(State::Dead));
    assert!(machine.is_kept(slot, at(99)) && !machine.is_kept(slot, at(100)));
    assert!(!machine.fallback(slot, at(0)) && !machine.touch(slot, at(0)));
    let (_, step) = machine.begin(Some(slot), policy, at(1), 0.5);
    let Step::Load { fence, fallback } = step else {
        panic!("{step:?}");
    };
    assert!(!fallback, "it answers nobody by itself");
    let landed = machine.loaded(Some(slot), fence, policy, arrival(50, 100), at(2));
    assert_eq!(landed, Landed::Stored(slot));
    assert_eq!(machine.state(slot, at(51)), Some(State::Fresh));
}

#[test]
fn what_is_retained_goes_before_what_lives() {
    let (mut machine, _) = machine(3);
    let oldest = put(&mut machine, arrival(1000, 0), 0);
    let retained = put(&mut machine, arrival(10, 5000), 1);
    let newest = put(&mut machine, arrival(1000, 0), 2);
    machine.touch(retained, at(3));
    put(&mut machine, arrival(1000, 0), 20);
    let dropped = machine.take_dropped().expect("one made room");
    assert_eq!(dropped.slot, retained);
    assert_eq!(machine.memory().evictions(), 0, "no live entry was dropped");
    for slot in [oldest, newest] {
        assert_eq!(machine.state(slot, at(20)), Some(State::Fresh));
    }
}

#[test]
fn a_record_of_a_dead_entry_is_kept_to_be_validated() {
    let (mut machine, policy) = machine(10);
    let (slot, step) = machine.begin(None, policy, at(500), 0.5);
    let (Some(slot), Step::Load { fence, .. }) = (slot, step) else {
        panic!("{step:?}");
    };
    let record = (arrival(100, 1000), Span::from_millis(200), 0.5);
    let (found, kept) = machine.found(slot, fence, policy, record, false, at(500));
    assert_eq!(found, holdover::call::Found::Load { fallback: false });
    assert_eq!(kept, holdover::call::Kept::Found);
    assert!(machine.is_kept(slot, at(1399)) && !machine.is_kept(slot, at(1400)));
}
