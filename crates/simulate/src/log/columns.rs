//! Comma-separated values: time, key, size, latency, status.

use super::Line;
use super::stamp::of_text;
use std::borrow::Cow;

/// The columns of a log, in the order of `NAMES`.
#[derive(Clone, Debug)]
pub struct Columns {
    places: [Option<usize>; 6],
    reader: Reader,
}

/// The names that a first line may have, in any order.
const NAMES: [&str; 6] = ["time", "key", "size", "latency", "status", "method"];

impl Default for Columns {
    /// The columns of a log whose first line does not name them.
    fn default() -> Self {
        Self {
            places: [Some(0), Some(1), Some(2), Some(3), Some(4), None],
            reader: Reader::default(),
        }
    }
}

impl Columns {
    /// Takes the columns from a first line that names them; false if this line does not.
    pub(super) fn take_names(&mut self, line: &str) -> bool {
        let names: Vec<String> = self
            .reader
            .fields(line)
            .iter()
            .map(|name| name.trim().to_ascii_lowercase())
            .collect();
        let places = NAMES.map(|name| names.iter().position(|known| known == name));
        let has_names = places[0].is_some() && places[1].is_some();
        if has_names {
            self.places = places;
        }
        has_names
    }

    /// Reads a line. Sizes are bytes, latencies milliseconds.
    pub(super) fn read(&mut self, line: &str) -> Option<Line<'static>> {
        let places = self.places;
        let fields = self.reader.fields(line);
        let field = |name: usize| {
            let text = fields.get(places[name]?)?.trim();
            (!text.is_empty()).then_some(text)
        };
        let latency = match field(3) {
            Some(text) => Some(text.parse().ok().filter(|time| *time >= 0.0)?),
            None => None,
        };
        Some(Line {
            time: of_text(field(0)?)?,
            key: Cow::Owned(field(1)?.to_owned()),
            size: parsed(field(2))?,
            latency,
            status: parsed(field(4))?,
            method: field(5).map(|method| Cow::Owned(method.to_owned())),
        })
    }
}

/// Returns the number in a field, if there is one; `None` for something else.
#[expect(clippy::option_option, reason = "no number is not a wrong one")]
fn parsed<T: std::str::FromStr>(field: Option<&str>) -> Option<Option<T>> {
    match field {
        Some(text) => Some(Some(text.parse().ok()?)),
        None => Some(None),
    }
}

/// Splits lines, in room that it uses again.
#[derive(Debug, Default)]
struct Reader {
    record: csv::StringRecord,
}

impl Clone for Reader {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Reader {
    /// Returns the fields of a line, none for one that has none.
    fn fields(&mut self, line: &str) -> &csv::StringRecord {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .buffer_capacity(line.len().max(1))
            .from_reader(line.as_bytes());
        if !matches!(reader.read_record(&mut self.record), Ok(true)) {
            self.record.clear();
        }
        &self.record
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_in_their_usual_order() {
        let mut columns = Columns::default();
        let line = columns.read("1700000000.5,\"/a,b\",10,2.5,503").unwrap();
        let Line {
            time,
            key,
            size,
            latency,
            status,
            method,
        } = line;
        assert_eq!((time.millis, &*key), (1_700_000_000_500, "/a,b"));
        assert_eq!((size, latency, status), (Some(10), Some(2.5), Some(503)));
        assert_eq!(method, None);
        let short = columns.read("1700000000,a").unwrap();
        assert_eq!(
            (short.size, short.latency, short.status),
            (None, None, None)
        );
        let gaps = columns.read("1700000000,a,,,200").unwrap();
        assert_eq!(
            (gaps.size, gaps.latency, gaps.status),
            (None, None, Some(200))
        );
    }

    #[test]
    fn columns_that_the_first_line_names() {
        let mut columns = Columns::default();
        assert!(columns.take_names("Status,Method, key,Time"));
        let line = columns.read("404,HEAD,a,5").unwrap();
        let read = (
            line.status,
            line.method.as_deref(),
            &*line.key,
            line.time.millis,
        );
        assert_eq!(read, (Some(404), Some("HEAD"), "a", 5000));
        assert_eq!(line.size, None);
    }

    #[test]
    fn a_first_line_of_values_names_nothing() {
        assert!(!Columns::default().take_names("1700000000,/time"));
        assert!(!Columns::default().take_names(""));
    }

    #[test]
    fn damaged_lines_are_none() {
        let mut columns = Columns::default();
        for line in [
            "",
            "1",
            "x,a",
            "1,a,big",
            "1,a,1,slow",
            "1,a,1,-1",
            "1,a,1,1,OK",
            "1,",
        ] {
            assert_eq!(columns.read(line), None, "{line}");
        }
    }
}
