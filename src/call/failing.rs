//! Loads that end without a result: their fallbacks, and remembered failures.

use super::{CallMachine, PolicyId};
use crate::fence::Fence;
use crate::memory::SlotId;
use crate::strategy::retry::Retry;
use crate::strategy::ttl::Lifetime;
use crate::time::{Span, Timestamp};

/// A load that failed, as its host knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that know nothing of each other"
)]
pub struct Failure {
    /// True if an entry may answer for it: `staleOn` says so, or nobody waits for the load.
    pub may_stand_in: bool,
    /// True for a load beside the one that leads its key.
    pub is_beside: bool,
    /// True if the host has an entry of a lower store that may answer: see [`spare_age`].
    pub has_spare: bool,
    /// True for a result that counts as a failure and says itself how long it may be used.
    pub is_lasting: bool,
    /// True if the policy may have it remembered.
    pub is_memorable: bool,
}

/// The replacement of a result.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instead {
    /// Nothing.
    Nothing,
    /// The entry in the memory, of this age and `ttl`.
    Entry {
        /// Its age.
        age: Span,
        /// The `ttl` it was stored with.
        ttl: Span,
    },
    /// The entry that the host has.
    Spare,
    /// Nothing better than the failed result, which is to be kept: it is reported with
    /// [`CallMachine::landed`], and this report has changed nothing.
    Result,
    /// Nothing, and the failure is to be remembered: it is reported with [`CallMachine::landed`].
    Remembered,
}

impl CallMachine {
    /// Reports that a load failed, and says what there is instead of its result.
    ///
    /// A failure of an orphan, or of a flight that was invalidated, has no key wait for a retry:
    /// somebody else leads. `slot` is the key's slot now.
    pub fn failed(
        &mut self,
        slot: Option<SlotId>,
        fence: Fence,
        policy: PolicyId,
        failure: Failure,
        now: Timestamp,
    ) -> Instead {
        let now = self.clock.observe(now);
        self.heed_tags(slot);
        let is_answered = slot.is_some_and(|slot| self.is_servable(slot, now));
        if failure.is_lasting && !is_answered {
            return Instead::Result;
        }
        let instead = self.standing_in(slot, failure.has_spare, now);
        self.counters[policy as usize].failures += 1;
        if let Some(slot) = slot {
            self.end_failed(slot, fence, policy, failure, now);
        }
        match instead {
            Instead::Nothing if failure.is_memorable => Instead::Remembered,
            instead => instead,
        }
    }

    /// A failure that every caller is to see has no key wait: the retry would hide it from the
    /// next.
    fn end_failed(
        &mut self,
        slot: SlotId,
        fence: Fence,
        policy: PolicyId,
        failure: Failure,
        now: Timestamp,
    ) {
        // A load beside another may have led: see `found_beside`.
        let led = self.end_flight(slot, fence);
        let leads = led || failure.is_beside || !self.policies[policy as usize].single_flight();
        if failure.may_stand_in && leads {
            self.back_off(slot, fence, policy, now);
        }
        self.memory.release(slot);
    }

    /// Has the loads of `slot` wait, if an entry answers meanwhile and nothing newer than the load
    /// that failed has come.
    fn back_off(&mut self, slot: SlotId, fence: Fence, policy: PolicyId, now: Timestamp) {
        let stands_in = self.is_servable(slot, now) || self.memory.is_traced_servable(slot, now);
        if self.memory.is_outdated(Some(slot), fence) || !stands_in {
            return;
        }
        let before = self.retries.get(slot).copied().unwrap_or(Retry::NONE);
        let rules = &self.policies[policy as usize];
        let retry = before.after_failure(rules, fence, self.last_fence, now);
        self.retries.set(slot, now + retry.remaining(now), retry);
        self.trace_failure(slot, now);
    }

    /// Reports that a guard refused a load that this flight was to make, and says what there is
    /// instead. Not a failure of the origin, so the key need not wait for its retry.
    pub fn refused(
        &mut self,
        slot: Option<SlotId>,
        fence: Fence,
        policy: PolicyId,
        has_spare: bool,
        now: Timestamp,
    ) -> Instead {
        let now = self.clock.observe(now);
        self.heed_tags(slot);
        let instead = self.standing_in(slot, has_spare, now);
        let counters = &mut self.counters[policy as usize];
        counters.loads -= 1;
        counters.refusals += 1;
        self.cancelled(slot, fence);
        instead
    }

    fn standing_in(&self, slot: Option<SlotId>, has_spare: bool, now: Timestamp) -> Instead {
        match slot.and_then(|slot| self.previous(slot, now)) {
            Some((age, ttl)) => Instead::Entry { age, ttl },
            None if has_spare => Instead::Spare,
            None => Instead::Nothing,
        }
    }

    /// The age and the `ttl` of the entry that a load of `slot` is to renew; `None` where there is
    /// none that may answer, or only a failure.
    pub fn renewed(&mut self, slot: SlotId, now: Timestamp) -> Option<(Span, Span)> {
        let now = self.clock.observe(now);
        self.heed_tags(Some(slot));
        self.previous(slot, now)
    }

    fn previous(&self, slot: SlotId, now: Timestamp) -> Option<(Span, Span)> {
        let entry = self.memory.entry(slot).filter(|entry| !entry.is_failure)?;
        let is_servable = entry.state(now).is_servable();
        is_servable.then(|| (entry.age(now), entry.lifetime.ttl))
    }
}

/// The age of an entry of a lower store that memory did not keep and that was of this `age` at
/// `since`; `None` once it may answer no more.
#[must_use]
pub fn spare_age(lifetime: &Lifetime, age: Span, since: Timestamp, now: Timestamp) -> Option<Span> {
    let age = age + now.since(since);
    lifetime.state(age).is_servable().then_some(age)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Brought, Landed, Step};
    use crate::memory::Limits;
    use crate::policy::{Options, Policy};
    use crate::strategy::lifetime::{Facts, Kind};

    fn ms(millis: u64) -> Span {
        Span::from_millis(millis)
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_spare_ages_from_when_it_was_found_and_ends_with_its_windows() {
        let lifetime = Lifetime {
            ttl: ms(100),
            stale_if_error: ms(50),
            ..Lifetime::NONE
        };
        let age = |now| spare_age(&lifetime, ms(90), at(1000), at(now));
        assert_eq!(
            [1000, 1020, 1059].map(age),
            [90, 110, 149].map(|age| Some(ms(age)))
        );
        assert_eq!(age(1060), None);
        assert_eq!(
            age(900),
            Some(ms(90)),
            "a clock that steps back makes nothing younger"
        );
    }

    /// Keeps a failure, with or without windows of its own; says if it then stands in for another.
    fn stands_in(windows: Option<Lifetime>) -> bool {
        let mut machine = CallMachine::new(Limits {
            max_entries: 9,
            max_bytes: 99,
        });
        let options = Options {
            ttl: Some(ms(100)),
            error_ttl: ms(100),
            ..Options::default()
        };
        let policy = machine.add_policy(Policy::compile(&options).unwrap());
        let (slot, Step::Load { fence, .. }) = machine.begin(None, policy, at(0), 0.5) else {
            panic!("no load")
        };
        let brought = Brought {
            facts: Facts {
                kind: Kind::Failure,
                windows,
                ..Facts::default()
            },
            size: 1,
            roll: 0.5,
            may_be_below: false,
        };
        let (landed, _) = machine.landed(slot, fence, policy, &brought, at(0));
        assert!(matches!(landed, Landed::Stored(_)));
        let (_, fence) = machine.refresh(slot, policy, at(10));
        let instead = machine.failed(slot, fence, policy, Failure::default(), at(20));
        assert_eq!(
            machine.fails_over(slot.unwrap(), at(20)),
            instead != Instead::Nothing
        );
        instead != Instead::Nothing
    }

    #[test]
    fn a_remembered_failure_stands_in_for_nothing_and_a_result_with_windows_does() {
        let windows = Lifetime {
            ttl: ms(100),
            ..Lifetime::NONE
        };
        assert!(!stands_in(None));
        assert!(stands_in(Some(windows)));
    }
}
