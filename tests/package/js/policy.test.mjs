import assert from "node:assert/strict";
import { test } from "node:test";
import { loadLock } from "holdover/locks";
import {
  compileCallOptions,
  compileFetchOptions,
  compilePolicy,
  memoryOptions,
  cacheOptions as options,
  sizeOf,
} from "../../internal.mjs";

const { POSITIVE_INFINITY: ENDLESS } = Number;
const store = { get() {}, set() {}, delete() {} };
const wrap = (given) => compilePolicy(given, "wrap");
const policy = (given) => wrap({ ttl: "5m", ...given });
const fetching = (given) => compilePolicy(given, "fetch");
const cache = options.compileCacheOptions;
const memory = memoryOptions.compileMemoryOptions;

const DEFAULTS = {
  ttl: 300_000,
  ttlGiven: true,
  staleWhileRevalidate: 0,
  staleIfError: 0,
  failoverAfter: ENDLESS,
  timeout: ENDLESS,
  retryAfter: 1000,
  originFirst: false,
  singleFlight: true,
  cacheIf: undefined,
  failIf: undefined,
  staleOn: undefined,
  key: undefined,
  ignore: undefined,
  name: undefined,
  passContext: false,
  sharedName: undefined,
  bloom: undefined,
  loadMany: undefined,
  ttlOf: undefined,
  jitter: 0,
  earlyBeta: 0,
  earlyAfter: ENDLESS,
  hitsMax: ENDLESS,
  hitsRefreshAt: ENDLESS,
  hitsShared: undefined,
  negativeTtl: undefined,
  errorTtl: 0,
  validate: undefined,
  codec: undefined,
  guards: undefined,
  tags: undefined,
  lock: undefined,
};

test("defaults are filled in, and the result is frozen", () => {
  assert.deepEqual({ ...policy({}) }, DEFAULTS);
  assert.ok(Object.isFrozen(policy({})));
  assert.deepEqual({ ...compilePolicy({ ttl: "5m" }, "getOrLoad") }, DEFAULTS);
  assert.deepEqual({ ...fetching() }, { ...DEFAULTS, ttl: 0, ttlGiven: false });
  assert.deepEqual({ ...fetching({}) }, { ...DEFAULTS, ttl: 0, ttlGiven: false });
});

test("a full policy in milliseconds", () => {
  const [cacheIf, failIf, staleOn] = [() => true, () => false, () => true];
  const compiled = wrap({
    ttl: "5m",
    staleWhileRevalidate: "1h",
    staleIfError: "1d",
    failoverAfter: "300ms",
    timeout: "2s",
    retryAfter: "5s",
    mode: "origin-first",
    singleFlight: false,
    cacheIf,
    failIf,
    staleOn,
    key: "user:{0}",
  });
  assert.equal(compiled.key([42]), "user:42");
  const { key: _, ...rest } = { ...compiled, sharedName: undefined };
  assert.equal(compiled.sharedName, "user:{0}");
  const { key: __, ...defaults } = DEFAULTS;
  assert.deepEqual(rest, {
    ...defaults,
    staleWhileRevalidate: 3_600_000,
    staleIfError: 86_400_000,
    failoverAfter: 300,
    timeout: 2000,
    retryAfter: 5000,
    originFirst: true,
    singleFlight: false,
    cacheIf,
    failIf,
    staleOn,
  });
});

test("the edges of what is legal", () => {
  assert.equal(policy({ ttl: 0 }).ttl, 0);
  assert.equal(policy({ ttl: ENDLESS }).ttl, ENDLESS);
  assert.equal(policy({ ttl: 2 ** 53 }).ttl, 2 ** 53);
  assert.equal(policy({ staleIfError: ENDLESS }).staleIfError, ENDLESS);
  assert.equal(policy({ retryAfter: 0 }).retryAfter, 0);
  assert.equal(policy({ timeout: ENDLESS, failoverAfter: ENDLESS }).timeout, ENDLESS);
  assert.equal(policy({ failoverAfter: 0, staleIfError: 1 }).failoverAfter, 0);
  assert.equal(policy({ failoverAfter: 5, staleWhileRevalidate: 1 }).failoverAfter, 5);
  assert.equal(policy({ failoverAfter: 5, mode: "origin-first" }).failoverAfter, 5);
  assert.equal(policy({ ttl: ENDLESS, failoverAfter: 5, mode: "origin-first" }).originFirst, true);
  assert.equal(policy({ timeout: 2 ** 31 - 1 }).timeout, 2 ** 31 - 1);
  assert.equal(policy({ failoverAfter: 4, timeout: 5, staleIfError: 1 }).timeout, 5);
});

test("lock: what is not said follows timeout, and that 30 s", () => {
  const numbers = (compiled) => {
    const { ttl, wait, pulse, throws } = compiled.lock;
    return { ttl, wait, pulse, throws };
  };
  const lock = { ttl: 30_000, wait: 30_000, pulse: 15_000, throws: false };
  assert.deepEqual(numbers(policy({ lock: loadLock() })), lock);
  assert.deepEqual(numbers(policy({ lock: loadLock({}) })), lock);
  assert.deepEqual(numbers(policy({ lock: loadLock(), timeout: "2s" })), {
    ...lock,
    ttl: 2000,
    wait: 2000,
    pulse: 1000,
  });
  assert.equal(policy({ lock: undefined }).lock, undefined);
  const given = loadLock({ ttl: "5s", wait: 0, onTimeout: "throw" });
  const stated = { ttl: 5000, wait: 0, pulse: 15_000, throws: true };
  assert.deepEqual(numbers(policy({ lock: given })), stated);
  const minute = { ...lock, ttl: 60_000, wait: 60_000 };
  assert.deepEqual(numbers(fetching({ lock: loadLock({ ttl: "1m" }) })), minute);
});

test("undefined is as if not given", () => {
  const given = { timeout: undefined, key: undefined, tags: undefined, ignore: undefined };
  assert.deepEqual({ ...policy(given) }, DEFAULTS);
});

test("inherited options count, those of every object do not", () => {
  assert.equal(wrap(Object.create({ ttl: 5 })).ttl, 5);
  assert.equal(wrap(Object.assign(Object.create(null), { ttl: 5 })).ttl, 5);
  assert.throws(() => wrap(Object.create({ tll: 5 })), { option: "tll" });
  try {
    Object.prototype.polluted = 1;
    assert.equal(wrap({ ttl: 5 }).ttl, 5);
  } finally {
    delete Object.prototype.polluted;
  }
});

test("each option is read once", () => {
  let reads = 0;
  wrap({
    get ttl() {
      reads += 1;
      return 5;
    },
  });
  assert.equal(reads, 1);
});

test("a key function gets the arguments and must return a string", () => {
  assert.equal(policy({ key: (id, name) => `${id}/${name}` }).key([1, "a"]), "1/a");
  for (const returned of [1, null, undefined, Symbol("x"), ["a"], Promise.resolve("a"), {}]) {
    const { key } = policy({ key: () => returned });
    assert.throws(() => key([]), {
      option: "key",
      message:
        /^holdover: what option "key" returned is .+; allowed: a string(, at once: it must not be async)?$/,
    });
  }
  const boom = new Error("boom");
  const { key } = policy({
    key: () => {
      throw boom;
    },
  });
  assert.throws(() => key([]), boom);
});

test("ignore is compiled", () => {
  const { ignore } = policy({ ignore: [1, "2.traceId"] });
  assert.ok(ignore.indexes.has(1) && ignore.members.get(2).get("traceId"));
  assert.deepEqual(fetching({ ignore: ["_dc"] }).ignore.query, ["_dc"]);
  assert.equal(policy({ ignore: [] }).ignore, undefined);
});

test("call options", () => {
  const nothing = { signal: undefined, waitUntil: undefined, bypass: false, ttl: undefined };
  assert.deepEqual(compileCallOptions(undefined), nothing);
  assert.deepEqual(compileCallOptions({}), nothing);
  const { signal } = new AbortController();
  const waitUntil = () => {};
  const given = { signal, waitUntil, bypass: true, ttl: "1s" };
  assert.deepEqual(compileCallOptions(given), { ...given, ttl: 1000 });
  assert.equal(compileCallOptions({ ttl: ENDLESS }).ttl, ENDLESS);
  const mixed = { ...given, ttl: "5m", staleIfError: "1d" };
  assert.deepEqual(compileCallOptions(mixed, "getOrLoad"), { ...given, ttl: undefined });
  assert.throws(() => compileCallOptions({ signal: 1 }, "getOrLoad"), { option: "signal" });
  assert.equal(compilePolicy(mixed, "getOrLoad").ttl, 300_000);
});

test("cache options", () => {
  assert.deepEqual(
    { ...cache(undefined) },
    {
      namespace: "",
      stores: undefined,
      clock: undefined,
      random: undefined,
      waitUntil: undefined,
      onEvent: undefined,
      onOperation: undefined,
      onLoad: undefined,
      enabled: true,
      defaults: undefined,
      asyncLocalStorage: undefined,
      writes: "background",
      codec: undefined,
      maxRecord: 25 * 1024 * 1024,
      seals: [],
    },
  );
  const clock = { now: () => 0, setTimeout() {}, clearTimeout() {} };
  class Store {
    get() {}
    set() {}
    delete() {}
  }
  const stores = [store, new Store()];
  const compiled = cache({ namespace: "shop", stores, clock, waitUntil: false, enabled: false });
  assert.equal(compiled.namespace, "shop");
  assert.deepEqual(compiled.stores, stores);
  assert.equal(compiled.clock, clock);
  assert.equal(compiled.waitUntil, false);
  assert.equal(compiled.enabled, false);
  stores.pop();
  assert.equal(compiled.stores.length, 2);
  assert.ok(Object.isFrozen(compiled) && Object.isFrozen(compiled.stores));
});

test("memory and fetch options", () => {
  assert.deepEqual(
    { ...memory() },
    { maxEntries: 10_000, maxBytes: 33_554_432, eviction: 0, ttl: ENDLESS, sizeOf, copy: false },
  );
  const one = () => 1;
  assert.deepEqual(
    {
      ...memory({ maxEntries: 1, maxBytes: "32mb", eviction: "s3-fifo", sizeOf: one, copy: true }),
    },
    { maxEntries: 1, maxBytes: 33_554_432, eviction: 1, ttl: ENDLESS, sizeOf: one, copy: true },
  );
  assert.equal(memory({ maxBytes: ENDLESS }).maxBytes, ENDLESS);
  assert.equal(memory({ maxEntries: 2 ** 24 }).maxEntries, 2 ** 24);
  assert.deepEqual(
    { ...compileFetchOptions() },
    {
      shared: true,
      override: false,
      maxBody: 10 * 2 ** 20,
      fetch: undefined,
      name: undefined,
      sortQuery: false,
      storeSetCookie: false,
      ignoresDirectives: false,
    },
  );
  assert.equal(compileFetchOptions({ fetch, shared: false }).fetch, fetch);
});
