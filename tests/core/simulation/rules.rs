//! A vector's policy: the part that the core compiles and the part that a driver keeps.

use super::driver::undefined;
use super::duration::DurationOf;
use super::format::{EarlyField, LoadFields, ModeName, PolicyFields, Predicate};
use super::guards::GuardSets;
use holdover::policy::{ConfigError, Mode, Options, Policy};
use holdover::strategy::early::Early;
use holdover::strategy::hits::Hits;
use holdover::strategy::lifetime::{Facts, Kind};
use holdover::time::Span;
use serde_json::Value;

/// A policy as the driver sees it.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) timeout: Option<Span>,
    pub(crate) single_flight: bool,
    /// What answers a call that is refused for the rate.
    pub(crate) on_reject: Option<LoadFields>,
    pub(crate) tells_negatives: bool,
    ttl: DurationOf,
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
        timeout: policy.timeout(),
        single_flight: policy.single_flight(),
        on_reject: fields.rate_limit.and_then(|limit| limit.on_reject),
        tells_negatives: fields.negative_ttl.is_some(),
        ttl: fields.ttl,
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
        jitter: fields.jitter.unwrap_or(0.0),
        negative_ttl: span(fields.negative_ttl),
        error_ttl: match &fields.error_ttl {
            Some(given) => given.fixed().unwrap_or(Span::ZERO),
            None => Span::ZERO,
        },
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
    /// The facts of a result; `None` when it is not to be stored. `own`: the call's ttl.
    pub(crate) fn facts_of(&self, result: &Value, own: Option<Span>) -> Option<Facts> {
        let kind = if is_nothing(result) {
            Kind::Nothing
        } else {
            Kind::Value
        };
        let is_asked = own.is_none() && !(kind == Kind::Nothing && self.tells_negatives);
        let ttl = match self.ttl.fixed() {
            None if is_asked => Some(self.ttl.of(result)?),
            _ => None,
        };
        Some(Facts {
            kind,
            call_ttl: own,
            ttl,
            ..Facts::default()
        })
    }

    /// The facts of a failure; `None` when it is not remembered.
    pub(crate) fn facts_of_failure(&self, error: &Value) -> Option<Facts> {
        let ttl = self.error_ttl.as_ref()?.of(error)?;
        Some(Facts {
            kind: Kind::Failure,
            ttl: Some(ttl),
            ..Facts::default()
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
