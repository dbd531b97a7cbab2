//! Guards in the simulation, by scope, as `js/src/engine/guards.ts` keeps them.

use super::format::{AlgorithmName, CountName, PolicyFields, ScopeName};
use holdover::guard::circuit_breaker::{CircuitBreaker, CircuitBreakerOptions};
use holdover::guard::rate_limit::{Algorithm, RateLimit, RateLimitOptions};
use holdover::guard::slow_calls::{SlowCalls, SlowCallsOptions};
use holdover::guard::{Guards, Outcome, Permit, Reason, Refusal};
use holdover::policy::ConfigError;
use holdover::time::{Span, Timestamp};
use std::collections::HashMap;

/// The guards of one scope: a copy for each function, which is one here, or for each key.
#[derive(Debug)]
struct Set {
    scope: ScopeName,
    fresh: Guards,
    known: HashMap<String, Guards>,
}

impl Set {
    fn new(scope: ScopeName, fresh: Guards) -> Option<Self> {
        let Guards {
            circuit_breaker,
            rate_limit,
            slow_calls,
        } = &fresh;
        let is_empty = circuit_breaker.is_none() && rate_limit.is_none() && slow_calls.is_none();
        (!is_empty).then(|| Self {
            scope,
            fresh,
            known: HashMap::new(),
        })
    }

    fn of(&mut self, key: &str) -> &mut Guards {
        let name = match self.scope {
            ScopeName::Function => "",
            ScopeName::Key => key,
        };
        let known = self.known.entry(name.to_owned());
        known.or_insert_with(|| self.fresh.clone())
    }
}

/// A load that was admitted: what it is to report with.
#[derive(Debug)]
pub(crate) struct Admission {
    permits: Vec<Permit>,
    /// On the host's clock.
    pub(crate) started_at: Timestamp,
}

/// All guards of a policy.
#[derive(Debug)]
pub(crate) struct GuardSets {
    loads: Vec<Set>,
    calls: Option<Set>,
}

impl GuardSets {
    pub(crate) fn compile(fields: &PolicyFields) -> Result<Self, ConfigError> {
        let counts = fields.rate_limit.as_ref().map(|limit| limit.count);
        let mut loads = Vec::new();
        for scope in [ScopeName::Function, ScopeName::Key] {
            let guards = Guards {
                circuit_breaker: circuit_breaker(fields, scope)?,
                rate_limit: rate_limit(fields, scope)?.filter(|_| counts == Some(CountName::Loads)),
                slow_calls: slow_calls(fields, scope)?,
            };
            loads.extend(Set::new(scope, guards));
        }
        let calls = match &fields.rate_limit {
            Some(limit) if limit.count == CountName::Calls => Set::new(
                limit.scope,
                Guards {
                    rate_limit: rate_limit(fields, limit.scope)?,
                    ..Guards::default()
                },
            ),
            _ => None,
        };
        Ok(Self { loads, calls })
    }

    /// Whether nobody is asked before a load.
    pub(crate) fn lets_loads_pass(&self) -> bool {
        self.loads.is_empty()
    }

    /// Whether nobody is asked before a call.
    pub(crate) fn lets_calls_pass(&self) -> bool {
        self.calls.is_none()
    }

    /// Whether a call may go on.
    pub(crate) fn admit_call(&mut self, key: &str, now: Timestamp) -> Result<(), Refusal> {
        let Some(set) = &mut self.calls else {
            return Ok(());
        };
        let guards = set.of(key);
        guards.check(now)?;
        let _ = guards.take(Span::ZERO, now);
        Ok(())
    }

    /// Whether a load may start. Nothing is used up by one that is refused.
    pub(crate) fn admit(
        &mut self,
        key: &str,
        lease: Span,
        now: Timestamp,
    ) -> Result<Vec<Permit>, Refusal> {
        for set in &mut self.loads {
            set.of(key).check(now)?;
        }
        let sets = self.loads.iter_mut();
        Ok(sets.map(|set| set.of(key).take(lease, now)).collect())
    }

    /// Hears how an admitted load went.
    pub(crate) fn record(
        &mut self,
        key: &str,
        admission: &Admission,
        outcome: Outcome,
        duration: Span,
        now: Timestamp,
    ) {
        for (set, permit) in self.loads.iter_mut().zip(&admission.permits) {
            set.of(key).record(*permit, outcome, duration, now);
        }
    }
}

impl Admission {
    pub(crate) fn new(permits: Vec<Permit>, started_at: Timestamp) -> Self {
        Self {
            permits,
            started_at,
        }
    }
}

/// The code of the error that a refusal is.
pub(crate) fn code_of(refusal: &Refusal) -> &'static str {
    match refusal.reason {
        Reason::CircuitOpen => "E_CIRCUIT_OPEN",
        Reason::RateLimited { .. } => "E_RATE_LIMITED",
        Reason::SlowCalls => "E_SLOW_CALLS",
    }
}

fn circuit_breaker(
    fields: &PolicyFields,
    scope: ScopeName,
) -> Result<Option<CircuitBreaker>, ConfigError> {
    let given = fields.circuit_breaker.as_ref();
    let Some(given) = given.filter(|given| given.scope == scope) else {
        return Ok(None);
    };
    CircuitBreaker::compile(&CircuitBreakerOptions {
        error_rate: given.error_rate,
        window: given.window.0,
        min_calls: given.min_calls,
        open_for: given.open_for.0,
        half_open_calls: given.half_open_calls.unwrap_or(1),
    })
    .map(Some)
}

fn rate_limit(fields: &PolicyFields, scope: ScopeName) -> Result<Option<RateLimit>, ConfigError> {
    let given = fields.rate_limit.as_ref();
    let Some(given) = given.filter(|given| given.scope == scope) else {
        return Ok(None);
    };
    RateLimit::compile(&RateLimitOptions {
        limit: given.limit,
        period: given.period.0,
        algorithm: match given.algorithm {
            Some(AlgorithmName::Sliding) => Algorithm::Sliding,
            Some(AlgorithmName::Fixed) | None => Algorithm::Fixed {
                ban: given.ban.map_or(Span::ZERO, |ban| ban.0),
            },
        },
    })
    .map(Some)
}

fn slow_calls(fields: &PolicyFields, scope: ScopeName) -> Result<Option<SlowCalls>, ConfigError> {
    let given = fields.slow_calls.as_ref();
    let Some(given) = given.filter(|given| given.scope == scope) else {
        return Ok(None);
    };
    SlowCalls::compile(&SlowCallsOptions {
        factor: given.factor.unwrap_or(2.0),
        samples: given.samples.unwrap_or(10),
        open_for: given.open_for.0,
    })
    .map(Some)
}
