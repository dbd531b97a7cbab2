// Generated from src/abi/ by `cargo xtask build`: change those files, not this one.

/** The numbers that cross the boundary of the core, by name. */

// The eviction policies of a memory.
/** The least recently used entry goes. */
export const EVICTION_LRU = 0;
/** S3-FIFO picks the entry that goes. */
export const EVICTION_S3_FIFO = 1;
/** Their names, by number. */
export const EVICTION_NAMES = [
  "lru",
  "s3-fifo",
] as const;

// The steps of `begin` and `found`: the bits `step::BITS` of what they return.
/** Answer with the fresh entry. */
export const STEP_HIT = 0;
/** Answer with the stale entry. */
export const STEP_STALE = 1;
/** Answer with the entry, since loads of the key failed and wait for their retry. */
export const STEP_ERROR_FALLBACK = 2;
/** Answer with the stale entry, and load in the background. */
export const STEP_STALE_REFRESH = 3;
/** Load. */
export const STEP_LOAD = 4;
/** Load; an entry may answer if the load fails or is slow. */
export const STEP_LOAD_FALLBACK = 5;
/** Wait for the load that another caller leads. */
export const STEP_WAIT = 6;
/** Wait likewise; an entry may answer if the load fails or is slow. */
export const STEP_WAIT_FALLBACK = 7;
/** Answer with the fresh entry, and load in the background. */
export const STEP_HIT_REFRESH = 8;
/** Of `begin`: begin again, with a random number. */
export const STEP_ROLL = 9;
/** The bits of a step. */
export const STEP_BITS = 15;

// The bits of `begin` beside the step.
/** The bit that says that slots were dropped: call `dropped`. */
export const BEGUN_DROPPED = 16;
/** The slot is this bit and up. */
export const BEGUN_SLOT = 32;

// The facts of a flight that found an entry in a lower store, for `found`.
/** Its callers have a stale entry already. */
export const LOOKED_BACKGROUND = 1;
/** It does not lead its key. */
export const LOOKED_BESIDE = 2;
/** Messages of other instances were not heard yet when it began to look. */
export const LOOKED_UNHEARD = 4;

// The bits of `found` beside the step.
/** The memory has what was found. */
export const FOUND_KEPT_FOUND = 16;
/** The memory has something as new or newer. */
export const FOUND_KEPT_HELD = 32;
/** The entry may answer for a load that fails: see `spare_age`. */
export const FOUND_SPARE = 64;
/** The slot is this bit and up. */
export const FOUND_SLOT = 128;

// The facts of a load that failed, for `failed`.
/** An entry may answer for it: `staleOn` says so, or nobody waits for the load. */
export const FAILURE_MAY_STAND_IN = 1;
/** It does not lead its key. */
export const FAILURE_BESIDE = 2;
/** An entry of a lower store may answer, says `spare_age`. */
export const FAILURE_SPARE = 4;
/** It is a result that states itself how long it may be used. */
export const FAILURE_LASTING = 8;
/** The policy may have it remembered. */
export const FAILURE_MEMORABLE = 16;

// The replacements of a result: the results of `failed` and `refused`.
/** Nothing. */
export const INSTEAD_NOTHING = 0;
/** The entry in the memory, with the age and the ttl that `instead_times` gives. */
export const INSTEAD_ENTRY = 1;
/** The entry of the lower store. */
export const INSTEAD_SPARE = 2;
/** Nothing better than the failed result: it is to be kept, and nothing has happened yet. */
export const INSTEAD_RESULT = 3;
/** Nothing, and the failure is to be remembered. */
export const INSTEAD_REMEMBERED = 4;

// The facts of what a load brought, for `loaded` and `lifetime`.
/** It is `null` or `undefined`. */
export const FACTS_NOTHING = 1;
/** It is a failure to remember. */
export const FACTS_FAILURE = 2;
/** The `ttl` is the call's, not the result's. */
export const FACTS_CALL_TTL = 4;
/** The windows are the result's, not the policy's. */
export const FACTS_WINDOWS = 8;
/** One of its tags was softly invalidated since the load began. */
export const FACTS_STALE = 16;
/** Stores are below the memory. */
export const FACTS_TIERED = 32;
/** They may have an entry of its key. */
export const FACTS_MAY_BE_BELOW = 64;

// The bits of `loaded` beside the slot, or the result that is none.
/** The stores below are to get it, with what `lifetime_below` gives. */
export const BELOW_STORE = 1;
/** They are to drop their entries. */
export const BELOW_DROP = 2;
/** The slot, or one of `landed`, is this bit and up. */
export const BELOW_SLOT = 4;

// The results of `loaded` and `put` that are no slot.
/** The value is current, but the memory does not keep it. */
export const LANDED_NOT_KEPT = -1;
/** Something newer came first. */
export const LANDED_OUTDATED = -2;

// The result of `load_beside` that is no fence.
/** The entry answers: the origin fails, and a load finds out for how long. */
export const BESIDE_ANSWERED = 0;

// The ways of waiting for a load.
/** The caller leads it; else it has joined another's. */
export const WAIT_LEADS = 1;
/** An entry may answer when the load is slow. */
export const WAIT_FALLBACK = 2;
/** No entry may answer, however the load ends. */
export const WAIT_FOR_LOADED = 4;
/** Stores are below the memory. */
export const WAIT_TIERED = 8;

// The results of `state`.
/** There is no entry. */
export const STATE_ABSENT = 0;
/** Within its `ttl`. */
export const STATE_FRESH = 1;
/** Within `stale-while-revalidate`. */
export const STATE_REVALIDATE = 2;
/** Within `stale-if-error`. */
export const STATE_IF_ERROR = 3;
/** Past all windows. */
export const STATE_DEAD = 4;
/** Past all windows, and kept to be validated. */
export const STATE_RETAINED = 5;

// The bits of `dropped`.
/** The bit of a slot that was evicted to make room. */
export const DROPPED_EVICTED = 1;
/** The bit of a slot of which only the value is to be forgotten. */
export const DROPPED_VALUE_ONLY = 2;
/** The slot is this bit and up. */
export const DROPPED_SLOT = 4;

// The results of `tags_after`.
/** Nothing happened to the tags. */
export const TAGS_AFTER_NOTHING = 0;
/** A soft invalidation. */
export const TAGS_AFTER_SOFT = 1;
/** A hard one. */
export const TAGS_AFTER_HARD = 2;

// The results of `judge_tags` that are not the time since which an entry is stale.
/** No tag was invalidated. */
export const JUDGED_GOOD = -1;
/** One was. */
export const JUDGED_DEAD = -2;

// The results of `check_guards`.
/** Nothing refuses the load. */
export const REFUSED_ADMITTED = 0;
/** The circuit breaker is open. */
export const REFUSED_CIRCUIT_OPEN = 1;
/** The rate limit is reached. */
export const REFUSED_RATE_LIMITED = 2;
/** Loads have become slow. */
export const REFUSED_SLOW_CALLS = 3;

// The outcomes of a load, for `record_guards`.
/** It brought a value. */
export const RESULT_SUCCEEDED = 0;
/** It failed. */
export const RESULT_FAILED = 1;
/** It says nothing of the origin. */
export const RESULT_IGNORED = 2;

// Offsets of the numbers of each guard in the array of `add_guards`. One whose first number is 0 is not there.
/** `BreakerNumbers`. */
export const GUARD_AT_BREAKER = 0;
/** `LimitNumbers`. */
export const GUARD_AT_LIMIT = 5;
/** `SlowNumbers`. */
export const GUARD_AT_SLOW = 9;
/** The length of the whole. */
export const GUARD_AT_END = 12;

// Offsets in a stored record: see `record`.
/** Its checksum. */
export const RECORD_AT_SUM = 4;
/** The first byte after its checksum. */
export const RECORD_AT_SUM_END = 8;
/** The length of its extension. */
export const RECORD_AT_EXTENSION_LENGTH = 44;
/** Its extension. */
export const RECORD_AT_EXTENSION = 48;

// The most that is read and written.
/** Bytes of a record's extension. */
export const MOST_EXTENSION = 65536;
/** Tags of an entry. */
export const MOST_TAGS = 1024;

// Spans of a policy, in milliseconds.
/** The default of `retryAfter`. */
export const POLICY_RETRY_AFTER = 1000;
/** The time for which a load without `timeout` holds its key. */
export const POLICY_LEASE = 30000;
/** The addition to `timeout` that makes a lease. */
export const POLICY_LEASE_GRACE = 50;

// The flags of a response: see `http_response`.
/** Not to be used before it is validated (`no-cache`). */
export const RESPONSE_VALIDATE = 1;
/** Not to be used when it is stale (`must-revalidate` and the like). */
export const RESPONSE_NEVER_STALE = 2;
/** Does not change while it is fresh (RFC 8246). */
export const RESPONSE_IMMUTABLE = 4;
/** Has an `ETag` or a `Last-Modified` that can be asked about. */
export const RESPONSE_VALIDATOR = 8;
/** Sets a cookie. */
export const RESPONSE_SET_COOKIE = 32;
/** May answer requests with `Authorization`. */
export const RESPONSE_AUTHORIZED = 128;
/** Is a redirection. */
export const RESPONSE_REDIRECTS = 1024;

// The flags of a request: see `http_request`.
/** Is a GET. */
export const REQUEST_GET = 1;
/** Is a HEAD. */
export const REQUEST_HEAD = 2;
/** Takes the whole response, whatever it is. */
export const REQUEST_WHOLE = 4;
/** Has `If-None-Match` or `If-Modified-Since`. */
export const REQUEST_CONDITIONAL = 8;
/** Asks for a range. */
export const REQUEST_RANGE = 16;
/** Asks for validation. */
export const REQUEST_NO_CACHE = 32;
/** Is not to reach the origin. */
export const REQUEST_ONLY_IF_CACHED = 64;
/** Takes only responses that permit its `Authorization`. */
export const REQUEST_AUTHORIZATION = 128;
/** Shows who asks: what it fails with may concern its user alone. */
export const REQUEST_PERSONAL = 256;

// The cache modes of requests.
/** See `Mode::Default`. */
export const MODE_DEFAULT = 0;
/** See `Mode::NoStore`. */
export const MODE_NO_STORE = 1;
/** See `Mode::Reload`. */
export const MODE_RELOAD = 2;
/** See `Mode::NoCache`. */
export const MODE_NO_CACHE = 3;
/** See `Mode::ForceCache`. */
export const MODE_FORCE_CACHE = 4;
/** See `Mode::OnlyIfCached`. */
export const MODE_ONLY_IF_CACHED = 5;
/** Their names, by number. */
export const MODE_NAMES = [
  "default",
  "no-store",
  "reload",
  "no-cache",
  "force-cache",
  "only-if-cached",
] as const;

// The way of a request, before anything is looked up.
/** See `Handling::Lookup`. */
export const HANDLING_LOOKUP = 0;
/** See `Handling::Change`. */
export const HANDLING_CHANGE = 1;
/** See `Handling::Bypass`. */
export const HANDLING_BYPASS = 3;
/** See `Handling::BypassOrStored`. */
export const HANDLING_BYPASS_OR_STORED = 4;
/** See `Handling::Post`. */
export const HANDLING_POST = 2;

// The ways to answer a request: the results of `http_way`.
/** See `Way::Call`. */
export const WAY_CALL = 0;
/** See `Way::Serve`. */
export const WAY_SERVE = 1;
/** See `Way::Validate`. */
export const WAY_VALIDATE = 2;
/** See `Way::Reload`. */
export const WAY_RELOAD = 3;
/** See `Way::Fail`. */
export const WAY_FAIL = 4;
/** See `Way::FailHard`. */
export const WAY_FAIL_HARD = 5;
/** See `Way::Forward`. */
export const WAY_FORWARD = 6;
/** See `Way::ForwardHead`. */
export const WAY_FORWARD_HEAD = 7;
/** See `Way::Part`. */
export const WAY_PART = 8;
/** See `Way::Bypass`. */
export const WAY_BYPASS = 9;

// The reasons not to store a response: the names are those that users see.
/** See `Storing::Allowed`. */
export const STORING_ALLOWED = 0;
/** See `Storing::Method`. */
export const STORING_METHOD = 1;
/** See `Storing::Status`. */
export const STORING_STATUS = 2;
/** See `Storing::NoStore`. */
export const STORING_NO_STORE = 3;
/** See `Storing::RequestNoStore`. */
export const STORING_REQUEST_NO_STORE = 4;
/** See `Storing::Private`. */
export const STORING_PRIVATE = 5;
/** See `Storing::Authorization`. */
export const STORING_AUTHORIZATION = 6;
/** See `Storing::VaryAny`. */
export const STORING_VARY = 7;
/** See `Storing::Silent`. */
export const STORING_SILENT = 8;
/** See `Storing::SetCookie`. */
export const STORING_SET_COOKIE = 9;
/** See `Storing::Cookie`. */
export const STORING_COOKIE = 10;
/** See `Storing::Partial`. */
export const STORING_PARTIAL = 11;
/** See `Storing::EventStream`. */
export const STORING_EVENT_STREAM = 12;
/** See `Storing::Redirected`. */
export const STORING_REDIRECTED = 13;
/** See `Storing::NoLifetime`. */
export const STORING_NO_LIFETIME = 14;
/** See `Storing::TooLong`. */
export const STORING_TOO_LONG = 15;
/** See `Storing::Encoded`. */
export const STORING_ENCODED = 16;
/** Their names, by number. */
export const STORING_NAMES = [
  "allowed",
  "method",
  "status",
  "no-store",
  "request-no-store",
  "private",
  "authorization",
  "vary",
  "silent",
  "set-cookie",
  "cookie",
  "partial",
  "event-stream",
  "redirected",
  "no lifetime",
  "too long",
  "encoded",
] as const;

// The part of a stored response that answers a request: the first result of `http_answer`.
/** All of it. */
export const PART_WHOLE = 0;
/** 304. */
export const PART_NOT_MODIFIED = 1;
/** All but the body. */
export const PART_HEAD = 2;
/** 206. */
export const PART_RANGES = 3;
/** 416. */
export const PART_UNSATISFIABLE = 4;

// The circumstances in which a response has come, for `http_plan`.
/** None: it is to answer all requests for its URL. */
export const ARRIVAL_WHOLE = 0;
/** The origin fails by it. */
export const ARRIVAL_FAILURE = 1;
/** It is a part, to be kept as such. */
export const ARRIVAL_PART = 2;
/** Something stored may answer instead. */
export const ARRIVAL_STANDS_IN = 4;
/** It belongs elsewhere than its request looked for it. */
export const ARRIVAL_APART = 8;
/** Its request takes the whole of it. */
export const ARRIVAL_TAKES_WHOLE = 16;

// The steps that follow for a response: see `http_plan`.
/** Requests that wait for it may have it. */
export const PLAN_SHAREABLE = 1;
/** They go on to the origin. */
export const PLAN_DISMISSES = 2;
/** It is kept in a place of its own. */
export const PLAN_MOVES = 4;
/** Its own request gets it as it comes. */
export const PLAN_STREAMS = 8;

// The relation of a body to its head: the results of `http_body`.
/** See `body::State::Whole`. */
export const BODY_STATE_WHOLE = 0;
/** See `body::State::Decoded`. */
export const BODY_STATE_DECODED = 1;
/** See `body::State::Cut`. */
export const BODY_STATE_CUT = 2;

// Status codes that a driver has to know.
/** See `Status::PARTIAL_CONTENT`. */
export const STATUS_PARTIAL_CONTENT = 206;
/** See `Status::NOT_MODIFIED`. */
export const STATUS_NOT_MODIFIED = 304;
/** See `Status::FAILS`. */
export const STATUS_FAILS = 500;

// The reasons to ask an origin: the names are those of RFC 9211.
/** See `Forward::Bypass`. */
export const FORWARD_BYPASS = 0;
/** See `Forward::Method`. */
export const FORWARD_METHOD = 1;
/** See `Forward::UriMiss`. */
export const FORWARD_URI_MISS = 2;
/** See `Forward::VaryMiss`. */
export const FORWARD_VARY_MISS = 3;
/** See `Forward::Request`. */
export const FORWARD_REQUEST = 4;
/** See `Forward::Stale`. */
export const FORWARD_STALE = 5;
/** See `Forward::Partial`. */
export const FORWARD_PARTIAL = 6;
/** Their names, by number. */
export const FORWARD_NAMES = [
  "bypass",
  "method",
  "uri-miss",
  "vary-miss",
  "request",
  "stale",
  "partial",
] as const;

/** The options of a policy. Milliseconds; no end and no limit are `Infinity`. */
export interface PolicyNumbers {
  /** The time for which an entry is fresh. */
  readonly ttl: number;
  /** The time past `ttl` in which an entry is served while it is refreshed. */
  readonly staleWhileRevalidate: number;
  /** The time past `ttl` in which an entry is served when a load fails. */
  readonly staleIfError: number;
  /** The random part of `ttl` that is taken away, from 0 to below 1. */
  readonly jitter: number;
  /** The `ttl` of `null` and `undefined`; NaN for that of other values. */
  readonly negativeTtl: number;
  /** The time for which a failure is remembered. */
  readonly errorTtl: number;
  /** The time for which a caller with a servable entry waits for a load. */
  readonly failoverAfter: number;
  /** The longest time that a load may take. */
  readonly timeout: number;
  /** The pause between a load that failed and the next one. */
  readonly retryAfter: number;
  /** 1 for origin-first, 0 for cache-first. */
  readonly originFirst: number;
  /** 1 if concurrent callers share a load. */
  readonly singleFlight: number;
  /** The beta of probabilistic early refresh; 0 for none. */
  readonly earlyBeta: number;
  /** The age from which an entry is refreshed early. */
  readonly earlyAfter: number;
  /** Hits that an entry serves at most. */
  readonly hitsMax: number;
  /** The hit that starts a refresh. */
  readonly hitsRefreshAt: number;
}
/** Makes the array that the core reads. */
export function writePolicyNumbers(of: PolicyNumbers): Float64Array {
  return Float64Array.of(
    of.ttl,
    of.staleWhileRevalidate,
    of.staleIfError,
    of.jitter,
    of.negativeTtl,
    of.errorTtl,
    of.failoverAfter,
    of.timeout,
    of.retryAfter,
    of.originFirst,
    of.singleFlight,
    of.earlyBeta,
    of.earlyAfter,
    of.hitsMax,
    of.hitsRefreshAt,
  );
}

/** A lifetime, in milliseconds. */
export interface LifetimeNumbers {
  /** The time for which it is fresh. */
  readonly ttl: number;
  /** The time past `ttl` in which it is served while it is refreshed. */
  readonly staleWhileRevalidate: number;
  /** The time past `ttl` in which it is served when a load fails. */
  readonly staleIfError: number;
  /** The time beyond its windows for which it is kept to be validated. */
  readonly retained: number;
}
/** Reads the array that the core made. */
export function readLifetimeNumbers(numbers: Float64Array): LifetimeNumbers {
  return {
    ttl: numbers[0] as number,
    staleWhileRevalidate: numbers[1] as number,
    staleIfError: numbers[2] as number,
    retained: numbers[3] as number,
  };
}
/** The length of that array. */
export const LIFETIME_NUMBERS = 4;

/** The options of a circuit breaker. */
export interface BreakerNumbers {
  /** The share of failures that opens it. */
  readonly errorRate: number;
  /** The past for which loads count, in milliseconds. */
  readonly window: number;
  /** Loads in the window below which it never opens. */
  readonly minCalls: number;
  /** The time for which it refuses loads, in milliseconds. */
  readonly openFor: number;
  /** Probes, all of which have to succeed. */
  readonly halfOpenCalls: number;
}
/** Makes the array that the core reads. */
export function writeBreakerNumbers(of: BreakerNumbers): Float64Array {
  return Float64Array.of(
    of.errorRate,
    of.window,
    of.minCalls,
    of.openFor,
    of.halfOpenCalls,
  );
}

/** The options of a rate limit. */
export interface LimitNumbers {
  /** Loads that are admitted per period. */
  readonly limit: number;
  /** The period, in milliseconds. */
  readonly period: number;
  /** 1 for a sliding window, 0 for a fixed one. */
  readonly sliding: number;
  /** The time for which everything is refused after the first refusal, in milliseconds. */
  readonly ban: number;
}
/** Makes the array that the core reads. */
export function writeLimitNumbers(of: LimitNumbers): Float64Array {
  return Float64Array.of(
    of.limit,
    of.period,
    of.sliding,
    of.ban,
  );
}

/** The options of slow calls. */
export interface SlowNumbers {
  /** The multiple of the mean that a load may take. */
  readonly factor: number;
  /** Loads that the mean is taken of. */
  readonly samples: number;
  /** The time for which loads are refused, in milliseconds. */
  readonly openFor: number;
}
/** Makes the array that the core reads. */
export function writeSlowNumbers(of: SlowNumbers): Float64Array {
  return Float64Array.of(
    of.factor,
    of.samples,
    of.openFor,
  );
}

/** Times of an entry that answers. Milliseconds; no end is `Infinity`. */
export interface TimesNumbers {
  /** The age of an entry. */
  readonly age: number;
  /** The `ttl` it was stored with. */
  readonly ttl: number;
}
/** Reads the array that the core made. */
export function readTimesNumbers(numbers: Float64Array): TimesNumbers {
  return {
    age: numbers[0] as number,
    ttl: numbers[1] as number,
  };
}
/** The length of that array. */
export const TIMES_NUMBERS = 2;

/** Of the last refusal by a guard. */
export interface RefusalNumbers {
  /** In how many milliseconds to try again. */
  readonly retryAfter: number;
  /** The limit that was reached; 0 for other guards. */
  readonly limit: number;
}
/** Reads the array that the core made. */
export function readRefusalNumbers(numbers: Float64Array): RefusalNumbers {
  return {
    retryAfter: numbers[0] as number,
    limit: numbers[1] as number,
  };
}
/** The length of that array. */
export const REFUSAL_NUMBERS = 2;

/** The contents of a memory. */
export interface UsageNumbers {
  /** Entries, dead ones that were not dropped yet included. */
  readonly entries: number;
  /** Their weight in bytes. */
  readonly bytes: number;
  /** Live entries dropped to stay within the limits. */
  readonly evictions: number;
  /** Loads that run. */
  readonly flights: number;
  /** Slots that are taken, those without an entry included. */
  readonly taken: number;
}
/** Reads the array that the core made. */
export function readUsageNumbers(numbers: Float64Array): UsageNumbers {
  return {
    entries: numbers[0] as number,
    bytes: numbers[1] as number,
    evictions: numbers[2] as number,
    flights: numbers[3] as number,
    taken: numbers[4] as number,
  };
}
/** The length of that array. */
export const USAGE_NUMBERS = 5;

/** The counters of a policy. The names, in order. */
export const COUNT_NUMBERS = [
  "hits",
  "stale",
  "misses",
  "loads",
  "refreshes",
  "failures",
  "coalesced",
  "errorFallbacks",
  "failovers",
  "takeovers",
  "fenced",
  "refusals",
] as const;

/** The head of a stored record; behind it hash, hard and soft version of each tag. */
export interface HeadNumbers {
  /** The codec that made the value's bytes. */
  readonly codec: number;
  /** The time of storing, by the writer's wall clock. */
  readonly storedAt: number;
  /** The time for which it is fresh, in milliseconds. */
  readonly ttl: number;
  /** The time past `ttl` in which it is served while it is refreshed. */
  readonly staleWhileRevalidate: number;
  /** The time past `ttl` in which it is served when a load fails. */
  readonly staleIfError: number;
  /** The offset of the value. */
  readonly valueAt: number;
  /** The time beyond its windows for which it is kept to be validated. */
  readonly retained: number;
}
/** Reads the array that the core made. */
export function readHeadNumbers(numbers: Float64Array): HeadNumbers {
  return {
    codec: numbers[0] as number,
    storedAt: numbers[1] as number,
    ttl: numbers[2] as number,
    staleWhileRevalidate: numbers[3] as number,
    staleIfError: numbers[4] as number,
    valueAt: numbers[5] as number,
    retained: numbers[6] as number,
  };
}
/** The length of that array. */
export const HEAD_NUMBERS = 7;

/** A cache of responses, and its policy. Milliseconds; NaN for a `ttl` that is not given. */
export interface HttpRulesNumbers {
  /** 1 if several users share it. */
  readonly shared: number;
  /** 1 if it keeps `Set-Cookie` with what it stores, although they do. */
  readonly keepsSetCookie: number;
  /** 1 if the host hides fields of requests. */
  readonly hidesFields: number;
  /** 1 if the policy rules even where a response speaks. */
  readonly overrides: number;
  /** The lifetime of a response that states none. */
  readonly ttl: number;
  /** The time for which a stale response is served while it is refreshed, if it does not say. */
  readonly staleWhileRevalidate: number;
  /** The time for which a stale response is served when a load fails, if it does not say. */
  readonly staleIfError: number;
}
/** Makes the array that the core reads. */
export function writeHttpRulesNumbers(of: HttpRulesNumbers): Float64Array {
  return Float64Array.of(
    of.shared,
    of.keepsSetCookie,
    of.hidesFields,
    of.overrides,
    of.ttl,
    of.staleWhileRevalidate,
    of.staleIfError,
  );
}

/** The reading of a response by its head. Milliseconds; NaN for what it does not state. */
export interface ResponseNumbers {
  /** The decision to store it: one of `storing`. */
  readonly storing: number;
  /** Its lifetime. */
  readonly lifetime: number;
  /** Its heuristic lifetime. */
  readonly heuristic: number;
  /** Its age when it came. */
  readonly initialAge: number;
  /** Its `stale-while-revalidate`. */
  readonly staleWhileRevalidate: number;
  /** Its `stale-if-error`. */
  readonly staleIfError: number;
  /** One or more of `response`. */
  readonly flags: number;
  /** The bytes of a part. */
  readonly part: number;
}
/** Reads the array that the core made. */
export function readResponseNumbers(numbers: Float64Array): ResponseNumbers {
  return {
    storing: numbers[0] as number,
    lifetime: numbers[1] as number,
    heuristic: numbers[2] as number,
    initialAge: numbers[3] as number,
    staleWhileRevalidate: numbers[4] as number,
    staleIfError: numbers[5] as number,
    flags: numbers[6] as number,
    part: numbers[7] as number,
  };
}
/** The length of that array. */
export const RESPONSE_NUMBERS = 8;

/** The decisions on a response. Milliseconds. */
export interface PlanNumbers {
  /** The decision to store it: one of `storing`. */
  readonly storing: number;
  /** Some of `plan`. */
  readonly flags: number;
  /** Its age when it is stored. */
  readonly initialAge: number;
  /** The time for which it is fresh from then. */
  readonly ttl: number;
  /** The time that it is past its lifetime already. */
  readonly overdue: number;
  /** The time past `ttl` in which it is served while it is refreshed. */
  readonly staleWhileRevalidate: number;
  /** The time past `ttl` in which it is served when a load fails. */
  readonly staleIfError: number;
  /** The time beyond its windows for which it is kept to be validated. */
  readonly retained: number;
  /** The time for which a record of its URL's variants is kept. */
  readonly ofRecord: number;
}
/** Reads the array that the core made. */
export function readPlanNumbers(numbers: Float64Array): PlanNumbers {
  return {
    storing: numbers[0] as number,
    flags: numbers[1] as number,
    initialAge: numbers[2] as number,
    ttl: numbers[3] as number,
    overdue: numbers[4] as number,
    staleWhileRevalidate: numbers[5] as number,
    staleIfError: numbers[6] as number,
    retained: numbers[7] as number,
    ofRecord: numbers[8] as number,
  };
}
/** The length of that array. */
export const PLAN_NUMBERS = 9;

/** A request as far as its cache must know it. Milliseconds; NaN for what it does not state. */
export interface RequestNumbers {
  /** Its way: one of `handling`. */
  readonly handling: number;
  /** One or more of `request`. */
  readonly flags: number;
  /** Its cache mode: one of `mode`. */
  readonly mode: number;
  /** The greatest age. */
  readonly maxAge: number;
  /** The least freshness. */
  readonly minFresh: number;
  /** The most staleness. */
  readonly maxStale: number;
  /** The most staleness when the origin fails. */
  readonly staleIfError: number;
}
/** Makes the array that the core reads. */
export function writeRequestNumbers(of: RequestNumbers): Float64Array {
  return Float64Array.of(
    of.handling,
    of.flags,
    of.mode,
    of.maxAge,
    of.minFresh,
    of.maxStale,
    of.staleIfError,
  );
}
/** Reads the array that the core made. */
export function readRequestNumbers(numbers: Float64Array): RequestNumbers {
  return {
    handling: numbers[0] as number,
    flags: numbers[1] as number,
    mode: numbers[2] as number,
    maxAge: numbers[3] as number,
    minFresh: numbers[4] as number,
    maxStale: numbers[5] as number,
    staleIfError: numbers[6] as number,
  };
}
/** The length of that array. */
export const REQUEST_NUMBERS = 7;

/** A stored response, and its entry as it is now. Milliseconds. */
export interface StoredNumbers {
  /** The state of its entry: one of `state`. */
  readonly state: number;
  /** The time for which its entry is fresh from when it was stored. */
  readonly ttl: number;
  /** The time since then. */
  readonly age: number;
  /** Its age when it was stored. */
  readonly initialAge: number;
  /** The time that it was past its lifetime then. */
  readonly overdue: number;
  /** One or more of `response`. */
  readonly flags: number;
  /** 1 if it may answer requests with `Authorization`. */
  readonly authorized: number;
  /** 1 if it is the end of a redirection for other requests. */
  readonly redirectsOthers: number;
  /** 1 if it is a failure of its origin. */
  readonly failed: number;
}
/** Makes the array that the core reads. */
export function writeStoredNumbers(of: StoredNumbers): Float64Array {
  return Float64Array.of(
    of.state,
    of.ttl,
    of.age,
    of.initialAge,
    of.overdue,
    of.flags,
    of.authorized,
    of.redirectsOthers,
    of.failed,
  );
}
