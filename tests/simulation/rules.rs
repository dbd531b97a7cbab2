//! A vector's policy: the part that the core compiles and the part that a driver keeps.

use super::format::{ModeName, PolicyFields, Predicate};
use holdover::policy::{ConfigError, Mode, Options, Policy};
use holdover::strategy::ttl::Lifetime;
use holdover::time::Span;
use serde_json::Value;

/// A policy as the driver sees it.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) failover_after: Option<Span>,
    pub(crate) timeout: Option<Span>,
    pub(crate) single_flight: bool,
    pub(crate) lifetime: Lifetime,
    stale_on: Option<Predicate>,
    fail_if: Option<Predicate>,
    cache_if: Option<Predicate>,
}

/// Splits a vector's policy.
pub(crate) fn compile(fields: PolicyFields) -> Result<(Policy, Rules), ConfigError> {
    let policy = Policy::compile(&options(&fields))?;
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
        stale_on: fields.stale_on,
        fail_if: fields.fail_if,
        cache_if: fields.cache_if,
    };
    Ok((policy, rules))
}

fn options(fields: &PolicyFields) -> Options {
    let span = |duration: Option<super::duration::Duration>| duration.map(|given| given.0);
    let usual = Options::default();
    Options {
        ttl: Some(fields.ttl.0),
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
        ..usual
    }
}

impl Rules {
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
