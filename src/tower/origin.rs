//! The inner service, as what is asked without knowing its types.

use super::error::Failure;
use super::live::{Adapted, Live};
use crate::driver::{BoxFuture, MaybeSend, MaybeSync};
use core::marker::PhantomData;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body as HttpBody;
use std::boxed::Box;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use tower_service::Service;

/// A service that may be asked again and again, with empty bodies.
pub(super) trait Ask: MaybeSend + MaybeSync {
    fn ask(&self, parts: Parts) -> BoxFuture<'static, Result<Response<Live>, Failure>>;
}

pub(super) type Origin = Arc<dyn Ask>;

struct Typed<S, B> {
    /// Locked for as long as it is cloned: services need not be `Sync`.
    service: Mutex<S>,
    body: PhantomData<fn() -> B>,
}

impl<S, B, R> Ask for Typed<S, B>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + MaybeSend + 'static,
    S::Future: MaybeSend + 'static,
    S::Error: MaybeSend + MaybeSync + 'static,
    B: Default + MaybeSend + 'static,
    R: HttpBody + MaybeSend + 'static,
    R::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn ask(&self, parts: Parts) -> BoxFuture<'static, Result<Response<Live>, Failure>> {
        let service = self.service.lock().unwrap_or_else(PoisonError::into_inner);
        let service = service.clone();
        Box::pin(ask(service, Request::from_parts(parts, B::default())))
    }
}

/// Makes an origin of a service.
pub(super) fn origin<S, B, R>(service: S) -> Origin
where
    S: Service<Request<B>, Response = Response<R>> + Clone + MaybeSend + 'static,
    S::Future: MaybeSend + 'static,
    S::Error: MaybeSend + MaybeSync + 'static,
    B: Default + MaybeSend + 'static,
    R: HttpBody + MaybeSend + 'static,
    R::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    Arc::new(Typed::<S, B> {
        service: Mutex::new(service),
        body: PhantomData,
    })
}

/// Asks a service once it is ready.
pub(super) async fn ask<S, B, R>(
    mut service: S,
    request: Request<B>,
) -> Result<Response<Live>, Failure>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: MaybeSend + MaybeSync + 'static,
    R: HttpBody + MaybeSend + 'static,
    R::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let ready = poll_fn(|context| service.poll_ready(context)).await;
    ready.map_err(Failure::of_origin)?;
    let response = service.call(request).await.map_err(Failure::of_origin)?;
    Ok(response.map(|body| -> Live { Box::pin(Adapted(Box::pin(body))) }))
}
