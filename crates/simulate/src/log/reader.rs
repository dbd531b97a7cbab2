//! Logs of any size, a chunk at a time.

use super::intake::Intake;
use super::lines::Lines;
use crate::access::Access;
use std::io::{self, BufRead};

/// Reads a log in chunks of accesses.
#[derive(Debug)]
pub struct LogReader<R> {
    input: R,
    lines: Lines,
    bytes: u64,
}

impl<R: BufRead> LogReader<R> {
    /// A reader at the beginning of its log.
    pub const fn new(input: R, intake: Intake) -> Self {
        Self {
            input,
            lines: Lines::new(intake),
            bytes: 0,
        }
    }

    /// Replaces a chunk by the next one, of about so many accesses; false at the end of the log.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn read(&mut self, chunk: &mut Vec<Access>, most: usize) -> io::Result<bool> {
        chunk.clear();
        while chunk.len() < most {
            let bytes = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                bytes => bytes?,
            };
            if bytes.is_empty() {
                self.lines.finish(chunk);
                return Ok(!chunk.is_empty());
            }
            self.lines.push(bytes, chunk);
            let read = bytes.len();
            self.input.consume(read);
            self.bytes += read as u64;
        }
        Ok(true)
    }

    /// The intake, with its counts.
    pub const fn intake(&self) -> &Intake {
        self.lines.intake()
    }

    /// The bytes read so far.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }
}
