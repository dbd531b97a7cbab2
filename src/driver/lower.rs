//! Entries in the stores below the memory: as records, and back.

use super::below::{Content, Deliver, Delivery, LowerStores, Write};
use super::bounds::{BoxFuture, Key, MaybeSend, MaybeSync, Value};
use super::codec::Codec;
#[cfg(feature = "json")]
use super::feed::{Apply, Feed};
use super::locks::{HeldLock, KeptLock};
use super::reading::Found;
#[cfg(feature = "tower")]
use super::reading::Presence;
use super::stamps::{Begun, StoredTags};
use super::store::{Operation, StoreError, StoreFailure};
use super::tagged::Tagged;
use super::tiers::{Record, Tiers, Working, store_name};
use crate::record::{self, Header};
use crate::strategy::ttl::Lifetime;
use crate::tags::{Tag, Versions};
use crate::time::{Span, Timestamp};
use futures::channel::oneshot;
use std::boxed::Box;
use std::format;
#[cfg(feature = "json")]
use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::String;
use std::sync::Arc;
use std::vec::Vec;

/// Names a key.
pub(super) trait NameOf<K>: Fn(&K) -> String + MaybeSend + MaybeSync {}
impl<K, F: Fn(&K) -> String + MaybeSend + MaybeSync> NameOf<K> for F {}

/// The stores of a cache.
pub(super) struct Lower<K, V> {
    pub(super) paths: Paths,
    pub(super) codec: Box<dyn Codec<V>>,
    pub(super) name_of: Box<dyn NameOf<K>>,
    pub(super) max_record: usize,
    /// The first tier that can keep locks.
    pub(super) lock_at: Option<usize>,
}

/// The ways to the stores, whatever the keys and values are. Clones are the same.
#[derive(Clone)]
pub(super) struct Paths {
    pub(super) tiers: Arc<Tiers>,
    pub(super) tags: Arc<StoredTags>,
    /// The number of the codec.
    pub(super) codec: u8,
    pub(super) prefix: Arc<str>,
    pub(super) namespace: Arc<str>,
    #[cfg(feature = "json")]
    pub(super) feed: Option<Arc<Feed>>,
}

impl<K: Key, V: Value> LowerStores<K, V> for Lower<K, V> {
    fn name(&self, key: &K) -> Option<Arc<str>> {
        let own = catch_unwind(AssertUnwindSafe(|| (self.name_of)(key))).ok()?;
        Some(Arc::from(store_name(&self.paths.prefix, &own)))
    }

    fn namespace(&self) -> &str {
        &self.paths.namespace
    }

    fn encode(&self, name: &str, value: &V) -> Option<Vec<u8>> {
        let encoded = catch_unwind(AssertUnwindSafe(|| self.codec.encode(value)));
        let encoded = encoded.unwrap_or_else(|_| Err(StoreError::new("the codec panicked")));
        let checked = encoded.and_then(|bytes| {
            self.check_size(bytes.len() + record::FIXED)?;
            Ok(bytes)
        });
        let told = checked.map_err(|error| self.tell("codec", Operation::Set, name, false, &error));
        told.ok()
    }

    fn prepare(&self, name: &Arc<str>, content: Option<Content>, is_told: bool) -> Write {
        self.paths.prepare(name, content, is_told)
    }

    fn invalidate_tags(&self, tags: Vec<Tag>, soft: bool) -> Box<dyn Deliver> {
        self.paths.invalidate_tags(tags, soft)
    }

    fn clear(&self) -> Delivery {
        self.paths.clear()
    }

    fn settled(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.paths.tiers.settled())
    }

    fn read<'a>(&'a self, name: &'a Arc<str>) -> BoxFuture<'a, Option<Found<V>>> {
        Box::pin(self.read_from(0, name))
    }

    fn read_many<'a>(&'a self, names: &'a [Arc<str>]) -> BoxFuture<'a, Vec<Option<Found<V>>>> {
        Box::pin(self.read_all(names))
    }

    fn read_locked<'a>(&'a self, name: &'a Arc<str>) -> BoxFuture<'a, Option<Found<V>>> {
        Box::pin(self.read_from(self.lock_at.unwrap_or(0), name))
    }

    fn begin<'a>(&'a self, tags: Option<&'a [Tag]>, life: Span) -> BoxFuture<'a, Begun> {
        let stored = &self.paths.tags;
        match tags {
            Some(tags) => Box::pin(stored.begin_with(tags, life)),
            None => Box::pin(stored.begin_without()),
        }
    }

    fn begin_all<'a>(&'a self, loads: &'a [Vec<Tag>], life: Span) -> BoxFuture<'a, Vec<Begun>> {
        Box::pin(self.paths.tags.begin_all_with(loads, life))
    }

    fn keeps_locks(&self) -> bool {
        self.lock_at.is_some()
    }

    fn lock(&self, name: &Arc<str>, ttl: Span) -> Option<Arc<dyn KeptLock>> {
        Some(HeldLock::new(&self.paths.tiers, self.lock_at?, name, ttl))
    }

    #[cfg(feature = "tower")]
    fn present<'a>(&'a self, name: &'a Arc<str>) -> BoxFuture<'a, Presence<V>> {
        Box::pin(self.look_for(name))
    }

    #[cfg(feature = "tower")]
    fn last_change(&self) -> u64 {
        self.paths.tiers.begin_read()
    }

    #[cfg(feature = "tower")]
    fn has_changed(&self, name: &str, since: u64) -> bool {
        self.paths.tiers.is_outdated(name, since)
    }

    #[cfg(feature = "tower")]
    fn begin_work(&self) -> Working {
        self.paths.tiers.begin_work()
    }

    #[cfg(feature = "json")]
    fn carries_messages(&self) -> bool {
        self.paths.feed.is_some()
    }

    #[cfg(feature = "json")]
    fn is_hearing(&self) -> bool {
        let feed = self.paths.feed.as_ref();
        feed.is_none_or(|feed| feed.is_open())
    }

    #[cfg(feature = "json")]
    fn hear(&self, apply: Arc<dyn Apply>) -> BoxFuture<'_, ()> {
        match &self.paths.feed {
            Some(feed) => Box::pin(feed.opened(apply)),
            None => Box::pin(ready(())),
        }
    }

    #[cfg(feature = "json")]
    fn hear_no_more(&self) {
        if let Some(feed) = &self.paths.feed {
            feed.close();
        }
    }

    #[cfg(feature = "json")]
    fn name_told(&self, key: &str) -> Arc<str> {
        Arc::from(store_name(&self.paths.prefix, key))
    }

    #[cfg(feature = "json")]
    fn follow(&self, at: usize, name: &Arc<str>) {
        self.paths.follow(at, name);
    }

    #[cfg(feature = "json")]
    fn follow_clear(&self, at: usize) {
        self.paths.follow_clear(at);
    }
}

impl<K, V> Lower<K, V> {
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
        self.paths.tiers.tell(&StoreFailure {
            store,
            operation,
            key,
            is_corrupt,
            error,
        });
    }
}

impl Paths {
    /// See [`LowerStores::prepare`]; `is_told`: other instances are told when it is done.
    fn prepare(&self, name: &Arc<str>, content: Option<Content>, is_told: bool) -> Write {
        let life = content.as_ref().map(|(_, lifetime)| kept_for(lifetime));
        let prepared = self.tiers.prepare(name, life);
        let working = self.tiers.begin_work();
        let paths = self.clone();
        Write::new(move |tagged, lock| {
            let (name, soft) = (Arc::clone(&prepared.name), content.is_some());
            let life = life.unwrap_or(Span::FOREVER);
            let making = paths.record(&name, content, tagged);
            let tiers = Arc::clone(&paths.tiers);
            #[cfg(feature = "json")]
            let record = noted(making, is_told, Arc::clone(&tiers), Arc::clone(&name));
            #[cfg(not(feature = "json"))]
            let record = making.made();
            let work: BoxFuture<'static, bool> = match lock {
                Some(lock) => {
                    Box::pin(async move { lock.write(prepared, Box::pin(record), life).await })
                }
                None => Box::pin(async move {
                    let record = record.await;
                    tiers.perform(prepared, record, life).await
                }),
            };
            let change = is_told.then(|| paths.key_changed(&name, soft));
            paths.launch(working, paths.then_told(work, change))
        })
    }

    /// The record of a content, which takes time if it has tags.
    fn record(&self, name: &Arc<str>, content: Option<Content>, tagged: Option<Tagged>) -> Making {
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
        let (tiers, codec) = (Arc::clone(&self.tiers), self.codec);
        Scribe { tiers, codec }
    }

    /// See [`LowerStores::invalidate_tags`]. The store that has the versions gets them, and the
    /// other instances are told.
    fn invalidate_tags(&self, tags: Vec<Tag>, soft: bool) -> Box<dyn Deliver> {
        // Reads under way may have found versions from before: they are begun anew, now and once
        // more when the store has the new ones.
        self.tiers.outdate_reads();
        let working = self.tiers.begin_work();
        let keys = self.tags.miss(&tags, soft);
        let paths = self.clone();
        Box::new(move || {
            let (tiers, writer) = (Arc::clone(&paths.tiers), Arc::clone(&paths.tags));
            let work = async move {
                let is_done = writer.write_missed(keys).await;
                tiers.outdate_reads();
                is_done
            };
            let change = Self::tags_changed(tags, soft);
            paths.launch(working, paths.then_told(work, Some(change)))
        })
    }

    fn clear(&self) -> Delivery {
        let all = self.tiers.len();
        let prepared = self.tiers.prepare_clearing(all, &self.prefix);
        let work = Arc::clone(&self.tiers).clear(prepared);
        let work = self.then_told(work, Some(Self::cleared()));
        self.launch(self.tiers.begin_work(), work)
    }

    pub(super) fn launch(&self, working: Working, work: BoxFuture<'static, bool>) -> Delivery {
        let (sender, receiver) = oneshot::channel();
        self.tiers.launch(working, work, sender);
        Delivery::of(receiver)
    }
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

/// The record; one that a load brought is noted. Nobody is told of those: they are no changes.
#[cfg(feature = "json")]
async fn noted(making: Making, is_told: bool, tiers: Arc<Tiers>, name: Arc<str>) -> Option<Record> {
    let record = making.made().await;
    if let Some(record) = record.as_ref().filter(|_| !is_told) {
        tiers.note_write(&name, record);
    }
    record
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

/// The time for which stores keep an entry.
pub(super) fn kept_for(lifetime: &Lifetime) -> Span {
    lifetime.total() + lifetime.retained
}
