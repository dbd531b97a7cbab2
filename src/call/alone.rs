//! Loads beside the one that leads a key: they wait for nobody, and everything else holds for them.

use super::{Arrival, CallMachine, Found, Kept, PolicyId, Served};
use crate::entry::Entry;
use crate::fence::Fence;
use crate::flight::Flight;
use crate::memory::SlotId;
use crate::strategy::stale::{Plan, plan};
use crate::strategy::ttl::State;
use crate::time::{Span, Timestamp};

impl CallMachine {
    /// Begins a load of its own for a caller that [`CallMachine::begin`] has just told to wait, and
    /// that cannot: the load it would wait for waits for it, or is another request's on a host that
    /// keeps requests apart. `None`: the entry of `slot` answers instead, as the origin failed last
    /// time and the load under way finds out whether it still does.
    ///
    /// `slot` is the key's where an entry may answer this caller.
    pub fn load_beside(
        &mut self,
        slot: Option<SlotId>,
        policy: PolicyId,
        now: Timestamp,
    ) -> Option<Fence> {
        let now = self.clock.observe(now);
        let is_left_alone =
            slot.is_some_and(|slot| self.is_failing(slot, policy) && self.is_servable(slot, now));
        let counters = &mut self.counters[policy as usize];
        counters.coalesced = counters.coalesced.saturating_sub(1);
        if is_left_alone {
            counters.error_fallbacks += 1;
            return None;
        }
        counters.loads += 1;
        Some(self.next_fence())
    }

    /// Reports an entry that a lower store held, to a load that does not lead its key.
    ///
    /// Like [`CallMachine::found`], but for what a leader alone may do: where a stale entry is served
    /// and nobody renews it, this load leads from now on. Returns the key's slot, a new one if it
    /// had none and the entry or the flight stays.
    pub fn found_beside(
        &mut self,
        slot: Option<SlotId>,
        fence: Fence,
        policy: PolicyId,
        (arrival, age, roll): (Arrival, Span, f64),
        now: Timestamp,
    ) -> (Option<SlotId>, Found, Kept) {
        let now = self.clock.observe(now);
        if self.memory.is_outdated(slot, fence) {
            return (slot, Found::Load { fallback: false }, Kept::Neither);
        }
        self.heed_tags(slot);
        let mut entry = Entry {
            stored_at: now - age,
            lifetime: arrival.lifetime.capped(age, self.most_ttl),
            load_cost: 0,
            size: arrival.size,
            hits: 0,
            is_failure: false,
        };
        let slot = slot.unwrap_or_else(|| self.memory.take());
        self.recall(slot, &mut entry);
        let kept = match self.memory.entry(slot) {
            Some(held) if held.stored_at >= entry.stored_at => {
                let hits = self.policies[policy as usize].hits();
                let is_used_up = hits.is_some_and(|hits| hits.is_used_up(held.hits));
                if held.state(now) == State::Fresh && is_used_up {
                    return (Some(slot), Found::Load { fallback: true }, Kept::Held);
                }
                entry = held;
                Kept::Held
            }
            _ if self.memory.store(slot, entry, now) => Kept::Found,
            _ => Kept::Neither,
        };
        let state = entry.state(now);
        let plan = plan(Some(state), self.policies[policy as usize].mode());
        let found = self
            .answer_traced_beside(slot, fence, policy, (entry, plan), now, roll)
            .unwrap_or_else(|| self.answer_beside(slot, fence, policy, state, now));
        self.memory.release(slot);
        let stays = self.memory.is_taken(slot).then_some(slot);
        (stays, found, kept)
    }

    fn answer_beside(
        &mut self,
        slot: SlotId,
        fence: Fence,
        policy: PolicyId,
        state: State,
        now: Timestamp,
    ) -> Found {
        let rules = &self.policies[policy as usize];
        let mode = rules.mode();
        let is_loading = self.flights.live(slot, now).is_some();
        let is_waiting = self.is_retry_waiting(slot, now);
        let is_left_alone = is_waiting || (is_loading && self.is_failing(slot, policy));
        let is_renewed = is_waiting || is_loading;
        let counters = &mut self.counters[policy as usize];
        match plan(Some(state), mode) {
            Plan::Serve => {
                counters.loads -= 1;
                counters.hits += 1;
                self.memory.count_hit(slot);
                Found::Serve(Served::Hit)
            }
            Plan::ServeAndRefresh => {
                counters.stale += 1;
                if is_renewed {
                    counters.loads -= 1;
                    return Found::Serve(Served::Stale);
                }
                counters.refreshes += 1;
                self.lead_beside(slot, fence, policy, now);
                Found::ServeAndLoad(Served::Stale)
            }
            _ if state.is_servable() && is_left_alone => {
                counters.loads -= 1;
                counters.error_fallbacks += 1;
                Found::Serve(Served::ErrorFallback)
            }
            _ => Found::Load {
                fallback: state.is_servable(),
            },
        }
    }

    /// Has a load that did not lead its key lead it from now on, in the background.
    pub(super) fn lead_beside(
        &mut self,
        slot: SlotId,
        fence: Fence,
        policy: PolicyId,
        now: Timestamp,
    ) {
        let flight = Flight {
            fence,
            since: now,
            lease: self.policies[policy as usize].lease(),
            background: true,
        };
        self.flights.start(slot, flight);
        self.memory.pin(slot, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Failure, Step};
    use crate::memory::Limits;
    use crate::policy::{Options, Policy};
    use crate::strategy::hits::Hits;
    use crate::strategy::ttl::Lifetime;

    fn ms(millis: u64) -> Span {
        Span::from_millis(millis)
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn machine(options: Options) -> (CallMachine, PolicyId) {
        let mut machine = CallMachine::new(Limits {
            max_entries: 9,
            max_bytes: 99,
        });
        let policy = machine.add_policy(Policy::compile(&options).unwrap());
        (machine, policy)
    }

    fn arrival(lifetime: Lifetime) -> Arrival {
        Arrival { lifetime, size: 1 }
    }

    fn led(machine: &mut CallMachine, slot: Option<SlotId>, now: u64) -> (SlotId, Fence) {
        let (Some(slot), Step::Load { fence, .. }) = machine.begin(slot, 0, at(now), 0.5) else {
            panic!("no load")
        };
        (slot, fence)
    }

    #[test]
    fn a_caller_that_was_told_to_wait_and_cannot_counts_as_a_load_alone() {
        let (mut machine, policy) = machine(Options {
            ttl: Some(ms(10)),
            ..Options::default()
        });
        let (slot, leading) = led(&mut machine, None, 0);
        let (_, waits) = machine.begin(Some(slot), policy, at(0), 0.5);
        assert_eq!(waits, Step::Wait { fallback: false });
        let fence = machine.load_beside(None, policy, at(0)).unwrap();
        assert!(fence > leading);
        let counters = machine.counters(policy);
        assert_eq!((counters.coalesced, counters.loads), (0, 2));
    }

    /// A key whose entry is fresh for 10 ms and answers failures for 100 more, and whose load at
    /// 20 ms failed.
    fn failed(retry_after: Span) -> (CallMachine, SlotId) {
        let (mut machine, policy) = machine(Options {
            ttl: Some(ms(10)),
            stale_if_error: ms(100),
            retry_after,
            ..Options::default()
        });
        let lifetime = Lifetime {
            ttl: ms(10),
            ..machine.policy(policy).windows()
        };
        let (slot, fence) = led(&mut machine, None, 0);
        let _ = machine.loaded(Some(slot), fence, policy, arrival(lifetime), at(0));
        let (_, fence) = led(&mut machine, Some(slot), 20);
        let failure = Failure {
            may_stand_in: true,
            is_beside: false,
            has_spare: false,
            is_lasting: false,
            is_memorable: false,
        };
        let _ = machine.failed(Some(slot), fence, policy, failure, at(20));
        (machine, slot)
    }

    #[test]
    fn a_failing_key_is_left_alone_while_an_entry_may_answer_and_the_policy_says_so() {
        for (retry_after, now, answers) in [(1, 50, true), (1, 150, false), (0, 50, false)] {
            let (mut machine, slot) = failed(ms(retry_after));
            let _ = led(&mut machine, Some(slot), now);
            let _ = machine.begin(Some(slot), 0, at(now), 0.5);
            let beside = machine.load_beside(Some(slot), 0, at(now));
            assert_eq!(beside.is_none(), answers, "{retry_after} ms, at {now}");
        }
    }

    #[test]
    fn an_entry_without_hits_left_answers_a_load_beside_once_it_is_stale() {
        let (mut machine, policy) = machine(Options {
            ttl: Some(ms(10)),
            stale_while_revalidate: ms(100),
            hits: Some(Hits {
                max: 1,
                refresh_at: None,
            }),
            ..Options::default()
        });
        let lifetime = Lifetime {
            ttl: ms(10),
            ..machine.policy(policy).windows()
        };
        let (slot, fence) = led(&mut machine, None, 5);
        let _ = machine.loaded(Some(slot), fence, policy, arrival(lifetime), at(5));
        let _ = machine.begin(Some(slot), policy, at(5), 0.5);
        for (now, expected) in [
            (6, Found::Load { fallback: true }),
            (20, Found::Serve(Served::Stale)),
        ] {
            let (_, _) = machine.refresh(Some(slot), policy, at(now));
            let fence = machine.load_beside(None, policy, at(now)).unwrap();
            let older = (arrival(lifetime), ms(now), 0.5);
            let (_, found, kept) = machine.found_beside(Some(slot), fence, policy, older, at(now));
            assert_eq!((found, kept), (expected, Kept::Held), "at {now}");
        }
    }
}
