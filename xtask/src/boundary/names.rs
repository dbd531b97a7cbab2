//! Spelling of names in each language.

/// Turns `stored_at` into `storedAt`.
pub(super) fn camel(name: &str) -> String {
    let mut text = String::new();
    let mut is_next_upper = false;
    for letter in name.chars() {
        if letter == '_' {
            is_next_upper = true;
        } else if is_next_upper {
            text.extend(letter.to_uppercase());
            is_next_upper = false;
        } else {
            text.push(letter);
        }
    }
    text
}

/// Turns `NO_STORE` into `no-store`.
pub(super) fn kebab(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

/// Turns `CountNumbers` into `COUNT_NUMBERS`.
pub(super) fn screaming(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(letter.to_uppercase());
    }
    text
}
