//! One form for values of fields that select variants, when they mean the same (RFC 9111 §4.1).
//!
//! White space around commas goes away in every field, as in all lists. In the four fields of
//! proactive negotiation (RFC 9110 §12.5) the order of members does not count either, and in three
//! of them neither does case. `Accept` keeps it: parameters of media types may depend on it.

use super::head::FieldNames;
use super::list::Parts;
use super::text::{cut, is_same, position, push};
use alloc::string::String;

/// The fields whose members have no order, those without case first.
const NEGOTIATED: [&str; 4] = [
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept",
];

/// Writes the value of the field `name` in its one form.
#[inline(never)]
pub(super) fn normalize(name: &str, value: &str, into: &mut String) {
    if position(value, |byte| byte == b'\\').is_some() {
        return push(into, &[value]);
    }
    let negotiated = NEGOTIATED.iter().position(|known| is_same(known, name));
    let lower;
    let folded = if negotiated.is_some_and(|at| at < 3) {
        lower = lower_without_spaces(value);
        &lower
    } else {
        value
    };
    let mut members = FieldNames::default();
    let mut parts = Parts::new(folded);
    for part in parts.by_ref() {
        if negotiated.is_none() || !part.is_empty() {
            members.add(part);
        }
    }
    if parts.has_open_quote() {
        return push(into, &[value]);
    }
    if negotiated.is_some() {
        members = members.sorted();
    }
    let mut separator = "";
    for member in members.iter() {
        push(into, &[separator, member]);
        separator = ",";
    }
}

fn lower_without_spaces(value: &str) -> String {
    let mut lower = String::new();
    let mut rest = Some(value);
    while let Some(text) = rest {
        let (piece, next) = cut(text, b' ');
        push(&mut lower, &[piece]);
        rest = next;
    }
    lower.make_ascii_lowercase();
    lower
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn normal(name: &str, value: &str) -> String {
        let mut text = String::new();
        normalize(name, value, &mut text);
        text
    }

    #[test]
    fn negotiated_fields_have_no_order() {
        for (name, one, other) in [
            ("accept-language", "en, de", "de,EN"),
            ("Accept-Language", "en, de", " de ,   en"),
            ("accept-language", "en, de;q=0.5", "de ; q=0.5,,EN,en"),
            ("accept-encoding", "gzip, br;q=0", "BR;Q=0, gzip"),
            ("accept", "text/html, */*;q=0.8", "*/*;q=0.8 ,text/html"),
        ] {
            assert_eq!(normal(name, one), normal(name, other), "{one} | {other}");
        }
    }

    #[test]
    fn what_means_something_else_stays_apart() {
        for (name, one, other) in [
            ("accept-language", "en, de", "en, de;q=0.9"),
            ("accept", "a/b;p=X", "a/b;p=x"),
            ("accept", "a/b;p=X, a/b;p=x", "a/b;p=X"),
            ("accept", "a/b;p=\"x, y\"", "a/b;p=\"x,y\""),
            ("foo", "a, b", "b, a"),
            ("foo", "a,b", "A,b"),
            ("foo", "a,,b", "a,b"),
            ("foo", "a b", "ab"),
            ("foo", "\"a, b\"", "\"a,b\""),
            ("foo", "\"a, b", "\"a,b"),
            ("foo", "\"\\\", a", "\"\\\",a"),
            ("accept", "a, \"b", "\"b, a"),
            ("accept-language", "\"\\ \"", "\"\\\""),
        ] {
            assert_ne!(normal(name, one), normal(name, other), "{one} | {other}");
        }
        assert_eq!(normal("foo", " 1, 2 "), normal("foo", "1,2"));
    }

    proptest! {
        #[test]
        fn normalizing_twice_changes_nothing(name in "accept|accept-language|foo", value in "[a-zA-Z0-9,;=. \"\\\\*/q-]{0,40}") {
            let once = normal(&name, &value);
            prop_assert_eq!(normal(&name, &once), once);
        }
    }
}
