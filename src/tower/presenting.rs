//! Answers to requests: stored responses, and responses that have begun, with their `Cache-Status`.

use super::answering::answer_of;
use super::asked::Asked;
use super::body::Body;
use super::context::Context;
use super::lead::Lead;
use super::status::{status_of, tell, tell_detail};
use super::stored::StoredResponse;
use super::visit::Told;
use crate::driver::{Source, Times};
use crate::http::cache_status::{CacheStatus, Forward, Left};
use crate::http::status::Status;
use http::header::SET_COOKIE;
use http::{Response, StatusCode};

/// The response that only the request which led its load has; `None` where there is none.
pub(super) fn begun(lead: &Lead) -> Option<Told> {
    let mut response = lead.take()?;
    let status = {
        let story = lead.story();
        CacheStatus::Forwarded {
            forward: story.forward,
            status: story.status.map(|status| Status(status.as_u16())),
            stored: story.stored,
        }
    };
    tell(&mut response, &status);
    Some(Told {
        response,
        is_stored: false,
    })
}

/// Answers with a stored response. `lead`: of the request whose own load brought it.
pub(super) fn served(
    context: &Context,
    asked: &Asked,
    stored: &StoredResponse,
    (source, times): (Source, Times),
    lead: Option<&Lead>,
) -> Told {
    let is_new = matches!(source, Source::Load | Source::Coalesced);
    let story = lead.map(Lead::story);
    let is_renewed = story.as_ref().is_some_and(|story| story.renewed);
    let age = (!is_new || is_renewed).then_some(times.age);
    let mut response = answer_of(asked, stored, age);
    let mut from = (Forward::UriMiss, None, !is_new);
    if let Some(story) = story {
        from = (story.forward, story.status, story.stored);
        if context.rules.hands_cookies() {
            for cookie in &story.cookies {
                response.headers_mut().append(SET_COOKIE, cookie.clone());
            }
        }
    }
    let left = Left::of(times.ttl, times.age + stored.terms.overdue);
    tell(&mut response, &status_of(source, left, from));
    Told {
        response,
        is_stored: source != Source::Load,
    }
}

/// The origin's response to one request.
pub(super) fn forwarded(mut response: Response<Body>, forward: Forward) -> Told {
    let status = CacheStatus::Forwarded {
        forward,
        status: None,
        stored: false,
    };
    tell(&mut response, &status);
    Told {
        response,
        is_stored: false,
    }
}

/// The end of a request that only a stored response could have answered (RFC 9111 §5.2.1.7).
pub(super) fn nothing_stored() -> Told {
    let mut response = Response::new(Body::default());
    *response.status_mut() = StatusCode::GATEWAY_TIMEOUT;
    tell_detail(&mut response, "holdover; detail=only-if-cached");
    Told {
        response,
        is_stored: false,
    }
}
