//! Traces of entries that a memory for 0 entries does not keep: numbers, no values.
//!
//! Hits, early refreshes and retries depend on the history of an entry. If the entry itself is only
//! in a lower tier, its slot stays taken with a trace: a copy of its numbers. A trace answers no
//! call. Their number is bounded; the least recently used go first.

use super::recency::Recency;
use super::{Dropped, Memory, SlotId};
use crate::entry::Entry;
use crate::time::{Span, Timestamp};
use alloc::vec::Vec;

/// Tolerance for two times of one entry's storing: ages from stores are rounded, and clocks are
/// read more than once.
const SAME: Span = Span::from_millis(1000);

/// The traces of a [`Memory`], by slot.
#[derive(Clone, Debug, Default)]
pub(super) struct Traces {
    max: u32,
    len: u32,
    recency: Recency,
    by_slot: Vec<Option<Entry>>,
}

impl Traces {
    pub(super) fn has(&self, slot: SlotId) -> bool {
        self.get(slot).is_some()
    }

    fn get(&self, slot: SlotId) -> Option<&Entry> {
        self.by_slot.get(slot as usize)?.as_ref()
    }

    fn set(&mut self, slot: SlotId, entry: Entry) {
        if self.has(slot) {
            self.recency.touch(slot);
        } else {
            self.recency.add(slot);
            self.len += 1;
        }
        let needed = slot as usize + 1;
        if self.by_slot.len() < needed {
            self.by_slot.resize(needed, None);
        }
        self.by_slot[slot as usize] = Some(entry);
    }

    pub(super) fn remove(&mut self, slot: SlotId) {
        if self.has(slot) {
            self.by_slot[slot as usize] = None;
            self.recency.remove(slot);
            self.len -= 1;
        }
    }
}

impl Memory {
    /// Keeps up to `max` traces from now on. Only a memory for 0 entries needs any.
    pub fn keep_traces(&mut self, max: u32) {
        self.traces.max = if self.limits.max_entries == 0 { max } else { 0 };
    }

    /// True if it keeps traces.
    #[must_use]
    pub const fn keeps_traces(&self) -> bool {
        self.traces.max > 0
    }

    /// The number of traces.
    #[must_use]
    pub const fn traces(&self) -> u32 {
        self.traces.len
    }

    /// Returns the trace of `slot` if it belongs to an entry stored at the same time as `entry`.
    #[must_use]
    pub fn trace_of(&self, slot: SlotId, entry: &Entry) -> Option<&Entry> {
        let trace = self.traces.get(slot)?;
        let (one, other) = (trace.stored_at, entry.stored_at);
        (one.since(other).max(other.since(one)) <= SAME).then_some(trace)
    }

    /// True if the entry of the trace in `slot` could still answer.
    #[must_use]
    pub fn is_traced_servable(&self, slot: SlotId, now: Timestamp) -> bool {
        let trace = self.traces.get(slot);
        trace.is_some_and(|trace| trace.state(now).is_servable())
    }

    /// Leaves a trace of `entry` in `slot`, which stays taken for it.
    pub fn trace(&mut self, slot: SlotId, entry: Entry) {
        if !self.keeps_traces() || !self.is_taken(slot) {
            return;
        }
        self.traces.set(slot, entry);
        while self.traces.len > self.traces.max {
            let Some(oldest) = self.traces.recency.oldest() else {
                return;
            };
            self.traces.remove(oldest);
            self.release(oldest);
        }
    }

    /// Forgets the trace of `slot`. The next release of the slot gives it back.
    pub fn untrace(&mut self, slot: SlotId) {
        self.traces.remove(slot);
    }

    /// Updates the trace of `slot`, which is about to lose its entry; true if it has one.
    pub(super) fn retrace(&mut self, slot: SlotId) -> bool {
        if !self.traces.has(slot) {
            return false;
        }
        if let Some(entry) = self.entry(slot) {
            self.traces.set(slot, entry);
            self.dropped.push(Dropped {
                slot,
                evicted: false,
            });
        }
        true
    }

    pub(super) fn assert_traces(&self) {
        let (len, max) = (self.traces.len as usize, self.traces.max as usize);
        assert!(len <= max, "trace budget");
        assert_eq!(self.traces.recency.iter().count(), len, "order of traces");
        for (slot, trace) in (0..).zip(&self.traces.by_slot) {
            assert!(trace.is_none() || self.is_taken(slot), "traces hold slots");
        }
    }
}
