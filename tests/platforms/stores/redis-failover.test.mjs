// A primary of a cluster dies: what the Redis store says meanwhile, and when its replica has followed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { GlideClusterClient, Logger } from "@valkey/valkey-glide";
import { redis } from "holdover/stores/redis";
import { Cluster } from "ioredis";
import { Cluster as ValkeyCluster } from "iovalkey";
import { createCluster } from "redis";
import { startCluster, until } from "./support/redis-cluster.mjs";
import "./support/ends.mjs";

Logger.setLoggerConfig("off");

const LIFE = { expiresIn: 600_000 };
const names = Array.from({ length: 60 }, (_, nth) => `key ${nth}`);
const record = Uint8Array.of(1, 2, 255);

const ioredis = (Client) => async (roots) => {
  const client = new Client(roots);
  client.on("error", () => {});
  await new Promise((resolve) => client.once("ready", resolve));
  return { client, end: () => client.disconnect() };
};

const nodeRedis = (create) => async (roots) => {
  const rootNodes = roots.map(({ host, port }) => ({ url: `redis://${host}:${port}` }));
  const client = create({ rootNodes });
  client.on("error", () => {});
  await client.connect();
  return { client, end: () => client.disconnect().catch(() => {}) };
};

/** Not version 4 of `redis`: its clusters wait for a node that died, and look for no other. */
const CLIENTS = {
  "ioredis 5": ioredis(Cluster),
  iovalkey: ioredis(ValkeyCluster),
  "redis 6": nodeRedis(createCluster),
  "valkey-glide": async (addresses) => {
    const client = await GlideClusterClient.createClient({ addresses });
    return { client, end: () => client.close() };
  },
};

const sleep = (millis, what) => new Promise((resolve) => setTimeout(resolve, millis, what).unref());
const settled = (act) => act().catch(() => "failed");

/** What an operation comes to within two seconds: the cache waits less than that. */
const outcome = (running) => Promise.race([running, sleep(2000, "late")]);

async function listed(store) {
  const found = [];
  for await (const key of await store.keys("")) found.push(key);
  return found.sort();
}

const write = (store) => store.setMany(names.map((name) => [name, record, LIFE]));

for (const [by, connect] of Object.entries(CLIENTS)) {
  test(`a primary is killed and its replica follows, ${by}: nothing is claimed meanwhile, all is there after`, async () => {
    const cluster = await startCluster({ replicas: 1 });
    const { client, end } = await connect(cluster.roots);
    try {
      const store = redis(client);
      await write(store);
      const [first] = cluster.nodes;
      const replica = cluster.nodes.at(-1);
      const kept = async () =>
        Number(/db0:keys=(\d+)/.exec(await replica.client.info("keyspace"))?.[1]);
      const own = await first.client.dbsize();
      await until(async () => (await kept()) === own, "the replica has the keys");
      await first.stop();
      const running = [
        settled(() => listed(store)),
        settled(() => store.getMany(names)),
        settled(() => store.deleteMany(names)),
        settled(() => store.clear("")),
      ];
      // A list of some, or a deletion of some, is no success.
      for (const result of await Promise.all(running.map(outcome))) {
        assert.ok(result === "failed" || result === "late", `${result}`);
      }
      await replica.client.cluster("FAILOVER", "TAKEOVER");
      // What is late may be done now, and must not disturb what follows.
      await Promise.race([Promise.all(running), sleep(10_000)]);
      const isWhole = async () => (await outcome(settled(() => write(store)))) === undefined;
      await until(isWhole, "written again");
      assert.deepEqual(await listed(store), names.toSorted());
      assert.ok((await store.getMany(names)).every(Boolean));
      await store.deleteMany(names.slice(0, 30));
      assert.deepEqual(await listed(store), names.slice(30).sort());
      await store.clear("");
      for (const { client: own } of cluster.nodes.slice(1)) assert.equal(await own.dbsize(), 0);
    } finally {
      await end();
      await cluster.stop();
    }
  });
}
