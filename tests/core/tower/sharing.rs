//! Requests at once: who may have an answer that is on its way.

use crate::stage::{Begun, Fields, SECOND, Stage, answer, got};
use holdover::tower::ResponsePolicy;
use http::Response;

/// The texts and `Cache-Status` of three requests at once, and the requests to the origin.
fn at_once(
    status: u16,
    response: Fields<'static>,
    request: Fields<'_>,
) -> (Vec<String>, usize, Stage) {
    let stage = Stage::late(ResponsePolicy::new(), SECOND, move |_, nth| async move {
        let mut head = Response::builder().status(status);
        for (name, value) in response {
            head = head.header(*name, *value);
        }
        answer(head, &format!("#{nth}"))
    });
    let all: Vec<Begun> = (0..3).map(|_| stage.begin("/", request)).collect();
    stage.after(SECOND.times(5));
    let texts = all.iter().map(|begun| got(begun).text).collect();
    (texts, stage.asked(), stage)
}

#[test]
fn what_may_be_stored_is_shared() {
    let (texts, asked, stage) = at_once(200, &[("cache-control", "max-age=60")], &[]);
    assert_eq!((texts.join(" ").as_str(), asked), ("#1 #1 #1", 1));
    assert_eq!(stage.get("/", &[]).text, "#1");
}

#[test]
fn those_who_joined_are_told_so() {
    let stage = Stage::late(ResponsePolicy::new(), SECOND, |_, _| async {
        answer(
            Response::builder().header("cache-control", "max-age=60"),
            "x",
        )
    });
    let (one, other) = (stage.begin("/", &[]), stage.begin("/", &[]));
    stage.after(SECOND);
    assert_eq!(
        got(&one).cache_status(),
        "holdover; fwd=uri-miss; fwd-status=200; stored"
    );
    assert_eq!(
        got(&other).cache_status(),
        "holdover; fwd=uri-miss; collapsed"
    );
}

#[test]
fn what_is_for_one_request_is_asked_for_by_each() {
    for (status, response, request) in [
        (
            200,
            &[("cache-control", "private, max-age=60")][..],
            &[][..],
        ),
        (
            200,
            &[("cache-control", "no-cache"), ("etag", "\"a\"")],
            &[],
        ),
        (200, &[("cache-control", "max-age=0")], &[]),
        (
            200,
            &[("cache-control", "max-age=60")],
            &[("authorization", "Bearer me")],
        ),
        (302, &[("location", "/login")], &[]),
        (403, &[], &[]),
        (200, &[("cache-control", "max-age=60"), ("vary", "*")], &[]),
        (200, &[("cache-control", "no-store")], &[]),
        (500, &[], &[]),
    ] {
        let (mut texts, asked, _) = at_once(status, response, request);
        texts.sort();
        assert_eq!(
            (texts.join(" ").as_str(), asked),
            ("#1 #2 #3", 3),
            "{status} {response:?}"
        );
    }
}

#[test]
fn a_cookie_is_for_the_request_that_it_was_set_for() {
    let stage = Stage::late(ResponsePolicy::new(), SECOND, |_, nth| async move {
        let head = Response::builder().header("cache-control", "max-age=60");
        answer(
            head.header("set-cookie", format!("sid={nth}")),
            &format!("#{nth}"),
        )
    });
    let all: Vec<Begun> = (0..3).map(|_| stage.begin("/", &[])).collect();
    stage.after(SECOND.times(5));
    let all: Vec<_> = all.iter().map(got).collect();
    let cookies: Vec<_> = all.iter().map(|got| got.header("set-cookie")).collect();
    assert_eq!(
        cookies,
        ["sid=1", "", ""],
        "the others have what was stored"
    );
}

#[test]
fn a_key_whose_answers_are_for_one_has_nobody_wait() {
    let (_, _, stage) = at_once(200, &[("cache-control", "private, max-age=60")], &[]);
    let all: Vec<Begun> = (0..3).map(|_| stage.begin("/", &[])).collect();
    stage.after(SECOND);
    assert!(
        all.iter().all(|begun| begun.lock().unwrap().is_some()),
        "all within a second"
    );
    assert_eq!(stage.asked(), 6);
}

#[test]
fn a_client_that_goes_away_takes_nobody_with_it() {
    let stage = Stage::late(ResponsePolicy::new(), SECOND, |_, nth| async move {
        let head = Response::builder().header("cache-control", "max-age=60");
        answer(head, &format!("#{nth}"))
    });
    let own = stage.clone();
    let leader = stage.host.start(async move {
        let _ = own.fetch(crate::stage::request("GET", "/", &[])).await;
    });
    let follower = stage.begin("/", &[]);
    stage.after(holdover::Span::from_millis(500));
    stage.host.cancel(leader);
    stage.after(holdover::Span::from_millis(500));
    assert_eq!(got(&follower).text, "#1");
    assert_eq!(stage.get("/", &[]).text, "#1");
    assert_eq!(stage.asked(), 1);
}

#[test]
fn a_request_that_nobody_waits_for_is_over() {
    let stage = Stage::late(ResponsePolicy::new(), SECOND, |_, nth| async move {
        let head = Response::builder().header("cache-control", "max-age=60");
        answer(head, &format!("#{nth}"))
    });
    let own = stage.clone();
    let leader = stage.host.start(async move {
        let _ = own.fetch(crate::stage::request("GET", "/", &[])).await;
    });
    stage.host.cancel(leader);
    stage.after(SECOND.times(2));
    assert_eq!(
        stage.get("/", &[]).text,
        "#2",
        "what was dropped stored nothing"
    );
}

#[test]
fn without_single_flight_each_asks() {
    let policy = ResponsePolicy::new().single_flight(false);
    let stage = Stage::late(policy, SECOND, |_, nth| async move {
        let head = Response::builder().header("cache-control", "max-age=60");
        answer(head, &format!("#{nth}"))
    });
    let all = [stage.begin("/", &[]), stage.begin("/", &[])];
    stage.after(SECOND);
    assert_eq!(all.map(|begun| got(&begun).text), ["#1", "#2"]);
}
