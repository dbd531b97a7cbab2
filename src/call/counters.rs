//! What happened, per policy.

/// Counts since the policy was compiled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Calls answered by a fresh entry.
    pub hits: u64,
    /// Calls answered by a stale entry while it is refreshed.
    pub stale: u64,
    /// Calls that found no servable entry.
    pub misses: u64,
    /// Loads that were started, background ones included.
    pub loads: u64,
    /// Loads that were started in the background.
    pub refreshes: u64,
    /// Loads that failed.
    pub failures: u64,
    /// Calls that waited for another caller's load.
    pub coalesced: u64,
    /// Calls answered by an entry because the load failed, or because loads wait for a retry.
    pub error_fallbacks: u64,
    /// Calls answered by an entry because the load was slow.
    pub failovers: u64,
    /// Flights taken over because their lease had ended.
    pub takeovers: u64,
    /// Results that were not stored because something newer had come first.
    pub fenced: u64,
    /// Loads that a guard refused.
    pub refusals: u64,
}

impl Counters {
    /// How many numbers [`Counters::to_array`] gives.
    pub const LEN: usize = 12;

    /// The counts in the order of the fields, as the host reads them.
    #[expect(
        clippy::cast_precision_loss,
        reason = "JavaScript numbers are exact up to 2^53, more than will ever be counted"
    )]
    #[must_use]
    pub fn to_array(&self) -> [f64; Self::LEN] {
        [
            self.hits,
            self.stale,
            self.misses,
            self.loads,
            self.refreshes,
            self.failures,
            self.coalesced,
            self.error_fallbacks,
            self.failovers,
            self.takeovers,
            self.fenced,
            self.refusals,
        ]
        .map(|count| count as f64)
    }
}
