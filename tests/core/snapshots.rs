//! The steps of each machine, printed as a table and compared with `tests/core/snapshots/*.txt`: a
//! change of behaviour is a diff there. `UPDATE_SNAPSHOTS=1 cargo test --test snapshots` writes
//! them anew.

mod tables;

use std::path::Path;

fn compare(name: &str, table: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/core/snapshots");
    let path = folder.join(name).with_extension("txt");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, table).expect("a folder to write to");
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    if known == table {
        return;
    }
    let (known, now): (Vec<_>, Vec<_>) = (known.lines().collect(), table.lines().collect());
    let gone = known.iter().filter(|line| !now.contains(line));
    let new = now.iter().filter(|line| !known.contains(line));
    let diff: Vec<String> = gone
        .map(|line| format!("- {line}"))
        .chain(new.map(|line| format!("+ {line}")))
        .collect();
    panic!(
        "tests/core/snapshots/{name}.txt (UPDATE_SNAPSHOTS=1 accepts this):\n{}",
        diff.join("\n")
    );
}

macro_rules! snapshots {
    ($($name:ident: $file:literal = $table:expr,)*) => {
        $(#[test] fn $name() { compare($file, &$table); })*

        #[test]
        fn every_snapshot_has_a_table() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/core/snapshots");
            let mut files: Vec<_> = std::fs::read_dir(folder)
                .expect("tests/core/snapshots")
                .map(|file| file.expect("a file").file_name().into_string().expect("a name"))
                .collect();
            let mut known = vec![$(format!("{}.txt", $file)),*];
            files.sort();
            known.sort();
            assert_eq!(files, known);
        }
    };
}

snapshots! {
    call: "call" = tables::calls::begin(),
    circuit_breaker: "circuit-breaker" = tables::guards::circuit_breaker(),
    early: "early" = tables::strategies::early(),
    entry: "entry" = tables::strategies::entry(),
    flight: "flight" = tables::calls::flight(),
    guards: "guards" = tables::guards::order(),
    hits: "hits" = tables::strategies::hits(),
    landing: "landing" = tables::calls::landing(),
    rate_limit_fixed: "rate-limit-fixed" = tables::guards::fixed(),
    rate_limit_sliding: "rate-limit-sliding" = tables::guards::sliding(),
    retry: "retry" = tables::strategies::retry(),
    slow_calls: "slow-calls" = tables::guards::slow_calls(),
}
