//! The directives of `Cache-Control` (RFC 9111 §5.2) and of its extensions (RFC 5861, RFC 8246),
//! of responses and of requests.
//!
//! Where a message contradicts itself, or is malformed, the careful reading holds: the shorter of
//! two lifetimes, `no-store` before everything, and 0 for a lifetime that cannot be read (§4.2.1).
//! A prohibition holds however it is written; a permission only when each time well-formed.

use super::list::{Argument, Directive};
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
    /// Freshness lifetime for shared caches.
    SMaxage,
    /// Time past its lifetime for which it may be used stale while it is validated (RFC 5861 §3).
    StaleWhileRevalidate,
    /// Time past its lifetime for which it may be used stale when the origin fails (RFC 5861 §4).
    StaleIfError,
    /// Longest time past its lifetime for a response; [`Span::FOREVER`] without a number.
    MaxStale,
    /// Shortest remaining freshness of a response.
    MinFresh,
}

/// The flags that only permit: malformed, they say nothing.
const PERMISSIONS: u16 = 1 << Flag::Public as u16 | 1 << Flag::Immutable as u16;

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

/// The kind of argument that a directive has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// None.
    Flag,
    /// None, or the names of fields.
    Fields,
    /// A number of seconds.
    Seconds,
    /// Nobody knows.
    Unknown,
}

impl Kind {
    /// The kind of the directive `name`.
    #[inline(never)]
    pub(super) fn of(name: &str) -> Self {
        let is = |known: &&str| is_same(known, name);
        match FLAGS.iter().position(is) {
            Some(at) if at == Flag::NoCache as usize || at == Flag::Private as usize => {
                Self::Fields
            }
            Some(_) => Self::Flag,
            None if SECONDS.iter().any(is) => Self::Seconds,
            None => Self::Unknown,
        }
    }
}

/// The directives of a message, all its lines together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    flags: u16,
    /// The flags, then the numbers, that were malformed at least once.
    malformed: u16,
    seconds: [Option<Span>; SECONDS.len()],
}

impl Directives {
    /// True if the message says this. A directive that lists fields (`no-cache="a"`, `private="a"`)
    /// does not count: see [`super::cache_control::withheld_fields`]. `public` and `immutable` must
    /// be well-formed.
    #[must_use]
    pub const fn has(&self, flag: Flag) -> bool {
        self.flags & !(self.malformed & PERMISSIONS) & (1 << flag as u16) != 0
    }

    /// True if the message says this, each time well-formed: for what a directive permits besides
    /// what it forbids.
    #[must_use]
    pub const fn permits(&self, flag: Flag) -> bool {
        self.flags & !self.malformed & (1 << flag as u16) != 0
    }

    /// True if the message gives this number, each time well-formed.
    #[must_use]
    pub const fn states(&self, name: Seconds) -> bool {
        self.seconds[name as usize].is_some()
            && self.malformed & (1 << (FLAGS.len() + name as usize)) == 0
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
    pub(super) fn add(&mut self, directive: Directive<'_>) {
        let argument = directive.argument;
        let named = |known: &&str| directive.is(known);
        if let Some(at) = FLAGS.iter().position(named) {
            let may_list_fields = at == Flag::NoCache as usize || at == Flag::Private as usize;
            if !(may_list_fields && argument.field_names().is_some()) {
                self.flags |= 1 << at;
            }
            self.malformed |= u16::from(argument != Argument::None) << at;
        } else if let Some(at) = SECONDS.iter().position(named) {
            let number = delta_seconds(argument);
            let known = &mut self.seconds[at];
            let is_open = at == Seconds::MaxStale as usize && argument == Argument::None;
            self.malformed |= u16::from(number.is_none() && !is_open) << (FLAGS.len() + at);
            *known = Some(if at == Seconds::MinFresh as usize {
                number
                    .unwrap_or(DELTA_SECONDS_MAX)
                    .max(known.unwrap_or(Span::ZERO))
            } else {
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
        Argument::Token(digits) | Argument::Quoted(digits) => seconds(digits),
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
        for member in ["Only-If-Cached", "PUBLIC", "min-fresh=3"] {
            all.add(Directive::parse(member));
        }
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
    fn what_forbids_holds_malformed_and_what_permits_does_not() {
        let of = |members: &[&str]| {
            let mut all = Directives::default();
            for member in members {
                all.add(Directive::parse(member));
            }
            all
        };
        for flag in [Flag::Public, Flag::Immutable, Flag::MustRevalidate] {
            let name = FLAGS[flag as usize];
            let with = |more: &str| alloc::format!("{name}{more}");
            assert!(of(&[name]).permits(flag), "{name}");
            for more in ["=", "=1", " =", "= ", "=\"\"", "\u{a0}", ";"] {
                let forbids = flag == Flag::MustRevalidate;
                for members in [&[&*with(more)][..], &[name, &with(more)]] {
                    assert!(!of(members).permits(flag), "{members:?}");
                    assert_eq!(of(members).has(flag), forbids, "{members:?}");
                }
            }
        }
        assert!(of(&["s-maxage=1"]).states(Seconds::SMaxage));
        assert!(of(&["s-maxage=\"1\""]).states(Seconds::SMaxage));
        for broken in ["s-maxage", "s-maxage=", "s-maxage=x", "s-maxage =1"] {
            assert!(!of(&[broken]).states(Seconds::SMaxage), "{broken}");
            assert!(!of(&["s-maxage=1", broken]).states(Seconds::SMaxage));
        }
        assert!(!of(&["max-age=1"]).states(Seconds::SMaxage));
    }

    #[test]
    fn numbers_are_capped() {
        assert_eq!(seconds("2147483647"), Some(Span::from_secs(2_147_483_647)));
        for large in ["2147483648", "2147483649", "99999999999999999999999"] {
            assert_eq!(seconds(large), Some(DELTA_SECONDS_MAX), "{large}");
        }
    }
}
