//! All orders of what overlapping batches, single calls, changes and departures do to each other.

use crate::batch_support::{Get, Origin, Short};
use crate::support::{Numbers, minute, ms};
use holdover::driver::Cache;
use holdover::driver::Stores;
use holdover::driver::testing::{MapStore, Request, Virtual};
use std::sync::{Arc, Mutex};

/// A thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Batch(usize),
    Leave(usize),
    Single,
    Invalidate,
    Wait,
}

/// The keys of the two batches. They share 2, which is invalidated and asked for singly.
const KEYS: [[u32; 2]; 2] = [[1, 2], [2, 3]];

const ACTS: [Act; 7] = [
    Act::Batch(0),
    Act::Batch(1),
    Act::Leave(0),
    Act::Single,
    Act::Invalidate,
    Act::Wait,
    Act::Wait,
];

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
    all
}

struct Scene {
    host: Virtual,
    cache: Cache<u32, usize, &'static str>,
    get: Get,
    origin: Origin,
    batches: [Option<Request>; 2],
    answers: [Arc<Mutex<Option<Vec<Short>>>>; 3],
    left: bool,
}

impl Scene {
    fn new(is_stored: bool) -> Self {
        let host = Virtual::new();
        let mut builder = Numbers::builder(host.clone());
        if is_stored {
            let stores = Stores::json(|key: &u32| format!("n:{key}"));
            builder = builder.stores(stores.store(MapStore::new(host.clone())));
        }
        let cache = builder.build();
        let origin = Origin::new(&host);
        let get = cache.wrap_many(minute(), origin.loader()).unwrap();
        Self {
            host,
            cache,
            get,
            origin,
            batches: [None; 2],
            answers: Default::default(),
            left: false,
        }
    }

    fn call(&self, place: usize, keys: &'static [u32]) -> Request {
        let (get, told) = (self.get.clone(), Arc::clone(&self.answers[place]));
        self.host.start(async move {
            let answers = get.get_many(keys).await.into_iter();
            let answers = answers.map(|answer| match answer {
                Ok(value) => Ok((value, holdover::driver::Source::Load)),
                Err(error) => Err(error.to_string()),
            });
            *told.lock().unwrap() = Some(answers.collect());
        })
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Batch(at) => self.batches[at] = Some(self.call(at, &KEYS[at])),
            Act::Single => drop(self.call(2, &[2])),
            Act::Invalidate => drop(self.cache.invalidate(&2)),
            Act::Wait => self.host.advance(ms(60)),
            Act::Leave(at) => {
                if let Some(batch) = self.batches[at] {
                    self.left = self.answers[at].lock().unwrap().is_none();
                    self.host.cancel(batch);
                }
            }
        }
    }

    /// Everybody who stayed has the values of the keys, each key was loaded no more often than it
    /// had to be, and nothing goes on.
    fn check(&self) {
        for (place, keys) in [(0, &KEYS[0][..]), (1, &KEYS[1][..]), (2, &[2])] {
            let told = self.answers[place].lock().unwrap().clone();
            if place == 0 && self.left {
                assert_eq!(told, None, "it was gone");
                continue;
            }
            let told = told.expect("it was answered");
            let values: Vec<usize> = told.into_iter().map(|answer| answer.unwrap().0).collect();
            let expected: Vec<usize> = keys.iter().map(|&key| key as usize * 10).collect();
            assert_eq!(values, expected);
        }
        let calls = self.origin.calls.lock().unwrap();
        let loads = |key: u32| {
            calls
                .iter()
                .flatten()
                .filter(|&&loaded| loaded == key)
                .count()
        };
        assert_eq!(loads(3), 1);
        assert_eq!(loads(1), 1);
        // Once more for the invalidation, and for a load that was dropped with its only caller.
        assert!((1..=3).contains(&loads(2)), "{calls:?}");
        assert!(calls.iter().all(|keys| !keys.is_empty()));
        assert_eq!(self.cache.stats().loads, 0);
    }
}

#[test]
fn in_every_order_each_has_its_answer_and_no_key_is_loaded_for_nothing() {
    let orders = orders(&ACTS);
    assert_eq!(orders.len(), 5_040);
    for is_stored in [false, true] {
        for order in &orders {
            let mut scene = Scene::new(is_stored);
            for act in order {
                scene.act(*act);
            }
            scene.host.advance(ms(500));
            let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| scene.check()));
            assert!(told.is_ok(), "stored: {is_stored}, {order:?}");
        }
    }
}

#[test]
fn in_every_order_what_was_invalidated_is_not_served_afterwards() {
    for order in orders(&ACTS) {
        let mut scene = Scene::new(true);
        let invalidated = order
            .iter()
            .position(|act| *act == Act::Invalidate)
            .unwrap();
        for act in &order[..=invalidated] {
            scene.act(*act);
        }
        assert_eq!(scene.get.peek(&2), None, "{order:?}");
        // Whoever asks from now on has what the origin says from now on.
        scene.origin.answers(|key| Ok(key as usize * 10 + 1));
        let begun = order[invalidated + 1..].iter();
        for act in begun.filter(|act| matches!(act, Act::Wait)) {
            scene.act(*act);
        }
        scene.host.advance(ms(500));
        let get = scene.get.clone();
        let value = scene.host.run(async move { get.get(&2).await.unwrap() });
        assert_eq!(value, 21, "{order:?}");
    }
}
