// `stores: [lower]`: no memory of this process's own, as where instances live for one request.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { clear, peek } from "holdover/operations";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

function stage(policy = {}, above = []) {
  const clock = new ManualClock();
  const lower = new MapStore();
  const events = [];
  const cache = createCache({
    clock,
    stores: [...above, lower],
    onEvent: ({ type }) => events.push(type),
  });
  const origin = { loads: 0, down: false, delay: 0 };
  const load = async (key) => {
    const nth = ++origin.loads;
    if (origin.delay > 0) await new Promise((go) => clock.setTimeout(go, origin.delay));
    if (origin.down) throw new Error("down");
    return `${key}#${nth}`;
  };
  const get = cache.wrap(load, {
    ttl: 1000,
    staleWhileRevalidate: 500,
    staleIfError: 2000,
    key: "{0}",
    ...policy,
  });
  return { clock, lower, events, cache, origin, get };
}

test("every call reads the store; nothing stays in memory", async () => {
  const { clock, cache, lower, origin, get } = stage();
  assert.equal(await get("a"), "a#1");
  await drain();
  for (let call = 1; call < 5; call += 1) assert.equal(await get("a"), "a#1");
  await drain();
  assert.deepEqual([origin.loads, lower.count("get"), lower.count("set")], [1, 5, 1]);
  assert.deepEqual([cache.stats().memory.entries, cache.stats().memory.flights], [0, 0]);
  assert.equal(cache.driver.host.memory.slots.keys.filter((key) => key !== undefined).length, 0);
  await clock.runTo(300);
  const { source, tier, age, ttl } = await get.explain("a");
  assert.deepEqual([source, tier, age, ttl], ["hit", "lower", 300, 700]);
});

test("concurrent callers are one flight", async () => {
  const { clock, lower, origin, get } = stage();
  origin.delay = 50;
  const calls = Array.from({ length: 100 }, () => get("a"));
  await clock.runTo(50);
  assert.deepEqual(new Set(await Promise.all(calls)), new Set(["a#1"]));
  assert.deepEqual([lower.count("get"), origin.loads], [1, 1]);
});

test("stale: served from the store, refreshed in the background, once", async () => {
  const { clock, origin, get } = stage();
  await get("a");
  await clock.runTo(1200);
  origin.delay = 50;
  const stale = await get.explain("a");
  assert.deepEqual([stale.source, stale.age, stale.ttl], ["stale", 1200, -200]);
  assert.equal(await get("a"), "a#1");
  assert.equal(await get("a"), "a#1");
  await clock.runTo(1300);
  assert.equal(origin.loads, 2);
  assert.equal(await get("a"), "a#2");
});

test("an origin that fails: held over from the store", async () => {
  const { clock, cache, origin, events, get } = stage();
  await get("a");
  await clock.runTo(2000);
  origin.down = true;
  const held = await get.explain("a");
  assert.deepEqual([held.value, held.source, held.age], ["a#1", "error-fallback", 2000]);
  assert.match(String(held.error), /down/);
  assert.ok(events.includes("error-fallback"));
  assert.deepEqual([cache.stats().memory.entries, cache.stats().memory.flights], [0, 0]);
  await clock.runTo(3000);
  await assert.rejects(get("a"), /down/);
});

test("an origin that is slow: failover to the store's entry, and the late result is stored", async () => {
  const { clock, origin, get } = stage({ failoverAfter: 100, staleWhileRevalidate: 0 });
  await get("a");
  await clock.runTo(2000);
  origin.delay = 300;
  const call = get.explain("a");
  await clock.runTo(2100);
  assert.deepEqual([(await call).value, (await call).source], ["a#1", "failover"]);
  await clock.runTo(2300);
  assert.equal(await get("a"), "a#2");
});

test("set, get, has, peek and delete", async () => {
  const { cache, lower, get } = stage();
  await cache.set("k", { a: 1 }, { ttl: 100 });
  assert.equal(lower.lifetimes.get("k"), 100);
  assert.deepEqual(await cache.get("k"), { a: 1 });
  assert.equal(await cache.has("k"), true);
  assert.equal(await cache.delete("k"), true);
  assert.deepEqual([await cache.get("k"), await peek(cache, "k")], [undefined, undefined]);
  await get.set(["w"], "set");
  assert.equal(await get("w"), "set");
  await get.invalidate("w");
  assert.equal(await get("w"), "w#1");
});

test("20,000 keys leave nothing behind", async () => {
  const { cache, lower, get } = stage();
  for (let nth = 0; nth < 20_000; nth += 1) {
    await get(`key ${nth}`);
    lower.records.clear();
    lower.lifetimes.clear();
    lower.operations.length = 0;
  }
  const { memory: own, space } = cache.driver.host;
  assert.ok(own.slots.keys.length <= 4, `${own.slots.keys.length} slots`);
  assert.equal(space.size, 0);
  assert.equal(own.usage().entries, 0);
});

test("memory() comes first or not at all, and once", () => {
  const lower = new MapStore();
  for (const stores of [[lower, memory()], [memory(), memory()], [lower, memory(), lower], []]) {
    assert.throws(() => createCache({ stores }), { code: "E_CONFIG" });
  }
  for (const broken of [{}, { get() {} }, null, 1, { get() {}, set() {}, delete: 1 }]) {
    assert.throws(() => createCache({ stores: [memory(), broken] }), /stores\[1\]/);
  }
});

const answers = async (get, calls) => {
  const given = [];
  for (let call = 0; call < calls; call += 1) {
    given.push(Number((await get("a")).split("#")[1]));
    await drain();
  }
  return given;
};

/** What the process has of keys: slots, and values, which must not be there. */
const remembered = ({ driver: { host } }) => [
  host.space.size,
  host.memory.slots.values.filter((value) => value !== undefined).length,
  host.memory.usage().entries,
];

test("hits count without a memory: four answers each, as with one", async () => {
  const counted = [1, 1, 1, 1, 2, 2, 2, 2, 3, 3];
  const withOne = stage({ hits: { max: 3 } }, [memory()]);
  assert.deepEqual(await answers(withOne.get, 10), counted);
  const { cache, get } = stage({ hits: { max: 3 } });
  assert.deepEqual(await answers(get, 10), counted);
  assert.deepEqual(remembered(cache), [1, 0, 0]);
});

test("hits with refreshAt renew in the background without a memory", async () => {
  for (const above of [[], [memory()]]) {
    const { get } = stage({ hits: { max: 3, refreshAt: 2 } }, above);
    assert.deepEqual(await answers(get, 8), [1, 1, 1, 2, 2, 3, 3, 4]);
  }
});

test("early at a fixed age loads in the background without a memory, once", async () => {
  const { clock, cache, origin, get } = stage({ early: { after: 400 } });
  assert.deepEqual(await answers(get, 2), [1, 1]);
  await clock.runTo(399);
  assert.deepEqual(await answers(get, 1), [1]);
  assert.equal(origin.loads, 1);
  await clock.runTo(400);
  const due = await get.explain("a");
  assert.deepEqual([due.value, due.source, due.tier], ["a#1", "hit", "lower"]);
  await drain();
  assert.equal(origin.loads, 2);
  assert.deepEqual(await answers(get, 2), [2, 2]);
  assert.deepEqual(remembered(cache), [1, 0, 0]);
});

test("early by chance knows what the load took without a memory", async () => {
  for (const [random, loads] of [
    [0.5, 2], // -100 · ln(0.5) = 69: due at 50 ms before the end
    [0.9, 1], // 11: not yet
  ]) {
    const clock = new ManualClock();
    let count = 0;
    const cache = createCache({ clock, stores: [new MapStore()], random: () => random });
    const load = async () => {
      count += 1;
      await new Promise((go) => clock.setTimeout(go, 100));
      return `a#${count}`;
    };
    const get = cache.wrap(load, { ttl: 1000, early: true, key: "{0}" });
    const first = get("a");
    await clock.runTo(100);
    await first;
    await drain();
    await clock.runTo(1050);
    assert.equal(await get("a"), "a#1");
    await drain();
    assert.equal(count, loads, `roll ${random}`);
  }
});

test("a failed load makes the next ones wait for retryAfter without a memory", async () => {
  const { clock, cache, origin, events, get } = stage({
    ...{ retryAfter: 300, staleWhileRevalidate: 0, staleIfError: 10_000 },
  });
  await get("a");
  await clock.runTo(1500);
  origin.down = true;
  for (let call = 0; call < 3; call += 1) {
    const held = await get.explain("a");
    assert.deepEqual([held.value, held.source, held.age], ["a#1", "error-fallback", 1500]);
    assert.match(String(held.error), /down/);
    await drain();
  }
  assert.equal(origin.loads, 2);
  assert.equal(events.filter((type) => type === "error-fallback").length, 3);
  assert.deepEqual(remembered(cache), [1, 0, 0]);
  await clock.runTo(1799);
  await get("a");
  assert.equal(origin.loads, 2);
  await clock.runTo(1800);
  await get("a");
  assert.equal(origin.loads, 3);
  await clock.runTo(2399); // twice as long
  await get("a");
  assert.equal(origin.loads, 3);
  origin.down = false;
  await clock.runTo(2400);
  assert.equal(await get("a"), "a#4");
  assert.deepEqual(remembered(cache), [0, 0, 0]);
});

/** Of four calls for a stale entry, while the origin is down, one tries it. */
async function staleAnswersWait({ clock, origin, get }) {
  await get("a");
  await clock.runTo(1100);
  origin.down = true;
  for (let call = 0; call < 4; call += 1) {
    assert.equal((await get.explain("a")).source, "stale");
    await drain();
  }
  assert.equal(origin.loads, 2);
}

test("stale answers wait for retryAfter without a memory", async () => {
  await staleAnswersWait(stage({ retryAfter: 300 }));
});

test("set, delete, clear and another instance end what is remembered of an entry", async () => {
  const ways = {
    set: ({ get }) => get.set(["a"], "a#9"),
    invalidate: ({ get }) => get.invalidate("a"),
    delete: ({ cache }) => cache.delete("a"),
    clear: ({ cache }) => clear(cache),
  };
  for (const [name, end] of Object.entries(ways)) {
    const staged = stage({ hits: { max: 3 } });
    assert.deepEqual(await answers(staged.get, 3), [1, 1, 1]);
    await end(staged);
    await drain();
    assert.deepEqual(remembered(staged.cache), [0, 0, 0], name);
    const next = name === "set" ? 9 : 2;
    assert.deepEqual(await answers(staged.get, 3), [next, next, next], name);
  }
  const { clock, lower, origin, get } = stage({ retryAfter: 5000 });
  await get("a");
  await clock.runTo(1600);
  origin.down = true;
  await get("a");
  const other = createCache({ clock, stores: [lower] });
  await other.set("a", "a#7", { ttl: 10 });
  await drain();
  assert.equal(await get("a"), "a#7");
  await clock.runTo(1700);
  await assert.rejects(get("a"));
  assert.equal(origin.loads, 3, "the newer entry does not wait for the older one's retry");
});

test("what is remembered of entries is bounded", async () => {
  const { cache, lower, get } = stage({ hits: { max: 3 } });
  for (let nth = 0; nth < 10_500; nth += 1) {
    await get(`key ${nth}`);
    lower.operations.length = 0;
  }
  assert.deepEqual(remembered(cache), [10_000, 0, 0]);
});

for (const [where, above] of Object.entries({
  "without a memory": () => [],
  "with one": () => [memory()],
})) {
  const ALONE = { singleFlight: false };

  test(`singleFlight: false, ${where}: hits count, and renew in the background`, async () => {
    const counted = stage({ ...ALONE, hits: { max: 3 } }, above());
    assert.deepEqual(await answers(counted.get, 10), [1, 1, 1, 1, 2, 2, 2, 2, 3, 3]);
    const renewed = stage({ ...ALONE, hits: { max: 3, refreshAt: 2 } }, above());
    assert.deepEqual(await answers(renewed.get, 8), [1, 1, 1, 2, 2, 3, 3, 4]);
  });

  test(`singleFlight: false, ${where}: early at a fixed age renews in the background, once`, async () => {
    const { clock, origin, get } = stage({ ...ALONE, early: { after: 400 } }, above());
    assert.deepEqual(await answers(get, 2), [1, 1]);
    await clock.runTo(399);
    assert.deepEqual(await answers(get, 1), [1]);
    await clock.runTo(400);
    origin.delay = 50;
    for (let call = 0; call < 3; call += 1) assert.equal((await get.explain("a")).source, "hit");
    await clock.runTo(450);
    assert.equal(origin.loads, 2);
    assert.deepEqual(await answers(get, 2), [2, 2]);
  });

  test(`singleFlight: false, ${where}: a failed load makes the next ones wait for retryAfter`, async () => {
    const policy = { ...ALONE, retryAfter: 300, staleWhileRevalidate: 0, staleIfError: 10_000 };
    const { clock, cache, origin, get } = stage(policy, above());
    await get("a");
    await clock.runTo(1500);
    origin.down = true;
    for (const [at, loads] of [
      [1500, 2],
      [1799, 2],
      [1800, 3],
      [2399, 3], // twice as long
      [2400, 4],
    ]) {
      await clock.runTo(at);
      for (let call = 0; call < 3; call += 1) {
        const held = await get.explain("a");
        assert.deepEqual([held.value, held.source, held.age], ["a#1", "error-fallback", at]);
        await drain();
      }
      assert.equal(origin.loads, loads, `${at}`);
    }
    origin.down = false;
    await clock.runTo(3600);
    assert.equal(await get("a"), "a#5");
    await drain();
    assert.equal(cache.stats().memory.flights, 0);
    if (above().length === 0) assert.deepEqual(remembered(cache), [0, 0, 0]);
  });

  test(`singleFlight: false, ${where}: stale answers wait for retryAfter`, async () => {
    await staleAnswersWait(stage({ ...ALONE, retryAfter: 300 }, above()));
  });
}

test("singleFlight: false: what is remembered of entries is bounded", async () => {
  const { clock, cache, lower, origin, get } = stage({ singleFlight: false, retryAfter: "1h" });
  for (let nth = 0; nth < 10_500; nth += 1) {
    await get(`key ${nth}`);
    lower.operations.length = 0;
  }
  await clock.runTo(2000);
  origin.down = true;
  for (let nth = 0; nth < 10_500; nth += 1) await get(`key ${nth}`);
  assert.deepEqual(remembered(cache), [10_000, 0, 0]);
});
