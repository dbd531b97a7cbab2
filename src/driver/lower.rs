//! Entries in the stores below the memory: as records, and back.

use super::bounds::{BoxFuture, MaybeSend, MaybeSync};
use super::codec::Codec;
#[cfg(feature = "json")]
use super::feed::Feed;
use super::locks::HeldLock;
use super::stamps::StoredTags;
use super::store::{Operation, StoreError, StoreFailure};
use super::tagged::Tagged;
use super::tiers::{Prepared, Record, Tiers, Working, store_name};
use crate::call::Below;
use crate::record::{self, Header};
use crate::stored_tags::StampKey;
use crate::strategy::ttl::Lifetime;
use crate::tags::{Tag, Versions};
use crate::time::{Span, Timestamp};
use futures::FutureExt;
use futures::channel::oneshot;
use std::boxed::Box;
use std::format;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::string::String;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec::Vec;

/// Names a key.
pub(super) trait NameOf<K>: Fn(&K) -> String + MaybeSend + MaybeSync {}
impl<K, F: Fn(&K) -> String + MaybeSend + MaybeSync> NameOf<K> for F {}

/// The stores of a cache.
pub(super) struct Lower<K, V> {
    pub(super) tiers: Arc<Tiers>,
    pub(super) tags: Arc<StoredTags>,
    /// The first tier that can keep locks.
    pub(super) lock_at: Option<usize>,
    pub(super) codec: Box<dyn Codec<V>>,
    pub(super) name_of: Box<dyn NameOf<K>>,
    pub(super) prefix: Arc<str>,
    pub(super) namespace: String,
    pub(super) max_record: usize,
    #[cfg(feature = "json")]
    pub(super) feed: Option<Arc<Feed>>,
}

/// A value on its way to the stores, as far as it is made under the cache's lock.
#[must_use]
pub(super) struct Write {
    prepared: Prepared,
    /// True if other instances are told when it is done.
    is_told: bool,
    working: Working,
    /// The bytes of the value and its lifetime; `None` drops the key.
    content: Option<(Vec<u8>, Lifetime)>,
    tagged: Option<Tagged>,
    /// The lock that its load holds.
    lock: Option<Arc<HeldLock>>,
}

/// A change on its way to the stores; it goes on if this is dropped. Completes when they have it, or
/// failed: with true if all took it, also if there are none.
#[derive(Debug)]
pub struct Delivery(Option<oneshot::Receiver<bool>>);

impl Delivery {
    pub(super) const NOWHERE: Self = Self(None);
}

impl Future for Delivery {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        match &mut self.0 {
            Some(receiver) => receiver.poll_unpin(context).map(|told| told == Ok(true)),
            None => Poll::Ready(true),
        }
    }
}

impl<K: 'static, V: 'static> Lower<K, V> {
    /// The name of a key in stores; `None` if it cannot be made.
    pub(super) fn name(&self, key: &K) -> Option<Arc<str>> {
        let own = catch_unwind(AssertUnwindSafe(|| (self.name_of)(key))).ok()?;
        Some(Arc::from(store_name(&self.prefix, &own)))
    }

    /// The bytes of a value; `None`, and a report, when it has none.
    pub(super) fn encode(&self, name: &str, value: &V) -> Option<Vec<u8>> {
        let encoded = catch_unwind(AssertUnwindSafe(|| self.codec.encode(value)));
        let encoded = encoded.unwrap_or_else(|_| Err(StoreError::new("the codec panicked")));
        let checked = encoded.and_then(|bytes| {
            self.check_size(bytes.len() + record::FIXED)?;
            Ok(bytes)
        });
        let told = checked.map_err(|error| self.tell("codec", Operation::Set, name, false, &error));
        told.ok()
    }

    pub(super) fn check_size(&self, length: usize) -> Result<(), StoreError> {
        if length <= self.max_record {
            return Ok(());
        }
        let most = self.max_record;
        Err(StoreError::new(format!(
            "a record is longer than max_record, {most} bytes"
        )))
    }

    pub(super) fn tell(
        &self,
        store: &str,
        operation: Operation,
        key: &str,
        is_corrupt: bool,
        error: &StoreError,
    ) {
        self.tiers.tell(&StoreFailure {
            store,
            operation,
            key,
            is_corrupt,
            error,
        });
    }

    /// A key changes now, as the memory does: its lock is held.
    pub(super) fn prepare(
        &self,
        name: &Arc<str>,
        content: Option<(Vec<u8>, Lifetime)>,
        is_told: bool,
    ) -> Write {
        let ends_in = content.as_ref().map(|(_, lifetime)| kept_for(lifetime));
        Write {
            prepared: self.tiers.prepare(name, ends_in),
            is_told,
            working: self.tiers.begin_work(),
            content,
            tagged: None,
            lock: None,
        }
    }

    /// The same, for what a load brought.
    pub(super) fn prepare_below(
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

    /// Sends a change to the stores. Nothing may be locked.
    pub(super) fn send(&self, write: Write) -> Delivery {
        let Write {
            prepared,
            is_told,
            working,
            content,
            tagged,
            lock,
        } = write;
        let (name, soft) = (Arc::clone(&prepared.name), content.is_some());
        let tiers = Arc::clone(&self.tiers);
        let life = content
            .as_ref()
            .map_or(Span::FOREVER, |(_, lifetime)| kept_for(lifetime));
        let record = self.record(&name, content, tagged);
        let work: BoxFuture<'static, bool> = match lock {
            Some(lock) => Box::pin(async move { lock.write(prepared, record.made(), life).await }),
            None => Box::pin(async move {
                let record = record.made().await;
                tiers.perform(prepared, record, life).await
            }),
        };
        let change = is_told.then(|| self.key_changed(&name, soft));
        self.launch(working, self.then_told(work, change))
    }

    /// The record of a content, which takes time if it has tags.
    fn record(
        &self,
        name: &Arc<str>,
        content: Option<(Vec<u8>, Lifetime)>,
        tagged: Option<Tagged>,
    ) -> Making {
        match (content, tagged) {
            (None, _) => Making::Made(None),
            (Some((bytes, lifetime)), None) => {
                let scribe = self.scribe();
                Making::Made(Some(scribe.record(name, &bytes, lifetime, Box::default())))
            }
            (Some((bytes, lifetime)), Some(tagged)) => Making::Tagged {
                scribe: self.scribe(),
                tags: Arc::clone(&self.tags),
                name: Arc::clone(name),
                bytes,
                lifetime,
                tagged,
            },
        }
    }

    fn scribe(&self) -> Scribe {
        let (tiers, codec) = (Arc::clone(&self.tiers), self.codec.id());
        Scribe { tiers, codec }
    }

    /// Invalidates tags in the stores. The cache's lock is held, so that nothing which is stored
    /// from now on can carry their versions from before.
    pub(super) fn invalidate_tags(&self, tags: &[Tag], soft: bool) -> Invalidation {
        // Reads under way may have found versions from before: they are begun anew, now and once
        // more when the store has the new ones.
        self.tiers.outdate_reads();
        Invalidation {
            working: self.tiers.begin_work(),
            keys: self.tags.miss(tags, soft),
        }
    }

    /// Sends an invalidation to the store that has the versions, and tells the other instances.
    pub(super) fn send_invalidation(
        &self,
        invalidation: Invalidation,
        tags: Vec<Tag>,
        soft: bool,
    ) -> Delivery {
        let Invalidation { working, keys } = invalidation;
        let (tiers, writer) = (Arc::clone(&self.tiers), Arc::clone(&self.tags));
        let work = async move {
            let is_done = writer.write_missed(keys).await;
            tiers.outdate_reads();
            is_done
        };
        let change = Self::tags_changed(tags, soft);
        self.launch(working, self.then_told(work, Some(change)))
    }

    /// Drops everything in the namespace from the stores, from now on.
    pub(super) fn clear(&self) -> Delivery {
        let all = self.tiers.len();
        let prepared = self.tiers.prepare_clearing(all, &self.prefix);
        let work = Arc::clone(&self.tiers).clear(prepared);
        let work = self.then_told(work, Some(Self::cleared()));
        self.launch(self.tiers.begin_work(), work)
    }

    pub(super) fn launch(&self, working: Working, work: BoxFuture<'static, bool>) -> Delivery {
        let (sender, receiver) = oneshot::channel();
        self.tiers.launch(working, work, sender);
        Delivery(Some(receiver))
    }
}

/// An invalidation of tags on its way to the stores, as far as it is made under the cache's lock.
#[must_use]
pub(super) struct Invalidation {
    working: Working,
    keys: Vec<StampKey>,
}

/// Writes records.
struct Scribe {
    tiers: Arc<Tiers>,
    codec: u8,
}

impl Scribe {
    fn record(
        &self,
        name: &str,
        bytes: &[u8],
        lifetime: Lifetime,
        tags: Box<[(Tag, Versions)]>,
    ) -> Record {
        let after = self.tiers.cleared_at(name);
        let stored_at = self.tiers.now();
        let least = after.map_or(Timestamp::ZERO, |at| at + Span::from_millis(1));
        let header = Header {
            codec: self.codec,
            stored_at: stored_at.max(least),
            lifetime,
            load_cost: 0,
            tags,
        };
        Arc::new(record::encode(&header, bytes))
    }
}

/// A record on its way.
enum Making {
    Made(Option<Record>),
    Tagged {
        scribe: Scribe,
        tags: Arc<StoredTags>,
        name: Arc<str>,
        bytes: Vec<u8>,
        lifetime: Lifetime,
        tagged: Tagged,
    },
}

impl Making {
    /// The record; `None` if the key is to be dropped.
    async fn made(self) -> Option<Record> {
        match self {
            Self::Made(record) => record,
            Self::Tagged {
                scribe,
                tags,
                name,
                bytes,
                lifetime,
                tagged,
            } => {
                let tags = tagged.carried(&tags, kept_for(&lifetime)).await?;
                Some(scribe.record(&name, &bytes, lifetime, tags))
            }
        }
    }
}

impl Write {
    /// The same, of an entry with tags.
    pub(super) fn tagged(self, tagged: Option<Tagged>) -> Self {
        Self { tagged, ..self }
    }

    /// The same, under the lock of its load.
    pub(super) fn under(self, lock: Option<Arc<HeldLock>>) -> Self {
        Self { lock, ..self }
    }
}

/// The time for which stores keep an entry.
pub(super) fn kept_for(lifetime: &Lifetime) -> Span {
    lifetime.total() + lifetime.retained
}
