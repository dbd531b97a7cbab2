//! Performing changes in the tiers, in the order that their ledgers decide.

use super::attempts::Attempt;
use super::changes::{Blocker, Change, Outcome};
use super::clearings::Clearing;
use super::ledger::Turn;
use super::{Prepared, PreparedClearing, Record, Tiers, World};
use crate::driver::bounds::{BoxFuture, MaybeSend};
use crate::driver::host::Bell;
use crate::driver::store::{Operation, SetOptions, Store, StoreError};
use crate::time::{Span, Timestamp};
use futures::channel::oneshot;
use futures::future::{Either, join_all, select};
use std::boxed::Box;
use std::sync::Arc;
use std::vec::Vec;

impl Tiers {
    /// Says that a change is on its way, until what this gives is dropped.
    pub(in crate::driver) fn begin_work(self: &Arc<Self>) -> Working {
        self.world().at_work += 1;
        Working(Arc::clone(self))
    }

    /// Performs a change by itself; `sender` gets its result.
    pub(in crate::driver) fn launch(
        &self,
        working: Working,
        work: BoxFuture<'static, bool>,
        sender: oneshot::Sender<bool>,
    ) {
        self.host.spawn(Box::pin(async move {
            let is_done = work.await;
            // Before those who wait for this one go on.
            drop(working);
            // Whoever began it need not wait.
            let _ = sender.send(is_done);
        }));
    }

    /// Performs a change in all tiers; true if all took it, or something newer.
    pub(in crate::driver) async fn perform(
        self: Arc<Self>,
        prepared: Prepared,
        record: Option<Record>,
        expires_in: Span,
    ) -> bool {
        self.perform_until(prepared, record, expires_in, Timestamp::NEVER)
            .await
    }

    /// The same; a record must not be written any more at this time.
    pub(in crate::driver) async fn perform_until(
        self: Arc<Self>,
        prepared: Prepared,
        record: Option<Record>,
        expires_in: Span,
        until: Timestamp,
    ) -> bool {
        let all = prepared.changes.into_iter().map(|(at, mut change)| {
            let record = record.clone();
            let mut world = self.world();
            world.tiers[at].ledger.fill(&mut change, record.as_ref());
            drop(world);
            self.perform_at(at, change, expires_in, until)
        });
        join_all(all).await.into_iter().all(|is_done| is_done)
    }

    /// Does not perform a change: `newer` is the tier that has something newer, the others may have
    /// something older.
    pub(in crate::driver) fn forgo(&self, prepared: Prepared, newer: Option<usize>) {
        for (at, change) in prepared.changes {
            {
                let mut world = self.world();
                let ledger = &mut world.tiers[at].ledger;
                if newer == Some(at) {
                    ledger.cancel(&change);
                } else {
                    ledger.end(&change, Outcome::Unsent);
                }
            }
            self.wake(change.id);
        }
    }

    async fn perform_at(
        self: &Arc<Self>,
        at: usize,
        mut change: Change,
        expires_in: Span,
        until: Timestamp,
    ) -> bool {
        self.tell_overflow(at);
        if !self.turn(at, &mut change).await {
            self.wake(change.id);
            return true;
        }
        let outcome = match change.record.clone() {
            Some(record) => {
                let options = SetOptions {
                    expires_in,
                    within: self.all[at].deadline.min(until.since(self.now())),
                };
                let name = Arc::clone(&change.name);
                let set = move |store: Arc<dyn Store>| async move {
                    store.set(&name, &record, options).await
                };
                self.send(at, &change, Operation::Set, set).await
            }
            None => self.send_drop(at, &change).await,
        };
        if outcome == Outcome::Failed && !change.drops {
            self.drop_failed(at, &change).await;
        }
        outcome == Outcome::Done
    }

    /// Waits until a change may begin; false when a newer one came.
    pub(super) async fn turn(&self, at: usize, change: &mut Change) -> bool {
        loop {
            let now = self.now();
            let deadline = self.all[at].deadline;
            let waiting = {
                let mut world = self.world();
                match world.tiers[at].ledger.begin(change, now, deadline) {
                    Turn::Go => return true,
                    Turn::Over => return false,
                    Turn::Wait(blocker) => self.wait_for(&mut world, blocker, now),
                }
            };
            waiting.await;
        }
    }

    /// Waits for the end of a change, with a timer: the request that is at it may have ended.
    fn wait_for(
        &self,
        world: &mut World,
        Blocker { id, until }: Blocker,
        now: Timestamp,
    ) -> impl Future<Output = ()> + use<'_> {
        let Bell { rung, ring } = self.bell();
        world.waiters.entry(id).or_default().push(ring);
        let left = until.since(now).max(Span::from_millis(1));
        async move {
            if let Either::Right(_) = select(rung, self.host.sleep(left)).await {
                // The others have the same timer.
                let others = self.world().waiters.remove(&id);
                drop(others);
            }
        }
    }

    /// Has those go on who wait for a change.
    pub(super) fn wake(&self, id: u64) {
        let waiters = self.world().waiters.remove(&id);
        for waiter in waiters.into_iter().flatten() {
            waiter.ring();
        }
    }

    pub(super) async fn send_drop(self: &Arc<Self>, at: usize, change: &Change) -> Outcome {
        let name = Arc::clone(&change.name);
        let delete = move |store: Arc<dyn Store>| async move { store.delete(&name).await };
        self.send(at, change, Operation::Delete, delete).await
    }

    /// Sends a change that has begun.
    pub(super) async fn send<F>(
        self: &Arc<Self>,
        at: usize,
        change: &Change,
        operation: Operation,
        run: impl FnOnce(Arc<dyn Store>) -> F + MaybeSend + 'static,
    ) -> Outcome
    where
        F: Future<Output = Result<(), StoreError>> + MaybeSend + 'static,
    {
        let attempt = self.attempt(at, operation, &change.name, run).await;
        let (outcome, late) = match attempt {
            Attempt::Done(()) => (Outcome::Done, None),
            Attempt::Failed => (Outcome::Failed, None),
            Attempt::Unsent => (Outcome::Unsent, None),
            Attempt::Late(sent) => (Outcome::Late, Some(sent)),
        };
        self.world().tiers[at].ledger.end(change, outcome);
        self.wake(change.id);
        if let Some(sent) = late {
            let (tiers, change) = (Arc::downgrade(self), change.clone());
            self.host.spawn(Box::pin(async move {
                let is_done = sent.await.is_ok();
                if let Some(tiers) = tiers.upgrade() {
                    tiers.ended_late(at, &change, is_done);
                }
            }));
        }
        self.afterwards(at, outcome == Outcome::Done);
        outcome
    }

    fn ended_late(self: &Arc<Self>, at: usize, change: &Change, is_done: bool) {
        let mut world = self.world();
        world.tiers[at].ledger.end_late(change, is_done);
        // Reads under way may have found it.
        world.fences.raise(&change.name);
        drop(world);
        self.afterwards(at, is_done);
    }

    /// Drops what the store had before a write that it refused. A full store can drop.
    async fn drop_failed(self: &Arc<Self>, at: usize, failed: &Change) {
        let now = self.now();
        let change = {
            let mut world = self.world();
            // A store that fails whatever it is asked is not asked once more.
            if world.tiers[at].health.failures() > 1 {
                return;
            }
            let (name, fence) = (&failed.name, failed.fence);
            let mut change = self.change(&mut world, at, name, fence, None, now);
            let deadline = self.all[at].deadline;
            let ledger = &mut world.tiers[at].ledger;
            match ledger.begin(&mut change, now, deadline) {
                Turn::Go => change,
                Turn::Over | Turn::Wait(_) => return,
            }
        };
        self.send_drop(at, &change).await;
    }

    /// Copies what a tier had to those above it, unless the key has changed since it was read.
    pub(in crate::driver) fn copy_up(
        self: &Arc<Self>,
        name: &Arc<str>,
        record: &Record,
        expires_in: Span,
        above: usize,
        since: u64,
    ) {
        let now = self.now();
        for at in 0..above {
            let mut world = self.world();
            let is_outdated = world.fences.is_outdated(name, since);
            if is_outdated || !world.tiers[at].ledger.takes_copy(name, now) {
                continue;
            }
            let mut change = self.change(&mut world, at, name, since, Some(expires_in), now);
            change.copies = true;
            change.record = Some(Arc::clone(record));
            #[cfg(feature = "json")]
            world.recent.note(name, record, now);
            world.tiers[at].ledger.claim(&change, now);
            drop(world);
            let tiers = Arc::clone(self);
            let copying = async move {
                let never = Timestamp::NEVER;
                tiers.perform_at(at, change, expires_in, never).await
            };
            self.launch(self.begin_work(), Box::pin(copying), oneshot::channel().0);
        }
    }

    /// Performs a clearing in all tiers; true if all that can took it.
    pub(in crate::driver) async fn clear(self: Arc<Self>, prepared: PreparedClearing) -> bool {
        let each = prepared.0.into_iter().enumerate();
        let all = each.map(|(at, clearing)| {
            let tiers = Arc::clone(&self);
            async move {
                match clearing {
                    Some(clearing) => tiers.clear_at(at, clearing).await,
                    None => true,
                }
            }
        });
        join_all(all).await.into_iter().all(|is_done| is_done)
    }

    pub(super) async fn clear_at(self: &Arc<Self>, at: usize, clearing: Clearing) -> bool {
        let Clearing { id, prefix, .. } = clearing;
        let now = self.now();
        let waiting: Vec<_> = {
            let mut world = self.world();
            let running = world.tiers[at].ledger.running_under(&prefix, now);
            let each = running.into_iter();
            each.map(|blocker| self.wait_for(&mut world, blocker, now))
                .collect()
        };
        join_all(waiting).await;
        let under = Arc::clone(&prefix);
        let clear = move |store: Arc<dyn Store>| async move { clear_store(&*store, &under).await };
        let attempt = self.attempt(at, Operation::Clear, "", clear).await;
        let is_done = matches!(attempt, Attempt::Done(()));
        self.world().tiers[at]
            .ledger
            .clearings
            .end(id, &prefix, is_done);
        self.wake(id);
        if let Attempt::Late(sent) = attempt {
            // It need not be over for that it took too long.
            self.host.spawn(Box::pin(async move {
                let _ = sent.await;
            }));
        }
        self.afterwards(at, is_done);
        is_done
    }
}

/// Drops everything under a prefix, in a store that can clear or list its keys.
async fn clear_store(store: &dyn Store, prefix: &str) -> Result<(), StoreError> {
    if let Some(clearing) = store.clear(prefix) {
        return clearing.await;
    }
    let Some(listing) = store.keys(prefix) else {
        return Err(StoreError::new(
            "it can neither be cleared nor list its keys",
        ));
    };
    let names = listing.await?;
    // A store that lists too much must not have other namespaces dropped.
    let own = names.iter().filter(|name| name.starts_with(prefix));
    let deleted = join_all(own.map(|name| store.delete(name))).await;
    deleted.into_iter().collect()
}

/// A change on its way, until it is dropped.
pub(in crate::driver) struct Working(Arc<Tiers>);

impl Drop for Working {
    fn drop(&mut self) {
        let idle = {
            let mut world = self.0.world();
            world.at_work -= 1;
            if world.at_work > 0 {
                return;
            }
            std::mem::take(&mut world.idle)
        };
        for waiter in idle {
            waiter.ring();
        }
    }
}
