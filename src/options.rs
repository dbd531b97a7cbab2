//! The options of a policy: their names, what each takes, and what it means.
//!
//! This is the only place that says them. The checks here and in TypeScript, their messages, and
//! the page `docs/options.md` come from [`TABLE`]: `cargo xtask build` writes the latter two.

use crate::config_error::ConfigError;
use crate::time::Span;

/// The longest delay of a timer in JavaScript, in milliseconds; a longer one fires at once.
pub const LONGEST_TIMER: u64 = (1 << 31) - 1;
/// The wait after a failed load, where none is given.
pub const DEFAULT_RETRY_AFTER: Span = Span::from_secs(1);
/// The time for which a flight without `timeout` holds its key before another caller may take over.
pub const DEFAULT_LEASE: Span = Span::from_secs(30);
/// The most that guards count to.
pub const MOST_COUNTED: u32 = 1_000_000;
/// The most that hits count to.
pub const MOST_HITS: u32 = u32::MAX - 1;

/// The name of an option, and the values it takes.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The option's name, in JavaScript `camelCase`; an option inside another one has that one's
    /// name before a dot.
    pub name: &'static str,
    /// The values it takes.
    pub takes: Takes,
}

/// An option with the facts that only the tools of this repository need, not the module.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// The name of its rule here.
    pub constant: &'static str,
    /// Its name, and the values it takes.
    pub rule: Rule,
    /// The default in words; empty if it is required.
    pub default: &'static str,
    /// The number that holds without it, where that is one.
    pub number: Option<u64>,
    /// The calls that take it.
    pub places: Places,
    /// Its meaning.
    pub meaning: &'static str,
}

/// The values that an option takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Takes {
    /// A length of time.
    Duration(Range),
    /// A length of time, or a function that gives one.
    DurationOr(Range, &'static str),
    /// A whole number from 1 to this.
    Count(u32),
    /// A number within these bounds.
    Number(Bounds),
    /// True or false.
    Flag,
    /// One of these words; the first is the default.
    Choice(&'static [&'static str]),
    /// A function like this, which answers at once.
    Function(&'static str),
    /// A function like this, which may be async.
    AsyncFunction(&'static str),
    /// Something else, in words.
    Other(&'static str),
}

/// The bounds of a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// True if it may be 0.
    pub zero: bool,
    /// True if it may be endless.
    pub infinite: bool,
    /// True if it is at most [`LONGEST_TIMER`].
    pub timer: bool,
}

/// The bounds of a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The least, or what it is above.
    pub least: f64,
    /// True if it may be the least.
    pub includes_least: bool,
    /// The most, or what it is below; infinite numbers are never taken.
    pub most: f64,
    /// True if it may be the most.
    pub includes_most: bool,
    /// The same in words.
    pub words: &'static str,
}

/// The calls that take an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Places {
    /// `wrap`, `getOrLoad`, `fetch` and `handler`.
    Everywhere,
    /// `wrap` and `getOrLoad`.
    Functions,
    /// `wrap` alone.
    Wrap,
    /// `wrap`, `fetch` and `handler`.
    Keyed,
    /// Within another option.
    Within,
}

const ABOVE_ZERO: Range = Range {
    zero: false,
    infinite: false,
    timer: false,
};
const FROM_ZERO: Range = Range {
    zero: true,
    ..ABOVE_ZERO
};
const ENDLESS: Range = Range {
    infinite: true,
    ..FROM_ZERO
};
const DELAY: Range = Range {
    timer: true,
    ..ENDLESS
};
const SHARE: Bounds = Bounds {
    least: 0.0,
    includes_least: false,
    most: 1.0,
    includes_most: true,
    words: "a number above 0, up to 1",
};

impl Rule {
    /// Checks a number that was given for the option.
    ///
    /// # Errors
    /// A [`ConfigError`] that says what is allowed.
    #[inline]
    pub fn check(self, value: f64) -> Result<(), ConfigError> {
        let is_allowed = match self.takes {
            Takes::Number(bounds) => bounds.has(value),
            Takes::Count(most) => (1.0..=f64::from(most)).contains(&value),
            _ => true,
        };
        if is_allowed {
            Ok(())
        } else {
            Err(self.refuse())
        }
    }

    /// Checks a duration that was given for the option.
    ///
    /// # Errors
    /// A [`ConfigError`] that says what is allowed.
    #[inline]
    pub fn check_span(self, span: Span) -> Result<(), ConfigError> {
        let (Takes::Duration(range) | Takes::DurationOr(range, _)) = self.takes else {
            return Ok(());
        };
        let is_allowed = (range.zero || !span.is_zero()) && (range.infinite || !span.is_forever());
        if is_allowed {
            Ok(())
        } else {
            Err(self.refuse())
        }
    }

    /// The error for a value that the option does not take.
    #[must_use]
    pub const fn refuse(self) -> ConfigError {
        ConfigError::of(self.name, self.takes.words())
    }
}

impl Takes {
    /// The values in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Duration(range) | Self::DurationOr(range, _) => range.words(),
            Self::Count(_) => "a whole number, 1 or more",
            Self::Number(bounds) => bounds.words,
            Self::Flag => "true or false",
            Self::Choice(_) => "one of its words",
            Self::Function(like) | Self::AsyncFunction(like) | Self::Other(like) => like,
        }
    }
}

impl Range {
    const fn words(self) -> &'static str {
        match (self.zero, self.infinite) {
            (true, true) => "a duration, 0 or more, or Infinity",
            (true, false) => "a duration, 0 or more",
            (false, true) => "a duration above 0, or Infinity",
            (false, false) => "a duration above 0",
        }
    }
}

impl Bounds {
    fn has(self, value: f64) -> bool {
        let is_enough = value > self.least || self.includes_least && value >= self.least;
        let is_little = value < self.most || self.includes_most && value <= self.most;
        is_enough && is_little && value.is_finite()
    }
}

macro_rules! options {
    ($(
        $(#[doc = $meaning:literal])*
        $constant:ident = $name:literal: $takes:expr, $places:ident, $default:literal $(, $number:expr)?;
    )*) => {
        $(
            $(#[doc = $meaning])*
            pub const $constant: Rule = Rule { name: $name, takes: $takes };
        )*

        /// All options, in the order of the page about them.
        pub const TABLE: &[Spec] = &[$(Spec {
            constant: stringify!($constant),
            rule: $constant,
            default: $default,
            number: number!($($number)?),
            places: Places::$places,
            meaning: concat!($($meaning),*),
        }),*];
    };
}

macro_rules! number {
    () => {
        None
    };
    ($number:expr) => {
        Some($number)
    };
}

options! {
    /// The time for which an answer is fresh: it is served without asking the origin. `Infinity`
    /// for an answer that never ages. For `fetch` it may be left out: response headers decide, and
    /// it fills in where they are silent.
    TTL = "ttl": Takes::DurationOr(ENDLESS, "(result, args) => duration"), Everywhere, "";
    /// The time past `ttl` in which an answer is served at once while one background load renews it
    /// (RFC 5861 §3).
    STALE_WHILE_REVALIDATE = "stale_while_revalidate": Takes::Duration(ENDLESS), Everywhere, "0: not at all", 0;
    /// The time past `ttl` in which an answer may be served when the load fails or is slower than
    /// `failoverAfter` (RFC 5861 §4).
    STALE_IF_ERROR = "stale_if_error": Takes::Duration(ENDLESS), Everywhere, "0: not at all", 0;
    /// Shortens each stored ttl by a random part of it, so that entries stored together do not end
    /// together: uniform in `[1 − jitter, 1] · ttl`.
    JITTER = "jitter": Takes::Number(Bounds { least: 0.0, includes_least: true, most: 1.0, includes_most: false, words: "a number from 0 to below 1" }), Everywhere, "0", 0;
    /// The longest time that a load keeps a caller waiting who could be served an older answer; the
    /// load goes on, and its late result is stored. Below `timeout`.
    FAILOVER_AFTER = "failover_after": Takes::Duration(DELAY), Everywhere, "as long as the load takes";
    /// The longest time that a load may take before its `signal` is aborted and it fails with
    /// `E_TIMEOUT`.
    TIMEOUT = "timeout": Takes::Duration(Range { zero: false, ..DELAY }), Everywhere, "no limit";
    /// After a failed load that an older answer made up for, the pause before the next load of that
    /// key. It doubles with each failure up to 30 s, and a success ends it.
    RETRY_AFTER = "retry_after": Takes::Duration(FROM_ZERO), Everywhere, "1 s", DEFAULT_RETRY_AFTER.as_millis();
    /// `"cache-first"`: a fresh answer is served without a load. `"origin-first"`: every call
    /// loads, and the cache only stands in for an origin that fails or is slow.
    MODE = "mode": Takes::Choice(&["cache-first", "origin-first"]), Everywhere, "`\"cache-first\"`";
    /// The ttl of `null` and `undefined`. With 0 they are never stored, and drop the entry there
    /// was.
    NEGATIVE_TTL = "negative_ttl": Takes::Duration(ENDLESS), Everywhere, "that of other values";
    /// The time for which a failure is remembered, in memory only, and thrown again when there is
    /// no older answer to serve.
    ERROR_TTL = "error_ttl": Takes::DurationOr(ENDLESS, "(error) => duration"), Everywhere, "0: not at all", 0;
    /// True if a result is stored. For false it is returned, and the older answer stays.
    CACHE_IF = "cache_if": Takes::Function("(result, args) => boolean"), Everywhere, "every result";
    /// True if a result counts as a failure of the origin.
    FAIL_IF = "fail_if": Takes::Function("(result) => boolean"), Everywhere, "none; for `fetch` a status of 500 and above";
    /// True if an older result may be served instead of this failure; other failures are thrown
    /// even if there is one.
    STALE_ON = "stale_on": Takes::Function("(error) => boolean"), Everywhere, "every failure";
    /// True if a value found in a lower store may be used; of a schema the output is then the
    /// value. One that may not is a miss and a `corrupt` event.
    VALIDATE = "validate": Takes::Other("a function (value) => boolean or a Standard Schema"), Functions, "any value";
    /// True if concurrent callers of a key share one load and its outcome.
    SINGLE_FLIGHT = "single_flight": Takes::Flag, Everywhere, "true", 1;
    /// One load across instances: the instance that loads holds a lock in the first store that has
    /// `add` and `compareAndDelete`; the others wait for its result in the store. The value is that
    /// of `loadLock({ ttl, wait, onTimeout })` of `holdover/locks`.
    LOCK = "lock": Takes::Other("loadLock({ ttl, wait, onTimeout }) of \"holdover/locks\""), Everywhere, "none";
    /// The longest time that the lock holds.
    LOCK_TTL = "lock.ttl": Takes::Duration(ABOVE_ZERO), Within, "`timeout`, at most 30 s", DEFAULT_LEASE.as_millis();
    /// The longest time that others wait for it.
    LOCK_WAIT = "lock.wait": Takes::Duration(Range { timer: true, ..FROM_ZERO }), Within, "`ttl`";
    /// Their way on after that: load without it, or fail with `E_LOCK_TIMEOUT`.
    LOCK_ON_TIMEOUT = "lock.on_timeout": Takes::Choice(&["load", "throw"]), Within, "`\"load\"`";
    /// Refreshes a fresh entry in the background, one load at a time, before it is stale. `true` is
    /// `{ beta: 1 }`.
    EARLY = "early": Takes::Other("true, false, { beta } or { after }"), Everywhere, "false";
    /// With a chance that grows towards the end of the ttl, sooner the longer the load takes
    /// (`XFetch`, VLDB 2015); more than 1 refreshes sooner, less later.
    EARLY_BETA = "early.beta": Takes::Number(Bounds { least: 0.0, includes_least: false, most: f64::INFINITY, includes_most: false, words: "a finite number above 0" }), Within, "1", 1;
    /// The age from which an entry is refreshed.
    EARLY_AFTER = "early.after": Takes::Duration(FROM_ZERO), Within, "`beta` instead";
    /// Serves an entry a limited number of times, then loads.
    HITS = "hits": Takes::Other("{ max, refreshAt, shared }"), Everywhere, "unlimited";
    /// Hits that an entry serves at most.
    HITS_MAX = "hits.max": Takes::Count(MOST_HITS), Within, "";
    /// The hit that starts a background load: at most `max`.
    HITS_REFRESH_AT = "hits.refresh_at": Takes::Count(MOST_HITS), Within, "none does";
    /// A store with `increment`, in which all instances count together.
    HITS_SHARED = "hits.shared": Takes::Other("a store with get, set, delete, increment"), Within, "each by itself";
    /// Guards, which are asked before a load and may refuse it: the values of `circuitBreaker`,
    /// `rateLimit`, `slowCalls` and `bulkhead` of `holdover/guards`, each at most once, in any order.
    GUARDS = "guards": Takes::Other("a list of circuitBreaker({ … }), rateLimit({ … }), slowCalls({ … }) and bulkhead({ … }) of \"holdover/guards\", each at most once"), Everywhere, "none";
    /// A guard: stops asking an origin that keeps failing.
    CIRCUIT_BREAKER = "circuit_breaker": Takes::Other("{ errorRate, window, minCalls, openFor, … }"), Within, "none";
    /// The share of failures that opens it.
    BREAKER_ERROR_RATE = "circuit_breaker.error_rate": Takes::Number(SHARE), Within, "";
    /// The past for which loads count.
    BREAKER_WINDOW = "circuit_breaker.window": Takes::Duration(ABOVE_ZERO), Within, "";
    /// Loads in the window below which it never opens.
    BREAKER_MIN_CALLS = "circuit_breaker.min_calls": Takes::Count(MOST_COUNTED), Within, "";
    /// The time for which it refuses loads before it lets a probe through.
    BREAKER_OPEN_FOR = "circuit_breaker.open_for": Takes::Duration(ABOVE_ZERO), Within, "";
    /// Probes, all of which have to succeed.
    BREAKER_HALF_OPEN_CALLS = "circuit_breaker.half_open_calls": Takes::Count(MOST_COUNTED), Within, "1", 1;
    /// True for a failure that counts as one.
    BREAKER_COUNT_IF = "circuit_breaker.count_if": Takes::Function("(error) => boolean"), Within, "every failure";
    /// The unit that is judged by itself; `"host"` is for `fetch` only, whose default it is.
    BREAKER_SCOPE = "circuit_breaker.scope": Takes::Choice(&["function", "key", "host"]), Within, "`\"function\"`";
    /// A store with `add`, `compareAndDelete` and `increment`, in which all instances count
    /// together.
    BREAKER_SHARED = "circuit_breaker.shared": Takes::Other("a store with get, set, delete, add, compareAndDelete, increment"), Within, "each by itself";
    /// The name of the shared state in the store.
    BREAKER_NAME = "circuit_breaker.name": Takes::Other("a string that is not empty"), Within, "the function's `name` or `key`";
    /// A guard: admits so many loads per period; others get the entry if it may answer, else the
    /// result of `onReject`, else `E_RATE_LIMITED`.
    RATE_LIMIT = "rate_limit": Takes::Other("{ limit, period, … }"), Within, "none";
    /// Loads that are admitted per period.
    LIMIT_LIMIT = "rate_limit.limit": Takes::Count(MOST_COUNTED), Within, "";
    /// The length of a period.
    LIMIT_PERIOD = "rate_limit.period": Takes::Duration(ABOVE_ZERO), Within, "";
    /// The time for which everything is refused after the first refusal; not with a sliding window.
    LIMIT_BAN = "rate_limit.ban": Takes::Duration(ABOVE_ZERO), Within, "the rest of the window", 0;
    /// A window that starts with its first load, or the last `period` at each load.
    LIMIT_ALGORITHM = "rate_limit.algorithm": Takes::Choice(&["fixed", "sliding"]), Within, "`\"fixed\"`";
    /// The unit that is judged by itself; `"host"` is for `fetch` only, whose default it is.
    LIMIT_SCOPE = "rate_limit.scope": Takes::Choice(&["function", "key", "host"]), Within, "`\"function\"`";
    /// `"calls"` counts hits, too, and refuses them.
    LIMIT_COUNT = "rate_limit.count": Takes::Choice(&["loads", "calls"]), Within, "`\"loads\"`";
    /// Answers refused calls that have no entry to answer.
    LIMIT_ON_REJECT = "rate_limit.on_reject": Takes::AsyncFunction("(error, …args) => result"), Within, "the call rejects";
    /// A store with `window`, in which all instances count together.
    LIMIT_SHARED = "rate_limit.shared": Takes::Other("a store with get, set, delete, window"), Within, "each by itself";
    /// The name of the shared state in the store.
    LIMIT_NAME = "rate_limit.name": Takes::Other("a string that is not empty"), Within, "the function's `name` or `key`";
    /// A guard: refuses loads for a while after one took much longer than usual.
    SLOW_CALLS = "slow_calls": Takes::Other("{ factor, samples, openFor, scope }"), Within, "none";
    /// The multiple of the mean that a load may take.
    SLOW_FACTOR = "slow_calls.factor": Takes::Number(Bounds { least: 1.0, includes_least: true, most: f64::INFINITY, includes_most: false, words: "a finite number, 1 or more" }), Within, "2", 2;
    /// Successful loads that the mean is taken of.
    SLOW_SAMPLES = "slow_calls.samples": Takes::Count(MOST_COUNTED), Within, "10", 10;
    /// The time for which loads are refused then.
    SLOW_OPEN_FOR = "slow_calls.open_for": Takes::Duration(ABOVE_ZERO), Within, "";
    /// The unit that is judged by itself; `"host"` is for `fetch` only, whose default it is.
    SLOW_SCOPE = "slow_calls.scope": Takes::Choice(&["function", "key", "host"]), Within, "`\"function\"`";
    /// A guard: runs so many loads at once; a few more wait, others are refused.
    BULKHEAD = "bulkhead": Takes::Other("{ concurrency, queue, scope }"), Within, "none";
    /// Loads that run at once.
    BULKHEAD_CONCURRENCY = "bulkhead.concurrency": Takes::Count(MOST_COUNTED), Within, "";
    /// Loads that wait for a place, in order, for `timeout` at most, or 30 s; others are refused.
    BULKHEAD_QUEUE = "bulkhead.queue": Takes::Number(Bounds { least: 0.0, includes_least: true, most: 1e6, includes_most: true, words: "a whole number from 0 to 1000000" }), Within, "0", 0;
    /// The unit that has places of its own; `"host"` is for `fetch` only, whose default it is.
    BULKHEAD_SCOPE = "bulkhead.scope": Takes::Choice(&["function", "host"]), Within, "`\"function\"`";
    /// The key of a call: a template whose inserted values are escaped, or a function. Two
    /// functions with the same keys share their answers.
    KEY = "key": Takes::Other("a template like \"user:{0}\" or a function (…args) => string"), Keyed, "derived from `name` and all arguments; for `fetch` from method and URL";
    /// Parts of a call that do not make it a different one: indexes of arguments, members like
    /// `\"2.traceId\"`; for `fetch` names of query parameters.
    IGNORE = "ignore": Takes::Other("a list of indexes and names"), Keyed, "nothing";
    /// The function's name: in the keys that are derived for it, in `stats()`, and in the state of
    /// its shared guards.
    NAME = "name": Takes::Other("a string that is not empty"), Wrap, "the function's own";
    /// The tags that entries may be invalidated by: templates, or a function.
    TAGS = "tags": Takes::Other("a list of tags or a function (value, args) => tags"), Everywhere, "none";
    /// A filter of `bloom`: a key that is surely absent is answered `undefined` without a load.
    BLOOM = "bloom": Takes::Other("a filter of bloom(cache, { … }) of \"holdover/bloom\""), Everywhere, "none";
    /// The codec of values in lower stores; records of another one are a miss.
    CODEC = "codec": Takes::Other("{ id: 16 to 254, encode, decode }"), Functions, "the cache's";
    /// Loads the keys that `many` misses in one call.
    LOAD_MANY = "load_many": Takes::AsyncFunction("(argsList, context) => results"), Wrap, "one call a key";
    /// True if the function gets `{ signal, key, background, previous }` before its arguments.
    PASS_CONTEXT = "pass_context": Takes::Flag, Wrap, "false", 0;
}
