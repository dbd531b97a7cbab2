//! Which requests a stored response answers besides its own (RFC 9111 §4.1).
//!
//! A variant's key is made of the fields that `Vary` names, as the request has them. Two requests
//! match if and only if their keys are equal. Values are brought into one form first, as far as
//! their syntax permits: see [`super::preference`].

use super::head::{FieldNames, Head};
use super::preference;
use alloc::string::String;
use alloc::vec::Vec;

/// What stands for a `Vary` that matches nothing.
pub const ANY: &str = "*";

/// The names that `Vary` lists: lower case, sorted, each once, joined by commas. Empty without any,
/// [`ANY`] when one of them is `*` or no name at all.
#[must_use]
pub fn names(response: Head<'_>) -> String {
    if is_any(response) {
        return String::from(ANY);
    }
    let mut names = FieldNames::default();
    for value in response.values("vary") {
        names.add_list(value);
    }
    let mut joined = String::new();
    for name in names.sorted().as_slice() {
        if !joined.is_empty() {
            joined.push(',');
        }
        push_lower(&mut joined, name);
    }
    joined
}

/// Whether no request will ever match.
#[must_use]
pub fn is_any(response: Head<'_>) -> bool {
    let mut names = response.values("vary").flat_map(|value| value.split(','));
    names.any(|name| {
        let name = name.trim_ascii();
        name == ANY || name.bytes().any(|byte| byte <= b' ' || byte == b':')
    })
}

/// The key of the variant that answers `request`; `None` for [`ANY`]. `vary` is what [`names`]
/// gave. Requests without a field differ from those in which it is empty.
#[must_use]
pub fn key(vary: &str, request: Head<'_>) -> Option<String> {
    if vary == ANY {
        return None;
    }
    let mut names = FieldNames::default();
    names.add_list(vary);
    let names = names.sorted();
    let mut key = String::new();
    for (name, value) in names.as_slice().iter().zip(combined(request, &names)) {
        push_lower(&mut key, name);
        if let Some(value) = value {
            key.push(':');
            preference::normalize(name, &value, &mut key);
        }
        key.push('\n');
    }
    Some(key)
}

/// For each of `names`, the lines of that field combined into one (RFC 9110 §5.3). One walk over
/// the request for all names.
fn combined(request: Head<'_>, names: &FieldNames<'_>) -> Vec<Option<String>> {
    let mut values: Vec<Option<String>> = Vec::new();
    values.resize(names.as_slice().len(), None);
    for field in request.fields() {
        let Some(at) = names.position(field.name) else {
            continue;
        };
        match &mut values[at] {
            Some(value) => {
                value.push(',');
                value.push_str(field.value);
            }
            none => *none = Some(String::from(field.value)),
        }
    }
    values
}

pub(super) fn push_lower(text: &mut String, part: &str) {
    let start = text.len();
    text.push_str(part);
    if let Some(pushed) = text.get_mut(start..) {
        pushed.make_ascii_lowercase();
    }
}

#[cfg(test)]
#[path = "vary_tests.rs"]
mod tests;
