/** The options of `createCache` and `memory`. */

import type { AnyStore } from "../memory/memory.js";
import { type ByteSize, byteSize } from "../memory/size.js";
import type { CacheEvent, LoadEvent, OperationEvent } from "../model/events.js";
import type { Store as LowerStore } from "../model/store.js";
import { type Codec, compileCodec } from "../records/codec/values.js";
import type { AsyncStorageClass } from "../runtime/async-storage.js";
import type { Clock } from "../runtime/clock.js";
import type { WaitUntil } from "../runtime/wait-until.js";
import { ConfigError } from "../util/errors.js";
import { FOREIGN_TO_CACHES } from "../util/foreign-names.js";
import { flag, type OptionNames, optionalFunction, readOptions } from "../util/options.js";
import { refuseAsync, synchronousFunction } from "../util/user-functions.js";
import { checkStore } from "./check-store.js";
import { DEFAULTS_NAMES, type PolicyDefaults } from "./defaults.js";
import { compilePolicy } from "./policy.js";
import type { GetOrLoadOptions } from "./policy-options.js";

/** The methods of every store; more capabilities are found by presence. */
export interface StoreLike {
  get(...args: never[]): unknown;
  set(...args: never[]): unknown;
  delete(...args: never[]): unknown;
}

/** Options of `createCache`; all of them have defaults. */
export interface CacheOptions<Store extends StoreLike = AnyStore, Event = CacheEvent> {
  /** Begins every key, so that caches that share a store stay apart. Default `""`. */
  readonly namespace?: string | undefined;
  /** The tiers, fastest first. Default `[memory()]`. */
  readonly stores?: readonly Store[] | undefined;
  /** Default: the host's clock and timers. */
  readonly clock?: Clock | undefined;
  /** Random numbers in [0, 1). Default: seeded by the host on the first call. */
  readonly random?: (() => number) | undefined;
  /**
   * Anchors background work that outlives a request. Default: found on Workers; elsewhere pass the
   * host's. `false`: nothing is anchored.
   */
  readonly waitUntil?: WaitUntil | false | undefined;
  /** Called with every event; an error that it throws is ignored. */
  readonly onEvent?: ((event: Event) => void) | undefined;
  /**
   * Called with each operation without a loader (`get`, `set`, `delete`, `holdover/operations`)
   * that has been done; what it throws is ignored. Not to be answered by such an operation of the
   * same cache, which would be told in its turn.
   */
  readonly onOperation?: ((event: OperationEvent) => void) | undefined;
  /**
   * Called with each load that has ended, and how; what it throws is ignored. Not to be answered by
   * a load for each event, which would be told in its turn.
   */
  readonly onLoad?: ((event: LoadEvent) => void) | undefined;
  /** `false`: every call goes straight to its loader. Default true. */
  readonly enabled?: boolean | undefined;
  /**
   * Options of a policy for every function that does not give them, and `ttl` for `set` and the
   * like, where it is a duration. Default none. See {@link PolicyDefaults}.
   */
  readonly defaults?: PolicyDefaults | undefined;
  /**
   * The class `AsyncLocalStorage`, for `bypass(fn)` and `trace(fn)`. Default: found where the host
   * has it as a global or a built-in module.
   */
  readonly asyncLocalStorage?: AsyncStorageClass | undefined;
  /**
   * The codec of values in the stores below `memory()`. Default: JSON, which has no dates,
   * Maps, Sets, NaN or members that are `undefined`; see `holdover/codecs`.
   */
  readonly codec?: Codec | undefined;
  /**
   * The moment at which callers have a loaded value: at once (`"background"`) or when the stores
   * below `memory()` have it too, or failed (`"await"`). Default `"background"`.
   */
  readonly writes?: "background" | "await" | undefined;
  /**
   * The most bytes of a record that is written to, or read from, the stores below `memory()`, with
   * its header: a number or a string like `"1mb"`. Default `"25mb"`.
   */
  readonly maxRecord?: ByteSize | undefined;
  /** Signs records: `sign({ keys })` from `holdover/codecs/sign`. Default: not. */
  readonly sign?: ((store: LowerStore) => LowerStore) | undefined;
  /** Encrypts records: `encrypt({ keys })` from `holdover/codecs/encrypt`. Default: not. */
  readonly encrypt?: ((store: LowerStore) => LowerStore) | undefined;
  /** Compresses records: `compress()` from `holdover/codecs/compress`. Default: not. */
  readonly compress?: ((store: LowerStore) => LowerStore) | undefined;
}

/** Cache options, checked. */
export interface CompiledCacheOptions<Store extends StoreLike = StoreLike, Event = unknown> {
  readonly namespace: string;
  /** Undefined for the default. */
  readonly stores: readonly Store[] | undefined;
  readonly clock: Clock | undefined;
  readonly random: (() => number) | undefined;
  readonly waitUntil: WaitUntil | false | undefined;
  readonly onEvent: ((event: Event) => void) | undefined;
  readonly onOperation: ((event: OperationEvent) => void) | undefined;
  readonly onLoad: ((event: LoadEvent) => void) | undefined;
  readonly enabled: boolean;
  readonly defaults: PolicyDefaults | undefined;
  readonly asyncLocalStorage: AsyncStorageClass | undefined;
  readonly writes: "background" | "await";
  readonly codec: Codec | undefined;
  /** Whole bytes or `Infinity`. */
  readonly maxRecord: number;
  /** Wrappers that change records, the one nearest to the store first. */
  readonly seals: readonly ((store: LowerStore) => LowerStore)[];
}

/** A size that every store of many can keep, and a Worker can hold a few times. */
const MAX_RECORD = 25 * 1024 * 1024;

const CACHE_NAMES: OptionNames<keyof CacheOptions> = {
  of: "createCache",
  known: [
    "namespace",
    "stores",
    "clock",
    "random",
    "waitUntil",
    "onEvent",
    "onOperation",
    "onLoad",
    "enabled",
    "defaults",
    "asyncLocalStorage",
    "codec",
    "maxRecord",
    "sign",
    "encrypt",
    "compress",
    "writes",
  ],
  elsewhere: FOREIGN_TO_CACHES,
};

function text(value: unknown, option: string, otherwise: string): string {
  if (value === undefined) return otherwise;
  if (typeof value === "string") return value;
  throw new ConfigError(option, value, "a string");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function checkedStores<Store extends StoreLike>(value: unknown): readonly Store[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length === 0) {
    throw new ConfigError("stores", value, "a list of at least one store, like [memory()]");
  }
  const stores: unknown[] = Array.from(value);
  for (const [index, store] of stores.entries()) checkStore(store, `stores[${index}]`);
  const twice = stores.findIndex((store, index) => stores.indexOf(store) !== index);
  if (twice >= 0) {
    const note = "the same store is in the list already";
    throw new ConfigError(`stores[${twice}]`, stores[twice], "each store once", { note });
  }
  return Object.freeze(stores as Store[]);
}

function checkedClock(value: unknown): Clock | undefined {
  if (value === undefined) return undefined;
  const allowed =
    "an object with now() in milliseconds and, both or neither, setTimeout and clearTimeout";
  if (!isObject(value)) throw new ConfigError("clock", value, allowed);
  const { now, setTimeout: start, clearTimeout: stop } = value;
  if (typeof now !== "function") throw new ConfigError("clock.now", now, allowed);
  refuseAsync(now, "clock.now", "() => milliseconds");
  if ((start === undefined) !== (stop === undefined)) {
    const missing = start === undefined ? "clock.setTimeout" : "clock.clearTimeout";
    throw new ConfigError(missing, undefined, allowed);
  }
  optionalFunction(start, "clock.setTimeout", "(task, delay) => timer");
  optionalFunction(stop, "clock.clearTimeout", "(timer) => void");
  return value as unknown as Clock; // the object itself: its methods may need `this`
}

function checkedWaitUntil(value: unknown): WaitUntil | false | undefined {
  if (value === false) return false;
  if (value === undefined || typeof value === "function") return value as WaitUntil | undefined;
  throw new ConfigError("waitUntil", value, "a function (promise) => void, or false");
}

/**
 * Checks the options of `createCache`.
 * @throws ConfigError naming the option at fault
 */
export function compileCacheOptions<Store extends StoreLike = StoreLike, Event = unknown>(
  options: CacheOptions<Store, Event> | undefined,
): CompiledCacheOptions<Store, Event> {
  const given = readOptions(options === undefined ? {} : options, CACHE_NAMES);
  return Object.freeze({
    namespace: text(given.namespace, "namespace", ""),
    stores: checkedStores<Store>(given.stores),
    clock: checkedClock(given.clock),
    random: synchronousFunction<() => number>(given.random, "random", "() => number in [0, 1)"),
    waitUntil: checkedWaitUntil(given.waitUntil),
    onEvent: optionalFunction<(event: Event) => void>(given.onEvent, "onEvent", "(event) => void"),
    onOperation: optionalFunction<(event: OperationEvent) => void>(
      given.onOperation,
      "onOperation",
      "(event) => void",
    ),
    onLoad: optionalFunction<(event: LoadEvent) => void>(given.onLoad, "onLoad", "(event) => void"),
    enabled: flag(given.enabled, "enabled", true),
    defaults: checkedDefaults(given.defaults),
    asyncLocalStorage: optionalFunction(
      given.asyncLocalStorage,
      "asyncLocalStorage",
      "the class AsyncLocalStorage",
    ) as AsyncStorageClass | undefined,
    writes: checkedWrites(given.writes),
    codec: compileCodec(given.codec),
    maxRecord:
      given.maxRecord === undefined
        ? MAX_RECORD
        : byteSize(given.maxRecord, { option: "maxRecord" }),
    seals: (["sign", "encrypt", "compress"] as const).flatMap((name) => {
      const like = `of holdover/codecs/${name}, like ${name}({ … })`;
      return optionalFunction<(store: LowerStore) => LowerStore>(given[name], name, like) ?? [];
    }),
  });
}

/** Each value is checked now; together they need not make a policy yet. */
function checkedDefaults(value: unknown): PolicyDefaults | undefined {
  if (value === undefined) return undefined;
  const { early, guards, ...rest } = readOptions(value, DEFAULTS_NAMES);
  // What is in them is copied: a later change is no change of the policy.
  const defaults = {
    ...rest,
    early: isObject(early) ? { ...early } : early,
    guards: Array.isArray(guards) ? [...guards] : guards,
  } as PolicyDefaults;
  const required = rest.ttl === undefined ? { ttl: 1 } : {};
  compilePolicy(required as GetOrLoadOptions<never>, "getOrLoad", undefined, defaults);
  return Object.freeze(defaults);
}

function checkedWrites(value: unknown): "background" | "await" {
  if (value === undefined || value === "background") return "background";
  if (value === "await") return value;
  throw new ConfigError("writes", value, '"background" or "await"');
}
