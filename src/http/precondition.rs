//! Answering conditional requests from a stored response (RFC 9110 §13.2, RFC 9111 §4.3.2).
//!
//! A cache evaluates `If-None-Match` and `If-Modified-Since`. `If-Match` and
//! `If-Unmodified-Since` are the origin's: such requests are forwarded as they are (§13.2.1).

use super::age;
use super::date;
use super::freshness::last_modified;
use super::head::Head;
use super::status::Status;
use super::validators::{EntityTag, EntityTags};
use crate::time::Timestamp;

/// True if the client has the stored response, which is fresh or was just validated, so that 304
/// answers it. `If-None-Match` counts before `If-Modified-Since`; only a 200 is compared.
///
/// `received_at` stands in for the dates that a stored response lacks.
#[must_use]
pub fn is_not_modified(
    request: Head<'_>,
    status: Status,
    stored: Head<'_>,
    received_at: Timestamp,
) -> bool {
    if status != Status(200) {
        return false;
    }
    if request.has("if-none-match") {
        return matches_any_tag(request, stored);
    }
    let since = date::of(request, "if-modified-since", received_at);
    since.is_some_and(|since| changed_at(stored, received_at) <= since)
}

fn matches_any_tag(request: Head<'_>, stored: Head<'_>) -> bool {
    let known = EntityTag::of(stored);
    for list in request.values("if-none-match") {
        for tag in EntityTags::new(list) {
            if tag.opaque == "*" || known.is_some_and(|known| tag.matches(&known)) {
                return true;
            }
        }
    }
    false
}

/// The time of the last change of a stored response, or the best estimate (RFC 9111 §4.3.2).
fn changed_at(stored: Head<'_>, received_at: Timestamp) -> Timestamp {
    last_modified(stored, received_at)
        .or_else(|| age::date(stored, received_at))
        .unwrap_or(received_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_millis(784_111_777_000);
    const EARLIER: &str = "Sun, 06 Nov 1994 07:49:37 GMT";
    const LATER: &str = "Sun, 06 Nov 1994 09:49:37 GMT";

    fn not_modified(request: &str, stored: &str) -> bool {
        is_not_modified(Head::new(request), Status(200), Head::new(stored), NOW)
    }

    #[test]
    fn tags_are_compared_weakly() {
        let stored = "etag: \"abcdef\"\n";
        for list in [
            "\"abcdef\"",
            "W/\"abcdef\"",
            "\"abcdef\", \"1234\", \"5678\"",
            "\"1234\", \"abcdef\", \"5678\"",
            "\"1234\", \"5678\", \"abcdef\"",
            "*",
        ] {
            assert!(
                not_modified(&format!("if-none-match: {list}\n"), stored),
                "{list}"
            );
        }
        assert!(not_modified(
            "if-none-match: \"1\"\nif-none-match: \"abcdef\"\n",
            stored
        ));
        for list in ["\"abcde\"", "abcdef", "", "\"abcdef,\""] {
            assert!(
                !not_modified(&format!("if-none-match: {list}\n"), stored),
                "{list}"
            );
        }
        assert!(
            not_modified("if-none-match: *\n", "") && !not_modified("if-none-match: \"a\"\n", "")
        );
    }

    #[test]
    fn a_tag_counts_before_a_date() {
        let stored = format!("etag: \"a\"\nlast-modified: {EARLIER}\n");
        let request = format!("if-none-match: \"b\"\nif-modified-since: {LATER}\n");
        assert!(!not_modified(&request, &stored));
    }

    #[test]
    fn dates_are_compared_as_moments() {
        let since = |date: &str, stored: &str| {
            not_modified(&format!("if-modified-since: {date}\n"), stored)
        };
        let stored = format!("last-modified: {EARLIER}\n");
        assert!(since(EARLIER, &stored) && since(LATER, &stored));
        assert!(since("Sunday, 06-Nov-94 07:49:37 GMT", &stored));
        assert!(!since("Sun, 06 Nov 1994 07:49:36 GMT", &stored));
        assert!(!since("yesterday", &stored));
        assert!(!since(EARLIER, "date: Sun, 06 Nov 1994 08:49:37 GMT\n"));
        assert!(since(LATER, "date: Sun, 06 Nov 1994 08:49:37 GMT\n"));
        assert!(since(LATER, "") && !since(EARLIER, ""));
    }

    #[test]
    fn only_a_200_is_compared_and_only_if_asked() {
        let (request, stored) = (Head::new("if-none-match: *\n"), Head::new("etag: \"a\"\n"));
        for status in [204, 206, 301, 404] {
            assert!(
                !is_not_modified(request, Status(status), stored, NOW),
                "{status}"
            );
        }
        assert!(!not_modified("", "etag: \"a\"\n"));
    }

    proptest! {
        #[test]
        fn no_text_panics(list: String, stored: String) {
            let _ = not_modified(&format!("if-none-match: {list}\nif-modified-since: {list}\n"), &stored);
        }
    }
}
