//! The directives of `Cache-Control` (RFC 9111 §5.2) and of its extensions (RFC 5861, RFC 8246),
//! of responses and of requests.
//!
//! Where a message contradicts itself, the careful reading holds: the shorter of two lifetimes,
//! `no-store` before everything, and 0 for a lifetime that cannot be read (§4.2.1).

use super::list::Argument;
use super::text::{decimal, is_same};
use crate::time::Span;

/// The largest delta-seconds; larger ones count as this (RFC 9111 §1.2.2).
pub const DELTA_SECONDS_MAX: Span = Span::from_secs(1 << 31);

/// Directives that are there or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// Of a response: validate it before each use. Of a request: ask the origin first.
    NoCache,
    /// Keep nothing.
    NoStore,
    /// Only caches of one user may store it.
    Private,
    /// Any cache may store it.
    Public,
    /// Never use it stale.
    MustRevalidate,
    /// The same for shared caches.
    ProxyRevalidate,
    /// Store it only if its status is understood, and then despite `no-store`.
    MustUnderstand,
    /// It does not change while it is fresh (RFC 8246).
    Immutable,
    /// Answer from the cache or with 504.
    OnlyIfCached,
}

/// Directives with a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seconds {
    /// Of a response: how long it is fresh. Of a request: the greatest age that will do.
    MaxAge,
    /// How long it is fresh for shared caches.
    SMaxage,
    /// How long it may be used stale while it is validated (RFC 5861 §3).
    StaleWhileRevalidate,
    /// How long it may be used stale when the origin fails (RFC 5861 §4).
    StaleIfError,
    /// How far past its lifetime a response may be; [`Span::FOREVER`] without a number.
    MaxStale,
    /// How much longer a response must stay fresh.
    MinFresh,
}

/// In the order of [`Flag`].
const FLAGS: [&str; 9] = [
    "no-cache",
    "no-store",
    "private",
    "public",
    "must-revalidate",
    "proxy-revalidate",
    "must-understand",
    "immutable",
    "only-if-cached",
];

/// In the order of [`Seconds`].
const SECONDS: [&str; 6] = [
    "max-age",
    "s-maxage",
    "stale-while-revalidate",
    "stale-if-error",
    "max-stale",
    "min-fresh",
];

/// What a message says, all its lines together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    flags: u16,
    seconds: [Option<Span>; SECONDS.len()],
}

impl Directives {
    /// Whether the message says this. What lists fields (`no-cache="a"`, `private="a"`) is not
    /// meant: see [`super::cache_control::withheld_fields`].
    #[must_use]
    pub const fn has(&self, flag: Flag) -> bool {
        self.flags & (1 << flag as u16) != 0
    }

    /// Adds what a directive would have said.
    #[must_use]
    pub const fn with(mut self, flag: Flag) -> Self {
        self.flags |= 1 << flag as u16;
        self
    }

    /// The number of a directive; `None` when the message does not say.
    #[must_use]
    pub const fn seconds(&self, name: Seconds) -> Option<Span> {
        self.seconds[name as usize]
    }

    /// The same with that number.
    #[must_use]
    pub const fn with_seconds(mut self, name: Seconds, span: Option<Span>) -> Self {
        self.seconds[name as usize] = span;
        self
    }

    /// Takes one more directive. Names that are not known say nothing.
    pub(super) fn add(&mut self, name: &str, argument: Argument<'_>) {
        let named = |known: &&str| is_same(known, name);
        if let Some(at) = FLAGS.iter().position(named) {
            let lists_fields = at == Flag::NoCache as usize || at == Flag::Private as usize;
            if !(lists_fields && matches!(argument, Argument::Value(_))) {
                self.flags |= 1 << at;
            }
        } else if let Some(at) = SECONDS.iter().position(named) {
            let number = delta_seconds(argument);
            let known = &mut self.seconds[at];
            *known = Some(if at == Seconds::MinFresh as usize {
                number
                    .unwrap_or(DELTA_SECONDS_MAX)
                    .max(known.unwrap_or(Span::ZERO))
            } else {
                let is_open = at == Seconds::MaxStale as usize && argument == Argument::None;
                let careful = if is_open { Span::FOREVER } else { Span::ZERO };
                number
                    .unwrap_or(careful)
                    .min(known.unwrap_or(Span::FOREVER))
            });
        }
    }
}

/// Delta-seconds (§1.2.2), capped; `None` when there is no number.
fn delta_seconds(argument: Argument<'_>) -> Option<Span> {
    match argument {
        Argument::Value(digits) => seconds(digits),
        Argument::None | Argument::Malformed => None,
    }
}

/// A number of seconds in digits, capped at [`DELTA_SECONDS_MAX`].
#[must_use]
pub fn seconds(digits: &str) -> Option<Span> {
    let number = decimal(digits)?;
    Some(Span::from_secs(number).min(DELTA_SECONDS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_their_enums() {
        let mut all = Directives::default();
        all.add("Only-If-Cached", Argument::None);
        all.add("PUBLIC", Argument::None);
        all.add("min-fresh", Argument::Value("3"));
        assert!(all.has(Flag::OnlyIfCached) && all.has(Flag::Public) && !all.has(Flag::Private));
        assert_eq!(all.seconds(Seconds::MinFresh), Some(Span::from_secs(3)));
        assert_eq!(all.seconds(Seconds::MaxStale), None);
        let same = Directives::default()
            .with(Flag::OnlyIfCached)
            .with(Flag::Public)
            .with_seconds(Seconds::MinFresh, Some(Span::from_secs(3)));
        assert_eq!(all, same);
    }

    #[test]
    fn numbers_are_capped() {
        assert_eq!(seconds("2147483647"), Some(Span::from_secs(2_147_483_647)));
        for large in ["2147483648", "2147483649", "99999999999999999999999"] {
            assert_eq!(seconds(large), Some(DELTA_SECONDS_MAX), "{large}");
        }
    }
}
