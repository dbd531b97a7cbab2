//! Names of keys in stores, as `js/src/tiers/store-names.ts` makes them.

use std::string::String;

/// Names a key in a store: one that looks like a name of the cache's own gets one more `%` before
/// it, or one more `n` at its end. As `js/src/tiers/store-names.ts` has it.
pub(in crate::driver) fn store_name(prefix: &str, key: &str) -> String {
    let mut name = String::with_capacity(prefix.len() + key.len());
    name.push_str(prefix);
    name.push_str(key);
    if !name.contains('%') {
        return name;
    }
    if let Some(at) = reserved_end(&name) {
        name.insert(at + 1, 'n');
    }
    if is_reserved(&name) {
        name.insert(0, '%');
    }
    name
}

/// The key that stores call so: the reverse of [`store_name`].
#[cfg(feature = "json")]
pub(in crate::driver) fn key_in(prefix: &str, name: &str) -> String {
    let begun = if is_reserved(name) { &name[1..] } else { name };
    let mut begun = String::from(begun);
    if let Some(at) = reserved_end(&begun) {
        begun.remove(at + 1);
    }
    match begun.strip_prefix(prefix) {
        Some(key) => String::from(key),
        None => begun,
    }
}

/// True for a name that begins like one of the cache's own, or like one that was escaped.
fn is_reserved(name: &str) -> bool {
    let marks = name.bytes().take_while(|&byte| byte == b'%').count();
    let word = name[marks..]
        .bytes()
        .take_while(u8::is_ascii_lowercase)
        .count();
    marks > 0 && word > 0 && name.as_bytes().get(marks + word) == Some(&b':')
}

/// Finds the end that counters' names have: `%n`, with more `n`, and 32 hex digits.
fn reserved_end(name: &str) -> Option<usize> {
    let (first, digits) = name.split_at_checked(name.len().checked_sub(32)?)?;
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let start = first.trim_end_matches('n');
    let is_reserved = digits.bytes().all(is_hex) && start.len() < first.len();
    (is_reserved && start.ends_with('%')).then(|| start.len() - 1)
}

/// The beginning of the names of a namespace.
pub(in crate::driver) fn prefix_of(namespace: &str) -> String {
    if namespace.is_empty() {
        return String::new();
    }
    let mut prefix = namespace.replace('%', "%25").replace(':', "%3A");
    prefix.push(':');
    prefix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_npm_package() {
        assert_eq!(store_name("", "user:1"), "user:1");
        assert_eq!(prefix_of("a%b:c"), "a%25b%3Ac:");
        assert_eq!(store_name("app:", "%lock:1"), "app:%lock:1");
        assert_eq!(store_name("", "%lock:1"), "%%lock:1");
        assert_eq!(store_name("", "%%lock:1"), "%%%lock:1");
        assert_eq!(store_name("", "100%"), "100%");
        let hex = "0123456789abcdef0123456789abcdef";
        assert_eq!(
            store_name("", &std::format!("a%n{hex}")),
            std::format!("a%nn{hex}")
        );
        assert_eq!(
            store_name("", &std::format!("a%{hex}")),
            std::format!("a%{hex}")
        );
        assert_eq!(store_name("", "é%"), "é%");
    }
}
