//! Writing stamps. Each write is a version that no entry carries yet: a write that lands late, or
//! over another's, invalidates more than it had to, and never less.

use super::{Found, RETRY_AFTER, Running, StoredTags};
use crate::driver::host::Bell;
use crate::driver::host::Host;
use crate::stored_tags::{Keeping, Stamp, StampKey};
use crate::tags::{Tag, Version};
use crate::time::Span;
use futures::future::{join_all, select};
use std::boxed::Box;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::vec::Vec;

/// The longest time between two tries.
const LONGEST_RETRY: Span = Span::from_secs(60);
/// Stamps that are written at a time.
const MOST_AT_ONCE: usize = 500;
/// Deadlines after which another request's write of a stamp is taken for lost.
const DEADLINES: u64 = 2;

impl StoredTags {
    /// The versions of stamps, made where there are none; `None` when they cannot be told.
    pub(super) async fn keep_all(
        self: &Arc<Self>,
        keys: &[StampKey],
        life: Span,
    ) -> Option<Vec<Version>> {
        let kept = self.keep_each(keys, life).await?;
        kept.into_iter().collect()
    }

    /// The same for each by itself; `None` when none can be told.
    pub(super) async fn keep_each(
        self: &Arc<Self>,
        keys: &[StampKey],
        life: Span,
    ) -> Option<Vec<Option<Version>>> {
        let found = self.read(keys).await?;
        let kept = keys.iter().zip(found);
        let kept = kept.map(|(key, found)| self.keep(*key, found, life));
        Some(join_all(kept).await)
    }

    async fn keep(self: &Arc<Self>, key: StampKey, found: Found, life: Span) -> Option<Version> {
        let now = self.tiers.now();
        let keeping = self
            .part()
            .lives
            .keep(&found.stamp, life, self.can_renew, now);
        match keeping {
            Keeping::Carry(version) => Some(version),
            Keeping::Create => self.once(key, self.create(key, life)).await,
            Keeping::Replace => self.once(key, self.replace(key)).await,
            Keeping::Write => self.once(key, self.write(key, life)).await,
            Keeping::Renew(stamp) => {
                let record = found.record.unwrap_or_default();
                self.once(key, self.renew(key, record, stamp)).await
            }
        }
    }

    /// Notes that tags are invalidated: nothing that the store has for them counts until it has new
    /// versions. Their keys are to be [written](Self::write_missed).
    pub(in crate::driver) fn miss(&self, tags: &[Tag], soft: bool) -> Vec<StampKey> {
        let key = if soft { StampKey::Soft } else { StampKey::Hard };
        let keys: Vec<StampKey> = tags.iter().map(|&tag| key(tag)).collect();
        let ledger = &mut self.part().ledger;
        for &key in &keys {
            ledger.miss(key);
        }
        keys
    }

    /// Writes new versions; true if the store has them all. Missed ones are written later.
    pub(in crate::driver) async fn write_missed(self: Arc<Self>, keys: Vec<StampKey>) -> bool {
        self.stamp(&keys).await;
        self.retry_later();
        let ledger = &self.part().ledger;
        !keys.iter().any(|&key| ledger.has_missed(key))
    }

    /// Writes what the store has missed, now and then, as long as it misses anything.
    pub(super) fn retry(self: &Arc<Self>) {
        let now = self.tiers.now();
        let keys = {
            let mut part = self.part();
            if part.ledger.is_settled() || now < part.retry_at {
                return;
            }
            part.retry_at = now + part.retry_after;
            part.retry_after = part.retry_after.times(2).min(LONGEST_RETRY);
            part.ledger.missed(MOST_AT_ONCE)
        };
        let tags = Arc::clone(self);
        self.tiers.host().spawn(Box::pin(async move {
            tags.stamp(&keys).await;
            tags.retry_later();
        }));
    }

    fn retry_later(self: &Arc<Self>) {
        let delay = {
            let mut part = self.part();
            if part.ledger.is_settled() {
                part.retry_after = RETRY_AFTER;
                return;
            }
            if mem::replace(&mut part.is_waiting, true) {
                return;
            }
            part.retry_after
        };
        let (sleep, tags) = (self.tiers.host().sleep(delay), Arc::downgrade(self));
        self.tiers.host().spawn(Box::pin(async move {
            sleep.await;
            if let Some(tags) = tags.upgrade() {
                tags.part().is_waiting = false;
                tags.retry();
            }
        }));
    }

    /// Writes new versions of these stamps, after the general one: whoever does not know its tags
    /// yet must have heard of it, too.
    async fn stamp(self: &Arc<Self>, keys: &[StampKey]) {
        let is_told = self.write(StampKey::General, Span::ZERO).await.is_some();
        if !is_told {
            self.part().ledger.miss(StampKey::General);
        }
        for part in keys.chunks(MOST_AT_ONCE) {
            join_all(
                part.iter()
                    .map(|key| self.write_if(*key, Span::ZERO, is_told)),
            )
            .await;
        }
    }

    async fn write(&self, key: StampKey, life: Span) -> Option<Version> {
        self.write_if(key, life, true).await
    }

    /// `counts`: whether the version counts once the store has it.
    async fn write_if(&self, key: StampKey, life: Span, counts: bool) -> Option<Version> {
        let (begun, stamp) = self.next_stamp(life);
        let record = stamp.encode();
        let name = self.name(key);
        let is_written = self.tiers.write_one(self.at, &name, record, stamp.life);
        (is_written.await && counts && self.wrote(key, stamp, begun)).then_some(stamp.version)
    }

    fn wrote(&self, key: StampKey, stamp: Stamp, begun: u64) -> bool {
        let lagging_until = self.tiers.now() + self.tiers.store(self.at).lag();
        let ledger = &mut self.part().ledger;
        ledger.wrote(key, stamp, begun, lagging_until)
    }

    /// Puts a new version in the place of one that is over, or damaged.
    async fn replace(self: &Arc<Self>, key: StampKey) -> Option<Version> {
        if key == StampKey::General {
            return self.write(key, Span::ZERO).await;
        }
        self.stamp(&[key]).await;
        self.settled(key).await
    }

    /// The version that a stamp has by now.
    async fn settled(&self, key: StampKey) -> Option<Version> {
        let found = self.read(&[key]).await?;
        Some(found.first()?.stamp.stamp?.version)
    }

    /// Writes the first version of a tag: two instances that do so at once agree if the store can.
    async fn create(&self, key: StampKey, life: Span) -> Option<Version> {
        if !self.can_add {
            return self.write(key, life).await;
        }
        let (begun, stamp) = self.next_stamp(life);
        let name = self.name(key);
        let adding = self
            .tiers
            .add_one(self.at, &name, stamp.encode(), stamp.life);
        if adding.await? {
            return self.wrote(key, stamp, begun).then_some(stamp.version);
        }
        self.settled(key).await
    }

    /// Lets a stamp stay longer: see [`Keeping::Renew`].
    async fn renew(&self, key: StampKey, record: Vec<u8>, stamp: Stamp) -> Option<Version> {
        let name = self.name(key);
        if !self.tiers.drop_one(self.at, &name, record).await? {
            return None;
        }
        let left = stamp.left(self.tiers.now());
        let adding = self.tiers.add_one(self.at, &name, stamp.encode(), left);
        adding.await?.then_some(stamp.version)
    }

    /// A stamp with a version that no other has had, and the step at which it is made.
    fn next_stamp(&self, life: Span) -> (u64, Stamp) {
        static STAMPS: AtomicU64 = AtomicU64::new(1);
        let nth = STAMPS.fetch_add(1, Ordering::Relaxed);
        let host = self.tiers.host();
        // Random among instances, and different here by whatever generator.
        let bits = bits_of(&**host).wrapping_add(nth);
        let mut part = self.part();
        let stamp = Stamp {
            version: Stamp::version_of(bits),
            at: self.tiers.now(),
            life: part.lives.of_stamp(life),
        };
        (part.ledger.next_step(), stamp)
    }

    /// Does something for a key unless it is under way: then it waits for that, and reads the stamp.
    async fn once(
        self: &Arc<Self>,
        key: StampKey,
        act: impl Future<Output = Option<Version>>,
    ) -> Option<Version> {
        let waiting = {
            let now = self.tiers.now();
            let mut part = self.part();
            match part.running.get_mut(&key) {
                Some(running) if now < running.until => {
                    let Bell { rung, ring } = self.tiers.bell();
                    running.waiters.push(ring);
                    Ok((rung, running.until.since(now)))
                }
                _ => {
                    part.last_run += 1;
                    let id = part.last_run;
                    let until = now + self.tiers.deadline(self.at).times(DEADLINES);
                    let waiters = Vec::new();
                    part.running.insert(key, Running { id, until, waiters });
                    Err(id)
                }
            }
        };
        match waiting {
            Err(id) => {
                let running = Turn {
                    tags: self,
                    key,
                    id,
                };
                let version = act.await;
                drop(running);
                version
            }
            Ok((rung, left)) => {
                select(rung, self.tiers.host().sleep(left)).await;
                self.settled(key).await
            }
        }
    }
}

/// Random bits, as many as a number from 0 to 1 has.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from 0 to 2^53"
)]
fn bits_of(host: &dyn Host) -> u64 {
    (host.roll() * 9_007_199_254_740_992.0) as u64
}

/// The writing of a stamp, until it is dropped.
struct Turn<'a> {
    tags: &'a StoredTags,
    key: StampKey,
    id: u64,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let ended = {
            let mut part = self.tags.part();
            let is_mine = part
                .running
                .get(&self.key)
                .is_some_and(|it| it.id == self.id);
            if is_mine {
                part.running.remove(&self.key)
            } else {
                None
            }
        };
        for waiter in ended.into_iter().flat_map(|running| running.waiters) {
            waiter.ring();
        }
    }
}
