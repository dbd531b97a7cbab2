//! Functions with the attribute `#[cached]`.

use holdover::cached;
use holdover::driver::testing::Virtual;
use holdover::driver::{Cache, CachePolicy, Error, RateLimit};
use holdover::guard::rate_limit::{Algorithm, RateLimitOptions};
use holdover::time::Span;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

type Numbers = Cache<String, u32, &'static str>;

static HOST: LazyLock<Virtual> = LazyLock::new(Virtual::new);
static CACHE: LazyLock<Numbers> = LazyLock::new(|| Cache::builder(HOST.clone()).build());

fn run<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    // Tests run at once, and this host has one time.
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one = ONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    HOST.run(future)
}

/// Counts its calls.
#[derive(Clone, Default)]
struct Db(Arc<AtomicU32>);

impl Db {
    fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

#[cached(cache = CACHE, ttl = "5m", key = "doubled:{id}", skip(db))]
async fn doubled(db: Db, mut id: u32) -> Result<u32, &'static str> {
    db.next();
    id *= 2;
    if id == 0 { Err("nothing") } else { Ok(id) }
}

#[test]
fn calls_with_one_key_share_a_load() {
    let db = Db::default();
    let asked = db.clone();
    let answers = run(async move {
        [
            doubled(asked.clone(), 4).await,
            doubled(asked.clone(), 4).await,
            doubled(asked.clone(), 5).await,
        ]
        .map(Result::unwrap)
    });
    assert_eq!((answers, db.next() - 1), ([8, 8, 10], 2));
    assert_eq!(CACHE.peek(&doubled_key(&4)), Some(8));
    drop(CACHE.invalidate(&doubled_key(&4)));
    let (asked, before) = (db.clone(), db.next());
    assert_eq!(run(async move { doubled(asked, 4).await.unwrap() }), 8);
    assert_eq!(db.next() - before, 2);
}

#[test]
fn the_error_is_the_functions_own() {
    let error = run(async { doubled(Db::default(), 0).await.unwrap_err() });
    assert_eq!(error.load_error(), Some(&"nothing"));
}

struct Place {
    city: String,
    streets: (String, u32),
}

#[cached(cache = &*CACHE, ttl = "1s", jitter = 0, key = "{place.city}/{place.streets.1}{{{n}")]
async fn fields(place: Place, n: i8) -> Result<u32, &'static str> {
    Ok(place.streets.1 + u32::from(n.unsigned_abs()))
}

#[cached(cache = CACHE, ttl = "1s")]
async fn unnamed(a: String, b: String) -> Result<u32, &'static str> {
    let _ = (a, b);
    Ok(0)
}

#[cached(cache = CACHE, ttl = "1s")]
async fn alone() -> Result<u32, &'static str> {
    Ok(7)
}

#[test]
fn keys_are_written_by_their_templates() {
    let place = Place {
        city: "Bad Ems".to_owned(),
        streets: (String::new(), 3),
    };
    assert_eq!(fields_key(&place, &-1), "Bad%20Ems/3{-1");
    assert_eq!(run(fields(place, -1)).unwrap(), 4);
    let of = |a: &str, b: &str| unnamed_key(&a.to_owned(), &b.to_owned());
    assert_eq!(of("a", "b"), "unnamed:a:b");
    assert_ne!(of("a:b", "c"), of("a", "b:c"));
    assert_eq!(of("a:b", "c"), "unnamed:a%3Ab:c");
    assert_eq!(alone_key(), "alone");
    assert_eq!(run(alone()).unwrap(), 7);
}

fn limited() -> CachePolicy<String, u32, &'static str> {
    CachePolicy::ttl(Span::from_secs(60)).rate_limit(RateLimit::new(RateLimitOptions {
        limit: 2,
        period: Span::from_secs(3_600),
        algorithm: Algorithm::Fixed { ban: Span::ZERO },
    }))
}

#[cached(cache = CACHE, policy = limited(), key = "limited:{n}")]
async fn limited_load(n: u32) -> Result<u32, &'static str> {
    Ok(n)
}

#[test]
fn a_policy_and_its_guards_are_shared_by_all_calls() {
    let answers = run(async {
        let mut answers = Vec::new();
        for n in 0..4 {
            answers.push(limited_load(n).await);
        }
        answers
    });
    assert!(answers[..2].iter().all(Result::is_ok), "{answers:?}");
    let is_limited = |answer: &Result<u32, _>| matches!(answer, Err(Error::RateLimited { .. }));
    assert!(answers[2..].iter().all(is_limited), "{answers:?}");
}

#[cached(cache = CACHE, ttl = "1s", retry_after = "0ms", timeout = "0ms")]
async fn contradictory() -> Result<u32, &'static str> {
    Ok(1)
}

#[test]
#[should_panic(expected = "the options of `#[cached]` of `contradictory`")]
fn options_that_cannot_be_panic_in_the_first_call() {
    drop(run(contradictory()));
}
