//! Comma-separated lists and directives: the `#rule` of RFC 9110 §5.6.1, read kindly.

use super::text::{cut, is_token, is_token_byte, position, trim};

/// The members of a list that commas separate, without white space around them; some may be empty.
///
/// Commas in quoted strings do not separate. A quote that is never closed is no quote: the text
/// behind it still counts, as a `no-store` there must not get lost.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    rest: Option<&'a str>,
    quotes: bool,
    separators: &'static [u8],
}

/// The bytes that some write between directives instead of a comma, or before one.
const INSTEAD_OF_COMMAS: &[u8] = b"; \t:/=";

impl<'a> Parts<'a> {
    /// The parts of `value`, at least one.
    #[must_use]
    pub const fn new(value: &'a str) -> Self {
        Self::between(value, b",")
    }

    const fn between(value: &'a str, separators: &'static [u8]) -> Self {
        Self {
            rest: Some(value),
            quotes: true,
            separators,
        }
    }

    /// True if a quote turned out to be open in the text read so far.
    pub(super) const fn has_open_quote(&self) -> bool {
        !self.quotes
    }

    /// The end of the next part. Reads the text at most twice in all: once a quote turned out to be
    /// open, the rest is read without quotes.
    fn end(&mut self, rest: &str) -> usize {
        if self.quotes {
            match separator_outside_quotes(rest, self.separators) {
                Some(end) => return end,
                None => self.quotes = false,
            }
        }
        position(rest, |byte| self.separators.contains(&byte)).unwrap_or(rest.len())
    }
}

/// The first separator that is not quoted, or the end; `None` when a quote is left open.
fn separator_outside_quotes(text: &str, separators: &[u8]) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            _ if !quoted && separators.contains(&byte) => return Some(at),
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

/// The argument behind a directive's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument<'a> {
    /// Nothing.
    None,
    /// A token, or what could be one: anything without white space, quotes, escapes and semicolons.
    Token(&'a str),
    /// The text between two quotes.
    Quoted(&'a str),
    /// Neither, or with escapes, which no argument needs; also anything behind a name that is no
    /// token, or behind a quote that is never closed. A directive that needs an argument has none
    /// that can be used, and one that permits something permits nothing.
    Malformed,
}

impl<'a> Argument<'a> {
    fn parse(text: &'a str) -> Self {
        let quoted = text
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        let value = quoted.unwrap_or(text);
        let is_plain = |byte: u8| byte > b' ' && !matches!(byte, b'"' | b'\\' | b';');
        let is_value = match quoted {
            Some(value) => position(value, |byte| byte == b'\\').is_none(),
            None => !value.is_empty() && position(value, |byte| !is_plain(byte)).is_none(),
        };
        match quoted {
            _ if !is_value => Self::Malformed,
            Some(value) => Self::Quoted(value),
            None => Self::Token(value),
        }
    }

    /// The fields in the qualified form of `no-cache` and `private` (RFC 9111 §5.2.2.4, §5.2.2.7):
    /// a quoted list of at least one name and of nothing else. `None` for anything else, which is
    /// the unqualified form then.
    #[must_use]
    pub fn field_names(self) -> Option<&'a str> {
        let Self::Quoted(list) = self else {
            return None;
        };
        let mut count = 0;
        for name in Parts::new(list) {
            if !name.is_empty() && !is_token(name) {
                return None;
            }
            count += usize::from(!name.is_empty());
        }
        (count > 0).then_some(list)
    }
}

/// A directive: `name` or `name=argument`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directive<'a> {
    /// Its name as it came; case does not count.
    pub name: &'a str,
    /// The argument behind the name.
    pub argument: Argument<'a>,
}

impl<'a> Directive<'a> {
    /// Reads a member of a list of directives. White space around the `=` is not allowed, so the
    /// argument is malformed then (RFC 9111 §5.2, RFC 9110 §5.6.6). A name ends at a semicolon, as
    /// some write lists with them.
    #[must_use]
    #[inline(never)]
    pub fn parse(member: &'a str) -> Self {
        let (name, argument) = cut(member, b'=');
        let argument = match argument {
            _ if !is_token(name) => Argument::Malformed,
            None => Argument::None,
            Some(argument) => Argument::parse(argument),
        };
        let name = trim(cut(name, b';').0);
        Self { name, argument }
    }

    /// True for a directive of this name, which is in lower case. Bytes that no name may have do
    /// not count: a `no-store` beside a stray byte must not get lost. Its argument is malformed.
    #[must_use]
    #[inline(never)]
    pub fn is(&self, name: &str) -> bool {
        let bytes = self.name.bytes().filter(|byte| is_token_byte(*byte));
        bytes.map(|byte| byte.to_ascii_lowercase()).eq(name.bytes())
    }
}

/// Gives the directives of a list to `take`. Those behind a quote that is never closed are
/// malformed: nobody knows whether they are meant. So are directives behind a semicolon, white
/// space and the like instead of a comma, as in `private max-age=60`: one that forbids must not get
/// lost there.
#[inline(never)]
pub fn directives<'a>(value: &'a str, take: &mut dyn FnMut(Directive<'a>)) {
    let mut parts = Parts::new(value);
    while let Some(member) = parts.next() {
        let mut directive = Directive::parse(member);
        if parts.has_open_quote() {
            directive.argument = Argument::Malformed;
        }
        take(directive);
        if directive.argument == Argument::Malformed {
            let words = Parts::between(member, INSTEAD_OF_COMMAS);
            let is_name = |word: &&str| word.len() < member.len() && !word.starts_with('"');
            for word in words.filter(is_name) {
                let argument = Argument::Malformed;
                take(Directive {
                    name: word,
                    argument,
                });
            }
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
        assert_eq!(argument("max-age=1"), Argument::Token("1"));
        assert_eq!(argument(r#"max-age="1""#), Argument::Quoted("1"));
        for malformed in [
            "max-age=",
            "max-age= 1",
            "max-age =1",
            r#"a="1"#,
            r#"a="1"x"#,
            r#"a=""#,
            r#"a="\1""#,
            r"a=1\2",
            "a\u{a0}",
            "a b",
            "a;b",
            "a;",
        ] {
            assert_eq!(argument(malformed), Argument::Malformed, "{malformed}");
        }
        assert_eq!(Directive::parse("max-age =1").name, "max-age");
    }

    #[test]
    fn names_are_found_beside_stray_bytes() {
        for member in [
            "no-store",
            "No-Store",
            "no-store\u{a0}",
            "no\u{a0}-store",
            "no-store; max-age=1",
            "\"no-store\"",
            "no-store =",
        ] {
            assert!(Directive::parse(member).is("no-store"), "{member}");
        }
        for member in ["x-no-store", "no-stores", "no store", "max-age=no-store"] {
            assert!(!Directive::parse(member).is("no-store"), "{member}");
        }
    }

    #[test]
    fn field_names_are_a_quoted_list_of_tokens() {
        let names = |member| Directive::parse(member).argument.field_names();
        assert_eq!(names(r#"private="a""#), Some("a"));
        assert_eq!(names(r#"private="a, ,b""#), Some("a, ,b"));
        for none in [
            "private",
            "private=",
            r#"private="""#,
            r#"private=" ""#,
            r#"private=",""#,
            "private=''",
            "private=a",
            "private=true",
            r#"private="set cookie""#,
            r#"private="a, b c""#,
            r#"private="a"#,
        ] {
            assert_eq!(names(none), None, "{none}");
        }
    }

    #[test]
    fn behind_an_open_quote_everything_is_malformed() {
        let mut read = Vec::new();
        directives(r#"a, b="c, d=1, e"#, &mut |directive| read.push(directive));
        let malformed = read[1..].iter().map(|directive| {
            assert_eq!(directive.argument, Argument::Malformed);
            directive.name
        });
        let names: Vec<&str> = malformed.collect();
        assert!(
            ["b", "d", "e"].iter().all(|name| names.contains(name)),
            "{read:?}"
        );
        assert_eq!(read[0].argument, Argument::None);
    }
}
