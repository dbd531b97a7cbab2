//! The server's clock, which writes carry their deadlines by.

use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds for which the offset of a server's clock is trusted: clocks are corrected.
const LEARNT_FOR: i64 = 60_000;

/// The offset of the server's clock from this process's.
pub(super) struct ServerClock {
    base: Instant,
    /// The server's time minus our own, and when that was learnt. Never larger than the true offset.
    ahead: Mutex<(i64, Option<i64>)>,
}

impl Default for ServerClock {
    /// Before the first answer, assumes equal clocks.
    fn default() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |since| since.as_millis());
        Self {
            base: Instant::now(),
            ahead: Mutex::new((i64::try_from(now).unwrap_or(i64::MAX), None)),
        }
    }
}

impl ServerClock {
    /// Milliseconds by our own clock, which never steps.
    pub(super) fn own(&self) -> i64 {
        i64::try_from(self.base.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// The server's time at one of our own.
    pub(super) fn at(&self, own: i64) -> i64 {
        let (ahead, _) = *self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        own.saturating_add(ahead)
    }

    /// Learns from an answer. With several servers the slowest clock counts: the others then refuse
    /// too early, and their answers tell their time.
    pub(super) fn learn(&self, now: i64, received: i64) {
        let mut known = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        let ahead = now - received;
        let is_young = |learnt: i64| received - learnt <= LEARNT_FOR;
        if known.1.is_some_and(is_young) && ahead >= known.0 {
            return;
        }
        *known = (ahead, Some(received));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_clock_of_servers_counts_and_an_old_one_is_forgotten() {
        let clock = ServerClock::default();
        clock.learn(5_000, 1_000);
        assert_eq!(clock.at(1_000), 5_000);
        clock.learn(6_000, 1_500);
        assert_eq!(clock.at(2_000), 6_000);
        clock.learn(5_000, 1_500);
        assert_eq!(clock.at(2_000), 5_500);
        clock.learn(100_000, 62_000);
        assert_eq!(clock.at(62_000), 100_000);
    }
}
