// The names of functions: builds, minifiers and the order of wrapping change them, so where other
// programs see the keys they have to be given.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { memory } from "holdover";
import { cached } from "holdover/decorator";
import { cachedFetch } from "holdover/fetch";
import * as guard from "holdover/guards";
import { customStore } from "holdover/stores/custom";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

const anonymous = () =>
  (
    () => async (id) =>
      id
  )();
const below = (store = new MapStore()) => createCache({ stores: [memory(), store] });
const window = { limit: 1, period: "1m" };
/** A store that can do everything that shared state asks for; nobody uses it here. */
const SHARED = customStore(
  Object.fromEntries(
    ["get", "set", "delete", "add", "compareAndDelete", "increment", "window"].map((name) => [
      name,
      async () => undefined,
    ]),
  ),
);

test("with stores below memory, a function without key and name is refused, with what to write", () => {
  async function getUser(id) {
    return id;
  }
  for (const stores of [[memory(), new MapStore()], [new MapStore()]]) {
    const cache = createCache({ stores });
    for (const load of [getUser, anonymous()]) {
      assert.throws(() => cache.wrap(load, { ttl: 1 }), {
        code: "E_CONFIG",
        option: "key",
        message: /getUser:\{0\}.*name: "getUser"/,
      });
    }
    cache.wrap(getUser, { ttl: 1, key: "user:{0}" });
    cache.wrap(getUser, { ttl: 1, key: (id) => `${id}` });
    cache.wrap(getUser, { ttl: 1, name: "getUser" });
  }
});

test("a decorated method is a function like others", () => {
  const context = { kind: "method", name: "load" };
  const method = async () => 1;
  assert.throws(() => cached(below(), { ttl: 1 })(method, context), { option: "key" });
  cached(below(), { ttl: 1, name: "User.load" })(method, context);
  cached(below(), { ttl: 1, name: "User.load", of: (self) => self.id })(method, context);
});

test("keys are made of the given name, whatever the function is called", async () => {
  const store = new MapStore();
  const builds = [async (id) => ({ id }), async (row) => ({ id: row })];
  for (const load of builds) await below(store).wrap(load, { ttl: "1h", name: "getUser" })(1);
  assert.deepEqual([...store.records.keys()], ["getUser:1"]);
  assert.equal(store.count("set"), 1, "the second build found what the first one stored");
});

test("one name for two functions is refused; the same function may be wrapped again", async () => {
  const cache = below();
  const load = async (id) => id;
  const wrapped = cache.wrap(load, { ttl: 1, name: "getUser" });
  for (const other of [async (id) => id, anonymous()]) {
    assert.throws(() => cache.wrap(other, { ttl: 1, name: "getUser" }), {
      code: "E_CONFIG",
      option: "name",
      message: /"getUser".*takes a key.*no other function/,
    });
  }
  const again = cache.wrap(load, { ttl: 2, name: "getUser" });
  assert.equal(again.key(1), wrapped.key(1));
  // With a key the name names counts only: what is made anew for each request may have one.
  for (const made of [anonymous(), anonymous()]) cache.wrap(made, { ttl: 1, key: "k", name: "x" });
  // A module that is evaluated again makes a new cache.
  below().wrap(async (id) => id, { ttl: 1, name: "getUser" });
});

test("names that are none are refused, also for getOrLoad and fetch", async () => {
  const cache = createCache();
  for (const name of ["", 1, null, Symbol("name")]) {
    assert.throws(() => cache.wrap(async () => 1, { ttl: 1, name }), { option: "name" });
  }
  await assert.rejects(
    cache.getOrLoad("k", () => 1, { ttl: 1, name: "x" }),
    { option: "name" },
  );
  assert.throws(() => cachedFetch(cache, { name: "x" }), { option: "name" });
});

test("shared guards and hits want a name that builds do not change", () => {
  const load = async function answers() {};
  const cache = createCache();
  const rateLimit = { ...window, shared: SHARED };
  assert.throws(() => cache.wrap(load, { ttl: 1, guards: [guard.rateLimit(rateLimit)] }), {
    option: "rateLimit.name",
  });
  assert.throws(
    () => cache.wrap(load, { ttl: 1, key: () => "k", guards: [guard.rateLimit(rateLimit)] }),
    {
      option: "rateLimit.name",
    },
  );
  assert.throws(() => cachedFetch(cache, { guards: [guard.rateLimit(rateLimit)] }), {
    option: "rateLimit.name",
  });
  assert.throws(() => cache.wrap(load, { ttl: 1, hits: { max: 1, shared: SHARED } }), {
    option: "key",
  });
  const byKey = { ...rateLimit, scope: "key", name: "limit" };
  assert.throws(() => cache.wrap(load, { ttl: 1, guards: [guard.rateLimit(byKey)] }), {
    option: "key",
  });
  cache.wrap(load, { ttl: 1, guards: [guard.rateLimit({ ...rateLimit, name: "limit" })] });
  cache.wrap(load, { ttl: 1, key: "user:{0}", guards: [guard.rateLimit(rateLimit)] });
  cache.wrap(load, { ttl: 1, name: "answers", guards: [guard.rateLimit(byKey)] });
  cachedFetch(cache, { guards: [guard.rateLimit({ ...rateLimit, name: "limit" })] });
});

test("in memory alone names are derived, and two functions never share keys", async () => {
  const cache = createCache();
  const functions = [async () => "user", async () => "order"];
  Object.defineProperty(functions[0], "name", { value: "load" });
  Object.defineProperty(functions[1], "name", { value: "load" });
  const [user, order] = functions.map((load) => cache.wrap(load, { ttl: 1 }));
  assert.deepEqual([await user(1), await order(1)], ["user", "order"]);
});

test("caches over one memory and namespace do not share derived keys, but for one function", async () => {
  const clock = new ManualClock();
  const store = memory();
  const options = { clock, stores: [store] };
  function named(value) {
    const load = async () => value;
    Object.defineProperty(load, "name", { value: "load" });
    return load;
  }
  const user = named("user");
  const users = createCache(options).wrap(user, { ttl: "1m" });
  const orders = createCache(options).wrap(named("order"), { ttl: "1m" });
  assert.deepEqual([await users(1), await orders(1)], ["user", "order"]);
  const sameUsers = createCache(options).wrap(user, { ttl: "1m" });
  assert.equal((await sameUsers.explain(1)).source, "hit");
});

/** A function that is called so. */
const called = (name, answer) => ({ [name]: async () => answer })[name];

test("no name that is given or computed is a derived one of another function", async () => {
  const answers = async (...made) => Promise.all(made.map((wrapped) => wrapped(1)));
  const computed = createCache();
  const wraps = ["a", "a", "a#2", "a##2", "a#", "a#", "#2", "a#2"].map((name, nth) =>
    computed.wrap(called(name, nth), { ttl: "1h" }),
  );
  assert.deepEqual(await answers(...wraps), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.equal(new Set(wraps.map((wrapped) => wrapped.key(1))).size, wraps.length);

  const store = memory();
  const [first, second] = [0, 1].map(() => createCache({ stores: [store] }));
  const load = called("load", "derived");
  first.wrap(load, { ttl: "1h" });
  first.wrap(called("load", "another"), { ttl: "1h" });
  for (const cache of [first, second]) {
    for (const name of ["load", "load#2"]) {
      assert.throws(() => cache.wrap(called("x", "given"), { ttl: "1h", name }), {
        code: "E_CONFIG",
        option: "name",
        message: /a function wrapped earlier without a name was given this one/,
      });
    }
  }
  // The other way round the derived name gives way; and a function's own name is its own.
  const given = second.wrap(called("x", "given"), { ttl: "1h", name: "load#3" });
  const third = first.wrap(called("load", "third"), { ttl: "1h" });
  assert.deepEqual(await answers(given, third), ["given", "third"]);
  assert.equal(second.wrap(load, { ttl: "1h", name: "load" }).key(1), "load:1");
});

for (const [what, options] of Object.entries({
  "derived names": () => ({ ttl: 1 }),
  "given names": (name) => ({ ttl: 1, name }),
  "keys of one's own": () => ({ ttl: 1, key: "k:{0}" }),
})) {
  test(`functions that are made under a new name each time leave nothing behind: ${what}`, async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc");
    const cache = createCache({ clock: new ManualClock(), stores: [memory({ maxEntries: 100 })] });
    let made = 0;
    const heapAfter = async (count) => {
      for (; made < count; made += 1) {
        const name = `load ${made}`;
        const wrapped = cache.wrap(called(name, made), options(name));
        if (made % 20 === 0) await wrapped(1);
      }
      await drain();
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = await heapAfter(12_000);
    const grown = (await heapAfter(Number(process.env.HOLDOVER_STEPS ?? 35_000))) - before;
    assert.ok(grown < 3 * 2 ** 20, `${grown} bytes`);
    const { functions, loads } = cache.stats();
    assert.ok(Object.keys(functions).length <= 4000);
    const counted = Object.values(functions).reduce((sum, one) => sum + one.loads, 0);
    assert.equal(counted, loads, "what was counted is not lost");
  });
}
