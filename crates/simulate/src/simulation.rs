//! All policies, playing one log.

use crate::access::Access;
use crate::configuration::Configuration;
use crate::play::{Figures, Outage, Player, Source};
use holdover::ConfigError;
#[cfg(feature = "threads")]
use rayon::prelude::*;

/// The result of one policy.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The policy.
    pub configuration: Configuration,
    /// Its counts over the whole log.
    pub figures: Figures,
    /// Its counts during the outage, if there was one.
    pub outage: Option<Figures>,
}

/// Policies that play a log, and the same log without a cache.
#[derive(Clone, Debug)]
pub struct Simulation {
    lanes: Vec<Lane>,
    baseline: Baseline,
}

impl Simulation {
    /// Policies that have played nothing.
    ///
    /// # Errors
    /// A policy that is none.
    pub fn new(policies: &[Configuration], outage: Option<Outage>) -> Result<Self, ConfigError> {
        let lanes: Result<_, _> = policies
            .iter()
            .map(|policy| Lane::new(*policy, outage))
            .collect();
        Ok(Self {
            lanes: lanes?,
            baseline: Baseline {
                outage: outage.map(|outage| (outage, Figures::default())),
                figures: Figures::default(),
            },
        })
    }

    /// Plays the next accesses of the log, on all cores.
    pub fn play(&mut self, accesses: &[Access]) {
        self.baseline.play(accesses);
        #[cfg(feature = "threads")]
        let lanes = self.lanes.par_iter_mut();
        #[cfg(not(feature = "threads"))]
        let lanes = self.lanes.iter_mut();
        lanes.for_each(|lane| lane.play(accesses));
    }

    /// Lets loads end that are under way; returns the outcome without a cache, and that of each
    /// policy.
    #[must_use]
    pub fn finish(self) -> (Baseline, Vec<Outcome>) {
        let outcomes = self.lanes.into_iter().map(Lane::finish).collect();
        (self.baseline, outcomes)
    }
}

/// The log without a cache: each access is a call of the origin.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// Its counts over the whole log.
    pub figures: Figures,
    outage: Option<(Outage, Figures)>,
}

impl Baseline {
    /// Its counts during the outage, if there was one.
    #[must_use]
    pub fn outage(&self) -> Option<&Figures> {
        self.outage.as_ref().map(|(_, figures)| figures)
    }

    fn play(&mut self, accesses: &[Access]) {
        for access in accesses {
            count(&mut self.figures, access, access.failed);
            if let Some((outage, figures)) = &mut self.outage
                && (outage.from..outage.until).contains(&access.time)
            {
                count(figures, access, true);
            }
        }
    }
}

fn count(figures: &mut Figures, access: &Access, fails: bool) {
    figures.origin_calls += 1;
    if fails {
        figures.failed(access.latency.into());
    } else {
        figures.origin_bytes += u64::from(access.size);
        figures.answered(Source::Load, 0, access.latency.into());
    }
}

/// One policy. At the beginning of an outage a second player goes on from where the first one is,
/// and plays until those who called in it have their answers.
#[derive(Clone, Debug)]
struct Lane {
    configuration: Configuration,
    player: Player,
    outage: Option<Outage>,
    fork: Option<Player>,
    in_outage: Option<Figures>,
}

impl Lane {
    fn new(configuration: Configuration, outage: Option<Outage>) -> Result<Self, ConfigError> {
        Ok(Self {
            configuration,
            player: Player::new(&configuration)?,
            outage,
            fork: None,
            in_outage: None,
        })
    }

    fn play(&mut self, accesses: &[Access]) {
        let mut rest = accesses;
        if let Some(outage) = self.outage {
            let (before, from) = split(rest, outage.from);
            let (during, after) = split(from, outage.until);
            if self.fork.is_none() && !from.is_empty() {
                self.player.play(before);
                self.fork = Some(self.player.fork(outage));
                rest = from;
            }
            if let Some(fork) = &mut self.fork {
                fork.play(during);
            }
            if !after.is_empty() && self.fork.as_mut().is_none_or(|fork| fork.play_out(after)) {
                self.end_outage();
            }
        }
        self.player.play(rest);
    }

    fn end_outage(&mut self) {
        self.outage = None;
        if let Some(mut fork) = self.fork.take() {
            fork.finish();
            self.in_outage = Some(fork.figures().clone());
        }
    }

    fn finish(mut self) -> Outcome {
        self.end_outage();
        self.player.finish();
        Outcome {
            configuration: self.configuration,
            figures: self.player.figures().clone(),
            outage: self.in_outage,
        }
    }
}

/// Splits accesses at a time, which is in the second part.
fn split(accesses: &[Access], at: u64) -> (&[Access], &[Access]) {
    accesses.split_at(accesses.partition_point(|access| access.time < at))
}
