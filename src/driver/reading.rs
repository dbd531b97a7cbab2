//! Reading entries from the stores below the memory, one or many at a time.

use super::bounds::{Key, Value};
use super::lower::{Lower, kept_for};
use super::store::{Operation, StoreError};
use super::tiers::Record;
use crate::record::{self, Header};
use crate::strategy::ttl::Lifetime;
use crate::tags::{Tag, Versions};
use crate::time::{Span, Timestamp};
use futures::future::join_all;
use std::boxed::Box;
use std::format;
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;
use std::sync::Arc;
use std::vec::Vec;

/// The time that the clock of another instance may be ahead.
const MOST_AHEAD: Span = Span::from_secs(5);
/// The number of times that a key is read that changes again and again meanwhile.
const READS: usize = 3;
/// The time within which a read must have come to be begun anew.
const SOON: Span = Span::from_millis(100);

/// An entry that a store had.
pub(super) struct Found<V> {
    pub(super) value: V,
    pub(super) lifetime: Lifetime,
    pub(super) age: Span,
    pub(super) tags: Box<[Tag]>,
    /// The versions of its tags that its record carries.
    #[cfg_attr(
        not(feature = "tower"),
        expect(dead_code, reason = "only responses are renewed without a load")
    )]
    pub(super) versions: Box<[Versions]>,
    pub(super) tier: Arc<str>,
}

/// The entry of a store, if that can be told.
#[cfg(feature = "tower")]
pub(super) enum Presence<V> {
    Found(Found<V>),
    Absent,
    /// The store does not answer, or has missed a change of this instance's.
    Unknown,
}

/// An entry that a store gave, before its tags were judged.
struct Read<V> {
    /// The place of its name among those that were asked for.
    index: usize,
    record: Record,
    header: Header,
    value: V,
    age: Span,
}

impl<K: Key, V: Value> Lower<K, V> {
    /// The first entry of a tier and those below it that can be read and is of any use; tiers above
    /// it get it too.
    pub(super) async fn read_from(&self, first: usize, name: &Arc<str>) -> Option<Found<V>> {
        let began = self.paths.tiers.now();
        for _ in 0..READS {
            let since = self.paths.tiers.begin_read();
            let mut found = self.read_once(first, slice::from_ref(name), since).await;
            // What it brought is older than what the key has been changed to since.
            if !self.paths.tiers.is_outdated(name, since) {
                return found.pop()?;
            }
            if self.is_late(began) {
                return None;
            }
        }
        None
    }

    /// The same for many keys, in their order; each store is asked for what those above it lack.
    pub(super) async fn read_all(&self, names: &[Arc<str>]) -> Vec<Option<Found<V>>> {
        let began = self.paths.tiers.now();
        let since = self.paths.tiers.begin_read();
        let mut found = self.read_once(0, names, since).await;
        let is_late = self.is_late(began);
        let outdated = |at: &usize| self.paths.tiers.is_outdated(&names[*at], since);
        let outdated: Vec<usize> = (0..names.len()).filter(outdated).collect();
        let again = outdated.iter().map(|&at| async move {
            if is_late {
                None
            } else {
                self.read_from(0, &names[at]).await
            }
        });
        for (at, read) in iter::zip(&outdated, join_all(again).await) {
            found[*at] = read;
        }
        found
    }

    /// True for a read that took long: a tier that is slow is not waited for again.
    fn is_late(&self, began: Timestamp) -> bool {
        self.paths.tiers.now().since(began) > SOON
    }

    async fn read_once(
        &self,
        first: usize,
        names: &[Arc<str>],
        since: u64,
    ) -> Vec<Option<Found<V>>> {
        let mut found: Vec<Option<Found<V>>> = names.iter().map(|_| None).collect();
        for at in first..self.paths.tiers.len() {
            let missing = (0..names.len()).filter(|&index| found[index].is_none());
            let missing: Vec<usize> = missing.collect();
            if missing.is_empty() {
                break;
            }
            for read in self.read_at(at, names, &missing).await {
                let (index, lifetime) = (read.index, read.header.lifetime);
                let left = kept_for(&lifetime).minus(read.age);
                self.paths
                    .tiers
                    .copy_up(&names[index], &read.record, left, at, since);
                found[index] = Some(self.found(at, read));
            }
        }
        found
    }

    /// The usable entries of one tier under these names, with the lifetimes that their tags leave
    /// them.
    async fn read_at(&self, at: usize, names: &[Arc<str>], missing: &[usize]) -> Vec<Read<V>> {
        let asked = missing.iter().map(|&index| Arc::clone(&names[index]));
        let asked: Vec<Arc<str>> = asked.collect();
        let records = self.paths.tiers.get_many(at, &asked).await;
        let given = iter::zip(missing, records);
        let given = given.filter_map(|(&index, record)| Some((index, record?)));
        self.usable(at, names, given.collect()).await
    }

    /// Those of a tier's records that are of use, by the places of their names.
    async fn usable(
        &self,
        at: usize,
        names: &[Arc<str>],
        given: Vec<(usize, Record)>,
    ) -> Vec<Read<V>> {
        let read = given.into_iter().filter_map(|(index, record)| {
            let decoded = self.decode(&record).map_err(|error| {
                let tier = self.paths.tiers.name(at);
                self.tell(tier, Operation::Get, &names[index], true, &error);
            });
            let (header, value, age) = decoded.ok()??;
            Some(Read {
                index,
                record,
                header,
                value,
                age,
            })
        });
        let mut read: Vec<Read<V>> = read.collect();
        let headers: Vec<&Header> = read.iter().map(|read| &read.header).collect();
        let mut lifetimes = self.paths.tags.judged(&headers).await.into_iter();
        read.retain_mut(|read| {
            let Some(lifetime) = lifetimes.next().flatten() else {
                return false;
            };
            read.header.lifetime = lifetime;
            let (name, stored_at) = (&names[read.index], read.header.stored_at);
            self.paths.tiers.accepts(at, name, &read.record, stored_at)
        });
        read
    }

    fn found(&self, at: usize, read: Read<V>) -> Found<V> {
        let Header { lifetime, tags, .. } = read.header;
        Found {
            value: read.value,
            lifetime,
            age: read.age,
            tags: tags.iter().map(|(tag, _)| *tag).collect(),
            versions: tags.iter().map(|(_, versions)| *versions).collect(),
            tier: Arc::clone(self.paths.tiers.name(at)),
        }
    }

    /// See `LowerStores::present`.
    #[cfg(feature = "tower")]
    pub(super) async fn look_for(&self, name: &Arc<str>) -> Presence<V> {
        let at = self.paths.tags.tier();
        let Some(record) = self.paths.tiers.ask(at, name).await else {
            return Presence::Unknown;
        };
        let Some(record) = record else {
            return Presence::Absent;
        };
        let given = std::vec![(0, record)];
        let mut usable = self.usable(at, slice::from_ref(name), given).await;
        match usable.pop() {
            Some(read) => Presence::Found(self.found(at, read)),
            None => Presence::Absent,
        }
    }

    /// The head, the value and the age of a record; `None` for one that is dead.
    fn decode(&self, record: &[u8]) -> Result<Option<(Header, V, Span)>, StoreError> {
        self.check_size(record.len())?;
        let (header, value_at) = record::decode(record)
            .ok_or_else(|| StoreError::new("a record is damaged or of another version"))?;
        let now = self.paths.tiers.now();
        let ahead = header.stored_at.since(now);
        if ahead > MOST_AHEAD {
            let ahead = ahead.as_millis();
            return Err(StoreError::new(format!(
                "a record was stored by a clock that is {ahead} ms ahead"
            )));
        }
        let age = now.since(header.stored_at);
        if !header.lifetime.is_kept(age) {
            return Ok(None);
        }
        if header.codec != self.codec.id() {
            return Err(StoreError::new(format!(
                "a record has the codec {}, which is not expected here",
                header.codec
            )));
        }
        let decoded = catch_unwind(AssertUnwindSafe(|| self.codec.decode(&record[value_at..])));
        let value = decoded.unwrap_or_else(|_| Err(StoreError::new("the codec panicked")))?;
        Ok(Some((header, value, age)))
    }
}
