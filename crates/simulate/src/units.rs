//! Times, sizes and counts, as people write and read them.

use holdover::Span;
use std::fmt::Write as _;

/// Units of time in milliseconds, the longest first.
const TIMES: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];
/// Units of size in bytes, the largest first.
const SIZES: [(&str, u64); 4] = [("gb", 1 << 30), ("mb", 1 << 20), ("kb", 1 << 10), ("b", 1)];

/// Reads a time: `0`, `250ms`, `1m`, `1h30m` or `forever`.
#[must_use]
pub fn span(text: &str) -> Option<Span> {
    if text == "forever" {
        return Some(Span::FOREVER);
    }
    if text == "0" {
        return Some(Span::ZERO);
    }
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (number, behind) = leading_number(rest)?;
        let unit_ends = behind.find(|letter: char| !letter.is_ascii_alphabetic());
        let (unit, behind) = behind.split_at(unit_ends.unwrap_or(behind.len()));
        let scale = TIMES.iter().find(|(name, _)| *name == unit)?.1;
        total = total.checked_add(number.checked_mul(scale)?)?;
        rest = behind;
    }
    (!text.is_empty()).then_some(Span::from_millis(total))
}

/// Reads a size: `512kb`, `32mb`.
#[must_use]
pub fn size(text: &str) -> Option<u64> {
    let (number, unit) = leading_number(text)?;
    let (_, scale) = SIZES.iter().find(|(name, _)| *name == unit)?;
    number.checked_mul(*scale)
}

fn leading_number(text: &str) -> Option<(u64, &str)> {
    let ends = text.find(|digit: char| !digit.is_ascii_digit());
    let (number, rest) = text.split_at(ends.unwrap_or(text.len()));
    Some((number.parse().ok()?, rest))
}

/// Writes a time as options take it, exactly.
#[must_use]
pub fn exact_span(span: Span) -> String {
    if span.is_forever() {
        return "forever".to_owned();
    }
    let mut left = span.as_millis();
    if left == 0 {
        return "0".to_owned();
    }
    let mut text = String::new();
    for (unit, scale) in TIMES {
        if left >= scale {
            let _ = write!(text, "{}{unit}", left / scale);
            left %= scale;
        }
    }
    text
}

/// Writes a size as options take it, exactly.
#[must_use]
pub fn exact_size(bytes: u64) -> String {
    let divides = |scale: &u64| bytes != 0 && bytes.is_multiple_of(*scale);
    let (unit, scale) = SIZES
        .into_iter()
        .find(|(_, scale)| divides(scale))
        .unwrap_or(("b", 1));
    format!("{}{unit}", bytes / scale)
}

/// Writes a time to read: three digits and a unit.
#[must_use]
pub fn about_millis(millis: u64) -> String {
    about(millis, &TIMES)
}

/// Writes a size to read: three digits and a unit.
#[must_use]
pub fn about_bytes(bytes: u64) -> String {
    about(bytes, &SIZES)
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn about(number: u64, units: &[(&str, u64)]) -> String {
    if number == 0 {
        return "0".to_owned();
    }
    let largest = units.iter().find(|(_, scale)| number >= *scale);
    let (unit, scale) = largest.expect("the last unit is 1");
    let value = number as f64 / *scale as f64;
    let digits = usize::from(value < 10.0 && !number.is_multiple_of(*scale));
    format!("{value:.digits$} {unit}")
}

/// Writes a count to read: `1 234 567` as `1,234,567`.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        for text in ["0", "250ms", "1m", "1h30m", "1d2h3m4s5ms", "forever"] {
            assert_eq!(exact_span(span(text).unwrap()), text);
        }
        assert_eq!(span("90s").map(exact_span).as_deref(), Some("1m30s"));
        for wrong in [
            "",
            "5",
            "s",
            "1x",
            "1m5",
            "-1s",
            "1.5s",
            "99999999999999999999d",
        ] {
            assert_eq!(span(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes_are_read_and_written() {
        for text in ["0b", "1kb", "32mb", "1025b", "3gb"] {
            assert_eq!(exact_size(size(text).unwrap()), text);
        }
        for wrong in ["", "5", "mb", "1tb", "1.5mb", "99999999999999999999gb"] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn figures_have_few_digits() {
        let times = [0, 5, 999, 1500, 60_000, 5_430_000].map(about_millis);
        assert_eq!(times, ["0", "5 ms", "999 ms", "1.5 s", "1 m", "1.5 h"]);
        let sizes = [0, 10, 2048, 1_600_000].map(about_bytes);
        assert_eq!(sizes, ["0", "10 b", "2 kb", "1.5 mb"]);
        let counts = [0, 999, 1000, 1_234_567].map(count);
        assert_eq!(counts, ["0", "999", "1,000", "1,234,567"]);
    }
}
