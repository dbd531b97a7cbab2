//! The figures of a run.

use crate::advice::Advice;
use crate::configuration::{Configuration, Room};
use crate::log::Tally;
use crate::play::{Figures, Outage, part};
use crate::simulation::Outcome;
use crate::units::{exact_size, exact_span};
use holdover::memory::Eviction;
use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

/// Everything that a run found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Lines of the log.
    #[serde(rename = "log")]
    pub tally: Tally,
    /// Number of keys.
    pub keys: usize,
    /// First and last time, in milliseconds since the Unix epoch.
    pub span: (u64, u64),
    /// The outage that was tried.
    pub outage: Option<Outage>,
    /// The log without a cache.
    pub without_cache: Summary,
    /// The outage without a cache.
    pub without_cache_in_outage: Option<Summary>,
    /// The policies, and what each did.
    #[serde(rename = "policies")]
    pub rows: Vec<Row>,
    /// The policy to begin with.
    pub advice: Advice,
}

/// A policy and its figures.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The policy.
    pub policy: Configuration,
    /// Its figures over the whole log.
    pub all: Summary,
    /// Its figures during the outage.
    pub in_outage: Option<Summary>,
}

impl Row {
    /// The row of an outcome.
    #[must_use]
    pub fn new(outcome: &Outcome) -> Self {
        Self {
            policy: outcome.configuration,
            all: Summary::new(&outcome.figures),
            in_outage: outcome.outage.as_ref().map(Summary::new),
        }
    }
}

/// Figures in short. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Calls of visitors.
    pub calls: u64,
    /// Part of calls that an entry answered without the origin, fresh or stale.
    pub hit_ratio: f64,
    /// Calls answered by a fresh entry.
    pub hits: u64,
    /// Calls answered by a stale entry while it was renewed.
    pub stale: u64,
    /// Calls that waited for a load of their own.
    pub loads: u64,
    /// Calls that waited for another caller's load.
    pub coalesced: u64,
    /// Calls answered by an entry because a load failed.
    pub error_fallbacks: u64,
    /// Calls answered by an entry because a load was slow.
    pub failovers: u64,
    /// Calls that ended with an error.
    pub errors: u64,
    /// Calls of the origin.
    pub origin_calls: u64,
    /// Bytes that came from the origin.
    pub origin_bytes: u64,
    /// Wait that half of all visitors had at most.
    pub wait_p50: u64,
    /// Wait that all but a hundredth of visitors had at most.
    pub wait_p99: u64,
    /// Age that half of all answers had at most.
    pub age_p50: u64,
    /// Age that all but a hundredth of answers had at most.
    pub age_p99: u64,
    /// Age of the oldest answer.
    pub age_max: u64,
}

impl Summary {
    /// The short form of figures.
    #[must_use]
    pub fn new(figures: &Figures) -> Self {
        Self {
            calls: figures.calls,
            hit_ratio: figures.hit_ratio(),
            hits: figures.hits,
            stale: figures.stale,
            loads: figures.loaded,
            coalesced: figures.coalesced,
            error_fallbacks: figures.error_fallbacks,
            failovers: figures.failovers,
            errors: figures.errors,
            origin_calls: figures.origin_calls,
            origin_bytes: figures.origin_bytes,
            wait_p50: figures.wait_at(0.5),
            wait_p99: figures.wait_at(0.99),
            age_p50: figures.age_at(0.5),
            age_p99: figures.age_at(0.99),
            age_max: figures.oldest,
        }
    }

    /// The part of calls that had an answer.
    #[must_use]
    pub fn answered(&self) -> f64 {
        part(self.calls - self.errors, self.calls)
    }
}

/// The name of an eviction policy.
#[must_use]
pub const fn eviction_name(eviction: Eviction) -> &'static str {
    match eviction {
        Eviction::Lru => "lru",
        Eviction::S3Fifo => "s3-fifo",
    }
}

impl Serialize for Configuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Configuration", 8)?;
        fields.serialize_field("ttl", &exact_span(self.ttl))?;
        match self.room {
            Room::Entries(most) => fields.serialize_field("maxEntries", &most)?,
            Room::Bytes(most) => fields.serialize_field("maxBytes", &exact_size(most))?,
        }
        fields.serialize_field("eviction", eviction_name(self.eviction))?;
        let windows = [
            ("staleWhileRevalidate", self.stale_while_revalidate),
            ("staleIfError", self.stale_if_error),
            ("retryAfter", self.retry_after),
        ];
        for (name, span) in windows {
            fields.serialize_field(name, &exact_span(span))?;
        }
        let limits = [
            ("failoverAfter", self.failover_after),
            ("timeout", self.timeout),
        ];
        for (name, span) in limits {
            if let Some(span) = span {
                fields.serialize_field(name, &exact_span(span))?;
            }
        }
        fields.end()
    }
}

impl Serialize for Outage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Outage", 2)?;
        fields.serialize_field("from", &self.from)?;
        fields.serialize_field("until", &self.until)?;
        fields.end()
    }
}
