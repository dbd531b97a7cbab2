//! `Cache-Control` of responses (RFC 9111 §5.2.2) and the targeted fields before it (RFC 9213).

use super::directive::{Directives, Flag, Seconds};
use super::head::{FieldNames, Head};
use super::list::{self, Directive};
use super::targeted;
use super::text::{cut, trim};

/// The kind of cache whose rules apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope<'a> {
    /// True if several users share the cache.
    pub shared: bool,
    /// The targeted fields that speak to this cache, in order of priority, separated by commas
    /// (RFC 9213 §2.2): usually `cdn-cache-control` for shared caches and nothing for private ones.
    pub targets: &'a str,
    /// True if a shared cache keeps `Set-Cookie` with a stored response (§7.3 permits it), so that
    /// everybody gets the cookie that was meant for one request.
    pub keeps_set_cookie: bool,
    /// True if the host hides fields of requests from scripts, as browsers hide `Cookie`: see
    /// [`super::vary::HIDDEN`].
    pub hides_fields: bool,
}

/// The directives of a response for caches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResponseDirectives {
    /// The directives that hold.
    pub directives: Directives,
    /// True if they came from a targeted field, so that `Expires` is ignored (RFC 9213 §2.2).
    pub targeted: bool,
}

impl ResponseDirectives {
    /// The directives that hold for a cache: those of the first targeted field that is valid and
    /// not empty, else those of `Cache-Control`.
    #[must_use]
    pub fn of(head: Head<'_>, scope: Scope<'_>) -> Self {
        let mut directives = Directives::default();
        let targeted = read(head, scope, &mut |directive| {
            directives.add(directive);
        });
        Self {
            directives,
            targeted,
        }
    }

    /// True if the response has this directive.
    #[must_use]
    pub const fn has(&self, flag: Flag) -> bool {
        self.directives.has(flag)
    }

    /// True if it may never be used stale: `no-cache`, `must-revalidate`, and for shared caches
    /// `proxy-revalidate` and `s-maxage` (§4.2.4, §5.2.2.10).
    #[must_use]
    pub const fn forbids_stale(&self, shared: bool) -> bool {
        let for_shared =
            self.has(Flag::ProxyRevalidate) || self.directives.seconds(Seconds::SMaxage).is_some();
        self.has(Flag::NoCache) || self.has(Flag::MustRevalidate) || (shared && for_shared)
    }

    /// True if a shared cache may store it although its request carried `Authorization` (§3.5).
    #[must_use]
    pub const fn permits_authorized(&self) -> bool {
        self.directives.permits(Flag::Public)
            || self.directives.permits(Flag::MustRevalidate)
            || self.directives.states(Seconds::SMaxage)
    }
}

/// Gives each directive that holds to `take`; tells whether they came from a targeted field.
fn read<'a>(head: Head<'a>, scope: Scope<'_>, take: &mut dyn FnMut(Directive<'a>)) -> bool {
    let mut targets = Some(scope.targets);
    while let Some(list) = targets {
        let (target, rest) = cut(list, b',');
        if targeted::read(head, trim(target), take) {
            return true;
        }
        targets = rest;
    }
    read_lines(head, take);
    false
}

/// Gives each directive in `Cache-Control` to `take`.
#[inline(never)]
pub(super) fn read_lines<'a>(head: Head<'a>, take: &mut dyn FnMut(Directive<'a>)) {
    for value in head.values("cache-control") {
        list::directives(value, take);
    }
}

/// Adds the fields that `no-cache="…"` and, for shared caches, `private="…"` keep out of what is
/// stored (§5.2.2.4, §5.2.2.7).
pub fn withheld_fields<'a>(head: Head<'a>, scope: Scope<'_>, names: &mut FieldNames<'a>) {
    read(head, scope, &mut |directive| {
        let is = |name: &str| directive.is(name);
        if let Some(fields) = directive.argument.field_names()
            && (is("no-cache") || (scope.shared && is("private")))
        {
            names.add_list(fields);
        }
    });
}

#[cfg(test)]
#[path = "cache_control_tests.rs"]
mod tests;
