// Generated from crates/wasm/ by `cargo xtask build`: change those files, not this one. Only
// `core.ts` may import it.

/** Instantiates the module anew, forgetting an instance that trapped. */
export declare function __reinit(module: WebAssembly.Module): void;

/**
 * Adds guards; gives their number, −1 for too few numbers. Their options were checked before.
 */
export declare function add_guards(machine: number, numbers: Float64Array | number[]): number;

/**
 * Adds a policy; gives its number, −1 for too few numbers. Its options were checked before, with
 * better messages.
 */
export declare function add_policy(machine: number, numbers: Float64Array | number[]): number;

/**
 * Adds a key.
 */
export declare function add_to_bloom(filter: number, key: Uint8Array | number[]): void;

/**
 * The age of the entry of `slot`; NaN without one.
 */
export declare function age(machine: number, slot: number, now: number): number;

/**
 * A direct read that began with `fence` found an entry of this `age`; gives the slot that has it
 * now, −1 for none.
 */
export declare function backfill(machine: number, slot: number, fence: number, ttl: number, staleWhileRevalidate: number, staleIfError: number, size: number, age: number, now: number, retained: number): number;

/**
 * Begins a call: one of `step`, and what `begun` says.
 * `roll` may be NaN until it is asked for.
 * For a load, `fence` tells the flight's fence.
 */
export declare function begin(machine: number, slot: number, policy: number, now: number, roll: number): number;

/**
 * The fence of a direct read of the lower stores that begins now.
 */
export declare function begin_read(machine: number): number;

/**
 * True if a key may have been added.
 */
export declare function bloom_may_have(filter: number, key: Uint8Array | number[]): boolean;

/**
 * The number of its bits, and of those that each key sets.
 */
export declare function bloom_size(filter: number): Uint32Array;

/**
 * Returns the time for which an open circuit breaker still refuses loads: 0 for one that is
 * half-open, negative for one that is closed.
 */
export declare function breaker_left(machine: number, guards: number, now: number): number;

/**
 * A load was stopped because nobody wants it any more.
 */
export declare function cancelled(machine: number, slot: number, fence: number): void;

/**
 * Returns the refusal of a load, or that it may start: one of `refused`, with `refusal` for the rest.
 */
export declare function check_guards(machine: number, guards: number, now: number): number;

/**
 * Continues a checksum; a negative one begins it.
 */
export declare function checksum(soFar: number, bytes: Uint8Array | number[]): number;

/**
 * Closes a machine and frees what it held.
 */
export declare function close(machine: number): void;

/**
 * Closes a filter and frees what it held.
 */
export declare function close_bloom(filter: number): void;

/**
 * Says how many hits the entry of `slot` has served in all instances.
 */
export declare function count_hits(machine: number, slot: number, hits: number): void;

/**
 * Returns the counters of a policy: `CountNumbers`.
 */
export declare function counters(machine: number, policy: number): Float64Array;

/**
 * Reads the head of a record: `HeadNumbers`, then hash, hard and soft version of each tag. Empty
 * when it cannot be read. `whole`: it is all there, and the checksum is looked at.
 */
export declare function decode_head_of(record: Uint8Array | number[], whole: boolean): Float64Array;

/**
 * Lets the entry of `slot` answer only for loads that fail; loads under way do not store.
 */
export declare function distrust(machine: number, slot: number, now: number): void;

/**
 * The next slot to forget, and how: see `dropped`. −1 when there is none.
 */
export declare function dropped(machine: number): number;

/**
 * Writes the head of a record, whose checksum is zero. `tags` are three numbers each: hash, hard
 * and soft version.
 */
export declare function encode_head_of(codec: number, storedAt: number, ttl: number, staleWhileRevalidate: number, staleIfError: number, retained: number, tags: Float64Array | number[]): Uint8Array;

/**
 * True if the entry of `slot` may answer a caller whose load is slow; counts it then.
 */
export declare function fail_over(machine: number, slot: number, policy: number, now: number): boolean;

/**
 * A load failed; `facts` are some of `failure`. Gives one of `instead`.
 */
export declare function failed(machine: number, slot: number, fence: number, policy: number, facts: number, now: number): number;

/**
 * The time for which a caller that waits in some of `wait` does so before an entry may
 * answer; Infinity for as long as the load takes.
 */
export declare function failover_after(machine: number, policy: number, way: number): number;

/**
 * True if the entry of `slot` may answer a call that was refused, hit or not; counts it then.
 */
export declare function fallback(machine: number, slot: number, policy: number, now: number): boolean;

/**
 * The fence of the flight that the last `begin` or `refresh` started.
 */
export declare function fence(machine: number): number;

/**
 * A lower store held an entry of this `age`; `facts` are some of `looked`. Gives one of
 * `step`, and what `found` says.
 */
export declare function found(machine: number, slot: number, fence: number, policy: number, facts: number, ttl: number, staleWhileRevalidate: number, staleIfError: number, retained: number, size: number, age: number, roll: number, now: number): number;

/**
 * True if guards refuse something now, or would next: they are not to be forgotten yet.
 */
export declare function guards_in_force(machine: number, guards: number, now: number): boolean;

/**
 * Notes the hash of the key to which a slot was given; for `abi::eviction::S3_FIFO` alone.
 */
export declare function identify(machine: number, slot: number, hash: number): void;

/**
 * The times of the entry that the last `failed` or `refused` gave: `TimesNumbers`.
 */
export declare function instead_times(machine: number): Float64Array;

/**
 * Drops the entry of `slot`; loads under way do not store.
 */
export declare function invalidate(machine: number, slot: number): void;

/**
 * Invalidates tags. `soft`: their entries become stale instead of dead.
 */
export declare function invalidate_tags(machine: number, tags: Float64Array | number[], soft: boolean, now: number): void;

/**
 * True if callers must not join the load of this fence any more. `known`: `tags` are those of
 * what it will bring; otherwise nobody knows yet.
 */
export declare function is_outdated(machine: number, fence: number, tags: Float64Array | number[], known: boolean): boolean;

/**
 * The effect of invalidations on a stored entry: one of `judged`, else it is stale since that
 * wall-clock time. `carried` are its tags' versions, hard and soft in turn; `current` those
 * that the tags have now, each pair followed by the time of the soft one.
 */
export declare function judge_tags(carried: Float64Array | number[], current: Float64Array | number[]): number;

/**
 * The lifetime of a value that is written as if it had been loaded: `LifetimeNumbers`.
 */
export declare function lifetime(machine: number, policy: number, facts: number, ttl: number, roll: number): Float64Array;

/**
 * The lifetime of what `loaded` has just said to be stored below: `LifetimeNumbers`.
 */
export declare function lifetime_below(machine: number): Float64Array;

/**
 * Begins a load of its own for a caller that was told to wait; gives its fence, 0 where the entry
 * of `slot` answers instead. No `slot` for a caller that no entry may answer.
 */
export declare function load_beside(machine: number, slot: number, policy: number, now: number): number;

/**
 * A load ended with something to keep: `facts` are some of `facts`, and NaN is a `ttl` that the
 * policy has. Gives the slot that holds it, or one of `landed`, and what `below` says.
 */
export declare function loaded(machine: number, slot: number, fence: number, policy: number, facts: number, ttl: number, staleWhileRevalidate: number, staleIfError: number, retained: number, size: number, roll: number, now: number): number;

/**
 * Adds what was saved; false, and nothing is added, when it is damaged or was made for other
 * options.
 */
export declare function merge_bloom(filter: number, saved: Uint8Array | number[]): boolean;

/**
 * Opens a machine; gives its number. `ttl` bounds the time for which it serves entries of stores
 * below it, `eviction` is one of `eviction`(holdover::abi::eviction).
 */
export declare function open(maxEntries: number, maxBytes: number, ttl: number, eviction: number): number;

/**
 * Opens an empty filter; gives its number, −1 for options that are refused.
 */
export declare function open_bloom(capacity: number, falsePositiveRate: number): number;

/**
 * Stores a value that was not loaded; gives its slot, or one of `landed`. `is_tiered`: stores
 * below the memory get it, too.
 */
export declare function put(machine: number, slot: number, ttl: number, staleWhileRevalidate: number, staleIfError: number, size: number, now: number, retained: number, isTiered: boolean): number;

/**
 * Reports how a load went: one of `result`.
 */
export declare function record_guards(machine: number, guards: number, permit: number, result: number, duration: number, now: number): void;

/**
 * Starts a flight whether or not one runs; gives the slot.
 */
export declare function refresh(machine: number, slot: number, policy: number, now: number): number;

/**
 * Returns the details of the last refusal: `RefusalNumbers`.
 */
export declare function refusal(machine: number): Float64Array;

/**
 * A guard refused a load, which never started. `has_spare`: an entry of a lower store may answer,
 * says `spare_age`. Gives one of `instead`.
 */
export declare function refused(machine: number, slot: number, fence: number, policy: number, hasSpare: boolean, now: number): number;

/**
 * Forgets guards.
 */
export declare function remove_guards(machine: number, guards: number): void;

/**
 * Forgets a policy, whose number may be given again.
 */
export declare function remove_policy(machine: number, policy: number): void;

/**
 * The age of the entry that a load of `slot` is to renew; NaN where there is none that may answer.
 */
export declare function renewed_age(machine: number, slot: number, now: number): number;

/**
 * Opens a circuit breaker for a time, 0 for half-open; closes it for a negative one.
 */
export declare function restore_breaker(machine: number, guards: number, left: number, now: number): void;

/**
 * The filter as bytes with a checksum.
 */
export declare function save_bloom(filter: number): Uint8Array;

/**
 * The age of an entry of a lower store that was of this `age` at `since`; NaN once it may answer
 * no more.
 */
export declare function spare_age(ttl: number, staleWhileRevalidate: number, staleIfError: number, age: number, since: number, now: number): number;

/**
 * The stale window of the entry of `slot`, if a load fails or while it is refreshed; 0 without one.
 */
export declare function stale_window(machine: number, slot: number, ifError: boolean): number;

/**
 * The loader of a flight starts now.
 */
export declare function started(machine: number, slot: number, fence: number, now: number): void;

/**
 * The state of the entry of `slot`: one of `state`.
 */
export declare function state(machine: number, slot: number, now: number): number;

/**
 * Counts a call that an entry answered because its load failed.
 */
export declare function stood_in(machine: number, policy: number): void;

/**
 * Gives the entry of `slot`, which was just stored, its tags. Invalidations after `fence`, that of
 * its load, concern it; −1 for a direct write, which is newer than everything.
 */
export declare function tag(machine: number, slot: number, tags: Float64Array | number[], fence: number): void;

/**
 * The worst that happened to `tags` since the load of this fence began: one of
 * `abi::tags_after`.
 */
export declare function tags_after(machine: number, tags: Float64Array | number[], fence: number): number;

/**
 * The fence of the last invalidation: see `tags_after`.
 */
export declare function tags_latest(machine: number): number;

/**
 * The tags of the entry of `slot`.
 */
export declare function tags_of(machine: number, slot: number): Float64Array;

/**
 * Takes the places of a load that may start; gives its permit.
 */
export declare function take_guards(machine: number, guards: number, policy: number, now: number): number;

/**
 * Leads a new load instead of the outdated one that `begin` told to wait for; gives its fence.
 */
export declare function take_over(machine: number, slot: number, policy: number, now: number): number;

/**
 * Reads an entry without a policy, as the synchronous memory does: 1 when it is fresh, which
 * also makes it the most recently used; 0 otherwise.
 */
export declare function touch(machine: number, slot: number, now: number): number;

/**
 * Traps, so that tests can see the driver replace the instance.
 *
 * # Panics
 * Always.
 */
export declare function trap(): void;

/**
 * The `ttl` that the entry of `slot` was stored with; NaN without one.
 */
export declare function ttl(machine: number, slot: number): number;

/**
 * Returns the contents of a machine: `UsageNumbers`.
 */
export declare function usage(machine: number): Float64Array;

/**
 * Makes the entry of `slot`, if it has one, the most recently used.
 */
export declare function use_entry(machine: number, slot: number): void;

/**
 * The time for which callers still wait for the flight of `slot`.
 */
export declare function wait_left(machine: number, slot: number, now: number): number;
