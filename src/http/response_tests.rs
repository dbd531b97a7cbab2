//! The plans for responses, by one thing after another.

use super::super::age::Exchange;
use super::super::head::Head;
use super::*;
use crate::time::Timestamp;
use alloc::format;
use alloc::string::String;

const NOW: Timestamp = Timestamp::from_millis(784_111_777_000);
const PLAIN: Transfer = Transfer {
    redirected: false,
    hides_coding: false,
    max_body: 100,
};
const SHARED: Rules<'_> = Rules {
    scope: Scope {
        shared: true,
        targets: "cdn-cache-control",
        keeps_set_cookie: false,
        hides_fields: false,
    },
    policy: terms::Policy {
        ttl: None,
        stale_while_revalidate: Span::ZERO,
        stale_if_error: Span::ZERO,
        overrides: false,
    },
};

fn overriding(ttl: Option<Span>) -> Rules<'static> {
    Rules {
        policy: terms::Policy {
            ttl,
            overrides: true,
            ..SHARED.policy
        },
        ..SHARED
    }
}

fn reading(status: u16, head: &str, transfer: Transfer, rules: &Rules<'_>) -> Reading {
    let exchange = Exchange {
        requested_at: NOW,
        received_at: NOW,
    };
    let answer = Answer {
        method: "GET",
        request: Head::new(""),
        status: Status(status),
        response: Head::new(head),
        exchange,
    };
    read(&answer, transfer, rules)
}

/// The decision on a 200 that may be stored but for these lines, and how it came.
fn stored(lines: &str, transfer: Transfer) -> Storing {
    let head = format!("cache-control: max-age=60\n{lines}");
    let reading = reading(200, &head, transfer, &SHARED);
    plan(&reading, &SHARED, Kind::Whole.into(), Span::ZERO).storing
}

fn planned(status: u16, head: &str, kind: Kind) -> Plan {
    plan(
        &reading(status, head, PLAIN, &SHARED),
        &SHARED,
        kind.into(),
        Span::ZERO,
    )
}

#[test]
fn the_way_it_came_counts() {
    let redirected = Transfer {
        redirected: true,
        ..PLAIN
    };
    let hidden = Transfer {
        hides_coding: true,
        ..PLAIN
    };
    for (lines, transfer, expected) in [
        ("", PLAIN, Storing::Allowed),
        ("", redirected, Storing::Redirected),
        ("content-length: 100\n", PLAIN, Storing::Allowed),
        ("content-length: 101\n", PLAIN, Storing::TooLong),
        ("content-length: 101, 101\n", PLAIN, Storing::Allowed),
        ("content-length: 101\n", redirected, Storing::Redirected),
        ("content-encoding: gzip\n", PLAIN, Storing::Allowed),
        ("content-encoding: gzip\n", hidden, Storing::Encoded),
        ("", hidden, Storing::Allowed),
    ] {
        assert_eq!(stored(lines, transfer), expected, "{lines}");
        let forbidden = format!("cache-control: no-store\n{lines}");
        let plan = planned(200, &forbidden, Kind::Whole);
        assert_eq!(
            plan.storing,
            Storing::NoStore,
            "the reason that comes first"
        );
    }
}

#[test]
fn a_policy_that_rules_gives_a_lifetime_to_what_has_none() {
    let ttl = Some(Span::from_secs(9));
    let storing = |head: &str, rules: &Rules<'_>| reading(403, head, PLAIN, rules).storing;
    assert_eq!(storing("", &SHARED), Storing::Silent);
    assert_eq!(storing("", &overriding(ttl)), Storing::Allowed);
    assert_eq!(storing("", &overriding(None)), Storing::Silent);
    let mut filling = overriding(ttl);
    filling.policy.overrides = false;
    assert_eq!(storing("", &filling), Storing::Silent);
    for (line, expected) in [
        ("vary: *\n", Storing::VaryAny),
        ("cache-control: private\n", Storing::Private),
        ("cache-control: no-store\n", Storing::NoStore),
        ("content-length: 101\n", Storing::TooLong),
    ] {
        assert_eq!(storing(line, &overriding(ttl)), expected, "{line}");
    }
}

#[test]
fn what_is_of_no_use_is_not_stored() {
    let storing = |head: &str| planned(200, head, Kind::Whole).storing;
    assert_eq!(storing(""), Storing::NoLifetime);
    assert_eq!(storing("content-length: 101\n"), Storing::NoLifetime);
    assert_eq!(storing("etag: \"a\"\n"), Storing::Allowed);
    let modified = "cache-control: no-cache\nlast-modified: Sun, 06 Nov 1994 07:49:37 GMT\n";
    assert_eq!(storing(modified), Storing::Allowed);
    let stale = "cache-control: max-age=1, stale-if-error=9\nage: 1\n";
    assert_eq!(storing(stale), Storing::Allowed);
    let over = "cache-control: max-age=1, stale-if-error=9\nage: 10\n";
    assert_eq!(storing(over), Storing::NoLifetime);
}

#[test]
fn a_body_takes_its_time() {
    let rules = SHARED;
    let reading = reading(200, "cache-control: max-age=60\n", PLAIN, &rules);
    let after = |seconds| {
        plan(
            &reading,
            &rules,
            Kind::Whole.into(),
            Span::from_secs(seconds),
        )
    };
    assert_eq!(after(59).terms.ttl, Span::from_secs(1));
    assert!(after(59).shareable);
    assert_eq!(after(60).storing, Storing::NoLifetime);
    assert!(!after(60).shareable);
}

#[test]
fn those_who_wait_may_have_what_is_revalidated_for_them() {
    let shareable = |directives: &str| {
        let head = format!("cache-control: {directives}\netag: \"a\"\n");
        planned(200, &head, Kind::Whole).shareable
    };
    assert!(shareable("max-age=0, stale-while-revalidate=9"));
    assert!(!shareable("max-age=0, stale-if-error=9"));
    assert!(!shareable("no-cache, max-age=9"));
    assert!(!shareable("max-age=9\nset-cookie: a=b"));
}

#[test]
fn a_failure_is_kept_for_as_long_as_it_says_itself() {
    let head = "cache-control: max-age=60, stale-if-error=9\netag: \"a\"\n";
    let plan = planned(503, head, Kind::Failure);
    assert_eq!(plan.storing, Storing::Allowed);
    assert_eq!(plan.terms, plan.terms.without_windows());
    assert_eq!(plan.terms.ttl, Span::from_secs(60));
    let stale = planned(
        501,
        "cache-control: max-age=0\netag: \"a\"\n",
        Kind::Failure,
    );
    assert_eq!(stale.storing, Storing::NoLifetime);
}

#[test]
fn circumstances_decide_who_gets_it_and_where_it_is_kept() {
    let plan_of = |head, kind, [stands_in, is_apart, takes_whole]: [bool; 3]| {
        let circumstances = Circumstances {
            kind,
            stands_in,
            is_apart,
            takes_whole,
        };
        let reading = reading(200, head, PLAIN, &SHARED);
        plan(&reading, &SHARED, circumstances, Span::ZERO)
    };
    let (shared, alone) = (
        "cache-control: max-age=60\n",
        "cache-control: no-cache\netag: \"a\"\n",
    );
    for kind in [Kind::Whole, Kind::Failure] {
        let failed = kind == Kind::Failure;
        for stands_in in [false, true] {
            let here = plan_of(shared, kind, [stands_in, false, true]);
            assert_eq!((here.moves, here.dismisses), (false, false));
            assert_eq!(here.streams, !failed && !stands_in);
            assert!(!plan_of(shared, kind, [stands_in, false, false]).streams);
            // What is stored answers those who wait for one that failed, too.
            let dismisses = plan_of(alone, kind, [stands_in, false, true]).dismisses;
            assert_eq!(dismisses, !(failed && stands_in));
            let apart = plan_of(shared, kind, [stands_in, true, true]);
            assert_eq!((apart.moves, apart.streams), (!failed, !failed));
            let storing = if failed {
                Storing::VaryAny
            } else {
                Storing::Allowed
            };
            assert_eq!(apart.storing, storing);
        }
    }
}

#[test]
fn a_part_is_kept_as_a_part_only() {
    let head =
        "cache-control: max-age=60, stale-if-error=9\ncontent-range: bytes 10-19/90\netag: \"a\"\n";
    assert_eq!(planned(206, head, Kind::Whole).storing, Storing::Partial);
    let plan = planned(206, head, Kind::Part);
    assert_eq!(plan.storing, Storing::Allowed);
    assert_eq!(plan.terms, plan.terms.without_windows());
    assert!(!plan.shareable, "others ask for other parts");
    let part = |range: &str| {
        let head = format!("cache-control: max-age=60\ncontent-range: {range}\n");
        let reading = reading(206, &head, PLAIN, &SHARED);
        let storing = super::plan(&reading, &SHARED, Kind::Part.into(), Span::ZERO).storing;
        (reading.part, storing)
    };
    assert_eq!(part("bytes 10-19/90"), (Some(10), Storing::Allowed));
    assert_eq!(part("bytes 0-99/*"), (Some(100), Storing::Allowed));
    assert_eq!(part("bytes 0-100/*"), (Some(101), Storing::TooLong));
    for none in [
        "bytes 10-9/90",
        "bytes 10-90/90",
        "bytes */90",
        "x 1-2/3",
        "",
    ] {
        assert_eq!(part(none), (None, Storing::Partial), "{none}");
    }
    let stale = planned(206, "content-range: bytes 1-2/3\netag: \"a\"\n", Kind::Part);
    assert_eq!(stale.storing, Storing::NoLifetime);
    let whole = reading(200, "content-range: bytes 1-2/3\n", PLAIN, &SHARED);
    assert_eq!(whole.part, None);
    let max_age = "cache-control: max-age=60\n";
    let whole = planned(200, max_age, Kind::Part);
    assert_eq!(whole.storing, Storing::Partial, "it is no part");
}

#[test]
fn only_permitted_responses_answer_requests_with_authorization() {
    let authorized = |status, directives: &str, rules: &Rules<'_>| {
        let head = format!("cache-control: {directives}\n");
        reading(status, &head, PLAIN, rules).authorized
    };
    assert!(authorized(200, "public", &SHARED));
    assert!(authorized(200, "max-age=9, must-revalidate", &SHARED));
    assert!(authorized(206, "s-maxage=9", &SHARED));
    assert!(!authorized(200, "max-age=9", &SHARED));
    // A policy that has it stored does not speak for its users.
    let ruled = overriding(Some(Span::from_secs(9)));
    assert!(!authorized(403, "must-revalidate", &ruled));
    let private = Rules::default();
    assert!(authorized(200, "max-age=9", &private));
}

#[test]
fn a_record_of_variants_outlives_them() {
    let of_record = |directives: &str| {
        let head = format!("cache-control: {directives}\n");
        planned(200, &head, Kind::Whole).terms.of_record()
    };
    assert_eq!(of_record("max-age=60"), terms::RETAINED);
    let long = of_record("max-age=90000, stale-while-revalidate=1, stale-if-error=9");
    assert_eq!(long, Span::from_secs(90_009));
}

#[test]
fn decisions_are_numbered_in_order() {
    let names: alloc::vec::Vec<String> = Storing::ALL
        .iter()
        .map(|storing| format!("{storing:?}"))
        .collect();
    for (number, storing) in Storing::ALL.into_iter().enumerate() {
        assert_eq!(storing as usize, number, "{names:?}");
    }
}
