//! Every format, written and read again; and lines that mean nothing.

use holdover_simulate::access::Access;
use holdover_simulate::log::{Format, Intake, JsonFields, LogReader};
use jiff::Timestamp;
use proptest::prelude::*;
use std::io::BufReader;

/// A request to write down.
#[derive(Clone, Debug)]
struct Request {
    millis: u64,
    key: u8,
    size: u32,
    latency: u32,
    status: u16,
}

fn requests() -> impl Strategy<Value = Vec<Request>> {
    let request = (
        0..5000_u64,
        any::<u8>(),
        1..100_000_u32,
        0..60_000_u32,
        0..4_usize,
    );
    prop::collection::vec(request, 1..60).prop_map(|all| {
        let mut millis = 1_700_000_000_000;
        all.into_iter()
            .map(|(later, key, size, latency, status)| {
                millis += later;
                let status = [200, 404, 500, 503][status];
                Request {
                    millis,
                    key,
                    size,
                    latency,
                    status,
                }
            })
            .collect()
    })
}

fn time(millis: u64) -> Timestamp {
    Timestamp::from_millisecond(i64::try_from(millis).unwrap()).unwrap()
}

fn common(request: &Request) -> String {
    let Request {
        millis,
        key,
        size,
        latency,
        status,
    } = request;
    let time = time(*millis).strftime("%d/%b/%Y:%H:%M:%S %z");
    let seconds = f64::from(*latency) / 1e3;
    format!(
        "::1 - - [{time}] \"GET /{key} HTTP/2.0\" {status} {size} \"-\" \"a \\\" b\" {seconds:.3}"
    )
}

fn json(request: &Request) -> String {
    let Request {
        millis,
        key,
        size,
        latency,
        status,
    } = request;
    let time = time(*millis);
    format!(
        r#"{{"time":"{time}","uri":"/{key}","method":"GET","size":{size},"latency_ms":{latency},"status":{status}}}"#
    )
}

fn csv(request: &Request) -> String {
    let Request {
        millis,
        key,
        size,
        latency,
        status,
    } = request;
    format!("{millis},\"/{key},\"\"x\"\"\",{size},{latency},{status}")
}

fn read_by(intake: Intake, text: &[u8], chunk: usize) -> (Vec<Access>, Intake) {
    let mut log = LogReader::new(BufReader::new(text), intake);
    let (mut all, mut accesses) = (Vec::new(), Vec::new());
    while log.read(&mut accesses, chunk).unwrap() {
        all.extend_from_slice(&accesses);
    }
    (all, log.intake().clone())
}

fn read(text: &str, chunk: usize) -> (Vec<Access>, Intake) {
    let intake = Intake::new(Format::Auto, JsonFields::default(), 100);
    read_by(intake, text.as_bytes(), chunk)
}

/// A way to write a request down.
type Write = fn(&Request) -> String;

fn log(requests: &[Request], write: Write) -> String {
    requests
        .iter()
        .map(|request| write(request) + "\n")
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn requests_are_read_as_they_were_written(requests in requests(), chunk in 1..70_usize) {
        for (write, has_millis) in [(common as Write, false), (json, true), (csv, true)] {
            let (accesses, intake) = read(&log(&requests, write), chunk);
            let tally = intake.tally();
            prop_assert_eq!(accesses.len(), requests.len());
            prop_assert_eq!((tally.accesses, tally.damaged), (requests.len() as u64, 0));
            let mut keys = Vec::new();
            for (access, request) in accesses.iter().zip(&requests) {
                if !keys.contains(&request.key) {
                    keys.push(request.key);
                }
                prop_assert_eq!(keys[access.key as usize], request.key);
                prop_assert_eq!((access.size, access.latency), (request.size, request.latency));
                prop_assert_eq!(access.failed, request.status >= 500);
                if !has_millis {
                    prop_assert_eq!(access.time / 1000, request.millis / 1000);
                } else if !request.millis.is_multiple_of(1000) {
                    prop_assert_eq!(access.time, request.millis);
                }
            }
        }
    }

    #[test]
    fn lines_that_mean_nothing_are_counted_and_change_nothing(
        requests in requests(),
        // With a comma it could be a request of a CSV: `0,!`.
        noise in prop::collection::vec("[^\r\n,]{1,40}", 1..20),
    ) {
        for write in [common as Write, json, csv] {
            let clean = log(&requests, write);
            let mut noisy = String::new();
            for (place, line) in clean.lines().enumerate() {
                noisy.push_str(line);
                noisy.push('\n');
                // Cut off: no line of any format.
                noisy.push_str(line.get(..12).unwrap());
                noisy.push('\n');
                noisy.push_str(noise.get(place).map_or("", |noise| noise));
                noisy.push('\n');
            }
            let (expected, _) = read(&clean, 1000);
            let (accesses, intake) = read(&noisy, 1000);
            let tally = intake.tally();
            prop_assert_eq!(accesses, expected);
            prop_assert!(tally.damaged >= requests.len() as u64);
            prop_assert_eq!(tally.lines, tally.accesses + tally.others + tally.damaged);
        }
    }

    #[test]
    fn no_bytes_stop_a_reader(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        for format in [Format::Auto, Format::Common, Format::Json, Format::Csv(Box::default())] {
            let (accesses, intake) =
                read_by(Intake::new(format, JsonFields::default(), 100), &bytes, 10);
            let tally = intake.tally();
            prop_assert_eq!(accesses.len() as u64, tally.accesses);
            prop_assert_eq!(tally.lines, tally.accesses + tally.others + tally.damaged);
        }
    }
}

#[test]
fn get_and_head_count_and_responses_without_a_body_have_the_size_of_the_last() {
    let text = "time,key,size,status,method\n1,a,500,200,GET\n2,a,,304,GET\n3,a,0,200,HEAD\n\
                4,a,9,200,POST\n5,b,0,304,GET\n6,a,7,503,GET\n7,a,,304,GET\n";
    let (accesses, intake) = read(text, 100);
    let sizes: Vec<u32> = accesses.iter().map(|access| access.size).collect();
    assert_eq!(sizes, [500, 500, 500, 0, 7, 500]);
    assert_eq!((intake.tally().others, intake.tally().lines), (1, 7));
    assert_eq!(accesses[0].latency, 100);
}

#[test]
fn a_line_without_an_end_is_no_line() {
    let mut text = "1700000000.5,a\n".to_owned();
    text.push_str(&"x".repeat(3 << 20));
    text.push_str("\n1700000001.5,b\n");
    let (accesses, intake) = read(&text, 100);
    let tally = intake.tally();
    assert_eq!((accesses.len(), tally.lines, tally.damaged), (2, 3, 1));
}
