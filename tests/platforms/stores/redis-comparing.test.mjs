// `take`, `compareAndSet` and `update` of two instances that share a Redis.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createCache, memory } from "holdover";
import { compareAndSet, getVersioned, take, update } from "holdover/operations";
import { redis } from "holdover/stores/redis";
import { Redis as IoRedis } from "ioredis";
import { createClient } from "redis";
import "./support/ends.mjs";
import { startRedis } from "./support/servers.mjs";

const LIMIT = { timeout: 120_000 };
/** A busy machine is no store that hangs. */
const STORE = { deadline: "20s" };

const server = await startRedis();
const ioredis = new IoRedis(server.port, "127.0.0.1");
const nodeRedis = createClient({ socket: { host: "127.0.0.1", port: server.port } });
await nodeRedis.connect();
const caches = [ioredis, nodeRedis].map((client) =>
  createCache({ stores: [memory(), redis(client, STORE)], namespace: "n" }),
);
const [one, other] = caches;
after(async () => {
  for (const cache of caches) await cache.close();
  ioredis.disconnect();
  nodeRedis.destroy();
  await server.stop();
});

const times = (count, act) => Promise.all(Array.from({ length: count }, (_, nth) => act(nth)));

test("100 increments by optimistic loops, in two instances: none is lost", LIMIT, async () => {
  let lost = 0;
  const increment = async (cache) => {
    for (;;) {
      const { value = 0, version } = await getVersioned(cache, "loops");
      if (await compareAndSet(cache, "loops", version, value + 1, { ttl: "1h" })) return;
      lost += 1;
    }
  };
  await times(100, (nth) => increment(caches[nth % 2]));
  for (const cache of caches) assert.equal((await getVersioned(cache, "loops")).value, 100);
  assert.ok(lost > 0, "they met");
});

test("200 updates in two instances: none is lost, each has a value of its own", LIMIT, async () => {
  const plus = (value = 0) => value + 1;
  const values = await times(200, (nth) => update(caches[nth % 2], "n", plus, { ttl: "1h" }));
  assert.deepEqual(
    values.sort((a, b) => a - b),
    Array.from({ length: 200 }, (_, nth) => nth + 1),
  );
});

test(
  "of callers in two instances one takes a value, and nobody reads it after",
  LIMIT,
  async () => {
    await times(50, async (nth) => {
      const key = `token:${nth}`;
      await one.set(key, nth, { ttl: "1h" });
      assert.equal(await other.get(key), nth);
      const taken = await times(6, (caller) => take(caches[caller % 2], key));
      assert.deepEqual(
        taken.filter((value) => value !== undefined),
        [nth],
      );
      assert.equal(await ioredis.exists(`n:${key}`), 0);
    });
    for (const cache of caches) assert.equal(await cache.get("token:7"), undefined);
  },
);

test("a write in place of another has its ttl on the server, and none without", LIMIT, async () => {
  const { version } = await getVersioned(one, "ttl");
  await compareAndSet(one, "ttl", version, 1, { ttl: "1h" });
  const bounded = await ioredis.pttl("n:ttl");
  assert.ok(bounded > 3_000_000 && bounded <= 3_600_000, `${bounded} ms`);
  await compareAndSet(other, "ttl", (await getVersioned(other, "ttl")).version, 2);
  assert.equal(await ioredis.pttl("n:ttl"), -1);
});

test("a write that comes after its deadline is refused by the server", LIMIT, async () => {
  const store = redis(ioredis);
  const [own, next] = [new Uint8Array([1]), new Uint8Array([2])];
  await store.set("late", own, { expiresIn: 60_000 });
  const late = store.compareAndSet("late", own, next, { expiresIn: 60_000, within: -1000 });
  await assert.rejects(late, /too late/);
  assert.deepEqual([...(await store.get("late"))], [1]);
});

test("a key of another type is no expected record", LIMIT, async () => {
  await ioredis.rpush("list", "a");
  const store = redis(ioredis);
  const record = new Uint8Array([1]);
  assert.equal(await store.compareAndSet("list", record, record, { expiresIn: 1000 }), false);
  assert.equal(await ioredis.type("list"), "list");
});
