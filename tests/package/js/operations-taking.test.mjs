// `take`: reading and dropping in one step, for one caller of all instances.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { cachedFetch } from "holdover/fetch";
import { add, increment, peek, take } from "holdover/operations";
import { invalidateTags } from "holdover/tags";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { inEveryOrder } from "./support/orders.mjs";
import { BARE, PLACES, stage } from "./support/places.mjs";
import { WholeStore } from "./support/whole-store.mjs";

const ABLE = ["memory", "memory and a store that can all", "a store that can all, alone"];

for (const place of ABLE) {
  test(`${place}: a value is given once, and is gone`, async () => {
    const { cache } = PLACES[place]();
    await cache.set("k", { a: 1 }, { ttl: "1h" });
    assert.deepEqual(await take(cache, "k"), { a: 1 });
    assert.equal(await take(cache, "k"), undefined);
    assert.equal(await cache.get("k"), undefined);
    assert.equal(await peek(cache, "k"), undefined);
    assert.equal(await add(cache, "k", 2), true, "the key is free");
    assert.equal(await take(cache, "k"), 2);
  });

  test(`${place}: of many callers one gets it`, async () => {
    const { cache, clock } = PLACES[place]();
    await cache.set("k", 1);
    const taking = Promise.all(Array.from({ length: 20 }, () => take(cache, "k")));
    await clock.runTo(60_000);
    assert.equal((await taking).filter((value) => value === 1).length, 1);
  });

  test(`${place}: what is stale is no value, and stays`, async () => {
    const { cache, clock } = PLACES[place]();
    await cache.set("k", 1, { ttl: 1000, staleIfError: "1h" });
    await clock.runTo(1000);
    assert.equal(await take(cache, "k"), undefined);
    assert.equal(await peek(cache, "k"), 1);
  });

  test(`${place}: an invalidated tag has ended the value`, async () => {
    const { cache } = PLACES[place]();
    await cache.set("k", 1, { tags: ["t"] });
    await invalidateTags(cache, "t");
    assert.equal(await take(cache, "k"), undefined);
  });

  test(`${place}: null and undefined are values, told by onOperation`, async () => {
    const { cache } = PLACES[place]();
    await cache.set("k", null);
    assert.equal(await take(cache, "k"), null);
    assert.deepEqual(cache.stats().direct, { hits: 1, misses: 0, writes: 1, deletes: 1 });
    assert.equal(await take(cache, "k"), undefined);
    assert.equal(cache.stats().direct.misses, 1);
    assert.equal(cache.stats().direct.deletes, 1);
  });

  test(`${place}: a load that has begun does not bring the key back`, async () => {
    const { cache, clock } = PLACES[place]();
    await cache.set("k", 1, { ttl: "1h" });
    const get = cache.wrap(() => new Promise((resolve) => clock.setTimeout(() => resolve(2), 10)), {
      key: "k",
      ttl: "1h",
    });
    const loading = get.refresh();
    await drain();
    assert.equal(await take(cache, "k"), 1);
    await clock.runTo(1000);
    assert.equal(await loading, 2);
    assert.equal(await cache.get("k"), undefined);
  });

  test(`${place}: a response of the cached fetch is nobody's to take`, async () => {
    const { cache } = PLACES[place]();
    const fetch = async () => new Response("a", { headers: { "cache-control": "max-age=60" } });
    const cached = cachedFetch(cache, { key: () => "k", ttl: "1m" }, { fetch });
    await (await cached("https://a.test/")).text();
    await drain();
    assert.equal(await take(cache, "k"), undefined);
  });

  test(`${place}: while reads are switched off nothing is taken`, async () => {
    const { cache } = PLACES[place]();
    await cache.set("k", 1);
    const off = cache.disable({ writes: false });
    assert.equal(await take(cache, "k"), undefined);
    off.enable();
    const quiet = cache.disable({ reads: false });
    assert.equal(await take(cache, "k"), 1, "a drop is no write");
    quiet.enable();
    assert.equal(await cache.get("k"), undefined);
  });
}

test("the count of a counter is taken, and begins anew", async () => {
  const { cache, other } = stage();
  await increment(cache, "n", 5);
  assert.equal(await take(other, "n"), 5);
  assert.equal(await increment(cache, "n"), 1);
});

test("above a store that cannot compare it is refused, with the reason", async () => {
  for (const place of ["memory and a bare store", "a bare store alone"]) {
    const { cache } = PLACES[place]();
    await assert.rejects(take(cache, "k"), {
      code: "E_CONFIG",
      message: /compareAndDelete.*get and delete/,
    });
  }
  const { cache } = stage([...BARE, "compareAndDelete"]);
  await cache.set("k", 1);
  assert.equal(await take(cache, "k"), 1);
});

test("a wrong key, a wrong cache and a closed one are told", async () => {
  const { cache } = PLACES.memory();
  await assert.rejects(take(cache, 1), { code: "E_CONFIG", message: /the key is 1/ });
  await assert.rejects(take({}, "k"), { code: "E_CONFIG" });
  await cache.close();
  await assert.rejects(take(cache, "k"), { code: "E_CLOSED" });
});

test("the other instances' memory has to ask again", async () => {
  const clock = new ManualClock();
  const whole = new WholeStore();
  const made = () => createCache({ clock, stores: [memory(), whole], namespace: "n" });
  const [one, other] = [made(), made()];
  await one.set("k", 1);
  assert.equal(await other.get("k"), 1);
  await drain();
  assert.equal(await take(one, "k"), 1);
  await drain();
  assert.equal(await other.get("k"), undefined);
});

test("every store above and below the one that decides drops it, too", async () => {
  const clock = new ManualClock();
  const stores = [
    new WholeStore(),
    new WholeStore(),
    Object.assign(new WholeStore(), { lag: 1000 }),
  ];
  const cache = createCache({ clock, stores: [memory(), ...stores], writes: "await" });
  await cache.set("k", 1);
  for (const { records } of stores) assert.equal(records.size, 1);
  assert.equal(await take(cache, "k"), 1);
  for (const { records } of stores) assert.equal(records.size, 0);
});

test("a store that is down: nobody knows, so memory does not answer either", async () => {
  const { cache, shared, clock } = stage();
  await cache.set("k", 1);
  shared.down.add("compareAndDelete");
  await assert.rejects(take(cache, "k"), { code: "E_STORE" });
  shared.down.clear();
  assert.equal(await take(cache, "k"), 1, "it was not taken");
  shared.down.add("get");
  await assert.rejects(take(cache, "k"), { code: "E_STORE" });
  await clock.runTo(1);
});

test("an answer after the deadline: the value is nobody's, in memory neither", async () => {
  const clock = new ManualClock();
  const whole = new WholeStore();
  const answers = [];
  whole.compareAndDelete = (key, record) =>
    new Promise((resolve) =>
      answers.push(() => resolve(WholeStore.prototype.compareAndDelete.call(whole, key, record))),
    );
  const cache = createCache({ clock, stores: [memory(), whole] });
  await cache.set("k", 1);
  const failed = assert.rejects(take(cache, "k"), { code: "E_STORE" });
  await clock.runTo(600);
  await failed;
  assert.equal(await cache.get("k"), 1, "the store has it still, and memory again");
  for (const answer of answers) answer();
  await drain();
  assert.equal(await cache.get("k"), undefined);
});

/** Two instances over one store, after the first has set a value. */
async function pair(store, settled) {
  const clock = new ManualClock();
  const made = () => createCache({ clock, stores: [memory(), store] });
  const caches = [made(), made()];
  await settled(caches[0].set("k", "first"));
  return caches;
}

test("in every order of events one of two instances gets it", async () => {
  const orders = await inEveryOrder({
    begin: pair,
    act: (caches) => caches.map((cache) => take(cache, "k")),
    check: async (caches, results, settled) => {
      const taken = results.map(({ value }) => value).filter((value) => value !== undefined);
      assert.deepEqual(taken, ["first"]);
      for (const cache of caches) assert.equal(await settled(cache.get("k")), undefined);
    },
  });
  assert.ok(orders > 50, `${orders} orders`);
});

test("in every order of events what another instance sets is taken, or stays", async () => {
  const orders = await inEveryOrder({
    begin: pair,
    act: ([one, other]) => [take(one, "k"), other.set("k", "second")],
    check: async ([one], [{ value }], settled) => {
      assert.ok(value === "first" || value === "second", value);
      const left = await settled(take(one, "k"));
      assert.equal(left, value === "first" ? "second" : undefined);
    },
  });
  assert.ok(orders > 10, `${orders} orders`);
});
