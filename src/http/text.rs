//! Pieces of text. Field values are ASCII where it matters, so all of this goes by bytes.
//!
//! These are called from everywhere in cold paths, so each is there once: inlined they would be
//! most of what the rules weigh.

use alloc::string::String;

/// The text before the first `at`, which must be ASCII, and the text behind it; all and `None`
/// without one.
#[inline(never)]
#[must_use]
pub fn cut(text: &str, at: u8) -> (&str, Option<&str>) {
    match position(text, |byte| byte == at) {
        Some(end) => (text.get(..end).unwrap_or(""), text.get(end + 1..)),
        None => (text, None),
    }
}

/// The position of the first byte that is `wanted`.
#[must_use]
pub fn position(text: &str, wanted: impl FnMut(u8) -> bool) -> Option<usize> {
    text.bytes().position(wanted)
}

/// The text without white space around it.
#[inline(never)]
#[must_use]
pub fn trim(text: &str) -> &str {
    text.trim_ascii()
}

/// True if two texts are the same but for the case of letters.
#[inline(never)]
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Writes parts behind each other.
#[inline(never)]
pub fn push(text: &mut String, parts: &[&str]) {
    for part in parts {
        text.push_str(part);
    }
}

/// True for bytes that tokens are made of (RFC 9110 §5.6.2).
#[inline(never)]
#[must_use]
pub fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// True for a token (RFC 9110 §5.6.2), like the name of a field.
#[inline(never)]
#[must_use]
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

/// A number in decimal digits and nothing else; saturates.
#[inline(never)]
#[must_use]
pub fn decimal(digits: &str) -> Option<u64> {
    let mut number = 0_u64;
    for byte in digits.bytes() {
        if !byte.is_ascii_digit() {
            return None;
        }
        number = number.saturating_mul(10);
        number = number.saturating_add(u64::from(byte - b'0'));
    }
    (!digits.is_empty()).then_some(number)
}

/// Writes a number in decimal digits.
#[inline(never)]
pub fn integer(text: &mut String, number: i64) {
    if number < 0 {
        text.push('-');
    }
    let number = number.unsigned_abs();
    let mut unit = 1_u64;
    while number / unit >= 10 {
        unit *= 10;
    }
    while unit > 0 {
        let digit = (number / unit % 10) as u8;
        text.push(char::from(b'0' + digit));
        unit /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn cutting() {
        assert_eq!(cut("a=b=c", b'='), ("a", Some("b=c")));
        assert_eq!(cut("a=", b'='), ("a", Some("")));
        assert_eq!(cut("\u{e9}", b'='), ("\u{e9}", None));
        assert_eq!(cut("\u{e9}=\u{e9}", b'='), ("\u{e9}", Some("\u{e9}")));
    }

    #[test]
    fn tokens() {
        for token in ["a", "no-store", "x_Y.1~|"] {
            assert!(is_token(token), "{token}");
        }
        for none in ["", "a b", "a\u{a0}", "a(b", "a\"b", "x@y", "a=b", "a;b"] {
            assert!(!is_token(none), "{none}");
        }
    }

    #[test]
    fn decimals_are_digits_only_and_saturate() {
        assert_eq!(decimal("007"), Some(7));
        assert_eq!(decimal("99999999999999999999999"), Some(u64::MAX));
        for wrong in ["", "-1", "+1", "1.0", " 1", "1e3", "\u{661}"] {
            assert_eq!(decimal(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn integers_are_written_as_rust_writes_them(number: i64, small in -1000_i64..1000) {
            for number in [number, small, 0, i64::MIN, i64::MAX] {
                let mut text = String::new();
                integer(&mut text, number);
                prop_assert_eq!(text, number.to_string());
            }
        }
    }
}
