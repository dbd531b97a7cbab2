//! The order in which entries are evicted, by the policy of the memory.

use super::SlotId;
use super::recency::Recency;
use super::s3_fifo::{Budget, S3Fifo};
use alloc::boxed::Box;

/// The choice of the entry to drop when the memory is full and none has expired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Eviction {
    /// The least recently used.
    #[default]
    Lru,
    /// The one that S3-FIFO picks: entries that are used once leave early. Needs
    /// [`Memory::identify`](super::Memory::identify) for every key.
    S3Fifo,
}

/// The entries of a memory, in the order of their eviction.
#[derive(Clone, Debug)]
pub(super) enum Order {
    Lru(Recency),
    S3Fifo(Box<S3Fifo>),
}

impl Order {
    pub(super) fn new(eviction: Eviction) -> Self {
        match eviction {
            Eviction::Lru => Self::Lru(Recency::default()),
            Eviction::S3Fifo => Self::S3Fifo(Box::default()),
        }
    }

    #[inline(never)]
    pub(super) fn add(&mut self, slot: SlotId, size: u32) {
        match self {
            Self::Lru(order) => order.add(slot),
            Self::S3Fifo(order) => order.add(slot, size),
        }
    }

    #[inline(never)]
    pub(super) fn remove(&mut self, slot: SlotId) {
        match self {
            Self::Lru(order) => order.remove(slot),
            Self::S3Fifo(order) => order.remove(slot),
        }
    }

    #[inline]
    pub(super) fn touch(&mut self, slot: SlotId) {
        match self {
            Self::Lru(order) => order.touch(slot),
            Self::S3Fifo(order) => order.touch(slot),
        }
    }

    /// Returns the slot whose entry goes next, and notes that it does.
    pub(super) fn evict(&mut self, budget: Budget) -> Option<SlotId> {
        match self {
            Self::Lru(order) => order.oldest(),
            Self::S3Fifo(order) => {
                let slot = order.victim(budget)?;
                order.remember(slot);
                Some(slot)
            }
        }
    }

    pub(super) fn assert_invariants(&self, entries: usize, bytes: u64) {
        match self {
            Self::Lru(order) => assert_eq!(order.iter().count(), entries, "order"),
            Self::S3Fifo(order) => order.assert_invariants(entries, bytes),
        }
    }
}
