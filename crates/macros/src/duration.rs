//! Durations as text: `"500ms"`, `"5m"`, `"1h30m"`.

use syn::{LitStr, Result};

const ALLOWED: &str =
    "a duration is numbers with the units ms, s, m, h, d or w, like \"500ms\" or \"1h30m\"";

/// The milliseconds of a duration.
pub(crate) fn millis(text: &LitStr) -> Result<u64> {
    sum(&text.value()).ok_or_else(|| syn::Error::new(text.span(), ALLOWED))
}

fn sum(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let digit = after.find(|c: char| c.is_ascii_digit());
        let (unit, next) = after.split_at(digit.unwrap_or(after.len()));
        let part = number.parse::<u64>().ok()?.checked_mul(unit_of(unit)?)?;
        total = total.checked_add(part)?;
        rest = next;
    }
    (!text.is_empty()).then_some(total)
}

fn unit_of(unit: &str) -> Option<u64> {
    const SECOND: u64 = 1_000;
    const HOUR: u64 = 3_600 * SECOND;
    Some(match unit {
        "ms" => 1,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => HOUR,
        "d" => 24 * HOUR,
        "w" => 7 * 24 * HOUR,
        _ => return None,
    })
}
