//! Guards, by scope: their options, and the machines that instances of a policy share.

use super::bounds::{Decide, Key, MaybeSend, opaque};
use super::error::{Cause, Error};
use crate::config_error::ConfigError;
use crate::guard::circuit_breaker::{self, CircuitBreakerOptions};
use crate::guard::rate_limit::{self, RateLimitOptions};
use crate::guard::slow_calls::{self, SlowCallsOptions};
use crate::guard::{Guards, Outcome, Permit, Refusal};
use crate::time::{Span, Timestamp};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::vec::Vec;

/// Keys whose guards are told apart, unless more are in force: those of others begin anew.
const MOST_KEYS: usize = 10_000;

/// The loads that a guard judges together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Those of the policy.
    #[default]
    Function,
    /// Those of one key.
    Key,
}

/// The things that a rate limit counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Count {
    /// Loads.
    #[default]
    Loads,
    /// Calls, hits included.
    Calls,
}

/// Refuses loads from an origin that fails: see [`CircuitBreakerOptions`].
pub struct CircuitBreaker<V, E> {
    pub(super) options: CircuitBreakerOptions,
    pub(super) scope: Scope,
    pub(super) count_if: Option<Arc<dyn Decide<Cause<V, E>, bool>>>,
}

impl<V, E> CircuitBreaker<V, E> {
    /// Judges all loads of the policy together, and counts every failure.
    #[must_use]
    pub fn new(options: CircuitBreakerOptions) -> Self {
        Self {
            options,
            scope: Scope::Function,
            count_if: None,
        }
    }

    /// Judges these loads together.
    #[must_use]
    pub fn scope(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }

    /// Counts only failures that say something of the origin.
    #[must_use]
    #[expect(private_bounds, reason = "an alias for the bounds of a function")]
    pub fn count_if(mut self, counts: impl Decide<Cause<V, E>, bool> + 'static) -> Self {
        self.count_if = Some(Arc::new(counts));
        self
    }
}

/// Refuses loads, or calls, above a rate: see [`RateLimitOptions`].
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    pub(super) options: RateLimitOptions,
    pub(super) scope: Scope,
    pub(super) count: Count,
}

impl RateLimit {
    /// Counts all loads of the policy together.
    #[must_use]
    pub const fn new(options: RateLimitOptions) -> Self {
        Self {
            options,
            scope: Scope::Function,
            count: Count::Loads,
        }
    }

    /// Counts these together.
    #[must_use]
    pub const fn scope(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }

    /// Counts loads or calls.
    #[must_use]
    pub const fn count(self, count: Count) -> Self {
        Self { count, ..self }
    }
}

/// Refuses loads once they become slow: see [`SlowCallsOptions`].
#[derive(Clone, Copy, Debug)]
pub struct SlowCalls {
    pub(super) options: SlowCallsOptions,
    pub(super) scope: Scope,
}

impl SlowCalls {
    /// Judges all loads of the policy together.
    #[must_use]
    pub const fn new(options: SlowCallsOptions) -> Self {
        let scope = Scope::Function;
        Self { options, scope }
    }

    /// Judges these loads together.
    #[must_use]
    pub const fn scope(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }
}

/// The guards of one scope.
struct Scoped<K> {
    scope: Scope,
    fresh: Guards,
    shared: Guards,
    by_key: HashMap<K, Guards>,
    /// So many keys are swept when one more comes. Twice what a sweep leaves, so that keys in
    /// force, which stay, do not make each new key look at all of them.
    swept_at: usize,
}

impl<K: Clone + Eq + Hash> Scoped<K> {
    fn new(scope: Scope, fresh: Guards) -> Option<Self> {
        let is_empty = fresh.circuit_breaker.is_none()
            && fresh.rate_limit.is_none()
            && fresh.slow_calls.is_none();
        (!is_empty).then(|| Self {
            scope,
            shared: fresh.clone(),
            fresh,
            by_key: HashMap::new(),
            swept_at: MOST_KEYS,
        })
    }

    fn known(&mut self, key: &K) -> Option<&mut Guards> {
        match self.scope {
            Scope::Function => Some(&mut self.shared),
            Scope::Key => self.by_key.get_mut(key),
        }
    }

    fn of(&mut self, key: &K, now: Timestamp) -> &mut Guards {
        if self.scope == Scope::Function {
            return &mut self.shared;
        }
        if !self.by_key.contains_key(key) {
            if self.by_key.len() >= self.swept_at {
                self.by_key.retain(|_, guards| guards.is_in_force(now));
                self.swept_at = MOST_KEYS.max(2 * self.by_key.len());
            }
            self.by_key.insert(key.clone(), self.fresh.clone());
        }
        self.by_key.get_mut(key).expect("just inserted")
    }
}

/// The permit of an admitted load, with which it reports its end.
pub(super) struct Admission {
    permits: Vec<Permit>,
    started_at: Timestamp,
    /// The result of the batch that it is a part of.
    share: Option<Arc<Mutex<Share>>>,
}

/// The result of loads that are one call: a success if any of them is.
#[derive(Debug)]
struct Share {
    /// The loads that have not told theirs yet.
    left: usize,
    best: Outcome,
}

impl Share {
    /// Notes the result of one load; gives that of all with the last one.
    fn note(&mut self, outcome: Outcome) -> Option<Outcome> {
        self.best = match (self.best, outcome) {
            (Outcome::Success, _) | (_, Outcome::Success) => Outcome::Success,
            (Outcome::Failure, _) | (_, Outcome::Failure) => Outcome::Failure,
            (Outcome::Ignored, Outcome::Ignored) => Outcome::Ignored,
        };
        self.left -= 1;
        (self.left == 0).then_some(self.best)
    }
}

/// The guards of a policy, as loads see them. They are behind a trait object that only a policy with
/// guards makes: a program without any has none of their code.
pub(super) trait PolicyGuards<K>: MaybeSend {
    /// True if calls are asked about before anything else.
    fn counts_calls(&self) -> bool;
    /// True if loads are asked about.
    fn counts_loads(&self) -> bool;
    /// Asks if a call may go on.
    fn admit_call(&mut self, key: &K, now: Timestamp) -> Result<(), Refusal>;
    /// Asks if a load might start now; takes no place.
    fn check(&mut self, key: &K, now: Timestamp) -> Result<(), Refusal>;
    /// Asks if a load may start; one that may not uses nothing up. `now` never runs back;
    /// `started_at` is the wall clock's, for the load's duration.
    fn admit(
        &mut self,
        key: &K,
        lease: Span,
        now: Timestamp,
        started_at: Timestamp,
    ) -> Result<Admission, Refusal>;
    /// Asks if loads may start that are one call: where keys are judged together it takes one
    /// place, where each is judged by itself it takes one of each key.
    fn admit_all(
        &mut self,
        keys: &[&K],
        lease: Span,
        now: Timestamp,
        started_at: Timestamp,
    ) -> Vec<Result<Admission, Refusal>>;
    /// Hears how an admitted load went.
    fn record(
        &mut self,
        key: &K,
        admission: &Admission,
        outcome: Outcome,
        now: Timestamp,
        wall: Timestamp,
    );
}

/// The guards of a policy.
pub(super) struct GuardSets<K> {
    loads: Vec<Scoped<K>>,
    calls: Option<Scoped<K>>,
}

impl<K: Key> GuardSets<K> {
    pub(super) fn compile<V, E>(
        breaker: Option<&CircuitBreaker<V, E>>,
        limit: Option<&RateLimit>,
        slow_calls: Option<&SlowCalls>,
    ) -> Result<Self, ConfigError> {
        let mut loads = Vec::new();
        for scope in [Scope::Function, Scope::Key] {
            let breaker = breaker.filter(|given| given.scope == scope);
            let limit = limit.filter(|given| given.scope == scope && given.count == Count::Loads);
            let slow_calls = slow_calls.filter(|given| given.scope == scope);
            let guards = Guards {
                circuit_breaker: breaker
                    .map(|given| circuit_breaker::CircuitBreaker::compile(&given.options))
                    .transpose()?,
                rate_limit: compiled(limit)?,
                slow_calls: slow_calls
                    .map(|given| slow_calls::SlowCalls::compile(&given.options))
                    .transpose()?,
            };
            loads.extend(Scoped::new(scope, guards));
        }
        let of_calls = limit.filter(|given| given.count == Count::Calls);
        let calls = Guards {
            rate_limit: compiled(of_calls)?,
            ..Guards::default()
        };
        let scope = of_calls.map_or(Scope::Function, |given| given.scope);
        Ok(Self {
            loads,
            calls: Scoped::new(scope, calls),
        })
    }
}

impl<K: Key> PolicyGuards<K> for GuardSets<K> {
    fn counts_calls(&self) -> bool {
        self.calls.is_some()
    }

    fn counts_loads(&self) -> bool {
        !self.loads.is_empty()
    }

    fn admit_call(&mut self, key: &K, now: Timestamp) -> Result<(), Refusal> {
        let Some(calls) = &mut self.calls else {
            return Ok(());
        };
        let guards = calls.of(key, now);
        guards.check(now)?;
        let _ = guards.take(Span::ZERO, now);
        Ok(())
    }

    fn check(&mut self, key: &K, now: Timestamp) -> Result<(), Refusal> {
        let mut loads = self.loads.iter_mut();
        loads.try_for_each(|scoped| scoped.of(key, now).check(now))
    }

    fn admit(
        &mut self,
        key: &K,
        lease: Span,
        now: Timestamp,
        started_at: Timestamp,
    ) -> Result<Admission, Refusal> {
        self.check(key, now)?;
        let loads = self.loads.iter_mut();
        let permits = loads.map(|scoped| scoped.of(key, now).take(lease, now));
        Ok(Admission {
            permits: permits.collect(),
            started_at,
            share: None,
        })
    }

    fn admit_all(
        &mut self,
        keys: &[&K],
        lease: Span,
        now: Timestamp,
        started_at: Timestamp,
    ) -> Vec<Result<Admission, Refusal>> {
        let best = Outcome::Ignored;
        let share = Arc::new(Mutex::new(Share { left: 0, best }));
        let mut together: Option<Permit> = None;
        let admit = |key: &K| {
            for scoped in &mut self.loads {
                if scoped.scope == Scope::Key || together.is_none() {
                    scoped.of(key, now).check(now)?;
                }
            }
            let permits = self.loads.iter_mut().map(|scoped| match scoped.scope {
                Scope::Function => *together.get_or_insert_with(|| scoped.shared.take(lease, now)),
                Scope::Key => scoped.of(key, now).take(lease, now),
            });
            let permits = permits.collect();
            share.lock().unwrap_or_else(PoisonError::into_inner).left += 1;
            Ok(Admission {
                permits,
                started_at,
                share: Some(Arc::clone(&share)),
            })
        };
        keys.iter().copied().map(admit).collect()
    }

    fn record(
        &mut self,
        key: &K,
        admission: &Admission,
        outcome: Outcome,
        now: Timestamp,
        wall: Timestamp,
    ) {
        let duration = wall.since(admission.started_at);
        let together = match &admission.share {
            Some(share) => {
                let mut share = share.lock().unwrap_or_else(PoisonError::into_inner);
                share.note(outcome)
            }
            None => Some(outcome),
        };
        for (scoped, permit) in self.loads.iter_mut().zip(&admission.permits) {
            // A key whose guards were forgotten meanwhile has nothing to say any more.
            let told = match scoped.scope {
                Scope::Function => together,
                Scope::Key => Some(outcome),
            };
            if let (Some(guards), Some(outcome)) = (scoped.known(key), told) {
                guards.record(*permit, outcome, duration, now);
            }
        }
    }
}

fn compiled(limit: Option<&RateLimit>) -> Result<Option<rate_limit::RateLimit>, ConfigError> {
    limit
        .map(|given| rate_limit::RateLimit::compile(&given.options))
        .transpose()
}

pub(super) fn refusal<E>(refusal: &Refusal, now: Timestamp) -> Error<E> {
    Error::refused(refusal.reason, refusal.retry_at.since(now))
}

opaque! { CircuitBreaker<V, E> }
