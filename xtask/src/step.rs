//! Progress of one step of work: its name and its duration.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// Announces `what`, does `work` and prints the time it took.
pub(crate) fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("── {what}");
    let start = Instant::now();
    let result = work().with_context(|| format!("could not {what}"));
    let seconds = start.elapsed().as_secs_f64();
    let verdict = if result.is_ok() { "done" } else { "failed" };
    println!("   {verdict} in {seconds:.1} s");
    result
}

/// Announces that `what` needed no work.
pub(crate) fn skipped(what: &str) {
    println!("── {what}: up to date");
}

/// Runs a command, and shows its output only if it fails.
pub(crate) fn run_quietly(command: &mut Command) -> Result<()> {
    capture(command).map(drop)
}

/// Runs a command, and shows its output.
pub(crate) fn run_shown(command: &mut Command) -> Result<()> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("could not start {}", shell_words(command)))?;
    if !status.success() {
        bail!("{status} from {}", shell_words(command));
    }
    Ok(())
}

/// Runs a command, and returns its standard output.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("could not start {}", shell_words(command)))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!(
            "{} from {}\n{stdout}{}",
            output.status,
            shell_words(command),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(stdout)
}

/// Returns the command as one would type it.
pub(crate) fn shell_words(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
