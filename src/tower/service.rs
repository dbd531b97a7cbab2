//! The service: a request is answered by what is stored, or by the inner service.

use super::approach::{Failed, Ways};
use super::asked::Asked;
use super::body::Body;
use super::changes::pass_on;
use super::context::Context;
use super::error::OriginError;
use super::failing::answered;
use super::origin::{ask, origin};
use super::presenting::served;
use super::stored::HttpValue;
use super::visit::Told;
use crate::driver::{BoxFuture, MaybeSend, MaybeSync, Source};
use crate::http::handling::Handling;
use core::fmt;
use core::pin::Pin;
use core::task::{Context as Task, Poll};
use http::{Request, Response};
use http_body::Body as HttpBody;
use std::boxed::Box;
use std::future::Future;
use std::sync::Arc;
use tower_service::Service;

/// A service whose responses are kept: see [`CacheLayer`](super::CacheLayer).
#[derive(Clone)]
pub struct CacheService<S> {
    inner: S,
    context: Arc<Context>,
}

impl<S> fmt::Debug for CacheService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheService").finish_non_exhaustive()
    }
}

impl<S> CacheService<S> {
    pub(super) fn new(inner: S, context: Arc<Context>) -> Self {
        Self { inner, context }
    }

    /// The way of a hit: a fresh response of memory, for a request that asks for nothing special.
    fn quickly(&self, asked: &Asked) -> Option<Told> {
        if !asked.is_plain {
            return None;
        }
        let context = &self.context;
        let key = context.key_of(asked);
        if context.is_unshared(&key) {
            return None;
        }
        let is_response = |value: &HttpValue| matches!(value, HttpValue::Response(_));
        let hit = context.entries.hit(&key, &context.policy, is_response)?;
        let (HttpValue::Response(stored), times) = hit else {
            return None;
        };
        Some(served(context, asked, &stored, (Source::Hit, times), None))
    }
}

impl<S, B, R> Service<Request<B>> for CacheService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + MaybeSend + 'static,
    S::Future: MaybeSend + 'static,
    S::Error: MaybeSend + MaybeSync + 'static,
    B: HttpBody + Default + MaybeSend + 'static,
    R: HttpBody + MaybeSend + 'static,
    R::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = OriginError<S::Error>;
    type Future = ResponseFuture<S::Error>;

    /// Always ready: a stored response needs no origin, which is asked to be ready before each
    /// request to it.
    fn poll_ready(&mut self, _: &mut Task<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let asked = Asked::new(parts, &self.context.rules);
        let is_looked_up = matches!(
            asked.handling(),
            Handling::Lookup | Handling::BypassOrStored
        );
        if !is_looked_up || !body.is_end_stream() {
            let request = Request::from_parts(asked.parts.clone(), body);
            let asking = Box::pin(ask(self.inner.clone(), request));
            return ResponseFuture::of(pass_on(Arc::clone(&self.context), asked, asking));
        }
        if let Some(told) = self.quickly(&asked) {
            return ResponseFuture(Kind::Ready(Some(told.response)));
        }
        let ways = Ways {
            context: Arc::clone(&self.context),
            asked: Arc::new(asked),
            origin: origin::<S, B, R>(self.inner.clone()),
        };
        ResponseFuture::of(async move { ways.answer().await })
    }
}

/// The response of a [`CacheService`].
pub struct ResponseFuture<E>(Kind<E>);

enum Kind<E> {
    Ready(Option<Response<Body>>),
    Made(BoxFuture<'static, Result<Response<Body>, OriginError<E>>>),
}

impl<E: 'static> ResponseFuture<E> {
    fn of(answer: impl Future<Output = Result<Told, Failed>> + MaybeSend + 'static) -> Self {
        Self(Kind::Made(Box::pin(async move {
            match answer.await {
                Ok(told) => Ok(told.response),
                Err(error) => answered(&error),
            }
        })))
    }
}

impl<E> fmt::Debug for ResponseFuture<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl<E> Unpin for ResponseFuture<E> {}

impl<E> Future for ResponseFuture<E> {
    type Output = Result<Response<Body>, OriginError<E>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Task<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Kind::Ready(response) => {
                let response = response.take().expect("polled after its end");
                Poll::Ready(Ok(response))
            }
            Kind::Made(answer) => answer.as_mut().poll(context),
        }
    }
}
