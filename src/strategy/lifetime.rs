//! The lifetime of a loaded value or of a failure.
//!
//! | kind | `ttl`, the first that is given | windows |
//! |---|---|---|
//! | value | the call's, the result's own, the policy's | the result's own, else the policy's |
//! | nothing (`null`, `undefined`) | the call's, `negative_ttl`, the result's own, the policy's | likewise |
//! | failure | its own, `error_ttl` | its own, else none |
//!
//! With a `negative_ttl` of 0 nothing is never stored, whatever the call says. Jitter shortens the
//! `ttl` of values; a soft invalidation since the load began ends it.

use super::ttl::{Lifetime, jittered};
use crate::policy::Policy;
use crate::time::Span;

/// The kinds of results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// A value.
    #[default]
    Value,
    /// `null`, `undefined` or `None`.
    Nothing,
    /// A failure that is to be remembered.
    Failure,
}

/// The host's knowledge of a result; times that it does not state are the policy's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// The kind of the result.
    pub kind: Kind,
    /// The `ttl` that the call gives.
    pub call_ttl: Option<Span>,
    /// The `ttl` of this result: by the policy's function, or by the result itself.
    pub ttl: Option<Span>,
    /// The windows of this result, `ttl` aside.
    pub windows: Option<Lifetime>,
    /// True if one of its tags was softly invalidated since its load began.
    pub is_stale: bool,
    /// True if stores are below the memory: see [`Lifetime::capped`].
    pub is_tiered: bool,
}

/// The lifetime of a result. `roll` is uniform in `[0, 1)`; only policies with jitter look at it.
#[must_use]
pub fn lifetime(policy: &Policy, facts: &Facts, roll: f64) -> Lifetime {
    let negative = policy.negative_ttl();
    let (ttl, windows) = match facts.kind {
        Kind::Failure => {
            let ttl = facts.ttl.unwrap_or(policy.error_ttl());
            (ttl, facts.windows.unwrap_or(Lifetime::NONE))
        }
        Kind::Nothing if negative.is_some_and(Span::is_zero) => return Lifetime::NONE,
        kind => {
            let negative = negative.filter(|_| kind == Kind::Nothing);
            let given = facts.call_ttl.or(negative).or(facts.ttl);
            let ttl = jittered(given.unwrap_or(policy.ttl()), policy.jitter(), roll);
            (ttl, facts.windows.unwrap_or(policy.windows()))
        }
    };
    let ttl = if facts.is_stale { Span::ZERO } else { ttl };
    Lifetime { ttl, ..windows }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Options;

    const fn ms(millis: u64) -> Span {
        Span::from_millis(millis)
    }

    fn policy(negative_ttl: Option<Span>) -> Policy {
        Policy::compile(&Options {
            ttl: Some(ms(100)),
            stale_while_revalidate: ms(20),
            stale_if_error: ms(30),
            jitter: 0.5,
            negative_ttl,
            error_ttl: ms(7),
            ..Options::default()
        })
        .unwrap()
    }

    fn of(ttl: u64, revalidate: u64, if_error: u64) -> Lifetime {
        Lifetime {
            ttl: ms(ttl),
            stale_while_revalidate: ms(revalidate),
            stale_if_error: ms(if_error),
            retained: Span::ZERO,
        }
    }

    #[test]
    fn each_ttl_yields_to_the_one_before_it() {
        let (own, call) = (Some(ms(50)), Some(ms(10)));
        let of_kind = |kind, negative, call_ttl, ttl| {
            let facts = Facts {
                kind,
                call_ttl,
                ttl,
                ..Facts::default()
            };
            lifetime(&policy(negative), &facts, 0.0).ttl.as_millis()
        };
        let values = [(None, None), (None, own), (call, own)];
        assert_eq!(
            values.map(|(call, own)| of_kind(Kind::Value, Some(ms(5)), call, own)),
            [100, 50, 10]
        );
        assert_eq!(
            values.map(|(call, own)| of_kind(Kind::Nothing, Some(ms(5)), call, own)),
            [5, 5, 10]
        );
        assert_eq!(
            values.map(|(call, own)| of_kind(Kind::Nothing, None, call, own)),
            [100, 50, 10]
        );
        assert_eq!(
            values.map(|(call, own)| of_kind(Kind::Nothing, Some(Span::ZERO), call, own)),
            [0, 0, 0]
        );
        assert_eq!(
            values.map(|(call, own)| of_kind(Kind::Failure, None, call, own)),
            [7, 50, 50]
        );
    }

    #[test]
    fn values_have_windows_and_jitter_failures_only_their_own() {
        let policy = policy(None);
        let windows = Some(of(0, 1, 2));
        let facts = Facts::default();
        assert_eq!(lifetime(&policy, &facts, 0.5), of(75, 20, 30));
        let own = Facts { windows, ..facts };
        assert_eq!(lifetime(&policy, &own, 0.5), of(75, 1, 2));
        let failure = Facts {
            kind: Kind::Failure,
            ..facts
        };
        assert_eq!(lifetime(&policy, &failure, 0.5), of(7, 0, 0));
        let own = Facts {
            windows,
            ttl: Some(ms(9)),
            ..failure
        };
        assert_eq!(lifetime(&policy, &own, 0.5), of(9, 1, 2));
    }

    #[test]
    fn a_soft_invalidation_leaves_the_windows() {
        let facts = Facts {
            is_stale: true,
            ..Facts::default()
        };
        assert_eq!(lifetime(&policy(None), &facts, 0.0), of(0, 20, 30));
    }

    #[test]
    fn nothing_with_a_negative_ttl_of_zero_has_no_windows_either() {
        let facts = Facts {
            kind: Kind::Nothing,
            ..Facts::default()
        };
        assert_eq!(
            lifetime(&policy(Some(Span::ZERO)), &facts, 0.0),
            Lifetime::NONE
        );
    }
}
