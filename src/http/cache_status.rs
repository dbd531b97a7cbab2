//! The member of `Cache-Status` (RFC 9211) in which this cache tells how it answered.

use super::status::Status;
use super::text::{integer, push};
use crate::time::Span;
use alloc::string::String;

/// The reason why a request went to the origin: `fwd` (§2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Forward {
    /// The cache was told not to handle it.
    Bypass,
    /// Its method.
    Method,
    /// Nothing was stored for its URL.
    UriMiss,
    /// The responses stored for its URL answer other requests.
    VaryMiss,
    /// It asked for it.
    Request,
    /// The stored response was stale.
    Stale,
    /// The stored response is a part, and not the one that was asked for.
    Partial,
}

impl Forward {
    /// All reasons.
    pub const ALL: [Self; 7] = [
        Self::Bypass,
        Self::Method,
        Self::UriMiss,
        Self::VaryMiss,
        Self::Request,
        Self::Stale,
        Self::Partial,
    ];

    /// Its token in the field.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::Method => "method",
            Self::UriMiss => "uri-miss",
            Self::VaryMiss => "vary-miss",
            Self::Request => "request",
            Self::Stale => "stale",
            Self::Partial => "partial",
        }
    }
}

/// The reason why a stored response answered that is not fresh, or not in its turn: `detail`
/// (§2.8). The names are those of the sources of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Instead {
    /// It is revalidated meanwhile.
    Stale,
    /// The origin was slow.
    Failover,
    /// The origin failed, or was not to be asked.
    ErrorFallback,
}

impl Instead {
    /// Its token in the field.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stale => "stale",
            Self::Failover => "failover",
            Self::ErrorFallback => "error-fallback",
        }
    }
}

/// Whole seconds for which a response stays fresh, rounded down: `ttl` (§2.4). Negative for a stale
/// one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left(i64);

impl Left {
    /// The most that is told: 31 years.
    pub const MOST: i64 = 999_999_999;

    /// Returns the rest of `lifetime` at `age`.
    #[must_use]
    pub fn of(lifetime: Span, age: Span) -> Self {
        let over = age.minus(lifetime).as_millis().div_ceil(1000);
        let left = lifetime.minus(age).as_millis() / 1000;
        let capped =
            |seconds: u64| i64::try_from(seconds).map_or(Self::MOST, |n| n.min(Self::MOST));
        Self(capped(left) - capped(over))
    }
}

/// The handling of a request by a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheStatus {
    /// With a stored response.
    Hit {
        /// Its freshness.
        left: Left,
        /// The reason, for one that a fresh answer would have gone before.
        instead: Option<Instead>,
    },
    /// With the response that another request brought meanwhile.
    Collapsed {
        /// The reason why that was waited for.
        forward: Forward,
    },
    /// With the response of the origin.
    Forwarded {
        /// The reason why it was asked.
        forward: Forward,
        /// The status that it answered with, where that is not the response's own.
        status: Option<Status>,
        /// True if the response is stored.
        stored: bool,
    },
}

impl CacheStatus {
    /// Returns the member.
    #[must_use]
    pub fn member(&self) -> String {
        let mut text = String::from("holdover");
        match *self {
            Self::Hit { left, instead } => {
                push(&mut text, &["; hit; ttl="]);
                integer(&mut text, left.0);
                if let Some(instead) = instead {
                    push(&mut text, &["; detail=", instead.name()]);
                }
            }
            Self::Collapsed { forward } => {
                push(&mut text, &["; fwd=", forward.name(), "; collapsed"]);
            }
            Self::Forwarded {
                forward,
                status,
                stored,
            } => {
                push(&mut text, &["; fwd=", forward.name()]);
                if let Some(Status(code)) = status {
                    push(&mut text, &["; fwd-status="]);
                    integer(&mut text, i64::from(code));
                }
                push(&mut text, &[if stored { "; stored" } else { "" }]);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::structured::{Parser, Value};
    use super::*;
    use proptest::prelude::*;

    const fn hit(left: i64, instead: Option<Instead>) -> CacheStatus {
        CacheStatus::Hit {
            left: Left(left),
            instead,
        }
    }

    #[test]
    fn each_way_to_answer_has_its_parameters() {
        let forwarded = |forward, status: u16, stored| CacheStatus::Forwarded {
            forward,
            status: (status > 0).then_some(Status(status)),
            stored,
        };
        let collapsed = CacheStatus::Collapsed {
            forward: Forward::VaryMiss,
        };
        let expected = [
            (hit(376, None), "holdover; hit; ttl=376"),
            (
                hit(-1, Some(Instead::Stale)),
                "holdover; hit; ttl=-1; detail=stale",
            ),
            (
                hit(0, Some(Instead::Failover)),
                "holdover; hit; ttl=0; detail=failover",
            ),
            (
                hit(-90, Some(Instead::ErrorFallback)),
                "holdover; hit; ttl=-90; detail=error-fallback",
            ),
            (collapsed, "holdover; fwd=vary-miss; collapsed"),
            (forwarded(Forward::Bypass, 0, false), "holdover; fwd=bypass"),
            (
                forwarded(Forward::Stale, 304, true),
                "holdover; fwd=stale; fwd-status=304; stored",
            ),
            (
                forwarded(Forward::Method, 201, false),
                "holdover; fwd=method; fwd-status=201",
            ),
        ];
        for (status, text) in expected {
            assert_eq!(status.member(), text);
        }
    }

    #[test]
    fn seconds_are_rounded_down() {
        let left = |lifetime, age| Left::of(Span::from_millis(lifetime), Span::from_millis(age)).0;
        assert_eq!(left(60_000, 1), 59);
        assert_eq!(left(60_000, 60_000), 0);
        assert_eq!(left(60_000, 60_001), -1);
        assert_eq!(left(60_000, 61_000), -1);
        assert_eq!(left(0, 61_001), -62);
        assert_eq!(left(u64::MAX, 0), Left::MOST);
        assert_eq!(left(0, u64::MAX), -Left::MOST);
    }

    fn any_status() -> impl Strategy<Value = CacheStatus> {
        let forward = (0..Forward::ALL.len()).prop_map(|at| Forward::ALL[at]);
        let instead = proptest::option::of(prop_oneof![
            Just(Instead::Stale),
            Just(Instead::Failover),
            Just(Instead::ErrorFallback),
        ]);
        let left = (any::<u64>(), any::<u64>());
        prop_oneof![
            (left, instead).prop_map(|((lifetime, age), instead)| CacheStatus::Hit {
                left: Left::of(Span::from_millis(lifetime), Span::from_millis(age)),
                instead,
            }),
            forward
                .clone()
                .prop_map(|forward| CacheStatus::Collapsed { forward }),
            (forward, proptest::option::of(100_u16..1000), any::<bool>()).prop_map(
                |(forward, status, stored)| CacheStatus::Forwarded {
                    forward,
                    status: status.map(Status),
                    stored,
                }
            ),
        ]
    }

    proptest! {
        #[test]
        fn whatever_it_tells_is_one_member_of_a_list(status in any_status()) {
            let text = status.member();
            let mut parser = Parser::new(&text);
            prop_assert_eq!(parser.item(), Some(Value::Token("holdover")));
            prop_assert!(parser.is_done(), "{}", text);
        }
    }
}
