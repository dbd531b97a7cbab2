//! Directives of requests for caches (RFC 9111 §5.2.1), and reuse of stored responses (§4).

use super::cache_control::read_lines;
use super::directive::{Directives, Flag, Seconds};
use super::freshness::is_old_no_cache;
use super::head::Head;
use crate::time::Span;

/// The directives of a request. `Pragma: no-cache` alone means `no-cache` (§5.4).
#[must_use]
pub fn directives(head: Head<'_>) -> Directives {
    let mut all = Directives::default();
    if is_old_no_cache(head) {
        all = all.with(Flag::NoCache);
    }
    read_lines(head, &mut |directive| {
        all.add(directive);
    });
    all
}

/// A stored response as [`reuse`] sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredAge {
    /// Freshness lifetime, from age 0.
    pub lifetime: Span,
    /// Current age, the age at its arrival included (RFC 9111 §4.2.3).
    pub age: Span,
    /// True if it is to be validated before each use.
    pub validate: bool,
    /// True if it may never be used stale.
    pub never_stale: bool,
}

/// The way in which a stored response may answer a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// As it is.
    Fresh,
    /// As it is, as the request takes stale ones.
    Stale,
    /// Not before it was validated.
    Validate,
}

/// Decides if `stored` may answer a request with these directives (§4).
///
/// `max-age=0` is how clients have always spelled "ask the origin", so it never matches, even in
/// the millisecond in which a response was stored.
#[must_use]
pub fn reuse(stored: &StoredAge, request: &Directives) -> Reuse {
    let asks = |name| request.seconds(name);
    let too_old = asks(Seconds::MaxAge).is_some_and(|most| most.is_zero() || stored.age > most);
    let left = stored.lifetime.minus(stored.age);
    let too_near = asks(Seconds::MinFresh).is_some_and(|least| left < least);
    if request.has(Flag::NoCache) || stored.validate || too_old || too_near {
        return Reuse::Validate;
    }
    if stored.age < stored.lifetime || stored.lifetime.is_forever() {
        return Reuse::Fresh;
    }
    let past = stored.age.minus(stored.lifetime);
    let is_taken = asks(Seconds::MaxStale).is_some_and(|most| past <= most);
    if is_taken && !stored.never_stale {
        Reuse::Stale
    } else {
        Reuse::Validate
    }
}

/// The methods that the IANA HTTP Method Registry calls safe. `PRI` is none that is ever asked.
const SAFE: [&str; 8] = [
    "GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "QUERY", "REPORT", "SEARCH",
];

/// True if a method asks for no change at the origin (RFC 9110 §9.2.1). Unknown ones are unsafe.
#[inline(never)]
#[must_use]
pub fn is_safe(method: &str) -> bool {
    SAFE.contains(&method)
}

#[cfg(test)]
mod tests {
    use super::super::directive::DELTA_SECONDS_MAX;
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    fn asked(value: &str) -> Directives {
        directives(Head::new(&format!("cache-control: {value}\n")))
    }

    fn answer(lifetime: u64, age: u64, request: &str) -> Reuse {
        let stored = StoredAge {
            lifetime: Span::from_secs(lifetime),
            age: Span::from_secs(age),
            validate: false,
            never_stale: false,
        };
        reuse(&stored, &asked(request))
    }

    #[test]
    fn directives_are_read_carefully() {
        let all = asked(
            "No-Cache, no-store, only-if-cached, max-age=5, min-fresh=6, max-stale=7, stale-if-error=8",
        );
        let flags = [Flag::NoCache, Flag::NoStore, Flag::OnlyIfCached];
        assert!(flags.into_iter().all(|flag| all.has(flag)));
        let names = [
            Seconds::MaxAge,
            Seconds::MinFresh,
            Seconds::MaxStale,
            Seconds::StaleIfError,
        ];
        let numbers = |value| names.map(|name| asked(value).seconds(name));
        assert_eq!(
            names.map(|name| all.seconds(name)),
            [5, 6, 7, 8].map(|number| Some(Span::from_secs(number)))
        );
        assert_eq!(
            numbers("max-age=x, min-fresh=x, max-stale=x, stale-if-error=x, nothing-to-see-here"),
            [Span::ZERO, DELTA_SECONDS_MAX, Span::ZERO, Span::ZERO].map(Some)
        );
        assert_eq!(numbers("nothing-to-see-here"), [None; 4]);
        let max_stale = |value| asked(value).seconds(Seconds::MaxStale);
        assert_eq!(max_stale("max-stale"), Some(Span::FOREVER));
        assert_eq!(
            max_stale("max-stale, max-stale=3"),
            Some(Span::from_secs(3))
        );
        let min_fresh = asked("min-fresh=9, min-fresh=3").seconds(Seconds::MinFresh);
        assert_eq!(min_fresh, Some(Span::from_secs(9)));
    }

    #[test]
    fn pragma_counts_only_alone() {
        let no_cache = |lines| directives(Head::new(lines)).has(Flag::NoCache);
        assert!(no_cache("pragma: No-Cache\n"));
        assert!(!no_cache("pragma: no-cache\ncache-control: max-age=9\n"));
        assert!(!no_cache("pragma: foo\n"));
    }

    #[test]
    fn pragma_is_a_list() {
        let no_cache = |lines| directives(Head::new(lines)).has(Flag::NoCache);
        assert!(no_cache("pragma: other, no-cache\n"));
        assert!(no_cache("pragma: other\nPragma: NO-CACHE\n"));
        assert!(!no_cache("pragma: x=\"a, no-cache\"\n"));
        assert!(!no_cache("pragma: no-cachet, xno-cache\n"));
    }

    #[test]
    fn methods_of_the_registry() {
        let safe = "GET HEAD OPTIONS TRACE PROPFIND QUERY REPORT SEARCH";
        assert!(safe.split(' ').all(is_safe));
        let others = "POST PUT DELETE PATCH CONNECT LOCK MKCOL PROPPATCH M-SEARCH get PURGE";
        assert!(!others.split(' ').any(is_safe));
    }

    #[test]
    fn fresh_until_its_lifetime_is_over() {
        assert_eq!(answer(10, 9, ""), Reuse::Fresh);
        assert_eq!(answer(10, 10, ""), Reuse::Validate);
        assert_eq!(answer(u64::MAX, u64::MAX, ""), Reuse::Fresh);
    }

    #[test]
    fn each_directive_has_its_say() {
        for (lifetime, age, request, expected) in [
            (3600, 0, "no-cache", Reuse::Validate),
            (3600, 0, "max-age=0", Reuse::Validate),
            (3600, 2, "max-age=1", Reuse::Validate),
            (3600, 1, "max-age=1", Reuse::Fresh),
            (1500, 0, "min-fresh=2000", Reuse::Validate),
            (1500, 1000, "min-fresh=1000", Reuse::Validate),
            (1500, 500, "min-fresh=1000", Reuse::Fresh),
            (1500, 2000, "max-stale=1000", Reuse::Stale),
            (1500, 2500, "max-stale=1000", Reuse::Stale),
            (1500, 2501, "max-stale=1000", Reuse::Validate),
            (0, 99_999, "max-stale", Reuse::Stale),
            (0, 99_999, "max-stale, max-age=9", Reuse::Validate),
            (0, 1, "max-stale, min-fresh=1", Reuse::Validate),
        ] {
            assert_eq!(
                answer(lifetime, age, request),
                expected,
                "{lifetime} {age} {request}"
            );
        }
    }

    #[test]
    fn the_response_has_the_last_word_on_staleness() {
        let stored = StoredAge {
            lifetime: Span::from_secs(1),
            age: Span::from_secs(2),
            validate: false,
            never_stale: true,
        };
        assert_eq!(reuse(&stored, &asked("max-stale")), Reuse::Validate);
        let no_cache = StoredAge {
            age: Span::ZERO,
            validate: true,
            ..stored
        };
        assert_eq!(reuse(&no_cache, &asked("")), Reuse::Validate);
    }

    proptest! {
        #[test]
        fn what_is_too_old_does_not_become_young(lifetime: u32, age: u32, more: u32, request in "(max-age=[0-9]{1,4}|min-fresh=[0-9]{1,4}|max-stale=[0-9]{1,4})?") {
            let (lifetime, age) = (u64::from(lifetime), u64::from(age));
            if answer(lifetime, age, &request) == Reuse::Validate {
                prop_assert_eq!(answer(lifetime, age + u64::from(more), &request), Reuse::Validate);
            }
        }
    }
}
