//! Lifetimes and windows.

use super::super::cache_control::Scope;
use super::*;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_millis(784_111_777_000);
const DATE: &str = "date: Sun, 06 Nov 1994 08:49:37 GMT\n";

fn directives(lines: &str, shared: bool) -> ResponseDirectives {
    let targets = if shared { "cdn-cache-control" } else { "" };
    ResponseDirectives::of(
        Head::new(lines),
        Scope {
            shared,
            targets,
            ..Scope::default()
        },
    )
}

fn lifetime(lines: &str, shared: bool) -> Option<u64> {
    let head = Head::new(lines);
    let lifetime = explicit(head, &directives(lines, shared), shared, NOW);
    lifetime.map(|span| span.as_millis() / 1000)
}

fn guess(lines: &str, status: u16) -> Option<u64> {
    let head = Head::new(lines);
    let guess = heuristic(head, &directives(lines, true), Status(status), NOW);
    guess.map(|span| span.as_millis() / 1000)
}

#[test]
fn what_counts_first() {
    let all = "cache-control: max-age=2, s-maxage=1\nexpires: Sun, 06 Nov 1994 09:49:37 GMT\n";
    assert_eq!(lifetime(all, true), Some(1));
    assert_eq!(lifetime(all, false), Some(2));
    let expires = "expires: Sun, 06 Nov 1994 09:49:37 GMT\n";
    assert_eq!(lifetime(expires, true), Some(3600));
    assert_eq!(lifetime("", true), None);
    let targeted = "cdn-cache-control: public\nexpires: Sun, 06 Nov 1994 09:49:37 GMT\n";
    assert_eq!(lifetime(targeted, true), None);
    assert_eq!(lifetime(targeted, false), Some(3600));
}

#[test]
fn expires_counts_from_the_date() {
    let later = "date: Sun, 06 Nov 1994 08:50:37 GMT\nexpires: Sun, 06 Nov 1994 08:50:47 GMT\n";
    assert_eq!(lifetime(later, true), Some(10));
    let past = "date: Sun, 06 Nov 1994 08:50:47 GMT\nexpires: Sun, 06 Nov 1994 08:50:37 GMT\n";
    assert_eq!(lifetime(past, true), Some(0));
    let wrong_date = "date: foo\nexpires: Sun, 06 Nov 1994 08:49:47 GMT\n";
    assert_eq!(lifetime(wrong_date, true), Some(10));
}

#[test]
fn an_expiry_that_cannot_be_read_is_past() {
    for lines in [
        "expires: 0\n",
        "expires:\n",
        "expires: Sun, 06 Nov 2050 08:49:47 UTC\n",
        "expires: Sun, 06 Nov 2050 08:49:47 GMT\nexpires: Sun, 06 Nov 2050 08:49:48 GMT\n",
    ] {
        assert_eq!(lifetime(lines, true), Some(0), "{lines}");
    }
}

#[test]
fn a_tenth_of_the_time_since_the_change_and_a_day_at_most() {
    let hour = "last-modified: Sun, 06 Nov 1994 07:49:37 GMT\n";
    assert_eq!(guess(hour, 200), Some(360));
    assert_eq!(
        guess("last-modified: Sun, 06 Nov 1983 07:49:37 GMT\n", 200),
        Some(86_400)
    );
    assert_eq!(
        guess("last-modified: Sun, 06 Nov 1994 09:49:37 GMT\n", 200),
        Some(0)
    );
    for lines in ["", "last-modified: 0\n"] {
        assert_eq!(guess(lines, 200), None);
    }
    let pragma = "last-modified: Sun, 06 Nov 1994 07:49:37 GMT\npragma: no-cache\n";
    assert_eq!(guess(pragma, 200), None);
}

#[test]
fn guessing_needs_a_status_or_public() {
    let hour = "last-modified: Sun, 06 Nov 1994 07:49:37 GMT\n";
    let public = "cache-control: public\nlast-modified: Sun, 06 Nov 1994 07:49:37 GMT\n";
    for status in [201, 202, 403, 502, 503, 504, 599] {
        assert_eq!(guess(hour, status), None, "{status}");
        assert_eq!(guess(public, status), Some(360), "{status}");
    }
    for status in [200, 203, 204, 404, 405, 410, 414, 501] {
        assert_eq!(guess(hour, status), Some(360), "{status}");
    }
}

#[test]
fn windows_are_zero_where_stale_is_forbidden() {
    let both = |lines: &str, shared| {
        windows(&directives(lines, shared), shared).map(|span| span.map(Span::as_millis))
    };
    let stated = "cache-control: max-age=1, stale-while-revalidate=2, stale-if-error=3\n";
    assert_eq!(both(stated, true), [Some(2000), Some(3000)]);
    assert_eq!(both("", true), [None, None]);
    for forbidding in [
        "must-revalidate",
        "proxy-revalidate",
        "s-maxage=9",
        "no-cache",
    ] {
        let lines = alloc::format!("cache-control: {forbidding}, stale-if-error=3\n");
        assert_eq!(both(&lines, true), [Some(0), Some(0)], "{forbidding}");
    }
    assert_eq!(
        both("cache-control: proxy-revalidate, stale-if-error=3\n", false),
        [None, Some(3000)]
    );
}

proptest! {
    #[test]
    fn never_panics(lines in "((expires|date|last-modified|age|pragma|cache-control): .{0,40}\n){0,5}", at: u64, status: u16) {
        let head = Head::new(&lines);
        let directives = directives(&lines, true);
        let at = Timestamp::from_millis(at);
        let _ = explicit(head, &directives, true, at);
        prop_assert!(heuristic(head, &directives, Status(status), at) <= Some(HEURISTIC_MAX));
    }

    #[test]
    fn a_later_expiry_is_never_a_shorter_lifetime(one in 0_u32..60, other in 0_u32..60) {
        let at = |second| alloc::format!("{DATE}expires: Sun, 06 Nov 1994 08:50:{second:02} GMT\n");
        prop_assert_eq!(one <= other, lifetime(&at(one), true) <= lifetime(&at(other), true));
    }
}
