//! Loads that end with something to keep: for how long, and in which tiers.

use super::{Arrival, CallMachine, Landed, PolicyId};
use crate::fence::Fence;
use crate::memory::SlotId;
use crate::strategy::lifetime::{Facts, Kind, lifetime};
use crate::strategy::ttl::Lifetime;
use crate::time::{Span, Timestamp};

/// A result that is to be stored, as its host knows it.
#[derive(Clone, Copy, Debug)]
pub struct Brought {
    /// The facts that decide its lifetime.
    pub facts: Facts,
    /// Its weight in bytes.
    pub size: u32,
    /// Uniform in `[0, 1)`, for jitter.
    pub roll: f64,
    /// True if a store below the memory may have an entry of its key.
    pub may_be_below: bool,
}

/// The change that a result makes to the stores below the memory.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Below {
    /// They stay as they are.
    Leave,
    /// They get the result, with this lifetime.
    Store(Lifetime),
    /// They drop their entries: the result is of no use to anybody, and contradicts them.
    Drop,
}

impl CallMachine {
    /// Bounds the time for which the memory serves entries of stores below it.
    pub fn limit_ttl(&mut self, most: Span) {
        self.most_ttl = most;
    }

    /// The lifetime in memory of an entry that the stores below get, too.
    #[must_use]
    pub fn capped(&self, lifetime: Lifetime) -> Lifetime {
        lifetime.capped(Span::ZERO, self.most_ttl)
    }

    /// Reports that a load ended with a result to keep; says what became of it in memory and what
    /// the stores below get. As [`CallMachine::loaded`], for the lifetime that `policy` gives it.
    pub fn landed(
        &mut self,
        slot: Option<SlotId>,
        fence: Fence,
        policy: PolicyId,
        brought: &Brought,
        now: Timestamp,
    ) -> (Landed, Below) {
        let Brought {
            facts, size, roll, ..
        } = *brought;
        let full = lifetime(self.policy(policy), &facts, roll);
        if !facts.is_tiered {
            let lifetime = full;
            let landed = self.loaded(slot, fence, policy, Arrival { lifetime, size }, now);
            self.note_failure(landed, &facts);
            return (landed, Below::Leave);
        }
        let is_known = slot.is_some_and(|slot| self.memory.has_entry(slot));
        let lifetime = self.capped(full);
        let landed = self.loaded(slot, fence, policy, Arrival { lifetime, size }, now);
        self.note_failure(landed, &facts);
        let below = match landed {
            Landed::Outdated => Below::Leave,
            _ if full.is_kept(Span::ZERO) => Below::Store(full),
            _ if brought.may_be_below || is_known => Below::Drop,
            _ => Below::Leave,
        };
        (landed, below)
    }

    /// Has a failure stand in for nothing; one with windows of its own is a result that may.
    fn note_failure(&mut self, landed: Landed, facts: &Facts) {
        if let Landed::Stored(slot) = landed
            && facts.kind == Kind::Failure
            && facts.windows.is_none()
            && self.memory.has_entry(slot)
        {
            self.memory.mark_failure(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Served, Step};
    use crate::memory::Limits;
    use crate::policy::{Options, Policy};
    use crate::strategy::ttl::State;

    const SECOND: Span = Span::from_secs(1);

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn brought(ttl: Span) -> Brought {
        Brought {
            facts: Facts {
                ttl: Some(ttl),
                is_tiered: true,
                ..Facts::default()
            },
            size: 1,
            roll: 0.0,
            may_be_below: false,
        }
    }

    fn machine() -> (CallMachine, PolicyId) {
        let mut machine = CallMachine::new(Limits {
            max_entries: 9,
            max_bytes: 99,
        });
        machine.limit_ttl(SECOND);
        let ttl = Some(Span::FOREVER);
        let policy = Policy::compile(&Options {
            ttl,
            ..Options::default()
        })
        .unwrap();
        let policy = machine.add_policy(policy);
        (machine, policy)
    }

    fn load(machine: &mut CallMachine, policy: PolicyId, brought: &Brought) -> (Landed, Below) {
        let (slot, Step::Load { fence, .. }) = machine.begin(None, policy, at(0), 0.0) else {
            panic!("no load")
        };
        machine.landed(slot, fence, policy, brought, at(0))
    }

    #[test]
    fn the_memory_keeps_an_entry_for_its_own_ttl_and_the_stores_below_for_all_of_it() {
        let (mut machine, policy) = machine();
        let (landed, below) = load(&mut machine, policy, &brought(SECOND.times(9)));
        let Landed::Stored(slot) = landed else {
            panic!("{landed:?}")
        };
        let full = Lifetime {
            ttl: SECOND.times(9),
            ..Lifetime::NONE
        };
        assert_eq!(below, Below::Store(full));
        assert_eq!(machine.state(slot, at(999)), Some(State::Fresh));
        assert_eq!(machine.state(slot, at(1000)), Some(State::IfError));
    }

    #[test]
    fn without_stores_below_the_memory_keeps_all_of_it() {
        let (mut machine, policy) = machine();
        let mut alone = brought(SECOND.times(9));
        alone.facts.is_tiered = false;
        let (Landed::Stored(slot), Below::Leave) = load(&mut machine, policy, &alone) else {
            panic!("not stored")
        };
        let (_, step) = machine.begin(Some(slot), policy, at(8999), 0.0);
        assert_eq!(step, Step::Serve(Served::Hit));
    }

    #[test]
    fn a_result_of_no_use_is_dropped_only_where_something_may_be() {
        let (mut machine, policy) = machine();
        let useless = brought(Span::ZERO);
        let (landed, below) = load(&mut machine, policy, &useless);
        assert_eq!((landed, below), (Landed::NotKept, Below::Leave));
        let may_be_below = Brought {
            may_be_below: true,
            ..useless
        };
        let (_, below) = load(&mut machine, policy, &may_be_below);
        assert_eq!(below, Below::Drop);
        let (Landed::Stored(slot), _) = load(&mut machine, policy, &brought(SECOND)) else {
            panic!("not stored")
        };
        let (slot, fence) = machine.refresh(Some(slot), policy, at(1));
        let (_, below) = machine.landed(Some(slot), fence, policy, &useless, at(1));
        assert_eq!(below, Below::Drop, "the memory had an entry");
    }

    #[test]
    fn an_outdated_result_changes_no_store() {
        let (mut machine, policy) = machine();
        let (slot, Step::Load { fence, .. }) = machine.begin(None, policy, at(0), 0.0) else {
            panic!("no load")
        };
        machine.invalidate(slot);
        let landed = machine.landed(slot, fence, policy, &brought(SECOND), at(1));
        assert_eq!(landed, (Landed::Outdated, Below::Leave));
    }
}
