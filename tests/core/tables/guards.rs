//! Guards.

use super::{aligned, at, ms};
use crate::row;
use holdover::guard::circuit_breaker::{CircuitBreaker, CircuitBreakerOptions};
use holdover::guard::rate_limit::{Algorithm, RateLimit, RateLimitOptions};
use holdover::guard::slow_calls::{SlowCalls, SlowCallsOptions};
use holdover::guard::{Guards, Outcome, Refusal};

fn verdict(result: Result<(), Refusal>) -> String {
    match result {
        Ok(()) => "admitted".to_owned(),
        Err(refusal) => format!("refused until {}", refusal.retry_at.as_millis()),
    }
}

fn breaker() -> CircuitBreaker {
    CircuitBreaker::compile(&CircuitBreakerOptions {
        error_rate: 0.5,
        window: ms(100),
        min_calls: 2,
        open_for: ms(30),
        half_open_calls: 2,
    })
    .expect("a breaker")
}

fn load(breaker: &mut CircuitBreaker, millis: u64, outcome: Outcome) {
    if breaker.check(at(millis)).is_ok() {
        let permit = breaker.take(ms(50), at(millis));
        breaker.record(permit, outcome, at(millis));
    }
}

type Act = fn(&mut CircuitBreaker);

/// Each state with each event: rate 0.5 of 2 in 100, open for 30, two probes with a lease of 50.
pub(crate) fn circuit_breaker() -> String {
    let closed = breaker();
    let mut failing = closed.clone();
    load(&mut failing, 0, Outcome::Failure);
    let mut open = failing.clone();
    load(&mut open, 0, Outcome::Failure);
    let mut half_open = open.clone();
    assert!(half_open.check(at(30)).is_ok());
    let mut probed = half_open.clone();
    load(&mut probed, 30, Outcome::Success);
    let mut probing = half_open.clone();
    for _ in 0..2 {
        let _ = probing.take(ms(50), at(30));
    }
    let states = [
        ("closed", closed, 0),
        ("closed, one failed", failing, 0),
        ("open since 0", open, 0),
        ("half-open", half_open, 30),
        ("half-open, one succeeded", probed, 30),
        ("half-open, two under way", probing, 30),
    ];
    let events: [(&str, u64, Act); 7] = [
        ("asked", 0, |_| ()),
        ("asked 29 later", 29, |_| ()),
        ("asked 30 later", 30, |_| ()),
        ("asked 100 later", 100, |_| ()),
        ("a load succeeds", 0, |to| load(to, 30, Outcome::Success)),
        ("a load fails", 0, |to| load(to, 30, Outcome::Failure)),
        ("a load is ignored", 0, |to| load(to, 30, Outcome::Ignored)),
    ];
    let mut rows = vec![row!["state", "event", "next state", "next load"]];
    for (name, from, since) in &states {
        for (event, later, act) in &events {
            let mut to = from.clone();
            act(&mut to);
            let now = if event.starts_with("asked") {
                since + later
            } else {
                30
            };
            let next = verdict(to.check(at(now)));
            rows.push(row![name, event, to.state_name(), next]);
        }
    }
    aligned(&rows)
}

fn limit(algorithm: Algorithm) -> RateLimit {
    RateLimit::compile(&RateLimitOptions {
        limit: 2,
        period: ms(100),
        algorithm,
    })
    .expect("a limit")
}

/// Asks at each of these times, and takes each place there is.
fn asked(name: &str, mut limit: RateLimit, times: &[u64], rows: &mut Vec<Vec<String>>) {
    for &millis in times {
        let result = limit.check(at(millis));
        if result.is_ok() {
            limit.take(at(millis));
        }
        rows.push(row![name, millis, verdict(result)]);
    }
}

/// Two of 100 by windows, with bans of several lengths.
pub(crate) fn fixed() -> String {
    let mut rows = vec![row!["ban", "asked at", "verdict"]];
    for (name, ban) in [("none", 0), ("30", 30), ("500", 500)] {
        let times = [
            50, 60, 70, 80, 149, 150, 160, 161, 250, 261, 569, 570, 571, 700,
        ];
        asked(
            name,
            limit(Algorithm::Fixed { ban: ms(ban) }),
            &times,
            &mut rows,
        );
    }
    aligned(&rows)
}

/// Two in any 100.
pub(crate) fn sliding() -> String {
    let mut rows = vec![row!["", "asked at", "verdict"]];
    let times = [
        0, 0, 0, 99, 100, 100, 101, 150, 199, 200, 260, 299, 300, 360,
    ];
    asked("", limit(Algorithm::Sliding), &times, &mut rows);
    aligned(&rows)
}

/// Factor 2, three samples, closed for 100.
pub(crate) fn slow_calls() -> String {
    let mut slow_calls = SlowCalls::compile(&SlowCallsOptions {
        factor: 2.0,
        samples: 3,
        open_for: ms(100),
    })
    .expect("slow calls");
    let mut rows = vec![row!["now", "took", "next load"]];
    let loads = [
        (0, 10),
        (10, 10),
        (20, 10),
        (40, 20),
        (66, 26),
        (103, 37),
        (159, 56),
        (180, 1000),
        (258, 1),
        (259, 100),
        (280, 500),
        (290, 0),
        (700, 400),
        (701, 1000),
        (801, 0),
        (801, 0),
        (900, 0),
        (902, 2),
        (905, 3),
    ];
    for (now, took) in loads {
        slow_calls.record(ms(took), at(now));
        rows.push(row![now, took, verdict(slow_calls.check(at(now)))]);
    }
    aligned(&rows)
}

/// Which guard answers when several would refuse.
pub(crate) fn order() -> String {
    let mut rows = vec![row![
        "slow calls",
        "circuit breaker",
        "rate limit",
        "verdict",
        "places"
    ]];
    for case in 0..8_u8 {
        let refuses = [case & 4 > 0, case & 2 > 0, case & 1 > 0];
        let mut guards = guards_that(refuses);
        let result = guards.check(at(10));
        let reason = match &result {
            Ok(()) => "admitted".to_owned(),
            Err(refusal) => format!("{:?}", refusal.reason),
        };
        let names = refuses.map(|refuses| if refuses { "refuses" } else { "admits" });
        let left = (0..10).take_while(|_| takes(&mut guards)).count();
        rows.push(row![names[0], names[1], names[2], reason, left]);
    }
    aligned(&rows)
}

/// Whether the limit alone has a place; it takes it.
fn takes(guards: &mut Guards) -> bool {
    let limit = guards.rate_limit.as_mut().expect("a limit");
    let free = limit.check(at(10)).is_ok();
    if free {
        limit.take(at(10));
    }
    free
}

fn guards_that([slow, open, full]: [bool; 3]) -> Guards {
    let mut slow_calls = SlowCalls::compile(&SlowCallsOptions {
        factor: 1.0,
        samples: 1,
        open_for: ms(100),
    })
    .expect("slow calls");
    let mut circuit_breaker = breaker();
    let mut rate_limit = limit(Algorithm::Sliding);
    for took in [1, 5] {
        if slow {
            slow_calls.record(ms(took), at(0));
        }
        if open {
            load(&mut circuit_breaker, 0, Outcome::Failure);
        }
        if full {
            rate_limit.take(at(0));
        }
    }
    Guards {
        circuit_breaker: Some(circuit_breaker),
        rate_limit: Some(rate_limit),
        slow_calls: Some(slow_calls),
    }
}
