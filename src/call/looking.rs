//! Entries of lower stores, as flights report them that lead their key or load beside it.

use super::{Arrival, CallMachine, Found, Kept, PolicyId};
use crate::fence::Fence;
use crate::memory::SlotId;
use crate::time::{Span, Timestamp};

/// An entry that a lower store held, as the flight knows it that looked for it.
#[derive(Clone, Copy, Debug)]
pub struct Looked {
    /// The lifetime of the entry and its weight.
    pub arrival: Arrival,
    /// Its age.
    pub age: Span,
    /// Uniform in `[0, 1)`, for early refreshes.
    pub roll: f64,
    /// True if the callers of the flight have a stale entry already.
    pub is_background: bool,
    /// True for a flight beside the one that leads its key.
    pub is_beside: bool,
    /// True if messages of other instances were not heard yet when it began to look: the found
    /// entry may have been changed since.
    pub is_unheard: bool,
}

/// The meaning of an entry that a lower store held.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The key's slot now.
    pub slot: Option<SlotId>,
    /// The next step of the flight.
    pub found: Found,
    /// The value that is in the memory now.
    pub kept: Kept,
    /// True if what was found may answer for a load that fails, and the memory may not have it
    /// then.
    pub is_spare: bool,
}

impl CallMachine {
    /// Reports what a lower store held. One that was found unheard answers this once.
    pub fn looked_up(
        &mut self,
        slot: Option<SlotId>,
        fence: Fence,
        policy: PolicyId,
        looked: &Looked,
        now: Timestamp,
    ) -> Verdict {
        let entry = (looked.arrival, looked.age, looked.roll);
        let (slot, found, kept) = match slot {
            slot if looked.is_beside => self.found_beside(slot, fence, policy, entry, now),
            Some(slot) => {
                let background = looked.is_background;
                let (found, kept) = self.found(slot, fence, policy, entry, background, now);
                (Some(slot), found, kept)
            }
            None => (None, Found::Load { fallback: false }, Kept::Neither),
        };
        let is_fallback = found == Found::Load { fallback: true };
        let verdict = Verdict {
            slot,
            found,
            kept,
            is_spare: is_fallback && (kept != Kept::Held || looked.is_beside),
        };
        if looked.is_unheard && matches!(found, Found::Serve(_)) {
            // A memory that did not keep it has nothing to distrust, and the slot may be given
            // back.
            if let Some(slot) = slot.filter(|&slot| self.is_taken(slot)) {
                self.distrust(Some(slot), now);
            }
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Served, Step};
    use crate::memory::Limits;
    use crate::policy::{Options, Policy};
    use crate::strategy::ttl::{Lifetime, State};

    fn ms(millis: u64) -> Span {
        Span::from_millis(millis)
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// Fresh for 100 ms, and 100 more for loads that fail.
    fn looked(age: u64) -> Looked {
        Looked {
            arrival: Arrival {
                lifetime: Lifetime {
                    ttl: ms(100),
                    stale_if_error: ms(100),
                    ..Lifetime::NONE
                },
                size: 1,
            },
            age: ms(age),
            roll: 0.5,
            is_background: false,
            is_beside: false,
            is_unheard: false,
        }
    }

    fn machine() -> (CallMachine, PolicyId) {
        let mut machine = CallMachine::new(Limits {
            max_entries: 9,
            max_bytes: 99,
        });
        let options = Options {
            ttl: Some(ms(100)),
            ..Options::default()
        };
        let policy = machine.add_policy(Policy::compile(&options).unwrap());
        (machine, policy)
    }

    fn led(machine: &mut CallMachine, policy: PolicyId) -> (Option<SlotId>, Fence) {
        let (slot, Step::Load { fence, .. }) = machine.begin(None, policy, at(1000), 0.5) else {
            panic!("no load")
        };
        (slot, fence)
    }

    #[test]
    fn a_stale_entry_is_a_spare_and_a_fresh_one_answers() {
        let (mut machine, policy) = machine();
        let (slot, fence) = led(&mut machine, policy);
        let stale = machine.looked_up(slot, fence, policy, &looked(150), at(1000));
        assert_eq!(stale.found, Found::Load { fallback: true });
        assert!(
            stale.is_spare,
            "the memory may have lost it when the load fails"
        );
        let fresh = machine.looked_up(slot, fence, policy, &looked(50), at(1000));
        assert_eq!(fresh.found, Found::Serve(Served::Hit));
        assert!(!fresh.is_spare);
        let dead = looked(200);
        let (slot, fence) = led(&mut machine, policy);
        let dead = machine.looked_up(slot, fence, policy, &dead, at(1000));
        assert_eq!(
            (dead.found, dead.is_spare),
            (Found::Load { fallback: false }, false)
        );
    }

    #[test]
    fn a_fresh_entry_is_a_hit_and_no_load() {
        for (is_background, hits) in [(false, 1), (true, 0)] {
            let (mut machine, policy) = machine();
            let (slot, fence) = led(&mut machine, policy);
            let looked = Looked {
                is_background,
                ..looked(50)
            };
            let _ = machine.looked_up(slot, fence, policy, &looked, at(1000));
            let counters = machine.counters(policy);
            assert_eq!((counters.hits, counters.loads), (hits, 0));
        }
    }

    #[test]
    fn what_was_found_is_fresh_in_the_memory_for_its_own_ttl_at_most() {
        let (mut machine, policy) = machine();
        machine.limit_ttl(ms(30));
        let (slot, fence) = led(&mut machine, policy);
        let _ = machine.looked_up(slot, fence, policy, &looked(50), at(1000));
        let states = [1029, 1030].map(|now| machine.state(slot.unwrap(), at(now)));
        assert_eq!(states, [Some(State::Fresh), Some(State::IfError)]);
    }

    #[test]
    fn what_the_memory_has_is_no_spare_but_for_a_load_beside() {
        let held = |is_beside| {
            let (mut machine, policy) = machine();
            let (slot, fence) = led(&mut machine, policy);
            let arrival = looked(0).arrival;
            let Looked { age, .. } = looked(150);
            let before = machine.found(
                slot.unwrap(),
                fence,
                policy,
                (arrival, age, 0.5),
                false,
                at(1000),
            );
            assert_eq!(before.1, Kept::Found);
            let older = Looked {
                is_beside,
                ..looked(160)
            };
            machine.looked_up(slot, fence, policy, &older, at(1000))
        };
        let (leading, beside) = (held(false), held(true));
        assert_eq!((leading.kept, leading.is_spare), (Kept::Held, false));
        assert_eq!((beside.kept, beside.is_spare), (Kept::Held, true));
    }

    #[test]
    fn what_was_found_unheard_answers_once_and_then_only_for_failures() {
        for (is_unheard, after) in [(false, State::Fresh), (true, State::IfError)] {
            let (mut machine, policy) = machine();
            let (slot, fence) = led(&mut machine, policy);
            let looked = Looked {
                is_unheard,
                ..looked(50)
            };
            let verdict = machine.looked_up(slot, fence, policy, &looked, at(1000));
            assert_eq!(verdict.found, Found::Serve(Served::Hit));
            assert_eq!((verdict.slot, verdict.kept), (slot, Kept::Found));
            assert_eq!(machine.state(slot.unwrap(), at(1000)), Some(after));
        }
    }

    #[test]
    fn an_unheard_entry_that_the_memory_does_not_keep_leaves_no_slot_behind() {
        let (mut machine, policy) = machine();
        let (slot, fence) = led(&mut machine, policy);
        let mut looked = Looked {
            is_unheard: true,
            ..looked(50)
        };
        looked.arrival.size = 100;
        let verdict = machine.looked_up(slot, fence, policy, &looked, at(1000));
        assert_eq!(
            (verdict.found, verdict.kept),
            (Found::Serve(Served::Hit), Kept::Neither)
        );
        while machine.take_dropped().is_some() {}
        assert_eq!((machine.memory().taken(), machine.flights()), (0, 0));
        machine.assert_invariants();
    }

    #[test]
    fn a_key_that_lost_its_slot_loads() {
        let (mut machine, policy) = machine();
        let (_, fence) = led(&mut machine, policy);
        let verdict = machine.looked_up(None, fence, policy, &looked(50), at(1000));
        assert_eq!(verdict.found, Found::Load { fallback: false });
        assert!(!verdict.is_spare);
    }
}
