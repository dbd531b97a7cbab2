//! Guards of batches: for those of a function a batch is one load.

use crate::batch_support::{Short, ask, loaded, over};
use crate::support::{minute, ms};
use holdover::driver::testing::Virtual;
use holdover::driver::{CircuitBreaker, Count, RateLimit, Scope, SlowCalls, Source};
use holdover::guard::circuit_breaker::CircuitBreakerOptions;
use holdover::guard::rate_limit::{Algorithm, RateLimitOptions};
use holdover::guard::slow_calls::SlowCallsOptions;
use holdover::time::Span;

fn limit_of(limit: u32) -> RateLimitOptions {
    RateLimitOptions {
        limit,
        period: Span::from_secs(1),
        algorithm: Algorithm::Fixed { ban: Span::ZERO },
    }
}

/// A breaker that opens for a second after two failures of two.
fn breaker() -> CircuitBreaker<usize, &'static str> {
    CircuitBreaker::new(CircuitBreakerOptions {
        error_rate: 1.0,
        window: Span::from_secs(10),
        min_calls: 2,
        open_for: Span::from_secs(1),
        half_open_calls: 1,
    })
}

fn errors(answers: Vec<Short>) -> Vec<String> {
    answers.into_iter().filter_map(Result::err).collect()
}

#[test]
fn a_limit_on_loads_counts_a_batch_as_one() {
    let host = Virtual::new();
    let limit = RateLimit::new(limit_of(2));
    let (_, get, origin) = over(&host, minute().rate_limit(limit));
    origin.takes(ms(0));
    assert_eq!(ask(&host, &get, &[1, 2, 3]), loaded(&[10, 20, 30]));
    assert_eq!(ask(&host, &get, &[4, 5]), loaded(&[40, 50]));
    let answers = ask(&host, &get, &[1, 6, 7]);
    assert_eq!(answers[0], Ok((10, Source::Hit)));
    for answer in &answers[1..] {
        let error = answer.as_ref().unwrap_err();
        assert!(
            error.starts_with("the rate limit of 2 is reached"),
            "{error}"
        );
    }
    assert_eq!(origin.asked().len(), 2);
    host.advance(ms(1_000));
    assert_eq!(ask(&host, &get, &[6]), loaded(&[60]));
}

#[test]
fn a_limit_for_each_key_counts_each_key() {
    let host = Virtual::new();
    let limit = RateLimit::new(limit_of(1)).scope(Scope::Key);
    let (cache, get, origin) = over(&host, minute().rate_limit(limit));
    ask(&host, &get, &[1]);
    drop(cache.clear());
    let answers = ask(&host, &get, &[1, 2]);
    assert!(answers[0].is_err(), "{answers:?}");
    assert_eq!(answers[1], Ok((20, Source::Load)));
    assert_eq!(origin.asked(), [[1], [2]]);
}

#[test]
fn what_a_limit_for_each_key_refuses_takes_no_place_of_the_function() {
    let host = Virtual::new();
    let policy = minute()
        .rate_limit(RateLimit::new(limit_of(1)).scope(Scope::Key))
        .circuit_breaker(breaker());
    let (cache, get, origin) = over(&host, policy);
    origin.goes_down();
    ask(&host, &get, &[1]);
    drop(cache.clear());
    assert!(errors(ask(&host, &get, &[1]))[0].starts_with("the rate limit"));
    ask(&host, &get, &[2]);
    let refused = errors(ask(&host, &get, &[3, 4]));
    assert_eq!(refused, ["the circuit breaker is open for 1000 ms"; 2]);
    assert_eq!(origin.asked(), [[1], [2]]);
}

#[test]
fn a_limit_on_calls_counts_each_key() {
    let host = Virtual::new();
    let limit = RateLimit::new(limit_of(2));
    let policy = minute().rate_limit(limit.count(Count::Calls));
    let (_, get, origin) = over(&host, policy.on_reject(|_| async { Ok(7) }));
    let answers = ask(&host, &get, &[1, 2, 3]);
    let mut expected = loaded(&[10, 20]);
    expected.push(Ok((7, Source::ErrorFallback)));
    assert_eq!(answers, expected);
    assert_eq!(origin.asked(), [[1, 2]]);
}

#[test]
fn for_a_breaker_a_batch_fails_once_and_not_at_all_with_one_answer_in_it() {
    let host = Virtual::new();
    let (_, get, origin) = over(&host, minute().circuit_breaker(breaker()));
    origin.answers(|key| {
        if key == 1 {
            Err("no 1")
        } else {
            Ok(key as usize)
        }
    });
    for key in 2..6 {
        assert_eq!(errors(ask(&host, &get, &[1, key])), ["no 1"]);
        assert_eq!(errors(ask(&host, &get, &[10 + key, 1])), ["no 1"]);
    }
    let (_, get, origin) = over(&host, minute().circuit_breaker(breaker()));
    origin.goes_down();
    assert_eq!(errors(ask(&host, &get, &[1, 2, 3])), ["down"; 3]);
    assert_eq!(errors(ask(&host, &get, &[1, 2, 3])), ["down"; 3]);
    let open = "the circuit breaker is open for 1000 ms";
    assert_eq!(errors(ask(&host, &get, &[1, 2, 3])), [open; 3]);
}

#[test]
fn a_result_that_counts_as_a_failure_hides_no_success_of_its_batch() {
    let host = Virtual::new();
    let policy = minute()
        .circuit_breaker(breaker())
        .fail_if(|value| *value == 10);
    let (_, get, origin) = over(&host, policy);
    for key in 2..6 {
        ask(&host, &get, &[1, key]);
    }
    assert_eq!(origin.asked().len(), 4);
}

#[test]
fn a_batch_is_one_probe_and_closes_the_breaker_of_all() {
    let host = Virtual::new();
    let (_, get, origin) = over(&host, minute().circuit_breaker(breaker()));
    origin.takes(ms(10));
    origin.answers(|_| Err("down"));
    ask(&host, &get, &[1, 2]);
    ask(&host, &get, &[1, 2]);
    host.advance(ms(1_000));
    origin.answers(|key| Ok(key as usize));
    assert_eq!(ask(&host, &get, &[1, 2, 3]), loaded(&[1, 2, 3]));
    assert_eq!(ask(&host, &get, &[4]), loaded(&[4]));
}

#[test]
fn a_batch_that_everybody_leaves_says_nothing_of_the_origin_and_gives_its_place_back() {
    let host = Virtual::new();
    let (_, get, origin) = over(&host, minute().circuit_breaker(breaker()));
    origin.goes_down();
    ask(&host, &get, &[1, 2]);
    ask(&host, &get, &[1, 2]);
    host.advance(ms(1_000));
    let (probe, _) = crate::batch_support::begin(&host, &get, &[1, 2]);
    host.cancel(probe);
    origin.asked();
    ask(&host, &get, &[3]);
    assert_eq!(origin.asked(), [[3]], "the place of the probe is free");
}

#[test]
fn the_time_of_a_batch_counts_once_for_slow_calls() {
    let host = Virtual::new();
    let slow = SlowCalls::new(SlowCallsOptions {
        factor: 2.0,
        samples: 2,
        open_for: Span::from_secs(1),
    });
    let (_, get, origin) = over(&host, minute().slow_calls(slow));
    // One by one, three samples of 100 ms would make the second batch a slow one.
    for (keys, takes) in [([1, 2, 3], 100), ([4, 5, 6], 300), ([7, 8, 9], 500)] {
        origin.takes(ms(takes));
        assert!(errors(ask(&host, &get, &keys)).is_empty(), "{takes} ms");
    }
    let refused = errors(ask(&host, &get, &[10, 11]));
    assert!(
        refused
            .iter()
            .all(|error| error.starts_with("loads have become slow")),
        "{refused:?}"
    );
    assert_eq!(refused.len(), 2);
}
