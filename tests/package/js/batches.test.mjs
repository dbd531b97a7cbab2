// wrapped.many and loadMany: SEMANTICS §4 and DESIGN §3.

import assert from "node:assert/strict";
import test from "node:test";
import { memory } from "holdover";
import { many } from "holdover/batches";
import * as guard from "holdover/guards";
import { clear } from "holdover/operations";
import { later, lists, ManyStore } from "./support/batches.mjs";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

/** A cached function of numbers whose loads, by one or by many, are written down. */
function numbers(policy = {}, options = {}) {
  const clock = new ManualClock();
  const cache = createCache({ clock, waitUntil: false, ...options });
  const calls = [];
  const it = {
    clock,
    cache,
    calls,
    answer: (id) => `value ${id}`,
    respond: (ids) => ids.map((id) => it.answer(id)),
    last: undefined,
  };
  it.get = cache.wrap(
    async (id) => {
      calls.push(id);
      return it.answer(id);
    },
    {
      ttl: 1000,
      key: "n:{0}",
      loadMany: async (argsList, context) => {
        const ids = argsList.map(([id]) => id);
        calls.push(ids);
        it.last = context;
        return it.respond(ids, context);
      },
      ...policy,
    },
  );
  return it;
}

test("many: results in order, what is missing in one call, duplicates once", async () => {
  const { get, calls, cache } = numbers();
  await get(2);
  assert.deepEqual(await many(get, lists(3, 2, 1, 3, 2)), [
    "value 3",
    "value 2",
    "value 1",
    "value 3",
    "value 2",
  ]);
  assert.deepEqual(calls, [2, [3, 1]]);
  assert.deepEqual(await many(get, lists(1, 3)), ["value 1", "value 3"]);
  assert.equal(calls.length, 2, "fresh ones load nothing");
  assert.deepEqual(await many(get, []), []);
  assert.equal(cache.stats().loads, 3);
});

test("many: loadMany gets the keys and the argument lists as they were", async () => {
  const it = numbers();
  const seen = [];
  const get = it.cache.wrap((id, _more) => id, {
    ttl: 1000,
    key: (id) => `key of ${id}`,
    loadMany(argsList, { keys, signal }) {
      seen.push([this, argsList, keys, signal.aborted]);
      return argsList.map(([id]) => id);
    },
  });
  const self = { get };
  assert.deepEqual(await many.call(self, get, [[1, { a: 1 }], [2]]), [1, 2]);
  assert.equal(seen[0][0], self, "this, as many was called with it");
  assert.deepEqual(seen[0].slice(1), [[[1, { a: 1 }], [2]], ["key of 1", "key of 2"], false]);
});

test("many without loadMany calls each", async () => {
  const { get, calls } = numbers({ loadMany: undefined });
  assert.deepEqual(await many(get, lists(1, 2, 1)), ["value 1", "value 2", "value 1"]);
  assert.deepEqual(calls, [1, 2]);
});

/** Makes a batch take 100 ms. */
function slow(it) {
  it.respond = (ids) => later(it.clock, 100, () => ids.map((id) => it.answer(id)));
}

test("many: one flight per key across batches and single calls", async () => {
  const it = numbers();
  slow(it);
  const first = many(it.get, lists(1, 2));
  const single = it.get.explain(1);
  const second = many(it.get, lists(2, 3, 1));
  await drain();
  assert.deepEqual(it.calls, [[1, 2], [3]]);
  await it.clock.runTo(100);
  assert.deepEqual(await first, ["value 1", "value 2"]);
  assert.equal((await single).source, "coalesced");
  assert.deepEqual(await second, ["value 2", "value 3", "value 1"]);
});

test("many waits for a single call that loads one of its keys", async () => {
  const it = numbers();
  it.answer = (id) => later(it.clock, 50, () => `value ${id}`);
  it.respond = async (ids) => ids.map((id) => `value ${id}`);
  const single = it.get(1);
  const batch = many(it.get, lists(1, 2));
  await it.clock.runTo(50);
  assert.deepEqual(it.calls, [1, [2]]);
  assert.deepEqual([await single, await batch], ["value 1", ["value 1", "value 2"]]);
});

test("many: stale ones are served and refreshed in one call of their own", async () => {
  const it = numbers({ staleWhileRevalidate: 1000 });
  await many(it.get, lists(1, 2));
  await it.clock.runTo(1500);
  it.answer = (id) => `new ${id}`;
  assert.deepEqual(await many(it.get, lists(1, 2, 3, 4)), ["value 1", "value 2", "new 3", "new 4"]);
  await drain();
  assert.deepEqual(it.calls.slice(1).sort(), [
    [1, 2],
    [3, 4],
  ]);
  assert.deepEqual(await many(it.get, lists(1, 2)), ["new 1", "new 2"]);
});

test("many: a batch that fails is the failure of each key, and an entry answers for its own", async () => {
  const it = numbers({ staleIfError: 1000 });
  await it.get(1);
  await it.clock.runTo(1500);
  it.respond = () => {
    throw new Error("down");
  };
  await assert.rejects(many(it.get, lists(1, 2)), /^Error: down$/);
  assert.deepEqual(it.calls, [1, [1, 2]]);
  assert.deepEqual(await many(it.get, lists(1)), ["value 1"]);
});

test("many: an Error in the results is the failure of that key alone", async () => {
  const it = numbers();
  const missing = new RangeError("no 2");
  it.answer = (id) => (id === 2 ? missing : `value ${id}`);
  const batch = many(it.get, lists(1, 2, 3));
  const [one, two] = await Promise.allSettled([it.get(1), it.get(2)]);
  assert.equal(one.value, "value 1");
  assert.equal(two.reason, missing);
  await assert.rejects(batch, missing);
  assert.deepEqual(await many(it.get, lists(3, 1)), ["value 3", "value 1"]);
  assert.deepEqual(it.calls, [[1, 2, 3]], "what came is stored");
});

test("many: a list of results of the wrong type or length fails every key, and says so", async () => {
  for (const wrong of [undefined, null, 5, "ab", {}, [], ["a"], ["a", "b", "c"], new Map()]) {
    const it = numbers();
    it.respond = async () => wrong;
    const refused = { code: "E_CONFIG", option: "loadMany", message: /argument lists: 2/ };
    await assert.rejects(many(it.get, lists(1, 2)), refused);
    assert.equal(it.cache.stats().failures, 2);
  }
});

test("many: a position left out is undefined, for negativeTtl", async () => {
  const it = numbers({ negativeTtl: 10 });
  // biome-ignore lint/suspicious/noSparseArray: this is what is tested
  it.respond = async () => ["one", , null];
  assert.deepEqual(await many(it.get, lists(1, 2, 3)), ["one", undefined, null]);
  assert.equal((await it.get.explain(2)).source, "negative");
  await it.clock.runTo(10);
  it.respond = async (ids) => ids;
  assert.deepEqual(await many(it.get, lists(1, 2, 3)), ["one", 2, 3]);
});

test("many: cacheIf, failIf and ttl hold for each key", async () => {
  const it = numbers({
    cacheIf: (_value, [id]) => id !== 1,
    failIf: (value) => value === "value 2",
    ttl: (_value, [id]) => id * 100,
  });
  assert.deepEqual(
    await many(it.get, lists(1, 2, 3, 4)),
    [1, 2, 3, 4].map((id) => `value ${id}`),
  );
  await many(it.get, lists(1, 2, 3, 4));
  await it.clock.runTo(300);
  await many(it.get, lists(1, 2, 3, 4));
  assert.deepEqual(it.calls, [
    [1, 2, 3, 4],
    [1, 2],
    [1, 2, 3],
  ]);
});

test("many: timeout covers the whole call and aborts its signal once", async () => {
  const it = numbers({ timeout: 50 });
  it.respond = () => new Promise(() => {});
  const batch = many(it.get, lists(1, 2));
  await drain();
  const { signal } = it.last;
  const refused = assert.rejects(batch, { code: "E_TIMEOUT" });
  await it.clock.runTo(49);
  assert.equal(signal.aborted, false);
  await it.clock.runTo(50);
  await refused;
  assert.equal(signal.aborted, true);
  assert.equal(it.clock.armed, 0);
});

test("many: an abort detaches the caller; the load stops when no key of it is wanted", async () => {
  const it = numbers();
  slow(it);
  const controller = new AbortController();
  const batch = many(it.get, lists(1, 2), { signal: controller.signal });
  const other = new AbortController();
  const single = it.get.with({ signal: other.signal })(1);
  await drain();
  const { signal } = it.last;
  controller.abort(new Error("gone"));
  await assert.rejects(batch, /gone/);
  assert.equal(signal.aborted, false, "key 1 is wanted");
  other.abort(new Error("gone too"));
  await assert.rejects(single, /gone too/);
  assert.equal(signal.aborted, true);
  await assert.rejects(
    many(it.get, lists(1), { signal: AbortSignal.abort(new Error("no")) }),
    /no/,
  );
});

test("many: signals among the arguments are the callers', the load has its own", async () => {
  const it = numbers();
  let given;
  const get = it.cache.wrap(async (id, _signal) => id, {
    ttl: 1000,
    loadMany: (argsList, { signal }) => {
      given = argsList.every((args) => args[1] === signal);
      return argsList.map(([id]) => id);
    },
  });
  const { signal } = new AbortController();
  assert.deepEqual(
    await many(get, [
      [1, signal],
      [2, signal],
    ]),
    [1, 2],
  );
  assert.equal(given, true);
});

test("many: guards see one load", async () => {
  const it = numbers({ guards: [guard.rateLimit({ limit: 2, period: 1000 })] });
  await many(it.get, lists(1, 2, 3));
  await many(it.get, lists(4, 5));
  await assert.rejects(many(it.get, lists(1, 6, 7)), { code: "E_RATE_LIMITED" });
  assert.equal(it.calls.length, 2);
  await it.clock.runTo(1000);
  assert.deepEqual(await many(it.get, lists(6)), ["value 6"]);
});

test("many: for a circuit breaker a batch fails once, and not at all with one answer in it", async () => {
  const circuitBreaker = { errorRate: 1, window: 1000, minCalls: 2, openFor: 1000 };
  const it = numbers({ guards: [guard.circuitBreaker(circuitBreaker)] });
  it.answer = (id) => (id === 1 ? new Error("no 1") : id);
  for (const _ of [1, 2, 3]) {
    await assert.rejects(many(it.get, lists(1, 2 + it.calls.length)), /no 1/);
  }
  clear(it.cache);
  const other = numbers({ guards: [guard.circuitBreaker(circuitBreaker)] });
  other.respond = () => Promise.reject(new Error("down"));
  await assert.rejects(many(other.get, lists(1, 2, 3)), /down/);
  await assert.rejects(many(other.get, lists(1, 2, 3)), /down/);
  await assert.rejects(many(other.get, lists(1, 2, 3)), { code: "E_CIRCUIT_OPEN" });
});

test("many: bypassed, disabled or without a cache it is one call, too", async () => {
  const it = numbers();
  assert.deepEqual(await many(it.get, lists(1, 2), { bypass: true }), ["value 1", "value 2"]);
  const off = it.cache.disable();
  assert.deepEqual(await many(it.get, lists(2, 1)), ["value 2", "value 1"]);
  off.enable();
  const none = numbers({}, { enabled: false });
  assert.deepEqual(await many(none.get, lists(3, 3)), ["value 3", "value 3"]);
  assert.deepEqual(
    [...it.calls, ...none.calls],
    [
      [1, 2],
      [2, 1],
      [3, 3],
    ],
  );
  await it.cache.close();
  await assert.rejects(many(it.get, lists(1)), { code: "E_CLOSED" });
});

test("many: what is no array of argument lists is a ConfigError, before anything is loaded", async () => {
  const it = numbers();
  // biome-ignore lint/suspicious/noSparseArray: this is what is tested
  for (const wrong of [undefined, null, 5, "ab", [1, 2], [[1], 2], [[1], , [2]], { length: 0 }]) {
    await assert.rejects(many(it.get, wrong), { code: "E_CONFIG", option: "argsList" });
  }
  await assert.rejects(many(it.get, [[1], [() => 1]]), { code: "E_CONFIG" });
  await assert.rejects(many(it.get, lists(1), { banana: 1 }), {
    code: "E_CONFIG",
    option: "banana",
  });
  await drain();
  assert.deepEqual(it.calls, []);
});

test("many: a call's ttl is that of what it loads", async () => {
  const it = numbers();
  await many(it.get, lists(1, 2), { ttl: 50 });
  await it.clock.runTo(50);
  await many(it.get, lists(1, 2));
  assert.deepEqual(it.calls, [
    [1, 2],
    [1, 2],
  ]);
});

for (const [name, Store] of Object.entries({ getMany: ManyStore, get: MapStore })) {
  test(`many: lower stores are asked first, by ${name}`, async () => {
    const store = new Store();
    const before = numbers({ staleWhileRevalidate: 1000 }, { stores: [memory(), store] });
    await many(before.get, lists(1, 2, 3));
    await drain();
    const it = numbers({ staleWhileRevalidate: 1000 }, { stores: [memory(), store] });
    await it.clock.runTo(1500);
    store.operations.length = 0;
    store.records.delete("n:2");
    it.answer = (id) => `new ${id}`;
    assert.deepEqual(await many(it.get, lists(3, 2, 1)), ["value 3", "new 2", "value 1"]);
    await drain();
    assert.deepEqual(it.calls.sort(), [[2], [3, 1]]);
    const reads = store.operations.filter((operation) => operation.startsWith("get"));
    const asked = name === "get" ? ["get n:3", "get n:2", "get n:1"] : ["getMany n:3 n:2 n:1"];
    assert.deepEqual(reads, asked);
  });
}

test("many: a store that throws, hangs or lies in getMany costs no answer", async () => {
  const lies = {
    throws: () => {
      throw new Error("broken");
    },
    hangs: () => new Promise(() => {}),
    "is no array": () => 5,
    "is short": () => [],
    "has garbage": (keys) => keys.map(() => "abc"),
  };
  for (const [name, lie] of Object.entries(lies)) {
    const store = new ManyStore();
    store.lies = lie;
    const events = [];
    const onEvent = ({ type }) => events.push(type);
    const it = numbers({}, { stores: [memory(), store], onEvent });
    const batch = many(it.get, lists(1, 2));
    await it.clock.runTo(500);
    assert.deepEqual(await batch, ["value 1", "value 2"], name);
    assert.deepEqual(it.calls, [[1, 2]], name);
    const told = name === "has garbage" ? "corrupt" : "store-error";
    assert.ok(events.includes(told), `${name}: ${events}`);
  }
});
