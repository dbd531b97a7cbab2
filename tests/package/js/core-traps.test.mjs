// A core that traps, in every phase: calls are still answered, and caching goes on with a new one.
//
// The traps are real: the core's machine is closed behind the cache's back, so that whatever is
// asked of it next panics.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { add, clear, peek } from "holdover/operations";
import { invalidateTags } from "holdover/tags";
import { core } from "../../internal.mjs";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

/** A cache whose loads end when the test says so, and what was told. */
function stage({ policy = {}, ...options } = {}) {
  const clock = new ManualClock();
  const events = [];
  const cache = createCache({ clock, onEvent: (event) => events.push(event), ...options });
  const loads = [];
  const get = cache.wrap(
    (key, _signal) =>
      new Promise((resolve, reject) => {
        loads.push({ key, resolve, reject });
      }),
    { ttl: 100, staleWhileRevalidate: 100, staleIfError: 1000, key: "{0}", ...policy },
  );
  const answer = async (call, value) => {
    await drain();
    loads.at(-1).resolve(value);
    return call;
  };
  const sabotage = () => core.close(cache.driver.host.memory.machine);
  return { cache, clock, events, loads, get, answer, sabotage, before: core.trapCount() };
}

/** One trap was seen and told, and the cache works. */
async function assertRecovered({ cache, events, get, answer, loads, before }) {
  assert.equal(cache.stats().traps, before + 1);
  assert.equal(events.filter(({ type }) => type === "trap").length, 1);
  assert.ok(core.isTrap(events.find(({ type }) => type === "trap").error));
  assert.equal(await answer(get("fresh start"), 1), 1);
  const count = loads.length;
  assert.equal((await get.explain("fresh start")).source, "hit");
  assert.equal(await get("fresh start"), 1);
  assert.equal(loads.length, count);
  assert.deepEqual([cache.stats().memory.flights, cache.stats().traps], [0, before + 1]);
}

const PHASES = {
  async "a hit"({ get, answer, sabotage }) {
    await answer(get("key"), "old");
    sabotage();
    assert.equal(await answer(get("key"), "origin's"), "origin's");
  },
  async "a hit that is explained"({ get, answer, sabotage }) {
    await answer(get("key"), "old");
    sabotage();
    const { value, source } = await answer(get.explain("key"), "origin's");
    assert.deepEqual([value, source], ["origin's", "bypass"]);
  },
  async "a hit by getOrLoad"({ cache, sabotage }) {
    await cache.getOrLoad("key", () => "old", { ttl: 1000 });
    sabotage();
    assert.equal(await cache.getOrLoad("key", () => "origin's", { ttl: 1000 }), "origin's");
  },
  async "a miss"({ get, answer, sabotage }) {
    await answer(get("other"), "old");
    sabotage();
    assert.equal(await answer(get("key"), "origin's"), "origin's");
  },
  async "a new policy"({ cache, get, answer, sabotage }) {
    await answer(get("other"), "old");
    const another = cache.wrap(async () => "origin's", { ttl: 5, retryAfter: 77 });
    sabotage();
    assert.equal(await another(), "origin's");
  },
  async "a stale answer"({ clock, get, answer, sabotage }) {
    await answer(get("key"), "old");
    await clock.runTo(150);
    sabotage();
    assert.equal(await answer(get("key"), "origin's"), "origin's");
  },
  async "a background refresh that lands"({ clock, get, answer, loads, sabotage, cache }) {
    await answer(get("key"), "old");
    await clock.runTo(150);
    assert.equal(await get("key"), "old");
    sabotage();
    loads[1].resolve("new");
    await drain();
    assert.equal(await peek(cache, "key"), undefined);
  },
  async "a load that lands, with followers"({ get, loads, sabotage }) {
    const calls = [get("key"), ...Array.from({ length: 20 }, () => get("key"))];
    await drain();
    sabotage();
    loads[0].resolve("origin's");
    assert.deepEqual(new Set(await Promise.all(calls)), new Set(["origin's"]));
  },
  async "a load that fails, with followers"({ get, loads, sabotage }) {
    const calls = [get("key"), ...Array.from({ length: 20 }, () => get("key"))];
    const settled = Promise.allSettled(calls);
    await drain();
    sabotage();
    const error = new Error("down");
    loads[0].reject(error);
    for (const { reason } of await settled) assert.equal(reason, error);
  },
  async "a caller who would wait for a load"({ get, loads, sabotage }) {
    const leader = get("key");
    await drain();
    sabotage();
    const other = get("key");
    await drain();
    assert.equal(loads.length, 2);
    loads[1].resolve("its own");
    assert.equal(await other, "its own");
    loads[0].resolve("the leader's");
    assert.equal(await leader, "the leader's");
  },
  async "a lease that ends"({ clock, get, loads, sabotage }) {
    const leader = get("key");
    const follower = get("key");
    await drain();
    sabotage();
    await clock.runTo(31_000);
    loads.at(-1).resolve("taken over");
    assert.equal(await follower, "taken over");
    loads[0].resolve("late");
    assert.equal(await leader, "late");
  },
  async "a refresh that starts"({ get, answer, sabotage }) {
    await answer(get("key"), "old");
    sabotage();
    assert.equal(await answer(get.refresh("key"), "origin's"), "origin's");
  },
  async "a refresh that lands"({ get, loads, answer, sabotage }) {
    await answer(get("key"), "old");
    const refresh = get.refresh("key");
    await drain();
    sabotage();
    loads[1].resolve("origin's");
    assert.equal(await refresh, "origin's");
  },
  async "an abort that nobody survives"({ get, loads, sabotage }) {
    const controller = new AbortController();
    const call = get("key", controller.signal);
    await drain();
    sabotage();
    controller.abort(new Error("gone"));
    await assert.rejects(call, /gone/);
    loads[0].resolve("late");
  },
  async "a load that is refused storage"({ cache, sabotage, get, answer }) {
    await answer(get("other"), 1);
    const options = { ttl: 1000, cacheIf: () => false };
    const call = cache.getOrLoad("key", async () => "not kept", options);
    sabotage();
    assert.equal(await call, "not kept");
  },
  set: ({ cache, sabotage }) => direct(cache, sabotage, () => cache.set("key", 1), false),
  "wrapped.set": ({ cache, get, sabotage }) => direct(cache, sabotage, () => get.set(["key"], 1)),
  "wrapped.peek": ({ cache, get, sabotage }) => direct(cache, sabotage, () => get.peek("held")),
  get: ({ cache, sabotage }) => direct(cache, sabotage, () => cache.get("held")),
  has: ({ cache, sabotage }) => direct(cache, sabotage, () => cache.has("held"), false),
  peek: ({ cache, sabotage }) => direct(cache, sabotage, () => peek(cache, "held")),
  delete: ({ cache, sabotage }) => direct(cache, sabotage, () => cache.delete("held"), false),
  invalidate: ({ cache, sabotage }) => direct(cache, sabotage, () => cache.invalidate("held")),
  clear: ({ cache, sabotage }) => direct(cache, sabotage, () => clear(cache)),
  async stats({ cache, get, answer, sabotage }) {
    await answer(get("held"), 1);
    sabotage();
    assert.equal(cache.stats().memory.entries, 0);
  },
};

async function direct(cache, sabotage, operation, expected = undefined) {
  await cache.set("held", 1);
  sabotage();
  assert.equal(await operation(), expected);
  assert.equal(await peek(cache, "held"), undefined);
}

for (const [phase, play] of Object.entries(PHASES)) {
  test(`a trap in ${phase}`, async () => {
    const set = stage();
    await play(set);
    await assertRecovered(set);
  });
}

test("a trap while an entry is waited for: the load's answer comes", async () => {
  const set = stage({ policy: { mode: "origin-first", failoverAfter: 50 } });
  const { clock, get, answer, loads, sabotage } = set;
  await answer(get("key"), "old");
  const call = get("key");
  await drain();
  sabotage();
  await clock.runTo(60);
  loads[1].resolve("origin's");
  assert.equal(await call, "origin's");
  assert.equal(set.cache.stats().traps, set.before + 1);
});

test("a trap in a hit that nobody listens to, which takes a shorter way", async () => {
  const { cache, get, answer, loads, sabotage, before } = stage({ onEvent: undefined });
  await answer(get("key"), "old");
  assert.equal(await get("key"), "old");
  sabotage();
  assert.equal(await answer(get("key"), "origin's"), "origin's");
  assert.equal(await answer(get("key"), "new"), "new");
  assert.equal(await get("key"), "new");
  assert.deepEqual([loads.length, cache.stats().traps], [3, before + 1]);
});

test("a trap among those who join a load, nobody listening", async () => {
  const { cache, get, loads, sabotage, before } = stage({ onEvent: undefined });
  const calls = [get("key"), get("key")];
  await drain();
  sabotage();
  calls.push(get("key"), get("key"));
  await drain();
  for (const load of loads) load.resolve("origin's");
  assert.deepEqual(new Set(await Promise.all(calls)), new Set(["origin's"]));
  assert.deepEqual([loads.length, cache.stats().traps], [3, before + 1]);
});

test("a trap in closing: the cache is closed", async () => {
  const { cache, get, answer, sabotage } = stage();
  await answer(get("key"), 1);
  sabotage();
  await cache.close();
  await assert.rejects(get("key"), { code: "E_CLOSED" });
});

test("a trap in a failed load with an entry: the caller gets the origin's error", async () => {
  const { clock, get, answer, loads, sabotage } = stage();
  await answer(get("key"), "old");
  await clock.runTo(250);
  const call = get("key");
  await drain();
  sabotage();
  loads[1].reject(new Error("down"));
  await assert.rejects(call, /down/);
});

test("loads begun before a trap do not touch what has their slot afterwards", async () => {
  const { cache, get, loads, sabotage } = stage();
  const old = ["a", "b", "c"].map((key) => get(key));
  await drain();
  sabotage();
  assert.equal(await peek(cache, "a"), undefined);
  assert.equal(await cache.getOrLoad("x", () => "x", { ttl: "1m" }), "x");
  await cache.set("y", "y");
  const fresh = get("z");
  await drain();
  for (const [nth, load] of loads.slice(0, 3).entries()) load.resolve(`old ${nth}`);
  assert.deepEqual(await Promise.all(old), ["old 0", "old 1", "old 2"]);
  loads[3].resolve("z");
  assert.equal(await fresh, "z");
  assert.deepEqual([await cache.get("x"), await cache.get("y"), await get("z")], ["x", "y", "z"]);
  for (const key of ["a", "b", "c"]) assert.equal(await peek(cache, key), undefined);
  assert.deepEqual([cache.stats().memory.entries, cache.stats().memory.flights], [3, 0]);
});

test("many caches at once: all go on, each empty, one of them tells", async () => {
  const stages = Array.from({ length: 30 }, () => stage());
  for (const { get, answer } of stages) await answer(get("key"), "old");
  const flying = stages.map(({ get }) => get("flying"));
  await drain();
  stages[7].sabotage();
  assert.equal(await stages[7].answer(stages[7].get("key"), "own"), "own");
  for (const { loads } of stages) {
    for (const load of loads) if (load.key === "flying") load.resolve("landed");
  }
  assert.deepEqual(new Set(await Promise.all(flying)), new Set(["landed"]));
  for (const [nth, { cache, get, answer, events }] of stages.entries()) {
    assert.equal(await answer(get("key"), nth), nth);
    assert.equal((await get.explain("key")).source, "hit");
    assert.equal(cache.stats().traps, stages[0].before + 1);
    assert.equal(events.filter(({ type }) => type === "trap").length, nth === 7 ? 1 : 0);
  }
});

test("caches that share a memory survive together", async () => {
  const stores = [memory()];
  const caches = ["one", "two"].map((namespace) => createCache({ namespace, stores }));
  for (const cache of caches) await cache.set("key", "old");
  core.close(stores[0].machine);
  assert.equal(await caches[0].get("key"), undefined);
  assert.equal(await caches[1].get("key"), undefined);
  for (const cache of caches) await cache.set("key", "new");
  assert.equal(await caches[0].get("key"), "new");
  assert.equal(stores[0].usage().entries, 2);
});

test("changes of stores that are under way keep their order over a trap", async () => {
  const store = new MapStore();
  const { cache, sabotage, before } = stage({ stores: [memory(), store] });
  await cache.set("key", "old");
  let drop;
  store.misbehave = (operation, _key, act) => {
    if (operation !== "delete") return act();
    return new Promise((resolve) => {
      drop = () => resolve(act());
    });
  };
  const dropped = cache.invalidate("key");
  await drain();
  sabotage();
  assert.equal(await cache.get("key"), undefined);
  assert.equal(cache.stats().traps, before + 1);
  const written = cache.set("key", "new");
  await drain();
  assert.equal(store.count("set"), 1, "the new one waits");
  drop();
  await Promise.all([dropped, written]);
  assert.deepEqual(store.operations.slice(-2), ["delete key", "set key"]);
  assert.equal(await createCache({ stores: [store] }).get("key"), "new");
});

test("a hundred traps in a row", async () => {
  const { cache, sabotage, before } = stage();
  for (let round = 0; round < 100; round += 1) {
    assert.equal(await cache.getOrLoad("key", () => round, { ttl: "1m" }), round);
    assert.equal(await cache.getOrLoad("key", () => -1, { ttl: "1m" }), round);
    sabotage();
    assert.equal(await cache.get("key"), undefined);
  }
  assert.equal(cache.stats().traps, before + 100);
});

test("the core's own `trap` is one", () => {
  assert.throws(
    () => core.trap(),
    (error) => core.isTrap(error),
  );
  assert.equal(core.isTrap(new Error("unreachable")), false);
});

test("a write with tags that began before a trap is not kept where their invalidation would not end it", async () => {
  const store = new MapStore();
  store.add = async (key, record, options) => {
    await store.set(key, record, options);
    return true;
  };
  const { cache, sabotage } = stage({ stores: [memory(), store] });
  // The old core has counted further than the new one will for a while.
  for (let nth = 0; nth < 50; nth += 1) await invalidateTags(cache, ["other"]);
  const adding = add(cache, "key", "added", { ttl: "1h", tags: ["tag"] });
  sabotage();
  await cache.get("something"); // traps
  assert.equal(await adding, true);
  assert.equal(await cache.get("key"), "added");
  await invalidateTags(cache, ["tag"]);
  assert.equal(await cache.get("key"), undefined);
});
