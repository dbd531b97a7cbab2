//! A scenario vector, as `tests/vectors/README.md` describes it. Unknown names are errors.

use super::duration::{Duration, DurationOf};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// One scenario.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) rule: String,
    /// The defect of another library that this guards against; for readers only.
    #[serde(default, rename = "theirs")]
    pub(crate) _theirs: Option<String>,
    pub(crate) policy: PolicyFields,
    #[serde(default)]
    pub(crate) memory: MemoryFields,
    /// Whether the host anchors flights.
    #[serde(default)]
    pub(crate) wait_until: bool,
    #[serde(default)]
    pub(crate) origin: Origin,
    pub(crate) steps: Vec<StepFields>,
    #[serde(default)]
    pub(crate) loads: Times<u64>,
    #[serde(default)]
    pub(crate) aborts: Option<Times<Option<u64>>>,
    #[serde(default)]
    pub(crate) stats: BTreeMap<String, u64>,
    #[serde(default)]
    pub(crate) until: u64,
}

/// A policy in the names of TypeScript.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct PolicyFields {
    pub(crate) ttl: DurationOf,
    pub(crate) jitter: Option<f64>,
    pub(crate) early: Option<EarlyField>,
    pub(crate) hits: Option<HitsFields>,
    pub(crate) negative_ttl: Option<Duration>,
    pub(crate) error_ttl: Option<DurationOf>,
    pub(crate) stale_while_revalidate: Option<Duration>,
    pub(crate) stale_if_error: Option<Duration>,
    pub(crate) failover_after: Option<Duration>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) mode: Option<ModeName>,
    pub(crate) single_flight: Option<bool>,
    pub(crate) stale_on: Option<Predicate>,
    pub(crate) fail_if: Option<Predicate>,
    pub(crate) cache_if: Option<Predicate>,
    pub(crate) circuit_breaker: Option<CircuitBreakerFields>,
    pub(crate) rate_limit: Option<RateLimitFields>,
    pub(crate) slow_calls: Option<SlowCallsFields>,
    pub(crate) bulkhead: Option<BulkheadFields>,
}

/// `true`, `{ "beta": … }` or `{ "after": … }`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum EarlyField {
    Flag(bool),
    Fields(EarlyFields),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EarlyFields {
    pub(crate) beta: Option<f64>,
    pub(crate) after: Option<Duration>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct HitsFields {
    pub(crate) max: u32,
    pub(crate) refresh_at: Option<u32>,
}

/// Whose loads a guard counts together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ScopeName {
    #[default]
    Function,
    Key,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct CircuitBreakerFields {
    pub(crate) error_rate: f64,
    pub(crate) window: Duration,
    pub(crate) min_calls: u32,
    pub(crate) open_for: Duration,
    pub(crate) half_open_calls: Option<u32>,
    pub(crate) count_if: Option<Predicate>,
    #[serde(default)]
    pub(crate) scope: ScopeName,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BulkheadFields {
    pub(crate) concurrency: u32,
    #[serde(default)]
    pub(crate) queue: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RateLimitFields {
    pub(crate) limit: u32,
    pub(crate) period: Duration,
    pub(crate) ban: Option<Duration>,
    pub(crate) algorithm: Option<AlgorithmName>,
    #[serde(default)]
    pub(crate) scope: ScopeName,
    pub(crate) on_reject: Option<LoadFields>,
    #[serde(default)]
    pub(crate) count: CountName,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum AlgorithmName {
    Fixed,
    Sliding,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum CountName {
    #[default]
    Loads,
    Calls,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct SlowCallsFields {
    pub(crate) factor: Option<f64>,
    pub(crate) samples: Option<u32>,
    pub(crate) open_for: Duration,
    #[serde(default)]
    pub(crate) scope: ScopeName,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ModeName {
    CacheFirst,
    OriginFirst,
}

/// A function of a policy, by what it says of a result or of an error's label.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) enum Predicate {
    In(Vec<Value>),
    NotIn(Vec<Value>),
    Throws,
}

impl Predicate {
    /// What it says; `None` when it throws.
    pub(crate) fn ask(&self, about: &Value) -> Option<bool> {
        match self {
            Self::In(values) => Some(values.contains(about)),
            Self::NotIn(values) => Some(!values.contains(about)),
            Self::Throws => None,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct MemoryFields {
    pub(crate) max_entries: Option<u32>,
}

/// What the nth load does: of all keys, or of each key.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Origin {
    All(Vec<LoadFields>),
    ByKey(BTreeMap<String, Vec<LoadFields>>),
}

impl Default for Origin {
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

/// One load: exactly one of `value`, `error`, `returns`, `throws` or `hangs`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct LoadFields {
    #[serde(default)]
    pub(crate) after: u64,
    #[serde(default, deserialize_with = "present")]
    pub(crate) value: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) error: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) returns: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) throws: Option<Value>,
    #[serde(default)]
    pub(crate) hangs: bool,
    #[serde(default)]
    pub(crate) stops_on_abort: bool,
}

/// One step: `at` and exactly one operation.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct StepFields {
    pub(crate) at: u64,
    pub(crate) call: Option<Value>,
    pub(crate) refresh: Option<Value>,
    pub(crate) peek: Option<Value>,
    pub(crate) set: Option<Value>,
    pub(crate) invalidate: Option<Value>,
    pub(crate) abort: Option<Vec<String>>,
    pub(crate) vanish: Option<Vec<String>>,
    pub(crate) clock: Option<i64>,
    /// What the host's random source gives from now on.
    pub(crate) roll: Option<f64>,
    /// What `set` stores.
    #[serde(default, deserialize_with = "present")]
    pub(crate) value: Option<Value>,
    /// A name for `abort` and `vanish` to use.
    #[serde(rename = "as")]
    pub(crate) named: Option<String>,
    /// How many callers make the call; 1 if absent.
    pub(crate) callers: Option<usize>,
    /// For this call's result only, instead of the policy's.
    pub(crate) ttl: Option<Duration>,
    pub(crate) expect: Option<Expected>,
    /// What all callers but the first expect, where it differs.
    pub(crate) others: Option<Expected>,
}

impl StepFields {
    /// Whether somebody gets an answer.
    pub(crate) fn asks(&self) -> bool {
        self.call.is_some() || self.refresh.is_some() || self.peek.is_some()
    }
}

/// What a caller gets. `at` is the step's own time if absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Expected {
    #[serde(default, deserialize_with = "present")]
    pub(crate) value: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) error: Option<Value>,
    pub(crate) source: Option<String>,
    pub(crate) at: Option<u64>,
    pub(crate) age: Option<Value>,
    pub(crate) ttl: Option<Value>,
    /// The error that an `error-fallback` stands in for.
    #[serde(default, deserialize_with = "present")]
    pub(crate) cause: Option<Value>,
    /// What a guard's refusal says, thrown or as a `cause`.
    pub(crate) retry_after: Option<u64>,
    #[serde(default)]
    pub(crate) pending: bool,
}

impl Expected {
    /// These expectations where they say something, else the `first` caller's.
    pub(crate) fn over(self, first: Self) -> Self {
        let says = self.value.is_some() || self.error.is_some() || self.pending;
        Self {
            value: if says { self.value } else { first.value },
            error: if says { self.error } else { first.error },
            pending: if says { self.pending } else { first.pending },
            source: self.source.or(first.source),
            at: self.at.or(first.at),
            age: self.age.or(first.age),
            ttl: self.ttl.or(first.ttl),
            cause: self.cause.or(first.cause),
            retry_after: self.retry_after.or(first.retry_after),
        }
    }
}

/// A list for all loads, or one per key.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Times<T> {
    All(Vec<T>),
    ByKey(BTreeMap<String, Vec<T>>),
}

impl<T> Default for Times<T> {
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

impl<T: Copy> Times<T> {
    /// Every time in it.
    pub(crate) fn all(&self) -> Vec<T> {
        match self {
            Self::All(times) => times.clone(),
            Self::ByKey(keys) => keys.values().flatten().copied().collect(),
        }
    }
}

/// Tells `null`, which is a value, from what is absent.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
