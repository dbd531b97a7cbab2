//! Calls for many keys at once: each has a flight of its own, and they are looked up and loaded
//! together.
//!
//! Calls are begun in one go. Those that have to load go on in one task, those that take over from
//! somebody else later go together as well, as far as they come at one time.

mod api;
mod results;
mod running;

pub use self::api::CallMany;
pub use self::results::BatchResults;

use self::running::run_together;
use super::bounds::{BoxFuture, Failure, Key, MaybeSend, MaybeSync, Value};
use super::cache::{Bound, Shared};
use super::calling::{Answered, Begun, Request, launch};
use super::error::Error;
use super::function::Loader;
use super::host::LoadContext;
use super::waiting::{Lease, Running, Ticket};
use crate::time::Span;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::vec::Vec;

/// A load of many keys on its way, and what it brings for each; `None` for nothing.
pub(super) type LoadingMany<V, E> = BoxFuture<'static, Result<Vec<Option<Result<V, E>>>, Error<E>>>;

/// A loader of many keys, with its future boxed.
pub(super) trait LoadMany<K, V, E>:
    Fn(Vec<K>, LoadContext) -> LoadingMany<V, E> + MaybeSend + MaybeSync
{
}
impl<K, V, E, F> LoadMany<K, V, E> for F where
    F: Fn(Vec<K>, LoadContext) -> LoadingMany<V, E> + MaybeSend + MaybeSync
{
}

/// The way in which keys are loaded.
pub(super) enum Loads<K, V, E> {
    Each(Arc<dyn Loader<K, V, E>>),
    Together(Arc<dyn LoadMany<K, V, E>>),
}

impl<K, V, E> Clone for Loads<K, V, E> {
    fn clone(&self) -> Self {
        match self {
            Self::Each(loader) => Self::Each(Arc::clone(loader)),
            Self::Together(loader) => Self::Together(Arc::clone(loader)),
        }
    }
}

/// The calls of one batch.
pub(super) struct Batch<'a, K: Key, V: Value, E: Failure> {
    shared: &'a Arc<Shared<K, V, E>>,
    requests: Vec<Request<'a, K, V, E>>,
    loads: Loads<K, V, E>,
}

/// The part of a call that takes time.
enum Pending<K: Key, V: Value, E: Failure> {
    Wait(Ticket<K, V, E>, Option<Lease>),
    Reject(Error<E>),
}

/// The calls that have just begun.
struct Round<K: Key, V: Value, E: Failure> {
    answers: Vec<(usize, Answered<V, E>)>,
    pending: Vec<(usize, Pending<K, V, E>)>,
    /// Loads that callers wait for, and refreshes, which must not keep them waiting.
    awaited: Vec<Running<K, V, E>>,
    refreshes: Vec<Running<K, V, E>>,
    /// Those of loads that others lead, by the time that is left of them.
    leases: BTreeMap<Span, Lease>,
}

impl<K: Key, V: Value, E: Failure> Round<K, V, E> {
    /// The lease of which so much is left.
    fn lease(&mut self, left: Span) -> Lease {
        let lease = self.leases.entry(left);
        lease
            .or_insert_with(|| Lease {
                left,
                shared: Some(Arc::default()),
            })
            .clone()
    }
}

impl<'a, K: Key, V: Value, E: Failure> Batch<'a, K, V, E> {
    pub(super) fn new(
        shared: &'a Arc<Shared<K, V, E>>,
        bound: &'a Arc<Bound<K, V, E>>,
        keys: &'a [K],
        ttl: Option<Span>,
        loads: Loads<K, V, E>,
    ) -> Self {
        let requests = keys.iter();
        let requests = requests.map(|key| Request::new(shared, bound, key).ttl(ttl));
        Self {
            shared,
            requests: requests.collect(),
            loads,
        }
    }

    /// Answers all, in the order of their keys.
    pub(super) async fn answer(&self) -> Vec<Answered<V, E>> {
        let mut answers: Vec<Option<Answered<V, E>>> = Vec::new();
        answers.resize_with(self.requests.len(), || None);
        let mut waits = FuturesUnordered::new();
        let mut due: Vec<usize> = (0..self.requests.len()).collect();
        let mut is_first = true;
        loop {
            let round = self.begin(&due, is_first);
            is_first = false;
            for (at, answer) in round.answers {
                answers[at] = Some(answer);
            }
            let pending = round.pending.into_iter();
            waits.extend(pending.map(|(at, pending)| self.wait(at, pending)));
            for loads in [round.awaited, round.refreshes] {
                if !loads.is_empty() {
                    let task = run_together(loads, self.loads.clone());
                    launch(&*self.shared.host, task).await;
                }
            }
            due.clear();
            if waits.is_empty() {
                break;
            }
            // As many as have come, so that those who take over do so together.
            poll_fn(|context| {
                let mut have_come = false;
                while let Poll::Ready(Some((at, answer))) = waits.poll_next_unpin(context) {
                    have_come = true;
                    match answer {
                        Some(answer) => answers[at] = Some(answer),
                        None => due.push(at),
                    }
                }
                if have_come {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
        }
        let answers = answers.into_iter();
        answers
            .map(|answer| answer.expect("every call was answered"))
            .collect()
    }

    /// Begins these calls.
    fn begin(&self, due: &[usize], is_first: bool) -> Round<K, V, E> {
        let mut round = Round {
            answers: Vec::new(),
            pending: Vec::new(),
            awaited: Vec::new(),
            refreshes: Vec::new(),
            leases: BTreeMap::new(),
        };
        for &at in due {
            let request = &self.requests[at];
            if is_first
                && request.bound.rules.counts_calls
                && let Err(refused) = request.admit_call()
            {
                round.pending.push((at, Pending::Reject(refused)));
                continue;
            }
            match request.begin() {
                Begun::Answer(answer) => round.answers.push((at, answer)),
                Begun::AnswerAndLead(answer, load) => {
                    round.answers.push((at, answer));
                    round.refreshes.push(Running(load));
                }
                Begun::Lead(load, ticket) => {
                    round.awaited.push(Running(load));
                    round.pending.push((at, Pending::Wait(ticket, None)));
                }
                Begun::Wait(ticket, left) => {
                    let lease = round.lease(left);
                    round.pending.push((at, Pending::Wait(ticket, Some(lease))));
                }
            }
        }
        round
    }

    /// Waits for the answer of a call; without one it has to begin again.
    async fn wait(&self, at: usize, pending: Pending<K, V, E>) -> (usize, Option<Answered<V, E>>) {
        let request = &self.requests[at];
        let answer = match pending {
            Pending::Wait(ticket, lease) => request.wait(ticket, lease).await,
            Pending::Reject(error) => Some(request.reject(error).await),
        };
        (at, answer)
    }
}
