//! Accesses of the lines of a log.

use super::clock::Clock;
use super::columns::Columns;
use super::json::JsonFields;
use super::stamp::Latest;
use super::{Line, common};
use crate::access::{Access, Keys};
use serde::Serialize;

/// The format of a log.
#[derive(Clone, Debug, Default)]
pub enum Format {
    /// The first of the others that reads a line.
    #[default]
    Auto,
    /// The common or the combined format, with or without the time of the request at its end.
    Common,
    /// Lines of JSON.
    Json,
    /// Comma-separated values: time, key, size, latency, status.
    Csv(Box<Columns>),
}

/// The lines of a log, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Lines that are not empty.
    pub lines: u64,
    /// Requests that count: `GET` and `HEAD`.
    pub accesses: u64,
    /// Requests by other methods.
    pub others: u64,
    /// Lines that cannot be read.
    pub damaged: u64,
    /// Lines whose time was before that of a line in front of them.
    pub steps_back: u64,
}

/// Makes accesses of lines.
#[derive(Clone, Debug)]
pub struct Intake {
    format: Format,
    fields: JsonFields,
    /// Time that the origin takes where the log does not say.
    latency: u32,
    latest: Latest,
    clock: Clock,
    keys: Keys,
    tally: Tally,
}

impl Intake {
    /// An intake that has read nothing. The origin takes `latency` milliseconds where a log does not
    /// tell.
    #[must_use]
    pub fn new(format: Format, fields: JsonFields, latency: u32) -> Self {
        Self {
            format,
            fields,
            latency,
            latest: Latest::default(),
            clock: Clock::default(),
            keys: Keys::default(),
            tally: Tally::default(),
        }
    }

    /// Takes a line; adds the accesses whose time is known by now.
    pub fn line(&mut self, line: &[u8], into: &mut Vec<Access>) {
        let line = String::from_utf8_lossy(line);
        let line = line.trim();
        if line.is_empty() || self.is_heading(line) {
            return;
        }
        self.tally.lines += 1;
        let Some(read) = self.read(line) else {
            return self.damaged();
        };
        let method = read.method.as_deref().unwrap_or("GET");
        if !["GET", "HEAD"].contains(&method) {
            self.tally.others += 1;
            return;
        }
        let is_head = method == "HEAD";
        let access = self.access(&read, is_head);
        self.tally.accesses += 1;
        self.clock.take(read.time, access, into);
    }

    /// Counts a line that was not kept because it cannot be one.
    pub(super) fn oversized(&mut self) {
        self.tally.lines += 1;
        self.damaged();
    }

    fn damaged(&mut self) {
        self.tally.damaged += 1;
    }

    /// Adds the accesses that are left when the log ends.
    pub fn finish(&mut self, into: &mut Vec<Access>) {
        self.clock.flush(into);
    }

    /// The counts so far.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        Tally {
            steps_back: self.clock.steps_back,
            ..self.tally
        }
    }

    /// The keys so far.
    #[must_use]
    pub const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// True for a first line that names columns.
    fn is_heading(&mut self, line: &str) -> bool {
        if self.tally.lines > 0 {
            return false;
        }
        match &mut self.format {
            Format::Csv(columns) => columns.take_names(line),
            Format::Auto => {
                let mut columns = Box::<Columns>::default();
                let has_names = columns.take_names(line);
                if has_names {
                    self.format = Format::Csv(columns);
                }
                has_names
            }
            _ => false,
        }
    }

    fn read<'a>(&mut self, line: &'a str) -> Option<Line<'a>> {
        match &mut self.format {
            Format::Common => common::read(line, &mut self.latest),
            Format::Json => self.fields.read(line),
            Format::Csv(columns) => columns.read(line),
            Format::Auto => {
                let mut columns = Box::<Columns>::default();
                let (format, read) = if let Some(read) = self.fields.read(line) {
                    (Format::Json, read)
                } else if let Some(read) = common::read(line, &mut self.latest) {
                    (Format::Common, read)
                } else {
                    let read = columns.read(line)?;
                    (Format::Csv(columns), read)
                };
                self.format = format;
                Some(read)
            }
        }
    }

    /// A response without a body, to `HEAD` or a 304, stands for one as large as the last with one.
    fn access(&mut self, read: &Line<'_>, is_head: bool) -> Access {
        let key = self.keys.intern(&read.key);
        let status = read.status.unwrap_or(200);
        let has_body = !is_head && status != 304;
        let size = match read.size {
            Some(size) if has_body => u32::try_from(size).unwrap_or(u32::MAX),
            _ => self.keys.size(key),
        };
        let failed = status >= 500;
        if !failed {
            self.keys.set_size(key, size);
        }
        Access {
            time: 0,
            key,
            size,
            latency: read.latency.map_or(self.latency, rounded),
            failed,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is too much is the most"
)]
fn rounded(millis: f64) -> u32 {
    millis.round() as u32
}
