//! The way of a request that may be answered by what is stored: by a call, by the origin, or at once.

use super::asked::Asked;
use super::context::{Context, facts_of};
use super::error::Failure;
use super::loading::load;
use super::origin::Origin;
use super::presenting::{begun, nothing_stored, served};
use super::stored::{HttpValue, StoredResponse, Variants};
use super::variants::keys_of_variants;
use super::visit::{Again, Next, Place, Told, Visit};
use crate::driver::{Answer, BoxFuture, Error, Held, Leading, Manner, Source};
use crate::http::cache_status::Forward;
use crate::http::directive::Seconds;
use crate::http::handling::{self, Handling, Way};
use crate::http::vary;
use futures::TryFutureExt;
use futures::channel::oneshot;
use futures::future::{Either, pending, select};
use std::boxed::Box;
use std::pin::pin;
use std::sync::Arc;

/// Most lookups of a request whose place keeps changing.
const ROUNDS: usize = 4;

/// The error of a request.
pub(super) type Failed = Error<Failure>;

/// A request on its way through a cache.
#[derive(Clone)]
pub(super) struct Ways {
    pub(super) context: Arc<Context>,
    pub(super) asked: Arc<Asked>,
    pub(super) origin: Origin,
}

/// The result of asking the origin.
pub(super) struct Attempt {
    pub(super) answer: Next,
    /// True if it counts as a failure of the origin.
    pub(super) failed: bool,
}

/// The step for a request at a place.
enum Approach {
    /// The answer, or where else to look.
    Next(Next),
    Call {
        is_forced: bool,
        is_reload: bool,
    },
}

impl Ways {
    /// Answers the request.
    pub(super) async fn answer(&self) -> Result<Told, Failed> {
        let primary = self.context.key_of(&self.asked);
        match self.asked.handling() {
            Handling::Lookup => self.look(primary).await,
            Handling::BypassOrStored => self.pass(&primary).await,
            Handling::Bypass | Handling::Change | Handling::Post => {
                self.forward(&primary, Forward::Bypass).await
            }
        }
    }

    /// The answer from where the record of a URL's variants says that it is, if there is one.
    async fn look(&self, primary: Arc<str>) -> Result<Told, Failed> {
        let drops = &self.context.cache.drops;
        // The last drop before the record was found, wherever it was.
        let mut known = drops.last();
        let mut record = self.context.record_at(&primary);
        let mut again = None;
        for _ in 0..ROUNDS {
            let now = drops.last();
            let place = self.place_of(&primary, record.clone());
            let next = self.answer_at(place, again).await?;
            // Variants are not dropped one by one: with their record gone, what is stored of them is
            // over.
            let is_over = record.is_some() && drops.is_outdated(&primary, known);
            if record.is_none() || is_over {
                known = now;
            }
            if is_over {
                record = None;
            }
            match next {
                Next::Told(told) if is_over && told.is_stored => {}
                Next::Told(told) => return Ok(told),
                Next::Variants(_) if is_over => {}
                Next::Variants(found) => record = Some(found),
                Next::Again(how) => again = Some(how),
            }
        }
        self.forward(&primary, Forward::Bypass).await
    }

    /// Past the cache, which answers all the same when the origin fails.
    async fn pass(&self, primary: &Arc<str>) -> Result<Told, Failed> {
        let found = self.context.entries.find(primary).await;
        let record = match found.map(|found| found.value) {
            Some(HttpValue::Variants(record)) => Some(record),
            _ => None,
        };
        let place = self.place_of(primary, record);
        self.forward_or_stored(&place.key, Forward::Bypass).await
    }

    fn place_of(&self, primary: &Arc<str>, record: Option<Arc<Variants>>) -> Place {
        let primary = Arc::clone(primary);
        let mut key = None;
        if let Some(record) = &record {
            let keys = keys_of_variants(&primary, record, self.asked.head());
            let is_there = |key: &&Arc<str>| self.context.entries.held(key).is_some();
            key = keys.iter().find(is_there).or(keys.first()).cloned();
        }
        Place {
            key: key.unwrap_or_else(|| Arc::clone(&primary)),
            primary,
            record,
        }
    }

    /// The answer from a place, or where and how to go on.
    async fn answer_at(&self, place: Place, again: Option<Again>) -> Result<Next, Failed> {
        let (is_forced, is_reload) = match self.approach(&place).await? {
            Approach::Next(next) => return Ok(next),
            Approach::Call {
                is_forced,
                is_reload,
            } => (is_forced, is_reload),
        };
        let key = Arc::clone(&place.key);
        let (lead, told) = super::lead::Lead::new();
        let visit = Arc::new(Visit {
            context: Arc::clone(&self.context),
            asked: Arc::clone(&self.asked),
            origin: Arc::clone(&self.origin),
            place,
            lead,
            is_reload,
            is_forced,
            again,
        });
        let asks_instead = self.asked.plan.directives.seconds(Seconds::StaleIfError);
        if !is_forced && asks_instead.is_none() {
            return self.answered(&visit, told).await;
        }
        let attempt = async {
            if is_forced {
                self.context
                    .entries
                    .admit_call(&key, &self.context.policy)?;
            }
            let answer = self.answered(&visit, told).await?;
            let is_own = matches!(&answer, Next::Told(told) if !told.is_stored);
            let failed = is_own && visit.lead.story().failed;
            Ok(Attempt { answer, failed })
        };
        self.or_stored(&key, attempt).await
    }

    /// Finds out how the request is answered at its place.
    async fn approach(&self, place: &Place) -> Result<Approach, Failed> {
        let call = |is_forced, is_reload| Approach::Call {
            is_forced,
            is_reload,
        };
        if self.asked.is_plain {
            return Ok(call(false, false));
        }
        let held = self.context.entries.find(&place.key).await;
        let held = match held {
            Some(Held {
                value: HttpValue::Variants(record),
                ..
            }) => return Ok(Approach::Next(Next::Variants(record))),
            other => other,
        };
        let stored = match &held {
            Some(Held {
                value: HttpValue::Response(stored),
                ..
            }) => Some(Arc::clone(stored)),
            _ => None,
        };
        let found = stored.as_ref().zip(held.as_ref());
        let why = if found.is_some() {
            Forward::Stale
        } else {
            Forward::UriMiss
        };
        let told = match self.way_of(found) {
            Way::Call => return Ok(call(false, false)),
            Way::Validate => return Ok(call(true, false)),
            Way::Reload => return Ok(call(true, true)),
            Way::Serve => match found {
                Some((stored, held)) => return self.serve_counted(place, stored, held).await,
                None => nothing_stored(),
            },
            Way::Fail | Way::FailHard => nothing_stored(),
            Way::Bypass => self.forward(&place.key, Forward::Bypass).await?,
            Way::ForwardHead => self.ask_for_head(place, why).await?,
            Way::Part | Way::Forward => self.forward_or_stored(&place.key, why).await?,
        };
        Ok(Approach::Next(Next::Told(told)))
    }

    fn way_of(&self, found: Option<(&Arc<StoredResponse>, &Held<HttpValue>)>) -> Way {
        let stored = found.map(|(stored, held)| facts_of(stored, held));
        let origin = handling::Origin {
            fills: self.context.rules.fetches_whole,
            keeps_parts: false,
        };
        self.asked.plan.way(stored.as_ref(), origin)
    }

    /// A hit that no call has counted.
    async fn serve_counted(
        &self,
        place: &Place,
        stored: &StoredResponse,
        held: &Held<HttpValue>,
    ) -> Result<Approach, Failed> {
        let source = if held.times.age < held.times.ttl {
            Source::Hit
        } else {
            Source::Stale
        };
        let context = &self.context;
        let serve = async {
            context.entries.admit_call(&place.key, &context.policy)?;
            let told = served(context, &self.asked, stored, (source, held.times), None);
            let answer = Next::Told(told);
            Ok(Attempt {
                answer,
                failed: false,
            })
        };
        Ok(Approach::Next(self.or_stored(&place.key, serve).await?))
    }

    /// Makes the call of a visit.
    async fn answered(
        &self,
        visit: &Arc<Visit>,
        told: oneshot::Receiver<()>,
    ) -> Result<Next, Failed> {
        let _leaving = Leaving(visit);
        let key = &visit.place.key;
        let manner = Manner {
            is_refresh: visit.is_forced || visit.again == Some(Again::Anew),
            waits_for_none: visit.again.is_some() || self.context.is_unshared(key),
            beginning: None,
        };
        let loading = Arc::clone(visit);
        let load = move |leading: Leading<HttpValue, Failure>| {
            let loading: BoxFuture<'static, _> =
                Box::pin(load(loading, leading).map_err(Error::of_load));
            loading
        };
        let entries = self.context.entries.clone();
        let policy = Arc::clone(&self.context.policy);
        let call = pin!(entries.call(Arc::clone(key), policy, manner, load));
        let live = pin!(async {
            if told.await.is_err() {
                pending::<()>().await;
            }
        });
        let answer = match select(live, call).await {
            Either::Left(_) => None,
            Either::Right((answer, _)) => Some(answer),
        };
        match answer {
            Some(Ok(answer)) => self.concluded(visit, answer).await,
            Some(Err(Error::Closed)) => {
                let told = self.forward(key, Forward::Bypass).await?;
                Ok(Next::Told(told))
            }
            Some(Err(error)) if self.is_anothers(visit, &error) => Ok(Next::Again(Again::Anew)),
            Some(Err(error)) => Err(error),
            None => match begun(&visit.lead) {
                Some(told) => Ok(Next::Told(told)),
                None => Ok(Next::Again(Again::Alone)),
            },
        }
    }

    /// True if an error came of a load that was not this request's, and is not for it: its user's
    /// alone, or that of a body of which this request has had nothing.
    fn is_anothers(&self, visit: &Visit, error: &Failed) -> bool {
        let is_own = visit.lead.story().led || visit.again == Some(Again::Anew);
        let is_for_one = match error {
            Error::Load(failure) => failure.is_of_body() || self.asked.plan.is_personal,
            _ => false,
        };
        !is_own && is_for_one
    }

    async fn concluded(
        &self,
        visit: &Visit,
        answer: Answer<HttpValue, Failure>,
    ) -> Result<Next, Failed> {
        let Visit { lead, place, .. } = visit;
        let Answer {
            value,
            source,
            age,
            ttl,
            ..
        } = answer;
        let is_own = source == Source::Load;
        if !is_own {
            lead.leave();
        }
        match &value {
            HttpValue::Variants(record) => {
                // Its own load may have ended before it was asked for what it was given.
                let given = begun(lead).filter(|_| is_own);
                let record = || Next::Variants(Arc::clone(record));
                return Ok(given.map_or_else(record, Next::Told));
            }
            HttpValue::Response(stored) if is_own || self.may_have(stored, source) => {
                let times = crate::driver::Times { age, ttl };
                let lead = is_own.then_some(lead);
                let told = served(&self.context, &self.asked, stored, (source, times), lead);
                return Ok(Next::Told(told));
            }
            _ => {}
        }
        if let Some(told) = begun(lead).filter(|_| is_own) {
            return Ok(Next::Told(told));
        }
        if source == Source::Coalesced {
            return Ok(Next::Again(Again::Alone));
        }
        let forward = match lead.story().forward {
            Forward::UriMiss => Forward::UriMiss,
            _ => Forward::Bypass,
        };
        Ok(Next::Told(self.forward(&place.key, forward).await?))
    }

    /// True if a response that another request brought is this one's, too.
    fn may_have(&self, stored: &StoredResponse, source: Source) -> bool {
        let terms = &stored.terms;
        if Context::is_barred(&self.asked, stored) {
            return false;
        }
        if source != Source::Coalesced {
            return true;
        }
        let matches = || {
            let selection = vary::key(&terms.vary, self.asked.head());
            selection.as_ref() == Some(&terms.selection)
        };
        stored.shareable && (terms.vary.is_empty() || matches())
    }
}

/// A request whose answer is there, or that is over: nobody takes what its load brings later.
struct Leaving<'a>(&'a Visit);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.lead.leave();
    }
}
