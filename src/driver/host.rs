//! The world of a driver: time, chance, sleep and tasks; and what a loader sees of its load.

use super::bounds::{BoxFuture, MaybeSend, MaybeSync, opaque};
use crate::time::{Span, Timestamp};
use futures::task::AtomicWaker;
use std::boxed::Box;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

/// The place that a driver runs in.
pub trait Host: MaybeSend + MaybeSync + 'static {
    /// The wall clock, in milliseconds since the Unix epoch. It may step back.
    fn now(&self) -> Timestamp;

    /// A random number, uniform in `[0, 1)`.
    fn roll(&self) -> f64;

    /// Completes after `span`, which counts from this call.
    fn sleep(&self, span: Span) -> BoxFuture<'static, ()>;

    /// Runs a task by itself.
    fn spawn(&self, task: BoxFuture<'static, ()>);

    /// True if tasks go on for as long as they need although the request that spawned them is over,
    /// as with `waitUntil`: loads that nobody waits for are then finished. Default: they are
    /// dropped.
    fn anchors(&self) -> bool {
        false
    }

    /// A bell for a caller that waits for the load of another request, on hosts where a request may
    /// not wake the tasks of another one. Default: none, wakers do. Such a host
    /// [anchors](Host::anchors) loads, too: the last caller to leave could not stop one.
    fn bell(&self) -> Option<Bell> {
        None
    }

    /// False if requests may not even hear of each other: then each loads for itself. Default: true.
    fn joins_requests(&self) -> bool {
        true
    }
}

/// Tells a task of one request what another one did: see [`Host::bell`].
pub struct Bell {
    /// Completes once it was rung. The request that waits polls it.
    pub rung: BoxFuture<'static, ()>,
    /// Rings it, from any request.
    pub ring: Box<dyn Ring>,
}

/// A function that rings a [`Bell`].
pub trait Ring: MaybeSend {
    /// Rings it.
    fn ring(self: Box<Self>);
}

impl<F: FnOnce() + MaybeSend> Ring for F {
    fn ring(self: Box<Self>) {
        self();
    }
}

/// Tells a loader that its load is not wanted any more.
#[derive(Debug, Default)]
pub(super) struct Cancel {
    is_cancelled: AtomicBool,
    waker: AtomicWaker,
}

impl Cancel {
    pub(super) fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Release);
        self.waker.wake();
    }

    fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Acquire)
    }

    /// Completes once it is cancelled.
    pub(super) fn cancelled(self: Arc<Self>) -> impl Future<Output = ()> + use<> {
        poll_fn(move |context| {
            self.waker.register(context.waker());
            if self.is_cancelled() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
    }
}

/// 32 random bits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a roll is in [0, 1), so this has 32 bits"
)]
pub(super) fn word(host: &dyn Host) -> u32 {
    (host.roll() * 4_294_967_296.0) as u32
}

/// The load as its loader sees it.
#[derive(Clone, Debug)]
pub struct LoadContext {
    pub(super) cancel: Arc<Cancel>,
    pub(super) background: bool,
}

impl LoadContext {
    /// True if nobody waits for the load: its callers were answered by an entry.
    #[must_use]
    pub fn is_background(&self) -> bool {
        self.background
    }

    /// True once the load took over its `timeout`, or nobody waits for it any more. Only loaders of
    /// a policy that [keeps loading](super::CachePolicy::keep_loading) see it: others are dropped.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Completes when [`LoadContext::is_cancelled`] becomes true. One future at a time may wait.
    pub fn cancelled(&self) -> impl Future<Output = ()> + use<> {
        Arc::clone(&self.cancel).cancelled()
    }
}

opaque! { Bell<> }
