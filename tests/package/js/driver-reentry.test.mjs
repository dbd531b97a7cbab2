// Loaders, listeners and the policy's functions may call the cache, or throw, at any moment.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { rateLimit } from "holdover/guards";
import { clear } from "holdover/operations";

import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";

test("a loader may load another key, and many levels of them", async () => {
  const cache = createCache();
  let loads = 0;
  const sum = cache.wrap(
    async (number) => {
      loads += 1;
      return number === 0 ? 0 : number + (await sum(number - 1));
    },
    { ttl: "1m" },
  );
  assert.equal(await sum(200), 20_100);
  assert.equal(await sum(199), 19_900);
  assert.equal(loads, 201);
});

test("a loader may load other keys in a memory for one entry", async () => {
  const cache = createCache({ stores: [memory({ maxEntries: 1 })] });
  const sum = cache.wrap(async (number) => (number === 0 ? 0 : number + (await sum(number - 1))), {
    ttl: "1m",
  });
  assert.equal(await sum(50), 1275);
  assert.equal(await sum(50), 1275);
  const { entries, flights } = cache.stats().memory;
  assert.deepEqual([entries, flights], [1, 0]);
});

test("a loader may set, read and drop its own key", async () => {
  const cache = createCache();
  const get = cache.wrap(
    async () => {
      await get.set(["key"], "set meanwhile");
      assert.equal(await get.peek("key"), "set meanwhile");
      return "loaded";
    },
    { ttl: "1m", key: "own:{0}" },
  );
  assert.equal(await get("key"), "loaded");
  // What was set is newer than the load that had begun before.
  assert.equal(await get("key"), "set meanwhile");
  const drops = cache.wrap(
    async () => {
      await drops.invalidate();
      return "outdated";
    },
    { ttl: "1m" },
  );
  assert.equal(await drops(), "outdated");
  assert.equal(await drops.peek(), undefined);
});

/** Every event of a call, and of a refresh, is one during which the listener does something. */
async function provoke(onEvent, maxEntries) {
  const clock = new ManualClock();
  let acting = false;
  let meddled = false;
  const seen = new Set();
  const cache = createCache({
    clock,
    stores: [memory({ maxEntries })],
    onEvent(event) {
      seen.add(event.type);
      if (acting || meddled) return;
      acting = true;
      try {
        onEvent(event, cache);
      } finally {
        acting = false;
      }
    },
  });
  let down = false;
  const get = cache.wrap(
    async (key) => {
      if (down) throw new Error("down");
      return `value of ${key}`;
    },
    { ttl: 100, staleWhileRevalidate: 100, staleIfError: 1000, key: "{0}" },
  );
  const rightly = async (key) => {
    try {
      assert.equal(await get(key), `value of ${key}`);
    } catch (error) {
      if (!down || error.message !== "down") throw error;
    }
  };
  for (let round = 0; round < 60; round += 1) {
    down = round % 7 === 5;
    const calls = ["a", "b", "c", "a"].map(rightly);
    await clock.runTo(clock.elapsed + [0, 50, 130, 400][round % 4]);
    await Promise.all(calls);
  }
  // Nothing is left hanging: a flight that nobody ends would be waited for, and never stored.
  down = false;
  meddled = true;
  await clock.runTo(clock.elapsed + 60_000);
  for (const key of ["a", "b", "c"]) {
    await rightly(key);
    await rightly(key);
  }
  assert.equal((await get.explain("c")).source, "hit");
  assert.deepEqual([cache.stats().traps, cache.stats().memory.flights], [trapsBefore, 0]);
  return seen;
}

const trapsBefore = createCache().stats().traps;

test("a listener that throws changes nothing", async () => {
  const seen = await provoke(() => {
    throw new Error("a listener's own");
  }, 2);
  for (const type of [
    "hit",
    "stale",
    "miss",
    "load",
    "refresh",
    "evict",
    "load-error",
    "error-fallback",
  ])
    assert.ok(seen.has(type), `${type} was not told`);
});

const MEDDLINGS = {
  "loads another key": ({ type }, cache) =>
    type !== "evict" &&
    void cache.getOrLoad("x", () => "x", { ttl: 50 }).then((x) => assert.equal(x, "x")),
  "loads the same key": (event, cache) =>
    event.type !== "evict" &&
    void cache.getOrLoad(event.key, () => `value of ${event.key}`, { ttl: 100 }).catch(() => {}),
  "drops the key and takes its place": (event, cache) => {
    if (event.type === "evict") return;
    void cache.invalidate(event.key);
    void cache.getOrLoad("x", () => "x", { ttl: 50 });
    void cache.getOrLoad("y", () => "y", { ttl: 50 });
  },
  "sets other keys": ({ type }, cache) => {
    // What is set evicts something, too: this would go on for ever.
    if (type === "evict") return;
    for (const key of ["x", "y", "z"]) void cache.set(key, key, { ttl: 20 });
  },
  "clears the cache": (_event, cache) => void clear(cache),
};

for (const [what, meddle] of Object.entries(MEDDLINGS)) {
  for (const maxEntries of [2, 100]) {
    test(`a listener that ${what} during every event, with room for ${maxEntries}`, async () => {
      const seen = await provoke(meddle, maxEntries);
      assert.ok(seen.has("load-error"));
    });
  }
}

test("a listener on a miss that loads another key: both are stored", async () => {
  const cache = createCache({
    onEvent(event) {
      if (event.type === "miss" && event.key === "a") {
        void cache.getOrLoad("b", () => "b", { ttl: 1000 });
      }
    },
  });
  let loads = 0;
  const load = () => {
    loads += 1;
    return "a";
  };
  assert.equal(await cache.getOrLoad("a", load, { ttl: 1000 }), "a");
  assert.equal((await cache.explain("a", load, { ttl: 1000 })).source, "hit");
  assert.equal((await cache.explain("b", load, { ttl: 1000 })).value, "b");
  assert.deepEqual([loads, cache.stats().memory.flights], [1, 0]);
});

test("the policy's functions may throw: told, and the call goes on", async () => {
  const events = [];
  const cache = createCache({ onEvent: (event) => events.push(event) });
  const oops = () => {
    throw new Error("oops");
  };
  const get = cache.wrap(async () => 1, { ttl: 1000, failIf: oops, cacheIf: oops, staleOn: oops });
  assert.equal(await get(), 1);
  const options = events.filter(({ type }) => type === "policy-error").map(({ option }) => option);
  assert.deepEqual(options, ["failIf", "cacheIf"]);
  assert.equal(cache.stats().memory.flights, 0);
});

test("a staleOn that drops the key, and has its slot taken anew, does not mix keys up", async () => {
  const clock = new ManualClock();
  let isDown = false;
  const cache = createCache({ clock, waitUntil: false });
  const get = cache.wrap(
    async (key) => {
      if (isDown) throw new Error("down");
      return `of ${key}`;
    },
    {
      key: "{0}",
      ttl: 10,
      staleIfError: 1000,
      staleOn: () => {
        void cache.invalidate("a");
        void cache.set("b", "of b", { ttl: 500 });
        return true;
      },
    },
  );
  assert.equal(await get("a"), "of a");
  await clock.runTo(20);
  isDown = true;
  await assert.rejects(get("a"), /down/);
  assert.equal(await cache.get("a"), undefined);
  assert.equal(await cache.get("b"), "of b");
});

test("nor one that is asked about a call that is refused", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  const get = cache.wrap(async (key) => `of ${key}`, {
    key: "{0}",
    ttl: 1000,
    guards: [rateLimit({ limit: 1, period: 100, count: "calls" })],
    staleOn: () => {
      void cache.invalidate("a");
      void cache.set("b", "of b", { ttl: 500 });
      return true;
    },
  });
  assert.equal(await get("a"), "of a");
  await assert.rejects(get("a"), { code: "E_RATE_LIMITED" });
});

test("a sizeOf that calls the cache does not mix keys up", async () => {
  const sizeOf = (value) => {
    if (value !== "other") {
      void cache.invalidate(value);
      void cache.set("other", "other");
    }
    return 10;
  };
  const cache = createCache({ stores: [memory({ maxBytes: 100, sizeOf })] });
  for (let round = 0; round < 20; round += 1) {
    for (const key of ["a", "b"]) {
      assert.equal(await cache.getOrLoad(key, () => key, { ttl: 1000 }), key);
    }
    assert.equal(await cache.get("other"), "other");
  }
});

test("functions that share a key with and without single flight", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  const { traps } = cache.stats();
  const slow = () => new Promise((resolve) => clock.setTimeout(() => resolve("slow"), 100));
  const alone = cache.wrap(slow, {
    ttl: 1000,
    staleWhileRevalidate: 500,
    singleFlight: false,
    key: "k",
  });
  const together = cache.wrap(slow, { ttl: 1000, key: "k" });
  const first = alone();
  await clock.runTo(100);
  await first;
  await clock.runTo(1590);
  await alone();
  await clock.runTo(1650);
  const call = together();
  await clock.runTo(1800);
  assert.equal(await call, "slow");
  void alone.refresh();
  const other = together();
  await clock.runTo(2000);
  assert.equal(await other, "slow");
  await drain();
  assert.equal(cache.stats().traps, traps);
});
