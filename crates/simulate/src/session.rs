//! A run over a log that comes in pieces, for hosts that read by themselves: Node and pages.

use crate::access::Access;
use crate::log::Lines;
use crate::playing::{Known, Playing, intake};
use crate::report::Report;
use crate::run::{Failure, Settings};
use crate::scan::Scan;
use holdover::ConfigError;

/// Number of accesses that are played at once: few, as the host can do nothing else meanwhile.
const CHUNK: usize = 1 << 14;

/// The same as [`run`](crate::run::run), a piece at a time.
///
/// ```
/// use holdover_simulate::run::Settings;
/// use holdover_simulate::session::Session;
///
/// let log = b"1700000000.5,/a,1000\n1700000001.5,/a,1000\n";
/// let mut session = Session::new(Settings::default(), false)?;
/// for piece in log.chunks(7) {
///     session.push(piece);
/// }
/// session.rewind()?;
/// for piece in log.chunks(7) {
///     session.push(piece);
/// }
/// assert_eq!(session.finish()?.tally.accesses, 2);
/// # Ok::<(), holdover_simulate::run::Failure>(())
/// ```
#[derive(Clone, Debug)]
pub struct Session {
    settings: Settings,
    lines: Lines,
    /// The first reading's counts, while it goes on.
    scan: Option<Scan>,
    playing: Playing,
    chunk: Vec<Access>,
}

impl Session {
    /// A run at the beginning of its log. One that can be read only `once` is played in its first
    /// reading.
    ///
    /// # Errors
    /// A policy that is none.
    pub fn new(settings: Settings, once: bool) -> Result<Self, ConfigError> {
        Ok(Self {
            lines: Lines::new(intake(&settings)),
            scan: (!once).then(|| Scan::new(settings.outage.as_millis())),
            playing: Playing::new(&settings, Known::nothing(&settings))?,
            chunk: Vec::new(),
            settings,
        })
    }

    /// Takes the next bytes of the log.
    pub fn push(&mut self, bytes: &[u8]) {
        self.lines.push(bytes, &mut self.chunk);
        if self.chunk.len() >= CHUNK {
            self.take();
        }
    }

    /// Ends the first reading: the next bytes are the log's first ones. Does nothing in the second.
    ///
    /// # Errors
    /// A policy is none.
    pub fn rewind(&mut self) -> Result<(), ConfigError> {
        self.lines.finish(&mut self.chunk);
        self.take();
        if let Some(scan) = self.scan.take() {
            let keys = self.lines.intake().keys().len();
            let known = Known::of(&self.settings, &scan, keys);
            self.playing = Playing::new(&self.settings, known)?;
            self.lines = Lines::new(intake(&self.settings));
        }
        Ok(())
    }

    /// Ends the last reading, and reports.
    ///
    /// # Errors
    /// The log has no request.
    pub fn finish(mut self) -> Result<Report, Failure> {
        self.lines.finish(&mut self.chunk);
        self.take();
        self.playing.finish(&self.settings, self.lines.intake())
    }

    fn take(&mut self) {
        match &mut self.scan {
            Some(scan) => scan.take(&self.chunk),
            None => self.playing.play(&self.chunk),
        }
        self.chunk.clear();
    }
}
