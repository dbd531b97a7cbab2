//! Validators: entity tags and dates (RFC 9110 §8.8), asking the origin with them (RFC 9111 §4.3.1)
//! and understanding its answer (§4.3.4, §4.3.5).

use super::head::{Head, Heads};
use super::text::{position, push, trim};
use alloc::string::String;

/// The opaque part of an entity tag and whether it is weak. A tag without quotes is taken as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntityTag<'a> {
    /// The tag with its quotes, without `W/`.
    pub opaque: &'a str,
    /// Whether it names responses that may differ in their bytes.
    pub weak: bool,
}

impl<'a> EntityTag<'a> {
    /// Reads one tag.
    #[must_use]
    pub fn parse(tag: &'a str) -> Self {
        let strong = tag.strip_prefix("W/");
        Self {
            opaque: strong.unwrap_or(tag),
            weak: strong.is_some(),
        }
    }

    /// The tag in `ETag`.
    #[inline(never)]
    #[must_use]
    pub fn of(head: Head<'a>) -> Option<Self> {
        let tag = head.only("etag")?;
        (!tag.is_empty()).then(|| Self::parse(tag))
    }

    /// Weak comparison (§8.8.3.2): the same opaque part.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.opaque == other.opaque
    }

    /// Strong comparison: the same opaque part, and neither is weak.
    #[must_use]
    pub fn matches_strongly(&self, other: &Self) -> bool {
        !self.weak && !other.weak && self.matches(other)
    }
}

/// The tags in a list, as `If-None-Match` has it. Tags may have commas and backslashes in them,
/// so this is no list of [`super::list`].
#[derive(Clone, Debug)]
pub struct EntityTags<'a>(&'a str);

impl<'a> EntityTags<'a> {
    /// The tags in `list`.
    #[must_use]
    pub const fn new(list: &'a str) -> Self {
        Self(list)
    }
}

impl<'a> Iterator for EntityTags<'a> {
    type Item = EntityTag<'a>;

    #[inline(never)]
    fn next(&mut self) -> Option<EntityTag<'a>> {
        let is_gap = |byte: u8| matches!(byte, b',' | b' ' | b'\t');
        let text = self.0.get(position(self.0, |byte| !is_gap(byte))?..)?;
        let mut quotes = 0;
        // A tag ends behind its second quote; what has no quotes ends at the next comma.
        let end = position(text, |byte| {
            let is_end = quotes == 2 || (quotes == 0 && byte == b',');
            quotes += u8::from(byte == b'"');
            is_end
        });
        let (tag, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
        self.0 = rest;
        Some(EntityTag::parse(trim(tag)))
    }
}

/// The fields that ask the origin whether one of these stored responses is still good: all their
/// tags, and the date when there is one response only (§4.3.1). Empty when none has a validator.
#[must_use]
pub fn conditions(stored: Heads<'_>) -> String {
    let mut fields = String::new();
    let mut count = 0;
    let mut date = None;
    for head in stored {
        count += 1;
        date = head.only("last-modified");
        if let Some(tag) = head.only("etag").filter(|tag| !tag.is_empty()) {
            let start = if fields.is_empty() {
                "if-none-match: "
            } else {
                ", "
            };
            push(&mut fields, &[start, tag]);
        }
    }
    if !fields.is_empty() {
        push(&mut fields, &["\n"]);
    }
    if let Some(date) = date.filter(|_| count == 1) {
        push(&mut fields, &["if-modified-since: ", date, "\n"]);
    }
    fields
}

/// Which of the stored responses a 304 is about (§4.3.4): the one with its strong tag, else the
/// first that corresponds to its weak tag or, without a tag, to its date. `None`: none of them, so
/// none may be updated.
///
/// A 304 that names nothing is about the only stored response: its validators were all that the
/// origin was asked about, and many origins do not repeat them.
#[must_use]
pub fn select(stored: Heads<'_>, not_modified: Head<'_>) -> Option<usize> {
    let tag = EntityTag::of(not_modified);
    let modified = not_modified.get("last-modified");
    let mut selected = None;
    let mut count = 0;
    for (at, head) in stored.enumerate() {
        let is_about = match (tag, EntityTag::of(head)) {
            (Some(new), Some(old)) if !new.weak => new.matches_strongly(&old),
            (Some(new), Some(old)) => new.matches(&old),
            (Some(_), None) => false,
            (None, _) => modified.is_some() && modified == head.only("last-modified"),
        };
        if is_about && selected.is_none() {
            selected = Some(at);
        }
        count += 1;
    }
    let is_silent = tag.is_none() && modified.is_none();
    if is_silent && count == 1 {
        Some(0)
    } else {
        selected
    }
}

/// Whether the head of a 200 to HEAD is of the stored response (§4.3.5): each validator it has,
/// and its length, are those of the stored one.
#[must_use]
pub fn is_same(stored: Head<'_>, newer: Head<'_>) -> bool {
    let names = ["etag", "last-modified", "content-length"];
    names.iter().all(|name| match newer.get(name) {
        None => true,
        // Bodies are stored without their length when they came in chunks: nothing to compare.
        Some(new) => stored
            .get(name)
            .map_or(*name == "content-length", |old| new == old),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn tags(list: &str) -> Vec<&str> {
        EntityTags::new(list).map(|tag| tag.opaque).collect()
    }

    #[test]
    fn tags_have_commas_and_backslashes_in_them() {
        assert_eq!(
            tags(r#""a", W/"b,c" ,"d\", e"#),
            [r#""a""#, r#""b,c""#, r#""d\""#, "e"]
        );
        assert_eq!(tags(r#"abc, "open, x"#), ["abc", "\"open, x"]);
        assert!(tags("").is_empty() && tags(" , ,").is_empty());
        assert_eq!(tags("*"), ["*"]);
        assert_eq!(tags(r#""a""b""#), [r#""a""#, r#""b""#]);
    }

    #[test]
    fn comparisons_of_the_table_in_rfc_9110() {
        for (one, other, strongly, weakly) in [
            ("W/\"1\"", "W/\"1\"", false, true),
            ("W/\"1\"", "W/\"2\"", false, false),
            ("W/\"1\"", "\"1\"", false, true),
            ("\"1\"", "\"1\"", true, true),
        ] {
            let (one, other) = (EntityTag::parse(one), EntityTag::parse(other));
            assert_eq!(one.matches_strongly(&other), strongly);
            assert_eq!(one.matches(&other), weakly);
        }
    }

    #[test]
    fn conditions_name_every_variant() {
        let of = |heads| conditions(Heads::new(heads));
        assert_eq!(
            of("etag: W/\"a\"\nlast-modified: X\n\n"),
            "if-none-match: W/\"a\"\nif-modified-since: X\n"
        );
        assert_eq!(of("last-modified: X\n\n"), "if-modified-since: X\n");
        assert_eq!(
            of("etag: \"a\"\n\nlast-modified: X\n\netag: \"b\"\n\n"),
            "if-none-match: \"a\", \"b\"\n"
        );
        assert_eq!(of("date: X\n\n"), "");
        assert_eq!(of(""), "");
    }

    fn selected(heads: &str, newer: &str) -> Option<usize> {
        select(Heads::new(heads), Head::new(newer))
    }

    #[test]
    fn a_304_selects_by_its_validators() {
        let two = "etag: \"a\"\nlast-modified: X\n\netag: \"b\"\nlast-modified: Y\n\n";
        assert_eq!(selected(two, "etag: \"b\"\n"), Some(1));
        assert_eq!(selected(two, "etag: W/\"b\"\n"), Some(1));
        assert_eq!(selected(two, "etag: \"c\"\nlast-modified: Y\n"), None);
        assert_eq!(selected(two, "last-modified: Y\n"), Some(1));
        assert_eq!(selected(two, "date: Z\n"), None);
        let weak = "etag: W/\"a\"\n\netag: \"x\"\n\n";
        assert_eq!(selected(weak, "etag: \"a\"\n"), None);
    }

    #[test]
    fn a_304_about_another_response_selects_none() {
        let tagged = "etag: \"a\"\n\n";
        let weak = "etag: W/\"a\"\n\n";
        let dated = "last-modified: X\n\n";
        let both = "etag: \"a\"\nlast-modified: X\n\n";
        for (stored, newer) in [
            (tagged, "etag: \"b\"\n"),
            (weak, "etag: W/\"b\"\n"),
            (weak, "etag: \"a\"\n"),
            (both, "etag: bad\nlast-modified: X\n"),
            (both, "etag: W/bad\nlast-modified: X\n"),
            (dated, "etag: \"a\"\n"),
            (dated, "etag: W/\"a\"\n"),
            (tagged, "last-modified: X\n"),
            (dated, "last-modified: Y\n"),
            (dated, "last-modified: dunno\n"),
            ("", "etag: \"b\"\n"),
        ] {
            assert_eq!(selected(stored, newer), None, "{stored}{newer}");
        }
        for (stored, newer) in [
            (tagged, "etag: \"a\"\n"),
            (tagged, "etag: W/\"a\"\n"),
            (weak, "etag: W/\"a\"\n"),
            (dated, "last-modified: X\n"),
            (both, "etag: \"a\"\nlast-modified: Y\n"),
            (both, "last-modified: X\n"),
        ] {
            assert_eq!(selected(stored, newer), Some(0), "{stored}{newer}");
        }
    }

    #[test]
    fn a_304_that_names_nothing_is_about_the_only_stored_response() {
        for stored in [
            "etag: \"a\"\n\n",
            "etag: W/\"a\"\n\n",
            "last-modified: X\n\n",
        ] {
            assert_eq!(selected(stored, "date: Z\n"), Some(0), "{stored}");
        }
        assert_eq!(selected("", ""), None);
    }

    #[test]
    fn a_head_response_is_compared_in_what_it_has() {
        let same = |stored, newer| is_same(Head::new(stored), Head::new(newer));
        let stored = "etag: \"a\"\nlast-modified: X\ncontent-length: 5\n";
        assert!(same(stored, stored) && same(stored, ""));
        for other in ["etag: \"b\"\n", "last-modified: Y\n", "content-length: 6\n"] {
            assert!(!same(stored, other), "{other}");
        }
        assert!(!same("", "etag: \"a\"\n"));
        assert!(same("", "content-length: 5\n"));
    }

    proptest! {
        #[test]
        fn no_text_panics(one: String, list in "[W/\", a\\\\é]{0,30}") {
            let _ = tags(&one).len() + tags(&list).len();
            let _ = conditions(Heads::new(&one));
            let _ = selected(&one, &list);
        }
    }
}
