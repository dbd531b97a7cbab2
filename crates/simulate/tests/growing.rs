//! A log that grows while it is read.

use holdover_simulate::run::{Settings, Source, run};
use std::cell::Cell;
use std::io::{self, Cursor, Write};

/// A log with one line more each time it is opened.
struct Growing(Cell<usize>);

impl Source for Growing {
    type Log = Cursor<Vec<u8>>;

    fn open(&self) -> io::Result<Self::Log> {
        let lines = self.0.replace(self.0.get() + 1);
        let mut text = Vec::new();
        for line in 0..lines {
            writeln!(text, "170000000{line}.5,key {line}")?;
        }
        Ok(Cursor::new(text))
    }

    fn is_once(&self) -> bool {
        false
    }
}

#[test]
fn the_log_is_what_it_was_when_it_was_first_read() {
    let report = run(&Settings::default(), &Growing(Cell::new(5))).unwrap();
    assert_eq!((report.tally.accesses, report.keys), (5, 5));
    let (from, until) = report.span;
    assert_eq!((from, until), (1_700_000_000_500, 1_700_000_004_500));
    assert_eq!(report.without_cache_in_outage.unwrap().errors, 5);
}
