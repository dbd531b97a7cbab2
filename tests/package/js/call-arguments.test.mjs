// The arguments of a call: what is changed later does not reach the loader, and signals in them, at
// whatever depth, are their caller's alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { many } from "holdover/batches";
import * as guard from "holdover/guards";
import { loadLock } from "holdover/locks";
import { customStore } from "holdover/stores/custom";
import { invalidateTags } from "holdover/tags";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";
import { SharedStore } from "./support/shared-store.mjs";
import { WholeStore } from "./support/whole-store.mjs";

const PLACES = {
  "a member of an argument": (signal) => [{ signal }],
  "a member of an argument's member": (signal) => [{ query: "q", fetch: { init: { signal } } }],
  "a member of a list": (signal) => [[1, { signal }, 2]],
  "an argument itself": (signal) => ["q", signal],
  "several places": (signal) => [{ signal }, signal, { other: { signal } }],
};

/** Every signal in a value, by walking it. */
function signalsOf(value) {
  if (value instanceof AbortSignal) return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(signalsOf);
}

function stage(policy = {}, options = {}) {
  const clock = new ManualClock();
  const cache = createCache({ clock, ...options });
  const loads = [];
  const get = cache.wrap(
    (...args) =>
      new Promise((resolve, reject) => {
        const load = { args, signals: args.flatMap(signalsOf), resolve, reject };
        loads.push(load);
        for (const signal of load.signals) {
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        }
      }),
    { ttl: "1m", name: "get", ...policy },
  );
  return { cache, clock, get, loads };
}

for (const [place, argsOf] of Object.entries(PLACES)) {
  for (const stores of [undefined, () => [memory(), new MapStore()]]) {
    const where = stores ? "over a lower store" : "in memory";

    test(`a signal as ${place}, ${where}: one caller's abort is that caller's`, async () => {
      const { get, loads } = stage({}, stores && { stores: stores() });
      const controllers = [0, 1, 2].map(() => new AbortController());
      const given = controllers.map(({ signal }) => argsOf(signal));
      const calls = given.map((args) => get(...args));
      await drain();
      assert.equal(loads.length, 1, "signals are no part of the key");
      controllers[0].abort(new Error("A gave up"));
      await assert.rejects(calls[0], /A gave up/);
      controllers[2].abort(new Error("C gave up"));
      await assert.rejects(calls[2], /C gave up/);
      assert.ok(loads[0].signals.length > 0);
      for (const signal of loads[0].signals) assert.equal(signal.aborted, false);
      // The caller's own objects stay as they were.
      assert.deepEqual(given[0].flatMap(signalsOf)[0], controllers[0].signal);
      loads[0].resolve("value");
      assert.equal(await calls[1], "value");
      assert.equal(await get(...argsOf(new AbortController().signal)), "value");
    });

    test(`a signal as ${place}, ${where}: when all have aborted the load's own is`, async () => {
      const { get, loads } = stage({}, stores && { stores: stores() });
      const controllers = [0, 1].map(() => new AbortController());
      const calls = controllers.map(({ signal }) => get(...argsOf(signal)));
      await drain();
      for (const [nth, controller] of controllers.entries()) {
        controller.abort(new Error(`gone ${nth}`));
        await assert.rejects(calls[nth], new RegExp(`gone ${nth}`));
      }
      for (const signal of loads[0].signals) assert.equal(signal.aborted, true);
    });

    test(`a signal as ${place}, ${where}: aborted before the call`, async () => {
      const { get, loads } = stage({}, stores && { stores: stores() });
      await assert.rejects(get(...argsOf(AbortSignal.abort(new Error("too late")))), /too late/);
      const waiting = get(...argsOf(new AbortController().signal));
      await drain();
      await assert.rejects(get(...argsOf(AbortSignal.abort(new Error("too late")))), /too late/);
      assert.equal(loads.length, 1);
      loads[0].resolve("value");
      assert.equal(await waiting, "value");
    });
  }

  test(`a signal as ${place}: a refresh in the background outlives its request`, async () => {
    const { get, loads, clock } = stage({ ttl: 100, staleWhileRevalidate: "1h" });
    const first = get(...argsOf(new AbortController().signal));
    await drain();
    loads[0].resolve("v1");
    await first;
    await clock.runTo(200);
    const controller = new AbortController();
    assert.equal(await get(...argsOf(controller.signal)), "v1");
    controller.abort();
    await drain();
    assert.equal(loads[1].signals[0].aborted, false);
    loads[1].resolve("v2");
    await drain();
    assert.equal(await get(...argsOf(new AbortController().signal)), "v2");
  });

  test(`a signal as ${place}: in many and loadMany`, async () => {
    const seen = [];
    const clock = new ManualClock();
    const cache = createCache({ clock });
    const get = cache.wrap(async () => "one", {
      ttl: "1m",
      loadMany: async (lists) => {
        await drain();
        seen.push(lists.flat().flatMap(signalsOf));
        return lists.map(() => "value");
      },
    });
    const controller = new AbortController();
    const aborted = many(get, [argsOf(controller.signal)]);
    const other = many(get, [argsOf(new AbortController().signal)]);
    controller.abort(new Error("gave up"));
    await assert.rejects(aborted, /gave up/);
    assert.deepEqual(await other, ["value"]);
    for (const signal of seen[0]) assert.notEqual(signal, controller.signal);
  });
}

test("several signals of one caller: the first that is aborted detaches it", async () => {
  const { get, loads } = stage();
  const [one, other, third] = [0, 1, 2].map(() => new AbortController());
  const call = get.with({ signal: third.signal })({ signal: one.signal }, other.signal);
  const waiting = get({});
  await drain();
  other.abort(new Error("the second"));
  await assert.rejects(call, /the second/);
  loads[0].resolve("value");
  assert.equal(await waiting, "value");
});

test("many calls with one signal at once: one listener, and none afterwards", async () => {
  const { get, loads } = stage();
  const { signal } = new AbortController();
  let listeners = 0;
  let most = 0;
  const { addEventListener: add, removeEventListener: remove } = signal;
  signal.addEventListener = (...args) => {
    listeners += 1;
    most = Math.max(most, listeners);
    return add.apply(signal, args);
  };
  signal.removeEventListener = (...args) => {
    listeners -= 1;
    return remove.apply(signal, args);
  };
  const calls = Array.from({ length: 50 }, (_, id) => get(id, { signal }));
  await drain();
  for (const load of loads) load.resolve("value");
  await Promise.all(calls);
  assert.deepEqual([most, listeners], [1, 0]);
});

const LATER = {
  "a lower store": () => [{}, (clock) => ({ stores: [memory(), new MapStore()], clock })],
  "a lock": () => [
    { lock: loadLock() },
    (clock) => ({ stores: [memory(), new SharedStore(clock)], clock }),
  ],
  "a shared limit": () => {
    const clock = new ManualClock();
    const shared = customStore(new WholeStore(clock));
    const rateLimit = { limit: 100, period: "1m", shared, name: "test" };
    return [{ guards: [guard.rateLimit(rateLimit)] }, () => ({ clock })];
  },
};

for (const [what, make] of Object.entries(LATER)) {
  test(`arguments that are changed after the call, which waits for ${what}`, async () => {
    const [policy, options] = make();
    const cache = createCache(options(new ManualClock()));
    const search = cache.wrap(
      async (query) => `page ${query.page} of ${query.of.text}, ${query.on}`,
      {
        ttl: "1m",
        name: "search",
        ...policy,
      },
    );
    const query = { page: 1, of: { text: "a" }, on: new Date(0) };
    const call = search(query);
    query.page = 2;
    query.of.text = "b";
    query.on.setTime(1e12);
    const expected = `page 1 of a, ${new Date(0)}`;
    assert.equal(await call, expected);
    assert.equal(await search({ page: 1, of: { text: "a" }, on: new Date(0) }), expected);
  });
}

for (const [what, make, change, read] of [
  [
    "a Map",
    () => new Map([["id", { n: 1 }]]),
    (map) => map.set("id", { n: 2 }),
    (m) => m.get("id").n,
  ],
  [
    "what is in a Map",
    () => new Map([["id", { n: 1 }]]),
    (map) => (map.get("id").n = 2),
    (m) => m.get("id").n,
  ],
  ["a Set", () => new Set([1]), (set) => set.delete(1) && set.add(2), (set) => [...set][0]],
  [
    "a URL",
    () => new URL("https://a.example/1"),
    (url) => (url.pathname = "/2"),
    (url) => Number(url.pathname.slice(1)),
  ],
  [
    "search parameters",
    () => new URLSearchParams("n=1"),
    (some) => some.set("n", 2),
    (some) => Number(some.get("n")),
  ],
  ["bytes", () => new Uint8Array([1]), (bytes) => bytes.fill(2), (bytes) => bytes[0]],
  ["a list of lists", () => [[1]], (list) => (list[0][0] = 2), (list) => list[0][0]],
]) {
  test(`${what} that is changed after the call is the loader's as it was`, async () => {
    const cache = createCache({ clock: new ManualClock(), stores: [memory(), new MapStore()] });
    const get = cache.wrap(async (some) => `row ${read(some)}`, { ttl: "1m", name: "rows" });
    const some = make();
    const call = get(some);
    change(some);
    assert.equal(await call, "row 1");
    assert.deepEqual([await get(make()), await get(some)], ["row 1", "row 2"]);
  });
}

test("arguments of many that are changed after the call", async () => {
  const cache = createCache();
  const get = cache.wrap(async () => "", {
    ttl: "1m",
    loadMany: async (lists) => lists.map(([query]) => `page ${query.page}`),
  });
  const lists = [[{ page: 1 }], [{ page: 2 }]];
  const call = many(get, lists);
  lists[0][0].page = 7;
  lists[1] = [{ page: 8 }];
  assert.deepEqual(await call, ["page 1", "page 2"]);
});

test("arguments that a policy's functions are given after the load", async () => {
  const asked = [];
  const note = (args) => asked.push(args[0].page);
  const cache = createCache();
  const get = cache.wrap(async (query) => `page ${query.page}`, {
    ttl: (_, args) => note(args) && "1m",
    cacheIf: (_, args) => note(args) > 0,
    tags: (_, args) => [`page:${args[0].page}`],
  });
  const query = { page: 1 };
  const call = get(query);
  query.page = 2;
  await call;
  assert.deepEqual([...new Set(asked)], [1]);
  await invalidateTags(cache, "page:1");
  assert.equal(await get.peek({ page: 1 }), undefined);
});

test("arguments of a caller that takes a load over", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  let hangs = true;
  const search = cache.wrap(
    (query) => (hangs ? new Promise(() => {}) : Promise.resolve(`page ${query.page}`)),
    { ttl: "1m" },
  );
  void search({ page: 1 });
  const query = { page: 1 };
  const second = search(query);
  query.page = 2;
  hangs = false;
  await clock.runTo(30_000);
  assert.equal(await second, "page 1");
});

test("in memory alone the loader gets the very arguments; elsewhere what acts is passed on as it is", async () => {
  class Connection {}
  const given = [
    { plain: { deep: 1 } },
    new Connection(),
    { run() {}, state: {} },
    new Map([[1, {}]]),
  ];
  for (const stores of [undefined, [memory(), new MapStore()]]) {
    const cache = createCache(stores && { stores });
    let got;
    const get = cache.wrap(
      async (...args) => {
        got = args;
        return 1;
      },
      { ttl: "1m", key: "k" },
    );
    await get(...given);
    assert.deepEqual(got, given);
    assert.equal(got[0] === given[0], stores === undefined);
    assert.equal(got[1], given[1]);
    assert.equal(got[2], given[2]);
  }
});

test("a member called __proto__ stays a member", async () => {
  const cache = createCache({ stores: [memory(), new MapStore()] });
  let got;
  const get = cache.wrap(
    async (arg) => {
      got = arg;
      return 1;
    },
    { ttl: "1m", key: "k" },
  );
  await get(JSON.parse('{"__proto__": {"admin": true}, "a": 1}'), new AbortController().signal);
  assert.equal(got.admin, undefined);
  assert.deepEqual(Object.keys(got), ["__proto__", "a"]);
  assert.equal(Object.getPrototypeOf(got), Object.prototype);
});

test("the key of a call is made once", async () => {
  const cache = createCache({ stores: [memory(), new MapStore()] });
  let keys = 0;
  const get = cache.wrap(async (id) => id, {
    ttl: "1m",
    key: (id) => {
      keys += 1;
      return `${id}`;
    },
  });
  for (const call of [() => get(1), () => get(1), () => many(get, [[2]]), () => get.refresh(1)]) {
    keys = 0;
    await call();
    assert.equal(keys, 1);
  }
});
