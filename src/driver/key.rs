//! Keys from templates, as `#[cached]` writes them.

use core::fmt::{self, Display, Write};
use std::string::String;

/// Adds a value to a key, escaped: so that it cannot be taken for what the key has around it.
///
/// Everything in ASCII but letters, digits and `_-.~@+` becomes `%` and two hexadecimal digits, and
/// so do separators of lines and every one of `delimiters`: what the template has next to
/// placeholders. Strings and whole
/// numbers are written as templates of the npm package write them.
///
/// ```
/// use holdover::driver::push_key_part;
///
/// let mut key = String::from("user:");
/// push_key_part(&mut key, &"a:b/é", ":");
/// assert_eq!(key, "user:a%3Ab%2Fé");
/// ```
pub fn push_key_part(key: &mut String, value: &dyn Display, delimiters: &str) {
    let mut escaped = Escaped { key, delimiters };
    // Writing to a string does not fail; a `Display` that does has written what it has.
    let _ = write!(escaped, "{value}");
}

struct Escaped<'a> {
    key: &'a mut String,
    delimiters: &'a str,
}

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            self.write_char(character)?;
        }
        Ok(())
    }

    fn write_char(&mut self, character: char) -> fmt::Result {
        let is_plain = character.is_ascii_alphanumeric()
            || "_-.~@+".contains(character)
            || (character > '\u{a0}' && !"\u{2028}\u{2029}".contains(character));
        if is_plain && !self.delimiters.contains(character) {
            self.key.push(character);
            return Ok(());
        }
        let mut units = [0; 2];
        for unit in character.encode_utf16(&mut units) {
            match *unit {
                ..0x100 => write!(self.key, "%{unit:02X}")?,
                _ => write!(self.key, "%x{unit:04X}")?,
            }
        }
        Ok(())
    }
}
