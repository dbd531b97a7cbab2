//! Bytes as a string literal of JavaScript, a character per byte.
//!
//! Base64 hides repetitions from gzip: a module, gzipped 32.8 KB by itself, weighed 42.4 KB in
//! base64 and 35.2 KB like this, with zeros escaped. Written as UTF-8 it would be smaller still, and
//! broken wherever a server names another encoding.
//!
//! No character is a zero: every tenth byte of a module is one, which is two characters as an escape,
//! and SWC, which minifies for Next.js 15, writes one before a digit as an octal escape, which is a
//! syntax error. A character that the module hardly has stands for zeros. As a module begins with
//! one, it is the first character of the text.

use std::fmt::Write;

/// Candidates: none that a literal of any kind escapes.
const FREE: &[u8] = b"!#%&*+;=?@^_|~ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Returns the text between the quotes, ASCII only; `util/bytes.ts` has the way back.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    let zero = stand_in(bytes);
    let mut text = String::with_capacity(bytes.len() * 3 / 2);
    for byte in bytes {
        // Writing to a string does not fail.
        match byte {
            0 => text.push(char::from(zero)),
            // Whoever takes characters for bytes takes the lower half of this one.
            byte if *byte == zero => write!(text, "\\u01{byte:02x}").unwrap_or_default(),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'"' | b'\\' => text.extend(['\\', char::from(*byte)]),
            1..=126 => text.push(char::from(*byte)),
            _ => write!(text, "\\x{byte:02x}").unwrap_or_default(),
        }
    }
    text
}

/// Returns the candidate that the bytes have least of.
fn stand_in(bytes: &[u8]) -> u8 {
    let mut counts = [0_usize; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let rarest = FREE
        .iter()
        .copied()
        .min_by_key(|byte| counts[usize::from(*byte)]);
    rarest.unwrap_or(b'!')
}

#[cfg(test)]
mod tests {
    use super::{FREE, escaped};

    #[test]
    fn what_a_literal_cannot_hold_is_escaped() {
        let bytes = b"a\"b\\c\n\r\x01\x7f\x80\xff";
        let expected = "a\\\"b\\\\c\\n\\r\x01\\x7f\\x80\\xff";
        assert_eq!(escaped(bytes), expected);
    }

    #[test]
    fn a_character_that_is_not_there_stands_for_zeros() {
        assert_eq!(escaped(b"\x00a\x000"), "!a!0");
        assert_eq!(escaped(b"\x00!"), "#!");
    }

    #[test]
    fn where_all_are_there_the_rarest_one_is_written_otherwise() {
        let mut bytes = [FREE, FREE].concat();
        bytes.insert(0, 0);
        // Now `?` is there once, all others twice.
        let at = bytes
            .iter()
            .position(|byte| *byte == b'?')
            .unwrap_or_default();
        bytes.remove(at);
        let text = escaped(&bytes);
        assert!(text.starts_with("?!#"), "{text}");
        assert_eq!(text.matches("\\u013f").count(), 1);
    }
}
