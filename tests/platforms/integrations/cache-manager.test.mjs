// A cache with cache-manager's interface, beside cache-manager itself: both answer alike.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCache as createManager } from "cache-manager";
import { createCache } from "holdover";
import { toCacheManager } from "holdover/integrations/cache-manager";
import { cacheWithClock, deferred, until } from "./support/caches.mjs";

const MANAGERS = {
  "cache-manager": (options) => createManager(options),
  holdover: (options) => toCacheManager(createCache(), options),
};

for (const [name, make] of Object.entries(MANAGERS)) {
  const named = (what) => `${name}: ${what}`;

  test(named("single operations"), async () => {
    const cache = make();
    assert.equal(await cache.get("a"), undefined);
    assert.equal(await cache.set("a", 1), 1);
    assert.equal(await cache.get("a"), 1);
    assert.equal(await cache.del("a"), true);
    assert.equal(await cache.del("a"), true);
    assert.equal(await cache.get("a"), undefined);
    await cache.set("null", null);
    await cache.set("b", 2);
    assert.equal(await cache.clear(), true);
    assert.equal(await cache.get("b"), undefined);
    assert.equal(await cache.disconnect(), undefined);
  });

  test(named("operations on many keys"), async () => {
    const cache = make();
    const list = [
      { key: "a", value: 1 },
      { key: "b", value: 2, ttl: 60_000 },
    ];
    assert.equal((await cache.mset(list)).length, 2);
    assert.deepEqual(await cache.mget(["b", "c", "a"]), [2, undefined, 1]);
    assert.equal(await cache.mdel(["a", "c"]), true);
    assert.deepEqual(await cache.mget(["a", "b"]), [undefined, 2]);
  });

  test(named("the ttl is told as the time of expiry"), async () => {
    const cache = make({ ttl: 5000 });
    await cache.set("default", 1);
    await cache.set("own", 2, 60_000);
    const left = (await cache.ttl("own")) - Date.now();
    assert.ok(left > 50_000 && left <= 60_000, left);
    const leftByDefault = (await cache.ttl("default")) - Date.now();
    assert.ok(leftByDefault > 0 && leftByDefault <= 5000, leftByDefault);
    assert.equal(await cache.ttl("missing"), undefined);
    const lasting = make();
    await lasting.set("k", 1);
    assert.equal(await lasting.ttl("k"), undefined);
  });

  test(named("callers of wrap share a load, and the value is kept"), async () => {
    const cache = make();
    let loads = 0;
    const load = async () => {
      loads += 1;
      return { loads };
    };
    const wrap = () => cache.wrap("k", load, 60_000);
    assert.deepEqual(
      await Promise.all([wrap(), wrap(), wrap()]),
      [1, 1, 1].map((n) => ({ loads: n })),
    );
    assert.deepEqual(await wrap(), { loads: 1 });
    assert.deepEqual(await cache.get("k"), { loads: 1 });
  });

  test(named("wrap keeps null and not undefined, and failures are the caller's"), async () => {
    const cache = make();
    const given = [undefined, undefined, null];
    let loads = 0;
    const load = () => given[loads++];
    assert.equal(await cache.wrap("k", load, 60_000), undefined);
    assert.equal(await cache.wrap("k", load, 60_000), undefined);
    assert.equal(await cache.wrap("k", load, 60_000), null);
    const error = new Error("no");
    await assert.rejects(
      cache.wrap("failing", () => Promise.reject(error)),
      error,
    );
    assert.equal(await cache.wrap("failing", () => 1), 1);
  });

  test(named("a raw value has its end"), async () => {
    const cache = make();
    for (let nth = 0; nth < 2; nth += 1) {
      const { value, expires } = await cache.wrap("k", () => 1, { ttl: 60_000, raw: true });
      assert.equal(value, 1);
      const left = expires - Date.now();
      assert.ok(left > 50_000 && left <= 60_000, left);
    }
  });

  test(named("a ttl may be a function of the value"), async () => {
    const cache = make();
    await cache.wrap(
      "k",
      () => 7,
      (value) => value * 1000,
    );
    const left = (await cache.ttl("k")) - Date.now();
    assert.ok(left > 5000 && left <= 7000, left);
  });

  test(named("a value near its end is renewed behind the caller's back, and told"), async () => {
    const cache = make();
    const renewed = new Promise((resolve) => cache.on("refresh", resolve));
    let loads = 0;
    const wrap = () => cache.wrap("k", () => ++loads, { ttl: 60_000, refreshThreshold: 120_000 });
    assert.equal(await wrap(), 1);
    assert.equal(await wrap(), 1);
    const { key, value, error } = await renewed;
    assert.deepEqual([key, value, error], ["k", 2, undefined]);
    assert.equal(await cache.get("k"), 2);
  });

  test(named("a failing renewal is told, and the value stays"), async () => {
    const cache = make();
    const told = new Promise((resolve) => cache.on("refresh", resolve));
    await cache.set("k", 1, 60_000);
    const failing = () => Promise.reject(new Error("no"));
    assert.equal(await cache.wrap("k", failing, 60_000, 120_000), 1);
    assert.equal((await told).error.message, "no");
    assert.equal(await cache.get("k"), 1);
  });

  test(named("listeners hear of operations until they are taken off"), async () => {
    const cache = make();
    const heard = [];
    const listeners = Object.fromEntries(
      ["get", "set", "del", "mget", "mset", "mdel", "clear"].map((event) => [
        event,
        (data) => heard.push([event, data?.key ?? data?.keys ?? data?.list?.length]),
      ]),
    );
    for (const [event, listener] of Object.entries(listeners)) cache.on(event, listener);
    await cache.set("a", 1);
    await cache.get("a");
    await cache.mset([{ key: "b", value: 1 }]);
    await cache.mget(["b"]);
    await cache.del("a");
    await cache.mdel(["b"]);
    await cache.clear();
    // cache-manager tells of `set` for each store and once more.
    const told = new Map(heard.map((each) => [String(each), each]));
    assert.deepEqual(
      [...told.values()],
      [
        ["set", "a"],
        ["get", "a"],
        ["mset", 1],
        ["mget", ["b"]],
        ["del", "a"],
        ["mdel", ["b"]],
        ["clear", undefined],
      ],
    );
    for (const [event, listener] of Object.entries(listeners)) cache.off(event, listener);
    heard.length = 0;
    await cache.set("a", 1);
    assert.deepEqual(heard, []);
  });
}

test("a renewal that an invalidation overtakes is not stored", async () => {
  const { cache } = cacheWithClock();
  const manager = toCacheManager(cache, { ttl: "1m", refreshThreshold: "2m" });
  const { promise, resolve } = deferred();
  let renewals = 0;
  await manager.set("k", "old");
  const renewed = new Promise((told) => manager.on("refresh", told));
  const load = () => {
    renewals += 1;
    return promise;
  };
  assert.equal(await manager.wrap("k", load), "old");
  assert.equal(await manager.wrap("k", load), "old");
  await until(() => renewals > 0);
  await manager.del("k");
  resolve("of before");
  await renewed;
  assert.equal(await manager.get("k"), undefined);
  assert.equal(renewals, 1);
});

test("a listener that throws or rejects makes no operation fail", async () => {
  const manager = toCacheManager(createCache());
  let heard = 0;
  manager.on("set", () => {
    heard += 1;
    throw new Error("mine");
  });
  manager.on("set", async () => {
    heard += 1;
    throw new Error("mine, later");
  });
  assert.equal(await manager.set("k", 1), 1);
  assert.equal(await manager.get("k"), 1);
  assert.equal(heard, 2);
});

test("wrong options and times are refused by name", async () => {
  const wrong = (option) => ({ code: "E_CONFIG", message: new RegExp(`"${option}"`) });
  assert.throws(() => toCacheManager({}), { code: "E_CONFIG" });
  assert.throws(() => toCacheManager(createCache(), { tll: 1 }), wrong("tll"));
  assert.throws(() => toCacheManager(createCache(), { ttl: -1 }), wrong("ttl"));
  const manager = toCacheManager(createCache());
  await assert.rejects(manager.set("k", 1, -1), wrong("ttl"));
  await assert.rejects(
    manager.wrap("k", () => 1, Number.NaN),
    wrong("ttl"),
  );
  await assert.rejects(
    manager.wrap("k", () => 1, 1000, -1),
    wrong("refreshThreshold"),
  );
});
