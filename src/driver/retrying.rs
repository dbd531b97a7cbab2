//! Retries within a load: a loader that is called again when it fails.

use super::bounds::{BoxFuture, Decide, Failure, Key, MaybeSend, MaybeSync, Value, opaque};
use super::host::{Host, LoadContext};
use super::rules::ask;
use crate::config_error::ConfigError;
use crate::strategy::backoff::Backoff;
use crate::time::Span;
use futures::future::{Either, select};
use std::boxed::Box;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

/// The rules by which [`retry`] calls a loader again.
///
/// A function given here that panics ends the load with its failure.
#[must_use]
pub struct Retry<E> {
    max_attempts: u32,
    backoff: Backoff,
    within: Span,
    is_worth_it: Option<Arc<dyn Decide<E, bool>>>,
    wait: Option<Arc<dyn Decide<E, Option<Span>>>>,
}

impl<E: Failure> Retry<E> {
    /// Makes so many attempts at most, the first one included: 1 or more. Pauses are those of
    /// [`Backoff::default`].
    pub fn new(max_attempts: u32) -> Self {
        Self {
            max_attempts,
            backoff: Backoff::default(),
            within: Span::FOREVER,
            is_worth_it: None,
            wait: None,
        }
    }

    /// Pauses for these times.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Says after which failures another attempt is made. Default: after all.
    #[expect(private_bounds, reason = "an alias for the bounds of a function")]
    pub fn retry_if(mut self, is_worth_it: impl Decide<E, bool> + 'static) -> Self {
        self.is_worth_it = Some(Arc::new(is_worth_it));
        self
    }

    /// Pauses for at least as long as a failure says, where it does.
    #[expect(private_bounds, reason = "an alias for the bounds of a function")]
    pub fn retry_after(mut self, wait: impl Decide<E, Option<Span>> + 'static) -> Self {
        self.wait = Some(Arc::new(wait));
        self
    }

    /// Begins no attempt later than this after the first one. Default: no limit.
    pub fn within(mut self, within: impl Into<Span>) -> Self {
        self.within = within.into();
        self
    }

    fn check(&self) -> Result<(), ConfigError> {
        if self.max_attempts == 0 {
            return Err(ConfigError::of("retry.max_attempts", "1 or more"));
        }
        self.backoff.check()
    }

    /// The pause before the next attempt; `None` if there is none.
    fn pause(&self, error: &E, failures: u32, roll: f64) -> Option<Span> {
        if failures >= self.max_attempts {
            return None;
        }
        if self.is_worth_it.is_some() && !ask(self.is_worth_it.as_ref(), error)? {
            return None;
        }
        let told = match &self.wait {
            Some(_) => ask(self.wait.as_ref(), error)?,
            None => None,
        };
        let pause = self.backoff.delay(failures, roll);
        Some(pause.max(told.unwrap_or(Span::ZERO)))
    }
}

/// Returns a loader that calls `load` again when it fails, for [`Cache::wrap`](super::Cache::wrap)
/// and [`Cache::get_or_load`](super::Cache::get_or_load). All attempts are one load: for its callers,
/// for guards and for `timeout`. Pauses are those of `host`, and end with the load.
///
/// # Errors
/// A [`ConfigError`] for no attempts, or pauses that cannot be.
pub fn retry<K: Key, V: Value, E: Failure, F, R>(
    host: impl Host,
    rules: Retry<E>,
    load: F,
) -> Result<
    impl Fn(K, LoadContext) -> BoxFuture<'static, Result<V, E>> + MaybeSend + MaybeSync + 'static,
    ConfigError,
>
where
    F: Fn(K, LoadContext) -> R + MaybeSend + MaybeSync + 'static,
    R: Future<Output = Result<V, E>> + MaybeSend + 'static,
{
    rules.check()?;
    let host: Arc<dyn Host> = Arc::new(host);
    let (rules, load) = (Arc::new(rules), Arc::new(load));
    let attempts = move |key: K, context: LoadContext| -> BoxFuture<'static, Result<V, E>> {
        let (host, rules, load) = (Arc::clone(&host), Arc::clone(&rules), Arc::clone(&load));
        Box::pin(async move {
            let began = host.now();
            let mut failures = 0;
            loop {
                let error = match load(key.clone(), context.clone()).await {
                    Ok(value) => return Ok(value),
                    Err(error) => error,
                };
                failures += 1;
                let pause = rules.pause(&error, failures, host.roll());
                let passed = host.now().since(began);
                match pause.filter(|&pause| passed + pause <= rules.within) {
                    Some(pause) if pause_for(&*host, pause, &context).await => {}
                    _ => return Err(error),
                }
            }
        })
    };
    Ok(attempts)
}

/// Sleeps; false if the load is not wanted any more.
async fn pause_for(host: &dyn Host, pause: Span, context: &LoadContext) -> bool {
    if context.is_cancelled() {
        return false;
    }
    let cancelled = pin!(context.cancelled());
    matches!(select(host.sleep(pause), cancelled).await, Either::Left(_))
}

opaque! { Retry<E> }
