import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "holdover";
import { loadLock } from "holdover/locks";
import {
  compileCallOptions,
  compileFetchOptions,
  compilePolicy,
  foreignNames as foreign,
  memoryOptions,
  cacheOptions as options,
} from "../../internal.mjs";
import { guarded } from "./support/guarded.mjs";

const { POSITIVE_INFINITY: ENDLESS } = Number;
const store = { get() {}, set() {}, delete() {} };
const wrap = (given) => compilePolicy(given, "wrap");
const policy = (given) => wrap({ ttl: "5m", ...given });
const load = (given) => compilePolicy({ ttl: 1, ...given }, "getOrLoad");
/** The same, of guards that are written as options. */
const guarding = {
  policy: (given) => policy(guarded(given)),
  load: (given) => load(guarded(given)),
};
const fetching = (given) => compilePolicy(given, "fetch");
const cache = options.compileCacheOptions;
const memory = memoryOptions.compileMemoryOptions;
const symbol = Symbol("odd");

const DURATION = /a number of milliseconds or a string like "1h30m"/;
const FLAG = /true or false/;
const STORE = { get() {}, set() {}, delete() {}, window() {} };
const BREAKER = { errorRate: 1, window: 5, minCalls: 1, openFor: 5 };
const NAMES = /ttl, staleWhileRevalidate, staleIfError/;

// [what reads the options, the options, the option at fault, how the message shows it, allowed]
const WRONG = [
  [wrap, {}, "ttl", "undefined (it is required)", DURATION],
  [wrap, { ttl: undefined }, "ttl", "undefined", DURATION],
  [wrap, { ttl: "10m5" }, "ttl", '"10m5"', DURATION],
  [wrap, { ttl: "" }, "ttl", '""', DURATION],
  [wrap, { ttl: "5 parsecs" }, "ttl", '"5 parsecs"', DURATION],
  [wrap, { ttl: -1 }, "ttl", "-1", DURATION],
  [wrap, { ttl: Number.NaN }, "ttl", "NaN", DURATION],
  [wrap, { ttl: null }, "ttl", "null", DURATION],
  [fetching, { ttl: () => 5 }, "ttl", "the function ttl", DURATION],
  [fetching, { validate: () => true }, "validate", /failIf and cacheIf/, NAMES],
  [wrap, { ttl: "Infinity" }, "ttl", '"Infinity"', DURATION],
  [wrap, { ttl: symbol }, "ttl", "the symbol odd", DURATION],
  [wrap, { ttl: Number.MAX_VALUE }, "ttl", "1.7976931348623157e+308", DURATION],
  [policy, { staleWhileRevalidate: "1m1h" }, "staleWhileRevalidate", '"1m1h"', DURATION],
  [policy, { staleWhileRevalidate: true }, "staleWhileRevalidate", "true", DURATION],
  [policy, { staleWhileRevalidate: -5 }, "staleWhileRevalidate", "-5", DURATION],
  [policy, { staleIfError: [] }, "staleIfError", "an array of 0", DURATION],
  [policy, { staleIfError: 5n }, "staleIfError", "5n", DURATION],
  [policy, { failoverAfter: "fast", staleIfError: 1 }, "failoverAfter", '"fast"', DURATION],
  [
    policy,
    { failoverAfter: "30d", staleIfError: 1 },
    "failoverAfter",
    '"30d"',
    /at most 2147483647/,
  ],
  [policy, { failoverAfter: 100 }, "failoverAfter", "100", /"staleIfError".+mode "origin-first"/],
  [policy, { failoverAfter: 0 }, "failoverAfter", "0", /"staleIfError"/],
  [
    policy,
    { failoverAfter: "2s", timeout: "1s", staleIfError: "1d" },
    "failoverAfter",
    '"2s" (not less than timeout, 1000 ms)',
    /less than timeout/,
  ],
  [
    policy,
    { failoverAfter: 5, timeout: 5, mode: "origin-first" },
    "failoverAfter",
    "5",
    /less than timeout/,
  ],
  [policy, { timeout: 0 }, "timeout", "0", /more than 0/],
  [policy, { timeout: "0.4ms" }, "timeout", '"0.4ms"', /more than 0/],
  [policy, { timeout: "5w" }, "timeout", '"5w"', /at most 2147483647 ms, or Infinity/],
  [policy, { timeout: {} }, "timeout", "an object", DURATION],
  [policy, { retryAfter: ENDLESS }, "retryAfter", "Infinity", /0 or more$/],
  [policy, { retryAfter: "soon" }, "retryAfter", '"soon"', DURATION],
  [policy, { mode: "cachefirst" }, "mode", '"cachefirst"', /"cache-first" or "origin-first"/],
  [policy, { mode: true }, "mode", "true", /"cache-first" or "origin-first"/],
  [policy, { singleFlight: "no" }, "singleFlight", '"no"', FLAG],
  [policy, { singleFlight: 0 }, "singleFlight", "0", FLAG],
  [policy, { lock: null }, "lock", "null", /loadLock\(.*\) of "holdover\/locks"/],
  [policy, { lock: true }, "lock", "true", /loadLock\(.*\) of "holdover\/locks"/],
  [policy, { lock: { ttl: 1 } }, "lock", "an object", /loadLock\(.*\) of "holdover\/locks"/],
  [loadLock, { ttl: 0 }, "lock.ttl", "0", /more than 0/],
  [loadLock, { ttl: ENDLESS }, "lock.ttl", "Infinity", DURATION],
  [loadLock, { wait: "soon" }, "lock.wait", '"soon"', DURATION],
  [loadLock, { onTimeout: "wait" }, "lock.onTimeout", '"wait"', /"load" or "throw"/],
  [loadLock, { lease: 5 }, "lease", "5 (not an option of loadLock)", /ttl, wait, onTimeout/],
  [policy, { bloom: { mayHave() {} } }, "bloom", "an object", /bloom\(.*\) of "holdover\/bloom"/],
  [policy, { cacheIf: true }, "cacheIf", "true", /a function \(result, args\) => boolean/],
  [policy, { failIf: 500 }, "failIf", "500", /a function \(result\) => boolean/],
  [policy, { staleOn: [Error] }, "staleOn", "an array of 1", /a function \(error\) => boolean/],
  [policy, { key: "" }, "key", '""', /placeholders like \{0\}/],
  [policy, { key: "user:{id}" }, "key", '"user:{id}" (unknown placeholder {id})', /\{1\.name\}/],
  [policy, { key: "user:{0" }, "key", '"user:{0" (unbalanced {)', /\{\{ and \}\} for braces/],
  [policy, { key: 42 }, "key", "42", /a template like "user:\{0\}" or a function/],
  [policy, { key: null }, "key", "null", /a template/],
  [policy, { ignore: "traceId" }, "ignore", '"traceId"', /a list, like \[1, "2\.traceId"\]/],
  [policy, { ignore: 1 }, "ignore", "1", /a list/],
  [policy, { ignore: ["traceId"] }, "ignore[0]", '"traceId"', /the index of an argument/],
  [policy, { ignore: [0, -1] }, "ignore[1]", "-1", /the index of an argument/],
  [policy, { ignore: [1], key: "{0}" }, "ignore", "an array of 1", /no "ignore" with "key"/],
  [policy, { tll: 5 }, "tll", '5 (not an option of wrap; did you mean "ttl"?)', NAMES],
  [
    policy,
    { staleWhileRevaldate: 5 },
    "staleWhileRevaldate",
    /did you mean "staleWhileRevalidate"/,
    NAMES,
  ],
  [policy, { STALEIFERROR: 5 }, "STALEIFERROR", /did you mean "staleIfError"\?/, NAMES],
  [policy, { failOverAfter: 5 }, "failOverAfter", /did you mean "failoverAfter"\?/, NAMES],
  [policy, { timeuot: 5 }, "timeuot", /did you mean "timeout"\?/, NAMES],
  [policy, { banana: 5 }, "banana", "5 (not an option of wrap)", NAMES],
  [policy, { ["x".repeat(5000)]: 5 }, "x".repeat(5000), "5 (not an option of wrap)", NAMES],
  [policy, { "": 1 }, "", "1 (not an option of wrap)", NAMES],
  [policy, JSON.parse('{"__proto__":1}'), "__proto__", "1 (not an option of wrap)", NAMES],
  [policy, { signal: 1 }, "signal", /an option of one call/, NAMES],
  [policy, { codec: true }, "codec", "true", /id: 16 to 254, encode, decode/],
  [load, { codec: { id: 3, encode() {}, decode() {} } }, "codec", /an object/, /id: 16 to 254/],
  [fetching, { codec: null }, "codec", /a form of their own/, NAMES],
  [
    guarding.policy,
    { rateLimit: { limit: 1, period: 5, shared: new Map() } },
    "rateLimit.shared",
    /an instance of Map/,
    /a store with get, set, delete, window/,
  ],
  [
    guarding.policy,
    { circuitBreaker: { ...BREAKER, shared: { get() {}, set() {}, delete() {}, window() {} } } },
    "circuitBreaker.shared",
    /an object/,
    /a store with get, set, delete, add, compareAndDelete, increment/,
  ],
  [policy, { hits: { max: 1, shared: 5 } }, "hits.shared", "5", /a store with .*increment/],
  [
    guarding.policy,
    { rateLimit: { limit: 1, period: 5, name: "a" } },
    "rateLimit.name",
    '"a"',
    /only with "shared"/,
  ],
  [
    guarding.policy,
    { rateLimit: { limit: 1, period: 5, shared: STORE, name: "" } },
    "rateLimit.name",
    '""',
    /what the shared state is called/,
  ],
  [
    guarding.load,
    { rateLimit: { limit: 1, period: 5, shared: STORE } },
    "rateLimit.name",
    /undefined \(names of functions change with builds\)/,
    /what the shared state is called/,
  ],
  [
    guarding.policy,
    {
      loadMany: () => [],
      rateLimit: { limit: 1, period: 5, scope: "key", shared: STORE, name: "x" },
    },
    "loadMany",
    /one load, many keys/,
    /no guard of scope "key" with it/,
  ],
  [policy, { background: false }, "background", /staleIfError waits for it/, NAMES],
  [load, { background: true }, "background", /staleIfError waits for it/, NAMES],
  [fetching, { background: true }, "background", /staleIfError waits for it/, NAMES],
  [policy, { loadMany: true }, "loadMany", "true", /a function \(argsList, context\) => results/],
  [
    guarding.policy,
    { loadMany: () => [], slowCalls: { openFor: 5, scope: "key" } },
    "loadMany",
    /one load, many keys/,
    /no guard of scope "key" with it/,
  ],
  [
    load,
    { loadMany: () => [] },
    "loadMany",
    /an option of wrap, for many of holdover\/batches/,
    NAMES,
  ],
  [wrap, null, "options", "null", NAMES],
  [wrap, undefined, "options", "undefined", NAMES],
  [wrap, "5m", "options", '"5m"', NAMES],
  [wrap, 5000, "options", "5000", NAMES],
  [wrap, [], "options", "an array of 0", NAMES],
  [wrap, () => 1, "options", "a function", NAMES],
  [load, { key: "a" }, "key", /the key is the first argument of getOrLoad/, NAMES],
  [load, { ignore: [1] }, "ignore", /the key is the first argument of getOrLoad/, NAMES],
  [load, { ttl: undefined }, "ttl", "undefined", DURATION],
  [fetching, { key: "{0}" }, "key", '"{0}"', /a function \(request\) => string/],
  [fetching, { ignore: [1] }, "ignore[0]", "1", /the whole name of a query parameter/],
  [fetching, { ignore: "_dc" }, "ignore", '"_dc"', /a list, like \["_dc"\]/],
  [fetching, { maxAge: 1 }, "maxAge", /1 \(here it is ttl, in milliseconds or like "5m"\)/, NAMES],
  [load, { swr: 1 }, "swr", "1 (here it is staleWhileRevalidate)", NAMES],
  [policy, { max: 5 }, "max", "5 (here it is memory({ maxEntries }))", NAMES],
  [compileCallOptions, { maxAge: 5 }, "maxAge", /here it is ttl/, /signal, waitUntil/],
  [
    compileCallOptions,
    { forceFresh: true },
    "forceFresh",
    /here it is bypass/,
    /signal, waitUntil/,
  ],
  [cache, { max: 5 }, "max", "5 (here it is memory({ maxEntries }))", /namespace, stores/],
  [cache, { ttl: 5 }, "ttl", "5 (here it is defaults: { ttl })", /namespace, stores/],
  [memory, { max: 5 }, "max", "5 (here it is maxEntries)", /maxEntries, maxBytes/],
  [memory, { maxAge: 5 }, "maxAge", /here it is ttl/, /maxEntries, maxBytes/],
  [memory, { sizeCalculation() {} }, "sizeCalculation", /here it is sizeOf/, /maxEntries/],
  [fetching, null, "options", "null", NAMES],
  [compileCallOptions, { signal: {} }, "signal", "an object", /an AbortSignal/],
  [compileCallOptions, { signal: null }, "signal", "null", /an AbortSignal/],
  [
    compileCallOptions,
    { signal: new AbortController() },
    "signal",
    "an instance of AbortController",
    /an AbortSignal/,
  ],
  [compileCallOptions, { waitUntil: true }, "waitUntil", "true", /a function \(promise\) => void/],
  [compileCallOptions, { bypass: 1 }, "bypass", "1", FLAG],
  [compileCallOptions, { ttl: "1x" }, "ttl", '"1x"', DURATION],
  [compileCallOptions, { timeout: 5 }, "timeout", "5 (not an option of with)", /signal, waitUntil/],
  [compileCallOptions, { byPass: true }, "byPass", /did you mean "bypass"\?/, /signal, waitUntil/],
  [compileCallOptions, null, "options", "null", /signal, waitUntil, bypass, ttl/],
  [compileCallOptions, "x", "options", '"x"', /signal, waitUntil, bypass, ttl/],
  [cache, { namespace: 5 }, "namespace", "5", /a string/],
  [cache, { namespace: null }, "namespace", "null", /a string/],
  [cache, { stores: [] }, "stores", "an array of 0", /at least one store/],
  [cache, { stores: store }, "stores", "an object", /a list/],
  [cache, { stores: [store, null] }, "stores[1]", "null", /a store, like memory\(\)/],
  [cache, { stores: [store, store] }, "stores[1]", /in the list already/, /each store once/],
  [cache, { stores: [fetch] }, "stores[0]", "the function fetch", /a store/],
  [cache, { stores: [(a) => a] }, "stores[0]", "a function", /a store/],
  [
    cache,
    { stores: [{ get() {}, set() {} }] },
    "stores[0].delete",
    "undefined",
    /get, set and delete/,
  ],
  [cache, { stores: [{ ...store, get: 5 }] }, "stores[0].get", "5", /get, set and delete/],
  [cache, { clock: Date.now }, "clock", "the function now", /an object with now\(\)/],
  [cache, { clock: {} }, "clock.now", "undefined", /an object with now\(\)/],
  [cache, { clock: { now: 5 } }, "clock.now", "5", /an object with now\(\)/],
  [
    cache,
    { clock: { now() {}, setTimeout() {} } },
    "clock.clearTimeout",
    "undefined",
    /both or nei/,
  ],
  [
    cache,
    { clock: { now() {}, clearTimeout() {} } },
    "clock.setTimeout",
    "undefined",
    /both or nei/,
  ],
  [
    cache,
    { clock: { now() {}, setTimeout: 1, clearTimeout() {} } },
    "clock.setTimeout",
    "1",
    /a function/,
  ],
  [cache, { random: 0.5 }, "random", "0.5", /a function \(\) => number/],
  [cache, { waitUntil: true }, "waitUntil", "true", /a function \(promise\) => void, or false/],
  [cache, { onEvent: "log" }, "onEvent", '"log"', /a function \(event\) => void/],
  [cache, { onOperation: "log" }, "onOperation", '"log"', /a function \(event\) => void/],
  [cache, { onLoad: "log" }, "onLoad", '"log"', /a function \(event\) => void/],
  [cache, { enabled: "false" }, "enabled", '"false"', FLAG],
  [cache, { codec: {} }, "codec", "an object", /id: 16 to 254, encode, decode/],
  [cache, { sign: {} }, "sign", "an object", /like sign\(\{ … \}\)/],
  [cache, { writes: "later" }, "writes", '"later"', /"background" or "await"/],
  [cache, { maxRecord: "many" }, "maxRecord", /"many"/, /a number of bytes|like/],
  [cache, { store: [store] }, "store", /did you mean "stores"\?/, /namespace, stores/],
  [cache, null, "options", "null", /namespace, stores/],
  [cache, [store], "options", "an array of 1", /namespace, stores/],
  [memory, { maxEntries: 0 }, "maxEntries", "0", /a whole number from 1 to 16777216/],
  [memory, { maxEntries: -1 }, "maxEntries", "-1", /a whole number/],
  [memory, { maxEntries: 1.5 }, "maxEntries", "1.5", /a whole number/],
  [memory, { maxEntries: ENDLESS }, "maxEntries", "Infinity", /a whole number/],
  [memory, { maxEntries: "10" }, "maxEntries", '"10"', /a whole number/],
  [memory, { maxEntries: 2 ** 24 + 1 }, "maxEntries", "16777217", /a whole number/],
  [memory, { maxBytes: 0 }, "maxBytes", "0", /a string like "32mb"/],
  [memory, { maxBytes: "32" }, "maxBytes", '"32"', /a string like "32mb"/],
  [memory, { maxBytes: "32 mb" }, "maxBytes", '"32 mb"', /a string like "32mb"/],
  [memory, { maxBytes: Number.NaN }, "maxBytes", "NaN", /a number of bytes/],
  [memory, { sizeOf: 8 }, "sizeOf", "8", /a function \(value\) => bytes/],
  [memory, { copy: 1 }, "copy", "1", FLAG],
  [memory, { maxentries: 5 }, "maxentries", /did you mean "maxEntries"\?/, /maxEntries, maxBytes/],
  [memory, 10_000, "options", "10000", /maxEntries, maxBytes, eviction, ttl, sizeOf/],
  [compileFetchOptions, { shared: "yes" }, "shared", '"yes"', FLAG],
  [compileFetchOptions, { fetch: "x" }, "fetch", '"x"', /like the global fetch/],
  [compileFetchOptions, { maxBody: 0 }, "maxBody", "0", /number of bytes/],
  [compileFetchOptions, { override: 1 }, "override", "1", FLAG],
];

WRONG.forEach(([compile, given, option, shown, allowed], index) => {
  test(`wrong options ${index}: ${option.slice(0, 30)} is refused`, () => {
    assert.throws(
      () => compile(given),
      (error) => {
        assert.ok(error instanceof ConfigError, String(error));
        assert.equal(error.option, option);
        if (typeof shown === "string")
          assert.ok(error.message.includes(` is ${shown}`), error.message);
        else assert.match(error.message, shown);
        assert.match(error.allowed, allowed);
        assert.ok(error.message.endsWith(`; allowed: ${error.allowed}`));
        return true;
      },
    );
  });
});

test("there are more than 60 wrong options above", () => assert.ok(WRONG.length > 60));

// [a name of other libraries, its counterpart]
for (const [name, counterpart] of [
  ["swr", "staleWhileRevalidate"],
  ["stale", "staleWhileRevalidate"],
  ["grace", "staleIfError"],
  ["staleTtl", "staleIfError"],
  ["maxAge", "ttl"],
  ["ttlMs", "ttl"],
  ["ttlSeconds", "ttl"],
  ["revalidate", "ttl"],
  ["max", "memory({ maxEntries })"],
  ["maxSize", "memory({ maxBytes })"],
  ["softTimeout", "failoverAfter"],
  ["hardTimeout", "timeout"],
  ["dedupe", "singleFlight"],
  ["shouldCache", "cacheIf"],
  ["refreshThreshold", "early"],
]) {
  test(`the name ${name} of other libraries is refused with its counterpart, everywhere`, () => {
    for (const compile of [policy, load, fetching]) {
      assert.throws(
        () => compile({ [name]: 5 }),
        (error) => error.option === name && error.message.includes(`(here it is ${counterpart}`),
      );
    }
  });
}

test("a counterpart that is named is an option where it is said to be one", () => {
  const names = (compile) => {
    try {
      compile({ [unknown]: 1 });
    } catch (error) {
      return error.allowed.split(", ");
    }
    return [];
  };
  const unknown = "no such option";
  const places = [
    [wrap, foreign.FOREIGN_TO_WRAP],
    [load, foreign.FOREIGN_TO_POLICIES],
    [fetching, foreign.FOREIGN_TO_POLICIES],
    [compileCallOptions, foreign.FOREIGN_TO_CALLS],
    [cache, foreign.FOREIGN_TO_CACHES],
    [memory, foreign.FOREIGN_TO_MEMORY],
  ];
  for (const [compile, table] of places) {
    const own = names(compile);
    assert.ok(own.length > 3);
    for (const [name, note] of Object.entries(table)) {
      assert.ok(!own.includes(name), `${name} is an option, and can have no hint`);
      const [, meant, option] = /^here it is (?:(memory)\(\{ )?(\w+)/.exec(note);
      if (meant === "memory") assert.ok(names(memory).includes(option), note);
      else assert.ok(own.includes(option) || note.includes(`${option} of wrap`), note);
    }
  }
});
