//! Logs of any size, a chunk at a time.

use super::intake::Intake;
use crate::access::Access;
use std::io::{self, BufRead, Read};

/// The longest line, in bytes; what is longer is no line of a log.
const LONGEST: u64 = 1 << 20;

/// Reads a log in chunks of accesses.
#[derive(Debug)]
pub struct LogReader<R> {
    input: R,
    intake: Intake,
    line: Vec<u8>,
    bytes: u64,
}

impl<R: BufRead> LogReader<R> {
    /// A reader at the beginning of its log.
    pub const fn new(input: R, intake: Intake) -> Self {
        Self {
            input,
            intake,
            line: Vec::new(),
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
            if !self.next_line()? {
                self.intake.finish(chunk);
                return Ok(!chunk.is_empty());
            }
            if self.line.len() as u64 >= LONGEST && !self.line.ends_with(b"\n") {
                self.skip_line()?;
                self.intake.oversized();
            } else {
                self.intake.line(&self.line, chunk);
            }
        }
        Ok(true)
    }

    /// The intake, with its counts.
    pub const fn intake(&self) -> &Intake {
        &self.intake
    }

    /// The bytes read so far.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    fn next_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        let mut bounded = (&mut self.input).take(LONGEST);
        let read = bounded.read_until(b'\n', &mut self.line)?;
        self.bytes += read as u64;
        Ok(read > 0)
    }

    /// Goes to the end of a line without keeping it.
    fn skip_line(&mut self) -> io::Result<()> {
        while self.next_line()? && !self.line.ends_with(b"\n") {}
        Ok(())
    }
}
