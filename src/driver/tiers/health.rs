//! The health of a store: after too many failures in a row it is left alone for a while, then asked
//! by one operation alone, and by all others once that one has been answered.

use crate::time::{Span, Timestamp};

/// Failures in a row after which a store is left alone.
const TOLERATED: u32 = 5;
/// The time for which it then is.
const PAUSE: Span = Span::from_secs(5);
/// The time beyond its deadline after which a probe is taken for vanished with its request.
const GRACE: Span = Span::from_millis(50);

/// Leave to run an operation: the number of a probe, or [`ORDINARY`].
pub(super) type Permit = u64;

/// The permit of an operation while a store does well.
const ORDINARY: Permit = 0;

/// The health of one store.
#[derive(Debug)]
pub(super) struct Health {
    deadline: Span,
    failures: u32,
    paused_at: Timestamp,
    probes: Permit,
    /// The probe under way, or [`ORDINARY`].
    probe: Permit,
    probed_at: Timestamp,
}

impl Health {
    pub(super) fn new(deadline: Span) -> Self {
        Self {
            deadline,
            failures: 0,
            paused_at: Timestamp::ZERO,
            probes: 0,
            probe: ORDINARY,
            probed_at: Timestamp::ZERO,
        }
    }

    /// Failures in a row.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    fn is_down(&self) -> bool {
        self.failures >= TOLERATED
    }

    /// The time until an operation is admitted; zero if the next one is.
    fn waiting_time(&self, now: Timestamp) -> Span {
        match self.is_down() {
            false => Span::ZERO,
            true if self.probe == ORDINARY => left(self.paused_at, PAUSE, now),
            true => left(self.probed_at, self.deadline + GRACE, now),
        }
    }

    /// Admits an operation; `None` if the store is to be left alone.
    pub(super) fn admit(&mut self, now: Timestamp) -> Option<Permit> {
        if !self.waiting_time(now).is_zero() {
            return None;
        }
        if !self.is_down() {
            return Some(ORDINARY);
        }
        self.probes += 1;
        self.probe = self.probes;
        self.probed_at = now;
        Some(self.probe)
    }

    /// Records an answer, whatever it says.
    pub(super) fn answered(&mut self) {
        self.failures = 0;
        self.probe = ORDINARY;
    }

    /// Records a failure. Those of operations that began before a pause do not prolong it.
    pub(super) fn failed(&mut self, permit: Permit, now: Timestamp) {
        if self.is_down() && (permit == ORDINARY || permit != self.probe) {
            return;
        }
        self.failures += 1;
        if self.is_down() {
            self.paused_at = now;
            self.probe = ORDINARY;
        }
    }
}

/// The rest of a span of time; nothing is left once a clock was set back.
fn left(since: Timestamp, length: Span, now: Timestamp) -> Span {
    if now < since {
        return Span::ZERO;
    }
    length.minus(now.since(since))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn after_five_failures_a_store_is_left_alone_and_then_asked_by_one() {
        let mut health = Health::new(Span::from_millis(500));
        for _ in 0..5 {
            let permit = health.admit(at(10)).unwrap();
            health.failed(permit, at(10));
        }
        assert_eq!(health.admit(at(5_009)), None);
        let probe = health.admit(at(5_010)).unwrap();
        assert_eq!(health.admit(at(5_010)), None, "the probe is alone");
        health.failed(ORDINARY, at(5_020));
        health.failed(probe, at(5_100));
        assert_eq!(health.admit(at(10_099)), None);
        assert!(health.admit(at(10_100)).is_some());
        health.answered();
        assert_eq!(health.admit(at(10_100)), Some(ORDINARY));
    }

    #[test]
    fn a_probe_that_vanished_makes_room_for_another() {
        let mut health = Health::new(Span::from_millis(500));
        for _ in 0..5 {
            health.failed(ORDINARY, at(0));
        }
        let vanished = health.admit(at(5_000)).unwrap();
        assert_eq!(health.admit(at(5_549)), None);
        let probe = health.admit(at(5_550)).unwrap();
        assert_ne!(probe, vanished);
        assert_eq!(
            health.admit(at(5_540)),
            Some(probe + 1),
            "a clock that steps back holds nobody up"
        );
    }
}
