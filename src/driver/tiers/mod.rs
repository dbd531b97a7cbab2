//! The stores below the memory as tiers: which order they are asked and changed in, whatever they
//! do. After a change no older value of its key is read here any more: see [`ledger`] for how.
//!
//! All that is decided is decided under one lock, which no store is asked under.

mod attempts;
mod changes;
mod clearings;
mod fences;
mod health;
mod ledger;
#[cfg(feature = "json")]
mod messages;
mod names;
mod operations;
#[cfg(feature = "json")]
mod recent;
mod repeats;
mod writing;

use self::attempts::Attempt;
use self::changes::Change;
use self::clearings::Clearing;
#[cfg(feature = "tower")]
pub(crate) use self::fences::Fences;
#[cfg(not(feature = "tower"))]
use self::fences::Fences;
use self::health::Health;
use self::ledger::{Ledger, Look};
#[cfg(feature = "json")]
pub(super) use self::names::key_in;
pub(super) use self::names::{prefix_of, store_name};
pub(super) use self::operations::Given;
#[cfg(feature = "json")]
use self::recent::Recent;
pub(super) use self::writing::Working;
use super::bounds::{MaybeSend, MaybeSync};
use super::host::{Bell, Host, Ring};
use super::store::{Operation, Store, StoreFailure};
use crate::time::{Span, Timestamp};
use futures::FutureExt;
use futures::channel::oneshot;
use std::boxed::Box;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

/// Deadlines after which a change that never began is taken for vanished.
const HELD_DEADLINES: u64 = 4;

/// The bytes of a record.
pub(super) type Record = Arc<Vec<u8>>;

/// Hears of failures.
pub(super) trait Report: Fn(&StoreFailure<'_>) + MaybeSend + MaybeSync {}
impl<F: Fn(&StoreFailure<'_>) + MaybeSend + MaybeSync> Report for F {}

/// The tiers of a cache.
pub(super) struct Tiers {
    host: Arc<dyn Host>,
    all: Vec<Tier>,
    report: Option<Box<dyn Report>>,
    world: Mutex<World>,
}

struct Tier {
    store: Arc<dyn Store>,
    name: Arc<str>,
    deadline: Span,
}

/// The part that changes.
#[derive(Default)]
struct World {
    fences: Fences<Arc<str>>,
    tiers: Vec<TierState>,
    last_id: u64,
    /// By change: those who wait for its end.
    waiters: HashMap<u64, Vec<Box<dyn Ring>>>,
    /// Changes on their way, and those who wait until there are none.
    at_work: usize,
    idle: Vec<Box<dyn Ring>>,
    #[cfg(feature = "json")]
    recent: Recent,
}

struct TierState {
    health: Health,
    ledger: Ledger,
    /// The time until which nothing is made up for.
    busy_until: Timestamp,
    /// The time when something will be.
    wake_at: Option<Timestamp>,
    overflows_told: u64,
}

/// A change that has happened, and is to be performed in the tiers.
#[must_use]
pub(super) struct Prepared {
    pub(super) name: Arc<str>,
    /// By tier.
    changes: Vec<(usize, Change)>,
}

/// A clearing, likewise; `None` for a tier that cannot be cleared.
#[must_use]
pub(super) struct PreparedClearing(Vec<Option<Clearing>>);

impl Tiers {
    pub(super) fn new(
        host: Arc<dyn Host>,
        stores: Vec<Arc<dyn Store>>,
        deadline: Option<Span>,
        report: Option<Box<dyn Report>>,
    ) -> Self {
        let all: Vec<Tier> = stores
            .into_iter()
            .map(|store| Tier {
                name: Arc::from(store.name()),
                deadline: deadline.unwrap_or_else(|| store.deadline()),
                store,
            })
            .collect();
        let states = all.iter().map(|tier| TierState {
            health: Health::new(tier.deadline),
            ledger: Ledger::default(),
            busy_until: Timestamp::ZERO,
            wake_at: None,
            overflows_told: 0,
        });
        let world = World {
            tiers: states.collect(),
            ..World::default()
        };
        Self {
            host,
            all,
            report,
            world: Mutex::new(world),
        }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.host.now()
    }

    /// The number of tiers.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The name of a tier.
    pub(super) fn name(&self, at: usize) -> &Arc<str> {
        &self.all[at].name
    }

    /// Tells of a failure. Nothing may be locked.
    pub(super) fn tell(&self, failure: &StoreFailure<'_>) {
        if let Some(report) = &self.report {
            let _ = catch_unwind(AssertUnwindSafe(|| report(failure)));
        }
    }

    /// A key changes now, to a record that ends in a while; `None` drops it.
    pub(super) fn prepare(&self, name: &Arc<str>, ends_in: Option<Span>) -> Prepared {
        self.prepare_above(self.all.len(), name, ends_in)
    }

    /// The same, in the tiers above one.
    pub(super) fn prepare_above(
        &self,
        above: usize,
        name: &Arc<str>,
        ends_in: Option<Span>,
    ) -> Prepared {
        self.prepare_in(0..above, name, ends_in)
    }

    fn prepare_in(
        &self,
        tiers: impl Iterator<Item = usize>,
        name: &Arc<str>,
        ends_in: Option<Span>,
    ) -> Prepared {
        let now = self.now();
        let mut world = self.world();
        let fence = world.fences.raise(name);
        let claimed = tiers.map(|at| {
            let change = self.change(&mut world, at, name, fence, ends_in, now);
            world.tiers[at].ledger.claim(&change, now);
            (at, change)
        });
        Prepared {
            name: Arc::clone(name),
            changes: claimed.collect(),
        }
    }

    fn change(
        &self,
        world: &mut World,
        at: usize,
        name: &Arc<str>,
        fence: u64,
        ends_in: Option<Span>,
        now: Timestamp,
    ) -> Change {
        world.last_id += 1;
        let patience = self.all[at].deadline.times(HELD_DEADLINES);
        Change {
            id: world.last_id,
            name: Arc::clone(name),
            fence,
            drops: ends_in.is_none(),
            record: None,
            ends_at: now + ends_in.unwrap_or(Span::FOREVER),
            held_until: now + patience,
            copies: false,
            mark: 0,
            begun_at: Timestamp::ZERO,
            until: Timestamp::NEVER,
            is_made_up: false,
        }
    }

    /// Everything under a prefix is dropped now, from the tiers above one.
    pub(super) fn prepare_clearing(&self, above: usize, prefix: &Arc<str>) -> PreparedClearing {
        let now = self.now();
        let mut world = self.world();
        let fence = world.fences.raise_all();
        let each = self.all[..above].iter().enumerate().map(|(at, tier)| {
            let clearing = self.clearing(&mut world, at, prefix, fence, now);
            let ledger = &mut world.tiers[at].ledger;
            ledger.begin_clearing(clearing.clone());
            if can_clear(&*tier.store, prefix) {
                return Some(clearing);
            }
            ledger.clearings.end(clearing.id, prefix, true);
            ledger.clearings.distrust(prefix, now);
            None
        });
        PreparedClearing(each.collect())
    }

    fn clearing(
        &self,
        world: &mut World,
        at: usize,
        prefix: &Arc<str>,
        fence: u64,
        now: Timestamp,
    ) -> Clearing {
        world.last_id += 1;
        Clearing {
            id: world.last_id,
            prefix: Arc::clone(prefix),
            fence,
            until: now + self.all[at].deadline.times(HELD_DEADLINES),
        }
    }

    /// The number of the last change, for a read that begins now.
    pub(super) fn begin_read(&self) -> u64 {
        self.world().fences.last()
    }

    /// True if a key changed since a read of it began, or may have.
    pub(super) fn is_outdated(&self, name: &str, since: u64) -> bool {
        self.world().fences.is_outdated(name, since)
    }

    /// The record that a tier has, unless a change says that it must not be used, or that it will
    /// have.
    pub(super) async fn get(self: &Arc<Self>, at: usize, name: &Arc<str>) -> Option<Record> {
        self.ask(at, name).await.flatten()
    }

    /// The same; `None` when the tier cannot tell.
    pub(super) async fn ask(
        self: &Arc<Self>,
        at: usize,
        name: &Arc<str>,
    ) -> Option<Option<Record>> {
        let now = self.now();
        let look = self.world().tiers[at].ledger.look(name, now);
        match look {
            Look::Record(record) => return Some(Some(record)),
            Look::Skip => {
                self.afterwards(at, true);
                return None;
            }
            Look::Ask => {}
        }
        let key = Arc::clone(name);
        let get = move |store: Arc<dyn Store>| async move { store.get(&key).await };
        let found = match self.attempt(at, Operation::Get, name, get).await {
            Attempt::Done(found) => Some(found),
            Attempt::Failed | Attempt::Late(_) | Attempt::Unsent => None,
        };
        if self.world().tiers[at].health.failures() == 0 {
            self.afterwards(at, true);
        }
        found.map(|found| found.map(Arc::new))
    }

    /// True if a record that a tier gave may be used.
    pub(super) fn accepts(
        &self,
        at: usize,
        name: &str,
        record: &[u8],
        stored_at: Timestamp,
    ) -> bool {
        self.world().tiers[at]
            .ledger
            .accepts(name, record, stored_at)
    }

    /// The time that a new record of this name has to be dated after.
    pub(super) fn cleared_at(&self, name: &str) -> Option<Timestamp> {
        let world = self.world();
        let all = world
            .tiers
            .iter()
            .filter_map(|tier| tier.ledger.cleared_at(name));
        all.max()
    }

    /// A bell that every request can ring.
    pub(super) fn bell(&self) -> Bell {
        self.host.bell().unwrap_or_else(|| {
            let (sender, receiver) = oneshot::channel();
            Bell {
                rung: Box::pin(receiver.map(drop)),
                // Those whose timer was first do not listen.
                ring: Box::new(move || _ = sender.send(())),
            }
        })
    }

    /// Waits until nothing is on its way to the tiers.
    pub(super) async fn settled(&self) {
        let idle = {
            let mut world = self.world();
            if world.at_work == 0 {
                return;
            }
            let Bell { rung, ring } = self.bell();
            world.idle.push(ring);
            rung
        };
        idle.await;
    }
}

/// True if a store can drop everything under a prefix. Its future is made, and not run.
fn can_clear(store: &dyn Store, prefix: &str) -> bool {
    let can = || store.clear(prefix).is_some() || store.keys(prefix).is_some();
    catch_unwind(AssertUnwindSafe(can)).unwrap_or(false)
}
