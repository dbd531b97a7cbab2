//! A host in virtual time.

use super::waking::{Ready, TaskWaker};
use crate::driver::bounds::{BoxFuture, MaybeSend, opaque};
use crate::driver::host::{Bell, Host};
use crate::time::{Span, Timestamp};
use std::boxed::Box;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// The wall clock when a host begins, in milliseconds since the Unix epoch.
const START: u64 = 1_700_000_000_000;

pub(super) type TaskId = u64;

/// A host whose time moves only when it is told to. Clones are the same host.
///
/// At one time, timers go off in the order in which they were armed, and what one of them wakes
/// runs before the next.
#[derive(Clone, Default)]
pub struct Virtual {
    world: Arc<Mutex<World>>,
    ready: Arc<Ready>,
}

/// A request: its tasks go with it when it [vanishes](Virtual::vanish).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Request(TaskId);

#[derive(Default)]
struct World {
    elapsed: u64,
    /// The milliseconds that were added to the wall clock.
    shift: i64,
    roll: f64,
    anchors: bool,
    joins_requests: bool,
    last: u64,
    timers: BTreeMap<(u64, u64), (Request, Arc<Timer>)>,
    tasks: HashMap<TaskId, Task>,
    gone: HashSet<Request>,
}

struct Task {
    request: Request,
    /// Absent while it is polled.
    future: Option<BoxFuture<'static, ()>>,
}

impl Virtual {
    /// A host at the beginning of its time.
    #[must_use]
    pub fn new() -> Self {
        let host = Self::default();
        host.world().roll = 0.5;
        host.world().joins_requests = true;
        host
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time since it began.
    #[must_use]
    pub fn elapsed(&self) -> Span {
        Span::from_millis(self.world().elapsed)
    }

    /// Sets what [`Host::roll`] gives from now on. At first it gives 0.5.
    pub fn set_roll(&self, roll: f64) {
        self.world().roll = roll;
    }

    /// Sets what [`Host::anchors`] gives. At first it gives false.
    pub fn set_anchors(&self, anchors: bool) {
        self.world().anchors = anchors;
    }

    /// Isolates requests from now on, as Workers do: no request can wake another's task, but for a
    /// [`Host::bell`]. Loads are anchored then.
    pub fn isolate(&self) {
        *self.ready.isolated() = Some(0);
    }

    /// The number of wakes that were lost since [`Virtual::isolate`], as they were another request's.
    #[must_use]
    pub fn lost_wakes(&self) -> u32 {
        self.ready.isolated().unwrap_or(0)
    }

    /// Sets what [`Host::joins_requests`] gives. At first it gives true.
    pub fn set_joins_requests(&self, joins: bool) {
        self.world().joins_requests = joins;
    }

    /// Moves the wall clock by so many milliseconds; time goes on as before.
    pub fn step_clock(&self, millis: i64) {
        self.world().shift += millis;
    }

    /// Begins a request, which runs until it first waits.
    pub fn start(&self, request: impl Future<Output = ()> + MaybeSend + 'static) -> Request {
        let id = self.add(None, Box::pin(request));
        self.poll(id);
        Request(id)
    }

    /// Drops the future of a request, as callers do that no longer wait.
    pub fn cancel(&self, request: Request) {
        let task = {
            let mut world = self.world();
            self.ready.enter(Some(request));
            world.tasks.remove(&request.0)
        };
        drop(task);
        self.ready.enter(None);
    }

    /// Has a request vanish as Workers let them: nothing that it began goes on, and nothing of it
    /// is dropped either.
    pub fn vanish(&self, request: Request) {
        self.world().gone.insert(request);
    }

    /// Runs everything that is due within `span`, and moves time there.
    pub fn advance(&self, span: Span) {
        let limit = self.world().elapsed.saturating_add(span.as_millis());
        self.run_ready();
        while self.fire_next(limit) {
            self.run_ready();
        }
        self.world().elapsed = limit;
    }

    /// Runs a future to its end, moving time whenever everything waits.
    ///
    /// # Panics
    /// If it waits for something that never happens.
    pub fn run<T: MaybeSend + 'static>(
        &self,
        future: impl Future<Output = T> + MaybeSend + 'static,
    ) -> T {
        let result = Arc::new(Mutex::new(None));
        let place = Arc::clone(&result);
        self.start(async move {
            let value = future.await;
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        });
        loop {
            self.run_ready();
            let value = result.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(value) = value {
                return value;
            }
            assert!(self.fire_next(u64::MAX), "it waits for ever");
        }
    }

    fn add(&self, request: Option<Request>, future: BoxFuture<'static, ()>) -> TaskId {
        let mut world = self.world();
        world.last += 1;
        let id = world.last;
        let request = request.unwrap_or(Request(id));
        let future = Some(future);
        world.tasks.insert(id, Task { request, future });
        id
    }

    fn run_ready(&self) {
        while let Some(id) = self.ready.next() {
            self.poll(id);
        }
    }

    fn poll(&self, id: TaskId) {
        let (before, request, mut future) = {
            let mut world = self.world();
            let World { tasks, gone, .. } = &mut *world;
            let Some(task) = tasks
                .get_mut(&id)
                .filter(|task| !gone.contains(&task.request))
            else {
                return;
            };
            let Some(future) = task.future.take() else {
                return;
            };
            let request = task.request;
            (self.ready.enter(Some(request)), request, future)
        };
        let ready = Arc::clone(&self.ready);
        let waker = Waker::from(Arc::new(TaskWaker { id, request, ready }));
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        let mut world = self.world();
        match world.tasks.get_mut(&id) {
            Some(task) if polled.is_pending() => task.future = Some(future),
            _ => {
                world.tasks.remove(&id);
                drop(world);
                // What it does when it is dropped is still the request's doing.
                drop(future);
                world = self.world();
            }
        }
        drop(world);
        self.ready.enter(before);
    }

    /// Fires the timer that is due next, no later than `limit`.
    fn fire_next(&self, limit: u64) -> bool {
        loop {
            let mut world = self.world();
            let Some((&(due, order), _)) = world.timers.first_key_value() else {
                return false;
            };
            if due > limit {
                return false;
            }
            let (request, timer) = world.timers.remove(&(due, order)).expect("the first one");
            world.elapsed = world.elapsed.max(due);
            let is_gone = world.gone.contains(&request);
            drop(world);
            if !is_gone && timer.fire() {
                return true;
            }
        }
    }
}

impl Host for Virtual {
    fn now(&self) -> Timestamp {
        let world = self.world();
        Timestamp::from_millis((START + world.elapsed).saturating_add_signed(world.shift))
    }

    fn roll(&self) -> f64 {
        self.world().roll
    }

    fn sleep(&self, span: Span) -> BoxFuture<'static, ()> {
        let mut world = self.world();
        world.last += 1;
        let at = (world.elapsed.saturating_add(span.as_millis()), world.last);
        let timer = Arc::new(Timer::default());
        let request = self.ready.current().unwrap_or(Request(0));
        world.timers.insert(at, (request, Arc::clone(&timer)));
        Box::pin(Sleep(timer))
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        let current = self.ready.current();
        let id = self.add(current, task);
        self.ready.push(id);
    }

    fn anchors(&self) -> bool {
        self.world().anchors || self.ready.isolated().is_some()
    }

    fn bell(&self) -> Option<Bell> {
        (*self.ready.isolated())?;
        let (ready, timer) = (Arc::clone(&self.ready), Arc::new(Timer::default()));
        let bell = Arc::clone(&timer);
        let ring = move || {
            // By the host, not by the request that runs.
            let before = ready.enter(None);
            bell.fire();
            ready.enter(before);
        };
        Some(Bell {
            rung: Box::pin(Sleep(timer)),
            ring: Box::new(ring),
        })
    }

    fn joins_requests(&self) -> bool {
        self.world().joins_requests
    }
}

/// A timer: whether it went off, and who waits for that.
#[derive(Default)]
struct Timer {
    is_dropped: AtomicBool,
    has_fired: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Timer {
    /// Goes off, unless nobody has it any more.
    fn fire(&self) -> bool {
        if self.is_dropped.load(Ordering::Acquire) {
            return false;
        }
        self.has_fired.store(true, Ordering::Release);
        let waker = self
            .waker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }
}

struct Sleep(Arc<Timer>);

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0.has_fired.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        let mut waker = self.0.waker.lock().unwrap_or_else(PoisonError::into_inner);
        *waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.0.is_dropped.store(true, Ordering::Release);
    }
}

opaque! { Virtual<> }
