//! Runs a command with a time limit, showing and recording its output.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::excerpt;
use crate::step::shell_words;
use crate::tally::Tally;

/// The time limit of a command. None comes near it on two cores.
const LIMIT: Duration = Duration::from_secs(15 * 60);
/// The time for a command to end after it was told to, or to close its output after it ended.
const GRACE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(50);

/// The result of a command.
struct Outcome {
    succeeded: bool,
    output: String,
}

/// Runs a command that counts as one test, which passes if the command succeeds.
pub(crate) fn check(command: &mut Command) -> Result<Tally> {
    Ok(Tally::one(watch(command)?.succeeded))
}

/// Runs a test runner and reads its counts; at least one failure if it exits with an error.
pub(crate) fn count(command: &mut Command) -> Result<Tally> {
    let Outcome { succeeded, output } = watch(command)?;
    let mut tally = Tally::read(&output)
        .with_context(|| format!("{} did not say how many tests it ran", shell_words(command)))?;
    if !succeeded && tally.failed == 0 {
        tally.failed = 1;
    }
    Ok(tally)
}

fn watch(command: &mut Command) -> Result<Outcome> {
    println!("$ {}", shell_words(command));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start {}", shell_words(command)))?;
    let lines = lines_of(&mut child);
    let mut output = String::new();
    let succeeded = follow(&mut child, &lines, &mut output)?;
    if !succeeded {
        excerpt::keep(&shell_words(command), &output);
    }
    Ok(Outcome { succeeded, output })
}

/// Prints and records lines until the child has ended and closed its output, or a limit is hit.
fn follow(child: &mut Child, lines: &Receiver<String>, output: &mut String) -> Result<bool> {
    let mut deadline = Instant::now() + LIMIT;
    let mut ended = None;
    loop {
        match lines.recv_timeout(POLL) {
            Ok(line) => {
                println!("{line}");
                output.push_str(&line);
                output.push('\n');
            }
            Err(RecvTimeoutError::Disconnected) if ended.is_some() => break,
            Err(RecvTimeoutError::Disconnected) => thread::sleep(POLL),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if ended.is_none() {
            ended = child.try_wait()?;
            if ended.is_some() {
                // Its own children may keep the output open.
                deadline = Instant::now() + GRACE;
            }
        }
        if Instant::now() >= deadline {
            break;
        }
    }
    let Some(status) = ended else {
        println!("stopped: it took longer than {} s", LIMIT.as_secs());
        stop(child)?;
        return Ok(false);
    };
    Ok(status.success())
}

/// Asks the child to end, so that it can stop its own children; kills it after a while.
fn stop(child: &mut Child) -> Result<()> {
    Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .context("could not run kill")?;
    let deadline = Instant::now() + GRACE;
    while child.try_wait()?.is_none() {
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(());
        }
        thread::sleep(POLL);
    }
    Ok(())
}

fn lines_of(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = channel();
    if let Some(stdout) = child.stdout.take() {
        forward(stdout, sender.clone());
    }
    if let Some(stderr) = child.stderr.take() {
        forward(stderr, sender);
    }
    receiver
}

fn forward(stream: impl Read + Send + 'static, sender: Sender<String>) {
    thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while reader
            .read_until(b'\n', &mut line)
            .is_ok_and(|length| length > 0)
        {
            let text = String::from_utf8_lossy(&line)
                .trim_end_matches(['\r', '\n'])
                .to_owned();
            line.clear();
            if sender.send(text).is_err() {
                return;
            }
        }
    });
}
