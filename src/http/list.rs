//! Comma-separated lists and directives: the `#rule` of RFC 9110 §5.6.1, read kindly.

use super::text::{cut, position, trim};

/// What the commas of a list separate, without white space around it; some may be empty.
///
/// Commas in quoted strings do not separate. A quote that is never closed is no quote: what
/// stands behind it still counts, as a `no-store` there must not get lost.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    rest: Option<&'a str>,
    quotes: bool,
}

impl<'a> Parts<'a> {
    /// The parts of `value`, at least one.
    #[must_use]
    pub const fn new(value: &'a str) -> Self {
        Self {
            rest: Some(value),
            quotes: true,
        }
    }

    /// Whether a quote turned out to be open, as far as was read.
    pub(super) const fn has_open_quote(&self) -> bool {
        !self.quotes
    }

    /// Where the next part ends. Looks at everything at most twice in all: once a quote turned
    /// out to be open, the rest is read without quotes.
    fn end(&mut self, rest: &str) -> usize {
        if self.quotes {
            match comma_outside_quotes(rest) {
                Some(end) => return end,
                None => self.quotes = false,
            }
        }
        position(rest, |byte| byte == b',').unwrap_or(rest.len())
    }
}

/// The first comma that is not quoted, or the end; `None` when a quote is left open.
fn comma_outside_quotes(text: &str) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b',' if !quoted => return Some(at),
            _ => {}
        }
    }
    (!quoted).then_some(text.len())
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a str;

    #[inline(never)]
    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        let end = self.end(rest);
        self.rest = rest.get(end + 1..);
        rest.get(..end).map(trim)
    }
}

/// What stands behind a directive's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument<'a> {
    /// Nothing.
    None,
    /// A token, or what is between quotes.
    Value(&'a str),
    /// Neither, or with escapes, which no argument needs: a directive that needs an argument has
    /// none that can be used.
    Malformed,
}

impl<'a> Argument<'a> {
    fn parse(text: &'a str) -> Self {
        let quoted = text
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        let value = quoted.unwrap_or(text);
        let is_plain = |byte: u8| byte > b' ' && byte != b'"' && byte != b'\\';
        let is_value = match quoted {
            Some(value) => position(value, |byte| byte == b'\\').is_none(),
            None => !value.is_empty() && position(value, |byte| !is_plain(byte)).is_none(),
        };
        if is_value {
            Self::Value(value)
        } else {
            Self::Malformed
        }
    }
}

/// A directive: `name` or `name=argument`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directive<'a> {
    /// Its name as it came; case does not count.
    pub name: &'a str,
    /// What stands behind it.
    pub argument: Argument<'a>,
}

impl<'a> Directive<'a> {
    /// Reads a member of a list of directives. White space around the `=` is not allowed, so the
    /// argument is malformed then (RFC 9111 §5.2, RFC 9110 §5.6.6).
    #[must_use]
    #[inline(never)]
    pub fn parse(member: &'a str) -> Self {
        let (name, argument) = cut(member, b'=');
        let trimmed = trim(name);
        let argument = match argument {
            None => Argument::None,
            Some(argument) if trimmed.len() == name.len() => Argument::parse(argument),
            Some(_) => Argument::Malformed,
        };
        Self {
            name: trimmed,
            argument,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn members(value: &str) -> Vec<&str> {
        Parts::new(value).filter(|part| !part.is_empty()).collect()
    }

    #[test]
    fn parts_are_trimmed() {
        assert_eq!(members(" a ,, b\t,"), ["a", "b"]);
        assert_eq!(Parts::new(" , a").collect::<Vec<_>>(), ["", "a"]);
        assert_eq!(Parts::new("").collect::<Vec<_>>(), [""]);
    }

    #[test]
    fn quotes_hide_commas_until_one_is_left_open() {
        assert_eq!(members(r#"a="b, c", d"#), [r#"a="b, c""#, "d"]);
        assert_eq!(members(r#"a="b\", c", d"#), [r#"a="b\", c""#, "d"]);
        assert_eq!(members(r#"a="b, no-store"#), [r#"a="b"#, "no-store"]);
        assert_eq!(members(r#"a="b", c="d, e"#), [r#"a="b""#, r#"c="d"#, "e"]);
    }

    #[test]
    fn arguments_are_tokens_or_quoted() {
        let argument = |member| Directive::parse(member).argument;
        assert_eq!(argument("max-age"), Argument::None);
        assert_eq!(argument("max-age=1"), Argument::Value("1"));
        assert_eq!(argument(r#"max-age="1""#), Argument::Value("1"));
        for malformed in [
            "max-age=",
            "max-age= 1",
            "max-age =1",
            r#"a="1"#,
            r#"a="1"x"#,
            r#"a=""#,
            r#"a="\1""#,
            r"a=1\2",
        ] {
            assert_eq!(argument(malformed), Argument::Malformed, "{malformed}");
        }
        assert_eq!(Directive::parse("max-age =1").name, "max-age");
    }
}
