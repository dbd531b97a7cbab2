//! Loads of HTTP: ask the origin, by condition where they can, and say what came of it.

use super::arrival::Arrival;
use super::body::Body;
use super::completing::{About, completed};
use super::error::Failure;
use super::fields::head_of;
use super::reading::{Exchange, Verdict};
use super::stored::{HttpValue, StoredResponse};
use super::visit::Visit;
use crate::driver::Leading;
use crate::http::age::Exchange as When;
use crate::http::cache_status::Forward;
use crate::http::head::Head;
use crate::http::renewal::{Message, Renewal, by_condition};
use crate::http::response::Kind;
use crate::http::status::Status;
use crate::http::validators;
use http::{Response, StatusCode};
use std::boxed::Box;
use std::string::String;
use std::sync::Arc;

/// The loader of a visit.
pub(super) async fn load(
    visit: Arc<Visit>,
    leading: Leading<HttpValue, Failure>,
) -> Result<HttpValue, Failure> {
    visit.lead.story().led = true;
    let is_personal = visit.asked.plan.is_personal;
    let result = begin(&visit).await;
    if result.is_err() && is_personal {
        leading.dismiss(HttpValue::unshared(true));
    }
    match result? {
        Begun::Value(value) => Ok(value),
        Begun::Arrival(arrival) => arrival.kept(leading).await,
    }
}

enum Begun {
    Value(HttpValue),
    Arrival(Box<Arrival>),
}

async fn begin(visit: &Arc<Visit>) -> Result<Begun, Failure> {
    let held = visit.context.entries.held(&visit.place.key);
    let stands_in = held.as_ref().is_some_and(|held| held.state.is_servable());
    let stored = held.and_then(|held| match held.value {
        HttpValue::Response(stored) => Some(stored),
        _ => None,
    });
    visit.lead.story().forward = match &stored {
        _ if visit.is_forced => Forward::Request,
        Some(_) => Forward::Stale,
        None if visit.place.record.is_some() => Forward::VaryMiss,
        None => Forward::UriMiss,
    };
    let stored = stored.filter(|_| !visit.is_reload);
    let conditions = stored.as_ref().map_or(String::new(), |stored| {
        validators::conditions(Head::new(&stored.head()))
    });
    let mut exchange = exchange(visit, &conditions).await?;
    let is_validation = !conditions.is_empty();
    if let Some(stored) = stored.filter(|_| is_validation)
        && exchange.response.status() == StatusCode::NOT_MODIFIED
    {
        if let Some(renewed) = renewed(visit, &stored, &exchange) {
            return Ok(Begun::Value(HttpValue::Response(Arc::new(renewed))));
        }
        exchange = self::exchange(visit, "").await?;
    }
    let stands_in = !visit.is_forced && stands_in;
    Ok(arrived(visit, exchange, stands_in))
}

async fn exchange(visit: &Visit, conditions: &str) -> Result<Exchange, Failure> {
    let host = visit.context.entries.host();
    let requested_at = host.now();
    let response = visit.origin.ask(visit.asked.filling(conditions)).await?;
    let received_at = host.now();
    visit.lead.answered(response.status(), response.headers());
    Ok(Exchange {
        response,
        when: When {
            requested_at,
            received_at,
        },
    })
}

/// The stored response as a 304 makes it; `None` when the 304 is about another one.
fn renewed(visit: &Visit, stored: &StoredResponse, exchange: &Exchange) -> Option<StoredResponse> {
    let Visit {
        context,
        asked,
        place,
        lead,
        ..
    } = visit;
    let head = stored.head();
    let news = head_of(exchange.response.headers());
    let message = |status: StatusCode, head| Message {
        status: Status(status.as_u16()),
        head,
    };
    let known = message(stored.status, Head::new(&head));
    let answer = message(exchange.response.status(), Head::new(&news));
    let Renewal::Good(head) = by_condition(known, answer) else {
        return None;
    };
    let verdict = Verdict::of(
        asked,
        (stored.status, head),
        exchange.when,
        &context.rules,
        u64::MAX,
    );
    let about = About {
        requested_at: exchange.when.requested_at,
        selection: stored.terms.selection.clone(),
        now: exchange.when.received_at,
        kind: Kind::Whole,
        decoded: stored.terms.decoded,
    };
    let body = stored.body.clone();
    let renewed = completed(stored.status, body, &verdict, &context.rules, about);
    lead.story().renewed = true;
    lead.expect(renewed.is_storable, renewed.lifetime.ttl);
    context.note_shareable(&place.key, renewed.shareable);
    if !renewed.is_storable {
        drop(context.entries.invalidate(&place.key));
    }
    Some(renewed)
}

/// A response has begun, and is not a 304 for what is stored.
fn arrived(visit: &Arc<Visit>, exchange: Exchange, stands_in: bool) -> Begun {
    let Visit { context, lead, .. } = &**visit;
    let (parts, body) = exchange.response.into_parts();
    let failed = context.rules.has_failed(&parts);
    lead.story().failed = failed;
    let exchange = Exchange {
        response: Response::from_parts(parts, body),
        when: exchange.when,
    };
    match Arrival::of(visit, exchange, failed, stands_in) {
        Ok(arrival) => Begun::Arrival(arrival),
        Err(response) => {
            // A failure says nothing of what the key's answers are like, and its loads wait
            // `retry_after`.
            if !failed {
                context.note_shareable(&visit.place.key, false);
            }
            let is_head = visit.asked.plan.is_head;
            let response = response.map(|body| {
                if is_head {
                    Body::default()
                } else {
                    Body::live(body)
                }
            });
            lead.give(response, !failed);
            Begun::Value(HttpValue::unshared(failed))
        }
    }
}
