//! Counts of calls, per policy.

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
