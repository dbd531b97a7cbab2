/**
 * The inside, as far as tests reach it. It is built with the package, on the same files, and not
 * packed.
 */

export { matcher } from "./api/operations/pattern.js";
export { Bulkhead } from "./coordination/bulkhead.js";
export { knownLocks } from "./coordination/local-locks.js";
export {
  HANDLING_LOOKUP,
  JUDGED_DEAD,
  JUDGED_GOOD,
  RESPONSE_AUTHORIZED,
  STATE_FRESH,
  STATE_REVALIDATE,
  TAGS_AFTER_HARD,
  TAGS_AFTER_NOTHING,
  TAGS_AFTER_SOFT,
  WAY_CALL,
  WAY_SERVE,
} from "./core/abi.js";
export * as core from "./core/core.js";
export { HTTP, heads } from "./core/http.js";
export { isReady } from "./core/modules.js";
export * as optionTable from "./core/option-table.js";
export { Receiving, receivingOf } from "./http/receiving.js";
export { derivedKey, keyFunction } from "./keys/key.js";
export { compileIgnore, withoutQuery } from "./keys/key-ignore.js";
export { longKey } from "./keys/key-length.js";
export { compileTemplate } from "./keys/template.js";
export * as memoryOptions from "./memory/memory-options.js";
export { byteSize, sizeOf } from "./memory/size.js";
export * as cacheOptions from "./policy/cache-options.js";
export { compileFetchOptions } from "./policy/fetch-options.js";
export { compileCallOptions, compilePolicy } from "./policy/policy.js";
export { joinRecord } from "./records/record-bytes.js";
export { ServerClock, setInTime } from "./stores/redis-timed.js";
export { Fences } from "./tiers/fences.js";
export { ASK, SKIP, TierLedger } from "./tiers/ledger.js";
export { StoreHealth } from "./tiers/store-health.js";
export { StoreNames } from "./tiers/store-names.js";
export { TagLedger } from "./tiers/tag-ledger.js";
export { duration } from "./util/duration.js";
export * as foreignNames from "./util/foreign-names.js";
