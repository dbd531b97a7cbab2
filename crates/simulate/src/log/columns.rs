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
        let fields = self.reader.fields(line);
        let names: Vec<String> = (0..fields.ends.len())
            .filter_map(|place| fields.get(place))
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

/// Splits lines, in room that it uses again. It is made once per log: its automaton takes as long as
/// a hundred lines.
#[derive(Clone, Debug)]
struct Reader {
    automaton: csv_core::Reader,
    /// The fields, one behind the other.
    text: Vec<u8>,
    /// The end of each.
    ends: Vec<usize>,
}

/// The fields of a line.
struct Fields<'a> {
    text: &'a str,
    ends: &'a [usize],
}

impl<'a> Fields<'a> {
    fn get(&self, place: usize) -> Option<&'a str> {
        let end = *self.ends.get(place)?;
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.text.get(start..end)
    }
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            // Its `default` is of another kind: it reads without the automaton.
            automaton: csv_core::Reader::new(),
            text: Vec::new(),
            ends: Vec::new(),
        }
    }
}

impl Reader {
    /// Returns the fields of a line, none for one that has none.
    fn fields(&mut self, line: &str) -> Fields<'_> {
        self.automaton.reset();
        let commas = memchr::memchr_iter(b',', line.as_bytes()).count();
        grow(&mut self.text, line.len() + 1);
        grow(&mut self.ends, commas + 2);
        let (mut taken, mut fields) = (0, 0);
        // Nothing more says that the line ends.
        for part in [line.as_bytes(), b""] {
            let room = (&mut self.text[taken..], &mut self.ends[fields..]);
            let (_, _, more, ends) = self.automaton.read_record(part, room.0, room.1);
            taken += more;
            fields += ends;
        }
        Fields {
            text: std::str::from_utf8(&self.text[..taken]).unwrap_or_default(),
            ends: &self.ends[..fields],
        }
    }
}

fn grow<T: Clone + Default>(room: &mut Vec<T>, needed: usize) {
    if room.len() < needed {
        room.resize(needed, T::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn fields_are_what_was_written(
            lines in prop::collection::vec(prop::collection::vec("[^\r\n]{0,8}", 2..9), 1..5),
        ) {
            let mut reader = Reader::default();
            for written in lines {
                let quoted = written.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\"")));
                let line = quoted.collect::<Vec<_>>().join(",");
                let fields = reader.fields(&line);
                prop_assert_eq!(fields.ends.len(), written.len());
                for (place, field) in written.iter().enumerate() {
                    prop_assert_eq!(fields.get(place), Some(&**field));
                }
                prop_assert_eq!(fields.get(written.len()), None);
            }
        }
    }

    #[test]
    fn a_quote_that_does_not_end_ends_with_its_line() {
        let mut columns = Columns::default();
        let line = columns.read("1,\"a,b").unwrap();
        assert_eq!((&*line.key, line.size), ("a,b", None));
        assert_eq!(columns.read("2,c").unwrap().key, "c");
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
