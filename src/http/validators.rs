//! Validators: entity tags and dates (RFC 9110 §8.8), asking the origin with them (RFC 9111 §4.3.1)
//! and understanding its answer (§4.3.4, §4.3.5).

use super::head::Head;
use super::text::{position, push, trim};
use alloc::string::String;

/// The opaque part of an entity tag and whether it is weak. A tag without quotes is taken as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntityTag<'a> {
    /// The tag with its quotes, without `W/`.
    pub opaque: &'a str,
    /// True if it names responses that may differ in their bytes.
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

/// Fields that ask about validators, with the validators' own.
const CONDITIONS: [(&str, &str); 2] = [
    ("if-none-match: ", "etag"),
    ("if-modified-since: ", "last-modified"),
];

/// Returns the fields that ask the origin whether a stored response is still good (§4.3.1): empty
/// when it has no validator.
#[must_use]
pub fn conditions(stored: Head<'_>) -> String {
    let mut fields = String::new();
    for (condition, name) in &CONDITIONS {
        if let Some(validator) = stored.only(name).filter(|text| !text.is_empty()) {
            push(&mut fields, &[condition, validator, "\n"]);
        }
    }
    fields
}

/// True if a 304 is about the stored response (§4.3.4): it has the same strong tag, or corresponds
/// to its weak tag or, without a tag, to its date. If not, the stored response may not be updated.
///
/// A 304 that names nothing is about it: its validators were all that the origin was asked about,
/// and many origins do not repeat them.
#[must_use]
pub fn is_about(stored: Head<'_>, not_modified: Head<'_>) -> bool {
    let modified = not_modified.get("last-modified");
    match (EntityTag::of(not_modified), EntityTag::of(stored)) {
        (Some(new), Some(old)) if !new.weak => new.matches_strongly(&old),
        (Some(new), Some(old)) => new.matches(&old),
        (Some(_), None) => false,
        (None, _) => modified.is_none() || modified == stored.only("last-modified"),
    }
}

/// True if the head of a 200 to HEAD is of the stored response (§4.3.5): each validator it has, and
/// its length, are those of the stored one.
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
    fn conditions_name_all_validators() {
        let of = |head| conditions(Head::new(head));
        assert_eq!(
            of("etag: W/\"a\"\nlast-modified: X\n"),
            "if-none-match: W/\"a\"\nif-modified-since: X\n"
        );
        assert_eq!(of("last-modified: X\n"), "if-modified-since: X\n");
        assert_eq!(of("etag: \"a\"\netag: \"b\"\n"), "");
        assert_eq!(of("etag:\ndate: X\n"), "");
        assert_eq!(of(""), "");
    }

    fn about(stored: &str, newer: &str) -> bool {
        is_about(Head::new(stored), Head::new(newer))
    }

    #[test]
    fn a_304_may_be_about_another_response() {
        let tagged = "etag: \"a\"\n";
        let weak = "etag: W/\"a\"\n";
        let dated = "last-modified: X\n";
        let both = "etag: \"a\"\nlast-modified: X\n";
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
            assert!(!about(stored, newer), "{stored}{newer}");
        }
        for (stored, newer) in [
            (tagged, "etag: \"a\"\n"),
            (tagged, "etag: W/\"a\"\n"),
            (weak, "etag: W/\"a\"\n"),
            (dated, "last-modified: X\n"),
            (both, "etag: \"a\"\nlast-modified: Y\n"),
            (both, "last-modified: X\n"),
        ] {
            assert!(about(stored, newer), "{stored}{newer}");
        }
    }

    #[test]
    fn a_304_that_names_nothing_is_about_the_only_stored_response() {
        for stored in ["etag: \"a\"\n", "etag: W/\"a\"\n", "last-modified: X\n"] {
            assert!(about(stored, "date: Z\n"), "{stored}");
        }
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
            let _ = conditions(Head::new(&one));
            let _ = about(&one, &list);
        }
    }
}
