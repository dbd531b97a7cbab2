//! Invalidation by changes at the origin (RFC 9111 §4.4, RFC 9875 §3).

use super::groups;
use super::head::Head;
use super::request::is_safe;
use super::status::Status;
use super::text::push;
use alloc::string::String;

/// The fields whose URLs a change invalidates together with the request's own.
const REFERENCES: [&str; 2] = ["location", "content-location"];

/// True if a response says that the request changed something: an unsafe method, and no error.
#[must_use]
pub fn is_change(method: &str, status: Status) -> bool {
    !is_safe(method) && status.is_non_error()
}

/// The references to further URLs that a change invalidates. The host resolves them against the
/// request's URL and keeps those of its origin: one origin must not empty another's cache.
pub fn references(response: Head<'_>) -> impl Iterator<Item = &str> {
    REFERENCES
        .into_iter()
        .filter_map(move |name| response.get(name))
}

/// Lists what an answer makes out of date besides the request's own URL, a line each: references to
/// further URLs, and behind an empty line cache groups, whose names may be empty. `None` if it makes
/// nothing so.
#[must_use]
pub fn targets(method: &str, status: Status, response: Head<'_>) -> Option<String> {
    if !is_change(method, status) {
        return None;
    }
    let mut lines = String::new();
    for reference in references(response).filter(|reference| !reference.is_empty()) {
        push(&mut lines, &[reference, "\n"]);
    }
    push(&mut lines, &["\n", &groups::invalidated(method, response)]);
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn unsafe_methods_without_an_error_change() {
        for method in ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "get"] {
            assert!(
                is_change(method, Status(200)) && is_change(method, Status(303)),
                "{method}"
            );
            assert!(
                !is_change(method, Status(500)) && !is_change(method, Status(404)),
                "{method}"
            );
        }
        for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
            assert!(!is_change(method, Status(200)), "{method}");
        }
    }

    #[test]
    fn both_references() {
        let head = Head::new("content-location: /b\nlocation: /a\n");
        assert_eq!(references(head).collect::<Vec<_>>(), ["/a", "/b"]);
        assert_eq!(references(Head::default()).count(), 0);
    }

    #[test]
    fn urls_and_groups_go_together() {
        let of = |method, status, head| targets(method, Status(status), Head::new(head));
        let head = "location: /a\ncontent-location: /b\ncache-group-invalidation: \"g\", \"\"\n";
        assert_eq!(of("PUT", 200, head).as_deref(), Some("/a\n/b\n\ng\n\n"));
        assert_eq!(of("PUT", 200, "").as_deref(), Some("\n"));
        assert_eq!(of("PUT", 200, "location:\n").as_deref(), Some("\n"));
        assert_eq!(of("PUT", 500, head), None);
        assert_eq!(of("GET", 200, head), None);
    }
}
