//! As much of Structured Field Values (RFC 9651, before it RFC 8941) as caching needs: reading
//! dictionaries and lists of strings. Any other form is an error; the inside of numbers and tokens
//! is left to their readers.

use super::text::{cut, position, trim};

/// An item's bare value, or what stands for an inner list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// `?1` or `?0`, or a dictionary member without a value, which is true.
    Boolean(bool),
    /// A number or a token.
    Token(&'a str),
    /// The text between the quotes, escapes left in.
    String(&'a str),
    /// A byte sequence or an inner list: nothing that caching uses.
    Other,
}

/// Reads through text; every function takes what it recognises or fails.
#[derive(Clone, Debug)]
pub struct Parser<'a> {
    text: &'a str,
}

impl<'a> Parser<'a> {
    /// A parser at the beginning of a field value.
    #[must_use]
    pub fn new(value: &'a str) -> Self {
        Self { text: trim(value) }
    }

    /// True if nothing is left.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.text.is_empty()
    }

    /// One member of a dictionary (§4.2.2), its parameters skipped.
    pub fn member(&mut self) -> Option<(&'a str, Value<'a>)> {
        let key = self.key()?;
        let value = if self.skip(b'=') {
            self.item()?
        } else {
            self.parameters()?;
            Value::Boolean(true)
        };
        Some((key, value))
    }

    /// One member of a list (§4.2.1), its parameters skipped.
    #[inline(never)]
    pub fn item(&mut self) -> Option<Value<'a>> {
        let value = if self.skip(b'(') {
            self.inner_list()?;
            Value::Other
        } else {
            self.bare_item()?
        };
        self.parameters()?;
        Some(value)
    }

    /// Reads the separator of two members: a comma with more behind it, or the end.
    #[inline(never)]
    pub fn separator(&mut self) -> Option<()> {
        self.spaces();
        if self.is_done() {
            return Some(());
        }
        self.skip(b',').then_some(())?;
        self.spaces();
        (!self.is_done()).then_some(())
    }

    fn inner_list(&mut self) -> Option<()> {
        loop {
            self.spaces();
            if self.skip(b')') {
                return Some(());
            }
            self.bare_item()?;
            self.parameters()?;
            matches!(self.first(), b' ' | b')').then_some(())?;
        }
    }

    #[inline(never)]
    fn parameters(&mut self) -> Option<()> {
        while self.skip(b';') {
            self.spaces();
            self.key()?;
            if self.skip(b'=') {
                self.bare_item()?;
            }
        }
        Some(())
    }

    #[inline(never)]
    fn bare_item(&mut self) -> Option<Value<'a>> {
        match self.first() {
            b'"' => self.string(),
            b':' => {
                let (_, behind) = cut(self.text.get(1..)?, b':');
                self.text = behind?;
                Some(Value::Other)
            }
            b'?' => {
                self.skip(b'?');
                let is_true = self.skip(b'1');
                (is_true || self.skip(b'0')).then_some(Value::Boolean(is_true))
            }
            _ => {
                let token = self.take(is_token);
                (!token.is_empty()).then_some(Value::Token(token))
            }
        }
    }

    fn string(&mut self) -> Option<Value<'a>> {
        let inside = self.text.get(1..)?;
        let mut escaped = false;
        let end = position(inside, |byte| {
            let is_end = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            is_end
        })?;
        let string = inside.get(..end)?;
        self.text = inside.get(end + 1..)?;
        let is_printable = position(string, |byte| !(b' '..=b'~').contains(&byte)).is_none();
        is_printable.then_some(Value::String(string))
    }

    #[inline(never)]
    fn key(&mut self) -> Option<&'a str> {
        let starts = matches!(self.first(), b'a'..=b'z' | b'*');
        starts.then(|| self.take(is_key))
    }

    /// The next byte; 0 at the end.
    fn first(&self) -> u8 {
        self.text.as_bytes().first().copied().unwrap_or(0)
    }

    /// The bytes that are `allowed`, all of which are ASCII.
    #[inline(never)]
    fn take(&mut self, allowed: fn(u8) -> bool) -> &'a str {
        let end = position(self.text, |byte| !allowed(byte)).unwrap_or(self.text.len());
        let (taken, rest) = self.text.split_at_checked(end).unwrap_or_default();
        self.text = rest;
        taken
    }

    #[inline(never)]
    fn skip(&mut self, wanted: u8) -> bool {
        let is_there = self.first() == wanted;
        if is_there {
            self.text = self.text.get(1..).unwrap_or("");
        }
        is_there
    }

    /// Nothing ends in white space, as the whole does not.
    fn spaces(&mut self) {
        self.text = trim(self.text);
    }
}

fn is_key(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'*')
}

/// Bytes of tokens and numbers, and the `@` before a date.
fn is_token(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-'..=b':' | b'@'..=b'Z' | b'^'..=b'z' | b'|' | b'~'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn dictionary(value: &str) -> Option<Vec<(&str, Value<'_>)>> {
        let mut parser = Parser::new(value);
        let mut members = Vec::new();
        while !parser.is_done() {
            members.push(parser.member()?);
            parser.separator()?;
        }
        Some(members)
    }

    #[test]
    fn every_kind_of_value() {
        let value =
            r#"a, b=?0, c=-12;p=1;q, d="x\"y", e=t/k, f=1.5, g=:aGk=:, h=("x" 1;p), i=@17, k=?1"#;
        let members = dictionary(value).unwrap();
        let values: Vec<_> = members.iter().map(|(_, value)| *value).collect();
        assert_eq!(
            values,
            [
                Value::Boolean(true),
                Value::Boolean(false),
                Value::Token("-12"),
                Value::String(r#"x\"y"#),
                Value::Token("t/k"),
                Value::Token("1.5"),
                Value::Other,
                Value::Other,
                Value::Token("@17"),
                Value::Boolean(true),
            ]
        );
        assert_eq!(members[2].0, "c");
    }

    #[test]
    fn what_does_not_have_the_form_is_wrong() {
        for wrong in [
            "a,",
            ",a",
            "A=1",
            "a=",
            "a=\"open",
            "a b",
            "a=?2",
            "a=(1",
            "a=(1,2)",
            "a=:!",
            "a;=1",
            "a=\u{e9}",
            "a=\"\u{e9}\"",
            "a=\"\t\"",
            "a=1 2",
            "a=\"b\"c",
        ] {
            assert_eq!(dictionary(wrong), None, "{wrong}");
        }
        assert_eq!(dictionary(" "), Some(Vec::new()));
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String, sharp in r#"[a-z=,;"\\()?0-9 .:@%-]{0,30}"#) {
            let _ = dictionary(&text);
            let _ = dictionary(&sharp);
        }
    }
}
