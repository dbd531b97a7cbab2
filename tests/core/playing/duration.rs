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

/// A duration, or a function that gives one: `{ "by": [[about, duration], …], "else": duration }`
/// or `"throws"`.
#[derive(Clone, Debug)]
pub(crate) enum DurationOf {
    Fixed(Span),
    Function {
        by: Vec<(Value, Value)>,
        otherwise: Value,
    },
    Throws,
}

impl DurationOf {
    /// What it is without a function to ask.
    pub(crate) fn fixed(&self) -> Option<Span> {
        match self {
            Self::Fixed(span) => Some(*span),
            Self::Function { .. } | Self::Throws => None,
        }
    }

    /// True if it may have nothing to give.
    pub(crate) fn may_fail(&self) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::Function { by, otherwise } => {
                let mut given = by.iter().map(|(_, given)| given).chain([otherwise]);
                given.any(|given| span(given).is_none())
            }
            Self::Throws => true,
        }
    }

    /// What it gives; `None` when it throws, or gives no duration.
    pub(crate) fn of(&self, about: &Value) -> Option<Span> {
        match self {
            Self::Fixed(span) => Some(*span),
            Self::Function { by, otherwise } => {
                let known = by.iter().find(|(known, _)| known == about);
                span(known.map_or(otherwise, |(_, given)| given))
            }
            Self::Throws => None,
        }
    }
}

impl<'de> Deserialize<'de> for DurationOf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Function {
            by: Vec<(Value, Value)>,
            #[serde(rename = "else")]
            otherwise: Value,
        }
        let value = Value::deserialize(deserializer)?;
        if value == "throws" {
            return Ok(Self::Throws);
        }
        if let Some(span) = span(&value) {
            return Ok(Self::Fixed(span));
        }
        let Function { by, otherwise } = Function::deserialize(value).map_err(D::Error::custom)?;
        Ok(Self::Function { by, otherwise })
    }
}

fn span(value: &Value) -> Option<Span> {
    match value {
        Value::Number(millis) => millis.as_u64().map(Span::from_millis),
        Value::String(text) if !text.is_empty() => spelled(text),
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
