// The functions of `core.wasm` as the generated glue exports them; only `core.ts` may import this.
// The glue itself is written to `dist/glue/holdover.js` by `cargo xtask build`.

/** Instantiates the core unless it is already there. */
export declare function initSync(options: { module: WebAssembly.Module | BufferSource }): void;

/** Instantiates the core anew, forgetting an instance that trapped. */
export declare function __reinit(module: WebAssembly.Module | BufferSource): void;

// See `src/wasm/` for what each does. A slot that is absent is -1; times are milliseconds.

export declare function open(maxEntries: number, maxBytes: number): number;
export declare function close(machine: number): void;
export declare function usage(machine: number): Float64Array;
export declare function trap(): void;
export declare function add_policy(machine: number, fields: Float64Array): number;
export declare function remove_policy(machine: number, policy: number): void;
export declare function use_entry(machine: number, slot: number): void;
export declare function begin_read(machine: number): number;
export declare function backfill(
  machine: number,
  slot: number,
  fence: number,
  ttl: number,
  staleWhileRevalidate: number,
  staleIfError: number,
  size: number,
  age: number,
  now: number,
  retained: number,
): number;
export declare function guards_in_force(machine: number, guards: number, now: number): boolean;
export declare function count_hits(machine: number, slot: number, hits: number): void;
export declare function counters(machine: number, policy: number): Float64Array;
export declare function begin(
  machine: number,
  slot: number,
  policy: number,
  now: number,
  roll: number,
): number;
export declare function fence(machine: number): number;
export declare function refresh(machine: number, slot: number, policy: number, now: number): number;
export declare function started(machine: number, slot: number, fence: number, now: number): void;
export declare function loaded(
  machine: number,
  slot: number,
  fence: number,
  policy: number,
  ttl: number,
  staleWhileRevalidate: number,
  staleIfError: number,
  size: number,
  now: number,
  retained?: number,
): number;
export declare function found(
  machine: number,
  slot: number,
  fence: number,
  policy: number,
  ttl: number,
  staleWhileRevalidate: number,
  staleIfError: number,
  size: number,
  age: number,
  background: boolean,
  now: number,
  retained: number,
  roll: number,
): number;
export declare function failed(
  machine: number,
  slot: number,
  fence: number,
  policy: number,
  now: number,
): void;
export declare function failed_beside(
  machine: number,
  slot: number,
  fence: number,
  policy: number,
  now: number,
): void;
export declare function failed_openly(
  machine: number,
  slot: number,
  fence: number,
  policy: number,
): void;
export declare function cancelled(machine: number, slot: number, fence: number): void;
export declare function fallback(
  machine: number,
  slot: number,
  policy: number,
  failover: boolean,
  now: number,
): boolean;
export declare function put(
  machine: number,
  slot: number,
  ttl: number,
  staleWhileRevalidate: number,
  staleIfError: number,
  size: number,
  now: number,
  retained?: number,
): number;
export declare function invalidate(machine: number, slot: number): void;
export declare function distrust(machine: number, slot: number, now: number): void;
export declare function dropped(machine: number): number;
export declare function touch(machine: number, slot: number, now: number): number;
export declare function jittered(ttl: number, jitter: number, roll: number): number;
export declare function state(machine: number, slot: number, now: number): number;
export declare function age(machine: number, slot: number, now: number): number;
export declare function ttl(machine: number, slot: number): number;
export declare function wait_left(machine: number, slot: number, now: number): number;
export declare function encode_head_of(
  codec: number,
  storedAt: number,
  ttl: number,
  staleWhileRevalidate: number,
  staleIfError: number,
  retained: number,
  tags: Float64Array,
): Uint8Array;
export declare function decode_head_of(record: Uint8Array): Float64Array;
export declare function checksum(soFar: number, bytes: Uint8Array): number;
export declare function invalidate_tags(
  machine: number,
  tags: Float64Array,
  soft: boolean,
  now: number,
): void;
export declare function tags_after(machine: number, tags: Float64Array, fence: number): number;
export declare function tags_latest(machine: number): number;
export declare function judge_tags(carried: Float64Array, current: Float64Array): number;
export declare function tag(machine: number, slot: number, tags: Float64Array, fence: number): void;
export declare function tags_of(machine: number, slot: number): Float64Array;
export declare function is_outdated(
  machine: number,
  fence: number,
  tags: Float64Array,
  known: boolean,
): boolean;
export declare function load_beside(
  machine: number,
  slot: number,
  policy: number,
  now: number,
): number;
export declare function found_beside(
  machine: number,
  slot: number,
  fence: number,
  policy: number,
  ttl: number,
  staleWhileRevalidate: number,
  staleIfError: number,
  size: number,
  age: number,
  now: number,
  retained: number,
  roll: number,
): number;
export declare function take_over(
  machine: number,
  slot: number,
  policy: number,
  now: number,
): number;
export declare function add_guards(machine: number, fields: Float64Array): number;
export declare function remove_guards(machine: number, guards: number): void;
export declare function check_guards(machine: number, guards: number, now: number): number;
export declare function refusal(machine: number): Float64Array;
export declare function take_guards(
  machine: number,
  guards: number,
  policy: number,
  now: number,
): number;
export declare function refused(machine: number, slot: number, fence: number, policy: number): void;
export declare function record_guards(
  machine: number,
  guards: number,
  permit: number,
  result: number,
  duration: number,
  now: number,
): void;
export declare function open_bloom(capacity: number, falsePositiveRate: number): number;
export declare function close_bloom(filter: number): void;
export declare function bloom_size(filter: number): Uint32Array;
export declare function add_to_bloom(filter: number, key: Uint8Array): void;
export declare function bloom_may_have(filter: number, key: Uint8Array): boolean;
export declare function save_bloom(filter: number): Uint8Array;
export declare function merge_bloom(filter: number, saved: Uint8Array): boolean;

// The rules of HTTP. Heads are lines `name: value\n`; spans that a message does not state are NaN.
export declare function http_response(
  method: string,
  requestHead: string,
  status: number,
  responseHead: string,
  shared: boolean,
  targets: string,
  requestedAt: number,
  receivedAt: number,
  keepsSetCookie: boolean,
  hidesFields: boolean,
): Float64Array;
export declare function http_terms(
  numbers: Float64Array,
  elapsed: number,
  failed: boolean,
  ttl: number,
  staleWhileRevalidate: number,
  staleIfError: number,
  overrides: boolean,
): Float64Array;
export declare function http_taken_on_error(
  storedFlags: number,
  overdue: number,
  staleIfError: number,
): boolean;
export declare function http_request(method: string, requestHead: string): Float64Array;
export declare function http_reuse(
  storedFlags: number,
  lifetime: number,
  age: number,
  requestFlags: number,
  maxAge: number,
  minFresh: number,
  maxStale: number,
): number;
export declare function http_vary(responseHead: string, hidesFields: boolean): string;
export declare function http_vary_key(vary: string, requestHead: string): string | undefined;
export declare function http_shareable(
  storing: number,
  flags: number,
  left: number,
  shared: boolean,
): boolean;
export declare function http_stored_head(
  responseHead: string,
  shared: boolean,
  targets: string,
  keepsSetCookie: boolean,
): string;
export declare function http_update_head(storedHead: string, newHead: string): string;
export declare function http_head_update(storedHead: string, newHead: string): string | undefined;
export declare function http_validators(heads: string): string;
export declare function http_select_304(heads: string, newHead: string): number;
export declare function http_precondition(
  method: string,
  requestHead: string,
  status: number,
  storedHead: string,
  receivedAt: number,
): number;
export declare function http_head_of_304(storedHead: string): string;
export declare function http_range(
  requestHead: string,
  status: number,
  storedHead: string,
  length: number,
): Float64Array;
export declare function http_invalidation(
  method: string,
  status: number,
  responseHead: string,
): string | undefined;
export declare function http_groups(responseHead: string): string;
export declare function http_group_invalidation(method: string, responseHead: string): string;
