//! Loads that run together: the stores are read, guards are asked and the loader is called once for
//! all of them. What becomes of each is its own flight's.

use super::{LoadMany, LoadingMany, Loads};
use crate::driver::bounds::{Failure, Key, Value};
use crate::driver::bulkhead::Place;
use crate::driver::calling::launch;
use crate::driver::error::{Cause, Error};
use crate::driver::guards::refusal;
use crate::driver::host::{Cancel, LoadContext};
use crate::driver::leading::Leading;
use crate::driver::locks::{Look, locked_after};
use crate::driver::looking::Looked;
use crate::driver::reading::Found;
use crate::driver::stamps::Begun;
use crate::driver::waiting::{Running, Timeout, load_alone, refuse};
use crate::tags::Tag;
use futures::FutureExt;
use futures::StreamExt;
use futures::future::{Either, join, join_all, select};
use futures::stream::FuturesUnordered;
use std::boxed::Box;
use std::future::{Future, poll_fn};
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::vec::Vec;

type Group<K, V, E> = Vec<Running<K, V, E>>;
/// A load that may not start, and why.
type Refused<K, V, E> = (Running<K, V, E>, Error<E>);

/// Runs loads of one policy: whatever happens, those who wait have an outcome.
pub(super) async fn run_together<K: Key, V: Value, E: Failure>(
    group: Group<K, V, E>,
    loads: Loads<K, V, E>,
) {
    let group = look(group).await;
    // Those that were served a stale entry of a store must not keep the others waiting.
    let (refreshes, awaited): (Group<K, V, E>, _) = group
        .into_iter()
        .partition(|running| running.0.flight.background);
    join(
        lock_then_load(awaited, loads.clone()),
        lock_then_load(refreshes, loads),
    )
    .await;
}

/// Loads, each key under its lock if the policy wants one. Those whose lock is free go together; the
/// others wait, and then go on with whatever is free at the same time.
async fn lock_then_load<K: Key, V: Value, E: Failure>(
    group: Group<K, V, E>,
    loads: Loads<K, V, E>,
) {
    let Some(shared) = group.first().map(|running| Arc::clone(&running.0.shared)) else {
        return;
    };
    if group[0].0.bound.rules.lock.is_none() {
        return load(group, loads).await;
    }
    let looks = group.into_iter().map(|running| async move {
        match Look::of(running) {
            Look::Taken(taking) => taking.next().await,
            look => look,
        }
    });
    let mut free = Vec::new();
    let waiting = FuturesUnordered::new();
    for look in join_all(looks).await {
        match look {
            Look::Free(running) => free.push(running),
            Look::Taken(taking) => waiting.push(locked_after(Look::Taken(taking))),
            Look::Over => {}
        }
    }
    let count = waiting.len().max(1);
    let mut waiting = waiting.ready_chunks(count);
    let later = async {
        while let Some(chunk) = waiting.next().await {
            let chunk = chunk.into_iter().flatten().collect();
            launch(&*shared.host, load(chunk, loads.clone())).await;
        }
    };
    join(load(free, loads.clone()), later).await;
}

/// Asks the stores; gives the loads that go on.
async fn look<K: Key, V: Value, E: Failure>(group: Group<K, V, E>) -> Group<K, V, E> {
    let Some(shared) = group.first().map(|running| Arc::clone(&running.0.shared)) else {
        return group;
    };
    let Some(lower) = &shared.lower else {
        return group;
    };
    let names = group.iter().map(|running| lower.name(&running.0.key));
    let names: Vec<Option<Arc<str>>> = names.collect();
    for (running, name) in iter::zip(&group, &names) {
        if let Some(name) = name {
            running.0.note_name(name);
        }
    }
    let asked: Vec<Arc<str>> = names.iter().flatten().cloned().collect();
    let reading = async {
        shared.hear().await;
        lower.read_many(&asked).await
    };
    let Some(found) = unless_left(&group, reading).await else {
        return Vec::new();
    };
    let mut found = found.into_iter();
    let looked = iter::zip(group, names).filter_map(|(running, name)| {
        let found = name.and_then(|name| Some((name, found.next()??)));
        used(running, found)
    });
    looked.collect()
}

/// The step of a load that found the entry of a store; `None` when it has expired.
fn used<K: Key, V: Value, E: Failure>(
    running: Running<K, V, E>,
    found: Option<(Arc<str>, Found<V>)>,
) -> Option<Running<K, V, E>> {
    let running = match found.map(|(name, found)| running.0.use_found(&name, found)) {
        None | Some(Looked::Nothing) => running,
        Some(Looked::Over) => return None,
        Some(Looked::GoesOn(flight)) => Running(running.0.with(flight)),
    };
    running.0.renew().then_some(running)
}

/// Loads what the stores do not have.
async fn load<K: Key, V: Value, E: Failure>(group: Group<K, V, E>, loads: Loads<K, V, E>) {
    let Some(shared) = group.first().map(|running| Arc::clone(&running.0.shared)) else {
        return;
    };
    match loads {
        Loads::Each(loader) => {
            for running in group {
                let (loader, key) = (Arc::clone(&loader), running.0.key.clone());
                let thunk = Box::new(move |leading: Leading<V, E>| loader(key, leading.context));
                launch(&*shared.host, load_alone(running, Some(thunk))).await;
            }
        }
        Loads::Together(loader) => {
            let group = begin_tags(group).await;
            let mut refused = Vec::new();
            let Some(group) = enter(group, &mut refused).await else {
                return;
            };
            let admitted = admit(group, &mut refused);
            let refusals = refused
                .into_iter()
                .map(|(running, error)| async move { refuse(&running.0, error).await });
            join(call(admitted, loader), join_all(refusals)).await;
        }
    }
}

/// Learns what has to be known of tags before the loader is called; gives the loads that go on.
async fn begin_tags<K: Key, V: Value, E: Failure>(group: Group<K, V, E>) -> Group<K, V, E> {
    let Some(load) = group.first().map(|running| &running.0) else {
        return group;
    };
    if !load.bound.rules.has_tags() {
        return group;
    }
    let shared = Arc::clone(&load.shared);
    let life = load.bound.rules.policy.windows().total();
    let tags = group.iter().map(|running| running.0.note_key_tags());
    let tags: Vec<Option<Vec<Tag>>> = tags.collect();
    let Some(lower) = &shared.lower else {
        return group;
    };
    let asking = async {
        let known: Vec<Vec<Tag>> = tags.iter().flatten().cloned().collect();
        let mut begun = lower.begin_all(&known, life).await.into_iter();
        if known.len() == tags.len() {
            return begun.collect();
        }
        let unknown = lower.begin(None, life).await;
        let each = tags.iter().map(|tags| match tags {
            Some(_) => begun.next().unwrap_or(Begun::Known(None)),
            None => unknown.clone(),
        });
        each.collect()
    };
    let begun: Option<Vec<Begun>> = unless_left(&group, asking).await;
    let Some(begun) = begun else {
        return Vec::new();
    };
    let group = iter::zip(group, begun).filter_map(|(running, begun)| {
        running.0.flight.course().begun = begun;
        running.0.renew().then_some(running)
    });
    group.collect()
}

/// Waits for a place in the bulkhead of the policy, one for all; `None` once nobody wants any of
/// these loads.
async fn enter<K: Key, V: Value, E: Failure>(
    group: Group<K, V, E>,
    refused: &mut Vec<Refused<K, V, E>>,
) -> Option<Group<K, V, E>> {
    let Some(load) = group.first().map(|running| &running.0) else {
        return Some(group);
    };
    if load.bound.rules.bulkhead.is_none() {
        return Some(group);
    }
    match unless_left(&group, Place::take(&load.shared, &load.bound)).await? {
        Ok(place) => {
            let group: Group<K, V, E> = group.into_iter().filter(|one| one.0.renew()).collect();
            if let Some(place) = place {
                place.hold_for(group.iter().map(|running| &running.0.flight));
            }
            Some(group)
        }
        Err(error) => {
            refused.extend(group.into_iter().map(|running| (running, error.clone())));
            Some(Vec::new())
        }
    }
}

/// Asks the guards; gives the loads that may start.
fn admit<K: Key, V: Value, E: Failure>(
    group: Group<K, V, E>,
    refused: &mut Vec<Refused<K, V, E>>,
) -> Group<K, V, E> {
    let Some(load) = group.first().map(|running| &running.0) else {
        return group;
    };
    if !load.bound.rules.counts_loads {
        return group;
    }
    let bound = Arc::clone(&load.bound);
    let wall = load.shared.host.now();
    let now = load.shared.observe(wall);
    let keys: Vec<&K> = group.iter().map(|running| &running.0.key).collect();
    let lease = bound.rules.policy.lease();
    let Some(mut guards) = bound.guards() else {
        return group;
    };
    let answers = guards.admit_all(&keys, lease, now, wall);
    drop(guards);
    let admitted = iter::zip(group, answers).filter_map(|(running, answer)| match answer {
        Ok(admission) => {
            running.0.flight.course().admission = Some(admission);
            Some(running)
        }
        Err(reason) => {
            running.0.flight.give_place_back();
            refused.push((running, refusal(&reason, now)));
            None
        }
    });
    admitted.collect()
}

/// Calls the loader, and brings home what it gives.
async fn call<K: Key, V: Value, E: Failure>(
    group: Group<K, V, E>,
    loader: Arc<dyn LoadMany<K, V, E>>,
) {
    let Some(first) = group.first() else {
        return;
    };
    let cancel = Arc::<Cancel>::default();
    let context = LoadContext {
        cancel: Arc::clone(&cancel),
        background: first.0.flight.background,
    };
    let keys = group.iter().map(|running| running.0.key.clone()).collect();
    let calling = catch_unwind(AssertUnwindSafe(|| loader(keys, context)));
    let given = match calling {
        Ok(loading) => within(&group, loading, &cancel).await,
        Err(_) => Some(Err(Error::Panicked)),
    };
    let Some(given) = given else {
        return;
    };
    let mut given = given.map(Vec::into_iter);
    for running in &group {
        let result = match &mut given {
            Ok(results) => match results.next().flatten() {
                Some(result) => result.map_err(Error::of_load),
                None => Err(Error::NotLoaded),
            },
            Err(error) => Err(error.clone()),
        };
        let (outcome, write) = running.0.landed(result);
        running.0.flight.tell(&outcome);
        running.0.send(write);
    }
}

/// The results of a call; `None` for one that was given up: it took too long, or nobody wants any of
/// its keys.
async fn within<K: Key, V: Value, E: Failure>(
    group: &Group<K, V, E>,
    loading: LoadingMany<V, E>,
    cancel: &Cancel,
) -> Option<Result<Vec<Option<Result<V, E>>>, Error<E>>> {
    let load = &group[0].0;
    let rules = &load.bound.rules;
    let mut loading = pin!(AssertUnwindSafe(loading).catch_unwind());
    let mut left = None;
    let mut timeout = Timeout::new(rules.policy.timeout());
    poll_fn(|context| {
        if let Poll::Ready(result) = loading.as_mut().poll(context) {
            return Poll::Ready(Some(result.unwrap_or(Err(Error::Panicked))));
        }
        if timeout.has_ended(&*load.shared.host, context) {
            time_out(group);
            cancel.cancel();
            if !rules.keeps_loading {
                return Poll::Ready(None);
            }
        }
        let left = left.get_or_insert_with(|| Box::pin(all_left(group)));
        if left.as_mut().poll(context).is_ready() {
            cancel.cancel();
            if !rules.keeps_loading {
                return Poll::Ready(None);
            }
        }
        Poll::Pending
    })
    .await
}

/// Tells those who wait that it took too long.
fn time_out<K: Key, V: Value, E: Failure>(group: &Group<K, V, E>) {
    for Running(load) in group {
        let outcome = load.failed(Cause::Error(Error::Timeout));
        load.flight.tell(&outcome);
        load.unlock();
        load.flight.cancel.cancel();
    }
}

/// The result of a future, or `None` once nobody waits for any of these loads, unless they are to go
/// on then.
async fn unless_left<K: Key, V: Value, E: Failure, T>(
    group: &Group<K, V, E>,
    future: impl Future<Output = T>,
) -> Option<T> {
    let left = pin!(all_left(group));
    match select(pin!(future), left).await {
        Either::Left((result, _)) => Some(result),
        Either::Right(((), future)) if group[0].0.bound.rules.keeps_loading => Some(future.await),
        Either::Right(_) => None,
    }
}

/// Completes when nobody waits for any of these loads, and stays so.
fn all_left<K: Key, V: Value, E: Failure>(
    group: &Group<K, V, E>,
) -> impl Future<Output = ()> + use<K, V, E> {
    let left = group.iter();
    let left = left.map(|running| Arc::clone(&running.0.flight.stop).cancelled());
    let mut left: FuturesUnordered<_> = left.collect();
    poll_fn(move |context| {
        while let Poll::Ready(Some(())) = left.poll_next_unpin(context) {}
        if left.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
}
