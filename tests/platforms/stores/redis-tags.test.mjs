// Tags over a real Redis, by the real clock: nothing that was invalidated is given again.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createCache, memory } from "holdover";
import { redis } from "holdover/stores/redis";
import { invalidateTags } from "holdover/tags";
import { Redis as IoRedis } from "ioredis";
import { startRedis } from "./support/servers.mjs";
import "./support/ends.mjs";

const server = await startRedis();
const clients = [];
const caches = [];
after(async () => {
  for (const cache of caches) await cache.close();
  for (const client of clients) client.disconnect();
  await server.stop();
});

function connect(port = server.port) {
  const client = new IoRedis(port, "127.0.0.1");
  clients.push(client);
  return client;
}

let namespaces = 0;

/** Instances with one namespace of their own, and a wrapped function that gives the row. */
function stage({ count = 1, withMemory = true, port, policy = {} } = {}) {
  namespaces += 1;
  const origin = { row: 0 };
  const made = Array.from({ length: count }, () => {
    // A busy machine is no store that hangs.
    const store = redis(connect(port), { deadline: "20s" });
    const stores = withMemory ? [memory({ ttl: "1ms" }), store] : [store];
    const cache = createCache({ namespace: `n${namespaces}`, stores });
    caches.push(cache);
    const load = async () => origin.row;
    return { cache, get: cache.wrap(load, { ttl: "1h", key: "k", tags: ["a", "b"], ...policy }) };
  });
  return { origin, made, ...made[0] };
}

for (const [what, times, options] of [
  ["over memory", 1000, {}],
  ["without memory", 500, { withMemory: false }],
  ["tags by a function", 500, { withMemory: false, policy: { tags: () => ["a", "b"] } }],
]) {
  test(`row = n; invalidateTags; get, ${times} times: never an older row (${what})`, async () => {
    const { cache, get, origin } = stage(options);
    let stale = 0;
    for (let nth = 1; nth <= times; nth += 1) {
      origin.row = nth;
      await invalidateTags(cache, nth % 2 ? "a" : ["b", "c"], { soft: nth % 5 === 0 });
      if ((await get()) !== nth) stale += 1;
    }
    assert.equal(stale, 0);
  });
}

test("the same by two instances, each asked after either has invalidated", async () => {
  const { made, origin } = stage({ count: 2, withMemory: false });
  let stale = 0;
  for (let nth = 1; nth <= 500; nth += 1) {
    origin.row = nth;
    await invalidateTags(made[nth % 2].cache, nth % 3 ? "a" : "b");
    const rows = await Promise.all(made.map(({ get }) => get()));
    stale += rows.filter((row) => row !== nth).length;
  }
  assert.equal(stale, 0);
});

test("load, drop a, load, drop b: what is left is nothing (150 times)", async () => {
  for (const withMemory of [true, false]) {
    const { cache, get } = stage({ withMemory });
    let lost = 0;
    for (let nth = 0; nth < 150; nth += 1) {
      await get();
      await invalidateTags(cache, "a");
      await get();
      await invalidateTags(cache, "b");
      if ((await cache.get("k")) !== undefined) lost += 1;
    }
    assert.equal(lost, 0);
  }
});

test("stamps end by themselves", async () => {
  const { cache } = stage();
  await cache.set("k", 1, { ttl: "1h", tags: ["ends"] });
  await invalidateTags(cache, ["ends", "other"]);
  const client = connect();
  const keys = await client.keys(`%tags:n${namespaces}:*`);
  assert.ok(keys.length >= 4, `${keys}`);
  for (const key of keys) {
    const left = await client.pttl(key);
    assert.ok(left > 0 && left <= 24 * 3_600_000, `${key}: ${left}`);
  }
});

for (const policy of ["allkeys-lru", "allkeys-random"]) {
  test(`under pressure with ${policy} no invalidated value is given again`, async () => {
    const own = await startRedis();
    const { made } = stage({ count: 2, withMemory: false, port: own.port });
    const client = connect(own.port);
    try {
      await client.config("SET", "maxmemory-policy", policy);
      const [{ cache }, { cache: fresh }] = made;
      const names = Array.from({ length: 400 }, (_, nth) => `k${nth}`);
      for (const name of names) await cache.set(name, "old", { ttl: "1h", tags: [`t:${name}`] });
      for (const name of names) await invalidateTags(cache, `t:${name}`);
      const used = Number(/used_memory:(\d+)/.exec(await client.info("memory"))[1]);
      await client.config("SET", "maxmemory", `${used + 300_000}`);
      // The old entries are read now and then: of what is evicted, the stamps are the most.
      for (let nth = 0; nth < 4000; nth += 1) {
        await client.set(`filler ${nth}`, "x".repeat(200)).catch(() => {});
        if (nth % 10 === 0) await client.get(`n${namespaces}:${names[(nth / 10) % 400]}`);
      }
      const stamps = await client.keys("%tags:*");
      assert.ok(stamps.length < 800, `some are gone: ${stamps.length}`);
      const given = await Promise.all(names.map((name) => fresh.get(name)));
      assert.deepEqual(
        given.filter((value) => value !== undefined),
        [],
      );
    } finally {
      // While the server is there: clients would look for it for ever.
      for (const { cache } of made) await cache.close();
      for (const each of clients.splice(0)) each.disconnect();
      await own.stop();
    }
  });
}

test("stamps that somebody deletes: nothing comes back, for nobody", async () => {
  const { made, origin } = stage({ count: 3, withMemory: false });
  await made[0].get();
  origin.row = 1;
  await invalidateTags(made[1].cache, "a");
  const client = connect();
  await client.del(...(await client.keys(`%tags:n${namespaces}:*`)));
  assert.equal(await made[2].get(), 1);
});
