//! The arrays of numbers.

use super::{Field, Kind, Record};
use alloc::vec::Vec;

macro_rules! records {
    ($(
        $(#[doc = $docs:literal])*
        pub struct $record:ident: $kind:ident {
            $($(#[doc = $doc:literal])* $field:ident,)*
        }
    )*) => {
        $(
            $(#[doc = $docs])*
            #[derive(Clone, Copy, Debug)]
            pub struct $record {
                $($(#[doc = $doc])* pub $field: f64,)*
            }

            impl $record {
                /// The count of its numbers.
                pub const LEN: usize = [$(stringify!($field)),*].len();

                /// Reads it; `None` for an array of another length.
                #[must_use]
                pub fn read(numbers: &[f64]) -> Option<Self> {
                    let numbers: &[f64; Self::LEN] = numbers.try_into().ok()?;
                    let [$($field),*] = *numbers;
                    Some(Self { $($field),* })
                }

                /// Writes it.
                #[must_use]
                pub fn write(self) -> Vec<f64> {
                    Vec::from([$(self.$field),*])
                }
            }
        )*

        /// All records.
        pub const RECORDS: &[Record] = &[$(Record {
            name: stringify!($record),
            docs: &[$($docs),*],
            fields: &[$(Field { name: stringify!($field), docs: &[$($doc),*] }),*],
            kind: Kind::$kind,
        }),*];
    };
}

records! {
    /// The options of a policy. Milliseconds; no end and no limit are `Infinity`.
    pub struct PolicyNumbers: Written {
        /// The time for which an entry is fresh.
        ttl,
        /// The time past `ttl` in which an entry is served while it is refreshed.
        stale_while_revalidate,
        /// The time past `ttl` in which an entry is served when a load fails.
        stale_if_error,
        /// The random part of `ttl` that is taken away, from 0 to below 1.
        jitter,
        /// The `ttl` of `null` and `undefined`; NaN for that of other values.
        negative_ttl,
        /// The time for which a failure is remembered.
        error_ttl,
        /// The time for which a caller with a servable entry waits for a load.
        failover_after,
        /// The longest time that a load may take.
        timeout,
        /// The pause between a load that failed and the next one.
        retry_after,
        /// 1 for origin-first, 0 for cache-first.
        origin_first,
        /// 1 if concurrent callers share a load.
        single_flight,
        /// The beta of probabilistic early refresh; 0 for none.
        early_beta,
        /// The age from which an entry is refreshed early.
        early_after,
        /// Hits that an entry serves at most.
        hits_max,
        /// The hit that starts a refresh.
        hits_refresh_at,
    }

    /// A lifetime, in milliseconds.
    pub struct LifetimeNumbers: Read {
        /// The time for which it is fresh.
        ttl,
        /// The time past `ttl` in which it is served while it is refreshed.
        stale_while_revalidate,
        /// The time past `ttl` in which it is served when a load fails.
        stale_if_error,
        /// The time beyond its windows for which it is kept to be validated.
        retained,
    }

    /// The options of a circuit breaker.
    pub struct BreakerNumbers: Written {
        /// The share of failures that opens it.
        error_rate,
        /// The past for which loads count, in milliseconds.
        window,
        /// Loads in the window below which it never opens.
        min_calls,
        /// The time for which it refuses loads, in milliseconds.
        open_for,
        /// Probes, all of which have to succeed.
        half_open_calls,
    }

    /// The options of a rate limit.
    pub struct LimitNumbers: Written {
        /// Loads that are admitted per period.
        limit,
        /// The period, in milliseconds.
        period,
        /// 1 for a sliding window, 0 for a fixed one.
        sliding,
        /// The time for which everything is refused after the first refusal, in milliseconds.
        ban,
    }

    /// The options of slow calls.
    pub struct SlowNumbers: Written {
        /// The multiple of the mean that a load may take.
        factor,
        /// Loads that the mean is taken of.
        samples,
        /// The time for which loads are refused, in milliseconds.
        open_for,
    }

    /// Times of an entry that answers. Milliseconds; no end is `Infinity`.
    pub struct TimesNumbers: Read {
        /// The age of an entry.
        age,
        /// The `ttl` it was stored with.
        ttl,
    }

    /// Of the last refusal by a guard.
    pub struct RefusalNumbers: Read {
        /// In how many milliseconds to try again.
        retry_after,
        /// The limit that was reached; 0 for other guards.
        limit,
    }

    /// The contents of a memory.
    pub struct UsageNumbers: Read {
        /// Entries, dead ones that were not dropped yet included.
        entries,
        /// Their weight in bytes.
        bytes,
        /// Live entries dropped to stay within the limits.
        evictions,
        /// Loads that run.
        flights,
        /// Slots that are taken, those without an entry included.
        taken,
    }

    /// The counters of a policy.
    pub struct CountNumbers: Named {
        /// Calls answered by a fresh entry.
        hits,
        /// Calls answered by a stale entry while it is refreshed.
        stale,
        /// Calls that found no servable entry.
        misses,
        /// Loads that were started, background ones included.
        loads,
        /// Loads that were started in the background.
        refreshes,
        /// Loads that failed.
        failures,
        /// Calls that waited for another caller's load.
        coalesced,
        /// Calls answered by an entry because the load failed, or because loads wait for a retry.
        error_fallbacks,
        /// Calls answered by an entry because the load was slow.
        failovers,
        /// Flights taken over because their lease had ended.
        takeovers,
        /// Results that were not stored because something newer had come first.
        fenced,
        /// Loads that a guard refused.
        refusals,
    }

    /// The head of a stored record; behind it hash, hard and soft version of each tag.
    pub struct HeadNumbers: Read {
        /// The codec that made the value's bytes.
        codec,
        /// The time of storing, by the writer's wall clock.
        stored_at,
        /// The time for which it is fresh, in milliseconds.
        ttl,
        /// The time past `ttl` in which it is served while it is refreshed.
        stale_while_revalidate,
        /// The time past `ttl` in which it is served when a load fails.
        stale_if_error,
        /// The offset of the value.
        value_at,
        /// The time beyond its windows for which it is kept to be validated.
        retained,
    }

    /// A cache of responses, and its policy. Milliseconds; NaN for a `ttl` that is not given.
    pub struct HttpRulesNumbers: Written {
        /// 1 if several users share it.
        shared,
        /// 1 if it keeps `Set-Cookie` with what it stores, although they do.
        keeps_set_cookie,
        /// 1 if the host hides fields of requests.
        hides_fields,
        /// 1 if the policy rules even where a response speaks.
        overrides,
        /// The lifetime of a response that states none.
        ttl,
        /// The time for which a stale response is served while it is refreshed, if it does not say.
        stale_while_revalidate,
        /// The time for which a stale response is served when a load fails, if it does not say.
        stale_if_error,
    }

    /// The reading of a response by its head. Milliseconds; NaN for what it does not state.
    pub struct ResponseNumbers: Read {
        /// The decision to store it: one of [`super::storing`].
        storing,
        /// Its lifetime.
        lifetime,
        /// Its heuristic lifetime.
        heuristic,
        /// Its age when it came.
        initial_age,
        /// Its `stale-while-revalidate`.
        stale_while_revalidate,
        /// Its `stale-if-error`.
        stale_if_error,
        /// One or more of [`super::response`].
        flags,
        /// The bytes of a part.
        part,
    }

    /// The decisions on a response. Milliseconds.
    pub struct PlanNumbers: Read {
        /// The decision to store it: one of [`super::storing`].
        storing,
        /// Some of [`mod@super::plan`].
        flags,
        /// Its age when it is stored.
        initial_age,
        /// The time for which it is fresh from then.
        ttl,
        /// The time that it is past its lifetime already.
        overdue,
        /// The time past `ttl` in which it is served while it is refreshed.
        stale_while_revalidate,
        /// The time past `ttl` in which it is served when a load fails.
        stale_if_error,
        /// The time beyond its windows for which it is kept to be validated.
        retained,
        /// The time for which a record of its URL's variants is kept.
        of_record,
    }

    /// A request as far as its cache must know it. Milliseconds; NaN for what it does not state.
    pub struct RequestNumbers: Both {
        /// Its way: one of [`super::handling`].
        handling,
        /// One or more of [`super::request`].
        flags,
        /// Its cache mode: one of [`super::mode`].
        mode,
        /// The greatest age.
        max_age,
        /// The least freshness.
        min_fresh,
        /// The most staleness.
        max_stale,
        /// The most staleness when the origin fails.
        stale_if_error,
    }

    /// A stored response, and its entry as it is now. Milliseconds.
    pub struct StoredNumbers: Written {
        /// The state of its entry: one of [`super::state`].
        state,
        /// The time for which its entry is fresh from when it was stored.
        ttl,
        /// The time since then.
        age,
        /// Its age when it was stored.
        initial_age,
        /// The time that it was past its lifetime then.
        overdue,
        /// One or more of [`super::response`].
        flags,
        /// 1 if it may answer requests with `Authorization`.
        authorized,
        /// 1 if it is the end of a redirection for other requests.
        redirects_others,
        /// 1 if it is a failure of its origin.
        failed,
    }
}
