//! Refreshing an entry before it is stale, so that nobody has to wait when it is.

use crate::entry::Entry;
use crate::time::Span;
use crate::time::Timestamp;

/// The time in its fresh life at which an entry is refreshed in the background.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Early {
    /// With a chance that grows towards the end of `ttl`, the sooner the longer the load takes:
    /// `XFetch` (Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede
    /// Prevention, VLDB 2015).
    Probabilistic {
        /// Above 1 refreshes earlier, below 1 later. Above 0.
        beta: f64,
    },
    /// From this age on.
    After(Span),
}

/// `-ln` of the smallest roll above 0 that hosts draw, 2⁻⁵³: no entry is due earlier than this
/// many times `cost · beta` before it is stale.
const FURTHEST: f64 = 36.8;

impl Early {
    /// True if `entry`, which is fresh, is due at `now`. `roll` is uniform in `[0, 1)`.
    #[must_use]
    pub fn is_due(&self, entry: &Entry, now: Timestamp, roll: f64) -> bool {
        match *self {
            Self::After(age) => entry.age(now) >= age,
            Self::Probabilistic { beta } => {
                // The logarithm is only worth taking near the end.
                self.needs_roll(entry, now) && {
                    let scale = f64::from(entry.load_cost) * beta;
                    let roll = roll.max(f64::EPSILON / 2.0);
                    millis(entry.fresh_for(now)) <= -scale * libm::log(roll)
                }
            }
        }
    }

    /// True if a fresh entry of this `ttl`, `age` and cost of its load may be due, whatever the
    /// roll.
    #[inline]
    #[must_use]
    pub fn may_be_due(&self, ttl: Span, age: Span, load_cost: u32) -> bool {
        match *self {
            Self::After(due) => age >= due,
            Self::Probabilistic { beta } => is_near_end(ttl.minus(age), load_cost, beta),
        }
    }

    /// True if a roll decides: far from the end of the `ttl` none makes an entry due.
    #[inline]
    #[must_use]
    pub fn needs_roll(&self, entry: &Entry, now: Timestamp) -> bool {
        let Self::Probabilistic { beta } = *self else {
            return false;
        };
        is_near_end(entry.fresh_for(now), entry.load_cost, beta)
    }
}

#[inline]
fn is_near_end(left: Span, load_cost: u32, beta: f64) -> bool {
    !left.is_forever() && millis(left) <= f64::from(load_cost) * beta * FURTHEST
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a span beyond 2^53 ms is far from due either way"
)]
fn millis(span: Span) -> f64 {
    span.as_millis() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::ttl::Lifetime;

    fn entry(ttl: u64, load_cost: u32) -> Entry {
        Entry {
            stored_at: Timestamp::ZERO,
            lifetime: Lifetime {
                ttl: Span::from_millis(ttl),
                stale_while_revalidate: Span::ZERO,
                stale_if_error: Span::ZERO,
                retained: Span::ZERO,
            },
            load_cost,
            size: 0,
            hits: 0,
            is_failure: false,
        }
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_fixed_point_is_due_from_its_tick_on() {
        let early = Early::After(Span::from_millis(40));
        assert!(!early.is_due(&entry(100, 0), at(39), 0.5));
        assert!(early.is_due(&entry(100, 0), at(40), 0.5));
    }

    #[test]
    fn xfetch_is_due_when_its_formula_says_so() {
        let early = Early::Probabilistic { beta: 1.0 };
        // -100 · ln(0.5) = 69.3: due from 31 ms before the end of 100 ms on, not at 30.
        assert!(!early.is_due(&entry(100, 100), at(30), 0.5));
        assert!(early.is_due(&entry(100, 100), at(31), 0.5));
    }

    #[test]
    fn a_free_load_or_a_certain_roll_is_never_early() {
        let early = Early::Probabilistic { beta: 1.0 };
        assert!(!early.is_due(&entry(100, 0), at(99), 0.0));
        let almost_one = 1.0 - f64::EPSILON;
        assert!(!early.is_due(&entry(100, 100), at(99), almost_one));
    }

    #[test]
    fn a_roll_of_zero_is_early_but_not_always() {
        let early = Early::Probabilistic { beta: 1.0 };
        assert!(early.is_due(&entry(100_000, 10), at(99_640), 0.0));
        assert!(!early.is_due(&entry(100_000, 10), at(99_000), 0.0));
        assert!(!early.is_due(&entry(u64::MAX, 10), at(99_000), 0.0));
    }
}
