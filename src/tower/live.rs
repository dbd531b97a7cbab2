//! Bodies that come from the origin, with bytes for data and one kind of error.

use crate::driver::MaybeSend;
use bytes::{Buf, Bytes};
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use http_body::{Body as HttpBody, Frame, SizeHint};
use std::boxed::Box;
use std::sync::Arc;

/// The error of a body: the origin's broke off, or stalled.
#[derive(Clone)]
pub struct BodyError(Arc<dyn std::error::Error + Send + Sync>);

impl BodyError {
    pub(super) fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(Arc::from(error.into()))
    }
}

impl fmt::Debug for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for BodyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// A body that comes from the origin.
pub(super) trait LiveBody: HttpBody<Data = Bytes, Error = BodyError> + MaybeSend {}
impl<T: HttpBody<Data = Bytes, Error = BodyError> + MaybeSend> LiveBody for T {}

pub(super) type Live = Pin<Box<dyn LiveBody>>;

/// A body of the inner service's, with bytes for data and one kind of error.
pub(super) struct Adapted<B>(pub(super) Pin<Box<B>>);

impl<B> HttpBody for Adapted<B>
where
    B: HttpBody,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = ready!(self.0.as_mut().poll_frame(context));
        Poll::Ready(frame.map(|frame| {
            let frame = frame.map_err(BodyError::new)?;
            Ok(frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
