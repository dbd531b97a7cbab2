//! Entries, and what is decided by them alone.

use super::{aligned, at, ms};
use crate::row;
use holdover::entry::Entry;
use holdover::fence::Fence;
use holdover::policy::{Mode, Options, Policy};
use holdover::strategy::early::Early;
use holdover::strategy::hits::Hits;
use holdover::strategy::retry::Retry;
use holdover::strategy::stale::plan;
use holdover::strategy::ttl::Lifetime;
use holdover::time::Span;

fn lifetime(ttl: u64, revalidate: u64, if_error: u64) -> Lifetime {
    Lifetime {
        ttl: ms(ttl),
        stale_while_revalidate: ms(revalidate),
        stale_if_error: ms(if_error),
        retained: ms(0),
    }
}

/// States by age, and the plan of each mode.
pub(crate) fn entry() -> String {
    let lifetimes = [
        ("100", lifetime(100, 0, 0)),
        ("100 +50 revalidate", lifetime(100, 50, 0)),
        ("100 +50 if error", lifetime(100, 0, 50)),
        ("100 +20 revalidate +50 if error", lifetime(100, 20, 50)),
        ("100 +50 revalidate +20 if error", lifetime(100, 50, 20)),
        ("0", lifetime(0, 0, 0)),
        ("0 +50 revalidate", lifetime(0, 50, 0)),
        ("forever", lifetime(u64::MAX, 0, 0)),
        ("100 +forever if error", lifetime(100, 0, u64::MAX)),
    ];
    let mut rows = vec![row!["ttl", "age", "state", "cache-first", "origin-first"]];
    for (name, lifetime) in lifetimes {
        for age in [0, 99, 100, 119, 120, 149, 150, 1_000_000] {
            let state = lifetime.state(ms(age));
            let plans = [Mode::CacheFirst, Mode::OriginFirst].map(|mode| plan(Some(state), mode));
            rows.push(row![
                name,
                age,
                format!("{state:?}"),
                format!("{:?}", plans[0]),
                format!("{:?}", plans[1]),
            ]);
        }
    }
    let plans = [Mode::CacheFirst, Mode::OriginFirst].map(|mode| plan(None, mode));
    let absent = plans.map(|plan| format!("{plan:?}"));
    rows.push(row!["", "", "absent", absent[0], absent[1]]);
    aligned(&rows)
}

/// When the next load may start, failure after failure at the first moment possible.
pub(crate) fn retry() -> String {
    let mut rows = vec![row!["retry_after", "failure", "at", "waits at", "loads at"]];
    for first in [0, 300, 1000, 45_000] {
        let policy = Policy::compile(&Options {
            ttl: Some(Span::FOREVER),
            retry_after: ms(first),
            ..Options::default()
        });
        let (policy, mut retry, mut now) = (policy.expect("a policy"), Retry::NONE, 0);
        for failure in 1..=8 {
            let fence = Fence::from_number(failure);
            retry = retry.after_failure(&policy, fence, fence, at(now));
            let next = now + retry.remaining(at(now)).as_millis();
            let waits = next
                .checked_sub(1)
                .filter(|&last| retry.is_waiting(at(last)));
            assert!(!retry.is_waiting(at(next)));
            let until = waits.map_or_else(|| "-".to_owned(), |last| format!("up to {last}"));
            rows.push(row![first, failure, now, until, next]);
            now = next;
        }
    }
    aligned(&rows)
}

/// Each hit of an entry.
pub(crate) fn hits() -> String {
    let mut rows = vec![row!["max", "refresh_at", "hit", "served", "refreshes"]];
    for (max, refresh_at) in [
        (1, None),
        (3, None),
        (3, Some(1)),
        (3, Some(2)),
        (3, Some(3)),
    ] {
        let hits = Hits { max, refresh_at };
        for hit in 1..=max + 2 {
            let served = !hits.is_used_up(hit - 1);
            let name = refresh_at.map_or_else(|| "-".to_owned(), |at| at.to_string());
            let refreshes = served && hits.is_due(hit);
            rows.push(row![max, name, hit, served, refreshes]);
        }
    }
    aligned(&rows)
}

/// From which age on a fresh entry of ttl 10,000 is due.
pub(crate) fn early() -> String {
    let kinds = [
        ("after 0", Early::After(ms(0))),
        ("after 4000", Early::After(ms(4000))),
        ("after 20000", Early::After(ms(20_000))),
        ("beta 1", Early::Probabilistic { beta: 1.0 }),
        ("beta 2", Early::Probabilistic { beta: 2.0 }),
        ("beta 0.1", Early::Probabilistic { beta: 0.1 }),
    ];
    let mut rows = vec![row!["early", "load cost", "roll", "due from age"]];
    for (name, early) in kinds {
        for cost in [0, 1, 100] {
            for roll in [0.0, 0.01, 0.5, 0.9, 0.999] {
                let entry = Entry {
                    stored_at: at(0),
                    lifetime: lifetime(10_000, 0, 0),
                    load_cost: cost,
                    hits: 0,
                    size: 0,
                    is_failure: false,
                };
                let due = (0..10_000).find(|&age| early.is_due(&entry, at(age), roll));
                let due = due.map_or_else(|| "never".to_owned(), |age| age.to_string());
                rows.push(row![name, cost, roll, due]);
            }
        }
    }
    aligned(&rows)
}
