//! What may be done to a call machine, at random.

use super::Key;
use holdover::call::PolicyId;
use holdover::policy::{Mode, Options, Policy};
use holdover::strategy::early::Early;
use holdover::strategy::hits::Hits;
use holdover::strategy::ttl::Lifetime;
use holdover::time::Span;
use proptest::prelude::*;

const KEYS: Key = 6;
const POLICIES: PolicyId = 8;

/// One operation. A `load` counts through those that run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Begin {
        key: Key,
        policy: PolicyId,
        /// Of 256.
        roll: u8,
    },
    Refresh {
        key: Key,
        policy: PolicyId,
    },
    Started {
        load: usize,
    },
    Found {
        load: usize,
        lifetime: Lifetime,
        size: u32,
        age: u64,
    },
    Loaded {
        load: usize,
        lifetime: Lifetime,
        size: u32,
    },
    Failed {
        load: usize,
    },
    Cancelled {
        load: usize,
    },
    Put {
        key: Key,
        lifetime: Lifetime,
        size: u32,
    },
    Invalidate {
        key: Key,
    },
    Forward {
        millis: u16,
    },
    Back {
        millis: u16,
    },
}

/// The policies that `PolicyId`s name: short times, so that all of them pass.
pub(crate) fn policies() -> Vec<Policy> {
    let usual = Options {
        ttl: Some(Span::from_millis(20)),
        timeout: Some(Span::from_millis(10)),
        retry_after: Span::from_millis(15),
        ..Options::default()
    };
    let origin_first = Options {
        mode: Mode::OriginFirst,
        ..usual
    };
    let alone = Options {
        single_flight: false,
        ..usual
    };
    let alone_origin_first = Options {
        single_flight: false,
        ..origin_first
    };
    let early = Options {
        early: Some(Early::After(Span::from_millis(5))),
        ..usual
    };
    let hits = Options {
        hits: Some(Hits {
            max: 3,
            refresh_at: Some(2),
        }),
        ..usual
    };
    let both = Options {
        early: Some(Early::Probabilistic { beta: 1.5 }),
        hits: Some(Hits {
            max: 4,
            refresh_at: None,
        }),
        ..usual
    };
    let both_alone = Options {
        single_flight: false,
        ..both
    };
    let all = [
        usual,
        origin_first,
        alone,
        alone_origin_first,
        early,
        hits,
        both,
        both_alone,
    ];
    all.map(|options| Policy::compile(&options).expect("a policy"))
        .to_vec()
}

fn lifetime() -> impl Strategy<Value = Lifetime> {
    let span = prop_oneof![
        8 => (0_u64..60).prop_map(Span::from_millis),
        3 => Just(Span::ZERO),
        1 => Just(Span::FOREVER),
    ];
    let retained = prop_oneof![3 => Just(0), 1 => 0_u64..40].prop_map(Span::from_millis);
    (span.clone(), span.clone(), span, retained).prop_map(
        |(ttl, revalidate, if_error, retained)| Lifetime {
            ttl,
            stale_while_revalidate: revalidate,
            stale_if_error: if_error,
            retained,
        },
    )
}

fn op() -> impl Strategy<Value = Op> {
    let key = 0..KEYS;
    let policy = prop_oneof![3 => Just(0), 3 => Just(1), 1 => 2_u32..4, 4 => 4..POLICIES];
    let load = 0_usize..64;
    let size = 0_u32..5;
    prop_oneof![
        8 => (key.clone(), policy.clone(), any::<u8>())
            .prop_map(|(key, policy, roll)| Op::Begin { key, policy, roll }),
        1 => (key.clone(), policy).prop_map(|(key, policy)| Op::Refresh { key, policy }),
        1 => load.clone().prop_map(|load| Op::Started { load }),
        1 => (load.clone(), lifetime(), size.clone(), 0_u64..40)
            .prop_map(|(load, lifetime, size, age)| Op::Found { load, lifetime, size, age }),
        4 => (load.clone(), lifetime(), size.clone())
            .prop_map(|(load, lifetime, size)| Op::Loaded { load, lifetime, size }),
        2 => load.clone().prop_map(|load| Op::Failed { load }),
        1 => load.prop_map(|load| Op::Cancelled { load }),
        1 => (key.clone(), lifetime(), size)
            .prop_map(|(key, lifetime, size)| Op::Put { key, lifetime, size }),
        1 => key.prop_map(|key| Op::Invalidate { key }),
        4 => (0_u16..80).prop_map(|millis| Op::Forward { millis }),
        1 => any::<u16>().prop_map(|millis| Op::Back { millis }),
    ]
}

/// Around `count` operations.
pub(crate) fn ops(count: usize) -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(op(), 1..2 * count)
}
