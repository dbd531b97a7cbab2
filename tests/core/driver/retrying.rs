//! Retries within a load. Pauses are held to `tests/vectors/turns/backoff.json`, as those of the npm
//! package are in `tests/package/js/retry-load.test.mjs`.

use crate::support::ms;
use holdover::driver::testing::Virtual;
use holdover::driver::{Cache, CachePolicy, Error, Function, Retry, retry};
use holdover::strategy::backoff::Backoff;
use holdover::time::Span;
use serde::Deserialize;
use std::sync::{Arc, Mutex};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Options {
    initial_delay: u64,
    max_delay: u64,
    exponent: f64,
    jitter: f64,
}

impl Default for Options {
    fn default() -> Self {
        let Backoff {
            initial_delay,
            max_delay,
            exponent,
            jitter,
        } = Backoff::default();
        Self {
            initial_delay: initial_delay.as_millis(),
            max_delay: max_delay.as_millis(),
            exponent,
            jitter,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    options: Options,
    roll: f64,
    delays: Vec<u64>,
}

#[test]
fn pauses_are_as_their_vectors_say() {
    let text = include_str!("../../vectors/turns/backoff.json");
    let vectors: Vec<Vector> = serde_json::from_str(text).unwrap();
    assert!(vectors.len() > 3);
    for vector in vectors {
        let backoff = Backoff {
            initial_delay: ms(vector.options.initial_delay),
            max_delay: ms(vector.options.max_delay),
            exponent: vector.options.exponent,
            jitter: vector.options.jitter,
        };
        let failures = 1..=u32::try_from(vector.delays.len()).unwrap();
        let delays = failures.map(|failures| backoff.delay(failures, vector.roll).as_millis());
        assert_eq!(
            delays.collect::<Vec<u64>>(),
            vector.delays,
            "{}",
            vector.name
        );
    }
}

type Texts = Function<u32, u32, &'static str>;

/// A function whose first loads fail, and the times of all.
fn failing(
    host: &Virtual,
    failures: usize,
    policy: CachePolicy<u32, u32, &'static str>,
    rules: Retry<&'static str>,
) -> (Texts, Arc<Mutex<Vec<u64>>>) {
    let cache = Cache::builder(host.clone()).build();
    let times: Arc<Mutex<Vec<u64>>> = Arc::default();
    let (log, clock) = (Arc::clone(&times), host.clone());
    let load = move |key: u32, _| {
        let mut log = log.lock().unwrap();
        log.push(clock.elapsed().as_millis());
        let result = if log.len() > failures {
            Ok(key)
        } else {
            Err("down")
        };
        async move { result }
    };
    let load = retry(host.clone(), rules, load).unwrap();
    (cache.wrap(policy, load).unwrap(), times)
}

fn constant(attempts: u32) -> Retry<&'static str> {
    Retry::new(attempts).backoff(Backoff::constant(ms(100)))
}

fn forever() -> CachePolicy<u32, u32, &'static str> {
    CachePolicy::ttl(Span::FOREVER)
}

fn ask(host: &Virtual, get: &Texts) -> Result<u32, Error<&'static str>> {
    let get = get.clone();
    host.run(async move { get.get(&7).await })
}

#[test]
fn a_load_is_tried_again_until_it_succeeds_and_is_one_load() {
    let host = Virtual::new();
    let (get, times) = failing(&host, 2, forever(), constant(3));
    assert_eq!(ask(&host, &get).unwrap(), 7);
    assert_eq!(*times.lock().unwrap(), [0, 100, 200]);
    assert_eq!(ask(&host, &get).unwrap(), 7);
    assert_eq!(times.lock().unwrap().len(), 3, "it is kept");
    assert_eq!(get.counters().loads, 1);
}

#[test]
fn after_the_last_attempt_the_failure_is_the_loads() {
    let host = Virtual::new();
    let (get, times) = failing(&host, 99, forever(), constant(3));
    assert_eq!(ask(&host, &get).unwrap_err().load_error(), Some(&"down"));
    assert_eq!(times.lock().unwrap().len(), 3);
}

#[test]
fn failures_that_are_not_worth_it_are_told_at_once() {
    let host = Virtual::new();
    let picky = constant(9).retry_if(|error| *error != "down");
    let (get, times) = failing(&host, 99, forever(), picky);
    assert!(ask(&host, &get).is_err());
    assert_eq!(times.lock().unwrap().len(), 1);
    let panicking = constant(9).retry_if(|_| std::panic::resume_unwind(Box::new("thrown")));
    let (get, times) = failing(&host, 99, forever(), panicking);
    assert!(ask(&host, &get).is_err());
    assert_eq!(times.lock().unwrap().len(), 1);
}

#[test]
fn a_pause_is_as_long_as_the_failure_says() {
    let host = Virtual::new();
    let told = constant(2).retry_after(|_| Some(ms(5_000)));
    let (get, times) = failing(&host, 1, forever(), told);
    assert_eq!(ask(&host, &get).unwrap(), 7);
    assert_eq!(*times.lock().unwrap(), [0, 5_000]);
    let less = constant(2).retry_after(|_| Some(ms(1)));
    let (get, times) = failing(&host, 1, forever(), less);
    assert_eq!(ask(&host, &get).unwrap(), 7);
    assert_eq!(*times.lock().unwrap(), [5_000, 5_100]);
}

#[test]
fn no_attempt_begins_later_than_it_may() {
    let host = Virtual::new();
    let (get, times) = failing(&host, 99, forever(), constant(99).within(ms(250)));
    assert!(ask(&host, &get).is_err());
    assert_eq!(*times.lock().unwrap(), [0, 100, 200]);
    assert_eq!(host.elapsed(), ms(200), "told at once");
}

#[test]
fn a_load_that_took_over_its_timeout_is_not_tried_again() {
    for keeps in [false, true] {
        let host = Virtual::new();
        let policy = forever().timeout(ms(250));
        let policy = if keeps { policy.keep_loading() } else { policy };
        let (get, times) = failing(&host, 99, policy, constant(99));
        assert!(matches!(ask(&host, &get), Err(Error::Timeout)));
        host.advance(ms(10_000));
        assert_eq!(*times.lock().unwrap(), [0, 100, 200]);
    }
}

#[test]
fn what_cannot_work_is_refused() {
    let load = |key: u32, _| async move { Ok::<u32, &'static str>(key) };
    let of = |rules| retry(Virtual::new(), rules, load).err().unwrap().option();
    assert_eq!(of(Retry::new(0)), "retry.max_attempts");
    let wrong = Backoff {
        exponent: 0.0,
        ..Backoff::default()
    };
    assert_eq!(of(Retry::new(2).backoff(wrong)), "backoff.exponent");
}
