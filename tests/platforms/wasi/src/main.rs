//! Plays the scenario vectors of the folder `/vectors`, and a scenario in real time, as a WASI
//! command. Prints a line per test, and `N passed, N failed`.

#[path = "../../../core/playing/mod.rs"]
mod playing;
mod real_time;

use playing::file::{Outcome, play_file};
use std::path::PathBuf;
use std::process::ExitCode;

fn files() -> Vec<PathBuf> {
    let folder = std::fs::read_dir("/vectors").expect("a folder /vectors");
    let files = folder.map(|file| file.expect("a readable folder").path());
    let mut files: Vec<_> = files
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    files
}

fn main() -> ExitCode {
    let (mut passed, mut failed) = (0, 0);
    let mut report = |name: String, outcome: Outcome| match outcome {
        Outcome::Passed => {
            passed += 1;
            println!("ok     {name}");
        }
        Outcome::Failed(wrong) => {
            failed += 1;
            println!("FAILED {name}\n    {wrong}");
        }
        Outcome::Unplayable => println!("panics {name}"),
    };
    for file in files() {
        let topic = file.file_stem().expect("a name").to_string_lossy();
        let text = std::fs::read_to_string(&file).expect("a readable file");
        for (name, outcome) in play_file(&topic, &text, false) {
            report(format!("{topic}: {name}"), outcome);
        }
    }
    report("in real time".to_owned(), real_time::outcome());
    println!("{passed} passed, {failed} failed");
    ExitCode::from(u8::from(failed > 0))
}
