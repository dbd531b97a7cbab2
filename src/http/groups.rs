//! Cache groups (RFC 9875): responses that go out of date together.
//!
//! Names are opaque and hold within one origin; hosts put the origin in front of them. They are
//! printable ASCII, so a list of them is text with a line feed behind each.

use super::head::Head;
use super::request::is_safe;
use super::structured::{Parser, Value};
use super::text::{cut, push};
use alloc::string::String;

/// The groups that a response is in (§2): the strings of `Cache-Groups`.
#[must_use]
pub fn of(response: Head<'_>) -> String {
    strings(response, "cache-groups")
}

/// The groups that a response to a request with this method makes out of date (§3). Groups named in
/// the response to a safe request are ignored.
#[must_use]
pub fn invalidated(method: &str, response: Head<'_>) -> String {
    if is_safe(method) {
        return String::new();
    }
    strings(response, "cache-group-invalidation")
}

/// A structured list of strings over all lines of a field; parameters are skipped. One that is
/// wrong, or has a member that is no string, is as if it were not there.
#[inline(never)]
fn strings(head: Head<'_>, name: &'static str) -> String {
    let mut strings = String::new();
    for value in head.values(name) {
        if read(value, &mut strings).is_none() {
            return String::new();
        }
    }
    strings
}

fn read(value: &str, strings: &mut String) -> Option<()> {
    let mut parser = Parser::new(value);
    while !parser.is_done() {
        let Value::String(escaped) = parser.item()? else {
            return None;
        };
        push_unescaped(escaped, strings);
        push(strings, &["\n"]);
        parser.separator()?;
    }
    Some(())
}

fn push_unescaped(text: &str, into: &mut String) {
    let (piece, mut rest) = cut(text, b'\\');
    push(into, &[piece]);
    while let Some(escaped) = rest {
        // What follows a backslash is a quote or another backslash, which must not be cut at.
        let (first, behind) = escaped.split_at_checked(1).unwrap_or_default();
        let (piece, next) = cut(behind, b'\\');
        push(into, &[first, piece]);
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn groups(value: &str) -> Vec<String> {
        let names = of(Head::new(&format!("cache-groups: {value}\n")));
        names.lines().map(String::from).collect()
    }

    #[test]
    fn strings_with_or_without_parameters() {
        assert_eq!(
            groups(r#""scripts", "a b";x=1, """#),
            ["scripts", "a b", ""]
        );
        assert_eq!(groups(r#""\"", "\\", "a\\\"b""#), ["\"", "\\", "a\\\"b"]);
        let two = Head::new("cache-groups: \"a\"\nCache-Groups: \"b\"\n");
        assert_eq!(of(two), "a\nb\n");
        let many = (0..32)
            .map(|n| format!("\"{n:032}\""))
            .collect::<Vec<_>>()
            .join(", ");
        assert_eq!(groups(&many).len(), 32);
    }

    #[test]
    fn what_is_no_list_of_strings_is_not_there() {
        for wrong in [
            "a",
            "\"a\", b",
            "\"a\",",
            "(\"a\")",
            "1",
            "\"a",
            "\"a\" \"b\"",
            "\"\u{e9}\"",
        ] {
            assert_eq!(groups(wrong), [""; 0], "{wrong}");
        }
    }

    #[test]
    fn only_unsafe_methods_invalidate() {
        let head = Head::new("cache-group-invalidation: \"a\"\n");
        assert_eq!(invalidated("POST", head), "a\n");
        assert!(invalidated("GET", head).is_empty());
        assert!(invalidated("POST", Head::new("cache-groups: \"a\"\n")).is_empty());
    }

    proptest! {
        #[test]
        fn any_printable_name_arrives(name in "[ -~]{0,40}") {
            let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
            prop_assert_eq!(groups(&format!("\"{escaped}\"")), [name]);
        }

        #[test]
        fn no_text_panics(value: String) {
            let _ = groups(&value);
        }
    }
}
