//! One running load, as the driver sees it; whether it leads its key is the machine's to say.

use super::answer::{Source, Times};
use super::bounds::{MaybeSend, MaybeSync};
use super::error::{Cause, Error};
use super::guards::Admission;
use super::host::{Cancel, Ring};
use super::locks::KeptLock;
use super::stamps::Begun;
use crate::fence::Fence;
use crate::strategy::ttl::Lifetime;
use crate::tags::Tag;
use crate::time::{Span, Timestamp};
use futures::channel::oneshot;
use std::boxed::Box;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

/// The result of a load.
pub(super) struct Brought<V, E> {
    pub(super) value: V,
    /// Its source for its leader.
    pub(super) source: Source,
    /// Its times if it is an entry now.
    pub(super) times: Times,
    pub(super) tier: Option<Arc<str>>,
    pub(super) cause: Option<Cause<V, E>>,
}

/// The end of a load for those who wait for it.
pub(super) enum Outcome<V, E> {
    Value(Brought<V, E>),
    /// A failure, and the entry that may answer instead.
    Failed(Cause<V, E>, Option<(V, Times)>),
}

impl<V: Clone, E> Clone for Outcome<V, E> {
    fn clone(&self) -> Self {
        match self {
            Self::Value(brought) => Self::Value(Brought {
                value: brought.value.clone(),
                source: brought.source,
                times: brought.times,
                tier: brought.tier.clone(),
                cause: brought.cause.clone(),
            }),
            Self::Failed(cause, held) => Self::Failed(cause.clone(), held.clone()),
        }
    }
}

pub(super) struct Flight<V, E> {
    pub(super) fence: Fence,
    pub(super) background: bool,
    /// It does not lead its key.
    pub(super) is_beside: bool,
    /// It asks the origin whatever stores have.
    pub(super) must_load: bool,
    /// The call's own ttl for what it brings.
    pub(super) ttl: Option<Span>,
    /// For its loader.
    pub(super) cancel: Arc<Cancel>,
    /// For the task that runs it.
    pub(super) stop: Arc<Cancel>,
    course: Mutex<Course<V, E>>,
}

/// Something that a load has until it ends.
pub(super) trait Taken: MaybeSend + MaybeSync {}

/// An entry of a store, and when it was of its age.
pub(super) struct Spare<V> {
    pub(super) value: V,
    pub(super) lifetime: Lifetime,
    pub(super) age: Span,
    pub(super) at: Timestamp,
}

/// The kind of a load.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Purpose {
    /// Nobody waits for it.
    pub(super) background: bool,
    pub(super) is_beside: bool,
    pub(super) must_load: bool,
}

/// One who waits: its number, where it hears the outcome, and the bell that says so if it cannot be
/// woken.
pub(super) struct Waiter<V, E> {
    number: u64,
    /// True if the load is another caller's.
    #[cfg_attr(
        not(feature = "tower"),
        expect(
            dead_code,
            reason = "only loads of HTTP tell those who joined something else"
        )
    )]
    joined: bool,
    sender: Option<oneshot::Sender<Outcome<V, E>>>,
    bell: Option<Box<dyn Ring>>,
}

impl<V, E> Waiter<V, E> {
    fn tell(mut self, outcome: Outcome<V, E>) {
        if let Some(sender) = self.sender.take() {
            // Those who left meanwhile do not listen.
            let _ = sender.send(outcome);
        }
    }
}

impl<V, E> Drop for Waiter<V, E> {
    /// Told or not: it hears the end of its channel, too.
    fn drop(&mut self) {
        drop(self.sender.take());
        if let Some(bell) = self.bell.take() {
            bell.ring();
        }
    }
}

/// The part that changes while it runs.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of the load, and most of them go together"
)]
pub(super) struct Course<V, E> {
    told: Option<Outcome<V, E>>,
    /// The end for those who only joined, where the load goes on for its leader.
    dismissal: Option<Outcome<V, E>>,
    /// Its leader has an answer before it ends: `timeout` counts no longer.
    pub(super) has_begun: bool,
    waiters: Vec<Waiter<V, E>>,
    last_waiter: u64,
    /// It goes on when nobody waits any more.
    pub(super) anchored: bool,
    /// Its callers have their outcome: a later result may be stored, and no more.
    pub(super) over: bool,
    /// A store may have an entry of the key.
    pub(super) may_be_below: bool,
    /// An entry of a store that may answer if it fails, and that the memory did not keep.
    pub(super) spare: Option<Spare<V>>,
    /// The tags of what it brings, where its key says them.
    pub(super) tags: Option<Vec<Tag>>,
    /// State of the tags before the loader was called.
    pub(super) begun: Begun,
    /// The beginning of the load that brought what this one only keeps.
    pub(super) beginning: Option<Fence>,
    /// Its result is about to be on its way to the stores.
    #[cfg(feature = "tower")]
    pub(super) working: Option<super::tiers::Working>,
    /// The permits of its guards; `None` once they know how it went.
    pub(super) admission: Option<Admission>,
    /// Its place in the bulkhead, which a batch shares; `None` once it is given back.
    pub(super) place: Option<Arc<dyn Taken>>,
    /// The lock that it holds; its write takes it along.
    pub(super) lock: Option<Arc<dyn KeptLock>>,
}

impl<V: Clone, E> Flight<V, E> {
    pub(super) fn new(fence: Fence, purpose: Purpose, ttl: Option<Span>, anchors: bool) -> Self {
        let Purpose {
            background,
            is_beside,
            must_load,
        } = purpose;
        Self {
            fence,
            background,
            is_beside,
            must_load,
            ttl,
            cancel: Arc::default(),
            stop: Arc::default(),
            course: Mutex::new(Course {
                told: None,
                dismissal: None,
                has_begun: false,
                waiters: Vec::new(),
                last_waiter: 0,
                anchored: background || anchors,
                over: false,
                may_be_below: must_load,
                spare: None,
                tags: None,
                begun: Begun::Known(None),
                beginning: None,
                #[cfg(feature = "tower")]
                working: None,
                admission: None,
                place: None,
                lock: None,
            }),
        }
    }

    pub(super) fn course(&self) -> MutexGuard<'_, Course<V, E>> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fence that counts for its tags: what was invalidated after it concerns what it brings.
    pub(super) fn tagged_since(&self) -> Fence {
        self.course().beginning.unwrap_or(self.fence)
    }

    /// Gives the place in the bulkhead back, if it has one.
    pub(super) fn give_place_back(&self) {
        let place = self.course().place.take();
        drop(place);
    }

    /// Adds one who waits; gives its number, and where it hears the outcome.
    pub(super) fn wait(&self, joined: bool) -> (u64, oneshot::Receiver<Outcome<V, E>>) {
        let (sender, receiver) = oneshot::channel();
        let mut course = self.course();
        course.last_waiter += 1;
        let waiter = course.last_waiter;
        let dismissal = course.dismissal.as_ref().filter(|_| joined);
        match dismissal.or(course.told.as_ref()) {
            Some(outcome) => drop(sender.send(outcome.clone())),
            None => course.waiters.push(Waiter {
                number: waiter,
                joined,
                sender: Some(sender),
                bell: None,
            }),
        }
        (waiter, receiver)
    }

    /// Rings a bell for one who waits when it is told, or now if it was.
    pub(super) fn hang(&self, waiter: u64, bell: Box<dyn Ring>) {
        let mut course = self.course();
        let mut waiters = course.waiters.iter_mut();
        if let Some(waiter) = waiters.find(|other| other.number == waiter) {
            waiter.bell = Some(bell);
            return;
        }
        drop(course);
        bell.ring();
    }

    /// Takes one who waits out. When nobody is left and the load is not to go on for that, it is
    /// over: true then.
    pub(super) fn leave(&self, waiter: u64) -> bool {
        let mut course = self.course();
        let place = |other: &Waiter<V, E>| other.number == waiter;
        let left = course.waiters.iter().position(place);
        let mut left = left.map(|at| course.waiters.remove(at));
        if let Some(left) = &mut left {
            // It is the one who leaves.
            left.bell = None;
        }
        let has_left = left.is_some();
        let ends = has_left && course.waiters.is_empty() && !course.anchored && !course.over;
        course.over |= ends;
        ends
    }

    /// Ends it without an outcome, unless nobody needs one; gives those who wait.
    pub(super) fn give_up(&self) -> Option<Vec<Waiter<V, E>>> {
        let mut course = self.course();
        if course.told.is_some() || (course.over && course.waiters.is_empty()) {
            return None;
        }
        course.over = true;
        Some(std::mem::take(&mut course.waiters))
    }

    /// Tells those who only joined, now and later; the load goes on for its leader.
    #[cfg(feature = "tower")]
    pub(super) fn dismiss(&self, outcome: &Outcome<V, E>) {
        let dismissed = {
            let mut course = self.course();
            if course.told.is_some() || course.dismissal.is_some() {
                return;
            }
            course.dismissal = Some(outcome.clone());
            let waiters = std::mem::take(&mut course.waiters);
            let (joined, leaders) = waiters.into_iter().partition(|waiter| waiter.joined);
            course.waiters = leaders;
            let joined: Vec<_> = joined;
            joined
        };
        for waiter in dismissed {
            waiter.tell(outcome.clone());
        }
    }

    /// Tells everybody who waits; only the first outcome counts.
    pub(super) fn tell(&self, outcome: &Outcome<V, E>) {
        let waiters = {
            let mut course = self.course();
            if course.told.is_some() {
                return;
            }
            course.told = Some(outcome.clone());
            std::mem::take(&mut course.waiters)
        };
        for waiter in waiters {
            waiter.tell(outcome.clone());
        }
    }
}

impl<V, E> Outcome<V, E> {
    pub(super) fn failed(error: Error<E>) -> Self {
        Self::Failed(Cause::Error(error), None)
    }
}
