//! Cache groups (RFC 9875): responses that go out of date together.
//!
//! Names are opaque and hold within one origin; hosts put the origin in front of them.

use super::head::Head;
use super::request::is_safe;
use super::structured::{Parser, Value};
use alloc::string::String;
use alloc::vec::Vec;

/// The groups that a response is in (§2): the strings of `Cache-Groups`.
#[must_use]
pub fn of(response: Head<'_>) -> Vec<String> {
    strings(response, "cache-groups")
}

/// The groups that a response to a request with this method makes out of date (§3). What the
/// answer to a safe request names is ignored.
#[must_use]
pub fn invalidated(method: &str, response: Head<'_>) -> Vec<String> {
    if is_safe(method) {
        return Vec::new();
    }
    strings(response, "cache-group-invalidation")
}

/// A structured list of strings over all lines of a field; parameters are skipped. One that is
/// wrong, or has a member that is no string, is as if it were not there.
fn strings(head: Head<'_>, name: &'static str) -> Vec<String> {
    let mut strings = Vec::new();
    for value in head.values(name) {
        if read(value, &mut strings).is_none() {
            return Vec::new();
        }
    }
    strings
}

fn read(value: &str, strings: &mut Vec<String>) -> Option<()> {
    let mut parser = Parser::new(value);
    while !parser.is_done() {
        let Value::String(escaped) = parser.item_or_inner_list()? else {
            return None;
        };
        strings.push(unescaped(escaped));
        parser.separator()?;
    }
    Some(())
}

fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut escaped = false;
    for part in text.split_inclusive('\\') {
        // A backslash stands for what follows it, so only every second of a run is kept.
        let keeps = escaped && part == "\\";
        escaped = !keeps && part.ends_with('\\');
        plain.push_str(if escaped {
            part.strip_suffix('\\').unwrap_or("")
        } else {
            part
        });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    fn groups(value: &str) -> Vec<String> {
        of(Head::new(&format!("cache-groups: {value}\n")))
    }

    #[test]
    fn strings_with_or_without_parameters() {
        assert_eq!(
            groups(r#""scripts", "a b";x=1, """#),
            ["scripts", "a b", ""]
        );
        assert_eq!(groups(r#""\"", "\\", "a\\\"b""#), ["\"", "\\", "a\\\"b"]);
        let two = Head::new("cache-groups: \"a\"\nCache-Groups: \"b\"\n");
        assert_eq!(of(two), ["a", "b"]);
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
        assert_eq!(invalidated("POST", head), ["a"]);
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
