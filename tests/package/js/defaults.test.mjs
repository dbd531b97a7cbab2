// Option `defaults` of a cache: what one call says comes before its policy, its policy before the
// cache.

import assert from "node:assert/strict";
import { test } from "node:test";
import { many } from "holdover/batches";
import { cachedFetch } from "holdover/fetch";
import * as guard from "holdover/guards";
import { add, getOrSet, increment, replace, setMany, ttl } from "holdover/operations";
import { createCache } from "./support/caches.mjs";
import { httpOrigin } from "./support/http-origin.mjs";
import { ManualClock } from "./support/manual-clock.mjs";

const MINUTE = 60_000;

function stage(defaults) {
  const clock = new ManualClock();
  const cache = createCache({ clock, defaults });
  const origin = { down: false, loads: 0 };
  const load = async () => {
    origin.loads += 1;
    if (origin.down) throw new Error("down");
    return origin.loads;
  };
  return { clock, cache, origin, load };
}

test("a policy takes from the cache what it does not say", async () => {
  const { clock, cache, origin, load } = stage({ ttl: "1m", staleIfError: "1h" });
  const plain = cache.wrap(load, { key: "plain" });
  const brief = cache.wrap(load, { key: "brief", ttl: "1s" });
  const bare = cache.wrap(load, { key: "bare", staleIfError: 0 });
  const unsaid = cache.wrap(load, { key: "unsaid", ttl: undefined });
  assert.deepEqual([await plain(), await brief(), await bare(), await unsaid()], [1, 2, 3, 4]);
  origin.down = true;
  await clock.runFor(1000);
  assert.deepEqual([await plain(), await brief(), await unsaid()], [1, 2, 4]);
  assert.equal(origin.loads, 5, "only the brief one has ended");
  await clock.runFor(MINUTE);
  assert.equal(await plain(), 1);
  assert.equal(await brief(), 2);
  await assert.rejects(bare(), /down/);
});

test("with a default ttl a policy may be left out", async () => {
  const { clock, cache, load } = stage({ ttl: "1m" });
  const named = cache.wrap(async function counted() {
    return load();
  });
  assert.equal(await named(), 1);
  assert.equal(await cache.getOrLoad("key", load), 2);
  assert.equal(await cache.getOrLoad("key", load), 2);
  assert.equal((await cache.explain("key", load)).ttl, MINUTE);
  await clock.runFor(MINUTE);
  assert.equal(await named(), 3);
  assert.equal(await cache.getOrLoad("key", load), 4);
});

test("what one call says comes first", async () => {
  const { clock, cache, origin, load } = stage({ ttl: "1m" });
  const wrapped = cache.wrap(load, { key: "k" });
  await wrapped.with({ ttl: "1s" })();
  await clock.runFor(1000);
  await wrapped();
  assert.equal(origin.loads, 2);
});

test("a default ttl is that of direct writes, too", async () => {
  const { clock, cache } = stage({ ttl: "1m" });
  await cache.set("set", 1);
  await cache.set("own", 1, { ttl: "2m" });
  await cache.set("endless", 1, { ttl: Number.POSITIVE_INFINITY });
  await add(cache, "add", 1);
  await setMany(cache, [["many", 1]]);
  await increment(cache, "count");
  await getOrSet(cache, "or", 1);
  const left = async () =>
    Promise.all(["set", "own", "endless", "add", "many", "count", "or"].map((k) => ttl(cache, k)));
  assert.deepEqual(await left(), [
    MINUTE,
    2 * MINUTE,
    Number.POSITIVE_INFINITY,
    ...[MINUTE, MINUTE, MINUTE, MINUTE],
  ]);
  await clock.runFor(MINUTE / 2);
  await replace(cache, "set", 2);
  assert.equal(await ttl(cache, "set"), MINUTE);
  await clock.runFor(MINUTE);
  assert.deepEqual(await Promise.all(["set", "own"].map((key) => cache.get(key))), [undefined, 1]);
});

test("a default ttl that is a function is for loads alone", async () => {
  const { cache, load } = stage({ ttl: (result) => result * 1000 });
  assert.equal((await cache.explain("loaded", load)).ttl, 1000);
  await getOrSet(cache, "or", load);
  assert.equal(await ttl(cache, "or"), 2000);
  await cache.set("set", 1);
  assert.equal(await ttl(cache, "set"), Number.POSITIVE_INFINITY);
});

test("a batch follows the defaults of its cache", async () => {
  const { clock, cache, origin } = stage({ ttl: "1m", staleIfError: "1h" });
  const wrapped = cache.wrap(
    async (id) => {
      if (origin.down) throw new Error("down");
      return id;
    },
    { key: "{0}" },
  );
  assert.deepEqual(await many(wrapped, [["a"], ["b"]]), ["a", "b"]);
  origin.down = true;
  await clock.runFor(MINUTE);
  assert.deepEqual(await many(wrapped, [["a"], ["b"]]), ["a", "b"]);
});

test("each function has a guard of its own", async () => {
  const guards = [guard.rateLimit({ limit: 1, period: "1m" })];
  const { cache, load } = stage({ ttl: "1m", guards });
  guards.length = 0; // a later change is none of the cache's
  const [one, other] = ["one", "other"].map((name) =>
    cache.wrap(load, { name, key: `${name}{0}` }),
  );
  await one(1);
  await assert.rejects(one(2), { code: "E_RATE_LIMITED" });
  await other(1);
  const free = cache.wrap(load, { key: "free{0}", guards: [] });
  await free(1);
  await free(2);
});

test("a default that means nothing for one function is no error there", async () => {
  const { cache, load } = stage({ ttl: "1m", failoverAfter: "5s" });
  assert.equal(await cache.wrap(load, { key: "k" })(), 1);
  assert.equal(await cache.wrap(load, { key: "l", timeout: "1s", staleIfError: "1h" })(), 2);
  const own = { key: "m", failoverAfter: "1s" };
  assert.throws(() => cache.wrap(load, own), { code: "E_CONFIG", option: "failoverAfter" });
});

test("a cached fetch has the windows of the cache, and its headers say for how long", async (t) => {
  const SAID = { "cache-control": "max-age=1" };
  const origin = await httpOrigin(t, ({ url }) => {
    if (origin.down) return { status: 503 };
    return url.pathname === "/said" ? { headers: SAID } : {};
  });
  const { clock, cache } = stage({
    ttl: "1h",
    staleIfError: "1h",
    cacheIf: () => false,
    validate: () => false,
  });
  const fetched = cachedFetch(cache);
  const get = async (path) => {
    const { response, source } = await fetched.explain(`${origin.url}${path}`);
    await response.text();
    return [source, response.status];
  };
  assert.deepEqual(await get("/silent"), ["load", 200]);
  assert.deepEqual(await get("/silent"), ["load", 200], "the default ttl is none of a response's");
  await get("/said");
  assert.deepEqual(await get("/said"), ["hit", 200]);
  origin.down = true;
  await clock.runFor(1000);
  assert.deepEqual(await get("/said"), ["error-fallback", 200]);
});

const WRONG = [
  [5, "defaults|options", /an object with ttl/],
  [{ ttl: -1 }, "ttl", /0 or more/],
  [{ staleIfError: "soon" }, "staleIfError", /0 or more, or Infinity/],
  [{ mode: "fast" }, "mode", /cache-first/],
  [{ key: "k" }, "key", /an option of each function/],
  [{ codec: {} }, "codec", /an option of each function/],
  [{ maxAge: 5 }, "maxAge", /ttl/],
  [{ guards: [{}] }, "guards", /circuitBreaker/],
  [{ cacheIf: async () => true }, "cacheIf", /\(result, args\) => boolean/],
];

for (const [defaults, option, allowed] of WRONG) {
  test(`defaults ${JSON.stringify(defaults)} are refused when the cache is made`, () => {
    assert.throws(
      () => createCache({ defaults }),
      (error) => {
        assert.equal(error.code, "E_CONFIG");
        assert.match(error.option, new RegExp(option));
        assert.match(error.message, allowed);
        return true;
      },
    );
  });
}

test("without a default ttl it is still required", () => {
  const { cache, load } = stage({ staleIfError: "1h" });
  assert.throws(() => cache.wrap(load, { key: "k" }), { code: "E_CONFIG", option: "ttl" });
});
