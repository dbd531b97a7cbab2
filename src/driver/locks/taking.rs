//! Taking the lock of a load, or waiting for its holder.

use super::{KeptLock, Locking};
use crate::driver::bounds::{Failure, Key, Value};
use crate::driver::error::Error;
use crate::driver::landing::Load;
use crate::driver::locks::polling::Polling;
use crate::driver::looking::Looked;
use crate::driver::waiting::{Running, refuse};
use crate::time::Span;
use futures::future::{Either, select};
use std::pin::pin;
use std::sync::Arc;

/// A load that wants a lock, and has not got it yet.
pub(in crate::driver) struct Taking<K: Key, V: Value, E: Failure> {
    running: Running<K, V, E>,
    rules: Locking,
    name: Arc<str>,
    lock: Arc<dyn KeptLock>,
    polling: Polling,
    has_looked: bool,
}

/// The result of looking for a lock.
pub(in crate::driver) enum Look<K: Key, V: Value, E: Failure> {
    /// The load goes on: under the lock, or without one that is not to be had.
    Free(Running<K, V, E>),
    /// Another instance has it.
    Taken(Taking<K, V, E>),
    /// The load is over: a store had the entry, or nobody waits for it.
    Over,
}

/// Takes the lock of a load if its policy wants one, or waits for its holder; gives the load if it is
/// to go on.
pub(in crate::driver) async fn locked<K: Key, V: Value, E: Failure>(
    running: Running<K, V, E>,
) -> Option<Running<K, V, E>> {
    locked_after(Look::of(running)).await
}

/// The same, after a look.
pub(in crate::driver) async fn locked_after<K: Key, V: Value, E: Failure>(
    mut look: Look<K, V, E>,
) -> Option<Running<K, V, E>> {
    loop {
        match look {
            Look::Free(running) => return Some(running),
            Look::Taken(taking) => look = taking.next().await,
            Look::Over => return None,
        }
    }
}

impl<K: Key, V: Value, E: Failure> Look<K, V, E> {
    /// The beginning: free for what wants no lock.
    pub(in crate::driver) fn of(running: Running<K, V, E>) -> Self {
        let load = &running.0;
        let Some(rules) = load.bound.rules.lock else {
            return Self::Free(running);
        };
        let Some((lower, name)) = load.shared.below(&load.key) else {
            return Self::Free(running);
        };
        let Some(lock) = lower.lock(&name, rules.ttl) else {
            return Self::Free(running);
        };
        Self::Taken(Taking {
            running,
            rules,
            name,
            lock,
            polling: Polling::new(rules.wait),
            has_looked: false,
        })
    }
}

impl<K: Key, V: Value, E: Failure> Taking<K, V, E> {
    /// Looks for the lock: at once the first time, later after a pause.
    pub(in crate::driver) async fn next(mut self) -> Look<K, V, E> {
        if self.has_looked {
            let Some(pause) = self.polling.next(self.load().shared.host.roll()) else {
                return self.give_up().await;
            };
            if !self.pause(pause).await {
                return Look::Over;
            }
        }
        if !self.load().renew() {
            return Look::Over;
        }
        // Before the first look the stores have just been read.
        if self.has_looked {
            self = match self.read_again().await {
                Ok(taking) => taking,
                Err(look) => return look,
            };
        }
        self.has_looked = true;
        match self.lock.take().await {
            Some(true) => {}
            Some(false) => return Look::Taken(self),
            // It is down, which was reported; it may have set the lock all the same.
            None => return self.without(),
        }
        // The last holder may have stored its value between the two operations.
        match self.read_again().await {
            Ok(taking) => taking.under(),
            Err(look) => look,
        }
    }

    fn load(&self) -> &Load<K, V, E> {
        &self.running.0
    }

    /// Sleeps, and keeps the flight's lease meanwhile; false once nobody waits for it.
    async fn pause(&self, mut left: Span) -> bool {
        let load = self.load();
        while !left.is_zero() {
            if !load.renew() {
                return false;
            }
            let part = left.min(self.rules.pulse);
            let stopped = pin!(Arc::clone(&load.flight.stop).cancelled());
            let asleep = load.shared.host.sleep(part);
            if let Either::Right(_) = select(asleep, stopped).await {
                return false;
            }
            left = left.minus(part);
        }
        true
    }

    /// Reads what the store has now; gives the way on if that is an answer.
    async fn read_again(self) -> Result<Self, Look<K, V, E>> {
        let load = self.load();
        let Some(lower) = &load.shared.lower else {
            return Ok(self);
        };
        let found = lower.read_locked(&self.name).await;
        let Some(found) = found.filter(|found| found.age < found.lifetime.ttl) else {
            return Ok(self);
        };
        match load.use_found(&self.name, found) {
            Looked::Nothing => Ok(self),
            Looked::Over => {
                self.lock.release().await;
                Err(Look::Over)
            }
            Looked::GoesOn(flight) => {
                self.lock.release().await;
                let load = self.load().with(flight);
                Err(Look::of(Running(load)))
            }
        }
    }

    /// The load goes on under the lock, which its landing gives back.
    fn under(self) -> Look<K, V, E> {
        let Self { running, lock, .. } = self;
        if !running.0.renew() {
            return Look::Over;
        }
        running.0.flight.course().lock = Some(lock);
        Look::Free(running)
    }

    fn without(self) -> Look<K, V, E> {
        let Self { running, .. } = self;
        if running.0.renew() {
            Look::Free(running)
        } else {
            Look::Over
        }
    }

    /// It has waited for long enough.
    async fn give_up(self) -> Look<K, V, E> {
        if !self.rules.fails || !self.load().renew() {
            return self.without();
        }
        let waited = self.rules.wait;
        refuse(self.load(), Error::LockTimeout { waited }).await;
        Look::Over
    }
}
