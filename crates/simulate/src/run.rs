//! One run: reading a log, trying policies, recommending one.

use crate::access::Access;
use crate::grid::Grid;
use crate::log::{Format, JsonFields, LogReader, Tally};
use crate::playing::{CHUNK, Known, Playing, intake};
use crate::report::Report;
use crate::scan::Scan;
use holdover::{ConfigError, Span};
use std::fmt;
use std::io::{self, BufRead, Read};

/// The time of the outage to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutageAt {
    /// None.
    Never,
    /// The time with the most requests.
    Busiest,
    /// This time, in milliseconds since the Unix epoch.
    Time(u64),
}

/// Everything that a run is asked for.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The format of the log.
    pub format: Format,
    /// Names of fields in lines of JSON.
    pub fields: JsonFields,
    /// The time that the origin takes where the log does not tell, in milliseconds.
    pub latency: u32,
    /// The policies to try.
    pub grid: Grid,
    /// Length of the outage.
    pub outage: Span,
    /// Time of the outage.
    pub outage_at: OutageAt,
    /// The age above which no more than a hundredth of all answers should be.
    pub max_age: Option<Span>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            format: Format::default(),
            fields: JsonFields::default(),
            latency: 100,
            grid: Grid::default(),
            outage: Span::from_secs(600),
            outage_at: OutageAt::Busiest,
            max_age: None,
        }
    }
}

/// The end of a run without a report.
#[derive(Debug)]
pub enum Failure {
    /// The log cannot be read.
    Log(io::Error),
    /// An option of the policies is wrong.
    Policy(ConfigError),
    /// The log has no request that counts.
    Empty(Tally),
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(error) => write!(formatter, "cannot read the log: {error}"),
            Self::Policy(error) => write!(formatter, "{error}"),
            Self::Empty(tally) => write!(
                formatter,
                "no request to count: of {} lines {} cannot be read and {} are of other methods \
                 than GET and HEAD (is it the right --format?)",
                tally.lines, tally.damaged, tally.others
            ),
        }
    }
}

impl std::error::Error for Failure {}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Log(error)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Policy(error)
    }
}

/// A log that can be opened.
pub trait Source {
    /// The bytes of a log.
    type Log: BufRead + Send;

    /// Opens the log at its beginning.
    ///
    /// # Errors
    /// It cannot be opened.
    fn open(&self) -> io::Result<Self::Log>;

    /// True if it can be opened only once.
    fn is_once(&self) -> bool;
}

/// Reads a log, tries policies and recommends one.
///
/// The log is read twice: to find the keys and the busiest time, and to play it. One that can be
/// read only once has no outage at its busiest time, and a memory for a share of its keys is one
/// of 10,000 keys.
///
/// # Errors
/// The log cannot be read or has no request, or a policy is none.
pub fn run(settings: &Settings, source: &impl Source) -> Result<Report, Failure> {
    let mut bytes = u64::MAX;
    // A wrong option is told before a long log is read.
    let mut playing = Playing::new(settings, Known::nothing(settings))?;
    if !source.is_once() {
        let mut log = LogReader::new(source.open()?, intake(settings));
        let scan = scan(&mut log, settings.outage)?;
        // What a living log has got meanwhile is not played.
        bytes = log.bytes();
        let keys = log.intake().keys().len();
        playing = Playing::new(settings, Known::of(settings, &scan, keys))?;
    }
    let mut log = LogReader::new(source.open()?.take(bytes), intake(settings));
    play(&mut log, &mut playing)?;
    playing.finish(settings, log.intake())
}

fn scan(log: &mut LogReader<impl BufRead>, outage: Span) -> io::Result<Scan> {
    let mut scan = Scan::new(outage.as_millis());
    let mut chunk = Vec::with_capacity(CHUNK);
    while log.read(&mut chunk, CHUNK)? {
        scan.take(&chunk);
    }
    Ok(scan)
}

fn play(log: &mut LogReader<impl BufRead + Send>, playing: &mut Playing) -> io::Result<()> {
    let mut chunk = Vec::with_capacity(CHUNK);
    let mut next = Vec::with_capacity(CHUNK);
    let mut goes_on = log.read(&mut chunk, CHUNK)?;
    while goes_on {
        goes_on = read_and_play(log, &mut next, playing, &chunk)?;
        std::mem::swap(&mut chunk, &mut next);
    }
    Ok(())
}

/// Reads the next chunk while this one is played.
#[cfg(feature = "threads")]
fn read_and_play(
    log: &mut LogReader<impl BufRead + Send>,
    next: &mut Vec<Access>,
    playing: &mut Playing,
    chunk: &[Access],
) -> io::Result<bool> {
    rayon::join(|| log.read(next, CHUNK), || playing.play(chunk)).0
}

#[cfg(not(feature = "threads"))]
fn read_and_play(
    log: &mut LogReader<impl BufRead + Send>,
    next: &mut Vec<Access>,
    playing: &mut Playing,
    chunk: &[Access],
) -> io::Result<bool> {
    playing.play(chunk);
    log.read(next, CHUNK)
}
