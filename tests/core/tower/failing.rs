//! Origins that fail, hang, or are not to be asked.

use crate::stage::{Down, SECOND, Stage, answer, fresh, got};
use holdover::driver::{Count, RateLimit, Scope};
use holdover::guard::circuit_breaker::CircuitBreakerOptions;
use holdover::guard::rate_limit::{Algorithm, RateLimitOptions};
use holdover::tower::ResponsePolicy;
use http::Response;

fn held_over() -> ResponsePolicy {
    ResponsePolicy::new().stale_if_error(SECOND.times(600))
}

#[test]
fn an_entry_answers_for_an_origin_that_fails() {
    for fails_with_error in [false, true] {
        let stage = Stage::shared(held_over(), move |_, nth| async move {
            match nth {
                1 => answer(fresh(), "#1"),
                _ if fails_with_error => Err(Down("refused")),
                _ => answer(Response::builder().status(503), "down"),
            }
        });
        stage.get("/", &[]);
        stage.after(SECOND.times(61));
        for _ in 0..3 {
            let got = stage.get("/", &[]);
            assert_eq!((got.text.as_str(), got.status), ("#1", 200));
            assert_eq!(
                got.cache_status(),
                "holdover; hit; ttl=-1; detail=error-fallback"
            );
        }
        assert_eq!(stage.asked(), 2, "the origin is left alone for a second");
        // So are those that the cache does not answer by itself.
        stage.after(SECOND.times(10));
        for (method, fields) in [
            ("HEAD", &[][..]),
            ("GET", &[("cache-control", "no-cache")]),
            ("GET", &[("cache-control", "no-store")]),
        ] {
            let got = stage.send(method, "/", fields);
            assert_eq!(
                got.cache_status(),
                "holdover; hit; ttl=-11; detail=error-fallback",
                "{method} {fields:?}"
            );
        }
    }
}

#[test]
fn what_must_be_revalidated_is_not_held_over() {
    let stage = Stage::shared(held_over(), |_, nth| async move {
        if nth > 1 {
            return Err(Down("refused"));
        }
        let control = "max-age=60, must-revalidate";
        answer(Response::builder().header("cache-control", control), "#1")
    });
    stage.get("/", &[]);
    stage.after(SECOND.times(61));
    let failed = stage.begin("/", &[]);
    let outcome = failed.lock().unwrap().take().unwrap();
    assert_eq!(outcome.unwrap_err().get(), &Down("refused"));
}

#[test]
fn an_error_without_an_entry_is_the_inner_services() {
    let stage = Stage::late(held_over(), SECOND, |_, _| async { Err(Down("refused")) });
    let all: Vec<_> = (0..4).map(|_| stage.begin("/", &[])).collect();
    stage.after(SECOND);
    for begun in all {
        let error = begun.lock().unwrap().take().unwrap().unwrap_err();
        assert_eq!(
            (error.get(), error.to_string().as_str()),
            (&Down("refused"), "refused")
        );
    }
    assert_eq!(stage.asked(), 1, "one request asked for all of them");
}

#[test]
fn an_error_that_may_concern_one_user_is_not_shared() {
    let stage = Stage::late(held_over(), SECOND, |_, _| async { Err(Down("no access")) });
    let cookie = [("cookie", "sid=1")];
    let all: Vec<_> = (0..3).map(|_| stage.begin("/", &cookie)).collect();
    stage.after(SECOND.times(5));
    assert!(
        all.iter()
            .all(|begun| begun.lock().unwrap().as_ref().unwrap().is_err())
    );
    assert_eq!(stage.asked(), 3);
}

#[test]
fn a_timeout_is_a_504_and_an_entry_goes_before_it() {
    let policy = held_over().timeout(SECOND);
    let stage = Stage::late(policy, SECOND.times(5), |_, _| async {
        answer(fresh(), "late")
    });
    let got = stage.get("/", &[]);
    assert_eq!(
        (got.status, got.cache_status()),
        (504, "holdover; detail=timeout")
    );
    let stage = Stage::shared(held_over().timeout(SECOND), |_, nth| async move {
        if nth > 1 {
            futures::future::pending::<()>().await;
        }
        answer(fresh(), "#1")
    });
    stage.get("/", &[]);
    stage.after(SECOND.times(61));
    assert_eq!(stage.get("/", &[]).text, "#1");
    let passed = stage.get("/", &[("cache-control", "no-store")]);
    assert_eq!(passed.text, "#1", "also where it went past the cache");
}

#[test]
fn guards_refuse_with_a_503() {
    let breaker = CircuitBreakerOptions {
        error_rate: 0.5,
        window: SECOND.times(10),
        min_calls: 2,
        open_for: SECOND.times(10),
        half_open_calls: 1,
    };
    let policy = ResponsePolicy::new().circuit_breaker(breaker, Scope::Function);
    let stage = Stage::shared(policy, |_, _| async {
        answer(Response::builder().status(500), "down")
    });
    for path in ["/1", "/2"] {
        assert_eq!(stage.get(path, &[]).status, 500);
    }
    let refused = stage.get("/3", &[]);
    assert_eq!(
        (refused.status, refused.cache_status()),
        (503, "holdover; detail=circuit-open")
    );
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    assert_eq!(
        stage.send("POST", "/4", &[]).status,
        503,
        "also what is no load"
    );
    assert_eq!(stage.asked(), 2);
}

#[test]
fn a_limit_may_count_hits() {
    let limit = RateLimit::new(RateLimitOptions {
        limit: 2,
        period: SECOND.times(60),
        algorithm: Algorithm::Fixed {
            ban: holdover::Span::ZERO,
        },
    });
    let policy = ResponsePolicy::new().rate_limit(limit.count(Count::Calls));
    let stage = Stage::shared(policy, |_, _| async { answer(fresh(), "#1") });
    let statuses = [(); 3].map(|()| stage.get("/", &[]).status);
    // The entry answers for a refusal.
    assert_eq!(statuses, [200, 200, 200]);
    assert_eq!(
        stage.get("/", &[]).cache_status(),
        "holdover; hit; ttl=60; detail=error-fallback"
    );
    assert_eq!(stage.get("/other", &[]).status, 503);
}

#[test]
fn a_panic_of_the_inner_service_is_a_500() {
    let stage = Stage::shared(ResponsePolicy::new(), |_, nth| async move {
        assert!(nth > 1, "a fault of the handler");
        answer(fresh(), "#2")
    });
    assert_eq!(stage.get("/", &[]).status, 500);
    assert_eq!(stage.get("/", &[]).text, "#2");
}

#[test]
fn a_closed_cache_is_no_cache() {
    let stage = Stage::shared(ResponsePolicy::new(), |_, nth| async move {
        answer(fresh(), &format!("#{nth}"))
    });
    stage.get("/", &[]);
    stage.cache.close();
    stage.cache.clear();
    assert_eq!(
        [stage.get("/", &[]).text, stage.get("/", &[]).text],
        ["#2", "#3"]
    );
}

#[test]
fn a_load_that_hangs_is_taken_over() {
    let policy = ResponsePolicy::new().timeout(SECOND.times(2));
    let stage = Stage::shared(policy, |_, nth| async move {
        if nth == 1 {
            futures::future::pending::<()>().await;
        }
        answer(fresh(), &format!("#{nth}"))
    });
    let hung = stage.begin("/", &[]);
    stage.after(SECOND.times(3));
    assert_eq!(got(&hung).status, 504);
    assert_eq!(stage.get("/", &[]).text, "#2");
}
