//! The core by itself: a clock that is an argument, an origin that goes away, and the last good
//! answer held over. `cargo run --example hold_over`

use holdover::call::{Arrival, CallMachine, Failure, Instead, Landed, Step};
use holdover::memory::{Limits, SlotId};
use holdover::policy::{ConfigError, Options, Policy};
use holdover::strategy::ttl::Lifetime;
use holdover::time::{Span, Timestamp};

/// The host's part: where the value is that the core decides about.
struct Host {
    machine: CallMachine,
    slot: Option<SlotId>,
    value: u64,
}

fn main() -> Result<(), ConfigError> {
    let mut machine = CallMachine::new(Limits {
        max_entries: 100,
        max_bytes: u64::MAX,
    });
    let lifetime = Lifetime {
        ttl: Span::from_secs(10),
        stale_while_revalidate: Span::ZERO,
        stale_if_error: Span::from_secs(60),
        retained: Span::ZERO,
    };
    let policy = machine.add_policy(Policy::compile(&Options {
        ttl: Some(lifetime.ttl),
        stale_if_error: lifetime.stale_if_error,
        ..Options::default()
    })?);
    let mut host = Host {
        machine,
        slot: None,
        value: 0,
    };
    for second in [0, 5, 10, 12, 30, 69, 70] {
        let now = Timestamp::from_millis(second * 1000);
        let origin = (second < 10).then_some(second);
        let (slot, step) = host.machine.begin(host.slot, policy, now, 0.5);
        host.slot = slot;
        let answer = match step {
            Step::Serve(served) => format!("{} ({served:?})", host.value),
            Step::Load { fence, .. } => match origin {
                Some(value) => {
                    let arrival = Arrival { lifetime, size: 8 };
                    let landed = host.machine.loaded(slot, fence, policy, arrival, now);
                    assert_ne!(landed, Landed::Outdated);
                    host.value = value;
                    format!("{value} (loaded)")
                }
                None => fail(&mut host, fence, policy, now),
            },
            other => format!("{other:?}"),
        };
        println!("{second:>3} s  {answer}");
    }
    Ok(())
}

/// The load failed: the entry answers instead if it still may.
fn fail(
    host: &mut Host,
    fence: holdover::Fence,
    policy: holdover::call::PolicyId,
    now: Timestamp,
) -> String {
    let failure = Failure {
        may_stand_in: true,
        ..Failure::default()
    };
    let instead = host.machine.failed(host.slot, fence, policy, failure, now);
    match instead {
        Instead::Entry { age, .. } => {
            format!("{} (held over, {} ms old)", host.value, age.as_millis())
        }
        _ => "the origin's error".to_owned(),
    }
}
