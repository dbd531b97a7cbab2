//! One running load, as the driver sees it; whether it leads its key is the machine's to say.

use super::answer::{Source, Times};
use super::error::{Cause, Error};
use super::guards::Admission;
use super::host::Cancel;
use crate::fence::Fence;
use crate::time::Span;
use futures::channel::oneshot;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

/// The end of a load for those who wait for it.
pub(super) enum Outcome<V, E> {
    /// A value, what it is to its leader, and its times if it is an entry now.
    Value(V, Source, Times, Option<Cause<V, E>>),
    /// A failure, and the entry that may answer instead.
    Failed(Cause<V, E>, Option<(V, Times)>),
}

impl<V: Clone, E> Clone for Outcome<V, E> {
    fn clone(&self) -> Self {
        match self {
            Self::Value(value, source, times, cause) => {
                Self::Value(value.clone(), *source, *times, cause.clone())
            }
            Self::Failed(cause, held) => Self::Failed(cause.clone(), held.clone()),
        }
    }
}

pub(super) struct Flight<V, E> {
    pub(super) fence: Fence,
    pub(super) background: bool,
    /// The call's own ttl for what it brings.
    pub(super) ttl: Option<Span>,
    /// For its loader.
    pub(super) cancel: Arc<Cancel>,
    /// For the task that runs it.
    pub(super) stop: Arc<Cancel>,
    course: Mutex<Course<V, E>>,
}

/// One who waits: its number, and where it hears the outcome.
type Waiter<V, E> = (u64, oneshot::Sender<Outcome<V, E>>);

/// The part that changes while it runs.
pub(super) struct Course<V, E> {
    told: Option<Outcome<V, E>>,
    waiters: Vec<Waiter<V, E>>,
    last_waiter: u64,
    /// It goes on when nobody waits any more.
    pub(super) anchored: bool,
    /// Its callers have their outcome: what comes later may be stored, and no more.
    pub(super) over: bool,
    /// The permits of its guards; `None` once they know how it went.
    pub(super) admission: Option<Admission>,
}

impl<V: Clone, E> Flight<V, E> {
    pub(super) fn new(fence: Fence, background: bool, ttl: Option<Span>, anchors: bool) -> Self {
        Self {
            fence,
            background,
            ttl,
            cancel: Arc::default(),
            stop: Arc::default(),
            course: Mutex::new(Course {
                told: None,
                waiters: Vec::new(),
                last_waiter: 0,
                anchored: background || anchors,
                over: false,
                admission: None,
            }),
        }
    }

    pub(super) fn course(&self) -> MutexGuard<'_, Course<V, E>> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one who waits; gives its number, and where it hears the outcome.
    pub(super) fn wait(&self) -> (u64, oneshot::Receiver<Outcome<V, E>>) {
        let (sender, receiver) = oneshot::channel();
        let mut course = self.course();
        course.last_waiter += 1;
        let waiter = course.last_waiter;
        match &course.told {
            Some(outcome) => drop(sender.send(outcome.clone())),
            None => course.waiters.push((waiter, sender)),
        }
        (waiter, receiver)
    }

    /// Takes one who waits out. When nobody is left and the load is not to go on for that, it is
    /// over: true then.
    pub(super) fn leave(&self, waiter: u64) -> bool {
        let mut course = self.course();
        let before = course.waiters.len();
        course.waiters.retain(|(other, _)| *other != waiter);
        let has_left = course.waiters.len() < before;
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
        for (_, waiter) in waiters {
            // Those who left meanwhile do not listen.
            let _ = waiter.send(outcome.clone());
        }
    }
}

impl<V, E> Outcome<V, E> {
    pub(super) fn failed(error: Error<E>) -> Self {
        Self::Failed(Cause::Error(error), None)
    }
}
