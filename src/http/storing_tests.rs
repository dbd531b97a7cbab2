//! The reasons not to store, one by one.

use super::*;
use crate::time::Timestamp;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_millis(784_111_777_000);

fn judged(method: &str, request: &str, status: u16, response: &str, shared: bool) -> Verdict {
    let answer = Answer {
        method,
        request: Head::new(request),
        status: Status(status),
        response: Head::new(response),
        exchange: Exchange {
            requested_at: NOW,
            received_at: NOW,
        },
    };
    let targets = if shared { "cdn-cache-control" } else { "" };
    judge(
        &answer,
        Scope {
            shared,
            targets,
            ..Scope::default()
        },
    )
}

fn shared(request: &str, status: u16, response: &str) -> Storing {
    judged("GET", request, status, response, true).storing
}

fn private(request: &str, status: u16, response: &str) -> Storing {
    judged("GET", request, status, response, false).storing
}

#[test]
fn a_lifetime_makes_any_final_status_storable() {
    for status in [
        200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 503, 599,
    ] {
        let answer = shared("", status, "cache-control: max-age=60\n");
        assert_eq!(answer, Storing::Allowed, "{status}");
    }
    for status in [100, 103, 304] {
        let answer = shared("", status, "cache-control: max-age=60\n");
        assert_eq!(answer, Storing::Status, "{status}");
    }
}

#[test]
fn only_some_statuses_are_storable_without_a_word() {
    assert_eq!(shared("", 200, ""), Storing::Allowed);
    assert_eq!(shared("", 404, ""), Storing::Allowed);
    assert_eq!(shared("", 403, ""), Storing::Silent);
    assert_eq!(shared("", 599, ""), Storing::Silent);
    assert_eq!(shared("", 599, "cache-control: public\n"), Storing::Allowed);
    assert_eq!(
        private("", 599, "cache-control: private\n"),
        Storing::Allowed
    );
}

#[test]
fn no_store_of_either_side() {
    assert_eq!(
        shared("", 200, "cache-control: max-age=9, No-Store\n"),
        Storing::NoStore
    );
    let request = "cache-control: no-store\n";
    assert_eq!(
        shared(request, 200, "cache-control: max-age=9\n"),
        Storing::RequestNoStore
    );
}

#[test]
fn must_understand_asks_for_a_known_status() {
    let response = "cache-control: max-age=9, no-store, must-understand\n";
    assert_eq!(shared("", 200, response), Storing::Allowed);
    assert_eq!(shared("", 599, response), Storing::Status);
    assert_eq!(
        shared("", 599, "cache-control: max-age=9, must-understand\n"),
        Storing::Status
    );
}

#[test]
fn private_is_for_private_caches() {
    let response = "cache-control: private, max-age=9\n";
    assert_eq!(shared("", 200, response), Storing::Private);
    assert_eq!(private("", 200, response), Storing::Allowed);
    assert_eq!(
        shared("", 200, "cache-control: private=\"a\", max-age=9\n"),
        Storing::Allowed
    );
}

#[test]
fn a_private_that_cannot_be_read_is_private() {
    for private in [
        "private=\"\"",
        "private=\" \"",
        "private=\",\"",
        "private=''",
        "private=",
        "private=true",
        "private=\"set cookie\"",
        "private=\"a",
        "private\u{a0}",
        "priv\u{a0}ate",
        "private; x",
        "x; private",
        "x;private",
        "x=1 private",
        "x\tprivate max-age=9",
        "x=\"a\" private",
        "ext=\"open, private",
    ] {
        let response = alloc::format!("cache-control: max-age=9, public, {private}\n");
        assert_eq!(shared("", 200, &response), Storing::Private, "{private}");
    }
}

#[test]
fn what_forbids_without_commas_forbids() {
    for (value, storing) in [
        ("private max-age=9", Storing::Private),
        ("max-age=9;private", Storing::Private),
        ("max-age=9; no-store", Storing::NoStore),
        ("no-cache no-store must-revalidate", Storing::NoStore),
        ("public no-store", Storing::NoStore),
        ("private:max-age=9", Storing::Private),
        ("private/max-age=9", Storing::Private),
        ("max-age=9, =private", Storing::Private),
        ("max-age=9, no-store:1", Storing::NoStore),
        ("max-age=9, =no-store", Storing::NoStore),
        ("max-age=9, ext=private", Storing::Allowed),
        ("max-age=9, ext=\"no-store; private\"", Storing::Allowed),
        ("max-age=9, ext=\"\\\" no-store private\"", Storing::Allowed),
    ] {
        let response = alloc::format!("cache-control: {value}\n");
        assert_eq!(shared("", 200, &response), storing, "{value}");
    }
}

#[test]
fn a_permission_that_cannot_be_read_is_none() {
    let request = "authorization: FOO\n";
    for broken in [
        "public=bad",
        "public =",
        "public= ",
        "must-revalidate =",
        "public=bad, public",
        "must-revalidate=bad, must-revalidate",
        "s-maxage=x",
        "s-maxage",
        "ext=\"open, public, s-maxage=9",
        "public\u{a0}",
        "x public",
        "x; s-maxage=9",
        "x=1;must-revalidate",
    ] {
        let response = alloc::format!("cache-control: max-age=9, {broken}\n");
        assert_eq!(
            shared(request, 200, &response),
            Storing::Authorization,
            "{broken}"
        );
    }
}

#[test]
fn a_scope_that_keeps_cookies_takes_any_lifetime_above_zero() {
    let answer = |response: &'static str| Answer {
        method: "GET",
        request: Head::default(),
        status: Status(200),
        response: Head::new(response),
        exchange: Exchange {
            requested_at: NOW,
            received_at: NOW,
        },
    };
    let scope = Scope {
        shared: true,
        keeps_set_cookie: true,
        ..Scope::default()
    };
    let storing = |response| judge(&answer(response), scope).storing;
    let used_up = "set-cookie: a=b\ncache-control: max-age=9\nage: 9\n";
    assert_eq!(storing(used_up), Storing::Allowed);
    let zero = "set-cookie: a=b\ncache-control: max-age=0\n";
    assert_eq!(storing(zero), Storing::SetCookie);
    assert_eq!(storing("set-cookie: a=b\n"), Storing::SetCookie);
}

#[test]
fn streams_of_events_have_no_whole() {
    for media_type in ["text/event-stream", "Text/Event-Stream; charset=utf-8"] {
        let response = alloc::format!("cache-control: max-age=9\ncontent-type: {media_type}\n");
        assert_eq!(shared("", 200, &response), Storing::EventStream);
        assert_eq!(private("", 200, &response), Storing::EventStream);
    }
    assert_eq!(
        shared("", 200, "content-type: text/event\n"),
        Storing::Allowed
    );
}

#[test]
fn authorization_needs_permission_in_shared_caches() {
    let request = "authorization: FOO\n";
    for silent in [
        "expires: Sun, 06 Nov 1994 09:49:37 GMT\n",
        "cache-control: max-age=9\n",
        "",
    ] {
        assert_eq!(
            shared(request, 200, silent),
            Storing::Authorization,
            "{silent}"
        );
        assert_eq!(private(request, 200, silent), Storing::Allowed, "{silent}");
    }
    for said in [
        "max-age=9, public",
        "max-age=9, must-revalidate",
        "s-maxage=9",
    ] {
        let response = alloc::format!("cache-control: {said}\n");
        assert_eq!(shared(request, 200, &response), Storing::Allowed, "{said}");
    }
}

#[test]
fn vary_any_is_never_stored() {
    for vary in ["*", "*, *", ", *", "Foo, *", "*, Foo", "a\nvary: *"] {
        let response = alloc::format!("cache-control: max-age=9\nvary: {vary}\n");
        assert_eq!(shared("", 200, &response), Storing::VaryAny, "{vary}");
    }
}

#[test]
fn cookies_are_taken_for_private_unless_the_response_says_so() {
    let cookie = "cookie: a=b\n";
    assert_eq!(shared("", 200, "set-cookie: a=b\n"), Storing::SetCookie);
    assert_eq!(shared(cookie, 200, ""), Storing::Cookie);
    assert_eq!(private(cookie, 200, "set-cookie: a=b\n"), Storing::Allowed);
    assert_eq!(
        shared(cookie, 200, "set-cookie: a=b\ncache-control: max-age=9\n"),
        Storing::Allowed
    );
    for nothing_left in [
        "cache-control: max-age=0\n",
        "cache-control: public, max-age=0\n",
        "cache-control: public\n",
        "cache-control: s-maxage=0, max-age=9\n",
        "cache-control: max-age=9\nage: 9\n",
        "expires: -1\n",
        "expires: Sun, 06 Nov 1994 08:49:37 GMT\n",
    ] {
        let setting = alloc::format!("set-cookie: a=b\netag: \"1\"\n{nothing_left}");
        assert_eq!(shared("", 200, &setting), Storing::SetCookie, "{setting}");
        assert_eq!(private("", 200, &setting), Storing::Allowed, "{setting}");
        assert_eq!(
            shared("", 302, nothing_left) == Storing::Silent,
            !nothing_left.contains("public"),
            "{nothing_left}"
        );
        assert_eq!(
            shared(cookie, 200, nothing_left) == Storing::Cookie,
            !nothing_left.contains("public"),
            "{nothing_left}"
        );
    }
    assert_eq!(
        shared(cookie, 200, "cache-control: public\n"),
        Storing::Allowed
    );
}

#[test]
fn methods_and_parts() {
    let response = "cache-control: max-age=9\ncontent-location: /a\n";
    let storing = |method, response| judged(method, "", 200, response, true).storing;
    assert_eq!(storing("POST", response), Storing::Allowed);
    assert_eq!(
        storing("POST", "cache-control: max-age=9\n"),
        Storing::Method
    );
    assert_eq!(storing("POST", "content-location: /a\n"), Storing::Method);
    let varying = "cache-control: max-age=9\ncontent-location: /a\nvary: accept\n";
    assert_eq!(storing("POST", varying), Storing::Method);
    let created = judged("POST", "", 201, response, true).storing;
    assert_eq!(created, Storing::Method);
    for method in ["HEAD", "PUT", "M-SEARCH", "get"] {
        assert_eq!(storing(method, response), Storing::Method, "{method}");
    }
    assert_eq!(shared("", 206, response), Storing::Partial);
    assert_eq!(
        shared("", 206, "cache-control: no-store\n"),
        Storing::NoStore
    );
}

#[test]
fn a_verdict_has_all_the_numbers() {
    let response = "cache-control: max-age=60, stale-if-error=5\nage: 7\nlast-modified: Sun, 06 Nov 1994 07:49:37 GMT\n";
    let verdict = judged("GET", "", 200, response, true);
    assert_eq!(verdict.lifetime, Some(Span::from_secs(60)));
    assert_eq!(verdict.heuristic, None);
    assert_eq!(verdict.initial_age, Span::from_secs(7));
    assert_eq!(verdict.stale_while_revalidate, None);
    assert_eq!(verdict.stale_if_error, Some(Span::from_secs(5)));
    let silent = judged(
        "GET",
        "",
        200,
        "last-modified: Sun, 06 Nov 1994 07:49:37 GMT\n",
        true,
    );
    assert_eq!(silent.heuristic, Some(Span::from_secs(360)));
}

proptest! {
    #[test]
    fn what_a_shared_cache_may_store_a_private_one_may(
        request in "((authorization|cookie|cache-control): [a-z=,0-9 -]{0,20}\n){0,3}",
        response in "((cache-control|vary|set-cookie|expires): [a-z=,0-9 -]{0,30}\n){0,4}",
        status in 100_u16..600,
    ) {
        if shared(&request, status, &response) == Storing::Allowed {
            prop_assert_eq!(private(&request, status, &response), Storing::Allowed);
        }
    }
}
