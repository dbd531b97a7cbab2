//! The policies to try: each of some values with each of the others.

use crate::configuration::{Configuration, Room};
use holdover::memory::Eviction;
use holdover::{Policy, Span};

/// Room of a memory, perhaps by how many keys a log has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Memory {
    /// A room of a known size.
    Room(Room),
    /// Room for so many entries out of a hundred keys.
    Percent(f64),
}

impl Memory {
    /// Returns the room for a log with so many keys. A share is of two digits, rounded up.
    #[must_use]
    pub fn room(self, keys: usize) -> Room {
        match self {
            Self::Room(room) => room,
            Self::Percent(percent) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_precision_loss,
                    clippy::cast_sign_loss,
                    reason = "a part of a count"
                )]
                let entries = (keys as f64 * percent / 100.0).ceil() as u32;
                Room::Entries(two_digits(entries.max(1)))
            }
        }
    }
}

/// Rounds up to two digits: 4711 is 4800.
fn two_digits(number: u32) -> u32 {
    let mut scale = 1;
    while number / scale >= 100 {
        scale *= 10;
    }
    number.div_ceil(scale).saturating_mul(scale)
}

/// Values of options. Each combination is a policy to try.
#[derive(Clone, Debug)]
pub struct Grid {
    /// Values of `ttl`.
    pub ttl: Vec<Span>,
    /// Sizes of the memory.
    pub memory: Vec<Memory>,
    /// Eviction policies.
    pub eviction: Vec<Eviction>,
    /// Values of `staleWhileRevalidate`.
    pub stale_while_revalidate: Vec<Span>,
    /// Values of `staleIfError`.
    pub stale_if_error: Vec<Span>,
    /// One `failoverAfter` for all that keep stale entries.
    pub failover_after: Option<Span>,
    /// One `timeout` for all.
    pub timeout: Option<Span>,
    /// One `retryAfter` for all.
    pub retry_after: Span,
}

impl Default for Grid {
    /// Sixty-four policies.
    fn default() -> Self {
        let seconds = |seconds: &[u64]| seconds.iter().copied().map(Span::from_secs).collect();
        Self {
            ttl: seconds(&[10, 60, 300, 3600]),
            memory: vec![Memory::Percent(10.0), Memory::Percent(100.0)],
            eviction: vec![Eviction::Lru, Eviction::S3Fifo],
            stale_while_revalidate: seconds(&[0, 60]),
            stale_if_error: seconds(&[0, 86_400]),
            failover_after: None,
            timeout: None,
            retry_after: Policy::RETRY_AFTER,
        }
    }
}

impl Grid {
    /// Number of combinations.
    #[must_use]
    pub fn len(&self) -> usize {
        let lengths = [
            self.ttl.len(),
            self.memory.len(),
            self.eviction.len(),
            self.stale_while_revalidate.len(),
            self.stale_if_error.len(),
        ];
        lengths.into_iter().fold(1, usize::saturating_mul)
    }

    /// True if there is nothing to try.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the policies for a log with so many keys, each once.
    #[must_use]
    pub fn configurations(&self, keys: usize) -> Vec<Configuration> {
        let mut all = Vec::with_capacity(self.len());
        for &ttl in &self.ttl {
            for memory in &self.memory {
                let room = memory.room(keys);
                for &eviction in &self.eviction {
                    self.with_windows(
                        Configuration {
                            eviction,
                            ..Configuration::new(ttl, room)
                        },
                        &mut all,
                    );
                }
            }
        }
        all
    }

    fn with_windows(&self, start: Configuration, all: &mut Vec<Configuration>) {
        for &stale_while_revalidate in &self.stale_while_revalidate {
            for &stale_if_error in &self.stale_if_error {
                let is_stale = !stale_while_revalidate.is_zero() || !stale_if_error.is_zero();
                let configuration = Configuration {
                    stale_while_revalidate,
                    stale_if_error,
                    failover_after: self.failover_after.filter(|_| is_stale),
                    timeout: self.timeout,
                    retry_after: self.retry_after,
                    ..start
                };
                if !all.contains(&configuration) {
                    all.push(configuration);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_is_tried_once() {
        let grid = Grid::default();
        assert_eq!((grid.len(), grid.configurations(5000).len()), (64, 64));
        // A tenth of one key is one key, too.
        assert_eq!(grid.configurations(1).len(), 32);
    }

    #[test]
    fn shares_of_keys_have_two_digits() {
        let room = |keys| Memory::Percent(10.0).room(keys);
        let rooms = [0, 1, 99, 990, 9911, 123_456].map(room);
        let entries = [1, 1, 10, 99, 1000, 13_000].map(Room::Entries);
        assert_eq!(rooms, entries);
    }

    #[test]
    fn only_policies_with_stale_entries_fail_over() {
        let grid = Grid {
            failover_after: Some(Span::from_millis(300)),
            ..Grid::default()
        };
        for one in grid.configurations(100) {
            let is_stale = !one.options().stale_if_error.is_zero()
                || !one.options().stale_while_revalidate.is_zero();
            assert_eq!(one.failover_after.is_some(), is_stale);
        }
    }
}
