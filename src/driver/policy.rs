//! The policy of a function: options, guards, and functions that judge its results.

use super::bounds::{BoxFuture, Decide, Failure, Key, MaybeSend, MaybeSync, Value, opaque};
use super::bulkhead::Line;
use super::error::{Cause, Error};
use super::guards::{CircuitBreaker, GuardSets, PolicyGuards, RateLimit, SlowCalls};
use super::locks::LoadLock;
use super::waiting::{Enter, enter};
use crate::config_error::ConfigError;
use crate::guard::bulkhead::BulkheadOptions;
use crate::policy::{Mode, Options};
use crate::strategy::early::Early;
use crate::strategy::hits::Hits;
use crate::strategy::ttl::Lifetime;
use crate::time::Span;
use std::boxed::Box;
use std::string::String;
use std::sync::{Arc, Mutex};
use std::vec::Vec;

pub(super) type Judge<A, R> = Option<Arc<dyn Decide<A, R>>>;
pub(super) type OnReject<V, E> = Judge<Error<E>, BoxFuture<'static, Result<V, E>>>;

/// Rules for the results of a function: how long they are kept, and what happens when it fails or
/// is slow.
///
/// The options mean what they mean in the npm package; they are checked by
/// [`Cache::wrap`](super::Cache::wrap). A function given here that panics has not decided: it is as
/// if it were not there.
#[must_use]
pub struct CachePolicy<K: Key, V: Value, E: Failure> {
    pub(super) options: Options,
    /// Makes its guards; `None` without any.
    pub(super) guards: Option<CompileGuards<K, V, E>>,
    pub(super) circuit_breaker: Option<CircuitBreaker<V, E>>,
    pub(super) rate_limit: Option<RateLimit>,
    pub(super) slow_calls: Option<SlowCalls>,
    pub(super) bulkhead: Option<(BulkheadOptions, CompileLine)>,
    pub(super) enter: Option<Enter<K, V, E>>,
    pub(super) stale_on: Judge<Cause<V, E>, bool>,
    pub(super) fail_if: Judge<V, bool>,
    pub(super) cache_if: Judge<V, bool>,
    pub(super) ttl_by: Judge<V, Span>,
    pub(super) error_ttl_by: Judge<Error<E>, Span>,
    pub(super) is_nothing: Judge<V, bool>,
    pub(super) on_reject: OnReject<V, E>,
    /// The lifetime that a result has of its own.
    pub(super) lifetime_by: Judge<V, Option<Lifetime>>,
    pub(super) tags: Option<Names<K, V>>,
    pub(super) lock: Option<LoadLock>,
    pub(super) keeps_loading: bool,
}

pub(super) type CompileGuards<K, V, E> =
    fn(&CachePolicy<K, V, E>) -> Result<Box<dyn PolicyGuards<K>>, ConfigError>;
pub(super) type CompileLine = fn(BulkheadOptions) -> Result<Mutex<Line>, ConfigError>;

/// Gives the names of an entry's tags.
pub(super) trait Name<K, V>: Fn(&K, &V) -> Vec<String> + MaybeSend + MaybeSync {}
impl<K, V, F: Fn(&K, &V) -> Vec<String> + MaybeSend + MaybeSync> Name<K, V> for F {}

/// The names of an entry's tags, by its key or by its value as well.
pub(super) enum Names<K, V> {
    OfKey(Arc<dyn Decide<K, Vec<String>>>),
    OfValue(Arc<dyn Name<K, V>>),
}

macro_rules! options {
    ($($(#[doc = $docs:literal])* $option:ident: $given:ty as $value:expr,)*) => {
        $(
            $(#[doc = $docs])*
            pub fn $option(mut self, $option: $given) -> Self {
                self.options.$option = $value;
                self
            }
        )*
    };
}

impl<K: Key, V: Value, E: Failure> CachePolicy<K, V, E> {
    /// Keeps results for `ttl`: served without asking the origin. [`Span::FOREVER`] never ends.
    pub fn ttl(ttl: impl Into<Span>) -> Self {
        Self::new(Options {
            ttl: Some(ttl.into()),
            ..Options::default()
        })
    }

    /// Keeps each result for the time that `ttl` gives it. One it panics for is not kept.
    #[expect(private_bounds, reason = "an alias for the bounds of a function")]
    pub fn ttl_by(ttl: impl Decide<V, Span> + 'static) -> Self {
        Self {
            ttl_by: Some(Arc::new(ttl)),
            ..Self::ttl(Span::FOREVER)
        }
    }

    /// A policy with these options and nothing else.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            guards: None,
            circuit_breaker: None,
            rate_limit: None,
            slow_calls: None,
            bulkhead: None,
            enter: None,
            stale_on: None,
            fail_if: None,
            cache_if: None,
            ttl_by: None,
            error_ttl_by: None,
            is_nothing: None,
            on_reject: None,
            lifetime_by: None,
            tags: None,
            lock: None,
            keeps_loading: false,
        }
    }

    /// Sets all options at once.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    options! {
        /// The time past `ttl` in which an entry is served while one load refreshes it in the
        /// background. Default 0.
        stale_while_revalidate: impl Into<Span> as stale_while_revalidate.into(),
        /// The time past `ttl` in which an entry is served when a load fails. Default 0.
        stale_if_error: impl Into<Span> as stale_if_error.into(),
        /// The random part of `ttl` that is taken away, from 0 to below 1. Default 0.
        jitter: f64 as jitter,
        /// The time for which a failure is remembered. Default 0.
        error_ttl: impl Into<Span> as error_ttl.into(),
        /// The longest time that a load keeps a caller waiting who has an entry. Default: as long
        /// as it takes.
        failover_after: impl Into<Span> as Some(failover_after.into()),
        /// The longest time that a load may take. Default: no limit.
        timeout: impl Into<Span> as Some(timeout.into()),
        /// The pause after a failure that an entry answered for. Default 1 s, doubling up to 30 s.
        retry_after: impl Into<Span> as retry_after.into(),
        /// Asks the cache or the origin first. Default the cache.
        mode: Mode as mode,
        /// True if callers of a key share one load. Default true.
        single_flight: bool as single_flight,
        /// The time when a fresh entry is refreshed in the background. Default: not before its end.
        early: Early as Some(early),
        /// The most times that an entry is served. Default: as often as asked for.
        hits: Hits as Some(hits),
    }

    /// The `ttl` of values that mean "there is none", like `None`. Default: that of other values.
    #[expect(private_bounds, reason = "an alias for the bounds of a function")]
    pub fn negative_ttl(
        mut self,
        ttl: impl Into<Span>,
        is_nothing: impl Decide<V, bool> + 'static,
    ) -> Self {
        self.options.negative_ttl = Some(ttl.into());
        self.is_nothing = Some(Arc::new(is_nothing));
        self
    }

    /// Refuses loads while the origin fails.
    pub fn circuit_breaker(mut self, guard: CircuitBreaker<V, E>) -> Self {
        self.circuit_breaker = Some(guard);
        self.guards = Some(Self::compile_guards);
        self
    }

    /// Refuses loads, or calls, above a rate.
    pub fn rate_limit(mut self, guard: RateLimit) -> Self {
        self.rate_limit = Some(guard);
        self.guards = Some(Self::compile_guards);
        self
    }

    /// Refuses loads once they become slow.
    pub fn slow_calls(mut self, guard: SlowCalls) -> Self {
        self.slow_calls = Some(guard);
        self.guards = Some(Self::compile_guards);
        self
    }

    /// Runs so many loads at once; a few more wait in order, for `timeout` at most, or 30 s. Others
    /// are refused. The place of a load that was timed out or given up is free, even if the policy
    /// [keeps loading](Self::keep_loading).
    pub fn bulkhead(mut self, guard: BulkheadOptions) -> Self {
        self.bulkhead = Some((guard, Line::compile));
        self.enter = Some(enter);
        self
    }

    fn compile_guards(&self) -> Result<Box<dyn PolicyGuards<K>>, ConfigError> {
        let guards = GuardSets::compile(
            self.circuit_breaker.as_ref(),
            self.rate_limit.as_ref(),
            self.slow_calls.as_ref(),
        )?;
        Ok(Box::new(guards))
    }

    /// Gives a value to callers that the rate limit refuses and no entry answers.
    pub fn on_reject<F, R>(mut self, on_reject: F) -> Self
    where
        F: Fn(&Error<E>) -> R + MaybeSend + MaybeSync + 'static,
        R: Future<Output = Result<V, E>> + MaybeSend + 'static,
    {
        let boxed = move |error: &Error<E>| -> BoxFuture<'static, Result<V, E>> {
            Box::pin(on_reject(error))
        };
        self.on_reject = Some(Arc::new(boxed));
        self
    }

    /// Says for which failures an entry may answer. Default: for all.
    #[expect(private_bounds, reason = "an alias for the bounds of a function")]
    pub fn stale_on(mut self, may_stand_in: impl Decide<Cause<V, E>, bool> + 'static) -> Self {
        self.stale_on = Some(Arc::new(may_stand_in));
        self
    }

    /// Says which results are failures. Default: none.
    #[expect(private_bounds, reason = "an alias for the bounds of a function")]
    pub fn fail_if(mut self, is_failure: impl Decide<V, bool> + 'static) -> Self {
        self.fail_if = Some(Arc::new(is_failure));
        self
    }

    /// Says which results are kept. Default: all.
    #[expect(private_bounds, reason = "an alias for the bounds of a function")]
    pub fn cache_if(mut self, is_kept: impl Decide<V, bool> + 'static) -> Self {
        self.cache_if = Some(Arc::new(is_kept));
        self
    }

    /// Remembers each failure for the time that `ttl` gives it.
    #[expect(private_bounds, reason = "an alias for the bounds of a function")]
    pub fn error_ttl_by(mut self, ttl: impl Decide<Error<E>, Span> + 'static) -> Self {
        self.error_ttl_by = Some(Arc::new(ttl));
        self
    }

    /// Gives each result tags, by which [`Cache::invalidate_tags`](super::Cache::invalidate_tags)
    /// ends it. Loads that have begun before are not joined any more, and keep nothing that has one
    /// of those tags. A value for which it panics, or that has more than 1,024, is not kept.
    pub fn tags(
        mut self,
        tags: impl Fn(&K, &V) -> Vec<String> + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.tags = Some(Names::OfValue(Arc::new(tags)));
        self
    }

    /// The same for tags that follow from the key, which takes one look at the stores less for each
    /// load, and lets callers join loads that the invalidation of another tag does not concern. It
    /// takes the place of [`tags`](Self::tags).
    #[expect(private_bounds, reason = "an alias for the bounds of a function")]
    pub fn key_tags(mut self, tags: impl Decide<K, Vec<String>> + 'static) -> Self {
        self.tags = Some(Names::OfKey(Arc::new(tags)));
        self
    }

    /// Keeps each result for as long as it says itself: `None` for one that does not.
    #[cfg(feature = "tower")]
    pub(crate) fn lifetime_by(
        mut self,
        lifetime: impl Fn(&V) -> Option<Lifetime> + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.lifetime_by = Some(Arc::new(lifetime));
        self
    }

    /// Goes on with loads that took over their `timeout` or that nobody waits for any more: they
    /// are told by their [context](super::LoadContext::is_cancelled), and what they bring late is
    /// kept. Default: they are dropped.
    pub fn keep_loading(mut self) -> Self {
        self.keeps_loading = true;
        self
    }
}

opaque! { CachePolicy<K: Key, V: Value, E: Failure> }
