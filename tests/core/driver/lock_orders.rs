//! All orders of what two instances do to one lock.

use crate::lock_stage::{Answers, Stage, locked, take};
use crate::support::ms;
use holdover::driver::LoadLock;
use holdover::driver::testing::Request;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Call(usize),
    /// The caller of an instance leaves.
    Leave(usize),
    /// The instance vanishes as hosts let requests: nothing that it began goes on.
    Vanish(usize),
    Invalidate,
    /// The origin goes down, or comes back.
    Turn,
    Wait,
}

fn orders(acts: &[Act]) -> Vec<Vec<Act>> {
    let Some((first, rest)) = acts.split_first() else {
        return vec![Vec::new()];
    };
    let mut all = Vec::new();
    for order in orders(rest) {
        for at in 0..=order.len() {
            let mut order = order.clone();
            order.insert(at, *first);
            all.push(order);
        }
    }
    all.sort_by_key(|order| format!("{order:?}"));
    all.dedup();
    all
}

/// Plays an order of single calls.
fn play(order: &[Act], latency: u64) {
    let lock = LoadLock::new().ttl(ms(1_000)).wait(ms(4_000));
    let stage = Stage::new(2, || locked().timeout(ms(900)).lock(lock));
    for instance in &stage.all {
        *instance.way.latency.lock().unwrap() = latency;
    }
    let answers = [Answers::default(), Answers::default()];
    let mut calls: [Option<Request>; 2] = [None; 2];
    let mut gone = [false; 2];
    for act in order {
        match *act {
            Act::Call(at) => calls[at] = Some(stage.call(at, 1, &answers[at])),
            Act::Leave(at) => {
                if let Some(call) = calls[at] {
                    gone[at] = true;
                    stage.host.cancel(call);
                }
            }
            Act::Vanish(at) => {
                if let Some(call) = calls[at] {
                    gone[at] = true;
                    stage.host.vanish(call);
                }
            }
            Act::Invalidate => drop(stage.all[1].cache.invalidate(&1)),
            Act::Turn => {
                let fails = stage.origin().fails;
                stage.origin().fails = !fails;
            }
            Act::Wait => stage.host.advance(ms(60)),
        }
    }
    stage.host.advance(ms(10_000));
    let disturbs = |act: &Act| matches!(act, Act::Vanish(_) | Act::Invalidate);
    if !order.iter().any(disturbs) {
        assert_eq!(stage.origin().most, 1, "one load at a time");
    }
    for (at, answers) in answers.iter().enumerate() {
        let told = take(answers);
        assert!(gone[at] || told.len() == 1, "{at} was answered: {told:?}");
    }
    assert!(!stage.is_locked(1), "it is given back, or over");
    // And everybody can go on.
    stage.origin().fails = false;
    for (at, answers) in answers.iter().enumerate() {
        let before = stage.origin().loads;
        stage.call(at, 1, answers);
        stage.host.advance(ms(5_000));
        let told = take(answers);
        assert_eq!(told.len(), 1, "{at}");
        assert!(told[0].is_ok(), "{told:?}");
        assert!(stage.origin().loads <= before + 1);
    }
}

fn play_all(acts: &[Act], least: usize) {
    let orders = orders(acts);
    assert!(orders.len() >= least, "{}", orders.len());
    for latency in [0, 15] {
        for order in &orders {
            let played = catch_unwind(AssertUnwindSafe(|| play(order, latency)));
            assert!(played.is_ok(), "latency {latency}, {order:?}");
        }
    }
}

const WAITS: [Act; 3] = [Act::Wait; 3];

#[test]
fn in_every_order_with_departures_there_is_one_load_at_a_time() {
    let acts = [Act::Call(0), Act::Call(1), Act::Leave(0), Act::Turn];
    play_all(&[&acts[..], &WAITS].concat(), 800);
}

#[test]
fn in_every_order_with_holders_that_vanish_everybody_else_is_answered() {
    let acts = [Act::Call(0), Act::Call(1), Act::Vanish(0), Act::Leave(1)];
    play_all(&[&acts[..], &WAITS].concat(), 800);
}

#[test]
fn in_every_order_with_invalidations_everybody_is_answered() {
    let acts = [Act::Call(0), Act::Call(1), Act::Invalidate, Act::Leave(0)];
    play_all(&[&acts[..], &WAITS].concat(), 800);
}

/// The batches of the two instances, which share two keys in the other order.
const KEYS: [[u32; 3]; 2] = [[1, 2, 3], [3, 2, 4]];

fn play_batches(order: &[Act], latency: u64) {
    let stage = Stage::of_many(2, locked);
    for instance in &stage.all {
        *instance.way.latency.lock().unwrap() = latency;
    }
    let answers = [Answers::default(), Answers::default()];
    let single = Answers::default();
    let mut calls: [Option<Request>; 2] = [None; 2];
    let mut gone = false;
    for act in order {
        match *act {
            Act::Call(at) if calls[at].is_none() => {
                calls[at] = Some(stage.call_many(at, &KEYS[at], &answers[at]));
            }
            Act::Call(at) => drop(stage.call(at, 2, &single)),
            Act::Leave(at) => {
                if let Some(call) = calls[at] {
                    gone = take(&answers[at]).is_empty();
                    stage.host.cancel(call);
                }
            }
            Act::Wait => stage.host.advance(ms(60)),
            Act::Vanish(_) | Act::Invalidate | Act::Turn => unreachable!(),
        }
    }
    stage.host.advance(ms(20_000));
    let told = take(&answers[0]);
    let has_left = order.contains(&Act::Leave(0));
    if !gone && !has_left {
        assert_eq!(told, [Ok(10), Ok(20), Ok(30)]);
    }
    assert_eq!(take(&answers[1]), [Ok(30), Ok(20), Ok(40)]);
    assert_eq!(take(&single), [Ok(20)]);
    for key in 1..=4 {
        let origin = stage.origin();
        let loads = origin.batches.iter().flatten();
        let loads = loads.filter(|&&loaded| loaded == key).count();
        // Once more for a load that was dropped with its only caller.
        assert!(
            loads <= if has_left { 3 } else { 1 },
            "{:?}",
            origin.batches
        );
        drop(origin);
        assert!(!stage.is_locked(key));
    }
}

#[test]
fn in_every_order_of_overlapping_batches_each_key_is_one_load() {
    let acts = [Act::Call(0), Act::Call(1), Act::Call(1)];
    for (acts, least) in [
        ([&acts[..], &WAITS].concat(), 60),
        ([&acts[..], &[Act::Leave(0)], &WAITS].concat(), 400),
    ] {
        let orders = orders(&acts);
        assert!(orders.len() >= least, "{}", orders.len());
        for latency in [0, 15] {
            for order in &orders {
                let played = catch_unwind(AssertUnwindSafe(|| play_batches(order, latency)));
                assert!(played.is_ok(), "latency {latency}, {order:?}");
            }
        }
    }
}

#[test]
fn the_keys_of_a_batch_whose_locks_are_free_are_one_call_of_the_loader() {
    let stage = Stage::of_many(2, locked);
    let answers = Answers::default();
    stage.call(0, 2, &answers);
    stage.run_to(10);
    stage.call_many(1, &[1, 2, 3, 4], &answers);
    stage.run_to(5_000);
    let told = take(&answers);
    assert_eq!(told, [Ok(20), Ok(10), Ok(20), Ok(30), Ok(40)]);
    assert_eq!(stage.origin().batches, [vec![2], vec![1, 3, 4]]);
}
