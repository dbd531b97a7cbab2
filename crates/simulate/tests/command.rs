//! The command, on a small log.

use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const LOG: &str = "tests/logs/shop.log";

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdover-simulate"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments);
    command
}

fn text(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

fn json(arguments: &[&str]) -> Value {
    let output = command(arguments).arg("--json").output().unwrap();
    let (out, error) = text(&output);
    serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{error}"))
}

fn piped(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = command(arguments);
    let pipes = [Stdio::piped(), Stdio::piped()].map(Some);
    let [out, error] = pipes.map(Option::unwrap);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(out)
        .stderr(error)
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn fails_with(arguments: &[&str], code: i32, expected: &str) {
    let output = command(arguments).output().unwrap();
    let (out, error) = text(&output);
    assert!(out.is_empty(), "{out}");
    assert_eq!(output.status.code(), Some(code), "{error}");
    assert!(error.contains(expected), "{error}");
}

/// Returns the command and the output that the page shows.
fn worked_example() -> (String, String) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/simulate.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, rest) = page.split_once("```sh\nnpx holdover simulate ").unwrap();
    let (given, rest) = rest.split_once("\n```\n").unwrap();
    let (_, rest) = rest.split_once("```text\n").unwrap();
    let (shown, _) = rest.split_once("\n```\n").unwrap();
    (given.replace("\\\n", " "), shown.to_owned())
}

#[test]
fn the_page_shows_what_the_command_prints() {
    let (given, shown) = worked_example();
    let arguments: Vec<&str> = given.split_ascii_whitespace().collect();
    let output = command(&arguments).output().unwrap();
    let (printed, error) = text(&output);
    assert!(output.status.success(), "{error}");
    assert_eq!(printed.trim_end(), shown, "\n{printed}");
}

#[test]
fn all_figures_are_printed_as_json() {
    let report = json(&[LOG]);
    assert_eq!(report["policies"].as_array().unwrap().len(), 64);
    assert_eq!(report["keys"], 12);
    let log = &report["log"];
    let counts = ["lines", "accesses", "others", "damaged"].map(|name| log[name].as_u64().unwrap());
    assert_eq!(counts[0], counts[1] + counts[2] + counts[3]);
    assert_eq!(counts[3], 2);
    let advised =
        &report["policies"][usize::try_from(report["advice"]["row"].as_u64().unwrap()).unwrap()];
    assert_eq!(advised["policy"]["staleIfError"], "1d");
    let code = report["advice"]["typescript"].as_str().unwrap();
    assert!(code.contains("staleIfError: \"1d\""), "{code}");
    for row in report["policies"].as_array().unwrap() {
        let all = &row["all"];
        let of = |name: &str| all[name].as_u64().unwrap();
        let ends = [
            "hits",
            "stale",
            "loads",
            "coalesced",
            "errorFallbacks",
            "failovers",
            "errors",
        ];
        assert_eq!(ends.into_iter().map(of).sum::<u64>(), of("calls"));
        assert_eq!(of("calls"), counts[1]);
        assert!(row["inOutage"]["errors"].as_u64() <= row["inOutage"]["calls"].as_u64());
    }
}

#[test]
fn more_room_and_longer_lives_save_more_calls_of_the_origin() {
    let grid = [
        "--eviction",
        "lru",
        "--stale-while-revalidate",
        "0",
        "--stale-if-error",
        "0",
    ];
    let calls = |option: &str, values: &str| -> Vec<u64> {
        let given: Vec<&str> = grid.into_iter().chain([option, values, LOG]).collect();
        let report = json(&given);
        let rows = report["policies"].as_array().unwrap().clone();
        rows.iter()
            .filter(|row| option == "--ttl" || row["policy"]["ttl"] == "1h")
            .filter(|row| option == "--memory" || row["policy"]["maxEntries"] == 12)
            .map(|row| row["all"]["originCalls"].as_u64().unwrap())
            .collect()
    };
    let (by_ttl, by_room) = (calls("--ttl", "1s,1m,1h"), calls("--memory", "1,4,12"));
    assert!(by_ttl.is_sorted_by(|one, next| one > next), "{by_ttl:?}");
    assert!(by_room.is_sorted_by(|one, next| one > next), "{by_room:?}");
}

#[test]
fn a_log_is_read_from_standard_input_without_looking_for_an_outage() {
    let log = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(LOG)).unwrap();
    let output = piped(&["--memory", "10", "--json", "-"], &log);
    let piped: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(piped["outage"].is_null());
    let read = json(&["--memory", "10", "--outage", "none", LOG]);
    assert_eq!(piped, read);
    let at = json(&["--memory", "10", LOG])["outage"]["from"].to_string();
    let chosen = json(&["--memory", "10", "--outage-at", &at, LOG]);
    assert_eq!(chosen, json(&["--memory", "10", LOG]));
}

#[test]
fn compressed_logs_are_unpacked() {
    let log = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(LOG)).unwrap();
    let gzip = |part: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(part).unwrap();
        packer.finish().unwrap()
    };
    let (one, other) = log.split_at(log.len() / 3);
    let packed = [gzip(one), gzip(other)].concat();
    let path = std::env::temp_dir().join(format!("holdover-{}.gz", std::process::id()));
    fs::write(&path, &packed).unwrap();
    let read = json(&[path.to_str().unwrap()]);
    fs::write(&path, &packed[..packed.len() - 9]).unwrap();
    fails_with(&[path.to_str().unwrap()], 1, "cannot read the log");
    fs::remove_file(&path).unwrap();
    assert_eq!(read, json(&[LOG]));
}

#[test]
fn the_last_line_of_a_file_need_not_end() {
    let folder = std::env::temp_dir();
    let files =
        ["a", "b"].map(|name| folder.join(format!("holdover-{name}-{}", std::process::id())));
    for file in &files {
        fs::write(file, "1700000000.5,/a,1000").unwrap();
    }
    let report = json(&files.each_ref().map(|file| file.to_str().unwrap()));
    for file in files {
        fs::remove_file(file).unwrap();
    }
    assert_eq!(report["log"]["accesses"], 2);
}

#[test]
fn files_are_read_in_their_order_as_one_log() {
    let twice = json(&[LOG, LOG]);
    let once = json(&[LOG]);
    let accesses = |report: &Value| report["log"]["accesses"].as_u64().unwrap();
    assert_eq!(accesses(&twice), 2 * accesses(&once));
    assert_eq!(twice["keys"], once["keys"]);
    let [from, until] = [0, 1].map(|place| once["span"][place].as_u64().unwrap());
    // The second one goes on where the first one ends.
    assert!(twice["span"][1].as_u64().unwrap() >= until + (until - from));
}

#[test]
fn a_run_that_cannot_be_says_why() {
    fails_with(&["missing.log"], 1, "missing.log");
    fails_with(&["--ttl", "soon", LOG], 2, "--ttl cannot be `soon`");
    fails_with(
        &["--timeout", "1s", "--failover-after", "2s", LOG],
        2,
        "failover",
    );
    fails_with(
        &["--format", "json", LOG],
        1,
        "no request to count: of 422 lines 422 cannot be read",
    );
    fails_with(&[], 2, "no LOG");
}

#[test]
fn the_help_text_names_every_option_and_default() {
    let output = command(&["--help"]).output().unwrap();
    let (help, _) = text(&output);
    assert!(output.status.success());
    for option in [
        "--format",
        "--fields",
        "--latency",
        "--ttl",
        "--memory",
        "--eviction",
    ] {
        assert!(help.contains(option), "{option}");
    }
}
