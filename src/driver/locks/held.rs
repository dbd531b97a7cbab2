//! The lock of one load, in the store that keeps it.

use crate::driver::bounds::{BoxFuture, MaybeSend, MaybeSync};
use crate::driver::host::{Host, word};
use crate::driver::tiers::{Prepared, Record, Tiers};
use crate::record;
use crate::time::{Span, Timestamp};
use std::boxed::Box;
use std::format;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::String;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

/// A lock, held or not, as loads see it.
pub(in crate::driver) trait KeptLock: MaybeSend + MaybeSync {
    /// Takes the lock if it is free; `None` when the store cannot tell.
    fn take(&self) -> BoxFuture<'_, Option<bool>>;
    /// Gives it back, if it may be held. Only its own token is dropped.
    fn release(&self) -> BoxFuture<'_, ()>;
    /// The same, by a task of its own.
    fn release_soon(&self);
    /// Writes what was loaded, unless it may overwrite a successor's: a load that outlived its lock
    /// writes only if the lock is free and nothing was stored since the load began. Then it is given
    /// back.
    ///
    /// A write may take until the store's deadline, so a lock that ends sooner is taken again first.
    fn write(
        &self,
        prepared: Prepared,
        record: BoxFuture<'static, Option<Record>>,
        life: Span,
    ) -> BoxFuture<'_, bool>;
}

impl KeptLock for HeldLock {
    fn take(&self) -> BoxFuture<'_, Option<bool>> {
        Box::pin(self.taken())
    }

    fn release(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.released())
    }

    fn release_soon(&self) {
        self.give_back_soon();
    }

    fn write(
        &self,
        prepared: Prepared,
        record: BoxFuture<'static, Option<Record>>,
        life: Span,
    ) -> BoxFuture<'_, bool> {
        Box::pin(self.written(prepared, record, life))
    }
}

/// A lock in a store. What holds it when it is dropped is given back by a task of its own.
pub(in crate::driver) struct HeldLock {
    tiers: Arc<Tiers>,
    /// The tier that keeps it.
    at: usize,
    /// The key that is loaded, as stores call it.
    key: Arc<str>,
    /// Its own name there.
    name: String,
    token: Vec<u8>,
    ttl: Span,
    hold: Mutex<Hold>,
}

/// The part that changes.
#[derive(Clone, Copy, Default)]
struct Hold {
    /// True if the store may have this token: it was asked to take it, and did not refuse.
    may_be_held: bool,
    /// The time of the request that took it; the store counts its `ttl` from a later moment.
    taken_at: Timestamp,
}

impl HeldLock {
    pub(in crate::driver) fn new(
        tiers: &Arc<Tiers>,
        at: usize,
        key: &Arc<str>,
        ttl: Span,
    ) -> Arc<Self> {
        Arc::new(Self {
            tiers: Arc::clone(tiers),
            at,
            key: Arc::clone(key),
            name: format!("%load:{key}"),
            token: token(&**tiers.host()),
            ttl,
            hold: Mutex::default(),
        })
    }

    fn hold(&self) -> MutexGuard<'_, Hold> {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn taken(&self) -> Option<bool> {
        let now = self.tiers.now();
        self.hold().may_be_held = true;
        let record = self.token.clone();
        let taken = self.tiers.add_one(self.at, &self.name, record, self.ttl);
        let taken = taken.await;
        let mut hold = self.hold();
        match taken {
            Some(true) => hold.taken_at = now,
            Some(false) => hold.may_be_held = false,
            None => {}
        }
        taken
    }

    async fn released(&self) {
        let may_be_held = std::mem::take(&mut self.hold().may_be_held);
        if may_be_held {
            let Self { tiers, at, .. } = self;
            give_back(tiers, *at, &self.name, self.token.clone()).await;
        }
    }

    fn give_back_soon(&self) {
        let may_be_held = std::mem::take(&mut self.hold().may_be_held);
        if !may_be_held {
            return;
        }
        let (tiers, at) = (Arc::clone(&self.tiers), self.at);
        let (name, token) = (self.name.clone(), self.token.clone());
        let working = tiers.begin_work();
        let host = Arc::clone(tiers.host());
        let task = Box::pin(async move {
            give_back(&tiers, at, &name, token).await;
            drop(working);
        });
        // A call may be dropped where its host takes no tasks: the lock's `ttl` ends it then.
        let _ = catch_unwind(AssertUnwindSafe(|| host.spawn(task)));
    }

    async fn written(
        &self,
        prepared: Prepared,
        record: BoxFuture<'static, Option<Record>>,
        life: Span,
    ) -> bool {
        let tiers = Arc::clone(&self.tiers);
        let began = self.hold().taken_at;
        if !self.is_ours_for(tiers.deadline(self.at)) {
            // Not its own any more, perhaps: dropped if it is, so that it can be taken anew.
            self.released().await;
            // `None`: the store is down, and may hold anything.
            let taken = self.taken().await;
            if taken != Some(true) || self.is_overtaken(began).await {
                tiers.forgo(prepared, taken.map(|_| self.at));
                self.released().await;
                return taken.is_some();
            }
        }
        let record = record.await;
        let until = self.hold().taken_at + self.ttl;
        let is_done = tiers.perform_until(prepared, record, life, until).await;
        self.released().await;
        is_done
    }

    /// True if it is held for at least `time` more, whatever the store's clock says.
    fn is_ours_for(&self, time: Span) -> bool {
        let Hold {
            may_be_held,
            taken_at,
        } = *self.hold();
        let now = self.tiers.now();
        may_be_held && now >= taken_at && now + time < taken_at + self.ttl
    }

    /// True if the store has something that was stored since.
    async fn is_overtaken(&self, began: Timestamp) -> bool {
        // Not as an entry is read, which gives the value that is about to be written.
        let given = self.tiers.read_one(self.at, &self.key).await.flatten();
        let Some((header, _)) = given.as_deref().and_then(record::decode) else {
            return false;
        };
        let now = self.tiers.now();
        let is_kept = header.lifetime.is_kept(now.since(header.stored_at));
        is_kept && header.stored_at >= began
    }
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        self.give_back_soon();
    }
}

async fn give_back(tiers: &Tiers, at: usize, name: &str, token: Vec<u8>) {
    if tiers.drop_one(at, name, token).await == Some(true) {
        tiers.tell_free(at, name).await;
    }
}

/// A unique token of 16 random bytes. The count sets the locks of one process apart whatever its
/// host calls random.
fn token(host: &dyn Host) -> Vec<u8> {
    static LOCKS: AtomicU32 = AtomicU32::new(0);
    let word = || word(host);
    let first = word() ^ LOCKS.fetch_add(1, Ordering::Relaxed);
    let words = [first, word(), word(), word()];
    words.into_iter().flat_map(u32::to_le_bytes).collect()
}
