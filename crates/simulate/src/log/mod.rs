//! Reading access logs.
//!
//! A line is read by the [`Format`] of the log, an [`Intake`] makes accesses of lines,
//! [`Lines`] of bytes that come in pieces, and a [`LogReader`] of files of any size. Damaged lines are counted and left out.

mod clock;
mod columns;
mod common;
mod intake;
mod json;
mod lines;
mod reader;
mod stamp;

pub use columns::Columns;
pub use intake::{Format, Intake, Tally};
pub use json::{BadField, JsonFields};
pub use lines::Lines;
pub use reader::LogReader;

use std::borrow::Cow;

/// A time of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Milliseconds since the Unix epoch.
    pub(crate) millis: u64,
    /// True if the log tells seconds only.
    pub(crate) is_whole: bool,
}

/// Returns a time given as RFC 3339 or as a Unix time, in milliseconds since the Unix epoch.
#[must_use]
pub fn time(text: &str) -> Option<u64> {
    Some(stamp::of_text(text)?.millis)
}

/// The facts of a line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line<'a> {
    pub(crate) time: Stamp,
    /// Absent where the log does not tell: a `GET` then.
    pub(crate) method: Option<Cow<'a, str>>,
    pub(crate) key: Cow<'a, str>,
    pub(crate) size: Option<u64>,
    /// In milliseconds.
    pub(crate) latency: Option<f64>,
    pub(crate) status: Option<u16>,
}
