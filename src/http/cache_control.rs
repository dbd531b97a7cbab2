//! `Cache-Control` (RFC 9111 §5.2) and the directives of its extensions (RFC 5861, RFC 8246).
//!
//! Where a response contradicts itself, the careful reading holds: the shorter of two lifetimes,
//! `no-store` before everything, and 0 for a lifetime that cannot be read (§4.2.1).

use super::head::{FieldNames, Head};
use super::list::{Argument, Directive, members};
use super::targeted;
use crate::time::Span;

/// The largest delta-seconds; larger ones count as this (RFC 9111 §1.2.2).
pub const DELTA_SECONDS_MAX: u64 = 1 << 31;

/// What a response asks of caches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a directive of its own, and they combine freely"
)]
pub struct ResponseDirectives {
    /// Keep nothing of it.
    pub no_store: bool,
    /// Validate before each use. Without field names; with them see [`withheld_fields`].
    pub no_cache: bool,
    /// Only caches of one user may store it. Without field names, too.
    pub private: bool,
    /// Any cache may store it.
    pub public: bool,
    /// Never use it stale.
    pub must_revalidate: bool,
    /// The same for shared caches.
    pub proxy_revalidate: bool,
    /// Store it only if its status is understood, and then despite `no-store`.
    pub must_understand: bool,
    /// It does not change while it is fresh (RFC 8246).
    pub immutable: bool,
    /// How long it is fresh.
    pub max_age: Option<Span>,
    /// How long it is fresh for shared caches.
    pub s_maxage: Option<Span>,
    /// How long it may be used stale while it is validated (RFC 5861 §3).
    pub stale_while_revalidate: Option<Span>,
    /// How long it may be used stale when the origin fails (RFC 5861 §4).
    pub stale_if_error: Option<Span>,
    /// Whether they came from a targeted field, so that `Expires` says nothing (RFC 9213 §2.2).
    pub targeted: bool,
}

/// Which caches' rules hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope<'a> {
    /// Whether several users share the cache.
    pub shared: bool,
    /// The targeted fields that speak to this cache, in order of priority, separated by commas
    /// (RFC 9213 §2.2): usually `cdn-cache-control` for shared caches and nothing for private ones.
    pub targets: &'a str,
}

impl ResponseDirectives {
    /// The directives that hold for a cache: those of the first targeted field that is valid and
    /// not empty, else those of `Cache-Control`.
    #[must_use]
    pub fn of(head: Head<'_>, scope: Scope<'_>) -> Self {
        let mut all = Self::default();
        all.targeted = read(head, scope, &mut |directive| all.apply(directive));
        all
    }

    fn apply(&mut self, directive: &Directive<'_>) {
        let is = |name: &str| directive.name.eq_ignore_ascii_case(name);
        let lists_fields = matches!(directive.argument, Argument::Value(_));
        if let Some(span) = self.span_mut(directive.name) {
            let seconds = delta_seconds(directive.argument).unwrap_or(Span::ZERO);
            *span = Some(span.map_or(seconds, |earlier| earlier.min(seconds)));
        } else if is("no-store") {
            self.no_store = true;
        } else if is("no-cache") {
            self.no_cache |= !lists_fields;
        } else if is("private") {
            self.private |= !lists_fields;
        } else if let Some(flag) = self.flag_mut(directive.name) {
            *flag = true;
        }
    }

    fn span_mut(&mut self, name: &str) -> Option<&mut Option<Span>> {
        let spans = [
            ("max-age", &mut self.max_age),
            ("s-maxage", &mut self.s_maxage),
            ("stale-while-revalidate", &mut self.stale_while_revalidate),
            ("stale-if-error", &mut self.stale_if_error),
        ];
        named(spans, name)
    }

    fn flag_mut(&mut self, name: &str) -> Option<&mut bool> {
        let flags = [
            ("public", &mut self.public),
            ("must-revalidate", &mut self.must_revalidate),
            ("proxy-revalidate", &mut self.proxy_revalidate),
            ("must-understand", &mut self.must_understand),
            ("immutable", &mut self.immutable),
        ];
        named(flags, name)
    }

    /// Whether it may never be used stale: `no-cache`, `must-revalidate`, and for shared caches
    /// `proxy-revalidate` and `s-maxage` (§4.2.4, §5.2.2.10).
    #[must_use]
    pub const fn forbids_stale(&self, shared: bool) -> bool {
        let shared_only = self.proxy_revalidate || self.s_maxage.is_some();
        self.no_cache || self.must_revalidate || (shared && shared_only)
    }

    /// Whether a shared cache may store it although its request carried `Authorization` (§3.5).
    #[must_use]
    pub const fn permits_authorized(&self) -> bool {
        self.public || self.must_revalidate || self.s_maxage.is_some()
    }
}

fn named<T, const N: usize>(all: [(&str, T); N], name: &str) -> Option<T> {
    let mut all = all.into_iter();
    all.find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// Gives each directive that holds to `take`; tells whether they came from a targeted field.
fn read<'a>(head: Head<'a>, scope: Scope<'_>, take: &mut dyn FnMut(&Directive<'a>)) -> bool {
    for target in scope.targets.split(',').map(str::trim_ascii) {
        if targeted::read(head, target, take) {
            return true;
        }
    }
    for value in head.values("cache-control") {
        for member in members(value) {
            take(&Directive::parse(member));
        }
    }
    false
}

/// Adds the fields that `no-cache="…"` and, for shared caches, `private="…"` keep out of what is
/// stored (§5.2.2.4, §5.2.2.7).
pub fn withheld_fields<'a>(head: Head<'a>, scope: Scope<'_>, names: &mut FieldNames<'a>) {
    read(head, scope, &mut |directive| {
        let is = |name: &str| directive.name.eq_ignore_ascii_case(name);
        if let Argument::Value(fields) = directive.argument
            && (is("no-cache") || (scope.shared && is("private")))
        {
            names.add_list(fields);
        }
    });
}

/// Delta-seconds (§1.2.2), capped; `None` when there is no number.
#[must_use]
pub fn delta_seconds(argument: Argument<'_>) -> Option<Span> {
    match argument {
        Argument::Value(digits) => seconds(digits),
        Argument::None | Argument::Malformed => None,
    }
}

/// A number of seconds in digits, capped at [`DELTA_SECONDS_MAX`].
#[must_use]
pub fn seconds(digits: &str) -> Option<Span> {
    let number = decimal(digits)?;
    Some(Span::from_secs(number.min(DELTA_SECONDS_MAX)))
}

/// A number in decimal digits and nothing else; saturates.
#[must_use]
pub fn decimal(digits: &str) -> Option<u64> {
    let mut number = 0_u64;
    for byte in digits.bytes() {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number = number.saturating_mul(10).saturating_add(digit);
    }
    (!digits.is_empty()).then_some(number)
}

#[cfg(test)]
#[path = "cache_control_tests.rs"]
mod tests;
