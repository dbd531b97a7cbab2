//! Heads of messages: fields as lines of text (RFC 9110 §5).
//!
//! A head is one string with a line `name: value` per field, each ended by a line feed. Names
//! have any case; several lines of one name are one field (§5.3). Everything borrows: looking
//! for a field is a walk over the text.

use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// A field line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name as it came.
    pub name: &'a str,
    /// Its value without the white space around it.
    pub value: &'a str,
}

impl Field<'_> {
    /// Whether this is a line of the field `name`; the case of names does not count.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Writes the line behind `head`.
    pub fn write(&self, head: &mut String) {
        for part in [self.name, ": ", self.value, "\n"] {
            head.push_str(part);
        }
    }
}

/// The head of a request or a response.
#[derive(Clone, Copy, Debug, Default)]
pub struct Head<'a>(&'a str);

impl<'a> Head<'a> {
    /// The head written in `lines`.
    #[must_use]
    pub const fn new(lines: &'a str) -> Self {
        Self(lines)
    }

    /// Its field lines in order. Lines without a colon are no fields.
    #[must_use]
    pub const fn fields(self) -> Fields<'a> {
        Fields(self.0)
    }

    /// The values of the lines of one field, in order.
    pub fn values(self, name: &'static str) -> impl Iterator<Item = &'a str> {
        let lines = self.fields().filter(move |field| field.is(name));
        lines.map(|field| field.value)
    }

    /// The first value of a field.
    #[must_use]
    pub fn get(self, name: &'static str) -> Option<&'a str> {
        self.values(name).next()
    }

    /// The value of a field that may be there once only (§5.3); several lines are none.
    #[must_use]
    pub fn only(self, name: &'static str) -> Option<&'a str> {
        let mut values = self.values(name);
        let first = values.next()?;
        values.next().is_none().then_some(first)
    }

    /// Whether a field is there.
    #[must_use]
    pub fn has(self, name: &'static str) -> bool {
        self.get(name).is_some()
    }

    /// Whether any of the fields in `names` is there.
    #[must_use]
    pub fn has_any(self, names: &[&'static str]) -> bool {
        self.fields()
            .any(|field| names.iter().any(|name| field.is(name)))
    }
}

/// The field lines of a head.
#[derive(Clone, Debug)]
pub struct Fields<'a>(&'a str);

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        while !self.0.is_empty() {
            let (line, rest) = self.0.split_once('\n').unwrap_or((self.0, ""));
            self.0 = rest;
            if let Some((name, value)) = line.split_once(':') {
                let value = value.trim_ascii();
                return Some(Field { name, value });
            }
        }
        None
    }
}

/// Several heads in one string, each followed by an empty line.
#[derive(Clone, Debug)]
pub struct Heads<'a>(&'a str);

impl<'a> Heads<'a> {
    /// The heads written in `text`.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }
}

impl<'a> Iterator for Heads<'a> {
    type Item = Head<'a>;

    fn next(&mut self) -> Option<Head<'a>> {
        let text = self.0;
        let mut length = 0;
        for line in text.split_inclusive('\n') {
            if line == "\n" {
                self.0 = text.get(length + 1..).unwrap_or("");
                return text.get(..length).map(Head);
            }
            length += line.len();
        }
        self.0 = "";
        (length > 0).then_some(Head(text))
    }
}

/// A set of field names.
///
/// Sorted, so that a head of a megabyte that names as many fields costs n log n and not n².
#[derive(Clone, Debug, Default)]
pub struct FieldNames<'a>(Vec<&'a str>);

impl<'a> FieldNames<'a> {
    /// Adds the names in a comma-separated list.
    pub fn add_list(&mut self, list: &'a str) {
        let names = list.split(',').map(str::trim_ascii);
        self.0.extend(names.filter(|name| !name.is_empty()));
    }

    /// Adds one name.
    pub fn add(&mut self, name: &'a str) {
        self.0.push(name);
    }

    /// Makes the set ready to be asked.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        sort(&mut self.0);
        self.0
            .dedup_by(|one, other| one.eq_ignore_ascii_case(other));
        self
    }

    /// Where `name` is in the set, which must be sorted.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.0.binary_search_by(|known| compare(known, name)).ok()
    }

    /// Whether `name` is in the set, which must be sorted.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.position(name).is_some()
    }

    /// The names, in order once they are sorted.
    #[must_use]
    pub fn as_slice(&self) -> &[&'a str] {
        &self.0
    }
}

/// Sorts names without regard to their case.
pub(super) fn sort(names: &mut [&str]) {
    names.sort_unstable_by(|one, other| compare(one, other));
}

fn compare(one: &str, other: &str) -> Ordering {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    one.bytes().map(lower).cmp(other.bytes().map(lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head<'_> = Head::new("ETag: \"a\"\nno colon\nset-cookie: a=b\nSet-Cookie:c=d\r\n");

    #[test]
    fn fields_are_found_in_any_case() {
        assert_eq!(HEAD.get("etag"), Some("\"a\""));
        let cookies: Vec<_> = HEAD.values("set-cookie").collect();
        assert_eq!(cookies, ["a=b", "c=d"]);
        assert!(HEAD.has("ETAG") && !HEAD.has("date"));
        assert!(HEAD.has_any(&["date", "etag"]));
        assert_eq!(HEAD.only("etag"), Some("\"a\""));
        assert_eq!(HEAD.only("set-cookie"), None);
        assert_eq!(HEAD.fields().count(), 3);
    }

    #[test]
    fn what_was_written_is_read_again() {
        let mut lines = String::new();
        for field in HEAD.fields() {
            field.write(&mut lines);
        }
        assert_eq!(lines, "ETag: \"a\"\nset-cookie: a=b\nSet-Cookie: c=d\n");
        let again: Vec<_> = Head::new(&lines).fields().collect();
        assert_eq!(again, HEAD.fields().collect::<Vec<_>>());
    }

    #[test]
    fn heads_are_told_apart_even_when_they_are_empty() {
        let counts = |text: &'static str| -> Vec<usize> {
            Heads::new(text).map(|head| head.fields().count()).collect()
        };
        assert!(counts("").is_empty());
        assert_eq!(counts("\n"), [0]);
        assert_eq!(counts("a: 1\nb: 2\n\n\nc: 3\n\n"), [2, 0, 1]);
        assert_eq!(counts("a: 1\nb: 2"), [2]);
    }

    #[test]
    fn names_are_a_set() {
        let mut names = FieldNames::default();
        names.add_list(" b, A,, a ,c");
        names.add("B");
        let names = names.sorted();
        assert!(names.contains("a") && names.contains("C") && !names.contains("d"));
        assert_eq!(names.as_slice(), ["A", "b", "c"]);
    }
}
