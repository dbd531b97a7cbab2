// early, hits, jitter, negativeTtl, errorTtl, ttl functions, validate and disable: SEMANTICS §4.

import assert from "node:assert/strict";
import test from "node:test";
import { memory } from "holdover";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";

/** A cache on a manual clock with a function that counts its calls. */
function counting(policy, { random = () => 0.5, ...options } = {}) {
  const clock = new ManualClock();
  const cache = createCache({ clock, random, ...options });
  let loads = 0;
  const count = cache.wrap(async () => {
    loads += 1;
    return loads;
  }, policy);
  return { clock, cache, count, loads: () => loads };
}

async function times(count, call) {
  const results = [];
  for (let done = 0; done < count; done += 1) {
    results.push(await call());
    await drain();
  }
  return results;
}

test("hits: max 3 gives 1,1,1,1,2,2,2,2,3,3", async () => {
  const { count } = counting({ ttl: Number.POSITIVE_INFINITY, hits: { max: 3 } });
  assert.deepEqual(await times(10, count), [1, 1, 1, 1, 2, 2, 2, 2, 3, 3]);
});

test("hits: refreshAt 2 gives what cashews' update_after gives", async () => {
  const { count } = counting({ ttl: Number.POSITIVE_INFINITY, hits: { max: 3, refreshAt: 2 } });
  assert.deepEqual(await times(10, count), [1, 1, 1, 2, 2, 3, 3, 4, 4, 5]);
});

test("hits: `dynamic` refreshes in the background on every hit", async () => {
  const { count } = counting({ ttl: Number.POSITIVE_INFINITY, hits: { max: 3, refreshAt: 1 } });
  assert.deepEqual(await times(5, count), [1, 1, 2, 3, 4]);
});

test("hits: 50 concurrent cold callers are one load (theirs: 50)", async () => {
  const { count, loads } = counting({ ttl: 1000, hits: { max: 3 } });
  await Promise.all(Array.from({ length: 50 }, () => count()));
  assert.equal(loads(), 1);
});

test("hits: an entry that is used up still answers when the load fails", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  let down = false;
  const load = cache.wrap(
    async () => {
      if (down) throw new Error("down");
      return "good";
    },
    { ttl: 1000, hits: { max: 1 } },
  );
  await times(2, load);
  down = true;
  const { value, source } = await load.explain();
  assert.deepEqual([value, source], ["good", "error-fallback"]);
});

test("early: a fixed age is due on its tick, and the old value is served meanwhile", async () => {
  const { clock, count } = counting({ ttl: 100, early: { after: 40 } });
  await count();
  await clock.runTo(39);
  assert.deepEqual(await times(2, count), [1, 1]);
  await clock.runTo(40);
  assert.deepEqual(await times(2, count), [1, 2]);
});

test("early: XFetch refreshes when now − loadCost·ln(roll) reaches the end", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock, random: () => 0.5 });
  let loads = 0;
  const slow = cache.wrap(
    () =>
      new Promise((resolve) => {
        loads += 1;
        clock.setTimeout(() => resolve(loads), 100);
      }),
    { ttl: 1000, early: true },
  );
  const first = slow();
  await clock.runTo(100);
  assert.equal(await first, 1);
  // −100·ln(0.5) = 69.3 ms before the end at 1100.
  await clock.runTo(1030);
  await slow();
  assert.equal(loads, 1);
  await clock.runTo(1031);
  await slow();
  assert.equal(loads, 2);
});

test("early: a failing refresh backs off (theirs: 10 calls, 10 failing refreshes)", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  let loads = 0;
  const load = cache.wrap(
    async () => {
      loads += 1;
      if (loads > 1) throw new Error("down");
      return "good";
    },
    { ttl: "1m", early: { after: 10 } },
  );
  await load();
  await clock.runTo(20);
  assert.deepEqual(await times(10, load), Array(10).fill("good"));
  assert.equal(loads, 2);
  await clock.runTo(1020);
  await times(10, load);
  assert.equal(loads, 3);
});

test("jitter spreads ttl over [1 − jitter, 1]", async () => {
  for (const [roll, ttl] of [
    [0, 1000],
    [0.5, 950],
    [0.999, 900],
  ]) {
    const { count } = counting({ ttl: 1000, jitter: 0.1 }, { random: () => roll });
    await count();
    assert.equal((await count.explain()).ttl, ttl);
  }
});

test("negativeTtl is the ttl of undefined and null, and 0 means never", async () => {
  for (const nothing of [undefined, null]) {
    const clock = new ManualClock();
    const cache = createCache({ clock });
    let loads = 0;
    const load = async () => {
      loads += 1;
      return nothing;
    };
    const some = cache.wrap(load, { ttl: 1000, negativeTtl: 10 });
    await some();
    const { value, source, ttl } = await some.explain();
    assert.deepEqual([value, source, ttl, loads], [nothing, "negative", 10, 1]);
    await clock.runTo(10);
    await some();
    assert.equal(loads, 2);
    const never = cache.wrap(load, { ttl: 1000, negativeTtl: 0 });
    await times(3, never);
    assert.equal(loads, 5);
  }
});

test("without negativeTtl undefined and null are values like others (aiocache: re-executes)", async () => {
  const { count, loads } = counting({ ttl: 1000 });
  await times(2, count);
  assert.equal(loads(), 1);
});

test("errorTtl remembers a failure and throws it again", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  let loads = 0;
  const load = cache.wrap(
    async () => {
      loads += 1;
      throw new Error(`failure ${loads}`);
    },
    { ttl: 1000, errorTtl: (error) => (error.message.startsWith("failure") ? 10 : 0) },
  );
  const messages = await times(3, () => load().catch((error) => error.message));
  assert.deepEqual(messages, ["failure 1", "failure 1", "failure 1"]);
  assert.equal(await load.peek(), undefined);
  await clock.runTo(10);
  await assert.rejects(load(), { message: "failure 2" });
});

test("errorTtl does not replace an entry that may still answer", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  let down = false;
  const load = cache.wrap(
    async () => {
      if (down) throw new Error("down");
      return "good";
    },
    { ttl: 10, staleIfError: 1000, errorTtl: "1m" },
  );
  await load();
  down = true;
  await clock.runTo(20);
  assert.deepEqual(await times(2, load), ["good", "good"]);
});

test("ttl may be a function of the result and the arguments", async () => {
  const cache = createCache({ clock: new ManualClock() });
  const load = cache.wrap(async (ttl) => ({ ttl }), { ttl: (result, [ttl]) => result.ttl + ttl });
  await load(20);
  assert.equal((await load.explain(20)).ttl, 40);
});

test("a ttl function that throws, or gives no duration: the answer is given, not stored", async () => {
  for (const ttl of [
    () => {
      throw new Error("no");
    },
    () => "soon",
    () => -1,
  ]) {
    const events = [];
    const { count, loads } = counting({ ttl }, { onEvent: ({ type }) => events.push(type) });
    assert.deepEqual(await times(2, count), [1, 2]);
    assert.equal(loads(), 2);
    assert.ok(events.includes("policy-error"));
  }
});

/** A lower store in a Map. */
function mapStore() {
  const map = new Map();
  return {
    name: "map",
    get: (key) => map.get(key),
    set: (key, record) => map.set(key, record),
    delete: (key) => map.delete(key),
  };
}

test("validate: what a lower store has is checked, by a function or a Standard Schema", async () => {
  const lower = mapStore();
  await createCache({ stores: [lower] }).set("k", { name: "stored" }, { ttl: "1m" });
  const schema = (accept) => ({
    "~standard": {
      validate: (value) => (accept ? { value: { ...value, seen: true } } : { issues: [{}] }),
    },
  });
  const cases = [
    [() => true, { name: "stored" }, 0],
    [async () => false, { name: "loaded" }, 1],
    [() => Promise.reject(new Error("no")), { name: "loaded" }, 1],
    [schema(true), { name: "stored", seen: true }, 0],
    [schema(false), { name: "loaded" }, 1],
  ];
  for (const [validate, expected, corrupt] of cases) {
    const events = [];
    const stores = [memory(), { ...lower, set() {} }];
    const cache = createCache({ stores, onEvent: ({ type }) => events.push(type) });
    const value = await cache.getOrLoad("k", () => ({ name: "loaded" }), { ttl: 1000, validate });
    assert.deepEqual(value, expected);
    assert.equal(events.filter((type) => type === "corrupt").length, corrupt);
  }
});

test("disable: calls go to the loader, and nothing is stored", async () => {
  const { cache, count } = counting({ ttl: 1000 });
  await count();
  const off = cache.disable();
  assert.deepEqual(await times(2, count), [2, 3]);
  off.enable();
  assert.equal(await count(), 1);
});

test("disable: reads and writes apart, and only for a prefix", async () => {
  const { cache, count } = counting({ ttl: 1000, key: () => "user:1" });
  await count();
  const other = cache.disable({ prefix: "org:" });
  assert.equal(await count(), 1);
  other.enable();
  const reads = cache.disable({ writes: false, prefix: "user:" });
  assert.equal(await count(), 2);
  reads.enable();
  assert.equal(await count(), 2, "what was loaded meanwhile is stored");
  const writes = cache.disable({ reads: false });
  assert.equal(await count(), 2);
  await cache.invalidate("user:1");
  assert.deepEqual(await times(2, count), [3, 4]);
  writes.enable();
  assert.deepEqual(await times(2, count), [5, 5]);
});

test("disable: handles nest, and closing one restores what was (theirs enables)", async () => {
  const { cache, count } = counting({ ttl: 1000 });
  await count();
  const outer = cache.disable();
  const inner = cache.disable();
  inner.enable();
  inner.enable();
  assert.equal(await count(), 2);
  outer.enable();
  assert.equal(await count(), 1);
  if (Symbol.dispose) {
    cache.disable()[Symbol.dispose]();
    assert.equal(await count(), 1);
  }
});
