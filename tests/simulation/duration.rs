//! Durations as vectors spell them: milliseconds, `"1h30m"` or `{"$": "Infinity"}`.

use holdover::time::Span;
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::Value;

/// A span read from a vector.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Duration(pub(crate) Span);

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        span(&value)
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("{value} is no duration")))
    }
}

fn span(value: &Value) -> Option<Span> {
    match value {
        Value::Number(millis) => millis.as_u64().map(Span::from_millis),
        Value::String(text) => spelled(text),
        Value::Object(special) if special.get("$")? == "Infinity" => Some(Span::FOREVER),
        _ => None,
    }
}

/// `<number><unit>`, one or more times. TypeScript's parser has tests of its own; here it is
/// enough to read what vectors hold.
fn spelled(text: &str) -> Option<Span> {
    let mut total = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, after) = rest.split_at(digits);
        let unit_end = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_end);
        total += number.parse::<u64>().ok()? * millis_of(unit)?;
        rest = next;
    }
    Some(Span::from_millis(total))
}

fn millis_of(unit: &str) -> Option<u64> {
    const SECOND: u64 = 1000;
    const HOUR: u64 = 3600 * SECOND;
    match unit {
        "ms" => Some(1),
        "s" => Some(SECOND),
        "m" => Some(60 * SECOND),
        "h" => Some(HOUR),
        "d" => Some(24 * HOUR),
        "w" => Some(7 * 24 * HOUR),
        _ => None,
    }
}
