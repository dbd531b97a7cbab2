//! The second reading of a log, from facts of the first one to a report.

use crate::access::Access;
use crate::advice::{Advice, Rule};
use crate::log::Intake;
use crate::play::Outage;
use crate::report::{Report, Row, Summary};
use crate::run::{Failure, OutageAt, Settings};
use crate::scan::Scan;
use crate::simulation::Simulation;
use holdover::{ConfigError, Span};

/// Number of accesses that are read, then played by every policy.
pub(crate) const CHUNK: usize = 1 << 16;
/// The share of keys that is assumed of a log that can be read only once.
const KEYS_UNKNOWN: usize = 10_000;

/// An intake at the beginning of a log.
pub(crate) fn intake(settings: &Settings) -> Intake {
    let Settings { format, fields, .. } = settings;
    Intake::new(format.clone(), fields.clone(), settings.latency)
}

/// Facts of a log that policies depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    keys: usize,
    outage: Option<Outage>,
}

impl Known {
    /// The facts of a log that was not read.
    pub(crate) fn nothing(settings: &Settings) -> Self {
        let outage = match settings.outage_at {
            OutageAt::Time(from) => Some(Outage {
                from,
                until: from.saturating_add(settings.outage.as_millis()),
            }),
            _ => None,
        };
        let keys = KEYS_UNKNOWN;
        Self { keys, outage }
    }

    /// The facts of a log that was read.
    pub(crate) fn of(settings: &Settings, scan: &Scan, keys: usize) -> Self {
        let outage = match settings.outage_at {
            OutageAt::Busiest => scan.busiest(),
            _ => Self::nothing(settings).outage,
        };
        Self { keys, outage }
    }
}

/// Policies that play a log.
#[derive(Clone, Debug)]
pub(crate) struct Playing {
    simulation: Simulation,
    outage: Option<Outage>,
    /// The first and the last time.
    span: Option<(u64, u64)>,
}

impl Playing {
    pub(crate) fn new(settings: &Settings, known: Known) -> Result<Self, ConfigError> {
        let Known { keys, outage } = known;
        let policies = settings.grid.configurations(keys);
        Ok(Self {
            simulation: Simulation::new(&policies, outage)?,
            outage,
            span: None,
        })
    }

    /// Plays the next accesses of the log.
    pub(crate) fn play(&mut self, accesses: &[Access]) {
        if let [first, .., last] | [first @ last] = accesses {
            let (begins, _) = self.span.unwrap_or((first.time, 0));
            self.span = Some((begins, last.time));
        }
        self.simulation.play(accesses);
    }

    /// Lets loads end that are under way, and reports. `intake` is the one that the accesses came
    /// from.
    pub(crate) fn finish(self, settings: &Settings, intake: &Intake) -> Result<Report, Failure> {
        let tally = intake.tally();
        if tally.accesses == 0 {
            return Err(Failure::Empty(tally));
        }
        let (baseline, outcomes) = self.simulation.finish();
        let rows: Vec<Row> = outcomes.iter().map(Row::new).collect();
        let rule = Rule {
            max_age: settings.max_age.map(Span::as_millis),
        };
        Ok(Report {
            tally,
            keys: intake.keys().len(),
            span: self.span.unwrap_or_default(),
            outage: self.outage,
            without_cache: Summary::new(&baseline.figures),
            without_cache_in_outage: baseline.outage().map(Summary::new),
            advice: Advice::of(&rows, rule),
            rows,
        })
    }
}
