//! A request, as far as the cache must know it. Its head is written only when it is needed.

use super::fields::{fields_of, head_of};
use super::forwarded::forwarded_vary;
use super::keys::url_of;
use super::policy::HttpRules;
use crate::http::handling::{Handling, Mode, Request};
use crate::http::head::Head;
use http::Method;
use http::header::{self, HeaderMap, HeaderName};
use http::request::Parts;
use std::borrow::Cow;
use std::string::String;
use std::sync::OnceLock;

/// The fields of a request that are about the stored response, not the origin's: never part of a
/// load.
const CONDITIONS: [HeaderName; 6] = [
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_MATCH,
    header::IF_UNMODIFIED_SINCE,
    header::IF_RANGE,
    header::RANGE,
];

/// The other fields that say something to a cache.
const TELLING: [HeaderName; 4] = [
    header::CACHE_CONTROL,
    header::PRAGMA,
    header::AUTHORIZATION,
    header::COOKIE,
];

/// A request, as the cache reads it.
pub(super) struct Asked {
    pub(super) parts: Parts,
    /// Empty where there is none that can be told apart.
    pub(super) url: String,
    pub(super) plan: Request,
    /// True if there is nothing to decide before the entry is looked up.
    pub(super) is_plain: bool,
    /// The fields that its answer depends on without saying so; empty for none.
    pub(super) implied_vary: &'static str,
    ignores_directives: bool,
    head: OnceLock<String>,
}

impl Asked {
    pub(super) fn new(parts: Parts, rules: &HttpRules) -> Self {
        let url = url_of(&parts, &rules.scheme).unwrap_or_default();
        let mode = parts.extensions.get::<Mode>().copied().unwrap_or_default();
        let mut asked = Self {
            implied_vary: forwarded_vary(&url, &parts.headers),
            url,
            plan: Request {
                is_get: parts.method == Method::GET,
                mode,
                ..Request::default()
            },
            is_plain: false,
            ignores_directives: rules.ignores_directives,
            head: OnceLock::new(),
            parts,
        };
        let says = |name: &HeaderName| asked.parts.headers.contains_key(name);
        let tells = CONDITIONS.iter().any(says) || TELLING.iter().any(says);
        asked.is_plain = asked.plan.is_get && mode == Mode::Default && !tells;
        if !asked.is_plain {
            let method = asked.parts.method.as_str();
            let head = asked.heeded();
            let shared = rules.rules.scope.shared;
            asked.plan = Request::read(method, mode, Head::new(&head), shared);
        }
        asked
    }

    /// Decides which way it goes. One whose URL is not sure, or that wants to talk another protocol,
    /// is the origin's.
    pub(super) fn handling(&self) -> Handling {
        let handling = self.plan.handling();
        let upgrades = self.parts.headers.contains_key(header::UPGRADE);
        let changes = matches!(handling, Handling::Change | Handling::Post);
        if !changes && (self.url.is_empty() || upgrades) {
            return Handling::Bypass;
        }
        handling
    }

    pub(super) fn head(&self) -> Head<'_> {
        Head::new(self.head.get_or_init(|| head_of(&self.parts.headers)))
    }

    /// The part of the head that the cache heeds.
    pub(super) fn heeded(&self) -> Cow<'_, str> {
        if !self.ignores_directives {
            return Cow::Borrowed(self.head.get_or_init(|| head_of(&self.parts.headers)));
        }
        let mut fields = self.parts.headers.clone();
        fields.remove(header::CACHE_CONTROL);
        fields.remove(header::PRAGMA);
        Cow::Owned(head_of(&fields))
    }

    /// The request that fills the cache: for the whole response, whatever this client has of it.
    /// `conditions`: the fields that validate what is stored.
    pub(super) fn filling(&self, conditions: &str) -> Parts {
        let mut parts = self.parts.clone();
        parts.method = Method::GET;
        for name in &CONDITIONS {
            parts.headers.remove(name);
        }
        extend(&mut parts.headers, fields_of(conditions));
        parts
    }
}

/// Sets fields of which a name is there once.
fn extend(fields: &mut HeaderMap, more: HeaderMap) {
    for (name, value) in more {
        if let Some(name) = name {
            fields.insert(name, value);
        }
    }
}
