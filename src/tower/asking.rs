//! Requests that are no loads: the origin answers one client, and nothing is stored of it.

use super::approach::{Attempt, Failed, Ways};
use super::body::Body;
use super::completing::{About, completed};
use super::context::Context;
use super::fields::head_of;
use super::live::Live;
use super::presenting::forwarded;
use super::reading::Verdict;
use super::stored::{HttpValue, StoredResponse};
use super::visit::{Next, Place, Told};
use crate::driver::{Renewed, Since};
use crate::http::age::Exchange as When;
use crate::http::cache_status::Forward;
use crate::http::head::Head;
use crate::http::response::Kind;
use crate::http::{stored_head, validators};
use http::{Response, response};
use std::sync::Arc;

impl Ways {
    /// Asks the origin for this request alone, and stores nothing.
    pub(super) async fn forward(&self, key: &Arc<str>, forward: Forward) -> Result<Told, Failed> {
        let (response, _) = self.ask(key).await?;
        Ok(forwarded(response.map(Body::live), forward))
    }

    /// The same; the response stored at `key` answers when the origin fails, if it may.
    pub(super) async fn forward_or_stored(
        &self,
        key: &Arc<str>,
        forward: Forward,
    ) -> Result<Told, Failed> {
        let attempt = async {
            let (response, failed) = self.ask(key).await?;
            let answer = Next::Told(forwarded(response.map(Body::live), forward));
            Ok(Attempt { answer, failed })
        };
        self.told(key, attempt, forward).await
    }

    async fn told(
        &self,
        key: &Arc<str>,
        attempt: impl Future<Output = Result<Attempt, Failed>>,
        forward: Forward,
    ) -> Result<Told, Failed> {
        match self.or_stored(key, attempt).await? {
            Next::Told(told) => Ok(told),
            // An attempt to ask the origin gives nothing else.
            Next::Variants(_) | Next::Again(_) => self.forward(key, forward).await,
        }
    }

    /// The origin's answer to the request as it is; true with one that counts as a failure.
    async fn ask(&self, key: &Arc<str>) -> Result<(Response<Live>, bool), Failed> {
        let context = &self.context;
        let asking = self.origin.ask(self.asked.parts.clone());
        let mut failed = false;
        let response = context
            .entries
            .ask(key, &context.policy, asking, |response| {
                failed = context.rules.has_failed(&head_only(response));
                failed
            })
            .await?;
        Ok((response, failed))
    }

    /// Passes a HEAD on; its answer renews or ends the stored answer to GET (RFC 9111 §4.3.5), which
    /// answers when the origin fails and it may.
    pub(super) async fn ask_for_head(
        &self,
        place: &Place,
        forward: Forward,
    ) -> Result<Told, Failed> {
        let attempt = async {
            let entries = &self.context.entries;
            let since = entries.begin();
            let requested_at = entries.host().now();
            let (response, failed) = self.ask(&place.key).await?;
            let when = When {
                requested_at,
                received_at: entries.host().now(),
            };
            let head = head_only(&response);
            self.heed_head(place, &head, when, since).await;
            let answer = Next::Told(forwarded(response.map(Body::live), forward));
            Ok(Attempt { answer, failed })
        };
        self.told(&place.key, attempt, forward).await
    }

    /// Renews or ends what is stored, as an answer to HEAD says.
    async fn heed_head(&self, place: &Place, newer: &response::Parts, when: When, since: Since) {
        let Context {
            entries, keeping, ..
        } = &*self.context;
        let held = entries.find(&place.key).await;
        let Some(HttpValue::Response(held)) = held.map(|held| held.value) else {
            return;
        };
        if held.status != newer.status {
            return;
        }
        let mut is_other = None;
        let make = |below: Option<&HttpValue>| {
            let stored = match below {
                None => &held,
                Some(HttpValue::Response(stored)) if stored.status == newer.status => stored,
                Some(_) => return None,
            };
            let renewed = self.renewed_by_head(stored, newer, when);
            is_other = Some(renewed.is_none());
            let renewed = renewed?;
            let lifetime = renewed.lifetime;
            Some((HttpValue::Response(Arc::new(renewed)), lifetime))
        };
        let renewed = entries.renew(&place.key, keeping, since, make).await;
        // Memory may have what the stores have no more.
        let is_left = || self.renewed_by_head(&held, newer, when).is_none();
        if is_other.unwrap_or_else(|| renewed == Renewed::Gone && is_left()) {
            entries.invalidate(&place.key).await;
        }
    }

    /// The stored response with a newer head; `None` if it is another one now.
    fn renewed_by_head(
        &self,
        stored: &StoredResponse,
        newer: &response::Parts,
        when: When,
    ) -> Option<StoredResponse> {
        let rules = &self.context.rules;
        let (head, news) = (stored.head(), head_of(&newer.headers));
        let (head, news) = (Head::new(&head), Head::new(&news));
        if !validators::is_same(head, news) {
            return None;
        }
        let head = stored_head::updated(head, news);
        let verdict = Verdict::of(&self.asked, (stored.status, head), when, rules, u64::MAX);
        let about = About {
            requested_at: when.requested_at,
            selection: stored.terms.selection.clone(),
            now: when.received_at,
            kind: Kind::Whole,
            decoded: stored.terms.decoded,
        };
        let renewed = completed(stored.status, stored.body.clone(), &verdict, rules, about);
        let is_same = verdict.vary == stored.terms.vary;
        (is_same && renewed.is_storable).then_some(renewed)
    }
}

/// A response without its body.
pub(super) fn head_only(response: &Response<Live>) -> response::Parts {
    let mut head = Response::new(());
    *head.status_mut() = response.status();
    *head.version_mut() = response.version();
    *head.headers_mut() = response.headers().clone();
    head.into_parts().0
}
