//! A body on its way: read once, kept for the cache, given to one request as it comes.
//!
//! Up to `most` bytes, and while there is room, the origin is read as fast as it sends, whatever the
//! client does, since others wait for the whole. Beyond that nothing is kept any more, and the
//! client sets the pace.

use super::live::{BodyError, Live};
use super::receiving::Share;
use crate::driver::{BoxFuture, Host};
use crate::time::Span;
use bytes::{Bytes, BytesMut};
use core::mem::take;
use core::task::{Context, Poll, Waker};
use futures::FutureExt;
use http_body::{Frame, SizeHint};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

/// Time without new bytes after which a body counts as stalled.
const STALL: Span = Span::from_secs(1);
/// The same for a body that nobody reads: then it ends.
const UNREAD_STALL: Span = Span::from_secs(10);

/// The part that both ends know.
struct Tape {
    chunks: Vec<Bytes>,
    state: State,
    trailers: Option<http::HeaderMap>,
    /// The one who reads, where it waits.
    reader: Option<Waker>,
    /// True once nobody reads any more.
    is_left: bool,
    size_hint: SizeHint,
    /// Number of chunks that the reader has read.
    read: usize,
    /// The room of the chunks, until they are the entry's.
    share: Option<Share>,
}

impl Tape {
    /// Takes a chunk from one that is too long to keep, and gives its room back.
    fn taken(&mut self, at: usize) -> Bytes {
        let chunk = self.chunks.get_mut(at).map(take).unwrap_or_default();
        if let Some(share) = &mut self.share {
            share.give(chunk.len() as u64);
        }
        chunk
    }
}

enum State {
    /// More may come, and is kept.
    Recording,
    /// It is too long: the rest is the reader's; `None` while, and after, that has it.
    Passing(Option<Live>),
    Complete,
    Failed(BodyError),
}

type Shared = Arc<Mutex<Tape>>;

fn lock(tape: &Shared) -> MutexGuard<'_, Tape> {
    tape.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wake(tape: &Shared, state: Option<State>) {
    let reader = {
        let mut tape = lock(tape);
        if let Some(state) = state {
            tape.state = state;
        }
        tape.reader.take()
    };
    if let Some(reader) = reader {
        reader.wake();
    }
}

/// The end of a body where it can be given away.
#[derive(Clone)]
pub(super) struct Outlet(Shared);

impl Outlet {
    /// A reader of the body for one request, which may stop reading at any time.
    pub(super) fn reader(&self) -> Reader {
        Reader {
            tape: Arc::clone(&self.0),
            at: 0,
            passing: None,
        }
    }

    /// Nobody will read it.
    pub(super) fn abandon(&self) {
        leave(&self.0);
    }
}

/// A body that is being recorded.
pub(super) struct Recording {
    tape: Shared,
    body: Option<Live>,
    most: u64,
}

/// The conditions under which a body is recorded.
pub(super) struct Watch<'a> {
    pub(super) host: &'a dyn Host,
    /// The longest time in which nothing comes.
    pub(super) timeout: Span,
}

impl Recording {
    pub(super) fn new(body: Live, most: u64, share: Share) -> Self {
        let size_hint = body.size_hint();
        let tape = Tape {
            chunks: Vec::new(),
            state: State::Recording,
            trailers: None,
            reader: None,
            is_left: false,
            size_hint,
            read: 0,
            share: Some(share),
        };
        Self {
            tape: Arc::new(Mutex::new(tape)),
            body: Some(body),
            most,
        }
    }

    pub(super) fn outlet(&self) -> Outlet {
        Outlet(Arc::clone(&self.tape))
    }

    /// The whole body; `None` when it is too long to keep. Calls `on_stall`, once, when nothing has
    /// come for a second, and `on_end` before its reader hears of the end.
    pub(super) async fn whole(
        mut self,
        watch: Watch<'_>,
        mut on_stall: impl FnMut(),
        on_end: impl FnOnce(),
    ) -> Result<Option<Bytes>, BodyError> {
        let mut length = 0_u64;
        let mut silence = Span::ZERO;
        loop {
            let wait = STALL.min(watch.timeout.minus(silence));
            let Some(frame) = self.next(watch.host, wait).await else {
                silence = silence + wait;
                if silence == STALL {
                    on_stall();
                }
                self.check(silence, watch.timeout)?;
                continue;
            };
            silence = Span::ZERO;
            let frame = match frame {
                None => {
                    on_end();
                    return Ok(Some(self.complete()));
                }
                Some(Err(error)) => return Err(self.fail(error)),
                Some(Ok(frame)) => frame,
            };
            match frame.into_data() {
                Ok(data) if data.is_empty() => {}
                Ok(data) => {
                    let bytes = data.len() as u64;
                    length += bytes;
                    if !self.keep(data) || length > self.most {
                        self.pass();
                        return Ok(None);
                    }
                    wake(&self.tape, None);
                }
                Err(frame) => lock(&self.tape).trailers = frame.into_trailers().ok(),
            }
        }
    }

    /// Keeps a chunk; false if there is no room for more.
    fn keep(&self, data: Bytes) -> bool {
        let mut tape = lock(&self.tape);
        let bytes = data.len() as u64;
        tape.chunks.push(data);
        tape.share.as_mut().is_some_and(|share| share.take(bytes))
    }

    /// The next frame; `None` when none comes within `wait`.
    async fn next(
        &mut self,
        host: &dyn Host,
        wait: Span,
    ) -> Option<Option<Result<Frame<Bytes>, BodyError>>> {
        let body = self.body.as_mut()?;
        let mut timer: Option<BoxFuture<'static, ()>> = None;
        poll_fn(|context| {
            if let Poll::Ready(frame) = body.as_mut().poll_frame(context) {
                return Poll::Ready(Some(frame));
            }
            let timer = timer.get_or_insert_with(|| host.sleep(wait));
            timer.poll_unpin(context).map(|()| None)
        })
        .await
    }

    /// A body that might never end is not waited for for ever.
    fn check(&mut self, silence: Span, timeout: Span) -> Result<(), BodyError> {
        let is_left = lock(&self.tape).is_left;
        let most = if is_left {
            timeout.min(UNREAD_STALL)
        } else {
            timeout
        };
        if silence < most {
            return Ok(());
        }
        Err(self.fail(BodyError::new("nothing came of a body for too long")))
    }

    fn complete(mut self) -> Bytes {
        self.body = None;
        let chunks = {
            let mut tape = lock(&self.tape);
            tape.share = None;
            tape.chunks.clone()
        };
        wake(&self.tape, Some(State::Complete));
        match chunks.as_slice() {
            [] => Bytes::new(),
            [only] => only.clone(),
            many => {
                let mut whole = BytesMut::with_capacity(many.iter().map(Bytes::len).sum());
                for chunk in many {
                    whole.extend_from_slice(chunk);
                }
                whole.freeze()
            }
        }
    }

    /// The rest is the reader's alone, and what it has not had keeps its room: it may be slow.
    fn pass(&mut self) {
        let is_left = {
            let mut tape = lock(&self.tape);
            for at in 0..tape.read {
                drop(tape.taken(at));
            }
            tape.is_left
        };
        let body = self.body.take().filter(|_| !is_left);
        wake(&self.tape, Some(State::Passing(body)));
    }

    fn fail(&mut self, error: BodyError) -> BodyError {
        self.body = None;
        wake(&self.tape, Some(State::Failed(error.clone())));
        error
    }
}

impl Drop for Recording {
    /// The task that records was dropped before it was done.
    fn drop(&mut self) {
        if self.body.is_some() {
            self.fail(BodyError::new("the body is not received any more"));
        }
    }
}

fn leave(tape: &Shared) {
    let passing = {
        let mut tape = lock(tape);
        tape.is_left = true;
        tape.reader = None;
        match &mut tape.state {
            State::Passing(body) => {
                let body = body.take();
                tape.chunks = Vec::new();
                tape.share = None;
                body
            }
            _ => None,
        }
    };
    drop(passing);
}

/// Reads a body while it is being recorded.
pub(super) struct Reader {
    tape: Shared,
    at: usize,
    /// The rest of one that is not kept.
    passing: Option<Live>,
}

impl Reader {
    pub(super) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(passing) = &mut self.passing {
            return passing.as_mut().poll_frame(context);
        }
        let mut tape = lock(&self.tape);
        let tape = &mut *tape;
        if let Some(chunk) = tape.chunks.get(self.at) {
            let chunk = match tape.state {
                State::Passing(_) => tape.taken(self.at),
                _ => chunk.clone(),
            };
            self.at += 1;
            tape.read = self.at;
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        match &mut tape.state {
            State::Recording => {
                tape.reader = Some(context.waker().clone());
                return Poll::Pending;
            }
            State::Complete => {
                let trailers = tape.trailers.take();
                return Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))));
            }
            State::Failed(error) => return Poll::Ready(Some(Err(error.clone()))),
            State::Passing(body) => self.passing = body.take(),
        }
        match &mut self.passing {
            Some(passing) => passing.as_mut().poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        let hint = lock(&self.tape).size_hint;
        if self.at == 0 { hint } else { SizeHint::new() }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        leave(&self.tape);
    }
}
