/** The options of `createCache`, `memory` and `cache.fetch`. */

import type { AnyStore } from "../engine/host.js";
import type { AsyncStorageClass } from "../engine/scopes.js";
import { type ByteSize, byteSize, sizeOf } from "../memory/size.js";
import type { CacheEvent } from "../model/events.js";
import type { Store as LowerStore } from "../model/store.js";
import { type Codec, compileCodec } from "../records/codec/values.js";
import { type Duration, duration } from "../util/duration.js";
import { ConfigError } from "../util/errors.js";
import { FOREIGN_TO_CACHES, FOREIGN_TO_MEMORY } from "../util/foreign-names.js";
import {
  flag,
  type GivenOptions,
  type OptionNames,
  optionalFunction,
  readOptions,
} from "../util/options.js";
import { refuseAsync, synchronousFunction } from "../util/user-functions.js";
import type { WaitUntil } from "./policy-options.js";

/** What every store has; more capabilities are found by presence. */
export interface StoreLike {
  get(...args: never[]): unknown;
  set(...args: never[]): unknown;
  delete(...args: never[]): unknown;
}

/** A source of time. Tests pass one that they move by hand. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `task` after `delay` milliseconds. Default: the host's; give both timers or neither. */
  setTimeout?(task: () => void, delay: number): unknown;
  /** Cancels what `setTimeout` returned. */
  clearTimeout?(timer: never): void;
}

/** Options of `createCache`; all of them have defaults. */
export interface CacheOptions<Store extends StoreLike = AnyStore, Event = CacheEvent> {
  /** Begins every key, so that caches that share a store stay apart. Default `""`. */
  readonly namespace?: string | undefined;
  /** Where entries live, fastest first. Default `[memory()]`. */
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
  /** Called with everything that happens; what it throws is ignored. */
  readonly onEvent?: ((event: Event) => void) | undefined;
  /** `false`: every call goes straight to its loader. Default true. */
  readonly enabled?: boolean | undefined;
  /**
   * The class `AsyncLocalStorage`, for `bypass(fn)` and `trace(fn)`. Default: found where the host
   * has it as a global or a built-in module.
   */
  readonly asyncLocalStorage?: AsyncStorageClass | undefined;
  /**
   * How values become bytes in the stores below `memory()`. Default: JSON, which has no dates,
   * Maps, Sets, NaN or members that are `undefined`; see `holdover/codecs`.
   */
  readonly codec?: Codec | undefined;
  /**
   * Whether callers have what was loaded at once (`"background"`) or when the stores below
   * `memory()` have it too, or failed (`"await"`). Default `"background"`.
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
  readonly enabled: boolean;
  readonly asyncLocalStorage: AsyncStorageClass | undefined;
  readonly writes: "background" | "await";
  readonly codec: Codec | undefined;
  /** Whole bytes or `Infinity`. */
  readonly maxRecord: number;
  /** What changes records, the one nearest to the store first. */
  readonly seals: readonly ((store: LowerStore) => LowerStore)[];
}

/** What every store of many can keep, and a Worker can hold a few times. */
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
    "enabled",
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

function checkStore(store: unknown, index: number): void {
  const option = `stores[${index}]`;
  if (!isObject(store)) throw new ConfigError(option, store, "a store, like memory()");
  for (const method of ["get", "set", "delete"]) {
    if (typeof store[method] === "function") continue;
    throw new ConfigError(
      `${option}.${method}`,
      store[method],
      "a function: a store has get, set and delete",
    );
  }
}

function checkedStores<Store extends StoreLike>(value: unknown): readonly Store[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length === 0) {
    throw new ConfigError("stores", value, "a list of at least one store, like [memory()]");
  }
  const stores: unknown[] = Array.from(value);
  stores.forEach(checkStore);
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
    enabled: flag(given.enabled, "enabled", true),
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

function checkedWrites(value: unknown): "background" | "await" {
  if (value === undefined || value === "background") return "background";
  if (value === "await") return value;
  throw new ConfigError("writes", value, '"background" or "await"');
}

/** Options of `memory`; both bounds hold. */
export interface MemoryOptions {
  /** The most entries to keep, 1 to 16777216. Default 10 000. */
  readonly maxEntries?: number | undefined;
  /**
   * The most bytes to keep, keys included: a number, a string like `"256mb"`, or `Infinity`. Default
   * `"32mb"`, a quarter of what a Worker has; servers have room for more. An entry that is larger by
   * itself is not kept in memory.
   */
  readonly maxBytes?: ByteSize | undefined;
  /**
   * How long an entry is used before the stores below are asked again: a duration above 0. It
   * answers for failures until its own end. Default `Infinity`; without stores below it counts
   * for nothing.
   */
  readonly ttl?: Duration | undefined;
  /** The size of a value in bytes. Default: exact for buffers, 2 per string unit, else estimated. */
  readonly sizeOf?: ((value: unknown) => number) | undefined;
  /**
   * Whether each caller gets a structured clone, so that none sees what another does to it. Values
   * that cannot be cloned (with functions in them) are given as they are; classes become plain
   * objects. Costs a clone for each hit. Default false: everybody gets the same value.
   */
  readonly copy?: boolean | undefined;
}

/** Memory options, checked. */
export interface CompiledMemoryOptions {
  readonly maxEntries: number;
  /** Whole bytes or `Infinity`. */
  readonly maxBytes: number;
  /** Milliseconds or `Infinity`. */
  readonly ttl: number;
  readonly sizeOf: (value: unknown) => number;
  readonly copy: boolean;
}

const MEMORY_NAMES: OptionNames<keyof MemoryOptions> = {
  of: "memory",
  known: ["maxEntries", "maxBytes", "ttl", "sizeOf", "copy"],
  elsewhere: FOREIGN_TO_MEMORY,
};
/** What a JavaScript Map can hold. */
const MOST_ENTRIES = 2 ** 24;
const MAX_ENTRIES = 10_000;
const MAX_MEMORY = 32 * 1024 * 1024;

function entryCount(value: unknown): number {
  if (value === undefined) return MAX_ENTRIES;
  const whole = typeof value === "number" && Number.isInteger(value);
  if (whole && value >= 1 && value <= MOST_ENTRIES) return value;
  throw new ConfigError("maxEntries", value, `a whole number from 1 to ${MOST_ENTRIES}`);
}

/**
 * Checks the options of `memory`.
 * @throws ConfigError naming the option at fault
 */
export function compileMemoryOptions(options: MemoryOptions | undefined): CompiledMemoryOptions {
  const given = readOptions(options === undefined ? {} : options, MEMORY_NAMES);
  const { maxBytes } = given;
  return Object.freeze({
    maxEntries: entryCount(given.maxEntries),
    maxBytes: maxBytes === undefined ? MAX_MEMORY : byteSize(maxBytes, { option: "maxBytes" }),
    ttl:
      given.ttl === undefined
        ? Number.POSITIVE_INFINITY
        : duration(given.ttl, { option: "ttl", infinite: true }),
    sizeOf:
      synchronousFunction<(value: unknown) => number>(given.sizeOf, "sizeOf", "(value) => bytes") ??
      sizeOf,
    copy: flag(given.copy, "copy", false),
  });
}

/** What `cache.fetch` takes besides a policy. */
export interface FetchOptions {
  /** Whether many users share the cache, as RFC 9111 says. Default true. */
  readonly shared?: boolean | undefined;
  /** What asks the origin. Default: the global `fetch`, looked up at each call. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /**
   * Whether the policy's `ttl` and windows rule even where the response says something about its
   * freshness. What must not be stored still is not. Default false.
   */
  readonly override?: boolean | undefined;
  /** The most bytes of a body that is stored; a longer one passes through. Default `"10mb"`. */
  readonly maxBody?: ByteSize | undefined;
  /**
   * Whether a shared cache keeps `Set-Cookie` with the responses it stores, as RFC 9111 §7.3
   * permits: then everybody who is answered with one gets the cookie of the request that brought
   * it. Default false: a cookie is for the caller whose request was answered with it.
   */
  readonly storeSetCookie?: boolean | undefined;
  /**
   * Whether URLs that differ only in the order of their query parameters are one. Default false:
   * the order may mean something to the origin (RFC 9111 §2 takes the URL as it is).
   */
  readonly sortQuery?: boolean | undefined;
  /**
   * Whether `Cache-Control` and `Pragma` of a request are heeded (RFC 9111 §5.2.1 calls them
   * advisory): `"follow"`, or `"ignore"`, so that no visitor has a server ask its origin, or keep
   * nothing. Cache modes, which are the calling code's own, count either way. Default `"follow"`
   * for `cache.fetch` and `"ignore"` for `cache.handler`.
   */
  readonly requestDirectives?: "follow" | "ignore" | undefined;
  /**
   * Keeps its responses apart from those of other fetches and handlers of the cache; those of one
   * kind with one name share them. Needed for a second one that asks an origin in another way where
   * the cache has stores below `memory()`. Default: none for the first, a number for others.
   */
  readonly name?: string | undefined;
}

/** What `cache.handler` takes besides a policy. */
export type HandlerOptions = Omit<FetchOptions, "fetch">;

/** Fetch options, checked. */
export interface CompiledFetchOptions {
  readonly shared: boolean;
  readonly override: boolean;
  /** Whole bytes or `Infinity`. */
  readonly maxBody: number;
  readonly storeSetCookie: boolean;
  readonly sortQuery: boolean;
  readonly ignoresDirectives: boolean;
  readonly name: string | undefined;
  /** Undefined for the global one. */
  readonly fetch: typeof globalThis.fetch | undefined;
}

const HTTP_NAMES = [
  "shared",
  "override",
  "maxBody",
  "storeSetCookie",
  "sortQuery",
  "requestDirectives",
  "name",
] as const;
const FETCH_NAMES: OptionNames<keyof FetchOptions> = {
  of: "cache.fetch",
  known: [...HTTP_NAMES, "fetch"],
};
const HANDLER_NAMES: OptionNames<keyof HandlerOptions> = {
  of: "cache.handler",
  known: HTTP_NAMES,
};
const MAX_BODY = 10 * 1024 * 1024;

/**
 * Checks the second argument of `cache.fetch`.
 * @throws ConfigError naming the option at fault
 */
export function compileFetchOptions(options: FetchOptions | undefined): CompiledFetchOptions {
  const given = readOptions(options === undefined ? {} : options, FETCH_NAMES);
  return Object.freeze({
    ...httpOptions(given, "follow"),
    fetch: optionalFunction<typeof globalThis.fetch>(given.fetch, "fetch", "like the global fetch"),
  });
}

/**
 * Checks the third argument of `cache.handler`.
 * @throws ConfigError naming the option at fault
 */
export function compileHandlerOptions(
  options: HandlerOptions | undefined,
): Omit<CompiledFetchOptions, "fetch"> {
  return httpOptions(readOptions(options === undefined ? {} : options, HANDLER_NAMES), "ignore");
}

function directives(value: unknown): "follow" | "ignore" | undefined {
  if (value === undefined || value === "follow" || value === "ignore") return value;
  throw new ConfigError("requestDirectives", value, '"follow" or "ignore"');
}

function checkedName(value: unknown): string | undefined {
  if (value === undefined || (typeof value === "string" && value !== "")) return value;
  throw new ConfigError("name", value, "a text that is not empty");
}

function httpOptions(
  given: GivenOptions<keyof HandlerOptions>,
  otherwise: "follow" | "ignore",
): Omit<CompiledFetchOptions, "fetch"> {
  const { maxBody } = given;
  return {
    shared: flag(given.shared, "shared", true),
    override: flag(given.override, "override", false),
    maxBody: maxBody === undefined ? MAX_BODY : byteSize(maxBody, { option: "maxBody" }),
    storeSetCookie: flag(given.storeSetCookie, "storeSetCookie", false),
    sortQuery: flag(given.sortQuery, "sortQuery", false),
    ignoresDirectives: (directives(given.requestDirectives) ?? otherwise) === "ignore",
    name: checkedName(given.name),
  };
}
