//! What is stored, for how long, and for whom.

use crate::stage::{SECOND, Stage, answer, fresh};
use holdover::tower::ResponsePolicy;
use http::Response;

fn silent() -> http::response::Builder {
    Response::builder()
}

/// The `Cache-Status` of two requests for a response with these fields.
fn twice(shared: bool, response: &[(&str, &str)], request: &[(&str, &str)]) -> [String; 2] {
    let fields: Vec<(String, String)> = response
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let origin = move |_, _| {
        let mut head = silent();
        for (name, value) in &fields {
            head = head.header(name, value);
        }
        std::future::ready(answer(head, "body"))
    };
    let stage = if shared {
        Stage::shared(ResponsePolicy::new(), origin)
    } else {
        Stage::private(ResponsePolicy::new(), origin)
    };
    [(); 2].map(|()| stage.get("/", request).cache_status().to_owned())
}

const STORED: &str = "holdover; fwd=uri-miss; fwd-status=200; stored";
const HIT: &str = "holdover; hit; ttl=60";
const PASSED: &str = "holdover; fwd=uri-miss; fwd-status=200";

#[test]
fn a_fresh_response_is_told_its_age() {
    let stage = Stage::shared(ResponsePolicy::new(), |_, nth| async move {
        answer(fresh().header("age", "7"), &format!("#{nth}"))
    });
    let first = stage.get("/", &[]);
    assert_eq!((first.text.as_str(), first.cache_status()), ("#1", STORED));
    stage.after(SECOND.times(3));
    let again = stage.get("/", &[]);
    assert_eq!((again.text.as_str(), again.header("age")), ("#1", "10"));
    assert_eq!(again.cache_status(), "holdover; hit; ttl=50");
    assert!(again.headers.contains_key("date"), "it was dated");
    stage.after(SECOND.times(50));
    assert_eq!(stage.get("/", &[]).text, "#2");
    assert_eq!(stage.asked(), 2);
}

#[test]
fn a_response_says_who_may_keep_it() {
    for (control, shared, private) in [
        ("max-age=60", HIT, HIT),
        ("no-store, max-age=60", PASSED, PASSED),
        ("private, max-age=60", PASSED, HIT),
        ("private=\"\", max-age=60", PASSED, HIT),
        ("max-age=1, s-maxage=60", HIT, "holdover; hit; ttl=1"),
    ] {
        let fields = [("cache-control", control)];
        assert_eq!(twice(true, &fields, &[])[1], shared, "{control}");
        assert_eq!(twice(false, &fields, &[])[1], private, "{control}");
    }
}

#[test]
fn credentials_and_cookies_are_for_one_user() {
    let authorized = [("authorization", "Bearer me")];
    let with = |control| twice(true, &[("cache-control", control)], &authorized);
    assert_eq!(with("max-age=60"), [PASSED; 2]);
    assert_eq!(with("max-age=60, public"), [STORED, HIT]);
    let sets = [("set-cookie", "sid=1"), ("cache-control", "max-age=0")];
    let status = twice(true, &sets, &[]);
    assert_eq!(status, [PASSED; 2]);
    let cookie = [("cookie", "sid=1")];
    assert_eq!(
        twice(
            true,
            &[("last-modified", "Thu, 01 Jan 1970 00:00:00 GMT")],
            &cookie
        )[1],
        PASSED
    );
    assert_eq!(
        twice(true, &[("cache-control", "max-age=60")], &cookie)[1],
        HIT
    );
}

#[test]
fn a_stored_response_sets_nobodys_cookie() {
    let stage = Stage::shared(ResponsePolicy::new(), |_, _| async {
        answer(fresh().header("set-cookie", "sid=1"), "page")
    });
    assert_eq!(stage.get("/", &[]).header("set-cookie"), "sid=1");
    let again = stage.get("/", &[]);
    assert_eq!(
        (again.header("set-cookie"), again.cache_status()),
        ("", HIT)
    );
    let keeping = Stage::shared(ResponsePolicy::new().store_set_cookie(), |_, _| async {
        answer(fresh().header("set-cookie", "sid=1"), "page")
    });
    keeping.get("/", &[]);
    assert_eq!(keeping.get("/", &[]).header("set-cookie"), "sid=1");
}

#[test]
fn what_a_permission_is_missing_for_is_not_given_out_when_it_is_stored() {
    let stage = Stage::shared(ResponsePolicy::new(), |_, nth| async move {
        answer(fresh(), &format!("#{nth}"))
    });
    stage.get("/", &[]);
    let own = stage.get("/", &[("authorization", "Bearer me")]);
    assert_eq!(
        (own.text.as_str(), own.cache_status()),
        ("#2", "holdover; fwd=bypass")
    );
    assert_eq!(stage.get("/", &[]).text, "#1");
}

#[test]
fn the_policy_fills_in_and_overrides() {
    let silent = |policy| {
        Stage::shared(policy, |_, nth| async move {
            answer(Response::builder(), &format!("#{nth}"))
        })
    };
    let filled = silent(ResponsePolicy::new().ttl(SECOND.times(5)));
    filled.get("/", &[]);
    assert_eq!(filled.get("/", &[]).cache_status(), "holdover; hit; ttl=5");
    let unfilled = silent(ResponsePolicy::new());
    unfilled.get("/", &[]);
    assert_eq!(unfilled.get("/", &[]).text, "#2");
    let overriding = ResponsePolicy::new().ttl(SECOND.times(5)).overrides();
    let stage = Stage::shared(overriding, |_, _| async { answer(fresh(), "x") });
    stage.get("/", &[]);
    assert_eq!(stage.get("/", &[]).cache_status(), "holdover; hit; ttl=5");
}

#[test]
fn hop_by_hop_fields_are_neither_stored_nor_passed_with_what_is() {
    let stage = Stage::shared(ResponsePolicy::new(), |_, _| async {
        let head = fresh()
            .header("connection", "x-hop, close")
            .header("x-hop", "1")
            .header("keep-alive", "timeout=5")
            .header("x-end", "2");
        answer(head, "x")
    });
    for _ in 0..2 {
        let got = stage.get("/", &[]);
        let names = ["connection", "x-hop", "keep-alive", "x-end"].map(|name| got.header(name));
        assert_eq!(names, ["", "", "", "2"]);
    }
}

#[test]
fn odd_bytes_in_fields_come_back_as_they_were() {
    let stage = Stage::shared(ResponsePolicy::new(), |_, _| async {
        let odd = http::HeaderValue::from_bytes(b"\xff\x80\xc3\xa9 \t\"\\").unwrap();
        answer(
            fresh()
                .header("x-odd", odd.clone())
                .header("vary", "x-in")
                .header("etag", odd),
            "x",
        )
    });
    let mut request = crate::stage::request("GET", "/", &[]);
    let odd = http::HeaderValue::from_bytes(b"\xfe\xff\x81").unwrap();
    for name in [
        "x-in",
        "if-none-match",
        "range",
        "cookie",
        "cache-control",
        "pragma",
    ] {
        request.headers_mut().insert(name, odd.clone());
    }
    let ask = || {
        let (stage, mut again) = (stage.clone(), crate::stage::request("GET", "/", &[]));
        *again.headers_mut() = request.headers().clone();
        stage
            .clone()
            .host
            .run(async move { stage.fetch(again).await.unwrap() })
    };
    ask();
    let got = ask();
    assert_eq!(got.headers["x-odd"].as_bytes(), b"\xff\x80\xc3\xa9 \t\"\\");
    assert_eq!(stage.asked(), 1);
}

#[test]
fn head_is_answered_from_get_and_forwarded_without() {
    let stage = Stage::shared(ResponsePolicy::new(), |_, _| async {
        answer(fresh(), "twelve bytes")
    });
    let head = stage.send("HEAD", "/", &[]);
    assert_eq!(head.cache_status(), "holdover; fwd=uri-miss");
    stage.get("/", &[]);
    let head = stage.send("HEAD", "/", &[]);
    assert_eq!(
        (head.text.as_str(), head.header("content-length")),
        ("", "12")
    );
    assert_eq!(head.cache_status(), HIT);
    assert_eq!(stage.asked(), 2);
    let filling = Stage::shared(ResponsePolicy::new().fetch_whole(), |_, _| async {
        answer(fresh(), "twelve bytes")
    });
    assert_eq!(filling.send("HEAD", "/", &[]).text, "");
    assert_eq!(filling.get("/", &[]).text, "twelve bytes");
    assert_eq!(filling.asked(), 1);
}

#[test]
fn failures_with_a_lifetime_are_kept_and_stand_in_for_nothing() {
    let stage = Stage::shared(
        ResponsePolicy::new().stale_if_error(SECOND.times(600)),
        |_, nth| async move { answer(fresh().status(503), &format!("#{nth}")) },
    );
    assert_eq!(stage.get("/", &[]).text, "#1");
    let again = stage.get("/", &[]);
    assert_eq!((again.text.as_str(), again.status), ("#1", 503));
    stage.after(SECOND.times(61));
    assert_eq!(stage.get("/", &[]).text, "#2");
}

#[test]
fn cache_if_and_fail_if_are_asked_about_heads() {
    let policy = ResponsePolicy::new()
        .cache_if(|head| head.headers.contains_key("x-keep"))
        .fail_if(|head| head.status == 404)
        .stale_if_error(SECOND.times(600));
    let stage = Stage::shared(policy, |_, nth| async move {
        match nth {
            1 => answer(fresh(), "#1"),
            2 => answer(fresh().header("x-keep", "1"), "#2"),
            _ => answer(Response::builder().status(404), "gone"),
        }
    });
    assert_eq!(stage.get("/", &[]).cache_status(), PASSED);
    stage.get("/", &[]);
    stage.after(SECOND.times(61));
    let held_over = stage.get("/", &[]);
    assert_eq!(held_over.text, "#2");
    assert_eq!(
        held_over.cache_status(),
        "holdover; hit; ttl=-1; detail=error-fallback"
    );
}
