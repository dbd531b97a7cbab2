//! A policy that was checked: its numbers for the machine, its guards, and what its functions say.

use super::bounds::{BoxFuture, Decide, Failure, Key, Value};
use super::bulkhead::Line;
use super::error::{Cause, Error};
use super::guards::PolicyGuards;
use super::locks::Locking;
use super::policy::{CachePolicy, Names};
use super::waiting::Enter;
use crate::config_error::ConfigError;
use crate::policy::Policy;
use crate::record::MOST_TAGS;
use crate::strategy::lifetime::{Facts, Kind};
use crate::strategy::ttl::Lifetime;
use crate::time::Span;
use std::boxed::Box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::String;
use std::sync::{Arc, Mutex};
use std::vec::Vec;

/// A policy that was checked.
pub(super) struct Rules<K: Key, V: Value, E: Failure> {
    pub(super) policy: Policy,
    pub(super) guards: Option<Mutex<Box<dyn PolicyGuards<K>>>>,
    pub(super) bulkhead: Option<Mutex<Line>>,
    /// Waits for a place in the bulkhead; `None` without one.
    pub(super) enter: Option<Enter<K, V, E>>,
    pub(super) counts_calls: bool,
    pub(super) counts_loads: bool,
    pub(super) lock: Option<Locking>,
    pub(super) keeps_loading: bool,
    given: CachePolicy<K, V, E>,
}

impl<K: Key, V: Value, E: Failure> Rules<K, V, E> {
    pub(super) fn compile(given: CachePolicy<K, V, E>) -> Result<Self, ConfigError> {
        let guards = given.guards.map(|compile| compile(&given)).transpose()?;
        let policy = Policy::compile(&given.options)?;
        let bulkhead = given
            .bulkhead
            .map(|(options, compile)| compile(options))
            .transpose()?;
        let lock = given.lock.map(|lock| lock.compile(&policy)).transpose()?;
        Ok(Self {
            policy,
            lock,
            bulkhead,
            enter: given.enter,
            counts_calls: guards.as_ref().is_some_and(|guards| guards.counts_calls()),
            counts_loads: guards.as_ref().is_some_and(|guards| guards.counts_loads()),
            keeps_loading: given.keeps_loading,
            guards: guards.map(Mutex::new),
            given,
        })
    }

    /// True for a value that means that there is none, under a policy that tells them.
    pub(super) fn is_nothing(&self, value: &V) -> bool {
        ask(self.given.is_nothing.as_ref(), value).unwrap_or(false)
    }

    /// The facts of a value; `None` when it is not to be stored. `own`: the call's ttl.
    pub(super) fn facts_of(&self, value: &V, own: Option<Span>) -> Option<Facts> {
        if let Some(lifetime) = self.lifetime_of(value) {
            return Some(Facts {
                ttl: Some(lifetime.ttl),
                windows: Some(lifetime),
                ..Facts::default()
            });
        }
        let is_nothing = self.is_nothing(value);
        let ttl = match &self.given.ttl_by {
            Some(_) if own.is_none() && !is_nothing => {
                Some(ask(self.given.ttl_by.as_ref(), value)?)
            }
            _ => None,
        };
        Some(Facts {
            kind: if is_nothing {
                Kind::Nothing
            } else {
                Kind::Value
            },
            call_ttl: own,
            ttl,
            ..Facts::default()
        })
    }

    /// The lifetime that a result has of its own.
    pub(super) fn lifetime_of(&self, value: &V) -> Option<Lifetime> {
        ask(self.given.lifetime_by.as_ref(), value).flatten()
    }

    /// The facts of a failure; `None` when it is not to be remembered.
    pub(super) fn facts_of_failure(&self, error: &Error<E>) -> Option<Facts> {
        let ttl = match &self.given.error_ttl_by {
            Some(_) => Some(ask(self.given.error_ttl_by.as_ref(), error)?),
            None => None,
        };
        Some(Facts {
            kind: Kind::Failure,
            ttl,
            ..Facts::default()
        })
    }

    /// True if failures may be remembered.
    pub(super) fn remembers(&self) -> bool {
        self.given.error_ttl_by.is_some() || !self.policy.error_ttl().is_zero()
    }

    /// True if results have tags.
    pub(super) fn has_tags(&self) -> bool {
        self.given.tags.is_some()
    }

    /// The names of a value's tags; `None` if the function panicked, and with it the value is not
    /// kept.
    pub(super) fn tags_of(&self, key: &K, value: &V) -> Option<Vec<String>> {
        let names = match &self.given.tags {
            None => return Some(Vec::new()),
            Some(Names::OfKey(tags)) => ask(Some(tags), key)?,
            Some(Names::OfValue(tags)) => {
                catch_unwind(AssertUnwindSafe(|| tags(key, value))).ok()?
            }
        };
        (names.len() <= MOST_TAGS).then_some(names)
    }

    /// The same, where they follow from the key.
    pub(super) fn key_tags(&self, key: &K) -> Option<Vec<String>> {
        let Some(Names::OfKey(tags)) = &self.given.tags else {
            return None;
        };
        let names = ask(Some(tags), key)?;
        (names.len() <= MOST_TAGS).then_some(names)
    }

    /// True if the circuit breaker counts this failure.
    pub(super) fn counts(&self, cause: &Cause<V, E>) -> bool {
        let breaker = self.given.circuit_breaker.as_ref();
        ask(breaker.and_then(|guard| guard.count_if.as_ref()), cause).unwrap_or(true)
    }

    /// True if an entry may answer for this failure.
    pub(super) fn may_stand_in(&self, cause: &Cause<V, E>) -> bool {
        ask(self.given.stale_on.as_ref(), cause).unwrap_or(true)
    }

    /// True if this value is a failure.
    pub(super) fn is_failure(&self, value: &V) -> bool {
        ask(self.given.fail_if.as_ref(), value).unwrap_or(false)
    }

    /// True if this value is kept. Not if `cache_if` panicked: it may have meant so.
    pub(super) fn is_kept(&self, value: &V) -> bool {
        self.given.cache_if.is_none() || ask(self.given.cache_if.as_ref(), value) == Some(true)
    }

    /// Asks `on_reject` about a rate limit's refusal; `None` without it, or for other guards.
    pub(super) fn on_reject(&self, error: &Error<E>) -> Option<BoxFuture<'static, Result<V, E>>> {
        let is_limit = matches!(error, Error::RateLimited { .. });
        ask(self.given.on_reject.as_ref().filter(|_| is_limit), error)
    }
}

/// Asks a function of the user's; `None` without one, and for one that panicked.
pub(super) fn ask<A: ?Sized, R>(judge: Option<&Arc<dyn Decide<A, R>>>, about: &A) -> Option<R> {
    let judge = judge?;
    catch_unwind(AssertUnwindSafe(|| judge(about))).ok()
}
