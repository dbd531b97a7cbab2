//! Lines of a log that comes in pieces.

use super::intake::Intake;
use crate::access::Access;
use memchr::memchr;

/// The length from which on a line is no line of a log, in bytes.
const LONGEST: usize = 1 << 20;

/// Cuts bytes into lines, and makes accesses of them.
#[derive(Clone, Debug)]
pub struct Lines {
    intake: Intake,
    /// The beginning of a line whose end has not come.
    begun: Vec<u8>,
    /// True while the rest of a line goes by that is too long to be kept.
    is_skipping: bool,
}

impl Lines {
    /// The beginning of a log.
    #[must_use]
    pub const fn new(intake: Intake) -> Self {
        Self {
            intake,
            begun: Vec::new(),
            is_skipping: false,
        }
    }

    /// Takes the next bytes of the log; adds the accesses whose time is known by now.
    pub fn push(&mut self, mut bytes: &[u8], into: &mut Vec<Access>) {
        while let Some(end) = memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end);
            bytes = &rest[1..];
            if self.begun.is_empty() && !self.is_skipping && line.len() < LONGEST {
                self.intake.line(line, into);
            } else {
                self.keep(line);
                self.end_line(into);
            }
        }
        self.keep(bytes);
    }

    /// Takes what is left as the last line, and adds the accesses that are left.
    pub fn finish(&mut self, into: &mut Vec<Access>) {
        self.end_line(into);
        self.intake.finish(into);
    }

    /// The intake, with its counts.
    #[must_use]
    pub const fn intake(&self) -> &Intake {
        &self.intake
    }

    fn keep(&mut self, part: &[u8]) {
        if self.is_skipping {
            return;
        }
        if self.begun.len() + part.len() < LONGEST {
            self.begun.extend_from_slice(part);
        } else {
            self.begun = Vec::new();
            self.is_skipping = true;
            self.intake.oversized();
        }
    }

    fn end_line(&mut self, into: &mut Vec<Access>) {
        if !std::mem::take(&mut self.is_skipping) {
            self.intake.line(&self.begun, into);
        }
        self.begun.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{Format, JsonFields, Tally};
    use proptest::prelude::*;

    fn read<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Access>, Tally) {
        let mut lines = Lines::new(Intake::new(Format::default(), JsonFields::default(), 100));
        let mut accesses = Vec::new();
        for part in parts {
            lines.push(part, &mut accesses);
        }
        lines.finish(&mut accesses);
        (accesses, lines.intake().tally())
    }

    const LOG: &[u8] = b"time,key,size\r\n1700000000.5,/a,10\n\n1700000001.5,/b,20\nno line\n\
        1700000002.5,/a,30";

    proptest! {
        #[test]
        fn pieces_make_no_difference(size in 1_usize..LOG.len() + 1) {
            let whole = read([LOG]);
            prop_assert_eq!((whole.0.len(), whole.1.lines, whole.1.damaged), (3, 4, 1));
            prop_assert_eq!(read(LOG.chunks(size)), whole);
        }
    }

    #[test]
    fn a_line_without_an_end_is_counted_once_and_not_kept() {
        let long = vec![b'x'; LONGEST];
        let (accesses, tally) = read([LOG, b"\n", &long, &long, b"x\n", LOG]);
        assert_eq!((accesses.len(), tally.lines, tally.damaged), (6, 10, 4));
        let (_, tally) = read([&long[1..], b"\n", &long[..], b"\n"]);
        assert_eq!((tally.lines, tally.damaged), (2, 2));
    }
}
