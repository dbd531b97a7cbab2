// One load for everybody who waits for the same key, whatever loaders do.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCache, isHoldoverError, memory } from "holdover";
import { drain, ManualClock } from "./support/manual-clock.mjs";

/** A loader whose loads end when the test says so. */
function gate() {
  const loads = [];
  const load = () =>
    new Promise((resolve, reject) => {
      loads.push({ resolve, reject });
    });
  return { loads, load };
}

for (const listening of [false, true]) {
  const options = listening ? { onEvent: () => {} } : {};
  const note = listening ? ", with a listener" : "";

  test(`1000 cold callers are one load and get the same value${note}`, async () => {
    const cache = createCache(options);
    const { loads, load } = gate();
    const get = cache.wrap(load, { ttl: "1m" });
    const calls = Array.from({ length: 1000 }, () => get("key"));
    await drain();
    assert.equal(loads.length, 1);
    const value = { id: 1 };
    loads[0].resolve(value);
    for (const got of await Promise.all(calls)) assert.equal(got, value);
    assert.equal(await get("key"), value);
    assert.equal(loads.length, 1);
    assert.equal(cache.stats().coalesced, 999);
  });

  test(`a load that fails fails 1000 callers with the same error, once${note}`, async () => {
    const cache = createCache(options);
    const { loads, load } = gate();
    const get = cache.wrap(load, { ttl: "1m" });
    const calls = Array.from({ length: 1000 }, () => get("key"));
    const settled = Promise.allSettled(calls);
    await drain();
    const error = new Error("the origin is down");
    loads[0].reject(error);
    for (const { status, reason } of await settled) {
      assert.equal(status, "rejected");
      assert.equal(reason, error);
    }
    assert.equal(loads.length, 1);
    assert.equal(cache.stats().failures, 1);
    // A failure is not remembered.
    const again = get("key");
    await drain();
    assert.equal(loads.length, 2);
    loads[1].resolve("up");
    assert.equal(await again, "up");
  });
}

test("1000 callers of each way in share one load", async () => {
  const cache = createCache();
  const { loads, load } = gate();
  const calls = Array.from({ length: 1000 }, () => cache.getOrLoad("key", load, { ttl: "1m" }));
  await drain();
  assert.equal(loads.length, 1);
  loads[0].resolve(7);
  assert.deepEqual(new Set(await Promise.all(calls)), new Set([7]));
});

test("without single flight each caller loads", async () => {
  const cache = createCache();
  let loads = 0;
  const get = cache.wrap(async () => ++loads, { ttl: "1m", singleFlight: false });
  await Promise.all(Array.from({ length: 10 }, () => get()));
  assert.equal(loads, 10);
});

const VALUES = [undefined, null, 0, -0, "", false, Number.NaN, 0n, Symbol("value"), () => 1];
for (const value of VALUES) {
  test(`${typeof value} ${String(value)} is a value and is cached`, async () => {
    const cache = createCache();
    let loads = 0;
    const load = () => {
      loads += 1;
      return value;
    };
    const get = cache.wrap(load, { ttl: "1m" });
    for (let call = 0; call < 3; call += 1) assert.ok(Object.is(await get(), value));
    assert.equal((await get.explain()).source, "hit");
    assert.equal(loads, 1);
    assert.ok(Object.is(await cache.getOrLoad("k", load, { ttl: 1000 }), value));
    assert.ok(Object.is(await cache.get("k"), value));
    assert.equal(await cache.has("k"), true);
  });
}

for (const thrown of [new Error("no"), undefined, null, 0, "text", { code: 1 }]) {
  test(`throwing ${thrown} at once is the same as rejecting with it`, async () => {
    const cache = createCache();
    const throws = cache.wrap(
      () => {
        throw thrown;
      },
      { ttl: 1000 },
    );
    const rejects = cache.wrap(() => Promise.reject(thrown), { ttl: 1000 });
    for (const get of [throws, rejects, throws.explain, rejects.explain]) {
      const [settled] = await Promise.allSettled([get()]);
      assert.deepEqual(settled, { status: "rejected", reason: thrown });
    }
    assert.equal(cache.stats().failures, 4);
    assert.equal(cache.stats().memory.flights, 0);
  });
}

test("a thenable is awaited like a promise", async () => {
  const cache = createCache();
  let loads = 0;
  const get = cache.wrap(
    // biome-ignore lint/suspicious/noThenProperty: a thenable is the point
    () => ({ then: (resolve) => resolve(++loads) }),
    { ttl: 1000 },
  );
  assert.deepEqual([await get(), await get()], [1, 1]);
});

test("a thenable that throws, or settles twice, is one outcome", async () => {
  const cache = createCache();
  const error = new Error("bad thenable");
  const broken = cache.wrap(
    () => ({
      // biome-ignore lint/suspicious/noThenProperty: a thenable is the point
      get then() {
        throw error;
      },
    }),
    { ttl: 1000 },
  );
  await assert.rejects(broken(), error);
  const twice = cache.wrap(
    () => ({
      // biome-ignore lint/suspicious/noThenProperty: a thenable is the point
      then(resolve, reject) {
        resolve(1);
        reject(error);
        resolve(2);
      },
    }),
    { ttl: 1000 },
  );
  assert.equal(await twice(), 1);
});

test("`this` and all arguments reach the loader", async () => {
  const cache = createCache();
  const object = {
    factor: 3,
    times: cache.wrap(
      function times(...numbers) {
        return numbers.map((number) => number * this.factor);
      },
      { ttl: 1000 },
    ),
  };
  assert.deepEqual(await object.times(1, 2), [3, 6]);
  assert.deepEqual(await object.times(1, 2), [3, 6]);
  assert.equal(object.times.name, "times");
});

test("100,000 getOrLoad calls with options of their own leave nothing behind", async () => {
  const cache = createCache();
  for (let call = 1; call <= 100_000; call += 1) {
    const value = await cache.getOrLoad(`key ${call % 50}`, () => call, {
      ttl: call,
      staleIfError: call * 2,
      staleOn: () => true,
    });
    assert.ok(value <= call);
  }
  const { functions, memory } = cache.stats();
  assert.deepEqual(Object.keys(functions), ["getOrLoad"]);
  assert.equal(memory.entries, 50);
  assert.equal(memory.flights, 0);
});

test("a policy with getOrLoad's own numbers keeps them", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  await cache.getOrLoad("short", () => 1, { ttl: 10 });
  await cache.getOrLoad("long", () => 1, { ttl: 1000, staleIfError: 500 });
  await clock.runTo(10);
  assert.equal(await cache.getOrLoad("short", () => 2, { ttl: 10 }), 2);
  assert.equal(await cache.getOrLoad("long", () => 2, { ttl: 10 }), 1);
  await clock.runTo(1200);
  const fails = () => Promise.reject(new Error("down"));
  assert.equal(await cache.getOrLoad("long", fails, { ttl: 1000 }), 1);
  await clock.runTo(1500);
  await assert.rejects(cache.getOrLoad("long", fails, { ttl: 1000 }), /down/);
});

test("a closed cache refuses, loads under way still answer", async () => {
  const cache = createCache();
  const { loads, load } = gate();
  const get = cache.wrap(load, { ttl: 1000 });
  const call = get();
  await drain();
  await cache.close();
  loads[0].resolve("late");
  assert.equal(await call, "late");
  await assert.rejects(get(), (error) => isHoldoverError(error) && error.code === "E_CLOSED");
  await assert.rejects(
    cache.getOrLoad("k", load, { ttl: 1 }),
    (error) => error.code === "E_CLOSED",
  );
});

test("callers of one turn share a promise and are counted; after a write they do not join", async () => {
  const cache = createCache();
  const loads = [];
  const load = () => new Promise((resolve) => loads.push(resolve));
  const get = cache.wrap(load, { ttl: "1h", key: "{0}" });
  const first = get("other");
  loads[0]("shareable");
  await first;
  const before = ["a", "a", "a", "a"].map((key) => get(key));
  assert.equal(new Set(before).size, 2, "the leader's promise and that of all followers");
  const { misses, coalesced } = cache.stats();
  assert.deepEqual([misses, coalesced], [5, 3]);
  const written = cache.set("a", "written", { ttl: "1h" });
  const after = get("a");
  loads[1]("loaded");
  assert.deepEqual(await Promise.all(before), Array(4).fill("loaded"));
  assert.equal(await after, "written");
  await written;
});

test("followers of one turn share a promise per key, whatever other keys are called in between", async () => {
  const cache = createCache({ stores: [memory({ maxEntries: 3 })] });
  const get = cache.wrap((key) => Promise.resolve(key), { ttl: "1h", key: "{0}" });
  await get("shareable");
  await get("evicted");
  const keys = ["a", "b"];
  const promises = keys.map(() => new Set());
  for (let round = 0; round < 4; round += 1) {
    for (const [index, key] of keys.entries()) promises[index].add(get(key));
  }
  const sizes = promises.map(({ size }) => size);
  assert.deepEqual(sizes, [2, 2], "the leader's promise and that of all followers");
  // A new key drops an entry of the full memory; what others wait for has not changed by that.
  promises[1].add(get("c"));
  promises[0].add(get("a"));
  promises[0].add(get("a"));
  assert.equal(promises[0].size, 2);
  assert.deepEqual(await Promise.all(promises[0]), ["a", "a"]);
  const { loads, coalesced } = cache.stats();
  assert.deepEqual([loads, coalesced], [5, 8]);
});
