//! Heads as the rules read them, and header maps: a byte of a value is the character of its number.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use std::string::String;
use std::vec::Vec;

/// The head that these fields are: a line `name: value` each.
pub(super) fn head_of(fields: &HeaderMap) -> String {
    let mut head = String::new();
    for (name, value) in fields {
        head.push_str(name.as_str());
        head.push_str(": ");
        head.extend(value.as_bytes().iter().map(|&byte| char::from(byte)));
        head.push('\n');
    }
    head
}

/// The fields of a head that the rules wrote. Lines that are none of HTTP are left out.
pub(super) fn fields_of(head: &str) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for line in head.lines() {
        let Some((name, value)) = line.split_once(": ") else {
            continue;
        };
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Some(value)) = (name, value_of(value)) {
            fields.append(name, value);
        }
    }
    fields
}

/// The value of a field with these characters; `None` if it cannot be one.
pub(super) fn value_of(text: &str) -> Option<HeaderValue> {
    let bytes: Option<Vec<u8>> = text
        .chars()
        .map(|character| u8::try_from(u32::from(character)).ok())
        .collect();
    HeaderValue::from_bytes(&bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_byte_of_a_value_survives() {
        let all: Vec<u8> = (0..=255)
            .filter(|&byte| byte == b'\t' || (byte >= 32 && byte != 127))
            .collect();
        // White space at the ends is none of the value.
        let all = [b"x", all.as_slice(), b"x"].concat();
        let mut fields = HeaderMap::new();
        fields.append("x-odd", HeaderValue::from_bytes(&all).unwrap());
        fields.append("set-cookie", HeaderValue::from_static("a=b"));
        fields.append("set-cookie", HeaderValue::from_static("c=d"));
        fields.append("x-empty", HeaderValue::from_static(""));
        assert_eq!(fields_of(&head_of(&fields)), fields);
    }

    #[test]
    fn what_is_no_field_is_left_out() {
        assert!(fields_of("no colon\na b: c\nx: \u{100}\nx: \u{7f}\n: y\n").is_empty());
    }
}
