//! A response that has begun and is to be kept: recorded, shared, put where it belongs.

use super::body::Body;
use super::completing::{About, completed};
use super::error::Failure;
use super::fields::head_of;
use super::live::Live;
use super::reading::{Exchange, Verdict};
use super::recording::{Outlet, Recording, Watch};
use super::stored::HttpValue;
use super::variants::{key_of_variant, new_record};
use super::visit::Visit;
use crate::driver::{Beginning, BoxFuture, Error, Leading, Manner, Renewed};
use crate::http::head::Head;
use crate::http::response::{Circumstances, Kind, Plan};
use crate::http::stored_head::of_connection;
use crate::http::storing::Storing;
use crate::http::vary;
use crate::time::{Span, Timestamp};
use futures::FutureExt;
use http::{Response, response};
use std::boxed::Box;
use std::string::String;
use std::sync::Arc;

/// The most looks at a record of variants that changes again and again meanwhile.
const LOOKS: usize = 3;

/// One response on its way into the cache.
pub(super) struct Arrival {
    visit: Arc<Visit>,
    parts: response::Parts,
    requested_at: Timestamp,
    verdict: Verdict,
    plan: Plan,
    failed: bool,
    recording: Recording,
    outlet: Outlet,
}

impl Arrival {
    /// A response that is to be kept; itself again if it can only be passed on.
    pub(super) fn of(
        visit: &Arc<Visit>,
        exchange: Exchange,
        failed: bool,
        stands_in: bool,
    ) -> Result<Box<Self>, Box<Response<Live>>> {
        let Visit { context, asked, .. } = &**visit;
        let rules = &context.rules;
        let (mut parts, body) = exchange.response.into_parts();
        let head = (parts.status, head_of(&parts.headers));
        let verdict = Verdict::of(asked, head, exchange.when, rules, rules.max_body);
        let circumstances = Circumstances {
            kind: kind_of(failed),
            stands_in,
            is_apart: !is_at_home(visit, &verdict),
            takes_whole: asked.plan.takes_whole(),
        };
        let plan = verdict.plan_at(rules, circumstances, exchange.when.received_at);
        let is_kept = plan.storing == Storing::Allowed && rules.is_wanted(&parts);
        if !is_kept {
            return Err(Box::new(Response::from_parts(parts, body)));
        }
        for name in of_connection(Head::new(&verdict.head)).iter() {
            parts.headers.remove(name);
        }
        let recording = Recording::new(body, rules.max_body, context.receiving.share());
        Ok(Box::new(Self {
            visit: Arc::clone(visit),
            parts,
            requested_at: exchange.when.requested_at,
            verdict,
            plan,
            failed,
            outlet: recording.outlet(),
            recording,
        }))
    }

    /// The result of the load. The request that led it may have been given the response before.
    pub(super) async fn kept(
        self: Box<Self>,
        leading: Leading<HttpValue, Failure>,
    ) -> Result<HttpValue, Failure> {
        let visit = Arc::clone(&self.visit);
        let Visit {
            lead,
            place,
            context,
            ..
        } = &*visit;
        let is_doubtful = context.is_doubtful(&place.primary);
        lead.expect(!is_doubtful, self.plan.terms.ttl);
        let moved = self.plan.moves.then(|| self.moved()).flatten();
        if moved.is_none() {
            self.share(&place.key, &leading);
        }
        if self.plan.streams {
            leading.begun();
            self.give(true);
        } else if moved.is_some() {
            lead.leave();
        }
        match moved {
            Some((value, key)) => {
                self.keep_apart(key, leading.beginning());
                Ok(value)
            }
            None => self.whole(leading).await,
        }
    }

    /// A response that depends on the request in another way than was known is kept in a place of
    /// its own, by a load of its own; `None` where no other request could have it.
    fn moved(&self) -> Option<(HttpValue, Arc<str>)> {
        let visit = &self.visit;
        let Visit {
            context,
            place,
            asked,
            ..
        } = &**visit;
        let vary = &self.verdict.vary;
        let ttl = self.plan.terms.of_record();
        let is_primary = place.key == place.primary;
        let record = match &place.record {
            Some(record) if !is_primary => record.with(vary, ttl),
            // Others may have dropped the one that was known, and all that its keys begin with.
            _ => new_record(&**context.entries.host()).with(vary, ttl),
        };
        let key = Arc::from(key_of_variant(&place.primary, &record, vary, asked.head())?);
        if is_primary {
            return Some((HttpValue::Variants(Arc::new(record)), key));
        }
        self.keep_list(&record.id, ttl);
        Some((HttpValue::unshared(false), key))
    }

    /// Adds its list to the record of the URL's variants, which takes no time without stores.
    fn keep_list(&self, id: &Arc<str>, ttl: Span) {
        let (visit, list) = (Arc::clone(&self.visit), self.verdict.vary.clone());
        let adding = add_list(visit, Arc::clone(id), list, ttl);
        let mut adding: BoxFuture<'static, ()> = Box::pin(adding);
        if (&mut adding).now_or_never().is_none() {
            self.visit.context.entries.host().spawn(adding);
        }
    }

    /// Keeps the response under another key, by a load that goes on by itself.
    fn keep_apart(self: Box<Self>, key: Arc<str>, beginning: Beginning) {
        let context = Arc::clone(&self.visit.context);
        let manner = Manner {
            is_refresh: true,
            beginning: Some(beginning),
            ..Manner::default()
        };
        let at = Arc::clone(&key);
        let load = move |leading: Leading<HttpValue, Failure>| {
            let keeping: BoxFuture<'static, _> = Box::pin(async move {
                leading.begun();
                self.share(&at, &leading);
                self.whole(leading).await.map_err(Error::of_load)
            });
            keeping
        };
        let keeping = Arc::clone(&context.keeping);
        // It has begun then, and is over only when its body is.
        let _ = context
            .entries
            .clone()
            .call(key, keeping, manner, load)
            .now_or_never();
    }

    /// Has those wait who may have the response, and sends the others on.
    fn share(&self, key: &Arc<str>, leading: &Leading<HttpValue, Failure>) {
        if !self.failed {
            self.visit.context.note_shareable(key, self.plan.shareable);
        }
        if self.plan.dismisses {
            leading.dismiss(HttpValue::unshared(false));
        }
    }

    /// Gives the response to the request that led the load, as it comes.
    fn give(&self, now: bool) {
        give(&self.visit, &self.parts, &self.outlet, now);
    }

    async fn whole(
        self: Box<Self>,
        leading: Leading<HttpValue, Failure>,
    ) -> Result<HttpValue, Failure> {
        let Self {
            visit,
            parts,
            requested_at,
            verdict,
            failed,
            recording,
            outlet,
            ..
        } = *self;
        let Visit {
            context,
            asked,
            place,
            lead,
            ..
        } = &*visit;
        let watch = Watch {
            host: &**context.entries.host(),
            timeout: context.rules.timeout.unwrap_or(Span::FOREVER),
        };
        // Nothing comes any more, for now: nobody waits for the whole of it.
        let on_stall = || {
            leading.dismiss(HttpValue::unshared(false));
            if !lead.is_given() {
                leading.begun();
                give(&visit, &parts, &outlet, true);
            }
        };
        let on_end = || leading.ends(&context.entries);
        let body = recording.whole(watch, on_stall, on_end).await;
        let Some(body) = body.map_err(Failure::of_body)? else {
            if !lead.is_given() {
                give(&visit, &parts, &outlet, !failed);
            }
            context.note_doubt(&place.primary, true);
            lead.expect(false, Span::ZERO);
            return Ok(HttpValue::unshared(failed));
        };
        let about = About {
            requested_at,
            selection: vary::key(&verdict.vary, asked.head()).unwrap_or_default(),
            now: context.entries.host().now(),
            kind: kind_of(failed),
            decoded: false,
        };
        let whole = completed(parts.status, body, &verdict, &context.rules, about);
        context.note_doubt(&place.primary, !whole.is_storable);
        if !whole.is_storable {
            lead.expect(false, Span::ZERO);
        }
        Ok(HttpValue::Response(Arc::new(whole)))
    }
}

fn give(visit: &Visit, parts: &response::Parts, outlet: &Outlet, now: bool) {
    if visit.lead.is_gone() {
        return outlet.abandon();
    }
    let body = if visit.asked.plan.is_head {
        outlet.abandon();
        Body::default()
    } else {
        Body::recorded(outlet.reader())
    };
    let response = Response::from_parts(parts.clone(), body);
    visit.lead.give(response, now);
}

fn kind_of(failed: bool) -> Kind {
    if failed { Kind::Failure } else { Kind::Whole }
}

/// True if a response belongs where it was looked for.
fn is_at_home(visit: &Visit, verdict: &Verdict) -> bool {
    let Some(record) = &visit.place.record else {
        return verdict.vary.is_empty();
    };
    let Visit { place, asked, .. } = visit;
    let key = key_of_variant(&place.primary, record, &verdict.vary, asked.head());
    key.as_deref() == Some(&*place.key)
}

/// Adds the list of what has come to a record of variants, unless that has been dropped, here or by
/// another instance: its variants have been dropped with it, and this one goes where nobody looks.
async fn add_list(visit: Arc<Visit>, id: Arc<str>, list: String, ttl: Span) {
    let Visit { context, place, .. } = &*visit;
    for _ in 0..LOOKS {
        let since = context.entries.begin();
        let held = context.record_at(&place.primary);
        let held = held.filter(|record| record.id == id);
        if held.is_none() && !context.entries.has_stores() {
            return;
        }
        let make = |below: Option<&HttpValue>| {
            let known = match below {
                None => held.as_ref()?,
                Some(HttpValue::Variants(known)) if known.id == id => known,
                Some(_) => return None,
            };
            let record = known.with(&list, ttl);
            let lifetime = record.lifetime;
            Some((HttpValue::Variants(Arc::new(record)), lifetime))
        };
        let entries = &context.entries;
        let renewing = entries.renew(&place.primary, &context.keeping, since, make);
        if renewing.await != Renewed::Changed {
            return;
        }
    }
}
