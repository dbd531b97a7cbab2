//! Answers of the origin that are about a stored response: those to conditions, and to HEAD
//! (RFC 9111 §4.3.3 to §4.3.5).

use super::head::Head;
use super::status::Status;
use super::stored_head::updated;
use super::validators::{is_about, is_same};
use super::vary;
use alloc::string::String;

/// A status and a head.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The status.
    pub status: Status,
    /// The fields.
    pub head: Head<'a>,
}

/// The meaning of an answer to a stored response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// None.
    Silent,
    /// The origin has another one.
    Another,
    /// It is good still, with this head.
    Good(String),
}

/// Decides what an answer to a request with conditions of the stored response means to it.
#[must_use]
pub fn by_condition(stored: Message<'_>, answer: Message<'_>) -> Renewal {
    if answer.status == Status::NOT_MODIFIED {
        renewal(is_about(stored.head, answer.head), stored, answer)
    } else {
        Renewal::Silent
    }
}

/// Decides what an answer to HEAD means to the stored answer to GET.
#[must_use]
pub fn by_head(stored: Message<'_>, answer: Message<'_>) -> Renewal {
    if answer.status == stored.status {
        renewal(is_same(stored.head, answer.head), stored, answer)
    } else {
        Renewal::Silent
    }
}

/// A response that now varies in another way is to be stored elsewhere.
fn renewal(is_it: bool, stored: Message<'_>, answer: Message<'_>) -> Renewal {
    let head = updated(stored.head, answer.head);
    let names = |head| vary::names(head, false);
    if is_it && names(Head::new(&head)) == names(stored.head) {
        Renewal::Good(head)
    } else {
        Renewal::Another
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORED: Message<'_> = Message {
        status: Status(200),
        head: Head::new("etag: \"a\"\nvary: accept\nx: 1\n"),
    };

    fn answer(status: u16, head: &str) -> Message<'_> {
        Message {
            status: Status(status),
            head: Head::new(head),
        }
    }

    fn good(head: &str) -> Renewal {
        Renewal::Good(String::from(head))
    }

    #[test]
    fn a_304_renews_what_it_is_about() {
        let renewed = |status, head| by_condition(STORED, answer(status, head));
        assert_eq!(
            renewed(304, "x: 2\n"),
            good("etag: \"a\"\nvary: accept\nx: 2\n")
        );
        assert_eq!(renewed(304, "etag: \"b\"\n"), Renewal::Another);
        assert_eq!(renewed(200, "etag: \"a\"\n"), Renewal::Silent);
        assert_eq!(renewed(503, ""), Renewal::Silent);
    }

    #[test]
    fn a_head_renews_a_response_of_its_status() {
        let renewed = |status, head| by_head(STORED, answer(status, head));
        assert_eq!(
            renewed(200, "etag: \"a\"\nx: 2\n"),
            good("etag: \"a\"\nvary: accept\nx: 2\n")
        );
        assert_eq!(renewed(200, "etag: \"b\"\n"), Renewal::Another);
        assert_eq!(renewed(404, "etag: \"b\"\n"), Renewal::Silent);
        assert_eq!(renewed(304, ""), Renewal::Silent);
    }

    #[test]
    fn another_vary_is_another_response() {
        let varying = |lines| by_condition(STORED, answer(304, lines));
        assert_eq!(varying("vary: accept, cookie\n"), Renewal::Another);
        assert_eq!(varying("vary: *\n"), Renewal::Another);
        assert!(matches!(varying("Vary: ACCEPT\n"), Renewal::Good(_)));
    }
}
