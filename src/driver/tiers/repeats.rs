//! The times at which a tier is asked for what it owes: as long as it owes anything there is a
//! timer, or a repeat that arms one when it ends.

use super::changes::{Change, Outcome};
use super::ledger::Turn;
use super::{HELD_DEADLINES, Tiers};
use crate::driver::store::{Operation, StoreError, StoreFailure};
use crate::time::Span;
use futures::future::join_all;
use std::boxed::Box;
use std::sync::Arc;
use std::vec::Vec;

/// The time after which a tier that failed is asked to make up for what it missed.
const AFTER_FAILURE: Span = Span::from_secs(5);
/// The same, while it does so well.
const AFTER_SUCCESS: Span = Span::from_millis(50);
/// The most keys that a tier is asked at once to make up for.
const TOGETHER: usize = 8;

impl Tiers {
    /// The tier answered, or failed: the owed changes are performed, now or later.
    pub(super) fn afterwards(self: &Arc<Self>, at: usize, answered: bool) {
        if !self.world().tiers[at].ledger.owes() {
            return;
        }
        if answered {
            let tiers = Arc::clone(self);
            self.host
                .spawn(Box::pin(async move { tiers.repeat(at).await }));
        } else {
            self.later(at, AFTER_FAILURE);
        }
    }

    /// Asks for what is owed, if that was not done just now.
    async fn repeat(self: Arc<Self>, at: usize) {
        let now = self.now();
        let wait = {
            let state = &mut self.world().tiers[at];
            let wait = state.busy_until.since(now);
            if wait.is_zero() {
                state.busy_until = now + self.all[at].deadline.times(HELD_DEADLINES);
            }
            wait
        };
        if !wait.is_zero() {
            self.later(at, wait);
            return;
        }
        let is_done = self.make_up(at).await;
        let now = self.now();
        let is_due = {
            let state = &mut self.world().tiers[at];
            state.busy_until = now + AFTER_SUCCESS;
            state.ledger.clearings.owes() || !state.ledger.due(now, 1).is_empty()
        };
        let goes_on = is_done && is_due;
        self.later(
            at,
            if goes_on {
                AFTER_SUCCESS
            } else {
                AFTER_FAILURE
            },
        );
    }

    fn later(self: &Arc<Self>, at: usize, delay: Span) {
        let now = self.now();
        let wake_at = now + delay;
        {
            let state = &mut self.world().tiers[at];
            // A timer of a request that has ended never fires.
            let is_armed = state
                .wake_at
                .is_some_and(|armed| armed >= now && armed <= wake_at);
            if is_armed || !state.ledger.owes() {
                return;
            }
            state.wake_at = Some(wake_at);
        }
        let sleep = self.host.sleep(delay);
        let tiers = Arc::downgrade(self);
        self.host.spawn(Box::pin(async move {
            sleep.await;
            let Some(tiers) = tiers.upgrade() else { return };
            {
                let state = &mut tiers.world().tiers[at];
                if state.wake_at == Some(wake_at) {
                    state.wake_at = None;
                }
            }
            tiers.repeat(at).await;
        }));
    }

    /// Asks the tier for some of what it owes; true if it did that.
    async fn make_up(self: &Arc<Self>, at: usize) -> bool {
        let owed = self.world().tiers[at].ledger.clearings.owed();
        let mut is_cleared = true;
        for prefix in owed {
            let now = self.now();
            let clearing = {
                let mut world = self.world();
                let clearing = self.clearing(&mut world, at, &prefix, 0, now);
                world.tiers[at].ledger.clearings.begin(clearing.clone());
                clearing
            };
            is_cleared = self.clear_at(at, clearing).await;
            if !is_cleared {
                break;
            }
        }
        self.drop_some(at).await && is_cleared
    }

    async fn drop_some(self: &Arc<Self>, at: usize) -> bool {
        let now = self.now();
        let drops: Vec<Change> = {
            let mut world = self.world();
            // A tier that has failed is tried with one.
            let has_failed = world.tiers[at].health.failures() > 0;
            let most = if has_failed { 1 } else { TOGETHER };
            let due = world.tiers[at].ledger.due(now, most);
            let begun = due.into_iter().filter_map(|(name, fence)| {
                let mut change = self.change(&mut world, at, &name, fence, None, now);
                let deadline = self.all[at].deadline;
                let turn = world.tiers[at].ledger.begin(&mut change, now, deadline);
                (turn == Turn::Go).then_some(change)
            });
            begun.collect()
        };
        let sent = drops.iter().map(|change| self.send_drop(at, change));
        let outcomes = join_all(sent).await;
        outcomes.into_iter().all(|outcome| outcome == Outcome::Done)
    }

    /// Tells once that a tier missed more than can be remembered.
    pub(super) fn tell_overflow(&self, at: usize) {
        {
            let state = &mut self.world().tiers[at];
            let overflows = state.ledger.overflows();
            if overflows == state.overflows_told {
                return;
            }
            state.overflows_told = overflows;
        }
        let error = StoreError::new(
            "it missed more changes than can be remembered: what it has from before is not used",
        );
        self.tell(&StoreFailure {
            store: &self.all[at].name,
            operation: Operation::Delete,
            key: "",
            is_corrupt: false,
            error: &error,
        });
    }
}
