//! Waking the tasks of a host in virtual time, as far as one request may wake another's.

use super::virtual_host::{Request, TaskId};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Wake;

/// The part that wakers have: unlike tasks, they are `Send` everywhere.
#[derive(Default)]
pub(super) struct Ready {
    queue: Mutex<VecDeque<TaskId>>,
    /// The request that runs.
    current: Mutex<Option<Request>>,
    /// If requests are isolated from each other, the number of wakes that were lost for that.
    isolated: Mutex<Option<u32>>,
}

pub(super) struct TaskWaker {
    pub(super) id: TaskId,
    pub(super) request: Request,
    pub(super) ready: Arc<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        let current = self.ready.current();
        let is_foreign = current.is_some_and(|current| current != self.request);
        if is_foreign && let Some(lost) = &mut *self.ready.isolated() {
            *lost += 1;
            return;
        }
        self.ready.push(self.id);
    }
}

fn locked<T>(part: &Mutex<T>) -> MutexGuard<'_, T> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ready {
    fn queue(&self) -> MutexGuard<'_, VecDeque<TaskId>> {
        locked(&self.queue)
    }

    pub(super) fn isolated(&self) -> MutexGuard<'_, Option<u32>> {
        locked(&self.isolated)
    }

    pub(super) fn current(&self) -> Option<Request> {
        *locked(&self.current)
    }

    /// Says which request runs from now on; gives the one before.
    pub(super) fn enter(&self, request: Option<Request>) -> Option<Request> {
        std::mem::replace(&mut *locked(&self.current), request)
    }

    pub(super) fn push(&self, id: TaskId) {
        let mut queue = self.queue();
        if !queue.contains(&id) {
            queue.push_back(id);
        }
    }

    pub(super) fn next(&self) -> Option<TaskId> {
        self.queue().pop_front()
    }
}
