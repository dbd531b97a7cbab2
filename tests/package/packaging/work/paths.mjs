// The paths that are metered: each does one thing many times, in caches of its own.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { circuitBreaker, rateLimit } from "holdover/guards";
import { createCache, init, memory } from "holdover/slim";
import { cachedFetch, initFetch } from "holdover/slim/fetch";
import { invalidateTags } from "holdover/tags";
import { METER, metered } from "./meter.mjs";

/** How often each thing is done. */
const TIMES = 1000;
const ENTRIES = 1000;
const POLICY = {
  key: (key) => key,
  ttl: "1m",
  staleWhileRevalidate: "1m",
  staleIfError: "1h",
  early: true,
};
const TAGS = ["all", "tag:{0}"];
const GUARDS = [
  circuitBreaker({ errorRate: 0.5, window: "1m", minCalls: 10, openFor: "30s" }),
  rateLimit({ limit: 1_000_000, period: "1s" }),
];

const require = createRequire(import.meta.url);
/** What instances of modules export, each with its calls counted. */
const instances = [];
let calls = 0;
/** Kept until all is measured: what is collected closes its part of the module at any time. */
const kept = [];

/** Has every instance that is made from now on counted. */
function watchInstances() {
  const { Instance } = WebAssembly;
  WebAssembly.Instance = function Watched(module, imports) {
    const { exports } = new Instance(module, imports);
    instances.push(exports);
    return { exports: Object.fromEntries(Object.entries(exports).map(counted)) };
  };
}

const counted = ([name, value]) => {
  if (typeof value !== "function") return [name, value];
  const call = (...given) => {
    calls += 1;
    return value(...given);
  };
  return [name, call];
};

/** A memory that is used by itself reads the host's clock; it goes on, too. */
function stepTime() {
  let now = 1_000_000;
  Date.now = () => {
    now += 1;
    return now;
  };
}

async function provideModules() {
  watchInstances();
  stepTime();
  for (const [name, provide] of Object.entries({ core: init, http: initFetch })) {
    const bytes = await readFile(require.resolve(`holdover/${name}.wasm`));
    provide(new WebAssembly.Module(metered(bytes)));
  }
}

const keysOf = (prefix) => Array.from({ length: ENTRIES }, (_, nth) => `${prefix}${nth}`);

/** A cache with a clock of its own, which goes on by a millisecond before each call. */
function stage({ eviction, guards, tags } = {}) {
  let now = 1_000_000;
  const advance = (millis) => {
    now += millis;
  };
  const clock = { now: () => now };
  const stores = [memory({ maxEntries: ENTRIES, eviction })];
  const cache = createCache({ clock, stores, random: () => 0.5 });
  kept.push(cache);
  const get = cache.wrap(async (key) => key, { ...POLICY, guards, tags });
  const all = async (keys) => {
    for (const key of keys) {
      advance(1);
      await get(key);
    }
  };
  return { advance, cache, get, all };
}

/** A memory that is used by itself. */
function alone(eviction) {
  const store = memory({ maxEntries: ENTRIES, eviction });
  kept.push(store);
  return store;
}

/** The things that are done: each prepares, and returns what is metered. */
const PATHS = {
  async "awaited hit"() {
    const { all } = stage();
    const keys = keysOf("key");
    await all(keys);
    return () => all(keys);
  },
  async "awaited hit, s3-fifo"() {
    const { all } = stage({ eviction: "s3-fifo" });
    const keys = keysOf("key");
    await all(keys);
    return () => all(keys);
  },
  async "synchronous get"() {
    const store = alone();
    const keys = keysOf("key");
    for (const key of keys) store.set(key, key, { ttl: "1h" });
    return () => {
      for (const key of keys) store.get(key);
    };
  },
  async "set over an entry"() {
    const store = alone();
    const keys = keysOf("key");
    const setAll = () => {
      for (const key of keys) store.set(key, key, { ttl: "1h" });
    };
    setAll();
    return setAll;
  },
  "set and evict, lru": () => evicting("lru"),
  "set and evict, s3-fifo": () => evicting("s3-fifo"),
  async miss() {
    const { all } = stage();
    return () => all(keysOf("key"));
  },
  async "miss and evict"() {
    const { all } = stage();
    await all(keysOf("old"));
    return () => all(keysOf("new"));
  },
  async "miss under guards"() {
    const { all } = stage({ guards: GUARDS });
    return () => all(keysOf("key"));
  },
  async "ten calls of one miss"() {
    const { get } = stage();
    return async () => {
      for (const key of keysOf("key"))
        await Promise.all(Array.from({ length: 10 }, () => get(key)));
    };
  },
  async "stale, and refreshed"() {
    const { all, advance } = stage();
    const keys = keysOf("key");
    await all(keys);
    advance(90_000);
    return () => all(keys);
  },
  async "expired, and loaded again"() {
    const { all, advance } = stage();
    const keys = keysOf("key");
    await all(keys);
    advance(10 * 3_600_000);
    return () => all(keys);
  },
  async "tagged hit after another tag ended"() {
    const { all, cache } = stage({ tags: TAGS });
    const keys = keysOf("key");
    await all(keys);
    await invalidateTags(cache, ["none of them"]);
    return () => all(keys);
  },
  async "tagged miss after its tag ended"() {
    const { all, cache } = stage({ tags: TAGS });
    const keys = keysOf("key");
    await all(keys);
    await invalidateTags(cache, ["all"]);
    return () => all(keys);
  },
  async "fetch, hit"() {
    const { fetchAll } = fetching();
    await fetchAll();
    return fetchAll;
  },
  async "fetch, miss"() {
    return fetching().fetchAll;
  },
};

function evicting(eviction) {
  const store = alone(eviction);
  const setAll = (keys) => {
    for (const key of keys) store.set(key, key, { ttl: "1h" });
  };
  setAll(keysOf("old"));
  const keys = keysOf("new");
  return () => setAll(keys);
}

function fetching() {
  const { cache } = stage();
  const headers = { "cache-control": "max-age=60", etag: '"1"' };
  const date = "Thu, 01 Jan 1970 00:16:40 GMT";
  const origin = async () => new Response("body", { headers: { ...headers, date } });
  const fetchCached = cachedFetch(cache, { ttl: "1m" }, { fetch: origin });
  const urls = keysOf("https://origin.example/");
  const fetchAll = async () => {
    for (const url of urls) await (await fetchCached(url)).text();
  };
  return { fetchAll };
}

const worked = () => instances.reduce((sum, { [METER]: meter }) => sum + Number(meter.value), 0);

/**
 * What each path costs, of one of the things it does: instructions, and calls into the modules. May
 * be called once in a process.
 */
export async function measured() {
  await provideModules();
  const costs = {};
  for (const [path, prepare] of Object.entries(PATHS)) {
    const run = await prepare();
    const before = { instructions: worked(), calls };
    await run();
    await settled();
    costs[path] = {
      instructions: Math.round((worked() - before.instructions) / TIMES),
      calls: Math.round((100 * (calls - before.calls)) / TIMES) / 100,
    };
  }
  return costs;
}

/** Resolves when what goes on in the background has ended. */
async function settled() {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((tell) => setImmediate(tell));
}
