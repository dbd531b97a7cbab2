//! The numbers of calls, guards and records, in groups.

use super::{BreakerNumbers, Constant, Group, LimitNumbers, SlowNumbers};
use crate::policy::Policy;
use crate::record;

groups! {
    /// The eviction policies of a memory.
    pub mod eviction: u32 as names {
        /// The least recently used entry goes.
        LRU ("lru") = 0,
        /// S3-FIFO picks the entry that goes.
        S3_FIFO("s3-fifo") = 1,
    }

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

    /// The bits of `begin` beside the step.
    pub mod begun: u32 {
        /// The bit that says that slots were dropped: call `dropped`.
        DROPPED = 16,
        /// The slot is this bit and up.
        SLOT = 32,
    }

    /// The facts of a flight that found an entry in a lower store, for `found`.
    pub mod looked: u32 {
        /// Its callers have a stale entry already.
        BACKGROUND = 1,
        /// It does not lead its key.
        BESIDE = 2,
        /// Messages of other instances were not heard yet when it began to look.
        UNHEARD = 4,
    }

    /// The bits of `found` beside the step.
    pub mod found: u32 {
        /// The memory has what was found.
        KEPT_FOUND = 16,
        /// The memory has something as new or newer.
        KEPT_HELD = 32,
        /// The entry may answer for a load that fails: see `spare_age`.
        SPARE = 64,
        /// The slot is this bit and up.
        SLOT = 128,
    }

    /// The facts of a load that failed, for `failed`.
    pub mod failure: u32 {
        /// An entry may answer for it: `staleOn` says so, or nobody waits for the load.
        MAY_STAND_IN = 1,
        /// It does not lead its key.
        BESIDE = 2,
        /// An entry of a lower store may answer, says `spare_age`.
        SPARE = 4,
        /// It is a result that states itself how long it may be used.
        LASTING = 8,
        /// The policy may have it remembered.
        MEMORABLE = 16,
    }

    /// The replacements of a result: the results of `failed` and `refused`.
    pub mod instead: u32 {
        /// Nothing.
        NOTHING = 0,
        /// The entry in the memory, with the age and the ttl that `instead_times` gives.
        ENTRY = 1,
        /// The entry of the lower store.
        SPARE = 2,
        /// Nothing better than the failed result: it is to be kept, and nothing has happened yet.
        RESULT = 3,
        /// Nothing, and the failure is to be remembered.
        REMEMBERED = 4,
    }

    /// The facts of what a load brought, for `loaded` and `lifetime`.
    pub mod facts: u32 {
        /// It is `null` or `undefined`.
        NOTHING = 1,
        /// It is a failure to remember.
        FAILURE = 2,
        /// The `ttl` is the call's, not the result's.
        CALL_TTL = 4,
        /// The windows are the result's, not the policy's.
        WINDOWS = 8,
        /// One of its tags was softly invalidated since the load began.
        STALE = 16,
        /// Stores are below the memory.
        TIERED = 32,
        /// They may have an entry of its key.
        MAY_BE_BELOW = 64,
    }

    /// The bits of `loaded` beside the slot, or the result that is none.
    pub mod below: i32 {
        /// The stores below are to get it, with what `lifetime_below` gives.
        STORE = 1,
        /// They are to drop their entries.
        DROP = 2,
        /// The slot, or one of `landed`, is this bit and up.
        SLOT = 4,
    }

    /// The results of `loaded` and `put` that are no slot.
    pub mod landed: i32 {
        /// The value is current, but the memory does not keep it.
        NOT_KEPT = -1,
        /// Something newer came first.
        OUTDATED = -2,
    }

    /// The result of `load_beside` that is no fence.
    pub mod beside: u32 {
        /// The entry answers: the origin fails, and a load finds out for how long.
        ANSWERED = 0,
    }

    /// The ways of waiting for a load.
    pub mod wait: u32 {
        /// The caller leads it; else it has joined another's.
        LEADS = 1,
        /// An entry may answer when the load is slow.
        FALLBACK = 2,
        /// No entry may answer, however the load ends.
        FOR_LOADED = 4,
        /// Stores are below the memory.
        TIERED = 8,
    }

    /// The results of `state`.
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

    /// The bits of `dropped`.
    pub mod dropped: i32 {
        /// The bit of a slot that was evicted to make room.
        EVICTED = 1,
        /// The bit of a slot of which only the value is to be forgotten.
        VALUE_ONLY = 2,
        /// The slot is this bit and up.
        SLOT = 4,
    }

    /// The results of `tags_after`.
    pub mod tags_after: u32 {
        /// Nothing happened to the tags.
        NOTHING = 0,
        /// A soft invalidation.
        SOFT = 1,
        /// A hard one.
        HARD = 2,
    }

    /// The results of `judge_tags` that are not the time since which an entry is stale.
    pub mod judged: i32 {
        /// No tag was invalidated.
        GOOD = -1,
        /// One was.
        DEAD = -2,
    }

    /// The results of `check_guards`.
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

    /// The outcomes of a load, for `record_guards`.
    pub mod result: u32 {
        /// It brought a value.
        SUCCEEDED = 0,
        /// It failed.
        FAILED = 1,
        /// It says nothing of the origin.
        IGNORED = 2,
    }

    /// Offsets of the numbers of each guard in the array of `add_guards`. One whose first number
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

    /// Offsets in a stored record: see [`record`].
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

    /// The most that is read and written.
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
        /// The time for which a load without `timeout` holds its key.
        LEASE = Policy::LEASE.as_millis(),
        /// The addition to `timeout` that makes a lease.
        LEASE_GRACE = Policy::LEASE_GRACE.as_millis(),
    }
}
