//! A vector's policy, as a Rust user would write it.

use super::duration::DurationOf;
use super::format::{
    AlgorithmName, CircuitBreakerFields, CountName, EarlyField, LoadFields, ModeName, PolicyFields,
    Predicate, RateLimitFields, ScopeName, SlowCallsFields,
};
use super::origin::perform;
use super::stage::{cause_of, label_of};
use holdover::driver::testing::Virtual;
use holdover::driver::{CachePolicy, CircuitBreaker, Count, RateLimit, Scope, SlowCalls};
use holdover::guard::bulkhead::BulkheadOptions;
use holdover::guard::circuit_breaker::CircuitBreakerOptions;
use holdover::guard::rate_limit::{Algorithm, RateLimitOptions};
use holdover::guard::slow_calls::SlowCallsOptions;
use holdover::policy::{Mode, Options};
use holdover::strategy::early::Early;
use holdover::strategy::hits::Hits;
use holdover::time::Span;
use serde_json::{Value, json};
use std::panic::resume_unwind;

type Policy = CachePolicy<String, Value, Value>;

/// The value of JavaScript's `undefined` in vectors.
pub(crate) fn undefined() -> Value {
    json!({ "$": "undefined" })
}

/// True for the values that JavaScript calls nothing.
fn is_nothing(value: &Value) -> bool {
    value.is_null() || *value == undefined()
}

/// A function that throws, as Rust has it.
fn throws() -> ! {
    // Not `panic!`: its message would look like something went wrong.
    resume_unwind(Box::new("thrown"))
}

fn says(predicate: &Predicate, about: &Value) -> bool {
    predicate.ask(about).unwrap_or_else(|| throws())
}

fn gives(duration: &DurationOf, about: &Value) -> Span {
    duration.of(about).unwrap_or_else(|| throws())
}

/// The policy, for functions on `host`.
pub(crate) fn policy_of(fields: PolicyFields, host: &Virtual) -> Policy {
    let options = options(&fields);
    let mut policy = match fields.ttl {
        DurationOf::Fixed(_) => CachePolicy::new(options),
        by => CachePolicy::ttl_by(move |value| gives(&by, value)).options(options),
    };
    if let Some(given) = fields.negative_ttl {
        policy = policy.negative_ttl(given.0, is_nothing);
    }
    if let Some(given) = fields.error_ttl {
        policy = policy.error_ttl_by(move |error| gives(&given, &label_of(error)));
    }
    if let Some(given) = fields.stale_on {
        policy = policy.stale_on(move |cause| says(&given, &cause_of(cause)));
    }
    if let Some(given) = fields.fail_if {
        policy = policy.fail_if(move |value| says(&given, value));
    }
    if let Some(given) = fields.cache_if {
        policy = policy.cache_if(move |value| says(&given, value));
    }
    if let Some(given) = fields.circuit_breaker {
        policy = policy.circuit_breaker(breaker(given));
    }
    if let Some(given) = fields.slow_calls {
        policy = policy.slow_calls(slow_calls(&given));
    }
    if let Some(given) = fields.bulkhead {
        policy = policy.bulkhead(BulkheadOptions {
            concurrency: given.concurrency,
            queue: given.queue,
        });
    }
    if let Some(given) = fields.rate_limit {
        policy = policy.rate_limit(rate_limit(&given));
        if let Some(script) = given.on_reject {
            policy = on_reject(policy, script, host);
        }
    }
    // As in JavaScript, where only the loader itself can stop.
    policy.keep_loading()
}

fn on_reject(policy: Policy, script: LoadFields, host: &Virtual) -> Policy {
    let host = host.clone();
    policy.on_reject(move |_| perform(script.clone(), host.clone()))
}

fn options(fields: &PolicyFields) -> Options {
    let span = |duration: Option<super::duration::Duration>| duration.map(|given| given.0);
    let usual = Options::default();
    Options {
        ttl: Some(fields.ttl.fixed().unwrap_or(Span::FOREVER)),
        stale_while_revalidate: span(fields.stale_while_revalidate).unwrap_or(Span::ZERO),
        stale_if_error: span(fields.stale_if_error).unwrap_or(Span::ZERO),
        jitter: fields.jitter.unwrap_or(0.0),
        failover_after: span(fields.failover_after),
        timeout: span(fields.timeout),
        retry_after: span(fields.retry_after).unwrap_or(usual.retry_after),
        mode: match fields.mode {
            Some(ModeName::OriginFirst) => Mode::OriginFirst,
            Some(ModeName::CacheFirst) | None => Mode::CacheFirst,
        },
        single_flight: fields.single_flight.unwrap_or(true),
        early: fields.early.as_ref().and_then(early),
        hits: fields.hits.as_ref().map(|given| Hits {
            max: given.max,
            refresh_at: given.refresh_at,
        }),
        ..usual
    }
}

fn early(field: &EarlyField) -> Option<Early> {
    match field {
        EarlyField::Flag(on) => on.then_some(Early::Probabilistic { beta: 1.0 }),
        EarlyField::Fields(fields) => match (fields.beta, fields.after) {
            (Some(beta), None) => Some(Early::Probabilistic { beta }),
            (None, Some(after)) => Some(Early::After(after.0)),
            _ => panic!("`early` has either `beta` or `after`"),
        },
    }
}

fn scope(name: ScopeName) -> Scope {
    match name {
        ScopeName::Function => Scope::Function,
        ScopeName::Key => Scope::Key,
    }
}

fn breaker(given: CircuitBreakerFields) -> CircuitBreaker<Value, Value> {
    let guard = CircuitBreaker::new(CircuitBreakerOptions {
        error_rate: given.error_rate,
        window: given.window.0,
        min_calls: given.min_calls,
        open_for: given.open_for.0,
        half_open_calls: given.half_open_calls.unwrap_or(1),
    });
    let guard = guard.scope(scope(given.scope));
    match given.count_if {
        Some(counts) => guard.count_if(move |cause| says(&counts, &cause_of(cause))),
        None => guard,
    }
}

fn rate_limit(given: &RateLimitFields) -> RateLimit {
    let guard = RateLimit::new(RateLimitOptions {
        limit: given.limit,
        period: given.period.0,
        algorithm: match given.algorithm {
            Some(AlgorithmName::Sliding) => Algorithm::Sliding,
            Some(AlgorithmName::Fixed) | None => Algorithm::Fixed {
                ban: given.ban.map_or(Span::ZERO, |ban| ban.0),
            },
        },
    });
    guard.scope(scope(given.scope)).count(match given.count {
        CountName::Loads => Count::Loads,
        CountName::Calls => Count::Calls,
    })
}

fn slow_calls(given: &SlowCallsFields) -> SlowCalls {
    let guard = SlowCalls::new(SlowCallsOptions {
        factor: given.factor.unwrap_or(2.0),
        samples: given.samples.unwrap_or(10),
        open_for: given.open_for.0,
    });
    guard.scope(scope(given.scope))
}
