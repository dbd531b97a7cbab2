//! Lines of JSON.

use super::stamp::{of_number, of_text};
use super::{Line, Stamp};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

/// A unit of time, in milliseconds.
const UNITS: [(&str, f64); 4] = [("s", 1e3), ("ms", 1.0), ("us", 1e-3), ("ns", 1e-6)];

/// The names of the fields of a line: of each fact, the first that a line has. A name with dots is
/// a path into objects.
#[derive(Clone, Debug)]
pub struct JsonFields {
    time: Vec<String>,
    key: Vec<String>,
    method: Vec<String>,
    size: Vec<String>,
    /// With the milliseconds that 1 is.
    latency: Vec<(String, f64)>,
    status: Vec<String>,
}

/// A part of `--fields` that means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadField(String);

impl fmt::Display for BadField {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "`{}` is no field: it takes time=NAME, key=NAME, method=NAME, size=NAME, status=NAME, \
             or latency=NAME:UNIT with a unit of s, ms, us or ns",
            self.0
        )
    }
}

impl std::error::Error for BadField {}

impl Default for JsonFields {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let latencies = [
            ("request_time", 1e3),
            ("duration", 1e3),
            ("latency", 1e3),
            ("latency_ms", 1.0),
            ("duration_ms", 1.0),
            ("responseTime", 1.0),
        ];
        Self {
            time: names(&[
                "time",
                "ts",
                "timestamp",
                "@timestamp",
                "msec",
                "time_iso8601",
                "time_local",
            ]),
            key: names(&[
                "request_uri",
                "uri",
                "url",
                "path",
                "key",
                "request.uri",
                "req.url",
                "request",
            ]),
            method: names(&["method", "request_method", "request.method", "req.method"]),
            size: names(&[
                "body_bytes_sent",
                "bytes_sent",
                "bytes",
                "size",
                "response_size",
            ]),
            latency: latencies.map(|(name, unit)| (name.to_owned(), unit)).into(),
            status: names(&["status", "status_code", "res.statusCode"]),
        }
    }
}

impl JsonFields {
    /// Takes `time=NAME,key=NAME,…` instead of the usual names; facts that are not named keep
    /// theirs.
    ///
    /// # Errors
    /// A part that is not of that form.
    pub fn named(mut self, fields: &str) -> Result<Self, BadField> {
        for part in fields.split(',') {
            let bad = || BadField(part.to_owned());
            let (fact, name) = part.split_once('=').ok_or_else(bad)?;
            if name.is_empty() {
                return Err(bad());
            }
            let names = match fact {
                "time" => &mut self.time,
                "key" => &mut self.key,
                "method" => &mut self.method,
                "size" => &mut self.size,
                "status" => &mut self.status,
                "latency" => {
                    let (name, unit) = name.rsplit_once(':').ok_or_else(bad)?;
                    let unit = UNITS.iter().find(|(known, _)| *known == unit);
                    self.latency = vec![(name.to_owned(), unit.ok_or_else(bad)?.1)];
                    continue;
                }
                _ => return Err(bad()),
            };
            *names = vec![name.to_owned()];
        }
        Ok(self)
    }

    /// Reads a line.
    pub(super) fn read(&self, line: &str) -> Option<Line<'static>> {
        let object: Value = serde_json::from_str(line).ok()?;
        object.as_object()?;
        let first = |names: &[String]| names.iter().find_map(|name| get(&object, name)).cloned();
        let mut method = first(&self.method).and_then(text);
        let mut key = text(first(&self.key)?).filter(|key| !key.is_empty())?;
        // nginx's `$request`: `GET /path HTTP/1.1`.
        let request = key.clone();
        let mut words = request.split(' ');
        if let (Some(verb), Some(path), Some(_)) = (words.next(), words.next(), words.next()) {
            method = method.or_else(|| Some(verb.to_owned()));
            path.clone_into(&mut key);
        }
        let latency = self.latency.iter().find_map(|(name, unit)| {
            let time = get(&object, name)?;
            Some(number(time)? * unit)
        });
        Some(Line {
            time: stamp(&first(&self.time)?)?,
            method: method.map(Cow::Owned),
            key: Cow::Owned(key),
            size: first(&self.size).as_ref().and_then(count),
            latency,
            status: first(&self.status)
                .as_ref()
                .and_then(count)
                .and_then(|status| status.try_into().ok()),
        })
    }
}

/// Returns a field by its name, or else by the path that it is.
fn get<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    if let Some(value) = object.get(name) {
        return (!value.is_null()).then_some(value);
    }
    let (outer, inner) = name.split_once('.')?;
    get(object.get(outer)?, inner)
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_f64(),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "negative ones are none, larger ones are the largest"
)]
fn count(value: &Value) -> Option<u64> {
    let number = number(value).filter(|number| *number >= 0.0)?;
    Some(number as u64)
}

fn stamp(value: &Value) -> Option<Stamp> {
    match value {
        Value::String(text) => of_text(text),
        value => of_number(value.as_f64()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<Line<'static>> {
        JsonFields::default().read(line)
    }

    fn facts(line: &str) -> (u64, String, Option<u64>, Option<f64>, Option<u16>) {
        let line = of(line).unwrap();
        let Line {
            time,
            key,
            size,
            latency,
            status,
            ..
        } = line;
        (time.millis, key.into_owned(), size, latency, status)
    }

    #[test]
    fn fields_of_nginx() {
        let line = r#"{"msec":"1700000000.250","request_uri":"/a?b","request_method":"HEAD",
            "status":"200","body_bytes_sent":"42","request_time":"0.031"}"#;
        let expected = (
            1_700_000_000_250,
            "/a?b".into(),
            Some(42),
            Some(31.0),
            Some(200),
        );
        assert_eq!(facts(line), expected);
        assert_eq!(of(line).unwrap().method.as_deref(), Some("HEAD"));
    }

    #[test]
    fn fields_of_caddy_are_in_objects() {
        let line = r#"{"ts":1700000000.25,"request":{"method":"GET","uri":"/a"},"duration":0.5,
            "size":7,"status":503}"#;
        let expected = (
            1_700_000_000_250,
            "/a".into(),
            Some(7),
            Some(500.0),
            Some(503),
        );
        assert_eq!(facts(line), expected);
    }

    #[test]
    fn the_request_line_has_method_and_key() {
        let line = of(r#"{"time":1,"request":"POST /a HTTP/1.1"}"#).unwrap();
        assert_eq!((line.method.as_deref(), &*line.key), (Some("POST"), "/a"));
    }

    #[test]
    fn fields_can_be_named() {
        let fields = JsonFields::default()
            .named("time=when,key=what.id,latency=took:us,size=len,status=code,method=verb")
            .unwrap();
        let line = r#"{"when":"2023-11-14T22:13:20.5Z","what":{"id":5},"took":1500,"len":3,
            "code":404,"verb":"GET"}"#;
        let line = fields.read(line).unwrap();
        let read = (
            line.time.millis,
            &*line.key,
            line.latency,
            line.size,
            line.status,
        );
        assert_eq!(
            read,
            (1_700_000_000_500, "5", Some(1.5), Some(3), Some(404))
        );
    }

    #[test]
    fn bad_names_are_told() {
        for bad in [
            "",
            "time",
            "time=",
            "size:b",
            "latency=a",
            "latency=a:h",
            "age=a",
        ] {
            let error = JsonFields::default().named(bad).unwrap_err();
            assert_eq!(error, BadField(bad.to_owned()));
        }
    }

    #[test]
    fn damaged_lines_are_none() {
        let wrong = [
            "",
            "5",
            "[]",
            "{\"time\":1",
            r#"{"time":1}"#,
            r#"{"time":1,"key":""}"#,
            r#"{"time":1,"key":{}}"#,
            r#"{"key":"a"}"#,
            r#"{"time":-1,"key":"a"}"#,
            r#"{"time":null,"key":"a"}"#,
        ];
        assert_eq!(wrong.map(of), [const { None }; 10]);
    }
}
