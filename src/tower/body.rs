//! Bodies of responses: stored bytes, what is being recorded, and what is passed on as it comes.

use super::live::{BodyError, Live};
use super::recording::Reader;
use bytes::{Bytes, BytesMut};
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};
use http_body::{Body as HttpBody, Frame, SizeHint};
use std::future::poll_fn;
use std::string::String;
use std::vec::Vec;

/// The body of a response that came through a cache.
pub struct Body(Kind);

enum Kind {
    /// Bytes that are there; `None` at the end.
    Full(Option<Bytes>),
    Live(Live),
    Recorded(Reader),
}

impl Body {
    pub(super) fn full(bytes: Bytes) -> Self {
        Self(Kind::Full(Some(bytes).filter(|bytes| !bytes.is_empty())))
    }

    pub(super) fn live(live: Live) -> Self {
        Self(Kind::Live(live))
    }

    pub(super) fn recorded(reader: Reader) -> Self {
        Self(Kind::Recorded(reader))
    }

    /// All of its bytes.
    ///
    /// # Errors
    /// If it breaks off.
    pub async fn bytes(mut self) -> Result<Bytes, BodyError> {
        let mut all = BytesMut::new();
        while let Some(frame) = poll_fn(|context| Pin::new(&mut self).poll_frame(context)).await {
            if let Ok(data) = frame?.into_data() {
                all.extend_from_slice(&data);
            }
        }
        Ok(all.freeze())
    }
}

impl Default for Body {
    /// An empty body.
    fn default() -> Self {
        Self(Kind::Full(None))
    }
}

macro_rules! from {
    ($($given:ty),*) => {
        $(impl From<$given> for Body {
            fn from(bytes: $given) -> Self {
                Self::full(Bytes::from(bytes))
            }
        })*
    };
}
from!(Bytes, Vec<u8>, String, &'static str, &'static [u8]);

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.0 {
            Kind::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Kind::Live(live) => live.as_mut().poll_frame(context),
            Kind::Recorded(reader) => reader.poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Full(bytes) => bytes.is_none(),
            Kind::Live(live) => live.is_end_stream(),
            Kind::Recorded(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Full(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Kind::Live(live) => live.size_hint(),
            Kind::Recorded(reader) => reader.size_hint(),
        }
    }
}
