//! The numbers that cross the WebAssembly boundary, by name.
//!
//! This is the only place that says them. `cargo xtask build` writes `js/src/abi.ts` from
//! [`GROUPS`] and [`RECORDS`], and lint fails when that file is not what they say.

use crate::http::storing::Storing;
use crate::policy::Policy;
use crate::record;
use alloc::vec::Vec;

/// Numbers that belong together.
#[derive(Debug)]
pub struct Group {
    /// The name of their module here, and what their names begin with in TypeScript.
    pub name: &'static str,
    /// The documentation of the group.
    pub docs: &'static [&'static str],
    /// The numbers.
    pub constants: &'static [Constant],
    /// True if users see their names, as texts.
    pub is_named: bool,
}

/// A number with a name.
#[derive(Debug)]
pub struct Constant {
    /// Its name, in upper case.
    pub name: &'static str,
    /// Its documentation.
    pub docs: &'static [&'static str],
    /// Its value.
    pub value: i64,
}

/// An array of numbers, one a field.
#[derive(Debug)]
pub struct Record {
    /// The name of its type.
    pub name: &'static str,
    /// Its documentation.
    pub docs: &'static [&'static str],
    /// Its fields, in order.
    pub fields: &'static [Field],
    /// What the other side does with it.
    pub kind: Kind,
}

/// What the host does with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It makes them.
    Written,
    /// It reads them.
    Read,
    /// It adds them up, and wants the names only.
    Named,
}

/// A field of a [`Record`].
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its documentation.
    pub docs: &'static [&'static str],
}

macro_rules! groups {
    ($(
        $(#[doc = $docs:literal])*
        pub mod $group:ident: $type:ty $(as $named:ident)? {
            $($(#[doc = $doc:literal])* $name:ident = $value:expr,)*
        }
    )*) => {
        $(
            $(#[doc = $docs])*
            pub mod $group {
                #[allow(unused_imports, reason = "values may be those of the core's own types")]
                use super::*;
                $($(#[doc = $doc])* pub const $name: $type = $value;)*
            }
        )*

        /// All numbers.
        #[expect(clippy::cast_possible_wrap, reason = "the macro does not know the type; all are small")]
        pub const GROUPS: &[Group] = &[$(Group {
            name: stringify!($group),
            docs: &[$($docs),*],
            constants: &[$(Constant {
                name: stringify!($name),
                docs: &[$($doc),*],
                value: $group::$name as i64,
            }),*],
            is_named: false $(|| !stringify!($named).is_empty())?,
        }),*];
    };
}

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
                /// How many numbers it has.
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

groups! {
    /// The steps of `begin` and `found`: the bits [`step::BITS`] of what they return.
    pub mod step: u32 {
        /// Answer with the fresh entry.
        HIT = 0,
        /// Answer with the stale entry.
        STALE = 1,
        /// Answer with the entry, since loads of the key failed and wait for their retry.
        ERROR_FALLBACK = 2,
        /// Answer with the stale entry, and load in the background.
        STALE_REFRESH = 3,
        /// Load.
        LOAD = 4,
        /// Load; an entry may answer if the load fails or is slow.
        LOAD_FALLBACK = 5,
        /// Wait for the load that another caller leads.
        WAIT = 6,
        /// Wait likewise; an entry may answer if the load fails or is slow.
        WAIT_FALLBACK = 7,
        /// Answer with the fresh entry, and load in the background.
        HIT_REFRESH = 8,
        /// Of `begin`: begin again, with a random number.
        ROLL = 9,
        /// The bits of a step.
        BITS = 15,
    }

    /// What `begin` returns besides the step.
    pub mod begun: u32 {
        /// The bit that says that slots were dropped: call `dropped`.
        DROPPED = 16,
        /// The slot is this bit and up.
        SLOT = 32,
    }

    /// What `found` and `found_beside` return besides the step.
    pub mod found: u32 {
        /// The memory has what was found.
        KEPT_FOUND = 16,
        /// The memory has something as new or newer.
        KEPT_HELD = 32,
        /// Of `found_beside`: the slot is this bit and up.
        SLOT = 64,
    }

    /// What `loaded` and `put` return instead of a slot.
    pub mod landed: i32 {
        /// The value is current, but the memory does not keep it.
        NOT_KEPT = -1,
        /// Something newer came first.
        OUTDATED = -2,
    }

    /// What `load_beside` returns instead of a fence.
    pub mod beside: u32 {
        /// The entry answers: the origin fails, and a load finds out for how long.
        ANSWERED = 0,
    }

    /// What `state` returns.
    pub mod state: u32 {
        /// There is no entry.
        ABSENT = 0,
        /// Within its `ttl`.
        FRESH = 1,
        /// Within `stale-while-revalidate`.
        REVALIDATE = 2,
        /// Within `stale-if-error`.
        IF_ERROR = 3,
        /// Past all windows.
        DEAD = 4,
        /// Past all windows, and kept to be validated.
        RETAINED = 5,
    }

    /// What `dropped` returns.
    pub mod dropped: i32 {
        /// The bit of a slot that was evicted to make room.
        EVICTED = 1,
        /// The bit of a slot of which only the value is to be forgotten.
        VALUE_ONLY = 2,
        /// The slot is this bit and up.
        SLOT = 4,
    }

    /// What `tags_after` returns.
    pub mod tags_after: u32 {
        /// Nothing happened to the tags.
        NOTHING = 0,
        /// A soft invalidation.
        SOFT = 1,
        /// A hard one.
        HARD = 2,
    }

    /// What `judge_tags` returns, unless it is the time since which an entry is stale.
    pub mod judged: i32 {
        /// No tag was invalidated.
        GOOD = -1,
        /// One was.
        DEAD = -2,
    }

    /// What `check_guards` returns.
    pub mod refused: u32 {
        /// Nothing refuses the load.
        ADMITTED = 0,
        /// The circuit breaker is open.
        CIRCUIT_OPEN = 1,
        /// The rate limit is reached.
        RATE_LIMITED = 2,
        /// Loads have become slow.
        SLOW_CALLS = 3,
    }

    /// What `record_guards` is told of a load.
    pub mod result: u32 {
        /// It brought a value.
        SUCCEEDED = 0,
        /// It failed.
        FAILED = 1,
        /// It says nothing of the origin.
        IGNORED = 2,
    }

    /// Where the numbers of each guard begin in the array of `add_guards`. One whose first number
    /// is 0 is not there.
    pub mod guard_at: usize {
        /// [`BreakerNumbers`].
        BREAKER = 0,
        /// [`LimitNumbers`].
        LIMIT = BreakerNumbers::LEN,
        /// [`SlowNumbers`].
        SLOW = LIMIT + LimitNumbers::LEN,
        /// The length of the whole.
        END = SLOW + SlowNumbers::LEN,
    }

    /// What a response says, summed up: see `http_response`.
    pub mod response: u32 {
        /// Not to be used before it is validated (`no-cache`).
        VALIDATE = 1,
        /// Not to be used when it is stale (`must-revalidate` and the like).
        NEVER_STALE = 2,
        /// Does not change while it is fresh (RFC 8246).
        IMMUTABLE = 4,
        /// Has an `ETag` that can be asked about.
        ETAG = 8,
        /// Has a `Last-Modified` that can be asked about.
        LAST_MODIFIED = 16,
        /// Sets a cookie.
        SET_COOKIE = 32,
        /// Has `Vary`.
        VARIES = 64,
        /// Has `Cache-Groups` (RFC 9875).
        GROUPS = 512,
    }

    /// What a request says, summed up: see `http_request`.
    pub mod request: u32 {
        /// Asks for validation.
        NO_CACHE = 1,
        /// Is not to be stored.
        NO_STORE = 2,
        /// Is not to reach the origin.
        ONLY_IF_CACHED = 4,
        /// Has `If-None-Match` or `If-Modified-Since`.
        CONDITIONAL = 8,
        /// Has `If-Match` or `If-Unmodified-Since`.
        PRECONDITION = 16,
        /// Asks for a range.
        RANGE = 32,
        /// Has `Authorization`.
        AUTHORIZATION = 128,
        /// Has a method that changes something.
        UNSAFE = 512,
        /// Is a GET or HEAD.
        CACHEABLE = 1024,
        /// Shows who asks: what it fails with may concern its user alone.
        PERSONAL = 2048,
    }

    /// What `http_reuse` returns.
    pub mod reuse: u32 {
        /// The stored response answers as it is.
        FRESH = 0,
        /// It answers although it is stale.
        STALE = 1,
        /// It does not before it was validated.
        VALIDATE = 2,
    }

    /// Why a response is not stored: the names are those that users see.
    pub mod storing: u32 as names {
        /// See [`Storing::Allowed`].
        ALLOWED = Storing::Allowed as u32,
        /// See [`Storing::Method`].
        METHOD = Storing::Method as u32,
        /// See [`Storing::Status`].
        STATUS = Storing::Status as u32,
        /// See [`Storing::NoStore`].
        NO_STORE = Storing::NoStore as u32,
        /// See [`Storing::RequestNoStore`].
        REQUEST_NO_STORE = Storing::RequestNoStore as u32,
        /// See [`Storing::Private`].
        PRIVATE = Storing::Private as u32,
        /// See [`Storing::Authorization`].
        AUTHORIZATION = Storing::Authorization as u32,
        /// See [`Storing::VaryAny`].
        VARY = Storing::VaryAny as u32,
        /// See [`Storing::Silent`].
        SILENT = Storing::Silent as u32,
        /// See [`Storing::SetCookie`].
        SET_COOKIE = Storing::SetCookie as u32,
        /// See [`Storing::Cookie`].
        COOKIE = Storing::Cookie as u32,
        /// See [`Storing::Partial`].
        PARTIAL = Storing::Partial as u32,
        /// See [`Storing::EventStream`].
        EVENT_STREAM = Storing::EventStream as u32,
    }

    /// Where things are in a stored record: see [`record`].
    pub mod record_at: usize {
        /// Its checksum.
        SUM = record::SUM_AT,
        /// The first byte after its checksum.
        SUM_END = record::SUM_END,
        /// The length of its extension.
        EXTENSION_LENGTH = record::LENGTH_AT,
        /// Its extension.
        EXTENSION = record::FIXED,
    }

    /// How much is read and written at most.
    pub mod most: usize {
        /// Bytes of a record's extension.
        EXTENSION = record::MOST_EXTENSION,
        /// Tags of an entry.
        TAGS = record::MOST_TAGS,
    }

    /// Spans of a policy, in milliseconds.
    pub mod policy: u64 {
        /// The default of `retryAfter`.
        RETRY_AFTER = Policy::RETRY_AFTER.as_millis(),
        /// How long a load without `timeout` holds its key.
        LEASE = Policy::LEASE.as_millis(),
        /// What a lease adds to `timeout`.
        LEASE_GRACE = Policy::LEASE_GRACE.as_millis(),
    }
}

records! {
    /// The options of a policy. Milliseconds; no end and no limit are `Infinity`.
    pub struct PolicyNumbers: Written {
        /// How long an entry is fresh.
        ttl,
        /// How long past `ttl` an entry is served while it is refreshed.
        stale_while_revalidate,
        /// How long past `ttl` an entry is served when a load fails.
        stale_if_error,
        /// How long a caller with a servable entry waits for a load.
        failover_after,
        /// How long a load may take.
        timeout,
        /// How long until the next load after one that failed.
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

    /// The options of a circuit breaker.
    pub struct BreakerNumbers: Written {
        /// The share of failures that opens it.
        error_rate,
        /// How far back loads count, in milliseconds.
        window,
        /// Loads in the window below which it never opens.
        min_calls,
        /// How long it refuses loads, in milliseconds.
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
        /// How long everything is refused after the first refusal, in milliseconds.
        ban,
    }

    /// The options of slow calls.
    pub struct SlowNumbers: Written {
        /// How many times the mean a load may take.
        factor,
        /// Loads that the mean is taken of.
        samples,
        /// How long loads are refused, in milliseconds.
        open_for,
    }

    /// Of the last refusal by a guard.
    pub struct RefusalNumbers: Read {
        /// In how many milliseconds to try again.
        retry_after,
        /// The limit that was reached; 0 for other guards.
        limit,
    }

    /// What a memory holds.
    pub struct UsageNumbers: Read {
        /// Entries, dead ones that were not dropped yet included.
        entries,
        /// What they weigh, in bytes.
        bytes,
        /// Live entries dropped to stay within the limits.
        evictions,
        /// Loads that run.
        flights,
        /// Slots that are taken, those without an entry included.
        taken,
    }

    /// What was counted for a policy.
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
        /// Which codec made the value's bytes.
        codec,
        /// When it was stored, by the writer's wall clock.
        stored_at,
        /// How long it is fresh, in milliseconds.
        ttl,
        /// How long past `ttl` it is served while it is refreshed.
        stale_while_revalidate,
        /// How long past `ttl` it is served when a load fails.
        stale_if_error,
        /// Where the value begins.
        value_at,
        /// How long beyond its windows it is kept to be validated.
        retained,
    }

    /// What RFC 9111 says of a response. Milliseconds; NaN for what it does not state.
    pub struct ResponseNumbers: Read {
        /// Whether it is to be stored: one of [`storing`].
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
        /// One or more of [`response`].
        flags,
    }

    /// How long a response may be used, in milliseconds.
    pub struct TermsNumbers: Read {
        /// Its age when it is stored.
        initial_age,
        /// How long it is fresh from then.
        ttl,
        /// How far past its lifetime it is already.
        overdue,
        /// How long past `ttl` it is served while it is refreshed.
        stale_while_revalidate,
        /// How long past `ttl` it is served when a load fails.
        stale_if_error,
        /// How long beyond its windows it is kept to be validated.
        retained,
    }

    /// What a request asks of caches. Milliseconds; NaN for what it does not state.
    pub struct RequestNumbers: Read {
        /// One or more of [`request`].
        flags,
        /// The greatest age.
        max_age,
        /// The least freshness.
        min_fresh,
        /// The most staleness.
        max_stale,
        /// The most staleness when the origin fails.
        stale_if_error,
    }
}
