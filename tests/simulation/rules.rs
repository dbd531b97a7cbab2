//! A vector's policy: the part that the core compiles and the part that a driver keeps.

use super::driver::undefined;
use super::duration::DurationOf;
use super::format::{EarlyField, LoadFields, ModeName, PolicyFields, Predicate};
use super::guards::GuardSets;
use holdover::policy::{ConfigError, Mode, Options, Policy};
use holdover::strategy::early::Early;
use holdover::strategy::hits::Hits;
use holdover::strategy::ttl::{Lifetime, jittered};
use holdover::time::Span;
use serde_json::Value;

/// A policy as the driver sees it.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) failover_after: Option<Span>,
    pub(crate) timeout: Option<Span>,
    pub(crate) single_flight: bool,
    /// The windows; `ttl` is what `set` stores with.
    pub(crate) lifetime: Lifetime,
    /// What answers a call that is refused for the rate.
    pub(crate) on_reject: Option<LoadFields>,
    pub(crate) tells_negatives: bool,
    ttl: DurationOf,
    jitter: f64,
    negative_ttl: Option<Span>,
    error_ttl: Option<DurationOf>,
    count_if: Option<Predicate>,
    stale_on: Option<Predicate>,
    fail_if: Option<Predicate>,
    cache_if: Option<Predicate>,
}

/// Splits a vector's policy.
pub(crate) fn compile(fields: PolicyFields) -> Result<(Policy, Rules, GuardSets), ConfigError> {
    let policy = Policy::compile(&options(&fields))?;
    let guards = GuardSets::compile(&fields)?;
    let rules = Rules {
        failover_after: policy.failover_after(),
        timeout: policy.timeout(),
        single_flight: policy.single_flight(),
        lifetime: Lifetime {
            ttl: policy.ttl(),
            stale_while_revalidate: policy.stale_while_revalidate(),
            stale_if_error: policy.stale_if_error(),
            retained: Span::ZERO,
        },
        on_reject: fields.rate_limit.and_then(|limit| limit.on_reject),
        tells_negatives: fields.negative_ttl.is_some(),
        ttl: fields.ttl,
        jitter: fields.jitter.unwrap_or(0.0),
        negative_ttl: fields.negative_ttl.map(|given| given.0),
        error_ttl: fields.error_ttl,
        count_if: fields.circuit_breaker.and_then(|given| given.count_if),
        stale_on: fields.stale_on,
        fail_if: fields.fail_if,
        cache_if: fields.cache_if,
    };
    Ok((policy, rules, guards))
}

fn options(fields: &PolicyFields) -> Options {
    let span = |duration: Option<super::duration::Duration>| duration.map(|given| given.0);
    let usual = Options::default();
    Options {
        ttl: Some(fields.ttl.fixed().unwrap_or(Span::FOREVER)),
        stale_while_revalidate: span(fields.stale_while_revalidate).unwrap_or(Span::ZERO),
        stale_if_error: span(fields.stale_if_error).unwrap_or(Span::ZERO),
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

/// What JavaScript calls nothing.
pub(crate) fn is_nothing(value: &Value) -> bool {
    value.is_null() || *value == undefined()
}

impl Rules {
    /// How long a result may be used; `None` when it is not to be stored. `own`: the call's ttl.
    pub(crate) fn lifetime_of(
        &self,
        result: &Value,
        own: Option<Span>,
        roll: f64,
    ) -> Option<Lifetime> {
        let negative = self.negative_ttl.filter(|_| is_nothing(result));
        if negative.is_some_and(Span::is_zero) {
            // Never stored, and what was stored is contradicted.
            return Some(Lifetime {
                ttl: Span::ZERO,
                stale_while_revalidate: Span::ZERO,
                stale_if_error: Span::ZERO,
                retained: Span::ZERO,
            });
        }
        let ttl = own.or(negative).or_else(|| self.ttl.of(result))?;
        Some(Lifetime {
            ttl: jittered(ttl, self.jitter, roll),
            ..self.lifetime
        })
    }

    /// How long a failure is remembered.
    pub(crate) fn error_lifetime(&self, error: &Value) -> Option<Lifetime> {
        let ttl = self.error_ttl.as_ref()?.of(error)?;
        Some(Lifetime {
            ttl,
            stale_while_revalidate: Span::ZERO,
            stale_if_error: Span::ZERO,
            retained: Span::ZERO,
        })
    }

    /// Whether the circuit breaker counts this failure.
    pub(crate) fn counts(&self, error: &Value) -> bool {
        ask(self.count_if.as_ref(), error, true, true)
    }

    /// Whether an entry may answer for this error. A function that throws decides nothing.
    pub(crate) fn may_stand_in(&self, error: &Value) -> bool {
        ask(self.stale_on.as_ref(), error, true, true)
    }

    /// Whether this result is a failure.
    pub(crate) fn is_failure(&self, result: &Value) -> bool {
        ask(self.fail_if.as_ref(), result, false, false)
    }

    /// Whether this result is stored.
    pub(crate) fn is_stored(&self, result: &Value) -> bool {
        ask(self.cache_if.as_ref(), result, true, false)
    }
}

fn ask(predicate: Option<&Predicate>, about: &Value, absent: bool, thrown: bool) -> bool {
    predicate.map_or(absent, |predicate| predicate.ask(about).unwrap_or(thrown))
}
