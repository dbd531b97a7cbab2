//! The call machine: how calls begin, how loads end, and who leads.

use super::{aligned, at, ms};
use crate::row;
use holdover::call::{Arrival, CallMachine, Failure, Instead, Landed, PolicyId, Step};
use holdover::fence::Fence;
use holdover::memory::{Limits, SlotId};
use holdover::policy::{Mode, Options, Policy};
use holdover::strategy::hits::Hits;
use holdover::strategy::ttl::Lifetime;
use holdover::time::Timestamp;

const NOW: u64 = 1000;

fn options() -> Options {
    Options {
        ttl: Some(ms(100)),
        stale_while_revalidate: ms(100),
        stale_if_error: ms(200),
        timeout: Some(ms(50)),
        ..Options::default()
    }
}

fn machine(options: &Options) -> (CallMachine, PolicyId) {
    let mut machine = CallMachine::new(Limits {
        max_entries: 10,
        max_bytes: u64::MAX,
    });
    let policy = machine.add_policy(Policy::compile(options).expect("a policy"));
    (machine, policy)
}

fn arrival() -> Arrival {
    Arrival {
        lifetime: Lifetime {
            ttl: ms(100),
            stale_while_revalidate: ms(100),
            stale_if_error: ms(200),
            retained: ms(0),
        },
        size: 1,
    }
}

fn drain(machine: &mut CallMachine) {
    while machine.take_dropped().is_some() {}
}

/// A machine with an entry of this age at `NOW`, if any, and a load that hangs since long, if so.
fn with_entry(
    options: &Options,
    age: Option<u64>,
    hangs: bool,
) -> (CallMachine, PolicyId, Option<SlotId>) {
    let (mut machine, policy) = machine(options);
    let mut slot = hangs.then(|| machine.refresh(None, policy, at(NOW - 500)).0);
    if let Some(age) = age {
        match machine.put(slot, arrival(), at(NOW - age)) {
            Landed::Stored(stored) => slot = Some(stored),
            other => panic!("{other:?}"),
        }
    }
    (machine, policy, slot)
}

const AGES: [(&str, Option<u64>); 5] = [
    ("absent", None),
    ("fresh", Some(99)),
    ("revalidate", Some(100)),
    ("if error", Some(200)),
    ("dead", Some(300)),
];

/// What else is known of a key when a call begins.
const KNOWN: [&str; 4] = [
    "nothing",
    "a load runs",
    "its lease is over",
    "a load has failed",
];

fn prepare(machine: &mut CallMachine, policy: PolicyId, slot: &mut Option<SlotId>, known: &str) {
    match known {
        "a load runs" => *slot = Some(machine.refresh(*slot, policy, at(NOW)).0),
        "a load has failed" => {
            let (led, fence) = machine.refresh(*slot, policy, at(NOW));
            let _ = machine.failed(Some(led), fence, policy, failure("fails"), at(NOW));
            if slot.is_none() {
                drain(machine);
            }
        }
        _ => {}
    }
}

/// A step without its fence, which is a number like any other.
fn name(step: Step) -> String {
    match step {
        Step::Roll => "Roll".to_owned(),
        Step::ServeAndRefresh(served, _) => format!("ServeAndRefresh({served:?})"),
        Step::Load { fallback: true, .. } => "Load, entry as fallback".to_owned(),
        Step::Load { .. } => "Load".to_owned(),
        Step::Wait { fallback: true } => "Wait, entry as fallback".to_owned(),
        Step::Wait { .. } => "Wait".to_owned(),
        Step::Serve(served) => format!("Serve({served:?})"),
    }
}

/// How calls begin, for everything that may be known of a key.
pub(crate) fn begin() -> String {
    let hits = Hits {
        max: 1,
        refresh_at: Some(1),
    };
    let policies = [
        ("cache-first", options()),
        (
            "origin-first",
            Options {
                mode: Mode::OriginFirst,
                ..options()
            },
        ),
        (
            "alone",
            Options {
                single_flight: false,
                ..options()
            },
        ),
        (
            "hits max 1, refresh_at 1",
            Options {
                hits: Some(hits),
                ..options()
            },
        ),
    ];
    let mut rows = vec![row![
        "policy",
        "entry",
        "known",
        "first call",
        "second call"
    ]];
    for (policy_name, options) in policies {
        for (age_name, age) in AGES {
            for known in KNOWN {
                let (mut machine, policy, mut slot) = with_entry(&options, age, known == KNOWN[2]);
                prepare(&mut machine, policy, &mut slot, known);
                let (slot, first) = machine.begin(slot, policy, at(NOW), 0.5);
                drain(&mut machine);
                let (_, second) = machine.begin(slot, policy, at(NOW), 0.5);
                rows.push(row![
                    policy_name,
                    age_name,
                    known,
                    name(first),
                    name(second)
                ]);
            }
        }
    }
    aligned(&rows)
}

type Act = fn(&mut CallMachine, PolicyId, SlotId);

/// What happens to a key between the beginning of a load and its end.
const BETWEEN: [(&str, Act); 6] = [
    ("nothing", |_, _, _| ()),
    ("the lease ends", |_, _, _| ()),
    ("another takes over", |machine, policy, slot| {
        let _ = machine.begin(Some(slot), policy, at(NOW + 100), 0.5);
    }),
    ("another takes over and lands", |machine, policy, slot| {
        let (_, step) = machine.begin(Some(slot), policy, at(NOW + 100), 0.5);
        let Step::Load { fence, .. } = step else {
            panic!("{step:?}")
        };
        let _ = machine.loaded(Some(slot), fence, policy, arrival(), at(NOW + 100));
    }),
    ("a direct write", |machine, _, slot| {
        let _ = machine.put(Some(slot), arrival(), at(NOW));
    }),
    ("an invalidation", |machine, _, slot| {
        machine.invalidate(Some(slot));
    }),
];

fn led(age: Option<u64>) -> (CallMachine, PolicyId, SlotId, Fence) {
    let (mut machine, policy, slot) = with_entry(&options(), age, false);
    let (slot, fence) = machine.refresh(slot, policy, at(NOW));
    (machine, policy, slot, fence)
}

type Led = (Option<SlotId>, Fence, PolicyId);

const ENDS: [&str; 10] = [
    "succeeds",
    "fails",
    "fails openly",
    "fails beside",
    "fails with a spare",
    "fails for a time of its own",
    "fails to be remembered",
    "is refused",
    "is refused with a spare",
    "is cancelled",
];

/// Ends a load in one of these ways; says what becomes of its value, or what there is instead.
fn finish(
    machine: &mut CallMachine,
    end: &str,
    (slot, fence, policy): Led,
    now: Timestamp,
) -> String {
    match end {
        "succeeds" => match machine.loaded(slot, fence, policy, arrival(), now) {
            Landed::Stored(_) => "Stored".to_owned(),
            other => format!("{other:?}"),
        },
        "is refused" => told(machine.refused(slot, fence, policy, false, now)),
        "is refused with a spare" => told(machine.refused(slot, fence, policy, true, now)),
        "is cancelled" => {
            machine.cancelled(slot, fence);
            "-".to_owned()
        }
        _ => told(machine.failed(slot, fence, policy, failure(end), now)),
    }
}

fn failure(end: &str) -> Failure {
    Failure {
        may_stand_in: end != "fails openly",
        is_beside: end == "fails beside",
        has_spare: end == "fails with a spare",
        is_lasting: end == "fails for a time of its own",
        is_memorable: end == "fails to be remembered",
    }
}

fn told(instead: Instead) -> String {
    match instead {
        Instead::Entry { age, ttl } => {
            format!("Entry of {} for {}", age.as_millis(), ttl.as_millis())
        }
        other => format!("{other:?}"),
    }
}

/// What becomes of a load's value, and of the next call.
pub(crate) fn landing() -> String {
    let mut rows = vec![row![
        "entry",
        "meanwhile",
        "the load",
        "becomes",
        "next call"
    ]];
    for (age_name, age) in [AGES[0], AGES[2]] {
        for (between, act) in BETWEEN {
            let now = if between.contains("lease") || between.contains("another") {
                100
            } else {
                10
            };
            for end in ENDS {
                let (mut machine, policy, slot, fence) = led(age);
                act(&mut machine, policy, slot);
                drain(&mut machine);
                let known = machine.memory().is_taken(slot).then_some(slot);
                let now = at(NOW + now);
                let becomes = finish(&mut machine, end, (known, fence, policy), now);
                drain(&mut machine);
                let known = machine.memory().is_taken(slot).then_some(slot);
                let (_, step) = machine.begin(known, policy, now, 0.5);
                rows.push(row![age_name, between, end, becomes, name(step)]);
            }
        }
    }
    aligned(&rows)
}

/// Who leads, by the time since a load with a timeout of 50 began, and since its loader started.
pub(crate) fn flight() -> String {
    let mut rows = vec![row!["loader started", "later", "lease left", "next call"]];
    for started in [None, Some(0), Some(40)] {
        for later in [0, 50, 99, 100, 139, 140] {
            let (mut machine, policy, slot, fence) = led(None);
            if let Some(started) = started.filter(|started| *started <= later) {
                machine.started(slot, fence, at(NOW + started));
            }
            let now = at(NOW + later);
            let left = machine.wait_left(slot, now).as_millis();
            let (_, step) = machine.begin(Some(slot), policy, now, 0.5);
            let started = started.map_or_else(|| "-".to_owned(), |at| format!("after {at}"));
            rows.push(row![started, later, left, name(step)]);
        }
    }
    aligned(&rows)
}
