//! As much of Structured Field Values (RFC 9651, before it RFC 8941) as caching needs: reading
//! dictionaries and lists of strings. Whatever is not exactly right is an error.

/// An item's bare value, or what stands for an inner list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// `?1`, or a dictionary member without a value.
    True,
    /// `?0`.
    False,
    /// Digits with or without a sign.
    Integer(&'a str),
    /// What is between the quotes, escapes left in.
    String(&'a str),
    /// A token.
    Token(&'a str),
    /// A decimal, date, byte sequence, display string or inner list: nothing that caching uses.
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
    pub const fn new(value: &'a str) -> Self {
        Self {
            text: value.trim_ascii(),
        }
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.text.is_empty()
    }

    /// One member of a dictionary (§4.2.2).
    pub fn member(&mut self) -> Option<(&'a str, Value<'a>)> {
        let key = self.key()?;
        let value = if self.skip('=') {
            self.item_or_inner_list()?
        } else {
            Value::True
        };
        self.parameters()?;
        Some((key, value))
    }

    /// One member of a list, its parameters skipped (§4.2.1).
    pub fn item_or_inner_list(&mut self) -> Option<Value<'a>> {
        let value = if self.skip('(') {
            self.inner_list()?;
            Value::Other
        } else {
            self.bare_item()?
        };
        self.parameters()?;
        Some(value)
    }

    /// What stands between two members: a comma with more behind it, or the end.
    pub fn separator(&mut self) -> Option<()> {
        self.text = self.text.trim_ascii_start();
        if self.is_done() {
            return Some(());
        }
        self.skip(',').then_some(())?;
        self.text = self.text.trim_ascii_start();
        (!self.is_done()).then_some(())
    }

    fn inner_list(&mut self) -> Option<()> {
        loop {
            self.spaces();
            if self.skip(')') {
                return Some(());
            }
            self.bare_item()?;
            self.parameters()?;
            let next = self.text.as_bytes().first()?;
            matches!(next, b' ' | b')').then_some(())?;
        }
    }

    fn parameters(&mut self) -> Option<()> {
        while self.skip(';') {
            self.spaces();
            self.key()?;
            if self.skip('=') {
                self.bare_item()?;
            }
        }
        Some(())
    }

    fn bare_item(&mut self) -> Option<Value<'a>> {
        match self.text.as_bytes().first()? {
            b'"' => self.string(),
            b'?' => self.boolean(),
            b'-' | b'0'..=b'9' => self.number(),
            b'*' | b'a'..=b'z' | b'A'..=b'Z' => Some(Value::Token(self.take(is_token)?)),
            b'@' => {
                self.skip('@');
                matches!(self.number()?, Value::Integer(_)).then_some(Value::Other)
            }
            b':' => self.enclosed(":", |byte| {
                byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)
            }),
            b'%' => self.enclosed("%\"", |byte| (b' '..=b'~').contains(&byte) && byte != b'"'),
            _ => None,
        }
    }

    fn string(&mut self) -> Option<Value<'a>> {
        let inside = self.text.get(1..)?;
        let mut escaped = false;
        for (at, byte) in inside.bytes().enumerate() {
            match byte {
                b'"' | b'\\' if escaped => escaped = false,
                _ if escaped => return None,
                b'\\' => escaped = true,
                b'"' => {
                    self.text = inside.get(at + 1..)?;
                    return Some(Value::String(inside.get(..at)?));
                }
                b' '..=b'~' => {}
                _ => return None,
            }
        }
        None
    }

    fn boolean(&mut self) -> Option<Value<'a>> {
        let value = match self.text.as_bytes().get(1)? {
            b'1' => Value::True,
            b'0' => Value::False,
            _ => return None,
        };
        self.text = self.text.get(2..)?;
        Some(value)
    }

    /// At most 15 digits, or 12 and 3 behind a point (§4.2.4).
    fn number(&mut self) -> Option<Value<'a>> {
        let start = self.text;
        self.skip('-');
        let whole = self.take(|byte| byte.is_ascii_digit())?;
        if self.skip('.') {
            let part = self.take(|byte| byte.is_ascii_digit())?;
            return (whole.len() <= 12 && part.len() <= 3).then_some(Value::Other);
        }
        let length = start.len() - self.text.len();
        let integer = start.get(..length).map(Value::Integer);
        integer.filter(|_| whole.len() <= 15)
    }

    /// A byte sequence or a display string; what is in it does not matter to caching.
    fn enclosed(&mut self, open: &str, allowed: fn(u8) -> bool) -> Option<Value<'a>> {
        let inside = self.text.strip_prefix(open)?;
        let end = inside.bytes().position(|byte| !allowed(byte))?;
        let close = open.as_bytes().last();
        (inside.as_bytes().get(end) == close).then_some(())?;
        self.text = inside.get(end + 1..)?;
        Some(Value::Other)
    }

    fn key(&mut self) -> Option<&'a str> {
        let first = self.text.as_bytes().first()?;
        matches!(first, b'a'..=b'z' | b'*').then_some(())?;
        self.take(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'*'))
    }

    /// One or more bytes that are `allowed`, all of which are ASCII.
    fn take(&mut self, allowed: fn(u8) -> bool) -> Option<&'a str> {
        let end = self.text.bytes().position(|byte| !allowed(byte));
        let (taken, rest) = self.text.split_at_checked(end.unwrap_or(self.text.len()))?;
        self.text = rest;
        (!taken.is_empty()).then_some(taken)
    }

    fn skip(&mut self, wanted: char) -> bool {
        let rest = self.text.strip_prefix(wanted);
        self.text = rest.unwrap_or(self.text);
        rest.is_some()
    }

    fn spaces(&mut self) {
        self.text = self.text.trim_ascii_start();
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&byte)
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
        let value = r#"a, b=?0, c=-12;p=1;q, d="x\"y", e=t/k, f=1.5, g=:aGk=:, h=("x" 1;p), i=@17, j=%"%c3", k=?1"#;
        let members = dictionary(value).unwrap();
        let values: Vec<_> = members.iter().map(|(_, value)| *value).collect();
        assert_eq!(
            values,
            [
                Value::True,
                Value::False,
                Value::Integer("-12"),
                Value::String(r#"x\"y"#),
                Value::Token("t/k"),
                Value::Other,
                Value::Other,
                Value::Other,
                Value::Other,
                Value::Other,
                Value::True,
            ]
        );
        assert_eq!(members[2].0, "c");
    }

    #[test]
    fn what_is_not_exactly_right_is_wrong() {
        for wrong in [
            "a,",
            ",a",
            "A=1",
            "a=",
            "a=\"open",
            "a=\"\\x\"",
            "a b",
            "a=?2",
            "a=1.",
            "a=1.2345",
            "a=1234567890123456",
            "a=(1",
            "a=(1,2)",
            "a=:!:",
            "a;=1",
            "a=\u{e9}",
            "a=%\"open",
            "a=@x",
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
