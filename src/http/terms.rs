//! The terms on which a response is kept: how long it is fresh, and how long it may be used stale,
//! by its own word and by the policy where it is silent.

use super::storing::Storing;
use crate::time::Span;

/// Time beyond its windows for which a response that can be validated is kept.
pub const RETAINED: Span = Span::from_secs(86_400);

/// The freshness that a response states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stated {
    /// The lifetime it states.
    pub lifetime: Option<Span>,
    /// The lifetime that may be guessed.
    pub heuristic: Option<Span>,
    /// Its age when its head came (RFC 9111 §4.2.3).
    pub initial_age: Span,
    /// `stale-while-revalidate`.
    pub stale_while_revalidate: Option<Span>,
    /// `stale-if-error`.
    pub stale_if_error: Option<Span>,
    /// `no-cache`: it is validated before each use.
    pub validate: bool,
    /// It must not be used stale (§4.2.4).
    pub never_stale: bool,
    /// It has a validator.
    pub has_validator: bool,
}

/// The lifetimes that a policy gives to responses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The lifetime of a response that states none.
    pub ttl: Option<Span>,
    /// For a response that does not say.
    pub stale_while_revalidate: Span,
    /// For a response that does not say.
    pub stale_if_error: Span,
    /// The policy rules even where the response speaks, from when it came.
    pub overrides: bool,
}

impl Policy {
    /// Returns the decision to store a response, where the policy has a say: one that rules gives a
    /// lifetime to what has none.
    #[must_use]
    pub fn overrule(&self, storing: Storing) -> Storing {
        match storing {
            Storing::Silent if self.overrides && self.ttl.is_some() => Storing::Allowed,
            storing => storing,
        }
    }
}

/// The lifetime of a response and its windows, counted from the time of storing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Its age when it is stored.
    pub initial_age: Span,
    /// Time for which it stays fresh.
    pub ttl: Span,
    /// Time since the end of its lifetime; zero for a fresh response.
    pub overdue: Span,
    /// Time past `ttl` for which it may be used while it is validated.
    pub stale_while_revalidate: Span,
    /// Time past `ttl` for which it may be used when the origin fails.
    pub stale_if_error: Span,
    /// Time past its windows for which it is kept to be validated.
    pub retained: Span,
}

impl Terms {
    /// True if there is a use for the response: an answer, or a condition to ask with.
    #[must_use]
    pub fn is_of_use(&self) -> bool {
        let windows = self.stale_while_revalidate.max(self.stale_if_error);
        !(self.ttl.max(windows).max(self.retained)).is_zero()
    }

    /// The terms of what answers while it is fresh, and not beyond.
    #[must_use]
    pub fn without_windows(self) -> Self {
        Self {
            stale_while_revalidate: Span::ZERO,
            stale_if_error: Span::ZERO,
            retained: Span::ZERO,
            ..self
        }
    }

    /// The time for which the record of a URL's variants is kept: longer than the variants.
    #[must_use]
    pub fn of_record(&self) -> Span {
        let windows = self.stale_while_revalidate.max(self.stale_if_error);
        (self.ttl + windows + self.retained).max(RETAINED)
    }
}

/// The terms of a response that was complete `elapsed` after its head had come.
///
/// Windows begin when a response becomes stale (RFC 5861 §3), wherever it was then: one that
/// arrives stale has used up as much of them, and the same holds for the policy's windows. So no
/// chain of caches serves a response for longer past its lifetime than one cache would.
#[must_use]
pub fn terms(stated: &Stated, policy: &Policy, elapsed: Span) -> Terms {
    let initial_age = stated.initial_age + elapsed;
    let retained = if stated.has_validator {
        RETAINED
    } else {
        Span::ZERO
    };
    if let Some(ttl) = policy.ttl.filter(|_| policy.overrides) {
        return Terms {
            initial_age,
            ttl,
            overdue: Span::ZERO,
            stale_while_revalidate: policy.stale_while_revalidate,
            stale_if_error: policy.stale_if_error,
            retained,
        };
    }
    let guessed = policy.ttl.or(stated.heuristic);
    let lifetime = stated.lifetime.or(guessed).unwrap_or(Span::ZERO);
    let overdue = initial_age.minus(lifetime);
    let left = |window: Option<Span>, otherwise: Span| {
        let window = window.unwrap_or(otherwise);
        if stated.never_stale {
            Span::ZERO
        } else {
            window.minus(overdue)
        }
    };
    Terms {
        initial_age,
        ttl: stated.fresh_for(lifetime, initial_age),
        overdue,
        stale_while_revalidate: left(stated.stale_while_revalidate, policy.stale_while_revalidate),
        stale_if_error: left(stated.stale_if_error, policy.stale_if_error),
        retained,
    }
}

/// The terms of a response that counts as a failure: it is kept for as long as it says itself, and
/// stands in for nothing.
#[must_use]
pub fn terms_of_failure(stated: &Stated, elapsed: Span) -> Terms {
    let initial_age = stated.initial_age + elapsed;
    let lifetime = stated.lifetime.or(stated.heuristic).unwrap_or(Span::ZERO);
    Terms {
        initial_age,
        ttl: stated.fresh_for(lifetime, initial_age),
        overdue: initial_age.minus(lifetime),
        ..Terms::default()
    }
}

impl Stated {
    const fn fresh_for(&self, lifetime: Span, age: Span) -> Span {
        if self.validate {
            Span::ZERO
        } else {
            lifetime.minus(age)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn secs(seconds: u64) -> Span {
        Span::from_secs(seconds)
    }

    fn stated(lifetime: u64, age: u64) -> Stated {
        Stated {
            lifetime: Some(secs(lifetime)),
            initial_age: secs(age),
            ..Stated::default()
        }
    }

    fn windows(stated: &Stated, policy: &Policy) -> [u64; 2] {
        let terms = terms(stated, policy, Span::ZERO);
        [terms.stale_while_revalidate, terms.stale_if_error].map(|span| span.as_millis() / 1000)
    }

    #[test]
    fn windows_are_counted_from_expiry() {
        let of = |lifetime, age| {
            let stated = Stated {
                stale_while_revalidate: Some(secs(30)),
                stale_if_error: Some(secs(40)),
                ..stated(lifetime, age)
            };
            windows(&stated, &Policy::default())
        };
        assert_eq!(of(60, 0), [30, 40]);
        assert_eq!(of(60, 60), [30, 40]);
        assert_eq!(of(60, 80), [10, 20]);
        assert_eq!(of(60, 95), [0, 5]);
        assert_eq!(of(60, 1000), [0, 0]);
    }

    #[test]
    fn the_policys_windows_are_too() {
        let policy = Policy {
            stale_while_revalidate: secs(30),
            stale_if_error: secs(86_400),
            ..Policy::default()
        };
        assert_eq!(windows(&stated(60, 1060), &policy), [0, 85_400]);
        assert_eq!(windows(&stated(60, 10), &policy), [30, 86_400]);
        let forever = Policy {
            stale_if_error: Span::FOREVER,
            ..policy
        };
        let terms = terms(&stated(60, 1060), &forever, Span::ZERO);
        assert_eq!(terms.stale_if_error, Span::FOREVER);
        assert_eq!(terms.overdue, secs(1000));
    }

    #[test]
    fn a_silent_response_ages_by_the_policys_ttl() {
        let silent = Stated {
            initial_age: secs(70),
            ..Stated::default()
        };
        let policy = Policy {
            ttl: Some(secs(60)),
            stale_if_error: secs(30),
            ..Policy::default()
        };
        let of = terms(&silent, &policy, Span::ZERO);
        assert_eq!(
            (of.ttl, of.overdue, of.stale_if_error),
            (secs(0), secs(10), secs(20))
        );
    }

    #[test]
    fn time_on_the_way_counts() {
        let of = terms(&stated(60, 50), &Policy::default(), secs(15));
        assert_eq!(
            (of.initial_age, of.ttl, of.overdue),
            (secs(65), secs(0), secs(5))
        );
    }

    #[test]
    fn a_policy_that_overrides_counts_from_the_arrival() {
        let policy = Policy {
            ttl: Some(secs(60)),
            stale_if_error: secs(30),
            overrides: true,
            ..Policy::default()
        };
        let strict = Stated {
            never_stale: true,
            validate: true,
            ..stated(10, 1000)
        };
        let of = terms(&strict, &policy, Span::ZERO);
        assert_eq!(
            (of.ttl, of.overdue, of.stale_if_error),
            (secs(60), secs(0), secs(30))
        );
        let without = Policy {
            ttl: None,
            ..policy
        };
        assert_eq!(terms(&strict, &without, Span::ZERO).ttl, secs(0));
    }

    #[test]
    fn nothing_is_used_stale_that_forbids_it_nor_unasked_that_wants_validation() {
        let policy = Policy {
            stale_while_revalidate: secs(30),
            stale_if_error: secs(30),
            ..Policy::default()
        };
        let strict = Stated {
            never_stale: true,
            has_validator: true,
            ..stated(60, 0)
        };
        assert_eq!(windows(&strict, &policy), [0, 0]);
        let validated = Stated {
            validate: true,
            ..strict
        };
        let of = terms(&validated, &policy, Span::ZERO);
        assert_eq!((of.ttl, of.retained), (secs(0), RETAINED));
    }

    #[test]
    fn a_failure_stands_in_for_nothing() {
        let failure = Stated {
            stale_if_error: Some(secs(30)),
            has_validator: true,
            ..stated(60, 10)
        };
        let of = terms_of_failure(&failure, secs(5));
        let expected = Terms {
            initial_age: secs(15),
            ttl: secs(45),
            ..Terms::default()
        };
        assert_eq!(of, expected);
    }

    proptest! {
        /// Two caches in a row serve nothing for longer past its lifetime than one.
        #[test]
        fn a_chain_is_no_staler_than_one_cache(lifetime in 0_u64..100, window in 0_u64..100, first in 0_u64..300, second in 0_u64..300) {
            let policy = Policy { stale_if_error: secs(window), ..Policy::default() };
            let near = terms(&stated(lifetime, 0), &policy, Span::ZERO);
            prop_assume!(secs(first) < near.ttl + near.stale_if_error);
            let far = terms(&stated(lifetime, first), &policy, Span::ZERO);
            let is_served = secs(second) < far.ttl + far.stale_if_error;
            prop_assert_eq!(is_served, first + second < lifetime + window);
        }
    }
}
