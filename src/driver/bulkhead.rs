//! The bulkhead of a policy: loads wait for a place before they start.

use super::bounds::{BoxFuture, Failure, Key, Value};
use super::cache::{Bound, Shared};
use super::error::Error;
use super::flight::{Flight, Taken};
use super::host::{Bell, Host, Ring};
use crate::config_error::ConfigError;
use crate::guard::bulkhead::{Bulkhead, BulkheadOptions, Ticket, Turn};
use crate::policy::Policy;
use crate::time::{MonotonicClock, Timestamp};
use futures::channel::oneshot;
use futures::future::select;
use std::boxed::Box;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

/// The places of a policy, and those who wait for one.
pub(super) struct Line {
    machine: Bulkhead,
    clock: MonotonicClock,
    /// Those who are to be woken when they are called.
    waiting: Vec<(Ticket, Box<dyn Ring>)>,
}

impl Line {
    pub(super) fn compile(given: BulkheadOptions) -> Result<Mutex<Self>, ConfigError> {
        Ok(Mutex::new(Self {
            machine: Bulkhead::compile(&given)?,
            clock: MonotonicClock::default(),
            waiting: Vec::new(),
        }))
    }

    /// Removes the bells of those who were called meanwhile.
    fn called(&mut self) -> Vec<Box<dyn Ring>> {
        let (machine, mut called) = (&self.machine, Vec::new());
        let waiting = mem::take(&mut self.waiting).into_iter();
        let still = waiting.filter_map(|(ticket, ring)| {
            if machine.is_called(ticket) {
                called.push(ring);
                return None;
            }
            Some((ticket, ring))
        });
        self.waiting = still.collect();
        called
    }
}

/// A load's place in the bulkhead of its policy, or its turn. Dropping it gives it back.
pub(super) struct Place<K: Key, V: Value, E: Failure> {
    shared: Arc<Shared<K, V, E>>,
    bound: Arc<Bound<K, V, E>>,
    ticket: Ticket,
}

impl<K: Key, V: Value, E: Failure> Place<K, V, E> {
    /// Waits for a place; `None` under a policy without a bulkhead. Whoever drops the wait leaves
    /// the queue.
    pub(super) async fn take(
        shared: &Arc<Shared<K, V, E>>,
        bound: &Arc<Bound<K, V, E>>,
    ) -> Result<Option<Self>, Error<E>> {
        let Some(line) = &bound.rules.bulkhead else {
            return Ok(None);
        };
        let policy = &bound.rules.policy;
        let patience = policy.timeout().unwrap_or(Policy::LEASE);
        let ticket = with(line, &*shared.host, |line, now| {
            line.machine.enter(policy.lease(), patience, now)
        });
        let place = Self {
            shared: Arc::clone(shared),
            bound: Arc::clone(bound),
            ticket: ticket.ok_or(Error::BulkheadFull)?,
        };
        loop {
            match place.look(line) {
                Turn::Runs => return Ok(Some(place)),
                Turn::Over => return Err(Error::BulkheadFull),
                Turn::Waits(until) => place.pause(line, until).await,
            }
        }
    }

    /// Keeps the place until the load has ended, in each of its flights.
    pub(super) fn hold_for<'a>(self, flights: impl IntoIterator<Item = &'a Arc<Flight<V, E>>>)
    where
        E: 'a,
        V: 'a,
    {
        let place: Arc<dyn Taken> = Arc::new(self);
        for flight in flights {
            flight.course().place = Some(Arc::clone(&place));
        }
    }

    fn look(&self, line: &Mutex<Line>) -> Turn {
        let lease = self.bound.rules.policy.lease();
        with(line, &*self.shared.host, |line, now| {
            line.machine.look(self.ticket, lease, now)
        })
    }

    /// Waits until it is called, and no longer than `until`.
    async fn pause(&self, line: &Mutex<Line>, until: Timestamp) {
        let host = &*self.shared.host;
        let Bell { rung, ring } = host.bell().unwrap_or_else(bell);
        let left = with(line, host, |line, now| {
            line.waiting.retain(|(ticket, _)| *ticket != self.ticket);
            line.waiting.push((self.ticket, ring));
            until.since(now)
        });
        select(host.sleep(left), rung).await;
    }
}

impl<K: Key, V: Value, E: Failure> Drop for Place<K, V, E> {
    fn drop(&mut self) {
        if let Some(line) = &self.bound.rules.bulkhead {
            with(line, &*self.shared.host, |line, now| {
                line.waiting.retain(|(ticket, _)| *ticket != self.ticket);
                line.machine.leave(self.ticket, now);
            });
        }
    }
}

impl<K: Key, V: Value, E: Failure> Taken for Place<K, V, E> {}

/// Does something with the line, and wakes those who are called by it.
fn with<R>(line: &Mutex<Line>, host: &dyn Host, act: impl FnOnce(&mut Line, Timestamp) -> R) -> R {
    let wall = host.now();
    let mut line: MutexGuard<'_, Line> = line.lock().unwrap_or_else(PoisonError::into_inner);
    let now = line.clock.observe(wall);
    let result = act(&mut line, now);
    let called = line.called();
    drop(line);
    for ring in called {
        ring.ring();
    }
    result
}

/// A bell for hosts where wakers do.
fn bell() -> Bell {
    let (sender, receiver) = oneshot::channel::<()>();
    let rung: BoxFuture<'static, ()> = Box::pin(async move {
        let _ = receiver.await;
    });
    Bell {
        rung,
        ring: Box::new(move || {
            let _ = sender.send(());
        }),
    }
}
