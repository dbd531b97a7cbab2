//! Tags of what the stores below the memory have: entries carry the versions that their tags had
//! before their load began, and are judged by those that the tags have now.
//!
//! The versions are in one store, the last that never gives what it has replaced: most instances
//! share it. [`stored_tags`](crate::stored_tags) decides; here it is performed.

mod writing;

use super::host::Ring;
use super::store::{Operation, StoreError, StoreFailure};
use super::tiers::{Given, Tiers};
use crate::record::Header;
use crate::stored_tags::{FoundStamp, Ledger, Lives, NO_VERSION, Stamp, StampKey, Step};
use crate::strategy::ttl::Lifetime;
use crate::tags::{Invalidation, Tag, Version, Versions, judge};
use crate::time::{Span, Timestamp};
use std::boxed::Box;
use std::collections::{BTreeMap, BTreeSet};
use std::string::String;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

/// The time between the first two tries to write what the store has missed; then it doubles.
const RETRY_AFTER: Span = Span::from_secs(1);

/// The versions of an entry's tags.
pub(super) type Carried = Box<[Versions]>;

/// The tags of what the stores have. A store that fails makes it too careful, never too trusting.
pub(super) struct StoredTags {
    tiers: Arc<Tiers>,
    /// The tier that has the stamps.
    at: usize,
    prefix: Arc<str>,
    can_add: bool,
    can_renew: bool,
    part: Mutex<Part>,
}

/// The part that changes.
struct Part {
    ledger: Ledger,
    lives: Lives,
    /// Stamps that are being written.
    running: BTreeMap<StampKey, Running>,
    last_run: u64,
    retry_at: Timestamp,
    retry_after: Span,
    is_waiting: bool,
}

struct Running {
    id: u64,
    /// The time when it is taken for lost: it may be of a request that has ended.
    until: Timestamp,
    waiters: Vec<Box<dyn Ring>>,
}

/// A stamp that was looked for, and its record as the store gave it.
struct Found {
    stamp: FoundStamp,
    record: Given,
}

/// State of an entry's tags when a load or a write began.
#[derive(Clone)]
pub(super) enum Begun {
    /// It begins when it is written.
    Now,
    /// The versions of its tags; `None` when they could not be told.
    Known(Option<Carried>),
    /// Its tags were not known: the general version, if that could be told.
    General { before: Option<Version>, step: Step },
}

impl StoredTags {
    pub(super) fn new(tiers: &Arc<Tiers>, prefix: &Arc<str>) -> Arc<Self> {
        let is_sure = |at: &usize| tiers.store(*at).lag().is_zero();
        let last = tiers.len() - 1;
        let at = (0..=last).rev().find(is_sure).unwrap_or(last);
        let abilities = tiers.abilities(at);
        Arc::new(Self {
            tiers: Arc::clone(tiers),
            at,
            prefix: Arc::clone(prefix),
            can_add: abilities.adds,
            can_renew: abilities.adds && abilities.compares,
            part: Mutex::new(Part {
                ledger: Ledger::default(),
                lives: Lives::default(),
                running: BTreeMap::new(),
                last_run: 0,
                retry_at: Timestamp::ZERO,
                retry_after: RETRY_AFTER,
                is_waiting: false,
            }),
        })
    }

    /// The tier that most instances share, as far as is known.
    #[cfg(feature = "tower")]
    pub(super) fn tier(&self) -> usize {
        self.at
    }

    fn part(&self) -> MutexGuard<'_, Part> {
        self.part.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name(&self, key: StampKey) -> String {
        key.name(&self.prefix)
    }

    /// Reads stamps; `None` when the store cannot tell.
    async fn read(&self, keys: &[StampKey]) -> Option<Vec<Found>> {
        let names: Vec<String> = keys.iter().map(|key| self.name(*key)).collect();
        let records = self.tiers.read_all(self.at, &names).await?;
        let decoded: Vec<_> = records
            .iter()
            .map(|record| record.as_deref().map(Stamp::decode))
            .collect();
        for (name, given) in names.iter().zip(&decoded) {
            if *given == Some(None) {
                self.tell_damaged(name);
            }
        }
        let now = self.tiers.now();
        let ledger = &mut self.part().ledger;
        let found = keys.iter().zip(decoded).zip(records);
        let found = found.map(|((key, given), record)| Found {
            stamp: ledger.found(*key, given, now),
            record,
        });
        Some(found.collect())
    }

    /// The version of one stamp now; [`NO_VERSION`] if there is none, `None` if nobody can tell.
    async fn read_one(&self, key: StampKey) -> Option<Version> {
        let found = self.read(&[key]).await?;
        let FoundStamp { stamp, is_over, .. } = found.first()?.stamp;
        match stamp {
            Some(stamp) => Some(stamp.version),
            None => (!is_over).then_some(NO_VERSION),
        }
    }

    fn tell_damaged(&self, key: &str) {
        self.tiers.tell(&StoreFailure {
            store: self.tiers.name(self.at),
            operation: Operation::Get,
            key,
            is_corrupt: true,
            error: &StoreError::unreadable("the stamp of a tag is damaged"),
        });
    }

    /// Reads the state of a load's tags, before its loader is called. `life` is the lifetime of the
    /// entry that is to carry them.
    pub(super) async fn begin_with(self: &Arc<Self>, tags: &[Tag], life: Span) -> Begun {
        if tags.is_empty() {
            return Begun::Known(Some(Box::default()));
        }
        Begun::Known(self.versions(tags, life).await)
    }

    /// The same, for loads that begin together: their tags are asked for at once.
    pub(super) async fn begin_all_with(
        self: &Arc<Self>,
        loads: &[Vec<Tag>],
        life: Span,
    ) -> Vec<Begun> {
        let all = distinct(loads.iter().flatten());
        self.retry();
        let kept = self.keep_each(&StampKey::of(&all), life).await;
        let kept = kept.unwrap_or_default();
        let by_tag = all
            .iter()
            .zip(kept.chunks_exact(2))
            .filter_map(|(tag, pair)| {
                let (hard, soft) = (pair[0]?, pair[1]?);
                Some((*tag, Versions { hard, soft }))
            });
        let by_tag: BTreeMap<Tag, Versions> = by_tag.collect();
        let begun = loads.iter().map(|tags| {
            let versions = tags.iter().map(|tag| by_tag.get(tag).copied());
            Begun::Known(versions.collect())
        });
        begun.collect()
    }

    /// The same, for a load whose tags follow from what it brings.
    pub(super) async fn begin_without(self: &Arc<Self>) -> Begun {
        let step = self.part().ledger.next_step();
        let versions = self.keep_all(&[StampKey::General], Span::ZERO).await;
        let before = versions.and_then(|versions| versions.first().copied());
        Begun::General { before, step }
    }

    /// The versions of tags now; `None` when they cannot be told. A tag without gets some.
    async fn versions(self: &Arc<Self>, tags: &[Tag], life: Span) -> Option<Carried> {
        self.retry();
        let versions = self.keep_all(&StampKey::of(tags), life).await?;
        let pairs = versions.chunks_exact(2);
        let pairs = pairs.map(|pair| Versions {
            hard: pair[0],
            soft: pair[1],
        });
        Some(pairs.collect())
    }

    /// The versions that an entry is to carry, those that its tags had when its load began. `None`
    /// when nobody can tell: then it must not be stored.
    pub(super) async fn versions_of(
        self: &Arc<Self>,
        tags: &[Tag],
        begun: &Begun,
        life: Span,
    ) -> Option<Carried> {
        self.part().lives.expect(life);
        let (before, step) = match begun {
            Begun::Known(versions) => return versions.clone(),
            Begun::Now => return self.versions(tags, life).await,
            Begun::General { before, step } => (*before, *step),
        };
        let versions = self.versions(tags, life).await?;
        // If nothing was invalidated since, they were the same then.
        if before.is_some() && before == self.read_one(StampKey::General).await {
            return Some(versions);
        }
        let own = versions.iter().flat_map(|pair| [pair.hard, pair.soft]);
        let keys = StampKey::of(tags);
        let ledger = &self.part().ledger;
        let mut had = keys.iter().zip(own);
        had.all(|(key, version)| ledger.had_before(*key, version, step))
            .then_some(versions)
    }

    /// The lifetimes of entries by what was invalidated since their loads: `None` for one that is
    /// dead, or if nobody can tell.
    pub(super) async fn judged(self: &Arc<Self>, headers: &[&Header]) -> Vec<Option<Lifetime>> {
        let tags = distinct(
            headers
                .iter()
                .flat_map(|header| header.tags.iter().map(|(tag, _)| tag)),
        );
        let current = self.current(&tags).await;
        let now = self.tiers.now();
        let judged = headers
            .iter()
            .map(|header| judged_by(header, &current, now));
        judged.collect()
    }

    /// The versions that tags have now, and since when they have the soft one, as far as anybody can
    /// tell.
    async fn current(self: &Arc<Self>, tags: &[Tag]) -> BTreeMap<Tag, (Versions, Timestamp)> {
        if tags.is_empty() {
            return BTreeMap::new();
        }
        self.retry();
        let found = self.read(&StampKey::of(tags)).await.unwrap_or_default();
        let now = self.tiers.now();
        let version = |at: &Found| at.stamp.stamp.map_or(NO_VERSION, |stamp| stamp.version);
        let current = found.chunks_exact(2).map(|pair| {
            let versions = Versions {
                hard: version(&pair[0]),
                soft: version(&pair[1]),
            };
            // Its writer's clock may be ahead.
            let since = pair[1]
                .stamp
                .stamp
                .map_or(Timestamp::ZERO, |it| it.at.min(now));
            (versions, since)
        });
        tags.iter().copied().zip(current).collect()
    }
}

/// The lifetime of an entry by what its tags have now.
fn judged_by(
    header: &Header,
    current: &BTreeMap<Tag, (Versions, Timestamp)>,
    now: Timestamp,
) -> Option<Lifetime> {
    let known = header.tags.iter().map(|(tag, _)| current.get(tag).copied());
    let known: Vec<_> = known.collect::<Option<_>>()?;
    let carried = header.tags.iter().map(|(_, versions)| *versions);
    match judge(carried, known.into_iter()) {
        None => Some(header.lifetime),
        Some(Invalidation::Hard) => None,
        Some(Invalidation::Soft(at)) => {
            let ttl = header.lifetime.ttl.min(at.since(header.stored_at));
            let lifetime = Lifetime {
                ttl,
                ..header.lifetime
            };
            let age = now.since(header.stored_at);
            lifetime.is_kept(age).then_some(lifetime)
        }
    }
}

/// These tags, each once.
fn distinct<'a>(tags: impl Iterator<Item = &'a Tag>) -> Vec<Tag> {
    let mut known = BTreeSet::new();
    tags.copied().filter(|tag| known.insert(*tag)).collect()
}
