//! Virtual time: what is due when. At the same millisecond, what was armed first happens first.

use holdover::time::Timestamp;
use std::collections::{BTreeMap, VecDeque};

/// The number of a flight in its driver.
pub(crate) type FlightId = usize;
/// The number of a caller in its driver.
pub(crate) type CallerId = usize;

/// What a timer does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// The loader is done.
    Lands(FlightId),
    /// `onReject` has its answer for a refused load.
    Rejects(FlightId),
    /// The flight's `timeout` is over.
    TimesOut(FlightId),
    /// The caller has waited for `failoverAfter` in its nth wait.
    FailsOver(CallerId, u32),
    /// The lease of the flight that the caller waits for in its nth wait is over.
    LeaseEnds(CallerId, u32),
}

/// Time and what is armed.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    /// Milliseconds since the vector began.
    now: u64,
    /// What was added to the wall clock by `clock` steps.
    shift: i64,
    armed: u64,
    timers: BTreeMap<(u64, u64), Event>,
    /// What happens as soon as the current turn is over, before any timer.
    soon: VecDeque<Event>,
}

/// The wall clock when a vector begins.
const START: u64 = 1_700_000_000_000;

impl Timeline {
    /// Milliseconds since the vector began.
    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// What the host's wall clock says.
    pub(crate) fn wall(&self) -> Timestamp {
        Timestamp::from_millis((START + self.now).saturating_add_signed(self.shift))
    }

    /// Moves the wall clock; time goes on as before.
    pub(crate) fn shift(&mut self, millis: i64) {
        self.shift += millis;
    }

    /// Arms a timer.
    pub(crate) fn after(&mut self, delay: u64, event: Event) {
        self.armed += 1;
        self.timers
            .insert((self.now.saturating_add(delay), self.armed), event);
    }

    /// Has `event` happen when the current turn is over.
    pub(crate) fn soon(&mut self, event: Event) {
        self.soon.push_back(event);
    }

    /// What is due next, no later than `limit`; time moves there.
    pub(crate) fn next(&mut self, limit: u64) -> Option<Event> {
        if let Some(event) = self.soon.pop_front() {
            return Some(event);
        }
        let (&(due, order), &event) = self.timers.first_key_value()?;
        if due > limit {
            return None;
        }
        self.timers.remove(&(due, order));
        self.now = due;
        Some(event)
    }

    /// Moves time forward to `millis`, when nothing is due before.
    pub(crate) fn move_to(&mut self, millis: u64) {
        self.now = self.now.max(millis);
    }
}
