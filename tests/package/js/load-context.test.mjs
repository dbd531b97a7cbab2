// Loaders that want to know of their load: its signal, whether callers wait, what is renewed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { many } from "holdover/batches";
import { cached } from "holdover/decorator";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

/** The same load by a wrapped function and by getOrLoad; `seen` lists what it was told. */
const WAYS = {
  wrap(cache, policy, act) {
    const get = cache.wrap((context, id, more) => act(context, id, more), {
      ...policy,
      key: "k",
      passContext: true,
    });
    return (options) => (options ? get.with(options)(1) : get(1));
  },
  getOrLoad: (cache, policy, act) => (options) =>
    cache.getOrLoad("k", act, { ...policy, ...options }),
};

for (const [way, make] of Object.entries(WAYS)) {
  test(`${way}: a load that renews an entry is told so, and of the entry`, async () => {
    const clock = new ManualClock();
    const cache = createCache({ clock });
    const seen = [];
    const policy = { ttl: 1000, staleWhileRevalidate: 1000, staleIfError: "1h" };
    const get = make(cache, policy, async ({ key, background, previous }) => {
      seen.push([key, background, previous]);
      return { nth: seen.length };
    });
    await get();
    await clock.runTo(1500);
    await get(); // in the background
    await drain();
    await clock.runTo(4500);
    await get(); // waits
    await clock.runTo(4_000_000_000);
    await get(); // nothing left to renew
    assert.deepEqual(seen, [
      ["k", false, undefined],
      ["k", true, { value: { nth: 1 }, age: 1500 }],
      ["k", false, { value: { nth: 2 }, age: 3000 }],
      ["k", false, undefined],
    ]);
  });

  test(`${way}: a stale record of a lower store is what is renewed`, async () => {
    for (const withMemory of [true, false]) {
      const clock = new ManualClock();
      const store = new MapStore();
      const policy = { ttl: 1000, staleIfError: "1h" };
      const other = createCache({ clock, stores: [memory(), store] });
      await other.getOrLoad("k", () => "old", policy);
      await drain();
      const cache = createCache({ clock, stores: withMemory ? [memory(), store] : [store] });
      await clock.runTo(5000);
      let told;
      const get = make(cache, policy, async ({ previous }) => {
        told = previous;
        return "new";
      });
      assert.equal(await get(), "new");
      assert.deepEqual(told, { value: "old", age: 5000 });
    }
  });

  test(`${way}: a remembered failure is nothing to renew, nor is what was invalidated`, async () => {
    const clock = new ManualClock();
    const cache = createCache({ clock });
    const seen = [];
    const get = make(cache, { ttl: 1000, errorTtl: 1000 }, async ({ previous }) => {
      seen.push(previous);
      if (seen.length === 1) throw new Error("down");
      return 1;
    });
    await assert.rejects(get(), /down/);
    await clock.runTo(1000);
    await get();
    await cache.invalidate("k");
    await get();
    assert.deepEqual(seen, [undefined, undefined, undefined]);
  });

  test(`${way}: the signal is aborted at the timeout`, async () => {
    const clock = new ManualClock();
    const cache = createCache({ clock });
    let signal;
    const get = make(cache, { ttl: 1000, timeout: 100 }, (context) => {
      signal = context.signal;
      return new Promise(() => {});
    });
    const call = assert.rejects(get(), { code: "E_TIMEOUT" });
    await clock.runTo(100);
    await call;
    assert.equal(signal.aborted, true);
    assert.equal(signal.reason.code, "E_TIMEOUT");
  });

  test(`${way}: the signal is aborted when the last caller gives up, who said so with an option`, async () => {
    const cache = createCache({ clock: new ManualClock() });
    let signal;
    const get = make(cache, { ttl: 1000 }, (context) => {
      signal = context.signal;
      return new Promise(() => {});
    });
    const controllers = [new AbortController(), new AbortController()];
    const calls = controllers.map((controller) => get({ signal: controller.signal }));
    await drain();
    for (const [nth, controller] of controllers.entries()) {
      assert.equal(signal.aborted, false);
      controller.abort(new Error(`gone ${nth}`));
      await assert.rejects(calls[nth], new RegExp(`gone ${nth}`));
    }
    assert.equal(signal.aborted, true);
  });

  test(`${way}: a bypassed call has a context, too`, async () => {
    const cache = createCache({ enabled: false });
    const get = make(cache, { ttl: 1000 }, ({ key, signal, background, previous }) => [
      key,
      signal.aborted,
      background,
      previous,
    ]);
    assert.deepEqual(await get(), ["k", false, false, undefined]);
  });
}

test("the context comes first, whatever arguments there are", async () => {
  const cache = createCache();
  const get = cache.wrap(async ({ key }, ...args) => ({ key, args }), {
    ttl: "1m",
    passContext: true,
  });
  assert.deepEqual((await get()).args, []);
  assert.deepEqual((await get(1)).args, [1]);
  assert.deepEqual((await get(1, undefined, "x")).args, [1, undefined, "x"]);
  const { key } = await get(1);
  assert.equal(key, get.key(1));
});

test("without the option a function gets its arguments and nothing else", async () => {
  const cache = createCache();
  const get = cache.wrap(async (...args) => args.length, { ttl: "1m" });
  assert.equal(await get(1, 2), 2);
});

test("loadMany learns of all its keys", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  const seen = [];
  const get = cache.wrap(async () => "", {
    ttl: 1000,
    staleWhileRevalidate: 1000,
    key: "{0}",
    loadMany: async (lists, { keys, background, previous }) => {
      seen.push([keys, background, previous.map((one) => one?.value)]);
      return lists.map(([id]) => `${id}!`);
    },
  });
  await many(get, [["a"], ["b"]]);
  await clock.runTo(1500);
  await many(get, [["a"], ["c"]]);
  await drain();
  assert.deepEqual(seen, [
    [["a", "b"], false, [undefined, undefined]],
    [["a"], true, ["a!"]],
    [["c"], false, [undefined]],
  ]);
});

test("passContext is checked", () => {
  const cache = createCache();
  const wrong = () => cache.wrap(() => 1, { ttl: 1, passContext: 1 });
  assert.throws(wrong, { code: "E_CONFIG", message: /"passContext"/ });
  const getOrLoad = cache.getOrLoad("k", () => 1, { ttl: 1, passContext: true });
  return assert.rejects(getOrLoad, { code: "E_CONFIG" });
});

test("a wrapped function has the name and the length of what its callers call", () => {
  const cache = createCache();
  const three = (first, second, third) => [first, second, third];
  const withDefault = (first, second = 1) => [first, second];
  for (const load of [three, withDefault, () => 1, (...rest) => rest]) {
    const wrapped = cache.wrap(load, { ttl: 1 });
    assert.deepEqual([wrapped.name, wrapped.length], [load.name, load.length]);
    const decorated = cached(cache, { ttl: 1 })(load, { kind: "method", name: "load" });
    assert.equal(decorated.length, load.length);
  }
  const passContext = true;
  assert.equal(cache.wrap(three, { ttl: 1, passContext }).length, 2);
  assert.equal(cache.wrap(() => 1, { ttl: 1, passContext }).length, 0);
});
