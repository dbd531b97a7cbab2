//! One policy and one memory to try.

use holdover::memory::{Eviction, Limits};
use holdover::{CallMachine, ConfigError, Options, Policy, PolicyId, Span};

/// The room that the memory has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// At most so many entries.
    Entries(u32),
    /// At most so many bytes of responses.
    Bytes(u64),
}

/// A policy and a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// Time for which an entry is fresh.
    pub ttl: Span,
    /// Room of the memory.
    pub room: Room,
    /// The choice of the entry to drop when the memory is full.
    pub eviction: Eviction,
    /// Time past `ttl` for which an entry is served while a load refreshes it.
    pub stale_while_revalidate: Span,
    /// Time past `ttl` for which an entry is served when a load fails.
    pub stale_if_error: Span,
    /// Time after which a caller with an entry waits no longer.
    pub failover_after: Option<Span>,
    /// The longest time that a load may take.
    pub timeout: Option<Span>,
    /// Time from a failed load to the next one of its key.
    pub retry_after: Span,
}

impl Configuration {
    /// A policy with this `ttl` and room, and the defaults of holdover for everything else.
    #[must_use]
    pub const fn new(ttl: Span, room: Room) -> Self {
        Self {
            ttl,
            room,
            eviction: Eviction::Lru,
            stale_while_revalidate: Span::ZERO,
            stale_if_error: Span::ZERO,
            failover_after: None,
            timeout: None,
            retry_after: Policy::RETRY_AFTER,
        }
    }

    /// The options of the policy.
    #[must_use]
    pub fn options(&self) -> Options {
        Options {
            ttl: Some(self.ttl),
            stale_while_revalidate: self.stale_while_revalidate,
            stale_if_error: self.stale_if_error,
            failover_after: self.failover_after,
            timeout: self.timeout,
            retry_after: self.retry_after,
            ..Options::default()
        }
    }

    /// Makes the machine that decides by it.
    pub(crate) fn machine(&self) -> Result<(CallMachine, PolicyId), ConfigError> {
        let policy = Policy::compile(&self.options())?;
        let (max_entries, max_bytes) = match self.room {
            Room::Entries(most) => (most, u64::MAX),
            Room::Bytes(most) => (u32::MAX, most),
        };
        let mut machine = CallMachine::new(Limits {
            max_entries,
            max_bytes,
        });
        machine.evict_by(self.eviction);
        let policy = machine.add_policy(policy);
        Ok((machine, policy))
    }
}
