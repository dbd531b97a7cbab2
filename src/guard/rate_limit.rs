//! A rate limit: a number of loads per period.
//!
//! *Fixed*: a window starts with its first load. The first refusal in it starts a ban, by default
//! for the rest of the window; later refusals do not extend it, and a shorter ban does not shorten
//! the window. *Sliding*: no stretch of one period has more loads than the limit. Refusals are not
//! recorded, so repeated attempts succeed as soon as a place is free.

use super::{Reason, Refusal};
use crate::config_error::ConfigError;
use crate::options;
use crate::time::{Span, Timestamp};
use alloc::collections::VecDeque;

/// The way loads are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// By fixed windows.
    Fixed {
        /// The minimum time for which the first refusal of a window refuses; zero: the rest of the
        /// window.
        ban: Span,
    },
    /// By an exact log of the last period.
    Sliding,
}

/// The settings of a rate limit.
#[derive(Clone, Copy, Debug)]
pub struct RateLimitOptions {
    /// Loads per period. 1 or more.
    pub limit: u32,
    /// The length of a period. 1 ms or more.
    pub period: Span,
    /// The way loads are counted.
    pub algorithm: Algorithm,
}

/// Admits a number of loads per period.
#[derive(Clone, Debug)]
pub struct RateLimit {
    limit: u32,
    period: Span,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Fixed {
        ban: Span,
        taken: u32,
        /// The end of the window; in the past if none is open.
        window_end: Timestamp,
        /// The end of a ban that outlasts its window.
        banned_until: Timestamp,
    },
    Sliding {
        /// The times of the last period's loads, at most `limit`.
        taken: VecDeque<Timestamp>,
    },
}

impl RateLimit {
    /// Returns an unused limit.
    ///
    /// # Errors
    /// A [`ConfigError`] for a limit or a period of zero.
    pub fn compile(given: &RateLimitOptions) -> Result<Self, ConfigError> {
        options::LIMIT_LIMIT.check(f64::from(given.limit))?;
        options::LIMIT_PERIOD.check_span(given.period)?;
        Ok(Self::of_checked(given))
    }

    /// Compiles options that were checked elsewhere by their rules in [`crate::options`], as those
    /// of TypeScript are: with others its answers mean nothing.
    #[must_use]
    pub fn of_checked(given: &RateLimitOptions) -> Self {
        let state = match given.algorithm {
            Algorithm::Fixed { ban } => State::Fixed {
                ban,
                taken: 0,
                window_end: Timestamp::ZERO,
                banned_until: Timestamp::ZERO,
            },
            Algorithm::Sliding => State::Sliding {
                taken: VecDeque::new(),
            },
        };
        Self {
            limit: given.limit,
            period: given.period,
            state,
        }
    }

    /// Checks if a place is free at `now`. The first refusal of a fixed window starts its ban.
    ///
    /// # Errors
    /// A [`Refusal`] with the time when a place will be free.
    pub fn check(&mut self, now: Timestamp) -> Result<(), Refusal> {
        match self.free_at(now) {
            Some(retry_at) => Err(Refusal {
                reason: Reason::RateLimited { limit: self.limit },
                retry_at,
            }),
            None => Ok(()),
        }
    }

    /// True if no place is free at `now`.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        match &self.state {
            State::Fixed {
                taken,
                window_end,
                banned_until,
                ..
            } => now < *banned_until || (now < *window_end && *taken >= self.limit),
            State::Sliding { taken } => {
                let is_recent = |&&at: &&Timestamp| at + self.period > now;
                taken.iter().filter(is_recent).count() >= self.limit as usize
            }
        }
    }

    /// Returns the time when a place will be free; `None` if one is free now.
    fn free_at(&mut self, now: Timestamp) -> Option<Timestamp> {
        match &mut self.state {
            State::Fixed {
                ban,
                taken,
                window_end,
                banned_until,
            } => {
                if now < *banned_until {
                    return Some(*banned_until);
                }
                if now >= *window_end || *taken < self.limit {
                    return None;
                }
                *banned_until = (now + *ban).max(*window_end);
                Some(*banned_until)
            }
            State::Sliding { taken } => {
                while taken.front().is_some_and(|&at| at + self.period <= now) {
                    taken.pop_front();
                }
                let is_full = taken.len() >= self.limit as usize;
                is_full.then(|| *taken.front().unwrap_or(&now) + self.period)
            }
        }
    }

    /// Takes a place that [`RateLimit::check`] found free.
    pub fn take(&mut self, now: Timestamp) {
        match &mut self.state {
            State::Fixed {
                taken, window_end, ..
            } => {
                if now >= *window_end {
                    *window_end = now + self.period;
                    *taken = 0;
                }
                *taken += 1;
            }
            State::Sliding { taken } => taken.push_back(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn limit(limit: u32, period: u64, algorithm: Algorithm) -> RateLimit {
        RateLimit::compile(&RateLimitOptions {
            limit,
            period: Span::from_millis(period),
            algorithm,
        })
        .unwrap()
    }

    fn fixed(ban: u64) -> Algorithm {
        Algorithm::Fixed {
            ban: Span::from_millis(ban),
        }
    }

    /// Asks at each time, and takes a place if one is free.
    fn ask(limit: &mut RateLimit, times: &[u64]) -> Vec<bool> {
        let ask = |&millis: &u64| {
            let now = Timestamp::from_millis(millis);
            let admitted = limit.check(now).is_ok();
            if admitted {
                limit.take(now);
            }
            admitted
        };
        times.iter().map(ask).collect()
    }

    #[test]
    fn a_fixed_window_starts_with_its_first_load() {
        let mut limit = limit(2, 100, fixed(0));
        let admitted = ask(&mut limit, &[50, 60, 70, 149, 150, 151, 152]);
        assert_eq!(admitted, [true, true, false, false, true, true, false]);
    }

    #[test]
    fn a_ban_starts_with_the_first_refusal_and_is_not_extended() {
        let mut limit = limit(1, 100, fixed(1000));
        let admitted = ask(&mut limit, &[0, 10, 900, 1009, 1010]);
        assert_eq!(admitted, [true, false, false, false, true]);
    }

    #[test]
    fn a_short_ban_does_not_shorten_the_window() {
        let mut limit = limit(2, 10_000, fixed(50));
        let polled: Vec<u64> = (0..50).map(|step| step * 10).collect();
        let admitted = ask(&mut limit, &polled);
        assert_eq!(admitted.iter().filter(|&&admitted| admitted).count(), 2);
    }

    #[test]
    fn a_sliding_limit_recovers_although_it_is_polled() {
        let mut limit = limit(1, 300, Algorithm::Sliding);
        let admitted = ask(&mut limit, &[0, 200, 299, 300, 500, 600]);
        assert_eq!(admitted, [true, false, false, true, false, true]);
    }

    #[test]
    fn two_loads_in_one_millisecond_are_two() {
        for algorithm in [fixed(0), Algorithm::Sliding] {
            let mut limit = limit(2, 100, algorithm);
            assert_eq!(ask(&mut limit, &[7, 7, 7]), [true, true, false]);
        }
    }

    #[test]
    fn zero_is_refused() {
        let options = RateLimitOptions {
            limit: 0,
            period: Span::ZERO,
            algorithm: Algorithm::Sliding,
        };
        assert!(RateLimit::compile(&options).is_err());
        assert!(
            RateLimit::compile(&RateLimitOptions {
                limit: 1,
                ..options
            })
            .is_err()
        );
    }

    proptest! {
        /// Never more loads than the limit in any period, and a free place at the promised tick.
        #[test]
        fn sliding_keeps_its_promises(limit_of in 1_u32..5, steps in prop::collection::vec(0_u64..40, 1..200)) {
            let period = 100;
            let mut limit = limit(limit_of, period, Algorithm::Sliding);
            let (mut now, mut admitted, mut promised) = (0, Vec::new(), None);
            for step in steps {
                now += step;
                let at = Timestamp::from_millis(now);
                let verdict = limit.check(at);
                if promised.is_some_and(|promised| promised <= at) {
                    prop_assert!(verdict.is_ok(), "refused at {now} against its promise");
                }
                promised = verdict.err().map(|refusal| refusal.retry_at);
                if verdict.is_ok() {
                    limit.take(at);
                    admitted.push(now);
                }
                let recent = admitted.iter().filter(|&&then| then + period > now).count();
                prop_assert!(recent <= limit_of as usize);
            }
        }

        /// Against windows counted in the obvious way.
        #[test]
        fn fixed_agrees_with_a_plain_count(limit_of in 1_u32..5, ban in 0_u64..300, steps in prop::collection::vec(0_u64..40, 1..200)) {
            let mut limit = limit(limit_of, 100, fixed(ban));
            let (mut start, mut count, mut banned, mut now) = (None, 0, 0, 0);
            for step in steps {
                now += step;
                if start.is_none_or(|start| now >= start + 100) && now >= banned {
                    (start, count) = (None, 0);
                }
                let expected = now >= banned && count < limit_of;
                if expected {
                    start = start.or(Some(now));
                    count += 1;
                } else if now >= banned {
                    banned = (now + ban).max(start.unwrap_or(now) + 100);
                }
                prop_assert_eq!(ask(&mut limit, &[now]), [expected], "at {}", now);
            }
        }
    }
}
