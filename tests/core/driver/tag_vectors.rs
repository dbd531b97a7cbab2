//! Plays the vectors of tags of one instance, `tests/vectors/tags/instance.json`, through loads: what
//! is told to a load that ends shows in what is kept of it. The machine alone plays them, too, in
//! `tests/core/tag_vectors.rs`.

use futures::channel::oneshot;
use holdover::Span;
use holdover::driver::testing::Virtual;
use holdover::driver::{Cache, CachePolicy, Function};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

#[derive(Deserialize)]
struct Vector {
    name: String,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Step {
    Begin {
        begin: String,
    },
    Invalidate {
        invalidate: Vec<u64>,
        #[serde(default)]
        soft: bool,
        at: i64,
    },
    Ask {
        of: String,
        tags: Vec<u64>,
        expect: String,
    },
}

type Tags = Vec<u64>;
type Gates = Arc<Mutex<HashMap<String, oneshot::Receiver<Tags>>>>;

/// A cache of lists, which are their own tags; loads end when their gates are opened.
fn tagged(host: &Virtual, gates: &Gates) -> (Cache<String, Tags, ()>, Function<String, Tags, ()>) {
    let cache = Cache::builder(host.clone()).build();
    let hour = Span::from_secs(3600);
    let policy = CachePolicy::ttl(hour)
        .stale_while_revalidate(hour)
        .tags(|_, tags: &Tags| tags.iter().map(ToString::to_string).collect());
    let gates = Arc::clone(gates);
    let loader = move |key: String, _| {
        let gate = gates.lock().unwrap().remove(&key).expect("one load");
        async move { gate.await.map_err(drop) }
    };
    let get = cache.wrap(policy, loader).unwrap();
    (cache, get)
}

/// The remains of a load that has ended.
fn kept(host: &Virtual, cache: &Cache<String, Tags, ()>, key: &str) -> &'static str {
    let (asked, key) = (cache.clone(), key.to_owned());
    let is_there = cache.peek(&key).is_some();
    let is_fresh = host.run(async move { asked.get(&key).await.is_some() });
    match (is_there, is_fresh) {
        (true, true) => "nothing",
        (true, false) => "soft",
        (false, _) => "hard",
    }
}

fn play(vector: &Vector) {
    let host = Virtual::new();
    let gates = Gates::default();
    let (cache, get) = tagged(&host, &gates);
    let mut open = HashMap::new();
    let mut wall = 0;
    for (nth, step) in vector.steps.iter().enumerate() {
        match step {
            // A load for each question about what begins here.
            Step::Begin { begin } => {
                for (asked, step) in vector.steps.iter().enumerate() {
                    if !matches!(step, Step::Ask { of, .. } if of == begin) {
                        continue;
                    }
                    let (sender, receiver) = oneshot::channel();
                    let key = format!("{begin} {asked}");
                    open.insert(asked, sender);
                    gates.lock().unwrap().insert(key.clone(), receiver);
                    let get = get.clone();
                    host.start(async move {
                        get.get(&key).await.unwrap();
                    });
                }
            }
            Step::Invalidate {
                invalidate,
                soft,
                at,
            } => {
                host.step_clock(at - wall);
                wall = *at;
                cache.invalidate_tags(invalidate.iter().map(ToString::to_string), *soft);
            }
            Step::Ask { of, tags, expect } => {
                let gate = open.remove(&nth).expect("it has begun");
                gate.send(tags.clone()).unwrap();
                host.advance(Span::ZERO);
                let kept = kept(&host, &cache, &format!("{of} {nth}"));
                assert_eq!(kept, expect, "{}, step {nth}", vector.name);
            }
        }
    }
}

#[test]
fn invalidations_and_loads_in_one_instance() {
    let root = env!("CARGO_MANIFEST_DIR");
    let path = format!("{root}/tests/vectors/tags/instance.json");
    let text = std::fs::read_to_string(&path).expect("a readable file");
    let vectors: Vec<Vector> = serde_json::from_str(&text).unwrap();
    assert!(vectors.len() >= 7);
    for vector in &vectors {
        play(vector);
    }
}
