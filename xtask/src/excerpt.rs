//! Extracts the failures from a long output.
//!
//! Thousands of lines may follow a failure, and a log may keep only its end.

use std::sync::{Mutex, PoisonError};

/// Lines to keep after one that reports a failure.
const LINES_AFTER: usize = 25;
const LINES_AT_MOST: usize = 80;
/// Last lines to keep if no line reports a failure.
const LAST_LINES: usize = 30;
/// A failed simulation prints its scenario in one line.
const CHARACTERS_A_LINE: usize = 300;

static EXCERPTS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps the failures in the output of `command` for the end of the run.
pub(crate) fn keep(command: &str, output: &str) {
    let excerpt = format!("$ {command}\n{}", excerpt(output));
    EXCERPTS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(excerpt);
}

/// Prints the kept failures.
pub(crate) fn print_kept() {
    for excerpt in EXCERPTS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .iter()
    {
        println!("\n━━ failed\n{excerpt}");
    }
}

fn excerpt(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    let mut wanted = vec![false; lines.len()];
    for (at, line) in lines.iter().enumerate() {
        if tells_of_failure(line) {
            let end = lines.len().min(at + 1 + LINES_AFTER);
            wanted[at..end].fill(true);
        }
    }
    if !wanted.contains(&true) {
        let from = lines.len().saturating_sub(LAST_LINES);
        wanted[from..].fill(true);
    }
    let chosen = lines.iter().zip(wanted).filter(|(_, wanted)| *wanted);
    let cut = |line: &str| line.chars().take(CHARACTERS_A_LINE).collect::<String>();
    let chosen: Vec<String> = chosen
        .take(LINES_AT_MOST)
        .map(|(line, _)| cut(line))
        .collect();
    chosen.join("\n")
}

/// True for a failure line of `cargo test`, `node --test`, the runners here, or a compiler.
fn tells_of_failure(line: &str) -> bool {
    let line = line.trim_start();
    line.contains(" panicked at ")
        || line.ends_with("... FAILED")
        || ["✖ ", "not ok", "FAILED ", "failed  ", "error", "stopped:"]
            .iter()
            .any(|mark| line.starts_with(mark))
}

#[cfg(test)]
mod tests {
    use super::{LINES_AFTER, LINES_AT_MOST, excerpt};

    #[test]
    fn a_failure_and_what_follows_is_kept() {
        let output = format!(
            "{}✖ a test\n  why\n{}",
            "fine\n".repeat(9),
            "x\n".repeat(90)
        );
        let excerpt = excerpt(&output);
        assert!(excerpt.starts_with("✖ a test\n  why\nx"), "{excerpt}");
        assert_eq!(excerpt.lines().count(), 1 + LINES_AFTER);
    }

    #[test]
    fn without_a_mark_the_end_is_kept() {
        let output = format!("{}the end", "some\n".repeat(99));
        assert!(excerpt(&output).ends_with("some\nthe end"));
    }

    #[test]
    fn no_more_is_kept_than_one_reads() {
        let output = format!("not ok {}\n", "x".repeat(999)).repeat(999);
        let excerpt = excerpt(&output);
        assert_eq!(excerpt.lines().count(), LINES_AT_MOST);
        assert!(excerpt.lines().all(|line| line.len() <= 300));
    }
}
