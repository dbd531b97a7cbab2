//! Heads of messages: fields as lines of text (RFC 9110 §5).
//!
//! A head is one string with a line `name: value` per field, each ended by a line feed. Names
//! have any case; several lines of one name are one field (§5.3). Everything borrows: looking
//! for a field is a walk over the text.

use super::text::{cut, is_same, push, trim};
use alloc::collections::BinaryHeap;
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
    /// True if this is a line of the field `name`; the case of names does not count.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        is_same(self.name, name)
    }

    /// Writes the line behind `head`.
    pub fn write(&self, head: &mut String) {
        push(head, &[self.name, ": ", self.value, "\n"]);
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
    #[must_use]
    pub const fn values<'n>(self, name: &'n str) -> Values<'a, 'n> {
        Values {
            fields: self.fields(),
            name,
        }
    }

    /// The first value of a field.
    #[must_use]
    pub fn get(self, name: &str) -> Option<&'a str> {
        self.values(name).next()
    }

    /// The value of a field that may be there once only (§5.3); several lines are none.
    #[inline(never)]
    #[must_use]
    pub fn only(self, name: &str) -> Option<&'a str> {
        let mut values = self.values(name);
        let first = values.next()?;
        values.next().is_none().then_some(first)
    }

    /// True if a field is there.
    #[inline(never)]
    #[must_use]
    pub fn has(self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// True if any of the fields in `names` is there.
    #[inline(never)]
    #[must_use]
    pub fn has_any(self, names: &[&str]) -> bool {
        names.iter().any(|name| self.has(name))
    }
}

/// The field lines of a head.
#[derive(Clone, Debug)]
pub struct Fields<'a>(&'a str);

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    #[inline(never)]
    fn next(&mut self) -> Option<Field<'a>> {
        while !self.0.is_empty() {
            let (line, rest) = cut(self.0, b'\n');
            self.0 = rest.unwrap_or("");
            if let (name, Some(value)) = cut(line, b':') {
                let value = trim(value);
                return Some(Field { name, value });
            }
        }
        None
    }
}

/// The values of one field.
#[derive(Clone, Debug)]
pub struct Values<'a, 'n> {
    fields: Fields<'a>,
    name: &'n str,
}

impl<'a> Iterator for Values<'a, '_> {
    type Item = &'a str;

    #[inline(never)]
    fn next(&mut self) -> Option<&'a str> {
        let field = self.fields.find(|field| field.is(self.name))?;
        Some(field.value)
    }
}

/// A set of field names.
///
/// Sorted, so that a head of a megabyte that names as many fields costs n log n and not n².
#[derive(Clone, Debug, Default)]
pub struct FieldNames<'a>(Vec<Name<'a>>);

impl<'a> FieldNames<'a> {
    /// Adds the names in a comma-separated list.
    #[inline(never)]
    pub fn add_list(&mut self, list: &'a str) {
        let mut rest = Some(list);
        while let Some(list) = rest {
            let (name, next) = cut(list, b',');
            let name = trim(name);
            if !name.is_empty() {
                self.add(name);
            }
            rest = next;
        }
    }

    /// Adds one name.
    #[inline(never)]
    pub fn add(&mut self, name: &'a str) {
        self.0.push(Name(name));
    }

    /// Makes the set ready to be asked.
    #[must_use]
    pub fn sorted(self) -> Self {
        // A heap sorts as well as a sort does, in a twentieth of its code.
        let mut names = BinaryHeap::from(self.0).into_sorted_vec();
        names.dedup();
        Self(names)
    }

    /// True if `name` is in the set, which must be sorted, in any case.
    #[inline(never)]
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        let known = self.0.binary_search_by(|known| known.compare(name));
        known.is_ok()
    }

    /// Number of names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there is no name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names, in order once they are sorted. Those that differ in case only are apart.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> {
        self.0.iter().map(|name| name.0)
    }
}

/// A name in the order of its lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Name<'a>(&'a str);

impl Name<'_> {
    fn compare(&self, other: &str) -> Ordering {
        let lower = |byte: u8| byte.to_ascii_lowercase();
        self.0.bytes().map(lower).cmp(other.bytes().map(lower))
    }
}

impl Ord for Name<'_> {
    #[inline(never)]
    fn cmp(&self, other: &Self) -> Ordering {
        self.compare(other.0).then_with(|| self.0.cmp(other.0))
    }
}

impl PartialOrd for Name<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
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
    fn names_are_a_set() {
        let mut names = FieldNames::default();
        names.add_list(" b, A,, a ,c");
        names.add("B");
        let names = names.sorted();
        assert!(names.contains("a") && names.contains("C") && !names.contains("d"));
        assert_eq!(names.iter().collect::<Vec<_>>(), ["A", "a", "B", "b", "c"]);
    }
}
