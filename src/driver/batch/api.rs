//! Batches as programs ask for them.

use super::results::BatchResults;
use super::{Batch, LoadMany, LoadingMany, Loads};
use crate::config_error::ConfigError;
use crate::driver::answer::Answer;
use crate::driver::bounds::{Failure, Key, MaybeSend, MaybeSync, Value};
use crate::driver::cache::{Bound, Cache};
use crate::driver::error::Error;
use crate::driver::function::{Function, Loading};
use crate::driver::host::LoadContext;
use crate::driver::policy::CachePolicy;
use crate::time::Span;
use std::boxed::Box;
use std::future::Future;
use std::sync::Arc;
use std::vec;
use std::vec::Vec;

impl<K: Key, V: Value, E: Failure> Cache<K, V, E> {
    /// The values of `keys`, in their order. Entries answer as in
    /// [`get_or_load`](Self::get_or_load); the keys that nothing answers, each once, are the
    /// argument of one call of `loader`.
    ///
    /// ```
    /// use holdover::driver::{Cache, CachePolicy, testing::Virtual};
    /// use std::collections::HashMap;
    /// use std::time::Duration;
    ///
    /// # let host = Virtual::new();
    /// let cache = Cache::<u64, String, std::io::Error>::builder(host.clone()).build();
    /// let policy = cache.policy(CachePolicy::ttl(Duration::from_secs(60)))?;
    /// # host.run(async move {
    /// let load = |ids: Vec<u64>, _| async move {
    ///     let rows = ids.into_iter().map(|id| (id, format!("user {id}")));
    ///     Ok(rows.collect::<HashMap<_, _>>()) // In a service: one query.
    /// };
    /// let users = cache.load_many(&[1, 2, 1], &policy, load).await;
    /// let users: Vec<String> = users.into_iter().collect::<Result<_, _>>().unwrap();
    /// assert_eq!(users, ["user 1", "user 2", "user 1"]);
    /// # });
    /// # Ok::<(), holdover::ConfigError>(())
    /// ```
    ///
    /// - Each key has one load, whichever way it is asked for: a batch waits for a load of
    ///   `get_or_load` that runs, and the other way round.
    /// - The loader gives a list in the order of its keys or a map by them, of values or of
    ///   `Result`s: see [`BatchResults`]. What it fails with is the failure of each key, and the
    ///   entry of a key answers for its own.
    /// - Keys that are served stale are refreshed by another call, which nobody waits for, and so
    ///   are those whose load is lost elsewhere: hence `Fn`.
    /// - Stores are read together where they can ([`Store::get_many`](crate::driver::Store::get_many)).
    /// - `timeout` is that of the call. For guards it is one load, which succeeds if any key does;
    ///   those of [`Scope::Key`](crate::driver::Scope::Key) judge each key.
    /// - Dropping the future stops this caller's waiting: keys that others wait for are loaded
    ///   nevertheless, and the call ends when nobody waits for any of them.
    pub async fn load_many<F, R, B>(
        &self,
        keys: &[K],
        policy: &Arc<Bound<K, V, E>>,
        loader: F,
    ) -> Vec<Result<V, Error<E>>>
    where
        F: Fn(Vec<K>, LoadContext) -> R + MaybeSend + MaybeSync + 'static,
        R: Future<Output = Result<B, E>> + MaybeSend + 'static,
        B: BatchResults<K, V, E>,
    {
        let loads = Loads::Together(boxed(loader));
        let batch = Batch::new(&self.shared, policy, keys, None, loads);
        values(batch.answer().await)
    }

    /// Wraps a function of many keys, for [`Function::get_many`]. A call for one key is one for a
    /// list of it.
    ///
    /// ```
    /// use holdover::driver::{Cache, CachePolicy, testing::Virtual};
    /// use std::time::Duration;
    ///
    /// # let host = Virtual::new();
    /// let cache = Cache::<u64, String, std::io::Error>::builder(host.clone()).build();
    /// let name_of = cache.wrap_many(
    ///     CachePolicy::ttl(Duration::from_secs(60)).stale_if_error(Duration::from_secs(86_400)),
    ///     |ids: Vec<u64>, _| async move {
    ///         Ok(ids.iter().map(|id| format!("user {id}")).collect::<Vec<_>>())
    ///     },
    /// )?;
    /// # host.run(async move {
    /// let names = name_of.get_many(&[3, 4]).await;
    /// assert_eq!(names[1].as_ref().unwrap(), "user 4");
    /// assert_eq!(name_of.get(&3).await.unwrap(), "user 3");
    /// assert_eq!(name_of.counters().loads, 2);
    /// # });
    /// # Ok::<(), holdover::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// A [`ConfigError`] that names the option and what is allowed.
    pub fn wrap_many<F, R, B>(
        &self,
        policy: CachePolicy<K, V, E>,
        loader: F,
    ) -> Result<Function<K, V, E>, ConfigError>
    where
        F: Fn(Vec<K>, LoadContext) -> R + MaybeSend + MaybeSync + 'static,
        R: Future<Output = Result<B, E>> + MaybeSend + 'static,
        B: BatchResults<K, V, E>,
    {
        let bound = self.policy(policy)?;
        let many = boxed(loader);
        let loader = Arc::clone(&many);
        let one = move |key: K, context| -> Loading<V, E> {
            let loading = loader(vec![key], context);
            Box::pin(async move {
                match loading.await?.pop().flatten() {
                    Some(result) => result.map_err(Error::of_load),
                    None => Err(Error::NotLoaded),
                }
            })
        };
        Ok(Function::new(self.clone(), bound, Arc::new(one)).with_many(many))
    }
}

impl<K: Key, V: Value, E: Failure> Function<K, V, E> {
    /// The values of `keys`, in their order, from the cache or from the loader. Functions of
    /// [`wrap_many`](Cache::wrap_many) load what is missing in one call, others in one for each.
    pub async fn get_many(&self, keys: &[K]) -> Vec<Result<V, Error<E>>> {
        self.call_many(keys).get().await
    }

    /// A call for many keys with options of its own.
    pub fn call_many<'a>(&'a self, keys: &'a [K]) -> CallMany<'a, K, V, E> {
        CallMany {
            function: self,
            keys,
            ttl: None,
        }
    }
}

/// A call for many keys with options of its own: see [`Function::call_many`].
#[must_use = "a call begins with `get` or `explain`"]
pub struct CallMany<'a, K: Key, V: Value, E: Failure> {
    function: &'a Function<K, V, E>,
    keys: &'a [K],
    ttl: Option<Span>,
}

impl<K: Key, V: Value, E: Failure> CallMany<'_, K, V, E> {
    /// Keeps what this call loads for `ttl` instead of the policy's.
    pub fn ttl(mut self, ttl: impl Into<Span>) -> Self {
        self.ttl = Some(ttl.into());
        self
    }

    /// Makes the call. An error is that of one key, when no entry may answer instead.
    pub async fn get(self) -> Vec<Result<V, Error<E>>> {
        values(self.explain().await)
    }

    /// Makes the call, and says where its values came from.
    pub async fn explain(self) -> Vec<Result<Answer<V, E>, Error<E>>> {
        let Function { cache, bound, .. } = self.function;
        let loads = self.function.loads();
        let batch = Batch::new(&cache.shared, bound, self.keys, self.ttl, loads);
        batch.answer().await
    }
}

fn values<V, E>(answers: Vec<Result<Answer<V, E>, Error<E>>>) -> Vec<Result<V, Error<E>>> {
    let values = answers.into_iter();
    values.map(|answer| Ok(answer?.value)).collect()
}

fn boxed<K, V, E, F, R, B>(loader: F) -> Arc<dyn LoadMany<K, V, E>>
where
    K: Key,
    V: Value,
    E: Failure,
    F: Fn(Vec<K>, LoadContext) -> R + MaybeSend + MaybeSync + 'static,
    R: Future<Output = Result<B, E>> + MaybeSend + 'static,
    B: BatchResults<K, V, E>,
{
    Arc::new(move |keys: Vec<K>, context| -> LoadingMany<V, E> {
        let loading = loader(keys.clone(), context);
        Box::pin(async move {
            let results = loading.await.map_err(Error::of_load)?;
            Ok(results.in_order_of(&keys))
        })
    })
}
