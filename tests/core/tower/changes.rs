//! Requests that change something at the origin.

use crate::stage::{Down, SECOND, Stage, answer, fresh, got, request};
use holdover::tower::{Body, ResponsePolicy};
use http::{Request, Response};

fn site(status: u16, fields: &'static [(&'static str, &'static str)]) -> Stage {
    Stage::shared(ResponsePolicy::new(), move |parts, nth| async move {
        if parts.method == "GET" {
            let head = fresh().header("cache-groups", "\"g\"");
            return answer(head, &format!("#{nth}"));
        }
        let mut head = Response::builder().status(status);
        for (name, value) in fields {
            head = head.header(*name, *value);
        }
        answer(head, "changed")
    })
}

#[test]
fn a_change_ends_what_is_stored_of_its_url() {
    for method in ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH"] {
        let stage = site(200, &[]);
        stage.get("/a", &[]);
        stage.get("/b", &[]);
        assert_eq!(
            stage.send(method, "/a", &[]).cache_status(),
            "holdover; fwd=method"
        );
        assert_eq!(stage.get("/a", &[]).text, "#4", "{method}");
        assert_eq!(stage.get("/b", &[]).text, "#2");
    }
}

#[test]
fn what_failed_or_is_safe_changes_nothing() {
    for (method, status) in [("POST", 404), ("DELETE", 500), ("OPTIONS", 200)] {
        let stage = site(status, &[]);
        stage.get("/a", &[]);
        stage.send(method, "/a", &[]);
        assert_eq!(stage.get("/a", &[]).text, "#1", "{method} {status}");
    }
}

#[test]
fn the_urls_and_groups_that_an_answer_names_end_too() {
    let stage = site(
        201,
        &[
            ("location", "/b"),
            ("content-location", "http://other.test/c"),
        ],
    );
    for path in ["/a", "/b", "/c"] {
        stage.get(path, &[]);
    }
    stage.send("POST", "/a", &[]);
    let texts = ["/a", "/b", "/c"].map(|path| stage.get(path, &[]).text);
    assert_eq!(texts, ["#5", "#6", "#3"]);
    let grouped = site(200, &[("cache-group-invalidation", "\"g\"")]);
    grouped.get("/b", &[]);
    grouped.send("POST", "/a", &[]);
    assert_eq!(grouped.get("/b", &[]).text, "#3");
}

#[test]
fn an_answer_that_was_on_its_way_is_not_kept_after_a_change() {
    let stage = Stage::late(ResponsePolicy::new(), SECOND, |parts, nth| async move {
        let _ = parts;
        answer(fresh(), &format!("#{nth}"))
    });
    let before = stage.begin("/", &[]);
    stage.after(holdover::Span::from_millis(500));
    let own = stage.clone();
    stage.host.start(async move {
        own.fetch(request("POST", "/", &[])).await.unwrap();
    });
    stage.after(SECOND.times(2));
    assert_eq!(got(&before).text, "#1");
    let hit = stage.get("/", &[]);
    // The first was complete before the change was: it was stored, and ended by it.
    assert_eq!(hit.text, "#3");
}

#[test]
fn a_body_reaches_the_origin_and_one_of_a_get_too() {
    let stage = site(200, &[]);
    let bodies = [("POST", "/a"), ("GET", "/a")].map(|(method, path)| {
        let (parts, _) = request(method, path, &[]).into_parts();
        let request: Request<Body> = Request::from_parts(parts, Body::from("payload"));
        let own = stage.clone();
        let got = stage
            .host
            .run(async move { own.fetch(request).await.unwrap() });
        got.cache_status().to_owned()
    });
    assert_eq!(bodies, ["holdover; fwd=method", "holdover; fwd=bypass"]);
}

#[test]
fn an_error_of_a_change_is_its_own() {
    let stage = Stage::shared(
        ResponsePolicy::new().stale_if_error(SECOND.times(600)),
        |parts, _| async move {
            if parts.method == "GET" {
                return answer(fresh(), "page");
            }
            Err(Down("refused"))
        },
    );
    stage.get("/", &[]);
    let own = stage.clone();
    let error = stage
        .host
        .run(async move { own.response(request("PUT", "/", &[])).await.unwrap_err() });
    assert_eq!(error.try_into_inner().unwrap(), Down("refused"));
    assert_eq!(stage.get("/", &[]).text, "page");
}
