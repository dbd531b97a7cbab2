//! One load across instances, by a lock in a store that they share.

mod held;
mod polling;
mod taking;

pub(super) use self::held::{HeldLock, KeptLock};
pub(super) use self::taking::{Look, locked, locked_after};

use super::bounds::{Failure, Key, Value};
use super::policy::CachePolicy;
use crate::config_error::ConfigError;
use crate::options;
use crate::policy::Policy;
use crate::time::Span;

/// The way on of those who have waited long enough for another instance's load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLockTimeout {
    /// They load without the lock.
    #[default]
    Load,
    /// They fail with [`Error::LockTimeout`](super::Error::LockTimeout), unless an entry may answer.
    Fail,
}

/// One load across instances: see [`CachePolicy::lock`](super::CachePolicy::lock). The npm package's
/// is the same, so instances of both kinds wait for each other.
///
/// ```
/// # #[cfg(all(feature = "json", feature = "testing"))] {
/// use holdover::driver::testing::{MapStore, Virtual};
/// use holdover::driver::{Cache, CachePolicy, LoadLock, Source, Stores};
/// use std::time::Duration;
///
/// # let host = Virtual::new();
/// let shared = MapStore::new(host.clone());
/// let instance = || {
///     let stores = Stores::json(|id: &u64| format!("user:{id}")).store(shared.clone());
///     let cache = Cache::<u64, String, std::io::Error>::builder(host.clone())
///         .stores(stores)
///         .build();
///     let policy = CachePolicy::ttl(Duration::from_secs(60))
///         .timeout(Duration::from_secs(2))
///         .lock(LoadLock::new().wait(Duration::from_secs(5)));
///     cache.wrap(policy, |id, _| async move { Ok(format!("user {id}")) })
/// };
/// let (one, other) = (instance()?, instance()?);
/// # host.run(async move {
/// let calls = futures::future::join(one.explain(&42), other.explain(&42));
/// let (first, second) = calls.await;
/// assert_eq!(first.unwrap().source, Source::Load);
/// assert_eq!(second.unwrap().source, Source::Hit); // It has waited, and found it in the store.
/// # });
/// # }
/// # Ok::<(), holdover::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct LoadLock {
    ttl: Option<Span>,
    wait: Option<Span>,
    on_timeout: OnLockTimeout,
}

impl<K: Key, V: Value, E: Failure> CachePolicy<K, V, E> {
    /// One load across instances: the one that loads holds a lock in the first store that can keep
    /// it ([`Store::add`](crate::driver::Store::add) and
    /// [`compare_and_delete`](crate::driver::Store::compare_and_delete)), the others wait for its result in
    /// that store. A store that is down holds nobody up: they load without the lock.
    ///
    /// A load that calls a function which needs the lock that it holds waits for itself, until the
    /// lock's `wait` is over.
    pub const fn lock(mut self, lock: LoadLock) -> Self {
        self.lock = Some(lock);
        self
    }
}

impl LoadLock {
    /// A lock that holds for the policy's `timeout`, at most for 30 s, and is waited for as long.
    pub const fn new() -> Self {
        Self {
            ttl: None,
            wait: None,
            on_timeout: OnLockTimeout::Load,
        }
    }

    /// The longest time that it holds: when an instance vanishes in its load, the next one begins
    /// after this. Default: the policy's `timeout`, at most 30 s.
    pub fn ttl(self, ttl: impl Into<Span>) -> Self {
        Self {
            ttl: Some(ttl.into()),
            ..self
        }
    }

    /// The longest time that others wait for it. Default: its `ttl`.
    pub fn wait(self, wait: impl Into<Span>) -> Self {
        Self {
            wait: Some(wait.into()),
            ..self
        }
    }

    /// Sets what becomes of those who have waited for so long. Default: they load.
    pub const fn on_timeout(self, on_timeout: OnLockTimeout) -> Self {
        Self { on_timeout, ..self }
    }

    /// Checks it.
    pub(super) fn compile(&self, policy: &Policy) -> Result<Locking, ConfigError> {
        let most = policy.timeout().unwrap_or(Span::FOREVER);
        let most = most.min(Policy::LEASE);
        let ttl = self.ttl.unwrap_or(most);
        options::LOCK_TTL.check_span(ttl)?;
        let wait = self.wait.unwrap_or(ttl);
        options::LOCK_WAIT.check_span(wait)?;
        Ok(Locking {
            ttl,
            wait,
            pulse: Span::from_millis((most.as_millis() / 2).max(1)),
            fails: self.on_timeout == OnLockTimeout::Fail,
        })
    }
}

/// The error of a lock that no store can keep.
pub(super) const NO_STORE: ConfigError = ConfigError::of(
    "lock",
    "for caches over a store that has `add` and `compare_and_delete`",
);

/// The checked rules of a lock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Locking {
    pub(super) ttl: Span,
    pub(super) wait: Span,
    /// The interval at which a load that waits renews its flight's lease.
    pub(super) pulse: Span,
    /// True if a load that has waited for too long fails.
    pub(super) fails: bool,
}
