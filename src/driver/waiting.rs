//! Waiting for a load, and running it.

use super::answer::{Answer, Source, Times};
use super::bounds::{BoxFuture, Failure, Key, Value};
use super::bulkhead::Place;
use super::error::{Cause, Error};
use super::event::Event;
use super::flight::{Brought, Outcome};
use super::function::{Loading, Thunk};
use super::host::{Bell, Host};
use super::landing::Load;
use super::leading::Leading;
use super::locks::locked;
use super::looking::Looked;
use super::rules::Rules;
use crate::time::Span;
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{Either, Shared, select};
use std::boxed::Box;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

/// A caller's place among those who wait for a load. Dropping it gives the place up.
pub(super) struct Ticket<K: Key, V: Value, E: Failure> {
    load: Load<K, V, E>,
    waiter: u64,
    outcome: oneshot::Receiver<Outcome<V, E>>,
    /// An entry may answer if the load is slow.
    pub(super) has_fallback: bool,
}

/// The rest of the lease of a load that another caller leads.
#[derive(Clone)]
pub(super) struct Lease {
    pub(super) left: Span,
    /// The timer, where several wait for it: they are to take over together.
    pub(super) shared: Option<Arc<OnceLock<Timer>>>,
}

/// A timer that several wait for.
pub(super) type Timer = Shared<BoxFuture<'static, ()>>;

impl Lease {
    fn timer(self, host: &dyn Host) -> BoxFuture<'static, ()> {
        let sleep = || host.sleep(self.left);
        match &self.shared {
            None => sleep(),
            Some(timer) => Box::pin(timer.get_or_init(|| sleep().shared()).clone()),
        }
    }
}

/// The end of a wait.
pub(super) enum Waited<V, E> {
    Outcome(Outcome<V, E>),
    Answer(Answer<V, E>),
    LeaseEnded,
    /// The load was dropped by its host.
    Dropped,
}

impl<K: Key, V: Value, E: Failure> Ticket<K, V, E> {
    /// Taken while the state is locked, so that nobody joins a load that is just abandoned.
    ///
    /// `joined`: the load is another caller's.
    pub(super) fn new(load: Load<K, V, E>, has_fallback: bool, joined: bool) -> Self {
        let (waiter, outcome) = load.flight.wait(joined);
        Self {
            load,
            waiter,
            outcome,
            has_fallback,
        }
    }

    /// Waits for the outcome, for `failover` if an `entry` then answers, or for the end of the lease,
    /// whichever is first.
    pub(super) async fn wait(
        mut self,
        host: &dyn Host,
        failover: Option<Span>,
        lease: Option<Lease>,
        entry: impl Fn() -> Option<Answer<V, E>>,
    ) -> Waited<V, E> {
        // The usual case has no need of timers.
        if let Some(outcome) = (&mut self.outcome).now_or_never() {
            return outcome.map_or(Waited::Dropped, Waited::Outcome);
        }
        let mut rung = lease.as_ref().and_then(|_| self.bell(host));
        let mut failover = failover.map(|span| host.sleep(span));
        let mut lease = lease.map(|lease| lease.timer(host));
        let waited = poll_fn(|context| {
            let is_told = match &mut rung {
                Some(rung) => rung.poll_unpin(context).is_ready(),
                None => true,
            };
            if is_told && let Poll::Ready(outcome) = self.outcome.poll_unpin(context) {
                return Poll::Ready(outcome.map_or(Waited::Dropped, Waited::Outcome));
            }
            if let Some(timer) = &mut failover
                && timer.poll_unpin(context).is_ready()
            {
                failover = None;
                if let Some(answer) = entry() {
                    return Poll::Ready(Waited::Answer(answer));
                }
            }
            match &mut lease {
                Some(timer) => timer.poll_unpin(context).map(|()| Waited::LeaseEnded),
                None => Poll::Pending,
            }
        });
        let waited = waited.await;
        if matches!(waited, Waited::Answer(_)) {
            // The load goes on without a caller: its result refreshes the entry.
            self.load.flight.course().anchored = true;
        }
        waited
    }

    /// The bell of a caller that another request's load cannot wake.
    fn bell(&self, host: &dyn Host) -> Option<BoxFuture<'static, ()>> {
        let Bell { rung, ring } = host.bell()?;
        self.load.flight.hang(self.waiter, ring);
        Some(rung)
    }
}

impl<K: Key, V: Value, E: Failure> Drop for Ticket<K, V, E> {
    fn drop(&mut self) {
        self.load.leave(self.waiter);
    }
}

/// Ends a load when its task is dropped before it is done.
pub(super) struct Running<K: Key, V: Value, E: Failure>(pub(super) Load<K, V, E>);

impl<K: Key, V: Value, E: Failure> Drop for Running<K, V, E> {
    fn drop(&mut self) {
        self.0.dropped();
        // If it is held: what was written has taken it along.
        let lock = self.0.flight.course().lock.take();
        drop(lock);
    }
}

/// Runs a load: whatever happens, those who wait have an outcome.
pub(super) async fn run<K: Key, V: Value, E: Failure>(
    load: Load<K, V, E>,
    thunk: Option<Thunk<V, E>>,
) {
    let mut running = Running(load);
    if let Some(look) = running.0.shared.look
        && !running.0.flight.must_load
    {
        match look(running).await {
            Some(free) => running = free,
            None => return,
        }
    }
    load_alone(running, thunk).await;
}

/// Does what comes before a load in a cache with stores: see [`look_first`].
pub(super) type LookFirst<K, V, E> =
    fn(Running<K, V, E>) -> BoxFuture<'static, Option<Running<K, V, E>>>;

/// Asks the stores, and takes the lock of a load whose policy wants one; gives the load if it is to
/// go on. A cache without stores has no pointer to it, and a program without any not its code.
pub(super) fn look_first<K: Key, V: Value, E: Failure>(
    mut running: Running<K, V, E>,
) -> BoxFuture<'static, Option<Running<K, V, E>>> {
    Box::pin(async move {
        match running.0.look().await {
            Looked::Over => return None,
            Looked::Nothing => {}
            Looked::GoesOn(flight) => {
                let load = running.0.with(flight);
                running = Running(load);
            }
        }
        if !running.0.renew() {
            return None;
        }
        locked(running).await
    })
}

/// Runs a load that the stores have nothing for.
pub(super) async fn load_alone<K: Key, V: Value, E: Failure>(
    running: Running<K, V, E>,
    thunk: Option<Thunk<V, E>>,
) {
    let load = &running.0;
    if load.bound.rules.has_tags() && !load.begin_tags().await {
        return;
    }
    let entered = match load.bound.rules.enter {
        Some(enter) => enter(load).await,
        None => Some(Ok(())),
    };
    let Some(entered) = entered else { return };
    if let Err(refused) = entered.and_then(|()| load.admit()) {
        // Its place is not needed any more.
        load.flight.give_place_back();
        return refuse(load, refused).await;
    }
    let result = match call(load, thunk) {
        Ok(loading) => within(load, loading).await,
        Err(error) => Some(Err(error)),
    };
    if let Some(result) = result {
        let (outcome, write) = load.landed(result);
        load.flight.tell(&outcome);
        load.send(write);
    }
}

/// Waits for a place in a bulkhead: see [`enter`].
pub(super) type Enter<K, V, E> =
    for<'a> fn(&'a Load<K, V, E>) -> BoxFuture<'a, Option<Result<(), Error<E>>>>;

/// Waits for a place in the bulkhead of the policy; `None` once nobody wants the load any more. Only
/// policies with a bulkhead have a pointer to it, and only programs with one its code.
pub(super) fn enter<K: Key, V: Value, E: Failure>(
    load: &Load<K, V, E>,
) -> BoxFuture<'_, Option<Result<(), Error<E>>>> {
    Box::pin(entered(load))
}

async fn entered<K: Key, V: Value, E: Failure>(
    load: &Load<K, V, E>,
) -> Option<Result<(), Error<E>>> {
    if let Err(refused) = load.check() {
        return Some(Err(refused));
    }
    let stopped = pin!(Arc::clone(&load.flight.stop).cancelled());
    let entering = pin!(Place::take(&load.shared, &load.bound));
    let place = match select(entering, stopped).await {
        Either::Left((Ok(place), _)) => place,
        Either::Left((Err(refused), _)) => return Some(Err(refused)),
        Either::Right(_) => return None,
    };
    if !load.renew() {
        return None;
    }
    if let Some(place) = place {
        place.hold_for([&load.flight]);
    }
    Some(Ok(()))
}

/// Calls the loader, which need not have begun anything yet.
fn call<K: Key, V: Value, E: Failure>(
    load: &Load<K, V, E>,
    thunk: Option<Thunk<V, E>>,
) -> Result<Loading<V, E>, Error<E>> {
    let leading = Leading::new(&load.flight);
    let thunk = thunk.ok_or(Error::Dropped)?;
    catch_unwind(AssertUnwindSafe(|| thunk(leading))).map_err(|_| Error::Panicked)
}

/// The time that a load may take. Its timer begins with the first look at it: after the load, whose
/// own timers go off first.
pub(super) struct Timeout {
    span: Option<Span>,
    timer: Option<BoxFuture<'static, ()>>,
}

impl Timeout {
    pub(super) const fn new(span: Option<Span>) -> Self {
        Self { span, timer: None }
    }

    /// True once: when it is over.
    pub(super) fn has_ended(&mut self, host: &dyn Host, context: &mut Context<'_>) -> bool {
        if let Some(span) = self.span.take() {
            self.timer = Some(host.sleep(span));
        }
        let timer = self.timer.as_mut();
        let has_ended = timer.is_some_and(|timer| timer.poll_unpin(context).is_ready());
        if has_ended {
            self.timer = None;
        }
        has_ended
    }
}

/// The result of a load; `None` for one that was given up. Its timeout is told meanwhile.
async fn within<K: Key, V: Value, E: Failure>(
    load: &Load<K, V, E>,
    loading: Loading<V, E>,
) -> Option<Result<V, Error<E>>> {
    let rules = &load.bound.rules;
    let mut loading = pin!(AssertUnwindSafe(loading).catch_unwind());
    let mut stopped = pin!(Arc::clone(&load.flight.stop).cancelled());
    let mut timeout = Timeout::new(rules.policy.timeout());
    poll_fn(|context| {
        if let Poll::Ready(result) = loading.as_mut().poll(context) {
            return Poll::Ready(Some(result.unwrap_or(Err(Error::Panicked))));
        }
        if timeout.has_ended(&*load.shared.host, context) {
            // Its caller has what has come, and it may take as long as that does.
            if load.flight.course().has_begun {
                return Poll::Pending;
            }
            let outcome = load.failed(Cause::Error(Error::Timeout));
            load.flight.tell(&outcome);
            load.unlock();
            load.flight.cancel.cancel();
            if !rules.keeps_loading {
                return Poll::Ready(None);
            }
        }
        if !rules.keeps_loading && stopped.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        Poll::Pending
    })
    .await
}

/// Ends a load that guards refuse.
pub(super) async fn refuse<K: Key, V: Value, E: Failure>(load: &Load<K, V, E>, error: Error<E>) {
    load.shared.tell(&load.key, Event::Reject(&error));
    let cause = Cause::Error(error.clone());
    let outcome = match load.refused(&cause) {
        Some(outcome) => outcome,
        None => rejected(&load.bound.rules, error).await,
    };
    load.flight.tell(&outcome);
}

/// The outcome of a refusal with nothing to serve: the result of `on_reject`, or the error.
pub(super) async fn rejected<K: Key, V: Value, E: Failure>(
    rules: &Rules<K, V, E>,
    error: Error<E>,
) -> Outcome<V, E> {
    let Some(given) = rules.on_reject(&error) else {
        return Outcome::failed(error);
    };
    match AssertUnwindSafe(given).catch_unwind().await {
        Ok(Ok(value)) => Outcome::Value(Brought {
            value,
            source: Source::ErrorFallback,
            times: Times::default(),
            tier: None,
            cause: Some(Cause::Error(error)),
        }),
        Ok(Err(thrown)) => Outcome::failed(Error::of_load(thrown)),
        Err(_) => Outcome::failed(Error::Panicked),
    }
}
