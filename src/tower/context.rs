//! A cache of responses as its services share it: its entries, its rules, and what it remembers of
//! keys.

use super::asked::Asked;
use super::cache::{Entries, HttpCache};
use super::error::Failure;
use super::forwarded::IMPLIED;
use super::keys::Keys;
use super::policy::HttpRules;
use super::receiving::Receiving;
use super::recent_keys::RecentKeys;
use super::stored::{HttpValue, StoredResponse, Variants};
use crate::driver::{Bound, Delivery, Held};
use crate::http::handling::{State, Stored};
use crate::strategy::ttl;
use std::format;
use std::sync::Arc;

pub(super) type Policy = Arc<Bound<Arc<str>, HttpValue, Failure>>;

/// The part that all services of a layer share.
pub(super) struct Context {
    pub(super) cache: HttpCache,
    pub(super) entries: Entries,
    pub(super) receiving: Arc<Receiving>,
    pub(super) rules: HttpRules,
    pub(super) keys: Keys,
    pub(super) policy: Policy,
    /// The policy of what is on its way already: it needs no guard's leave.
    pub(super) keeping: Policy,
    /// Keys whose last answer was for one request alone. Requests for them wait for nobody, until an
    /// answer comes that requests may share.
    pub(super) unshared: RecentKeys<()>,
    /// Keys of URLs whose last response was to be stored and was not.
    pub(super) doubts: RecentKeys<()>,
}

impl Context {
    pub(super) fn key_of(&self, asked: &Asked) -> Arc<str> {
        let key = self.keys.key_of(&asked.url, &asked.parts);
        if asked.implied_vary.is_empty() {
            return key;
        }
        Arc::from(format!("{key}{IMPLIED}"))
    }

    pub(super) fn note_shareable(&self, key: &Arc<str>, shareable: bool) {
        let now = self.entries.host().now();
        self.unshared.note(key, (!shareable).then_some(()), now);
    }

    pub(super) fn is_unshared(&self, key: &str) -> bool {
        self.unshared.get(key, self.entries.host().now()).is_some()
    }

    pub(super) fn note_doubt(&self, primary: &Arc<str>, is_doubtful: bool) {
        let now = self.entries.host().now();
        self.doubts.note(primary, is_doubtful.then_some(()), now);
    }

    /// True if it must not be said that what comes for a URL is stored.
    pub(super) fn is_doubtful(&self, primary: &str) -> bool {
        self.doubts
            .get(primary, self.entries.host().now())
            .is_some()
    }

    /// The record of a URL's variants that the memory has.
    pub(super) fn record_at(&self, primary: &Arc<str>) -> Option<Arc<Variants>> {
        match self.entries.held(primary)?.value {
            HttpValue::Variants(record) => Some(record),
            _ => None,
        }
    }

    /// True if a stored response may not answer a request, however fresh it is.
    pub(super) fn is_barred(asked: &Asked, stored: &StoredResponse) -> bool {
        asked.plan.is_authorized && !stored.terms.authorized
    }

    /// Ends what is stored of a URL.
    pub(super) fn invalidate(&self, key: &str) -> Delivery {
        self.cache.invalidate(key, &self.keys.ending)
    }
}

/// A stored response and its entry, as the rules read them.
pub(super) fn facts_of(stored: &StoredResponse, held: &Held<HttpValue>) -> Stored {
    let terms = &stored.terms;
    Stored {
        state: match held.state {
            ttl::State::Fresh => State::Fresh,
            ttl::State::Revalidate => State::Revalidate,
            ttl::State::IfError => State::IfError,
            ttl::State::Dead => State::Retained,
        },
        ttl: held.times.ttl,
        age: held.times.age,
        initial_age: terms.initial_age,
        overdue: terms.overdue,
        validate: terms.validate,
        never_stale: terms.never_stale,
        immutable: terms.immutable,
        authorized: terms.authorized,
        redirects_others: false,
        failed: stored.failed,
    }
}
