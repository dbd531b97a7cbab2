//! The stores below the memory, as the rest of the driver sees them.
//!
//! They are behind a trait object that only [`CacheBuilder::stores`](super::CacheBuilder::stores)
//! makes: a program whose caches have no stores has none of their code, which is half of the driver.

use super::bounds::{BoxFuture, MaybeSend, MaybeSync};
#[cfg(feature = "json")]
use super::feed::Apply;
use super::locks::KeptLock;
use super::reading::Found;
#[cfg(feature = "tower")]
use super::reading::Presence;
use super::stamps::Begun;
use super::tagged::Tagged;
#[cfg(feature = "tower")]
use super::tiers::Working;
use crate::call::Below;
use crate::strategy::ttl::Lifetime;
use crate::tags::Tag;
use crate::time::Span;
use futures::FutureExt;
use futures::channel::oneshot;
use std::boxed::Box;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec::Vec;

/// The stores of a cache.
pub(super) trait LowerStores<K, V>: MaybeSend + MaybeSync {
    /// The name of a key in stores; `None` if it cannot be made.
    fn name(&self, key: &K) -> Option<Arc<str>>;
    fn namespace(&self) -> &str;
    /// The bytes of a value; `None`, and a report, when it has none.
    fn encode(&self, name: &str, value: &V) -> Option<Vec<u8>>;
    /// A key changes now, as the memory does: its lock is held.
    fn prepare(&self, name: &Arc<str>, content: Option<Content>, is_told: bool) -> Write;
    /// Invalidates tags in the stores. The cache's lock is held, so that nothing which is stored
    /// from now on can carry their versions from before.
    fn invalidate_tags(&self, tags: Vec<Tag>, soft: bool) -> Box<dyn Deliver>;
    /// Drops everything in the namespace from the stores, from now on.
    fn clear(&self) -> Delivery;
    /// Waits until nothing is on its way.
    fn settled(&self) -> BoxFuture<'_, ()>;
    /// The first entry that can be read and is of any use; stores above it get it too.
    fn read<'a>(&'a self, name: &'a Arc<str>) -> BoxFuture<'a, Option<Found<V>>>;
    /// The same for many keys, in their order; each store is asked for what those above it lack.
    fn read_many<'a>(&'a self, names: &'a [Arc<str>]) -> BoxFuture<'a, Vec<Option<Found<V>>>>;
    /// The same as `read`, of the store that keeps locks and those below it.
    fn read_locked<'a>(&'a self, name: &'a Arc<str>) -> BoxFuture<'a, Option<Found<V>>>;
    /// Learns what has to be known of an entry's tags before its load begins; `None`: they are not
    /// known yet.
    fn begin<'a>(&'a self, tags: Option<&'a [Tag]>, life: Span) -> BoxFuture<'a, Begun>;
    /// The same for loads whose tags are known.
    fn begin_all<'a>(&'a self, loads: &'a [Vec<Tag>], life: Span) -> BoxFuture<'a, Vec<Begun>>;
    /// True if one of them can keep locks.
    fn keeps_locks(&self) -> bool;
    /// A lock of a load, not taken yet; `None` if none of them can keep it.
    fn lock(&self, name: &Arc<str>, ttl: Span) -> Option<Arc<dyn KeptLock>>;
    /// True if one of them carries messages.
    #[cfg(feature = "json")]
    fn carries_messages(&self) -> bool;
    /// True while all that carry messages are heard.
    #[cfg(feature = "json")]
    fn is_hearing(&self) -> bool;
    /// Waits until they are heard, or for as long as that may take.
    #[cfg(feature = "json")]
    fn hear(&self, apply: Arc<dyn Apply>) -> BoxFuture<'_, ()>;
    #[cfg(feature = "json")]
    fn hear_no_more(&self);
    /// The name by which another instance told of a key.
    #[cfg(feature = "json")]
    fn name_told(&self, key: &str) -> Arc<str>;
    /// Another instance has changed a key, as a store told.
    #[cfg(feature = "json")]
    fn follow(&self, at: usize, name: &Arc<str>);
    /// The same, of everything in the namespace.
    #[cfg(feature = "json")]
    fn follow_clear(&self, at: usize);

    /// The entry in the store that most instances share. Memory, and the stores above it, may have
    /// one that another instance has dropped or replaced there.
    #[cfg(feature = "tower")]
    fn present<'a>(&'a self, name: &'a Arc<str>) -> BoxFuture<'a, Presence<V>>;
    /// The number of the last change, for a read that begins now.
    #[cfg(feature = "tower")]
    fn last_change(&self) -> u64;
    /// True if a key changed since then, or may have.
    #[cfg(feature = "tower")]
    fn has_changed(&self, name: &str, since: u64) -> bool;
    /// Something is about to be on its way, until what this gives is dropped.
    #[cfg(feature = "tower")]
    fn begin_work(&self) -> Working;

    /// The change of a key that a load brought.
    fn prepare_below(
        &self,
        name: &Arc<str>,
        change: Below,
        bytes: Option<Vec<u8>>,
    ) -> Option<Write> {
        match change {
            Below::Leave => None,
            Below::Drop => Some(self.prepare(name, None, true)),
            Below::Store(lifetime) => {
                let content = bytes.map(|bytes| (bytes, lifetime));
                Some(self.prepare(name, content, false))
            }
        }
    }
}

/// The bytes of a value and its lifetime.
pub(super) type Content = (Vec<u8>, Lifetime);

/// Sends a change that was made under the cache's lock. Nothing may be locked.
pub(super) trait Deliver: FnOnce() -> Delivery + MaybeSend {}
impl<F: FnOnce() -> Delivery + MaybeSend> Deliver for F {}

/// The same, of an entry with its tags and the lock of its load.
pub(super) trait Sending:
    FnOnce(Option<Tagged>, Option<Arc<dyn KeptLock>>) -> Delivery + MaybeSend
{
}
impl<F> Sending for F where
    F: FnOnce(Option<Tagged>, Option<Arc<dyn KeptLock>>) -> Delivery + MaybeSend
{
}

/// A value on its way to the stores, as far as it is made under the cache's lock.
#[must_use]
pub(super) struct Write {
    sending: Box<dyn Sending>,
    tagged: Option<Tagged>,
    lock: Option<Arc<dyn KeptLock>>,
}

impl Write {
    pub(super) fn new(sending: impl Sending + 'static) -> Self {
        Self {
            sending: Box::new(sending),
            tagged: None,
            lock: None,
        }
    }

    /// The same, of an entry with tags.
    pub(super) fn tagged(self, tagged: Option<Tagged>) -> Self {
        Self { tagged, ..self }
    }

    /// The same, under the lock of its load.
    pub(super) fn under(self, lock: Option<Arc<dyn KeptLock>>) -> Self {
        Self { lock, ..self }
    }

    /// Sends it to the stores. Nothing may be locked.
    pub(super) fn send(self) -> Delivery {
        (self.sending)(self.tagged, self.lock)
    }
}

/// A change on its way to the stores; it goes on if this is dropped. Completes when they have it, or
/// failed: with true if all took it, also if there are none.
#[derive(Debug)]
pub struct Delivery {
    pending: Vec<oneshot::Receiver<bool>>,
    /// True if all took it of which that is known.
    is_taken: bool,
}

impl Delivery {
    pub(super) const NOWHERE: Self = Self {
        pending: Vec::new(),
        is_taken: true,
    };

    pub(super) fn of(told: oneshot::Receiver<bool>) -> Self {
        Self {
            pending: std::vec![told],
            is_taken: true,
        }
    }

    /// These changes as one.
    #[cfg(feature = "tower")]
    pub(crate) fn all(each: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::NOWHERE;
        for one in each {
            all.pending.extend(one.pending);
            all.is_taken &= one.is_taken;
        }
        all
    }
}

impl Future for Delivery {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        let Self { pending, is_taken } = &mut *self;
        pending.retain_mut(|receiver| match receiver.poll_unpin(context) {
            Poll::Ready(told) => {
                *is_taken &= told == Ok(true);
                false
            }
            Poll::Pending => true,
        });
        if pending.is_empty() {
            Poll::Ready(*is_taken)
        } else {
            Poll::Pending
        }
    }
}
