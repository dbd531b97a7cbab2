//! Hits, early refreshes and retries where entries are in a lower store only.

use super::{CallMachine, Found, PolicyId, Served};
use crate::entry::Entry;
use crate::fence::Fence;
use crate::memory::{Eviction, SlotId};
use crate::strategy::stale::Plan;
use crate::time::Timestamp;

/// The effect of a trace on an entry that a lower store had.
enum ByTrace {
    /// It answers, and is loaded anew in the background.
    Renew,
    /// It answers, as its key waits for a retry.
    Serve(Served),
    /// It is used up.
    Load,
}

impl CallMachine {
    /// Evicts by `eviction`. Set before anything is stored.
    pub fn evict_by(&mut self, eviction: Eviction) {
        self.memory.evict_by(eviction);
    }

    /// Notes the hash of the key to which `slot` was given: see [`Eviction::S3Fifo`].
    pub fn identify(&mut self, slot: SlotId, hash: u32) {
        self.memory.identify(slot, hash);
    }

    /// Keeps traces of up to `max` entries that a memory for 0 entries does not keep.
    pub fn keep_traces(&mut self, max: u32) {
        self.memory.keep_traces(max);
    }

    /// True if calls of `policy` must know what happened to an entry before.
    pub(super) fn traces(&self, policy: PolicyId) -> bool {
        let rules = &self.policies[policy as usize];
        self.memory.keeps_traces() && (rules.hits().is_some() || rules.early().is_some())
    }

    /// Gives `entry`, which a lower store had, the hits and the cost that are remembered of it.
    /// Forgets the trace of another entry: the store has a newer one.
    pub(super) fn recall(&mut self, slot: SlotId, entry: &mut Entry) {
        if let Some(trace) = self.memory.trace_of(slot, entry) {
            entry.hits = trace.hits;
            entry.load_cost = trace.load_cost;
        } else if self.memory.keeps_traces() {
            self.memory.untrace(slot);
            self.retries.remove(slot);
        }
    }

    /// Returns the meaning of an entry of a lower store by its trace; `None` if that changes nothing.
    pub(super) fn answer_traced(
        &mut self,
        slot: SlotId,
        fence: Fence,
        policy: PolicyId,
        plan: Plan,
        now: Timestamp,
        roll: f64,
    ) -> Option<Found> {
        let entry = self.memory.entry(slot)?;
        match self.by_trace(slot, policy, &entry, plan, now, roll)? {
            ByTrace::Renew => Some(self.serve_and_renew(slot, fence, policy, now)),
            ByTrace::Serve(served) => Some(self.serve_waiting(slot, fence, policy, served)),
            ByTrace::Load => Some(Found::Load { fallback: true }),
        }
    }

    /// The same for a load that does not lead its key, and whose `entry` memory does not hold: the
    /// trace counts a failure that the load may report later.
    pub(super) fn answer_traced_beside(
        &mut self,
        slot: SlotId,
        fence: Fence,
        policy: PolicyId,
        (mut entry, plan): (Entry, Plan),
        now: Timestamp,
        roll: f64,
    ) -> Option<Found> {
        if !self.memory.keeps_traces() {
            return None;
        }
        match self.by_trace(slot, policy, &entry, plan, now, roll) {
            Some(ByTrace::Renew) if self.flights.live(slot, now).is_none() => {
                self.lead_beside(slot, fence, policy, now);
                entry.hits = entry.hits.saturating_add(1);
                self.memory.trace(slot, entry);
                Some(self.serve_and_renew(slot, fence, policy, now))
            }
            Some(ByTrace::Serve(served)) => {
                self.counters[policy as usize].loads -= 1;
                Some(Found::Serve(served))
            }
            Some(ByTrace::Load) => {
                self.memory.trace(slot, entry);
                Some(Found::Load { fallback: true })
            }
            _ => {
                let is_hit = plan == Plan::Serve && self.traces(policy);
                entry.hits = entry.hits.saturating_add(u32::from(is_hit));
                if is_hit || plan != Plan::Serve {
                    self.memory.trace(slot, entry);
                }
                None
            }
        }
    }

    fn by_trace(
        &mut self,
        slot: SlotId,
        policy: PolicyId,
        entry: &Entry,
        plan: Plan,
        now: Timestamp,
        roll: f64,
    ) -> Option<ByTrace> {
        if !self.memory.keeps_traces() {
            return None;
        }
        if self.traces(policy) {
            self.memory.trace(slot, *entry);
        }
        let is_waiting = self.is_retry_waiting(slot, now);
        let rules = &self.policies[policy as usize];
        let (hits, early) = (rules.hits(), rules.early());
        let is_used_up = hits.is_some_and(|hits| hits.is_used_up(entry.hits));
        match plan {
            Plan::Serve if !is_used_up => {
                let is_due = hits.is_some_and(|hits| hits.is_due(entry.hits.saturating_add(1)))
                    || early.is_some_and(|early| early.is_due(entry, now, roll));
                (is_due && !is_waiting).then_some(ByTrace::Renew)
            }
            Plan::ServeAndRefresh if is_waiting => {
                self.counters[policy as usize].stale += 1;
                Some(ByTrace::Serve(Served::Stale))
            }
            Plan::Serve | Plan::LoadWithFallback if is_waiting => {
                self.counters[policy as usize].error_fallbacks += 1;
                Some(ByTrace::Serve(Served::ErrorFallback))
            }
            Plan::Serve => Some(ByTrace::Load),
            _ => None,
        }
    }

    fn serve_and_renew(
        &mut self,
        slot: SlotId,
        fence: Fence,
        policy: PolicyId,
        now: Timestamp,
    ) -> Found {
        let counters = &mut self.counters[policy as usize];
        counters.hits += 1;
        counters.refreshes += 1;
        self.memory.count_hit(slot);
        self.flights.let_go(slot, fence, now);
        Found::ServeAndLoad(Served::Hit)
    }

    /// The key waits for its retry, so nobody loads.
    fn serve_waiting(
        &mut self,
        slot: SlotId,
        fence: Fence,
        policy: PolicyId,
        served: Served,
    ) -> Found {
        self.counters[policy as usize].loads -= 1;
        self.end_flight(slot, fence);
        self.memory.release(slot);
        Found::Serve(served)
    }

    /// Leaves a trace of the entry of `slot`, if it has one.
    pub(super) fn trace_entry(&mut self, slot: SlotId) {
        if let Some(entry) = self.memory.entry(slot) {
            self.memory.trace(slot, entry);
        }
    }

    /// Remembers the entry that `slot` is about to lose for as long as its key waits for a retry.
    pub(super) fn trace_failure(&mut self, slot: SlotId, now: Timestamp) {
        if self.is_retry_waiting(slot, now) {
            self.trace_entry(slot);
        }
    }
}
