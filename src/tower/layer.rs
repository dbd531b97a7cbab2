//! The layer: a cache, a policy, and whose responses may be kept.

use super::cache::HttpCache;
use super::context::Context;
use super::keys::{Keys, url_of};
use super::policy::ResponsePolicy;
use super::recent_keys::RecentKeys;
use super::service::CacheService;
use crate::config_error::ConfigError;
use crate::driver::Delivery;
use core::fmt;
use http::{Request, Uri};
use std::sync::Arc;
use tower_layer::Layer;

/// Puts a cache in front of a service: see [the module](super).
#[derive(Clone)]
pub struct CacheLayer {
    context: Arc<Context>,
}

impl fmt::Debug for CacheLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheLayer").finish_non_exhaustive()
    }
}

impl CacheLayer {
    /// A cache for several users, as in front of handlers: responses for one of them are not kept.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the option and what is allowed.
    pub fn shared(cache: &HttpCache, policy: ResponsePolicy) -> Result<Self, ConfigError> {
        Self::new(cache, policy, true)
    }

    /// A cache for one user, as around a client that speaks for one.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the option and what is allowed.
    pub fn private(cache: &HttpCache, policy: ResponsePolicy) -> Result<Self, ConfigError> {
        Self::new(cache, policy, false)
    }

    fn new(cache: &HttpCache, policy: ResponsePolicy, shared: bool) -> Result<Self, ConfigError> {
        policy.check()?;
        let entries = &cache.entries;
        let loads = entries.policy(policy.of_entries(true))?;
        let keeping = entries.policy(policy.of_entries(false))?;
        let ending = cache.ending_for(&policy, shared)?;
        let context = Context {
            cache: cache.clone(),
            entries: entries.clone(),
            receiving: Arc::clone(&cache.receiving),
            rules: policy.rules(shared),
            keys: Keys {
                custom: policy.key,
                sorts_query: policy.sorts_query,
                ending,
            },
            policy: loads,
            keeping,
            unshared: RecentKeys::default(),
            doubts: RecentKeys::default(),
        };
        Ok(Self {
            context: Arc::new(context),
        })
    }

    /// Ends what is stored of a URL, in all layers over the same cache: every variant of it. At once
    /// here; awaiting it, in every store as well. A URL of a server's needs its host. With a
    /// [`key`](ResponsePolicy::key) of the policy's, that is called with a GET of it.
    pub fn invalidate(&self, uri: &Uri) -> Delivery {
        let mut parts = Request::new(()).into_parts().0;
        parts.uri = uri.clone();
        let url = url_of(&parts, &self.context.rules.scheme).unwrap_or_default();
        let key = self.context.keys.key_of(&url, &parts);
        self.context.invalidate(&key)
    }
}

impl<S> Layer<S> for CacheLayer {
    type Service = CacheService<S>;

    fn layer(&self, inner: S) -> CacheService<S> {
        CacheService::new(inner, Arc::clone(&self.context))
    }
}
