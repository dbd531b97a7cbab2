// The Redis store in a cluster of three primaries, without a hash tag, with the clients that know clusters.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { GlideClusterClient, Logger } from "@valkey/valkey-glide";
import { createCache, memory } from "holdover";
import { loadLock } from "holdover/locks";
import { clear, deleteMatch, getMany, increment, setMany, size } from "holdover/operations";
import { redis } from "holdover/stores/redis";
import { invalidateTags } from "holdover/tags";
import { storeConformance } from "holdover/testing";
import { Cluster } from "ioredis";
import { Cluster as Cluster6 } from "ioredis6";
import { Cluster as ValkeyCluster } from "iovalkey";
import { createCluster } from "redis";
import { createCluster as createCluster4 } from "redis4";
import { moveSlot, startCluster, until } from "./support/redis-cluster.mjs";
import "./support/ends.mjs";

Logger.setLoggerConfig("off");

const BATCHES = ["getMany", "setMany", "deleteMany", "keys", "clear"];
const ATOMIC = ["add", "compareAndDelete", "increment", "window"];
const CAPABILITIES = [...BATCHES, ...ATOMIC, "publish", "ping", "close"];
const LIFE = { expiresIn: 600_000 };

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
  return { client, end: () => client.disconnect() };
};

const CLIENTS = {
  "ioredis 5": ioredis(Cluster),
  "ioredis 6": ioredis(Cluster6),
  iovalkey: ioredis(ValkeyCluster),
  "redis 6": nodeRedis(createCluster),
  "redis 4": nodeRedis(createCluster4),
  "valkey-glide": async (addresses) => {
    const client = await GlideClusterClient.createClient({
      addresses,
      inflightRequestsLimit: 10_000,
      requestTimeout: 10_000,
    });
    return { client, end: () => client.close() };
  },
};

/** One of each kind has to pass every case of a store; the others are spoken to in the same way. */
const WHOLE = ["ioredis 5", "redis 6", "valkey-glide"];

const cluster = await startCluster();
const names = Array.from({ length: 300 }, (_, nth) => `key ${nth}`);
const record = (text) => new TextEncoder().encode(text);
const seeded = async (store, prefix = "") => {
  await store.setMany(names.map((name) => [prefix + name, record(name), LIFE]));
};

async function listed(store, prefix) {
  const found = [];
  for await (const key of await store.keys(prefix)) found.push(key);
  return found.sort();
}

after(() => cluster.stop());

for (const [by, connect] of Object.entries(CLIENTS)) {
  const { client, end } = await connect(cluster.roots);
  const hears = by !== "valkey-glide";
  const capabilities = hears ? [...CAPABILITIES, "subscribe"] : CAPABILITIES;
  const isWhole = WHOLE.includes(by);
  const cases = await storeConformance(() => redis(client), { lag: 5, capabilities });

  describe(`a cluster, ${by}`, { concurrency: 1 }, () => {
    after(end);
    for (const { name, run } of isWhole ? cases : []) test(`a cluster, ${by}: ${name}`, run);

    test(`a cluster, ${by}: batches and listing know every key, each time`, async () => {
      await cluster.flush();
      const store = redis(client);
      await seeded(store);
      assert.equal((await cluster.keys()).length, 300);
      for (let time = 0; time < 3; time += 1) {
        assert.deepEqual(
          await listed(store, "key 1"),
          names.filter((name) => /^key 1/.test(name)).sort(),
        );
        assert.deepEqual(await listed(store, ""), names.toSorted());
      }
      const found = await store.getMany([...names, "none"]);
      assert.deepEqual(
        found.map((part) => part && new TextDecoder().decode(part)),
        [...names, undefined],
      );
      await store.deleteMany(names.slice(0, 100));
      assert.equal((await cluster.keys()).length, 200);
      await store.clear("key 2");
      assert.deepEqual(
        (await cluster.keys()).filter((key) => key.startsWith("key 2")),
        [],
      );
      await store.clear("");
      assert.deepEqual(await cluster.keys(), []);
    });

    test(`a cluster, ${by}: a value of another type is told for itself, and is no failure`, async () => {
      await cluster.flush();
      const store = redis(client);
      await store.set("good", record("good"), LIFE);
      for (const { client: own } of cluster.nodes) await own.rpush("list", "x").catch(() => {});
      await assert.rejects(store.get("list"), { code: "E_CODEC" });
      const [good, list, none] = await store.getMany(["good", "list", "none"]);
      assert.deepEqual(
        [new TextDecoder().decode(good), list.code, none],
        ["good", "E_CODEC", undefined],
      );
      assert.equal(await store.compareAndDelete("list", record("x")), false);
      await store.set("list", record("mine"), LIFE);
      assert.deepEqual(new Uint8Array(await store.get("list")), record("mine"));
    });

    test(`a cluster, ${by}: while slots move, nothing is missed and nothing stays`, async () => {
      await cluster.flush();
      const store = redis(client);
      await seeded(store);
      const [from, to] = cluster.nodes;
      const own = (await from.client.keys("*")).slice(0, 8);
      for (const [nth, key] of own.entries()) {
        const slot = await from.client.cluster("KEYSLOT", key);
        // Which of the two has it now: earlier tests moved it, or not.
        const halfWay = async () => {
          if (nth % 2 > 0) return;
          assert.deepEqual(await listed(store, ""), names.toSorted());
          assert.ok((await store.getMany(names)).every(Boolean));
        };
        await moveSlot(cluster.nodes, slot, from, to, halfWay);
      }
      assert.deepEqual(await listed(store, ""), names.toSorted());
      const listing = (async () => {
        for (let time = 0; time < 10; time += 1) {
          assert.deepEqual(await listed(store, ""), names.toSorted());
        }
      })();
      for (const key of own) {
        const slot = await from.client.cluster("KEYSLOT", key);
        await moveSlot(cluster.nodes, slot, to, from);
      }
      await listing;
      const slot = await from.client.cluster("KEYSLOT", own[0]);
      await moveSlot(cluster.nodes, slot, from, to, async () => {
        await store.deleteMany(names.slice(0, 150));
        assert.equal((await cluster.keys()).length, 150);
        await store.clear("");
        assert.deepEqual(await cluster.keys(), []);
      });
      await moveSlot(cluster.nodes, slot, to, from);
    });

    if (hears) {
      test(`a cluster, ${by}: a connection that is lost is told of, and another hears`, async () => {
        const store = redis(client);
        const heard = [];
        let missed = 0;
        const stop = await store.subscribe(
          "channel",
          (text) => heard.push(text),
          () => missed++,
        );
        await store.publish("channel", "before");
        await until(() => heard.length === 1, "a message");
        assert.equal(missed, 0);
        for (const { client: own } of cluster.nodes) await own.client("KILL", "TYPE", "pubsub");
        await until(() => missed >= 2, "told when it was lost, and when messages are heard again");
        // The next node may be one whose connections end as well. What was told on the first may
        // reach the next one late.
        const hearsAgain = async () => {
          await store.publish("channel", "after");
          return heard.includes("after");
        };
        await until(hearsAgain, "a message on the next connection");
        assert.deepEqual([...new Set(heard)], ["before", "after"]);
        await stop();
        const before = heard.length;
        await store.publish("channel", "nobody");
        const listening = async () => {
          const all = cluster.nodes.map(({ client: own }) => own.client("LIST", "TYPE", "pubsub"));
          return (await Promise.all(all)).join("").trim() !== "";
        };
        await until(async () => !(await listening()), "no connection is left");
        assert.equal(heard.length, before);
      });
    }

    test(`a cluster, ${by}: caches share entries, tags, counters, limits and locks`, async () => {
      await cluster.flush();
      const events = [];
      const open = () => {
        const onEvent = (event) => {
          if (event.type === "store-error" || event.type === "corrupt") events.push(event);
        };
        // What is told here must not hang on how busy the machine is.
        const stores = [memory(), redis(client, { deadline: "10s" })];
        return createCache({ namespace: "shop", stores, onEvent });
      };
      const [one, two] = [open(), open()];
      await setMany(
        one,
        names.map((name) => [name, name]),
        { ttl: "1h", tags: ["t"] },
      );
      assert.equal(await size(two), 300);
      assert.deepEqual(await getMany(two, names), names);
      assert.deepEqual([await increment(one, "n"), await increment(two, "n")], [1, 2]);
      let loads = 0;
      const load = async (id) => `${id} ${++loads}`;
      const policy = { key: "locked:{0}", ttl: "1h", lock: loadLock() };
      const [first, second] = [one.wrap(load, policy), two.wrap(load, policy)];
      const rounds = await Promise.all([first(1), second(1), first(2), second(2)]);
      assert.equal(loads, 2, `${rounds}`);
      await invalidateTags(one, "t");
      const fresh = open();
      assert.equal(await fresh.get("key 7"), undefined);
      await setMany(
        one,
        names.map((name) => [name, name]),
        { ttl: "1h" },
      );
      assert.equal(await deleteMatch(two, "key 1*"), 111);
      if (hears) await until(async () => (await one.get("key 1")) === undefined, "heard");
      await clear(one);
      assert.equal(await size(fresh), 0);
      assert.deepEqual(
        (await cluster.keys()).filter((key) => key.startsWith("shop:key")),
        [],
      );
      assert.deepEqual(
        events.map(({ operation, error }) => `${operation} ${error} ${error.cause}`),
        [],
      );
      for (const cache of [one, two, fresh]) await cache.close();
    });
  });
}
