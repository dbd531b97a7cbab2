//! The numbers and texts that TypeScript reads.

use super::requests::request_in;
use super::*;
use holdover::http::handling::{Mode, Request};

const NOW: f64 = 784_111_777_000.0;

const RULES: [f64; 7] = [1.0, 0.0, 0.0, 0.0, f64::NAN, 0.0, 0.0];

fn response(request_head: &str, status: u16, response_head: &str) -> Vec<f64> {
    answered("GET", request_head, status, response_head)
}

fn answered(method: &str, request_head: &str, status: u16, response_head: &str) -> Vec<f64> {
    http_response(
        &RULES,
        method,
        request_head,
        status,
        response_head,
        NOW,
        NOW,
        false,
        false,
        1_000.0,
    )
}

#[test]
fn a_response_in_eight_numbers() {
    let head = "cache-control: max-age=60, stale-if-error=5, public, immutable\nage: 7\netag: \"a\"\n\
                vary: b\nset-cookie: c=d\ncache-groups: \"e\"\n";
    let numbers = response("", 200, head);
    assert_eq!(
        (numbers[0], numbers[1], numbers[3]),
        (0.0, 60_000.0, 7_000.0)
    );
    assert!(numbers[2].is_nan() && numbers[4].is_nan() && numbers[7].is_nan());
    assert_eq!(numbers[5..7], [5_000.0, f64::from(4 + 8 + 32 + 128)]);
    let silent = response("", 200, "last-modified: Sun, 06 Nov 1994 07:49:37 GMT\n");
    assert!(silent[1].is_nan());
    assert_eq!((silent[2], silent[6]), (360_000.0, 8.0));
    let strict = response("", 200, "cdn-cache-control: no-cache\n");
    assert_eq!(strict[4..7], [0.0, 0.0, f64::from(1 + 2)]);
    let part = response("", 206, "content-range: bytes 0-4/9\n");
    assert_eq!(part[7..], [5.0]);
    assert_eq!(response("", 301, "")[6..7], [1024.0]);
}

#[test]
fn reasons_not_to_store_have_these_numbers() {
    let storing = |request, status, head| response(request, status, head)[..1].to_vec();
    let max_age = "cache-control: max-age=9\n";
    assert_eq!(answered("POST", "", 200, max_age)[..1], [1.0]);
    assert_eq!(storing("", 304, max_age), [2.0]);
    assert_eq!(storing("", 200, "cache-control: no-store\n"), [3.0]);
    assert_eq!(storing("cache-control: no-store\n", 200, max_age), [4.0]);
    assert_eq!(storing("", 200, "cache-control: private\n"), [5.0]);
    assert_eq!(storing("authorization: a\n", 200, max_age), [6.0]);
    assert_eq!(storing("", 200, "vary: *\n"), [7.0]);
    assert_eq!(storing("", 403, ""), [8.0]);
    assert_eq!(storing("", 200, "set-cookie: a=b\n"), [9.0]);
    assert_eq!(storing("cookie: a=b\n", 200, ""), [10.0]);
    assert_eq!(storing("", 206, max_age), [11.0]);
    let events = "cache-control: max-age=9\ncontent-type: text/event-stream\n";
    assert_eq!(storing("", 200, events), [12.0]);
}

#[test]
fn cookies_and_hidden_fields() {
    let head = "set-cookie: a=b\nx: 1\n";
    let mut rules = RULES;
    assert_eq!(http_stored_head(&rules, head, false, false, ""), "x: 1\n");
    assert_eq!(
        http_stored_head(&[], head, false, false, ""),
        head,
        "numbers that are none"
    );
    assert_eq!(http_names(&rules, "vary: cookie\n"), "cookie\n");
    rules[1..3].fill(1.0);
    assert_eq!(http_stored_head(&rules, head, false, false, ""), head);
    assert_eq!(http_names(&rules, "vary: cookie\n"), "*\n");
    rules[..2].fill(0.0);
    assert_eq!(http_stored_head(&rules, head, false, false, ""), head);
}

#[test]
fn a_plan_in_nine_numbers() {
    let nan = f64::NAN;
    let head = "cache-control: max-age=60, stale-while-revalidate=30\nage: 80\netag: \"a\"\n";
    let numbers = response("", 200, head);
    let day = 86_400_000.0;
    let plan = |kind, elapsed, policy: [f64; 4]| {
        let mut rules = RULES;
        rules[3..].copy_from_slice(&policy);
        http_plan(&rules, &numbers, kind, elapsed)
    };
    assert_eq!(
        plan(0, 5_000.0, [0.0, nan, 9.0, 26_000.0]),
        [
            0.0,
            1.0,
            85_000.0,
            0.0,
            25_000.0,
            5_000.0,
            1_000.0,
            day,
            day + 5_000.0
        ]
    );
    assert_eq!(
        plan(0, -1.0, [1.0, 7.0, 8.0, f64::INFINITY])[..7],
        [0.0, 1.0, 80_000.0, 7.0, 0.0, 8.0, f64::INFINITY]
    );
    assert_eq!(
        plan(1, 0.0, [0.0, 7.0, 8.0, 9.0]),
        [14.0, 2.0, 80_000.0, 0.0, 20_000.0, 0.0, 0.0, 0.0, day]
    );
    assert_eq!(plan(2, 0.0, [0.0, nan, 0.0, 0.0])[..2], [11.0, 2.0]);
    // Apart, for a request that takes the whole; the same as a failure, where something stands in.
    let good = [1.0, 7.0, 8.0, 9.0];
    assert_eq!(plan(8 + 16, 0.0, good)[..2], [0.0, 1.0 + 4.0 + 8.0]);
    assert_eq!(plan(1 + 4, 0.0, good)[..2], [14.0, 0.0]);
    assert_eq!(plan(1 + 8, 0.0, good)[..2], [14.0, 2.0]);
    assert_eq!(http_plan(&RULES, &[], 0, 0.0), [0.0; 0]);
}

/// Fresh for a minute, and half a minute old.
const STORED: [f64; 9] = [1.0, 60_000.0, 30_000.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// A stored response with one other number.
fn stored_but(at: usize, number: f64) -> [f64; 9] {
    let mut numbers = STORED;
    numbers[at] = number;
    numbers
}

#[test]
fn a_request_in_seven_numbers() {
    let silent = http_request("GET", "", 0, true);
    assert_eq!(silent[..3], [0.0, f64::from(1 + 4), 0.0]);
    assert!(silent[3..].iter().all(|number| number.is_nan()));
    let head = "cache-control: no-cache, no-store, only-if-cached, max-age=1, min-fresh=2, max-stale\n\
                if-none-match: *\nrange: bytes=0-\nif-range: x\nauthorization: a\n";
    let numbers = http_request("HEAD", head, 3, true);
    assert_eq!(
        numbers[..6],
        [
            4.0,
            f64::from(2 + 8 + 16 + 32 + 64 + 128 + 256),
            3.0,
            1000.0,
            2000.0,
            f64::INFINITY
        ]
    );
    assert!(numbers[6].is_nan());
    let private = http_request("GET", "authorization: a\n", 0, false);
    assert_eq!(private[1..2], silent[1..2]);
    let first = |method, head, mode| http_request(method, head, mode, true)[..1].to_vec();
    assert_eq!(first("GET", "", 9), [0.0], "a mode that is none");
    assert_eq!(first("PUT", "", 0), [1.0]);
    assert_eq!(first("POST", "", 0), [2.0]);
    assert_eq!(first("POST", "", 1), [1.0]);
    assert_eq!(first("GET", "if-match: *\n", 0), [3.0]);
    assert_eq!(first("GET", "", 1), [3.0]);
}

#[test]
fn a_request_is_read_back() {
    let head = "cache-control: no-cache, only-if-cached, max-age=1, min-fresh=2, max-stale=3, \
                stale-if-error=4\nif-none-match: *\nrange: bytes=0-\ncookie: a\nauthorization: b\n";
    for (mode, method) in Mode::ALL
        .into_iter()
        .zip(["GET", "HEAD"].into_iter().cycle())
    {
        for head in ["", head] {
            let request = Request::read(method, mode, Head::new(head), true);
            let numbers = http_request(method, head, mode as u32, true);
            let read = request_in(&numbers);
            assert_eq!(read, request, "{method} {mode:?} {head}");
        }
    }
    assert_eq!(request_in(&[]), Request::default());
}

#[test]
fn stored_numbers_say_this() {
    let way = |method, mode, head, stored: &[f64]| {
        let request = http_request(method, head, mode, true);
        http_way(&request, stored, false, true)
    };
    assert_eq!(way("GET", 0, "", &STORED), 0);
    assert_eq!(way("GET", 4, "", &STORED), 1);
    assert_eq!(way("GET", 3, "", &STORED), 2);
    assert_eq!(way("GET", 2, "", &STORED), 3);
    assert_eq!(way("GET", 0, "cache-control: only-if-cached\n", &[]), 4);
    assert_eq!(way("GET", 5, "", &[]), 5);
    assert_eq!(way("GET", 4, "range: bytes=0-\n", &[]), 6);
    assert_eq!(way("HEAD", 0, "", &[]), 7);
    assert_eq!(way("GET", 0, "range: bytes=0-\n", &[]), 8);
    let signed = "authorization: a\n";
    assert_eq!(way("GET", 0, signed, &stored_but(6, 0.0)), 9);
    assert_eq!(way("GET", 0, "", &stored_but(7, 1.0)), 9);
    let wants = |directives| alloc::format!("cache-control: {directives}\n");
    let max_age = wants("max-age=30");
    assert_eq!(way("GET", 0, &max_age, &STORED), 0);
    assert_eq!(way("GET", 0, &max_age, &stored_but(2, 30_001.0)), 2);
    assert_eq!(way("GET", 0, &max_age, &stored_but(3, 1.0)), 2);
    assert_eq!(way("GET", 0, &max_age, &stored_but(5, 1.0)), 2);
    let min_fresh = wants("min-fresh=30");
    assert_eq!(way("GET", 0, &min_fresh, &STORED), 0);
    assert_eq!(way("GET", 0, &min_fresh, &stored_but(1, 59_999.0)), 2);
    assert_eq!(way("GET", 0, &min_fresh, &stored_but(4, 1.0)), 2);
    assert_eq!(way("GET", 3, "", &stored_but(5, 4.0)), 0, "immutable");
    let retained = [5.0, 10_000.0, 30_000.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0];
    let strict = [5.0, 10_000.0, 30_000.0, 0.0, 0.0, 2.0, 1.0, 0.0, 0.0];
    let max_stale = wants("max-stale");
    assert_eq!(way("GET", 0, &max_stale, &retained), 1);
    assert_eq!(way("GET", 0, &max_stale, &strict), 2);
}

#[test]
fn stored_responses_instead_of_failures_and_as_parts() {
    let request = |head| http_request("GET", head, 0, true);
    let silent = request("");
    for (state, expected) in [(1.0, true), (2.0, true), (3.0, true), (5.0, false)] {
        assert_eq!(http_takes(&silent, &stored_but(0, state), true), expected);
    }
    let taking = request("cache-control: stale-if-error=1\n");
    assert!(http_takes(&taking, &stored_but(0, 5.0), true));
    assert!(!http_takes(&silent, &stored_but(8, 1.0), true));
    assert!(!http_takes(&silent, &[], true));
    assert!(http_takes(&silent, &STORED, false));
    assert!(!http_takes(&silent, &stored_but(2, 60_000.0), false));
    assert!(!http_takes(&silent, &[], false));
    assert!(http_is_barred(128, false, false));
    assert!(!http_is_barred(128, true, false));
    assert!(!http_is_barred(127, false, false));
    assert!(http_is_barred(0, true, true));
}

#[test]
fn states_of_what_stores_have() {
    let state = |age| http_state(age, 10.0, 20.0, 30.0);
    assert_eq!(
        [9.0, 10.0, 29.0, 30.0, 39.0, 40.0].map(state),
        [1, 2, 2, 3, 3, 5]
    );
}

#[test]
fn what_of_a_stored_response_answers() {
    let answer = |method, head: &str, status, stored: &str, decoded| {
        let flags = http_request(method, head, 0, true)[1] as u32;
        http_answer(flags, head, status, stored, NOW, 11.0, decoded)
    };
    let range = |head, status, stored| answer("GET", head, status, stored, false);
    assert_eq!(
        range("range: bytes=0-1,5-\n", 200, ""),
        [3.0, 11.0, 0.0, 0.0, 1.0, 5.0, 10.0]
    );
    assert_eq!(range("range: bytes=11-\n", 200, ""), [4.0, 11.0, 0.0]);
    assert_eq!(range("", 200, ""), [0.0]);
    assert_eq!(range("range: bytes=0-1\n", 404, ""), [0.0]);
    assert_eq!(answer("GET", "range: bytes=0-1\n", 200, "", true), [0.0]);
    assert_eq!(answer("HEAD", "range: bytes=0-1\n", 200, "", false), [2.0]);
    let part = "content-range: bytes 4-14/*\n";
    assert_eq!(
        range("range: bytes=4-5\n", 206, part),
        [3.0, -1.0, 4.0, 4.0, 5.0]
    );
    let (condition, stored) = ("if-none-match: \"a\"\nrange: bytes=0-1\n", "etag: \"a\"\n");
    assert_eq!(range(condition, 200, stored), [1.0]);
    assert_eq!(answer("HEAD", condition, 200, stored, false), [1.0]);
    assert_eq!(range(condition, 200, "etag: \"b\"\n")[..1], [3.0]);
    assert_eq!(range(condition, 404, stored), [0.0]);
    assert_eq!(
        http_answer(1, condition, 200, stored, NOW, 11.0, false),
        [0.0]
    );
}

#[test]
fn texts_end_in_line_feeds() {
    let head = "location: /a\ncontent-location: /b\ncache-groups: \"g\", \"\"\n\
                cache-group-invalidation: \"h\"\n";
    let of = |method, status| http_invalidation(method, status, head);
    assert_eq!(of("POST", 201).as_deref(), Some("/a\n/b\n\nh\n"));
    assert_eq!(of("GET", 200), None);
    assert_eq!(http_names(&RULES, head), "\ng\n\n");
    assert_eq!(http_validators("etag: \"a\"\n"), "if-none-match: \"a\"\n");
}

#[test]
fn renewals_as_texts() {
    let stored = "etag: \"a\"\n";
    let renewed = |status, head, by_head| http_renewed(200, stored, status, head, by_head);
    assert_eq!(renewed(200, "", false), None);
    assert_eq!(renewed(304, "etag: \"b\"\n", false).as_deref(), Some(""));
    assert_eq!(
        renewed(304, "x: 1\n", false).as_deref(),
        Some("etag: \"a\"\nx: 1\n")
    );
    assert_eq!(renewed(404, "x: 1\n", true), None);
    assert_eq!(renewed(200, "etag: \"b\"\n", true).as_deref(), Some(""));
    let empty = http_renewed(200, "date: x\n", 200, "", true);
    assert_eq!(empty.as_deref(), Some("\n"), "no head at all is a head");
}

#[test]
fn bodies_and_their_heads() {
    let head = "content-length: 9\ncontent-encoding: gzip\n";
    assert_eq!(http_body(head, true, 9.0, 0x1f8b_0000), 0);
    assert_eq!(http_body(head, true, 9.0, 0x6162_6364), 1);
    assert_eq!(http_body(head, false, 7.0, 0), 2);
}
