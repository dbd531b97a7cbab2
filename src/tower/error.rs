//! Errors of origins: the inner service's own, which all requests that waited for it share.

use super::live::BodyError;
use crate::driver::{MaybeSend, MaybeSync};
use core::any::Any;
use core::fmt;
use std::boxed::Box;
use std::sync::Arc;

/// An error of the inner service. Requests that waited for one answer share it.
pub struct OriginError<E>(Arc<E>);

impl<E> OriginError<E> {
    /// The inner service's error.
    #[must_use]
    pub fn get(&self) -> &E {
        &self.0
    }

    /// The inner service's error by itself.
    ///
    /// # Errors
    /// This one again while others have it, too.
    pub fn try_into_inner(self) -> Result<E, Self> {
        Arc::try_unwrap(self.0).map_err(Self)
    }
}

impl<E> Clone for OriginError<E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<E: fmt::Debug> fmt::Debug for OriginError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<E: fmt::Display> fmt::Display for OriginError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for OriginError<E> {}

/// Services that cannot fail cannot here, as axum asks of the layers of its routes.
impl From<OriginError<core::convert::Infallible>> for core::convert::Infallible {
    fn from(error: OriginError<Self>) -> Self {
        match *error.0 {}
    }
}

/// Any error of an inner service.
trait AnyError: Any + MaybeSend + MaybeSync {}
impl<T: Any + MaybeSend + MaybeSync> AnyError for T {}

/// The error of a load: an inner service's, or a body's that broke off.
pub(super) struct Failure(Kind);

enum Kind {
    /// An `Arc` of the service's error.
    Origin(Box<dyn AnyError>),
    Body(BodyError),
}

impl Failure {
    pub(super) fn of_origin<E: MaybeSend + MaybeSync + 'static>(error: E) -> Self {
        Self(Kind::Origin(Box::new(Arc::new(error))))
    }

    pub(super) fn of_body(error: BodyError) -> Self {
        Self(Kind::Body(error))
    }

    /// The error if it is one of services with errors of this kind.
    pub(super) fn origin_error<E: 'static>(&self) -> Option<OriginError<E>> {
        let Kind::Origin(error) = &self.0 else {
            return None;
        };
        let error: &dyn Any = &**error;
        error.downcast_ref::<Arc<E>>().cloned().map(OriginError)
    }

    /// True for a body that broke off: its request may have had a part of it.
    pub(super) fn is_of_body(&self) -> bool {
        matches!(self.0, Kind::Body(_))
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Origin(_) => f.write_str("the inner service's error"),
            Kind::Body(error) => error.fmt(f),
        }
    }
}
