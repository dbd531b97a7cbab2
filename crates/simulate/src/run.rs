//! One run: reading a log, trying policies, recommending one.

use crate::access::Access;
use crate::advice::{Advice, Rule};
use crate::grid::Grid;
use crate::log::{Format, Intake, JsonFields, LogReader, Tally};
use crate::play::Outage;
use crate::report::{Report, Row, Summary};
use crate::scan::Scan;
use crate::simulation::Simulation;
use holdover::{ConfigError, Span};
use std::fmt;
use std::io::{self, BufRead, Read};

/// Number of accesses that are read, then played by every policy.
const CHUNK: usize = 1 << 16;
/// The share of keys that is assumed of a log that can be read only once.
const KEYS_UNKNOWN: usize = 10_000;

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
    let mut keys = KEYS_UNKNOWN;
    let mut bytes = u64::MAX;
    let mut outage = outage_at(settings);
    // A wrong option is told before a long log is read.
    Simulation::new(&settings.grid.configurations(keys), outage)?;
    if !source.is_once() {
        let mut log = LogReader::new(source.open()?, intake(settings));
        let scan = scan(&mut log, settings.outage)?;
        // What a living log has got meanwhile is not played.
        bytes = log.bytes();
        keys = log.intake().keys().len();
        if settings.outage_at == OutageAt::Busiest {
            outage = scan.busiest();
        }
    }
    let mut log = LogReader::new(source.open()?.take(bytes), intake(settings));
    let policies = settings.grid.configurations(keys);
    let mut simulation = Simulation::new(&policies, outage)?;
    let span = play(&mut log, &mut simulation)?;
    let tally = log.intake().tally();
    if tally.accesses == 0 {
        return Err(Failure::Empty(tally));
    }
    let (baseline, outcomes) = simulation.finish();
    let rows: Vec<Row> = outcomes.iter().map(Row::new).collect();
    let rule = Rule {
        max_age: settings.max_age.map(Span::as_millis),
    };
    Ok(Report {
        tally,
        keys: log.intake().keys().len(),
        span,
        outage,
        without_cache: Summary::new(&baseline.figures),
        without_cache_in_outage: baseline.outage().map(Summary::new),
        advice: Advice::of(&rows, rule),
        rows,
    })
}

fn intake(settings: &Settings) -> Intake {
    let Settings { format, fields, .. } = settings;
    Intake::new(format.clone(), fields.clone(), settings.latency)
}

fn outage_at(settings: &Settings) -> Option<Outage> {
    let OutageAt::Time(from) = settings.outage_at else {
        return None;
    };
    let until = from.saturating_add(settings.outage.as_millis());
    Some(Outage { from, until })
}

fn scan(log: &mut LogReader<impl BufRead>, outage: Span) -> io::Result<Scan> {
    let mut scan = Scan::new(outage.as_millis());
    let mut chunk = Vec::with_capacity(CHUNK);
    while log.read(&mut chunk, CHUNK)? {
        scan.take(&chunk);
    }
    Ok(scan)
}

/// Plays a log; returns its first and its last time.
fn play(
    log: &mut LogReader<impl BufRead + Send>,
    simulation: &mut Simulation,
) -> io::Result<(u64, u64)> {
    let mut span = None;
    let mut chunk = Vec::with_capacity(CHUNK);
    let mut next = Vec::with_capacity(CHUNK);
    let mut goes_on = log.read(&mut chunk, CHUNK)?;
    while goes_on {
        if let (Some(first), Some(last)) = (chunk.first(), chunk.last()) {
            let (begins, _) = *span.get_or_insert((first.time, 0));
            span = Some((begins, last.time));
        }
        goes_on = read_and_play(log, &mut next, simulation, &chunk)?;
        std::mem::swap(&mut chunk, &mut next);
    }
    Ok(span.unwrap_or_default())
}

/// Reads the next chunk while this one is played.
#[cfg(feature = "threads")]
fn read_and_play(
    log: &mut LogReader<impl BufRead + Send>,
    next: &mut Vec<Access>,
    simulation: &mut Simulation,
    chunk: &[Access],
) -> io::Result<bool> {
    rayon::join(|| log.read(next, CHUNK), || simulation.play(chunk)).0
}

#[cfg(not(feature = "threads"))]
fn read_and_play(
    log: &mut LogReader<impl BufRead + Send>,
    next: &mut Vec<Access>,
    simulation: &mut Simulation,
    chunk: &[Access],
) -> io::Result<bool> {
    simulation.play(chunk);
    log.read(next, CHUNK)
}
