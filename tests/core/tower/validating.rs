//! Conditional requests: of clients, and to the origin.

use crate::stage::{SECOND, Stage, answer, fresh};
use holdover::tower::ResponsePolicy;
use http::{Response, StatusCode};

fn tagged() -> Stage {
    Stage::shared(ResponsePolicy::new(), |parts, nth| async move {
        let known = parts.headers.get("if-none-match");
        let head = fresh()
            .header("etag", "\"a\"")
            .header("x-nth", nth.to_string());
        if known.is_some_and(|known| known == "\"a\"") {
            return answer(head.status(304), "");
        }
        answer(head.header("content-type", "text/plain"), "body")
    })
}

#[test]
fn a_client_that_has_the_response_gets_a_304() {
    let stage = tagged();
    stage.get("/", &[]);
    let got = stage.get("/", &[("if-none-match", "\"x\", \"a\"")]);
    assert_eq!((got.status, got.text.as_str()), (304, ""));
    assert_eq!(
        (got.header("etag"), got.header("content-type")),
        ("\"a\"", "")
    );
    assert_eq!(got.cache_status(), "holdover; hit; ttl=60");
    let other = stage.get("/", &[("if-none-match", "\"b\"")]);
    assert_eq!((other.status, other.text.as_str()), (200, "body"));
    assert_eq!(stage.asked(), 1);
}

#[test]
fn conditions_of_a_client_are_not_the_origins() {
    let stage = tagged();
    let got = stage.get("/", &[("if-none-match", "\"a\"")]);
    assert_eq!(got.status, 304);
    assert_eq!(stage.asked_with("if-none-match"), None);
    assert_eq!(stage.get("/", &[]).text, "body", "the whole was stored");
    assert_eq!(stage.asked(), 1);
}

#[test]
fn a_stale_response_is_validated_and_takes_the_newer_fields() {
    let stage = tagged();
    stage.get("/", &[]);
    stage.after(SECOND.times(61));
    let renewed = stage.get("/", &[]);
    assert_eq!(stage.asked_with("if-none-match").as_deref(), Some("\"a\""));
    assert_eq!((renewed.status, renewed.text.as_str()), (200, "body"));
    assert_eq!(
        (renewed.header("x-nth"), renewed.header("content-type")),
        ("2", "text/plain")
    );
    assert_eq!(
        renewed.cache_status(),
        "holdover; fwd=stale; fwd-status=304; stored"
    );
    let hit = stage.get("/", &[]);
    assert_eq!(
        (hit.header("x-nth"), hit.cache_status()),
        ("2", "holdover; hit; ttl=60")
    );
    assert_eq!(stage.asked(), 2);
}

#[test]
fn a_304_about_something_else_is_asked_again() {
    let stage = Stage::shared(ResponsePolicy::new(), |parts, nth| async move {
        if parts.headers.contains_key("if-none-match") {
            let head = Response::builder().status(304);
            return answer(head.header("etag", "\"other\""), "");
        }
        answer(fresh().header("etag", "\"a\""), &format!("#{nth}"))
    });
    stage.get("/", &[]);
    stage.after(SECOND.times(61));
    assert_eq!(stage.get("/", &[]).text, "#3");
}

#[test]
fn requests_may_want_validation() {
    let stage = tagged();
    stage.get("/", &[]);
    for (field, value) in [
        ("cache-control", "no-cache"),
        ("cache-control", "max-age=0"),
        ("pragma", "no-cache"),
    ] {
        let before = stage.asked();
        let got = stage.get("/", &[(field, value)]);
        assert_eq!(
            got.cache_status(),
            "holdover; fwd=request; fwd-status=304; stored",
            "{value}"
        );
        assert_eq!(stage.asked(), before + 1);
    }
    let deaf = Stage::shared(
        ResponsePolicy::new().ignore_directives(),
        |_, nth| async move { answer(fresh(), &format!("#{nth}")) },
    );
    deaf.get("/", &[]);
    assert_eq!(
        deaf.get("/", &[("cache-control", "no-cache, no-store")])
            .text,
        "#1"
    );
}

#[test]
fn no_cache_and_must_revalidate_are_validated_each_time() {
    for control in ["no-cache", "max-age=0, must-revalidate"] {
        let stage = Stage::shared(ResponsePolicy::new(), move |parts, _| async move {
            let head = Response::builder()
                .header("cache-control", control)
                .header("etag", "\"a\"");
            if parts.headers.contains_key("if-none-match") {
                return answer(head.status(StatusCode::NOT_MODIFIED), "");
            }
            answer(head, "body")
        });
        for nth in 1..=3 {
            assert_eq!(stage.get("/", &[]).text, "body");
            assert_eq!(stage.asked(), nth, "{control}");
        }
    }
}

#[test]
fn what_is_only_in_the_cache_or_nowhere() {
    let stage = tagged();
    let asks = [("cache-control", "only-if-cached")];
    let nothing = stage.get("/", &asks);
    assert_eq!(
        (nothing.status, nothing.cache_status()),
        (504, "holdover; detail=only-if-cached")
    );
    stage.get("/", &[]);
    assert_eq!(stage.get("/", &asks).text, "body");
    assert_eq!(stage.asked(), 1);
}

#[test]
fn a_head_renews_or_ends_what_is_stored() {
    let stage = Stage::shared(ResponsePolicy::new(), |parts, nth| async move {
        let tag = if nth < 3 { "\"a\"" } else { "\"b\"" };
        let body = if parts.method == "HEAD" { "" } else { "body" };
        answer(
            fresh().header("etag", tag).header("x-nth", nth.to_string()),
            body,
        )
    });
    stage.get("/", &[]);
    stage.after(SECOND.times(61));
    stage.send("HEAD", "/", &[]);
    let renewed = stage.get("/", &[]);
    assert_eq!(
        (renewed.header("x-nth"), renewed.text.as_str()),
        ("2", "body")
    );
    stage.after(SECOND.times(61));
    stage.send("HEAD", "/", &[]);
    assert_eq!(
        stage.get("/", &[]).header("x-nth"),
        "4",
        "another response: asked anew"
    );
}

#[test]
fn ranges_of_a_stored_response() {
    let stage = Stage::shared(ResponsePolicy::new(), |parts, _| async move {
        if parts.headers.contains_key("range") {
            let part = fresh().status(206).header("content-range", "bytes 2-4/10");
            return answer(part, "234");
        }
        answer(fresh().header("content-type", "text/plain"), "0123456789")
    });
    let passed = stage.get("/", &[("range", "bytes=2-4")]);
    assert_eq!((passed.status, passed.text.as_str()), (206, "234"));
    assert_eq!(
        stage.get("/", &[]).text,
        "0123456789",
        "a part was not taken for the whole"
    );
    let part = stage.get("/", &[("range", "bytes=2-4")]);
    assert_eq!((part.status, part.text.as_str()), (206, "234"));
    assert_eq!(part.header("content-range"), "bytes 2-4/10");
    assert_eq!(part.header("content-length"), "3");
    let last = stage.get("/", &[("range", "bytes=-2")]);
    assert_eq!(last.text, "89");
    let beyond = stage.get("/", &[("range", "bytes=10-")]);
    assert_eq!(
        (beyond.status, beyond.header("content-range")),
        (416, "bytes */10")
    );
    let both = stage.get("/", &[("range", "bytes=0-1,4-5")]);
    assert!(
        both.header("content-type")
            .starts_with("multipart/byteranges; boundary=")
    );
    assert!(
        both.text
            .contains("content-range: bytes 4-5/10\r\n\r\n45\r\n")
    );
    assert_eq!(stage.asked(), 2);
}
