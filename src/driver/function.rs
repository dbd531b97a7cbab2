//! Functions whose results are kept.

use super::answer::Answer;
use super::batch::{LoadMany, Loads};
use super::below::Delivery;
use super::bounds::{BoxFuture, Failure, Key, MaybeSend, MaybeSync, Value, opaque};
use super::cache::{Bound, Cache};
use super::calling::Request;
use super::error::Error;
use super::host::LoadContext;
use super::leading::Leading;
use crate::call::Counters;
use crate::time::Span;
use std::boxed::Box;
use std::sync::Arc;

/// A load on its way.
pub(super) type Loading<V, E> = BoxFuture<'static, Result<V, Error<E>>>;

/// A loader with its future boxed.
pub(super) trait Loader<K, V, E>:
    Fn(K, LoadContext) -> Loading<V, E> + MaybeSend + MaybeSync
{
}
impl<K, V, E, F> Loader<K, V, E> for F where
    F: Fn(K, LoadContext) -> Loading<V, E> + MaybeSend + MaybeSync
{
}

/// A call of a loader that is yet to be made.
pub(super) type Thunk<V, E> = Box<dyn MakeLoad<V, E>>;

/// Calls a loader.
pub(super) trait MakeLoad<V, E>: FnOnce(Leading<V, E>) -> Loading<V, E> + MaybeSend {}
impl<V, E, F> MakeLoad<V, E> for F where F: FnOnce(Leading<V, E>) -> Loading<V, E> + MaybeSend {}

/// A function whose results are kept: see [`Cache::wrap`]. Clones are the same function.
pub struct Function<K: Key, V: Value, E: Failure> {
    pub(super) cache: Cache<K, V, E>,
    pub(super) bound: Arc<Bound<K, V, E>>,
    loader: Arc<dyn Loader<K, V, E>>,
    /// The loader of many keys at once.
    many: Option<Arc<dyn LoadMany<K, V, E>>>,
}

impl<K: Key, V: Value, E: Failure> Clone for Function<K, V, E> {
    fn clone(&self) -> Self {
        Self {
            cache: self.cache.clone(),
            bound: Arc::clone(&self.bound),
            loader: Arc::clone(&self.loader),
            many: self.many.clone(),
        }
    }
}

impl<K: Key, V: Value, E: Failure> Function<K, V, E> {
    pub(super) fn new(
        cache: Cache<K, V, E>,
        bound: Arc<Bound<K, V, E>>,
        loader: Arc<dyn Loader<K, V, E>>,
    ) -> Self {
        Self {
            cache,
            bound,
            loader,
            many: None,
        }
    }

    pub(super) fn with_many(self, many: Arc<dyn LoadMany<K, V, E>>) -> Self {
        Self {
            many: Some(many),
            ..self
        }
    }

    /// The way in which many keys are loaded.
    pub(super) fn loads(&self) -> Loads<K, V, E> {
        match &self.many {
            Some(many) => Loads::Together(Arc::clone(many)),
            None => Loads::Each(Arc::clone(&self.loader)),
        }
    }

    /// A call of the loader, to be made when the stores have nothing.
    fn thunk(&self, key: &K) -> Thunk<V, E> {
        let (loader, key) = (Arc::clone(&self.loader), key.clone());
        Box::new(move |leading| loader(key, leading.context))
    }

    /// The value of `key`, from the cache or from the loader.
    ///
    /// # Errors
    /// The load's, when no entry may answer instead.
    pub async fn get(&self, key: &K) -> Result<V, Error<E>> {
        if let Some(value) = self.cache.shared.hit(key, &self.bound) {
            return Ok(value);
        }
        Ok(self.explain(key).await?.value)
    }

    /// The same, with where it came from.
    ///
    /// # Errors
    /// The load's, when no entry may answer instead.
    pub async fn explain(&self, key: &K) -> Result<Answer<V, E>, Error<E>> {
        self.call(key).explain().await
    }

    /// A call with options of its own.
    pub fn call<'a>(&'a self, key: &'a K) -> Call<'a, K, V, E> {
        Call {
            function: self,
            key,
            ttl: None,
        }
    }

    /// Loads a new value, whether or not there is one, and gives it.
    ///
    /// # Errors
    /// The load's; no entry answers instead.
    pub async fn refresh(&self, key: &K) -> Result<V, Error<E>> {
        let request = Request::new(&self.cache.shared, &self.bound, key).refresh();
        let answer = request.answer(|| Some(self.thunk(key)));
        Ok(answer.await?.value)
    }

    /// The value of `key` while it may answer: see [`Cache::peek`].
    #[must_use]
    pub fn peek(&self, key: &K) -> Option<V> {
        self.cache.peek(key)
    }

    /// Stores a value as if the function had returned it now.
    pub fn set(&self, key: &K, value: V) -> Delivery {
        self.cache.put_by(key, value, &self.bound)
    }

    /// Drops the value of `key`: see [`Cache::invalidate`].
    pub fn invalidate(&self, key: &K) -> Delivery {
        self.cache.invalidate(key)
    }

    /// Returns the counts so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.cache.counters(&self.bound)
    }
}

/// A call with options of its own: see [`Function::call`].
#[must_use = "a call begins with `get` or `explain`"]
pub struct Call<'a, K: Key, V: Value, E: Failure> {
    function: &'a Function<K, V, E>,
    key: &'a K,
    ttl: Option<Span>,
}

impl<K: Key, V: Value, E: Failure> Call<'_, K, V, E> {
    /// Keeps what this call loads for `ttl` instead of the policy's.
    pub fn ttl(mut self, ttl: impl Into<Span>) -> Self {
        self.ttl = Some(ttl.into());
        self
    }

    /// Makes the call.
    ///
    /// # Errors
    /// The load's, when no entry may answer instead.
    pub async fn get(self) -> Result<V, Error<E>> {
        Ok(self.explain().await?.value)
    }

    /// Makes the call, and says where its value came from.
    ///
    /// # Errors
    /// The load's, when no entry may answer instead.
    pub async fn explain(self) -> Result<Answer<V, E>, Error<E>> {
        let Function { cache, bound, .. } = self.function;
        let request = Request::new(&cache.shared, bound, self.key).ttl(self.ttl);
        let load = || Some(self.function.thunk(self.key));
        request.answer(load).await
    }
}

opaque! { Function<K: Key, V: Value, E: Failure> }
