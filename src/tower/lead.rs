//! The request that leads a load: it may have what comes before the load has ended.

use super::body::Body;
use crate::http::cache_status::Forward;
use crate::time::Span;
use futures::channel::oneshot;
use http::header::{HeaderMap, HeaderValue, SET_COOKIE};
use http::{Response, StatusCode};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

/// One request's part in a load.
pub(super) struct Lead(Mutex<Story>);

/// The course of a load so far.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of the load, and any of them go together"
)]
pub(super) struct Story {
    /// Reason for asking the origin.
    pub(super) forward: Forward,
    /// Its answer's status.
    pub(super) status: Option<StatusCode>,
    /// True if the load is to be stored, as far as its head tells.
    pub(super) stored: bool,
    /// The time that it is fresh when it is stored.
    pub(super) ttl: Span,
    /// True if a stored response was found to be valid still.
    pub(super) renewed: bool,
    /// True if what the origin answered counts as a failure.
    pub(super) failed: bool,
    /// True once this request's own load has begun: its result is not another request's.
    pub(super) led: bool,
    /// The cookies that the origin set: for this request, and for no other.
    pub(super) cookies: Vec<HeaderValue>,
    /// The response that only this request may have.
    live: Option<Response<Body>>,
    /// True once it was given one.
    is_given: bool,
    is_gone: bool,
    tell: Option<oneshot::Sender<()>>,
}

impl Lead {
    /// A lead, and where its request hears that it has a response.
    pub(super) fn new() -> (Self, oneshot::Receiver<()>) {
        let (tell, told) = oneshot::channel();
        let story = Story {
            forward: Forward::UriMiss,
            status: None,
            stored: false,
            ttl: Span::ZERO,
            renewed: false,
            failed: false,
            led: false,
            cookies: Vec::new(),
            live: None,
            is_given: false,
            is_gone: false,
            tell: Some(tell),
        };
        (Self(Mutex::new(story)), told)
    }

    pub(super) fn story(&self) -> MutexGuard<'_, Story> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The origin's answer to this request.
    pub(super) fn answered(&self, status: StatusCode, fields: &HeaderMap) {
        let mut story = self.story();
        story.status = Some(status);
        let cookies = fields.get_all(SET_COOKIE).iter().cloned();
        story.cookies.extend(cookies);
    }

    /// Notes the decision about storing the result, as far as the response's head tells.
    pub(super) fn expect(&self, is_stored: bool, ttl: Span) {
        let mut story = self.story();
        story.ttl = if is_stored { ttl } else { Span::ZERO };
        story.stored = is_stored;
    }

    /// Keeps a response for this request; `now` when it need not wait for anything else.
    pub(super) fn give(&self, response: Response<Body>, now: bool) {
        let mut story = self.story();
        if story.is_gone {
            drop(story);
            drop(response);
            return;
        }
        story.is_given = true;
        story.live = Some(response);
        let tell = story.tell.take_if(|_| now);
        drop(story);
        if let Some(tell) = tell {
            // A request that is over does not listen.
            let _ = tell.send(());
        }
    }

    /// The response that only this request can have.
    pub(super) fn take(&self) -> Option<Response<Body>> {
        self.story().live.take()
    }

    /// True once the request was given a response of its own.
    pub(super) fn is_given(&self) -> bool {
        self.story().is_given
    }

    pub(super) fn is_gone(&self) -> bool {
        self.story().is_gone
    }

    /// Something else has answered, or nobody is there any more.
    pub(super) fn leave(&self) {
        let live = {
            let mut story = self.story();
            story.is_gone = true;
            story.live.take()
        };
        drop(live);
    }
}
