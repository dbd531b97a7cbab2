//! Comma-separated lists and directives: the `#rule` of RFC 9110 §5.6.1, read kindly.

/// The members of a list, without white space around them and without empty ones.
///
/// Commas in quoted strings do not separate. A quote that is never closed is no quote: what
/// stands behind it still counts, as a `no-store` there must not get lost.
pub fn members(value: &str) -> impl Iterator<Item = &str> {
    Parts::new(value).filter(|member| !member.is_empty())
}

/// The same with the empty ones.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    rest: Option<&'a str>,
    quotes: bool,
}

impl<'a> Parts<'a> {
    /// What the commas in `value` separate; at least one part.
    #[must_use]
    pub const fn new(value: &'a str) -> Self {
        Self {
            rest: Some(value),
            quotes: true,
        }
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
        let comma = rest.bytes().position(|byte| byte == b',');
        comma.unwrap_or(rest.len())
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

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        let end = self.end(rest);
        self.rest = rest.get(end + 1..);
        rest.get(..end).map(str::trim_ascii)
    }
}

/// What stands behind a directive's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument<'a> {
    /// Nothing.
    None,
    /// A token, or what is between quotes (escapes are left in).
    Value(&'a str),
    /// Neither: a directive that needs an argument has none that can be used.
    Malformed,
}

impl<'a> Argument<'a> {
    fn parse(text: &'a str) -> Self {
        let Some(quoted) = text.strip_prefix('"') else {
            let is_token =
                !text.is_empty() && !text.bytes().any(|byte| byte <= b' ' || byte == b'"');
            return if is_token {
                Self::Value(text)
            } else {
                Self::Malformed
            };
        };
        quoted
            .strip_suffix('"')
            .map_or(Self::Malformed, Self::Value)
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
    pub fn parse(member: &'a str) -> Self {
        let Some((name, argument)) = member.split_once('=') else {
            return Self {
                name: member,
                argument: Argument::None,
            };
        };
        let trimmed = name.trim_ascii();
        let argument = if trimmed.len() == name.len() {
            Argument::parse(argument)
        } else {
            Argument::Malformed
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
        super::members(value).collect()
    }

    #[test]
    fn members_are_trimmed_and_never_empty() {
        assert_eq!(members(" a ,, b\t,"), ["a", "b"]);
        assert!(members("").is_empty() && members(" , ").is_empty());
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
        ] {
            assert_eq!(argument(malformed), Argument::Malformed, "{malformed}");
        }
        assert_eq!(Directive::parse("max-age =1").name, "max-age");
    }
}
