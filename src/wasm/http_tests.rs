//! The numbers and texts that TypeScript reads.

use super::*;

const NOW: f64 = 784_111_777_000.0;

fn response(request_head: &str, status: u16, response_head: &str) -> Vec<f64> {
    let targets = "cdn-cache-control";
    http_response(
        "GET",
        request_head,
        status,
        response_head,
        true,
        targets,
        NOW,
        NOW,
        false,
        false,
    )
}

#[test]
fn a_response_in_seven_numbers() {
    let head = "cache-control: max-age=60, stale-if-error=5, public, immutable\nage: 7\netag: \"a\"\n\
                vary: b\nset-cookie: c=d\ncache-groups: \"e\"\n";
    let numbers = response("", 200, head);
    assert_eq!(
        (numbers[0], numbers[1], numbers[3]),
        (0.0, 60_000.0, 7_000.0)
    );
    assert!(numbers[2].is_nan() && numbers[4].is_nan());
    assert_eq!(numbers[5..], [5_000.0, f64::from(4 + 8 + 32 + 64 + 512)]);
    let silent = response("", 200, "last-modified: Sun, 06 Nov 1994 07:49:37 GMT\n");
    assert!(silent[1].is_nan());
    assert_eq!((silent[2], silent[6]), (360_000.0, 16.0));
    let strict = response("", 200, "cdn-cache-control: no-cache\n");
    assert_eq!(strict[4..], [0.0, 0.0, f64::from(1 + 2)]);
}

#[test]
fn reasons_not_to_store_have_these_numbers() {
    let storing = |request, status, head| response(request, status, head)[..1].to_vec();
    let max_age = "cache-control: max-age=9\n";
    let put = http_response("PUT", "", 200, max_age, true, "", NOW, NOW, false, false);
    assert_eq!(put[..1], [1.0]);
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
fn sharing_takes_what_the_others_give() {
    assert!(http_shareable(0.0, 0, 1.0, true));
    assert!(!http_shareable(8.0, 0, 1.0, true));
    assert!(!http_shareable(0.0, 1, 1.0, true));
    assert!(!http_shareable(0.0, 0, 0.0, true));
    assert!(!http_shareable(0.0, 32, 1.0, true));
    assert!(http_shareable(0.0, 32, 1.0, false));
}

#[test]
fn cookies_and_hidden_fields() {
    let head = "set-cookie: a=b\nx: 1\n";
    assert_eq!(http_stored_head(head, true, "", false), "x: 1\n");
    assert_eq!(http_stored_head(head, true, "", true), head);
    assert_eq!(http_stored_head(head, false, "", false), head);
    assert_eq!(http_vary("vary: cookie\n", true), "*");
    assert_eq!(http_vary("vary: cookie\n", false), "cookie");
}

#[test]
fn terms_in_six_numbers() {
    let head = "cache-control: max-age=60, stale-while-revalidate=30\nage: 80\netag: \"a\"\n";
    let numbers = response("", 200, head);
    let nan = f64::NAN;
    let day = 86_400_000.0;
    assert_eq!(
        http_terms(&numbers, 5_000.0, false, nan, 9.0, 26_000.0, false),
        [85_000.0, 0.0, 25_000.0, 5_000.0, 1_000.0, day]
    );
    assert_eq!(
        http_terms(&numbers, -1.0, false, 7.0, 8.0, f64::INFINITY, true),
        [80_000.0, 7.0, 0.0, 8.0, f64::INFINITY, day]
    );
    assert_eq!(
        http_terms(&numbers, 0.0, true, 7.0, 8.0, 9.0, false),
        [80_000.0, 0.0, 20_000.0, 0.0, 0.0, 0.0]
    );
    let silent = response("", 200, "");
    let of_policy = http_terms(&silent, 1_000.0, false, 7_000.0, 8.0, 9.0, false);
    assert_eq!(of_policy, [1_000.0, 6_000.0, 0.0, 8.0, 9.0, 0.0]);
    let strict = response("", 200, "cache-control: no-cache, max-age=9\n");
    let never = http_terms(&strict, 0.0, false, 7.0, 8.0, 9.0, false);
    assert_eq!(never, [0.0; 6]);
}

#[test]
fn a_request_may_take_what_is_stale_on_error() {
    assert!(http_taken_on_error(0, 1_000.0, 1_000.0));
    assert!(!http_taken_on_error(0, 1_000.0, f64::NAN));
    assert!(!http_taken_on_error(2, 1_000.0, f64::INFINITY));
}

#[test]
fn a_request_in_five_numbers() {
    let head = "cache-control: no-cache, no-store, only-if-cached, max-age=1, min-fresh=2, max-stale\n\
                if-none-match: *\nif-match: *\nrange: bytes=0-\nif-range: x\nauthorization: a\ncookie: b\n";
    let numbers = http_request("GET", head);
    assert_eq!(
        numbers[..4],
        [
            f64::from(511 - 64 - 256 + 1024 + 2048),
            1000.0,
            2000.0,
            f64::INFINITY
        ]
    );
    assert!(numbers[4].is_nan());
    assert_eq!(http_request("POST", "range: items=1-2\n")[..1], [512.0]);
}

#[test]
fn reuse_takes_what_the_others_give() {
    let nan = f64::NAN;
    assert_eq!(http_reuse(0, 60_000.0, 59_999.0, 0, nan, nan, nan), 0);
    assert_eq!(http_reuse(0, f64::INFINITY, 9e15, 0, nan, nan, nan), 0);
    assert_eq!(
        http_reuse(0, 60_000.0, 60_000.0, 0, nan, nan, f64::INFINITY),
        1
    );
    assert_eq!(
        http_reuse(2, 60_000.0, 60_000.0, 0, nan, nan, f64::INFINITY),
        2
    );
    assert_eq!(http_reuse(1, 60_000.0, 0.0, 0, nan, nan, nan), 2);
    assert_eq!(http_reuse(0, 60_000.0, 0.0, 1, nan, nan, nan), 2);
    assert_eq!(http_reuse(0, 60_000.0, 2_000.0, 0, 1_000.0, nan, nan), 2);
}

#[test]
fn ranges_in_pairs() {
    let range = |asked: &str, status, stored| http_range(asked, status, stored, 11.0);
    assert_eq!(
        range("range: bytes=0-1,5-\n", 200, ""),
        [11.0, 0.0, 0.0, 1.0, 5.0, 10.0]
    );
    assert_eq!(range("range: bytes=11-\n", 200, ""), [11.0]);
    assert_eq!(range("", 200, ""), [0.0; 0]);
    let part = "content-range: bytes 4-14/*\n";
    assert_eq!(
        range("range: bytes=4-5\n", 206, part),
        [-1.0, 4.0, 4.0, 5.0]
    );
}

#[test]
fn texts_end_in_line_feeds() {
    let head = "location: /a\ncontent-location: /b\ncache-groups: \"g\", \"\"\n";
    assert_eq!(
        http_invalidation("POST", 201, head).as_deref(),
        Some("/a\n/b\n")
    );
    assert_eq!(http_invalidation("PUT", 200, "").as_deref(), Some(""));
    assert_eq!(http_invalidation("GET", 200, head), None);
    assert_eq!(http_groups(head), "g\n\n");
    assert_eq!(http_validators("etag: \"a\"\n\n"), "if-none-match: \"a\"\n");
    assert_eq!(http_head_update("etag: \"a\"\n", "etag: \"b\"\n"), None);
    let updated = http_head_update("a: 1\n", "b: 2\n");
    assert_eq!(updated.as_deref(), Some("a: 1\nb: 2\n"));
}

#[test]
fn conditional_requests_get_a_status() {
    let (request, stored) = ("if-none-match: \"a\"\n", "etag: \"a\"\n");
    assert_eq!(http_precondition("GET", request, 200, stored, NOW), 304);
    assert_eq!(http_precondition("POST", request, 200, stored, NOW), 200);
    assert_eq!(http_precondition("GET", request, 404, stored, NOW), 404);
}
