//! Selection of stored responses by `Vary` (RFC 9111 §4.1).
//!
//! A variant's key is made of the fields that `Vary` names, as the request has them. Two requests
//! match if and only if their keys are equal. Values are brought into one form first, as far as
//! their syntax permits: no white space around commas, and no order in the fields of negotiation.

use super::head::{FieldNames, Head};
use super::preference;
use super::text::{cut, is_token, push};
use alloc::string::String;

/// The `Vary` that matches nothing.
pub const ANY: &str = "*";

/// The most names that are looked at; a response that varies by more matches nothing.
pub const MAX_NAMES: usize = 32;

/// Fields that browsers send without showing them to scripts, service workers included, and that
/// change from one request to the next. A response that varies by one of them matches nothing
/// there.
///
/// Of the other names that Fetch forbids, `Accept-Encoding` and the like are the same in all
/// requests of a browser, and `Origin` in all requests of a script for one URL.
pub const HIDDEN: [&str; 3] = ["cookie", "cookie2", "referer"];

/// Prefix of further such fields.
const HIDDEN_PREFIX: &str = "sec-fetch-";

/// True if browsers hide the field `name`, which is in lower case.
fn is_hidden(name: &str) -> bool {
    HIDDEN.contains(&name) || name.starts_with(HIDDEN_PREFIX)
}

/// The names that `Vary` lists: lower case, sorted, each once, joined by commas. Empty without any,
/// [`ANY`] when one of them is `*`, no name at all, or a field that the host `hides`, or when they
/// are more than [`MAX_NAMES`].
#[must_use]
pub fn names(response: Head<'_>, hides: bool) -> String {
    let mut list = String::new();
    for value in response.values("vary") {
        push(&mut list, &[value, ","]);
    }
    list.make_ascii_lowercase();
    let mut names = FieldNames::default();
    names.add_list(&list);
    let names = names.sorted();
    let mut joined = String::new();
    for name in names.iter() {
        let is_any = name == ANY || !is_token(name) || (hides && is_hidden(name));
        if is_any || names.len() > MAX_NAMES {
            return String::from(ANY);
        }
        let comma = if joined.is_empty() { "" } else { "," };
        push(&mut joined, &[comma, name]);
    }
    joined
}

/// The key of the variant that answers `request`; `None` for [`ANY`]. `vary` is what [`names`]
/// gave. Requests without a field differ from those in which it is empty.
#[must_use]
pub fn key(vary: &str, request: Head<'_>) -> Option<String> {
    let mut key = String::new();
    let mut rest = Some(vary).filter(|vary| !vary.is_empty());
    for _ in 0..=MAX_NAMES {
        let Some(names) = rest else {
            return Some(key);
        };
        let (name, next) = cut(names, b',');
        if name == ANY {
            return None;
        }
        push(&mut key, &[name]);
        let mut lines = String::new();
        for value in request.values(name) {
            let separator = if lines.is_empty() { ":" } else { "," };
            push(&mut lines, &[separator, value]);
        }
        if let Some(value) = lines.strip_prefix(':') {
            push(&mut key, &[":"]);
            preference::normalize(name, value, &mut key);
        }
        push(&mut key, &["\n"]);
        rest = next;
    }
    None
}

#[cfg(test)]
#[path = "vary_tests.rs"]
mod tests;
