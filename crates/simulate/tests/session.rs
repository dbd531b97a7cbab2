//! A run in pieces, beside one over files.

use holdover_simulate::arguments::Arguments;
use holdover_simulate::run::{Failure, Settings, Source, run};
use holdover_simulate::session::Session;
use std::fmt::Write;
use std::fs;
use std::io::{self, Cursor};
use std::path::Path;

struct Bytes(Vec<u8>, bool);

impl Source for Bytes {
    type Log = Cursor<Vec<u8>>;

    fn open(&self) -> io::Result<Self::Log> {
        Ok(Cursor::new(self.0.clone()))
    }

    fn is_once(&self) -> bool {
        self.1
    }
}

fn settings(given: &str) -> Settings {
    let given = given.split_ascii_whitespace().chain(["a.log"]);
    Arguments::parse(given).unwrap().settings
}

fn in_pieces(settings: Settings, log: &[u8], once: bool, size: usize) -> Result<String, Failure> {
    let mut session = Session::new(settings, once)?;
    if !once {
        log.chunks(size).for_each(|piece| session.push(piece));
        session.rewind()?;
    }
    log.chunks(size).for_each(|piece| session.push(piece));
    Ok(serde_json::to_string(&session.finish()?).unwrap())
}

#[test]
fn pieces_are_the_log() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logs/shop.log");
    let log = fs::read(path).unwrap();
    let given = "--ttl 10s,5m --timeout 1s";
    for once in [false, true] {
        let report = run(&settings(given), &Bytes(log.clone(), once)).unwrap();
        let expected = serde_json::to_string(&report).unwrap();
        for size in [1, 1000, log.len()] {
            let found = in_pieces(settings(given), &log, once, size).unwrap();
            assert_eq!(found, expected, "in pieces of {size} bytes");
        }
    }
}

#[test]
fn more_accesses_than_are_played_at_once_are_the_log_too() {
    let mut log = String::new();
    for number in 0..20_000_u64 {
        let seconds = 1_700_000_000 + number / 40;
        let (key, size) = (number * number % 997, number % 4000);
        writeln!(log, "{seconds},/{key},{size},{},200", number % 300).unwrap();
    }
    let given =
        "--ttl 10s --memory 1% --eviction lru --stale-if-error 1d --stale-while-revalidate 0";
    let report = run(&settings(given), &Bytes(log.clone().into(), false)).unwrap();
    assert_eq!(report.tally.accesses, 20_000);
    let found = in_pieces(settings(given), log.as_bytes(), false, 1 << 16).unwrap();
    assert_eq!(found, serde_json::to_string(&report).unwrap());
}

#[test]
fn a_log_without_requests_has_no_report() {
    let found = in_pieces(Settings::default(), b"no line\n", false, 3);
    assert!(matches!(found, Err(Failure::Empty(tally)) if tally.damaged == 1));
}
