// The Redis store over sentinels, and over a pool of connections.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { redis } from "holdover/stores/redis";
import { storeConformance } from "holdover/testing";
import { Redis } from "ioredis";
import { createClient, createClientPool, createSentinel } from "redis";
import { until } from "./support/redis-cluster.mjs";
import { startReplica, startSentinel } from "./support/redis-sentinel.mjs";
import { startRedis } from "./support/servers.mjs";
import "./support/ends.mjs";

const ATOMIC = ["add", "compareAndDelete", "increment", "window"];
const BATCHES = ["getMany", "setMany", "deleteMany", "keys", "clear"];
const CAPABILITIES = [...BATCHES, ...ATOMIC, "publish", "subscribe", "ping", "close"];

const primary = await startRedis();
const replica = await startReplica(primary.port);
const sentinel = await startSentinel(primary.port);
const at = [{ host: "127.0.0.1", port: sentinel.port }];
const silent = (client) => client.on("error", () => {});

const CLIENTS = {
  "createSentinel of redis 6": async () =>
    silent(createSentinel({ name: "shop", sentinelRootNodes: at })).connect(),
  "ioredis with sentinels": async () => silent(new Redis({ sentinels: at, name: "shop" })),
};

const pool = await createClientPool({
  socket: { host: "127.0.0.1", port: primary.port },
}).connect();
silent(pool);
const watched = await Promise.all(Object.values(CLIENTS).map((connect) => connect()));
const replicaOwn = silent(new Redis(replica.port));

after(async () => {
  // Not closed: that waits for ever for a connection to the primary that has died.
  await Promise.allSettled(
    watched.map((client) => (client.destroy ?? client.disconnect).call(client)),
  );
  replicaOwn.disconnect();
  await Promise.all([sentinel, replica, primary].map(({ stop }) => stop()));
});

describe("a pool and sentinels", { concurrency: 1 }, async () => {
  for (const [by, client] of [
    ...Object.keys(CLIENTS).map((name, nth) => [name, watched[nth]]),
    ["createClientPool of redis 6", pool],
  ]) {
    const cases = await storeConformance(() => redis(client), {
      lag: 5,
      capabilities: CAPABILITIES,
    });
    for (const { name, run } of cases) test(`${by}: ${name}`, run);
  }

  test("a pool's messages are heard until the store is closed", async () => {
    const own = await createClient({ socket: { host: "127.0.0.1", port: primary.port } }).connect();
    const connected = async () =>
      Number(/connected_clients:(\d+)/.exec(await own.info("clients"))[1]);
    const before = await connected();
    const store = redis(pool);
    const heard = [];
    await store.subscribe("channel", (message) => heard.push(message));
    await store.publish("channel", "a");
    await until(() => heard.length === 1, "a message");
    await store.close();
    await until(async () => (await connected()) === before, "closed");
    await own.close();
    await pool.close();
  });

  test("the primary dies: its successor is used, messages included", async () => {
    const stores = watched.map((client) => redis(client));
    const heard = stores.map(() => []);
    for (const [nth, store] of stores.entries()) {
      await store.set(`kept ${nth}`, Uint8Array.of(nth), { expiresIn: 600_000 });
      await store.subscribe("channel", (message) => heard[nth].push(message));
    }
    await until(async () => (await replicaOwn.exists("kept 0", "kept 1")) === 2, "replicated");
    await primary.stop();
    for (const [nth, store] of stores.entries()) {
      const works = async () => {
        const late = new Promise((resolve) => setTimeout(resolve, 500).unref());
        return Promise.race([late, store.get(`kept ${nth}`).catch(() => undefined)]);
      };
      await until(async () => (await works())?.[0] === nth, `read from the successor, ${nth}`);
      const told = async () => {
        await Promise.race([
          store.publish("channel", "after").catch(() => {}),
          new Promise((resolve) => setTimeout(resolve, 300).unref()),
        ]);
        return heard.every((messages) => messages.includes("after"));
      };
      await until(told, "messages are heard again");
    }
    await Promise.all(stores.map((store) => store.close()));
  });
});

test("what is no client is refused by name, and a promise of one with a hint", () => {
  const wrong = [{ sendCommand() {} }, { customCommand() {} }, { callBuffer() {} }, new Map()];
  for (const client of wrong) {
    const message = /cluster, sentinel or pool of redis .* Cluster of ioredis .*valkey-glide/;
    assert.throws(() => redis(client), { code: "E_CONFIG", option: "client", message });
  }
  assert.throws(() => redis(Promise.resolve({})), { code: "E_CONFIG", message: /await it/ });
});
