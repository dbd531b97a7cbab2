//! What a request asks of a cache (RFC 9111 §5.2.1), and whether a stored response will do (§4).

use super::cache_control::{DELTA_SECONDS_MAX, delta_seconds};
use super::freshness::is_old_no_cache;
use super::head::Head;
use super::list::{Argument, Directive, members};
use crate::time::Span;

/// A request's directives. A number that cannot be read is the careful one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestDirectives {
    /// Ask the origin before answering. `Pragma: no-cache` alone says the same (§5.4).
    pub no_cache: bool,
    /// Keep nothing of the answer.
    pub no_store: bool,
    /// Answer from the cache or with 504.
    pub only_if_cached: bool,
    /// The greatest age that will do.
    pub max_age: Option<Span>,
    /// How much longer the response must stay fresh.
    pub min_fresh: Option<Span>,
    /// How far past its lifetime it may be; [`Span::FOREVER`] without a number.
    pub max_stale: Option<Span>,
    /// How long past its lifetime it may be used when the origin fails (RFC 5861 §4).
    pub stale_if_error: Option<Span>,
}

impl RequestDirectives {
    /// The directives of a request.
    #[must_use]
    pub fn of(head: Head<'_>) -> Self {
        let mut all = Self {
            no_cache: is_old_no_cache(head),
            ..Self::default()
        };
        for value in head.values("cache-control") {
            for member in members(value) {
                all.apply(&Directive::parse(member));
            }
        }
        all
    }

    fn apply(&mut self, directive: &Directive<'_>) {
        let is = |name: &str| directive.name.eq_ignore_ascii_case(name);
        let number = delta_seconds(directive.argument);
        if is("no-cache") {
            self.no_cache = true;
        } else if is("no-store") {
            self.no_store = true;
        } else if is("only-if-cached") {
            self.only_if_cached = true;
        } else if is("max-age") {
            shrink(&mut self.max_age, number.unwrap_or(Span::ZERO));
        } else if is("min-fresh") {
            let longest = Span::from_secs(DELTA_SECONDS_MAX);
            self.min_fresh = self.min_fresh.max(Some(number.unwrap_or(longest)));
        } else if is("max-stale") && directive.argument == Argument::None {
            shrink(&mut self.max_stale, Span::FOREVER);
        } else if is("max-stale") {
            shrink(&mut self.max_stale, number.unwrap_or(Span::ZERO));
        } else if is("stale-if-error") {
            shrink(&mut self.stale_if_error, number.unwrap_or(Span::ZERO));
        }
    }
}

fn shrink(span: &mut Option<Span>, to: Span) {
    *span = Some(span.map_or(to, |earlier| earlier.min(to)));
}

/// A stored response as [`reuse`] sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredAge {
    /// How long it is fresh, from age 0.
    pub lifetime: Span,
    /// How old it is now, the age it came with included (RFC 9111 §4.2.3).
    pub age: Span,
    /// Whether it is to be validated before each use.
    pub validate: bool,
    /// Whether it may never be used stale.
    pub never_stale: bool,
}

/// Whether a stored response answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// As it is.
    Fresh,
    /// As it is, as the request takes stale ones.
    Stale,
    /// Not before it was validated.
    Validate,
}

/// Whether `stored` answers a request with these directives (§4).
///
/// `max-age=0` is how clients have always spelled "ask the origin", so it never matches, even in
/// the millisecond in which a response was stored.
#[must_use]
pub fn reuse(stored: &StoredAge, request: &RequestDirectives) -> Reuse {
    let too_old = request
        .max_age
        .is_some_and(|max_age| max_age.is_zero() || stored.age > max_age);
    let left = stored.lifetime.minus(stored.age);
    let too_near = request.min_fresh.is_some_and(|least| left < least);
    if request.no_cache || stored.validate || too_old || too_near {
        return Reuse::Validate;
    }
    if stored.age < stored.lifetime || stored.lifetime.is_forever() {
        return Reuse::Fresh;
    }
    let past = stored.age.minus(stored.lifetime);
    let is_taken = request.max_stale.is_some_and(|most| past <= most);
    if is_taken && !stored.never_stale {
        Reuse::Stale
    } else {
        Reuse::Validate
    }
}

/// Methods that ask for no change at the origin (RFC 9110 §9.2.1). Those unknown are unsafe.
#[must_use]
pub fn is_safe(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    fn directives(value: &str) -> RequestDirectives {
        RequestDirectives::of(Head::new(&format!("cache-control: {value}\n")))
    }

    fn answer(lifetime: u64, age: u64, request: &str) -> Reuse {
        let stored = StoredAge {
            lifetime: Span::from_secs(lifetime),
            age: Span::from_secs(age),
            validate: false,
            never_stale: false,
        };
        reuse(&stored, &directives(request))
    }

    #[test]
    fn directives_are_read_carefully() {
        let all = directives(
            "No-Cache, no-store, only-if-cached, max-age=5, min-fresh=6, max-stale=7, stale-if-error=8",
        );
        assert!(all.no_cache && all.no_store && all.only_if_cached);
        let spans = [
            all.max_age,
            all.min_fresh,
            all.max_stale,
            all.stale_if_error,
        ];
        assert_eq!(
            spans,
            [5, 6, 7, 8].map(|seconds| Some(Span::from_secs(seconds)))
        );
        let wrong = directives(
            "max-age=x, min-fresh=x, max-stale=x, stale-if-error=x, nothing-to-see-here",
        );
        assert_eq!(wrong.max_age, Some(Span::ZERO));
        assert_eq!(wrong.min_fresh, Some(Span::from_secs(DELTA_SECONDS_MAX)));
        assert_eq!(wrong.max_stale, Some(Span::ZERO));
        assert_eq!(directives("max-stale").max_stale, Some(Span::FOREVER));
        assert_eq!(
            directives("max-stale, max-stale=3").max_stale,
            Some(Span::from_secs(3))
        );
        assert_eq!(
            directives("min-fresh=9, min-fresh=3").min_fresh,
            Some(Span::from_secs(9))
        );
    }

    #[test]
    fn pragma_counts_only_alone() {
        let no_cache = |lines| RequestDirectives::of(Head::new(lines)).no_cache;
        assert!(no_cache("pragma: No-Cache\n"));
        assert!(!no_cache("pragma: no-cache\ncache-control: max-age=9\n"));
        assert!(!no_cache("pragma: foo\n"));
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
        assert_eq!(reuse(&stored, &directives("max-stale")), Reuse::Validate);
        let no_cache = StoredAge {
            age: Span::ZERO,
            validate: true,
            ..stored
        };
        assert_eq!(reuse(&no_cache, &directives("")), Reuse::Validate);
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
