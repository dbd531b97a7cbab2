use super::*;
use alloc::string::String;
use core::fmt::Write as _;
use proptest::prelude::*;

const LEASE: Span = Span::from_millis(50);

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn options() -> CircuitBreakerOptions {
    CircuitBreakerOptions {
        error_rate: 0.5,
        window: Span::from_millis(100),
        min_calls: 2,
        open_for: Span::from_millis(30),
        half_open_calls: 1,
    }
}

fn breaker(options: &CircuitBreakerOptions) -> CircuitBreaker {
    CircuitBreaker::compile(options).unwrap()
}

/// Runs one load that starts and ends at one moment; false if it was refused.
fn load(breaker: &mut CircuitBreaker, millis: u64, outcome: Outcome) -> bool {
    if breaker.check(at(millis)).is_err() {
        return false;
    }
    let permit = breaker.take(LEASE, at(millis));
    breaker.record(permit, outcome, at(millis));
    true
}

fn opened_at_10() -> CircuitBreaker {
    let mut breaker = breaker(&options());
    assert!(load(&mut breaker, 10, Outcome::Failure));
    assert_eq!(
        breaker.state_name(),
        "closed",
        "one load is below min_calls"
    );
    assert!(load(&mut breaker, 10, Outcome::Failure));
    breaker
}

#[test]
fn opens_at_its_rate_and_half_opens_on_the_tick() {
    let mut breaker = opened_at_10();
    assert_eq!(breaker.check(at(39)).unwrap_err().retry_at, at(40));
    assert!(breaker.check(at(40)).is_ok());
    assert_eq!(breaker.state_name(), "half-open");
}

#[test]
fn a_status_is_what_another_breaker_goes_on_with() {
    let mut first = opened_at_10();
    let open = Status::Open { until: at(40) };
    assert_eq!(first.status(at(20)), open);
    let mut second = breaker(&options());
    assert_eq!(second.status(at(20)), Status::Closed);
    second.restore(open);
    assert_eq!(second.check(at(30)).unwrap_err().retry_at, at(40));
    assert_eq!(second.status(at(40)), Status::HalfOpen);
    second.restore(Status::HalfOpen);
    assert!(load(&mut second, 41, Outcome::Success));
    assert_eq!(second.status(at(41)), Status::Closed);
    second.restore(Status::Open {
        until: Timestamp::NEVER,
    });
    assert!(second.check(at(u64::MAX / 2)).is_err());
}

#[test]
fn a_restored_state_hears_nothing_of_loads_from_before() {
    let mut breaker = breaker(&options());
    load(&mut breaker, 0, Outcome::Failure);
    let before = breaker.take(LEASE, at(0));
    breaker.restore(Status::Closed);
    breaker.record(before, Outcome::Failure, at(2));
    assert!(load(&mut breaker, 3, Outcome::Failure));
    assert_eq!(breaker.status(at(3)), Status::Closed, "one of its own");
}

#[test]
fn all_probes_must_succeed_and_no_more_are_admitted() {
    let mut breaker = breaker(&CircuitBreakerOptions {
        half_open_calls: 2,
        ..options()
    });
    load(&mut breaker, 10, Outcome::Failure);
    load(&mut breaker, 10, Outcome::Failure);
    assert!(breaker.check(at(40)).is_ok());
    let first = breaker.take(LEASE, at(40));
    assert!(breaker.check(at(40)).is_ok());
    let second = breaker.take(LEASE, at(40));
    assert!(
        breaker.check(at(41)).is_err(),
        "two probes, not a coin toss"
    );
    breaker.record(first, Outcome::Success, at(42));
    assert!(
        breaker.check(at(42)).is_err(),
        "an answered probe keeps its place"
    );
    breaker.record(second, Outcome::Success, at(43));
    assert_eq!(breaker.state_name(), "closed");
    assert!(
        load(&mut breaker, 44, Outcome::Failure),
        "the window is empty again"
    );
    assert_eq!(breaker.state_name(), "closed");
}

#[test]
fn one_failed_probe_opens_it_again_from_then_on() {
    let mut breaker = opened_at_10();
    assert!(load(&mut breaker, 45, Outcome::Failure));
    assert_eq!(breaker.check(at(74)).unwrap_err().retry_at, at(75));
    assert!(breaker.check(at(75)).is_ok());
}

#[test]
fn a_probe_that_never_returns_frees_its_place_with_its_lease() {
    let mut breaker = opened_at_10();
    assert!(breaker.check(at(40)).is_ok());
    let _ = breaker.take(LEASE, at(40));
    assert_eq!(breaker.check(at(89)).unwrap_err().retry_at, at(90));
    assert!(breaker.check(at(90)).is_ok());
}

#[test]
fn a_probe_that_lost_its_place_decides_nothing_and_takes_nobodys() {
    let mut breaker = breaker(&CircuitBreakerOptions {
        half_open_calls: 2,
        ..options()
    });
    load(&mut breaker, 10, Outcome::Failure);
    load(&mut breaker, 10, Outcome::Failure);
    assert!(breaker.check(at(40)).is_ok());
    let late = breaker.take(LEASE, at(40));
    assert!(breaker.check(at(90)).is_ok());
    let second = breaker.take(LEASE, at(90));
    assert!(breaker.check(at(90)).is_ok());
    let third = breaker.take(LEASE, at(90));
    breaker.record(late, Outcome::Success, at(91));
    assert!(breaker.check(at(91)).is_err(), "both places are taken");
    breaker.record(late, Outcome::Failure, at(91));
    assert_eq!(breaker.state_name(), "half-open");
    breaker.record(second, Outcome::Success, at(92));
    breaker.record(third, Outcome::Success, at(92));
    assert_eq!(breaker.state_name(), "closed");
}

#[test]
fn an_ignored_probe_frees_its_place_and_decides_nothing() {
    let mut breaker = opened_at_10();
    assert!(load(&mut breaker, 40, Outcome::Ignored));
    assert_eq!(breaker.state_name(), "half-open");
    assert!(load(&mut breaker, 41, Outcome::Success));
    assert_eq!(breaker.state_name(), "closed");
}

#[test]
fn loads_of_an_earlier_state_do_not_count() {
    let mut breaker = breaker(&options());
    let early = breaker.take(LEASE, at(0));
    load(&mut breaker, 10, Outcome::Failure);
    load(&mut breaker, 10, Outcome::Failure);
    assert!(breaker.check(at(40)).is_ok());
    breaker.record(early, Outcome::Success, at(40));
    assert_eq!(breaker.state_name(), "half-open");
    breaker.record(early, Outcome::Failure, at(41));
    assert_eq!(breaker.state_name(), "half-open");
}

#[test]
fn a_rate_of_one_needs_nothing_but_failures_and_successes_never_open() {
    let mut strict = breaker(&CircuitBreakerOptions {
        error_rate: 1.0,
        ..options()
    });
    load(&mut strict, 0, Outcome::Success);
    for _ in 0..5 {
        assert!(load(&mut strict, 1, Outcome::Failure));
    }
    assert_eq!(strict.state_name(), "closed");
    assert!(
        load(&mut strict, 100, Outcome::Failure),
        "the success has left"
    );
    assert_eq!(strict.state_name(), "open");
    let mut touchy = breaker(&CircuitBreakerOptions {
        error_rate: 0.000_001,
        ..options()
    });
    for _ in 0..5 {
        assert!(load(&mut touchy, 1, Outcome::Success));
    }
}

#[test]
fn wrong_options_are_named() {
    let wrong = [
        CircuitBreakerOptions {
            error_rate: 0.0,
            ..options()
        },
        CircuitBreakerOptions {
            error_rate: 50.0,
            ..options()
        },
        CircuitBreakerOptions {
            error_rate: f64::NAN,
            ..options()
        },
        CircuitBreakerOptions {
            window: Span::ZERO,
            ..options()
        },
        CircuitBreakerOptions {
            min_calls: 0,
            ..options()
        },
        CircuitBreakerOptions {
            open_for: Span::ZERO,
            ..options()
        },
        CircuitBreakerOptions {
            half_open_calls: 0,
            ..options()
        },
    ];
    for options in wrong {
        assert!(CircuitBreaker::compile(&options).is_err(), "{options:?}");
    }
}

/// Snapshot: a change of behaviour shows as a diff.
const TABLE: &str = "\
closed    + success          → closed
closed    + failure          → closed
closed    + failure at rate  → open
open      + refused load     → open
open      + open_for over    → half-open
half-open + success          → closed
half-open + failure          → open
half-open + ignored          → half-open
half-open + lease over       → half-open
";

#[test]
fn the_transition_table() {
    let mut table = String::new();
    let mut row = |from: &CircuitBreaker, event: &str, act: &dyn Fn(&mut CircuitBreaker)| {
        let mut to = from.clone();
        act(&mut to);
        let (from, to) = (from.state_name(), to.state_name());
        writeln!(table, "{from:<9} + {event:<16} → {to}").unwrap();
    };
    let closed = breaker(&options());
    let open = opened_at_10();
    let mut half_open = open.clone();
    assert!(half_open.check(at(40)).is_ok());
    row(&closed, "success", &|to| {
        assert!(load(to, 0, Outcome::Success));
    });
    row(&closed, "failure", &|to| {
        assert!(load(to, 0, Outcome::Failure));
    });
    row(&closed, "failure at rate", &|to| {
        assert!(load(to, 0, Outcome::Success));
        assert!(load(to, 0, Outcome::Failure));
    });
    row(&open, "refused load", &|to| {
        assert!(!load(to, 39, Outcome::Success));
    });
    row(&open, "open_for over", &|to| {
        assert!(to.check(at(40)).is_ok());
    });
    row(&half_open, "success", &|to| {
        assert!(load(to, 40, Outcome::Success));
    });
    row(&half_open, "failure", &|to| {
        assert!(load(to, 40, Outcome::Failure));
    });
    row(&half_open, "ignored", &|to| {
        assert!(load(to, 40, Outcome::Ignored));
    });
    row(&half_open, "lease over", &|to| {
        let _ = to.take(LEASE, at(40));
        assert!(to.check(at(90)).is_ok());
    });
    assert_eq!(table, TABLE);
}

/// A plain log of all loads, with the same rules written for clarity.
#[derive(Default)]
struct Plain {
    log: Vec<(u64, bool)>,
    open_until: Option<u64>,
    probing: Option<u64>,
}

impl Plain {
    fn admits(&mut self, now: u64) -> bool {
        match self.open_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => self.probing.is_none_or(|lease_end| lease_end <= now),
        }
    }

    fn end(&mut self, now: u64, failed: bool) {
        if self.open_until.is_some() {
            self.probing = None;
            self.open_until = failed.then_some(now + 30);
            self.log.clear();
            return;
        }
        self.log.push((now, failed));
        let recent = self.log.iter().filter(|(then, _)| then + 100 > now);
        let (calls, failures) = (
            recent.clone().count(),
            recent.filter(|(_, failed)| *failed).count(),
        );
        if calls >= 2 && failures * 2 >= calls {
            self.open_until = Some(now + 30);
        }
    }
}

proptest! {
    /// Loads one after another, some of which never return.
    #[test]
    fn agrees_with_a_plain_log(steps in prop::collection::vec((0_u64..40, 0_u8..5), 1..300)) {
        let mut breaker = breaker(&options());
        let (mut plain, mut now) = (Plain::default(), 0);
        for (step, fate) in steps {
            now += step;
            let admitted = breaker.check(at(now)).is_ok();
            prop_assert_eq!(admitted, plain.admits(now), "at {}", now);
            if !admitted {
                continue;
            }
            let permit = breaker.take(LEASE, at(now));
            let was_open = plain.open_until.is_some();
            if fate == 0 {
                if was_open {
                    plain.probing = Some(now + 50);
                }
                continue;
            }
            let failed = fate < 3;
            let outcome = if failed { Outcome::Failure } else { Outcome::Success };
            breaker.record(permit, outcome, at(now));
            plain.end(now, failed);
        }
    }
}
