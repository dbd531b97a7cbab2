//! The policy of a layer: the options of functions that responses have, and how HTTP is read.

use super::error::Failure;
use super::stored::HttpValue;
use crate::config_error::ConfigError;
use crate::driver::{
    CachePolicy, CircuitBreaker, MaybeSend, MaybeSync, RateLimit, Scope, SlowCalls,
};
use crate::guard::circuit_breaker::CircuitBreakerOptions;
use crate::http::cache_control;
use crate::http::response::Rules;
use crate::http::terms;
use crate::policy::{Mode, Options};
use crate::strategy::early::Early;
use crate::strategy::hits::Hits;
use crate::time::Span;
use core::fmt;
use http::{request, response};
use std::string::String;
use std::sync::Arc;

/// The most bytes of a body that are kept, by default: 10 MiB.
const MAX_BODY: u64 = 10 * 1024 * 1024;
/// The targeted field (RFC 9213) that shared caches follow.
const TARGETS: &str = "cdn-cache-control";

/// Makes a key of a request.
pub(super) trait KeyOf: Fn(&request::Parts) -> String + MaybeSend + MaybeSync {}
impl<F: Fn(&request::Parts) -> String + MaybeSend + MaybeSync> KeyOf for F {}

/// Judges a response by its head.
pub(super) trait JudgeHead: Fn(&response::Parts) -> bool + MaybeSend + MaybeSync {}
impl<F: Fn(&response::Parts) -> bool + MaybeSend + MaybeSync> JudgeHead for F {}

pub(super) type Entry = CachePolicy<Arc<str>, HttpValue, Failure>;

/// Rules for responses whose own headers are silent, and for an origin that fails or is slow.
///
/// The options mean what they mean in the npm package.
#[must_use]
#[derive(Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "options, any of which go together"
)]
pub struct ResponsePolicy {
    options: Options,
    circuit_breaker: Option<(CircuitBreakerOptions, Scope)>,
    rate_limit: Option<RateLimit>,
    slow_calls: Option<SlowCalls>,
    fail_if: Option<Arc<dyn JudgeHead>>,
    cache_if: Option<Arc<dyn JudgeHead>>,
    pub(super) key: Option<Arc<dyn KeyOf>>,
    pub(super) name: Option<String>,
    pub(super) sorts_query: bool,
    overrides: bool,
    keeps_set_cookie: bool,
    ignores_directives: bool,
    fetches_whole: bool,
    max_body: u64,
    scheme: String,
}

impl Default for ResponsePolicy {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ResponsePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponsePolicy").finish_non_exhaustive()
    }
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

impl ResponsePolicy {
    /// A policy that follows the responses' headers, and nothing else.
    pub fn new() -> Self {
        Self {
            options: Options::default(),
            circuit_breaker: None,
            rate_limit: None,
            slow_calls: None,
            fail_if: None,
            cache_if: None,
            key: None,
            name: None,
            sorts_query: false,
            overrides: false,
            keeps_set_cookie: false,
            ignores_directives: false,
            fetches_whole: false,
            max_body: MAX_BODY,
            scheme: String::from("http"),
        }
    }

    options! {
        /// The time for which a response is fresh that does not say. Default: as RFC 9111 guesses.
        ttl: impl Into<Span> as Some(ttl.into()),
        /// The time past that in which a response that does not say answers while it is revalidated.
        /// Default 0.
        stale_while_revalidate: impl Into<Span> as stale_while_revalidate.into(),
        /// The time past that in which a response that does not say answers when the origin fails.
        /// Default 0.
        stale_if_error: impl Into<Span> as stale_if_error.into(),
        /// The random part of `ttl` that is taken away, from 0 to below 1. Default 0.
        jitter: f64 as jitter,
        /// The time for which an error of the inner service is remembered. Default 0.
        error_ttl: impl Into<Span> as error_ttl.into(),
        /// The longest time that the origin keeps a request waiting for which a stale response is
        /// stored. Default: as long as it takes.
        failover_after: impl Into<Span> as Some(failover_after.into()),
        /// The longest time until the head of a response has come, and in which nothing comes of its
        /// body. Default: no limit.
        timeout: impl Into<Span> as Some(timeout.into()),
        /// The pause after a failure that a stored response answered for. Default 1 s, doubling up to
        /// 30 s.
        retry_after: impl Into<Span> as retry_after.into(),
        /// Asks the cache or the origin first. Default the cache.
        mode: Mode as mode,
        /// True if requests that may have one response share it. Default true.
        single_flight: bool as single_flight,
        /// The time when a fresh response is revalidated in the background. Default: not before its
        /// end.
        early: Early as Some(early),
        /// The most times that a response is served. Default: as often as asked for.
        hits: Hits as Some(hits),
    }

    /// Refuses requests to the origin while it fails.
    pub fn circuit_breaker(mut self, guard: CircuitBreakerOptions, scope: Scope) -> Self {
        self.circuit_breaker = Some((guard, scope));
        self
    }

    /// Refuses requests to the origin, or to the cache, above a rate.
    pub fn rate_limit(mut self, guard: RateLimit) -> Self {
        self.rate_limit = Some(guard);
        self
    }

    /// Refuses requests to the origin once it becomes slow.
    pub fn slow_calls(mut self, guard: SlowCalls) -> Self {
        self.slow_calls = Some(guard);
        self
    }

    /// Says by their heads which responses are failures of the origin. Default: status 500 and
    /// above.
    pub fn fail_if(
        mut self,
        is_failure: impl Fn(&response::Parts) -> bool + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.fail_if = Some(Arc::new(is_failure));
        self
    }

    /// Says by their heads which responses are kept that may be. Default: all.
    pub fn cache_if(
        mut self,
        is_kept: impl Fn(&response::Parts) -> bool + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.cache_if = Some(Arc::new(is_kept));
        self
    }

    /// Names what a request is for, instead of its URL: requests of one key have one response, or
    /// its variants.
    pub fn key(
        mut self,
        key: impl Fn(&request::Parts) -> String + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.key = Some(Arc::new(key));
        self
    }

    /// Shares what is stored with all layers of this name over the same cache, or over the same
    /// stores, whose origin must be the same: with `cachedHandler` of the npm package, too. Over
    /// stores a second layer needs one, and so does one for a single user, of that user's: whoever
    /// has the name is answered with what is stored under it.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The order of query parameters counts for nothing.
    pub fn sort_query(mut self) -> Self {
        self.sorts_query = true;
        self
    }

    /// The policy rules even where a response states a lifetime; who may have it stays its own word.
    pub fn overrides(mut self) -> Self {
        self.overrides = true;
        self
    }

    /// A shared cache keeps `Set-Cookie` with what it stores: everybody gets the cookie that one
    /// request was answered with.
    pub fn store_set_cookie(mut self) -> Self {
        self.keeps_set_cookie = true;
        self
    }

    /// `Cache-Control` and `Pragma` of requests say nothing, as in most caches of servers: clients
    /// cannot have it ask the origin.
    pub fn ignore_directives(mut self) -> Self {
        self.ignores_directives = true;
        self
    }

    /// Asks the origin for the whole response where a part, or a head alone, is wanted of one that
    /// is not stored. Default: such requests go to the origin as they are.
    pub fn fetch_whole(mut self) -> Self {
        self.fetches_whole = true;
        self
    }

    /// The most bytes of a body that are kept; longer ones are passed on. Default 10 MiB.
    pub fn max_body(mut self, bytes: u64) -> Self {
        self.max_body = bytes;
        self
    }

    /// The scheme of requests that name none, as those to servers do. Default `http`.
    pub fn scheme(mut self, scheme: impl Into<String>) -> Self {
        self.scheme = scheme.into();
        self
    }

    pub(super) const NAME: ConfigError = ConfigError::of(
        "name",
        "a text without control characters, and not an empty one",
    );
    const SCHEME: ConfigError = ConfigError::of("scheme", "`http` or `https`");

    /// Checks what the policies of entries do not.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let is_name = |name: &String| !name.is_empty() && !name.contains(char::is_control);
        if !self.name.as_ref().is_none_or(is_name) {
            return Err(Self::NAME);
        }
        if !matches!(self.scheme.as_str(), "http" | "https") {
            return Err(Self::SCHEME);
        }
        Ok(())
    }

    /// The policy of loads, with guards or without.
    pub(super) fn of_entries(&self, guarded: bool) -> Entry {
        let options = Options {
            ttl: self.options.ttl.or(Some(Span::ZERO)),
            ..self.options
        };
        let mut policy = Entry::new(options)
            .fail_if(HttpValue::has_failed)
            .cache_if(HttpValue::is_storable)
            .lifetime_by(HttpValue::lifetime)
            .tags(|_, value| value.groups());
        if guarded {
            if let Some((guard, scope)) = &self.circuit_breaker {
                policy = policy.circuit_breaker(CircuitBreaker::new(*guard).scope(*scope));
            }
            if let Some(guard) = self.rate_limit {
                policy = policy.rate_limit(guard);
            }
            if let Some(guard) = self.slow_calls {
                policy = policy.slow_calls(guard);
            }
        }
        policy
    }

    /// The rules of HTTP for these options.
    pub(super) fn rules(&self, shared: bool) -> HttpRules {
        let Options {
            ttl,
            stale_while_revalidate,
            stale_if_error,
            timeout,
            ..
        } = self.options;
        HttpRules {
            rules: Rules {
                scope: cache_control::Scope {
                    shared,
                    targets: if shared { TARGETS } else { "" },
                    keeps_set_cookie: self.keeps_set_cookie,
                    hides_fields: false,
                },
                policy: terms::Policy {
                    ttl,
                    stale_while_revalidate,
                    stale_if_error,
                    overrides: self.overrides,
                },
            },
            max_body: self.max_body,
            timeout,
            fail_if: self.fail_if.clone(),
            cache_if: self.cache_if.clone(),
            ignores_directives: self.ignores_directives,
            fetches_whole: self.fetches_whole,
            scheme: self.scheme.clone(),
        }
    }

    /// The ending of keys: everything besides the request that responses depend on, as the npm
    /// package has it for handlers. `number`: of a layer without a name.
    pub(super) fn ending(&self, shared: bool, number: usize) -> String {
        use core::fmt::Write;
        let mut ending = String::from("\nhandler");
        for (is_set, word) in [
            (!shared, " private"),
            (shared && self.keeps_set_cookie, " cookies"),
            (self.overrides, " override"),
            (self.sorts_query, " sorted"),
        ] {
            ending.push_str(if is_set { word } else { "" });
        }
        let _ = match &self.name {
            Some(name) => write!(ending, " name={}", encoded(name)),
            None if number > 1 => write!(ending, " #{number}"),
            None => Ok(()),
        };
        ending
    }
}

/// A name as `encodeURIComponent` of JavaScript writes it.
fn encoded(name: &str) -> String {
    use core::fmt::Write;
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The rules by which a cache reads HTTP.
pub(super) struct HttpRules {
    pub(super) rules: Rules<'static>,
    pub(super) max_body: u64,
    pub(super) timeout: Option<Span>,
    fail_if: Option<Arc<dyn JudgeHead>>,
    cache_if: Option<Arc<dyn JudgeHead>>,
    pub(super) ignores_directives: bool,
    pub(super) fetches_whole: bool,
    pub(super) scheme: String,
}

impl HttpRules {
    /// True for a response that counts as a failure of its origin.
    pub(super) fn has_failed(&self, parts: &response::Parts) -> bool {
        match &self.fail_if {
            Some(is_failure) => is_failure(parts),
            None => parts.status.is_server_error(),
        }
    }

    /// True if the policy wants a response kept.
    pub(super) fn is_wanted(&self, parts: &response::Parts) -> bool {
        self.cache_if.as_ref().is_none_or(|is_kept| is_kept(parts))
    }

    pub(super) fn shared(&self) -> bool {
        self.rules.scope.shared
    }

    /// True if a request gets the cookies that the origin set for it, as what is stored has none.
    pub(super) fn hands_cookies(&self) -> bool {
        self.shared() && !self.rules.scope.keeps_set_cookie
    }
}
