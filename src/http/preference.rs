//! One form for values that mean the same (RFC 9111 §4.1), and the language a request wants most.
//!
//! White space around commas goes away in every field, as in all lists. In the four fields of
//! proactive negotiation (RFC 9110 §12.5) the order of members does not count, nor does their
//! case, nor a weight of 1.

use super::head::{Head, sort};
use super::list::{Parts, members};
use super::vary::{self, push_lower};
use alloc::string::String;
use alloc::vec::Vec;

const NEGOTIATED: [&str; 4] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
];

/// Writes the value of the field `name` in its one form.
pub(super) fn normalize(name: &str, value: &str, into: &mut String) {
    let is_negotiated = NEGOTIATED
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name));
    if is_negotiated {
        let normal: Vec<String> = members(value).map(normal_member).collect();
        let mut sorted: Vec<&str> = normal.iter().map(String::as_str).collect();
        sort(&mut sorted);
        sorted.dedup();
        join(sorted.into_iter(), into);
    } else {
        join(Parts::new(value), into);
    }
}

fn join<'a>(parts: impl Iterator<Item = &'a str>, into: &mut String) {
    let mut separator = "";
    for part in parts {
        into.push_str(separator);
        into.push_str(part);
        separator = ",";
    }
}

/// A member in lower case and without white space inside; `q=1` is what no weight means. What
/// has quotes in it stays as it is, and so does the value of a parameter other than the weight.
fn normal_member(member: &str) -> String {
    let mut normal = String::new();
    if member.contains('"') {
        normal.push_str(member);
        return normal;
    }
    let mut parts = member.split(';').map(str::trim_ascii);
    push_lower(&mut normal, parts.next().unwrap_or(""));
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let weight = value.trim_ascii();
        if !name.trim_ascii().eq_ignore_ascii_case("q") {
            normal.push(';');
            normal.push_str(part);
        } else if Weight::parse(weight) != Some(Weight::MOST) {
            normal.push_str(";q=");
            let significant = Weight::parse(weight).map_or(weight, |_| without_zeros(weight));
            normal.push_str(significant);
        }
    }
    normal
}

fn without_zeros(weight: &str) -> &str {
    let Some((whole, _)) = weight.split_once('.') else {
        return weight;
    };
    let trimmed = weight.trim_end_matches('0');
    trimmed.strip_suffix('.').map_or(trimmed, |_| whole)
}

/// A weight in thousandths (RFC 9110 §12.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Weight(u16);

impl Weight {
    const MOST: Self = Self(1000);

    fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let mut weight = match whole {
            "0" => 0,
            "1" => 1000,
            _ => return None,
        };
        if part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        for (byte, scale) in part.bytes().zip([100, 10, 1]) {
            weight += u16::from(byte - b'0') * scale;
        }
        (weight <= 1000).then_some(Self(weight))
    }

    /// The weight of a member; 1 without one, 0 when it cannot be read.
    fn of(member: &str) -> Self {
        let mut weights = member.split(';').skip(1).filter_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            let is_weight = name.trim_ascii().eq_ignore_ascii_case("q");
            is_weight.then(|| Self::parse(value.trim_ascii()).unwrap_or(Self(0)))
        });
        weights.next().unwrap_or(Self::MOST)
    }
}

/// The one language that a request wants more than all others; `None` when two share the first
/// place, or it is a wildcard.
#[must_use]
pub fn most_wanted(accept_language: &str) -> Option<&str> {
    let mut best: Option<(&str, Weight)> = None;
    let mut is_shared = false;
    for member in members(accept_language) {
        let language = member.split(';').next().unwrap_or("").trim_ascii();
        let weight = Weight::of(member);
        match best {
            Some((_, most)) if weight < most => {}
            Some((known, most)) if weight == most => {
                is_shared |= !known.eq_ignore_ascii_case(language);
            }
            _ => {
                best = Some((language, weight));
                is_shared = false;
            }
        }
    }
    let (language, weight) = best?;
    let is_one = !is_shared && weight > Weight(0) && language != "*";
    is_one.then_some(language)
}

/// Whether a variant stored under `stored_key` answers a request that differs from its own in
/// `Accept-Language` only: it is in the one language that this request wants most, so no other
/// variant suits it better (RFC 9110 §12.5.4).
#[must_use]
pub fn is_in_wanted_language(
    names: &str,
    stored_key: &str,
    stored: Head<'_>,
    request: Head<'_>,
) -> bool {
    let Some(key) = vary::key(names, request) else {
        return false;
    };
    let differs_only_in_language = key.lines().count() == stored_key.lines().count()
        && key
            .lines()
            .zip(stored_key.lines())
            .all(|(one, other)| one == other || (is_language(one) && is_language(other)));
    let wanted = request.only("accept-language").and_then(most_wanted);
    let language = stored.only("content-language");
    differs_only_in_language
        && wanted.is_some_and(|wanted| {
            language.is_some_and(|language| language.eq_ignore_ascii_case(wanted))
        })
}

fn is_language(line: &str) -> bool {
    line.split(':').next() == Some("accept-language")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn normal(name: &str, value: &str) -> String {
        let mut text = String::new();
        normalize(name, value, &mut text);
        text
    }

    #[test]
    fn negotiated_fields_have_no_order_case_or_idle_weight() {
        for (name, one, other) in [
            ("accept-language", "en, de", "de,EN"),
            ("Accept-Language", "en, de", " de ,   en"),
            (
                "accept-language",
                "en;q=1, de;q=0.50",
                "de; Q=0.5,en;q=1.000",
            ),
            (
                "accept-encoding",
                "gzip, br;q=0",
                "BR ; q = 0.0, gzip, gzip",
            ),
            (
                "accept",
                "Text/HTML;level=1;q=1.0, */*;q=0.8",
                "*/*;q=0.80,text/html;level=1",
            ),
        ] {
            assert_eq!(normal(name, one), normal(name, other), "{one} | {other}");
        }
    }

    #[test]
    fn what_means_something_else_stays_apart() {
        for (name, one, other) in [
            ("accept-language", "en, de", "en, de;q=0.9"),
            ("accept-language", "en;q=0.1", "en;q=0.10x"),
            ("accept", "a/b;p=X", "a/b;p=x"),
            ("accept", "a/b;p=\"x, y\"", "a/b;p=\"x,y\""),
            ("foo", "a, b", "b, a"),
            ("foo", "a,b", "A,b"),
            ("foo", "a,,b", "a,b"),
            ("foo", "a b", "ab"),
            ("foo", "\"a, b\"", "\"a,b\""),
        ] {
            assert_ne!(normal(name, one), normal(name, other), "{one} | {other}");
        }
        assert_eq!(normal("foo", " 1, 2 "), normal("foo", "1,2"));
    }

    #[test]
    fn one_language_is_wanted_most() {
        assert_eq!(most_wanted("fr;q=0.5, de;q=1.0"), Some("de"));
        assert_eq!(most_wanted("de"), Some("de"));
        assert_eq!(most_wanted("en, de"), None);
        assert_eq!(most_wanted("en, de, fr;q=0.9, EN"), None);
        assert_eq!(most_wanted("*, de;q=0.9"), None);
        assert_eq!(most_wanted("de;q=0"), None);
        assert_eq!(most_wanted("de;q=x, en;q=0.001"), Some("en"));
        assert_eq!(most_wanted(""), None);
    }

    #[test]
    fn a_variant_in_the_wanted_language_will_do() {
        let names = "accept-language,foo";
        let stored_key = vary::key(names, Head::new("accept-language: en, de\nfoo: 1\n")).unwrap();
        let will_do = |language: &str, request: &str| {
            is_in_wanted_language(names, &stored_key, Head::new(language), Head::new(request))
        };
        let german = "content-language: DE\n";
        assert!(will_do(
            german,
            "accept-language: fr;q=0.5, de;q=1.0\nfoo: 1\n"
        ));
        assert!(!will_do(
            german,
            "accept-language: fr;q=0.5, de;q=1.0\nfoo: 2\n"
        ));
        assert!(!will_do(german, "accept-language: fr;q=0.5, de;q=1.0\n"));
        assert!(!will_do(german, "accept-language: fr, de;q=0.9\nfoo: 1\n"));
        assert!(!will_do("", "accept-language: de\nfoo: 1\n"));
        assert!(!will_do(
            "content-language: de, en\n",
            "accept-language: de\nfoo: 1\n"
        ));
    }

    proptest! {
        #[test]
        fn normalizing_twice_changes_nothing(name in "accept|accept-language|foo", value in "[a-zA-Z0-9,;=. \"\\\\*/q-]{0,40}") {
            let once = normal(&name, &value);
            prop_assert_eq!(normal(&name, &once), once);
        }
    }
}
