// The store of the Rust driver in a Redis Cluster of three primaries, beside the npm package's.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createCache, memory } from "holdover";
import { loadLock } from "holdover/locks";
import { peek } from "holdover/operations";
import { redis } from "holdover/stores/redis";
import { invalidateTags } from "holdover/tags";
import { Cluster } from "ioredis";
import { moveSlot, startCluster, until } from "./support/redis-cluster.mjs";
import { startRustInstance } from "./support/rust-instance.mjs";
import "./support/ends.mjs";

/** Milliseconds that a message may take on a busy machine. */
const MOMENT = 20_000;

const cluster = await startCluster();
const client = new Cluster(cluster.roots);
client.on("error", () => {});
await new Promise((resolve) => client.once("ready", resolve));
const ends = [];
after(async () => {
  for (const end of ends.reverse()) await end();
  client.disconnect();
  await cluster.stop();
});

const names = Array.from({ length: 300 }, (_, nth) => `key ${nth}`);
const portOf = (nth) => cluster.roots[nth].port;

/** An instance of each kind in one namespace. */
function both(namespace) {
  const loads = [];
  const cache = createCache({
    namespace,
    stores: [memory(), redis(client, { deadline: "5s" })],
    writes: "await",
  });
  const load = async (key) => {
    loads.push(key);
    return { by: "js", key, load: loads.length };
  };
  const options = { ttl: "10m", key: (key) => key };
  const get = cache.wrap(load, { ...options, tags: ["key:{0}", "all"] });
  const locked = cache.wrap(load, { ...options, lock: loadLock({ ttl: "1m" }) });
  const rust = startRustInstance(portOf(0), namespace, { kind: "cluster" });
  ends.push(async () => {
    await rust.stop();
    await cache.close();
  });
  return { cache, get, locked, loads, ask: rust.ask };
}

test("it meets all requirements of a store, over keys of all nodes", async () => {
  const { ask } = both("conformance");
  const { met, violations } = await ask("conformance", "conformance:");
  assert.deepEqual(violations, undefined);
  assert.ok(met >= 13, `${met}`);
});

test("a batch reads from all nodes what JavaScript wrote, and loads nothing", async () => {
  const { get, ask } = both("batch");
  await Promise.all(names.map((name) => get(name)));
  const nodes = await Promise.all(cluster.nodes.map(({ client: node }) => node.dbsize()));
  assert.ok(Math.min(...nodes) > 50, `keys on each node: ${nodes}`);
  const keys = await ask("getMany", names);
  assert.deepEqual(keys, names);
  assert.equal(await ask("loads"), 0);
});

test("what Rust wrote is a hit in JavaScript, and invalidations are heard both ways", async () => {
  const { cache, get, loads, ask } = both("shared");
  for (const name of names.slice(0, 20)) {
    assert.equal((await ask("get", name)).source, "load");
  }
  await ask("settled");
  for (const name of names.slice(0, 20)) {
    assert.equal((await get.explain(name)).source, "hit", name);
  }
  assert.deepEqual(loads, []);
  await get.invalidate("key 3");
  await until(async () => (await ask("peek", "key 3")) === null, "Rust hears", MOMENT);
  await ask("invalidate", "key 4");
  await until(async () => (await peek(cache, "key 4")) === undefined, "JavaScript hears", MOMENT);
  await invalidateTags(cache, "key:key 5");
  await until(async () => (await ask("peek", "key 5")) === null, "Rust hears a tag", MOMENT);
  assert.equal(await ask("invalidateTags", "all"), true);
  await until(async () => (await peek(cache, "key 6")) === undefined, "a tag is heard", MOMENT);
  assert.equal((await ask("get", "key 7")).source, "load");
});

test("a lock holds across both", async () => {
  const { locked, loads, ask } = both("locks");
  for (const name of names.slice(0, 10)) {
    const [given, ...rest] = await Promise.all([
      ask("getLocked", name, 50, 20),
      ...Array.from({ length: 20 }, () => locked(name)),
    ]);
    assert.deepEqual(given, [rest[0]], name);
    for (const value of rest) assert.deepEqual(value, rest[0]);
  }
  assert.equal((await ask("loads")) + loads.length, 10);
  const left = async () => (await cluster.keys()).filter((key) => key.startsWith("%load:"));
  await until(async () => (await left()).length === 0, "locks are given back", MOMENT);
});

test("clearing outdates what is there, although keys are not listed", async () => {
  const { ask } = both("cleared");
  await ask("get", "k");
  await ask("settled");
  await ask("clear");
  assert.equal((await ask("get", "k")).source, "load");
  assert.equal(await ask("loads"), 2);
});

test("keys whose slot moves to another node are read and written there", async () => {
  const { get, ask } = both("moved");
  const [from, to] = cluster.nodes;
  const slot = await client.cluster("KEYSLOT", "moved:key 1");
  const owner = await ownerOf(slot);
  const other = owner === from ? to : from;
  await get("key 1");
  await moveSlot(cluster.nodes, slot, owner, other);
  assert.equal((await ask("get", "key 1")).source, "hit");
  await ask("invalidate", "key 1");
  const { source, value } = await ask("get", "key 1");
  assert.deepEqual([source, value.by], ["load", "rust"]);
  await ask("settled");
  assert.equal(await other.client.exists("moved:key 1"), 1);
});

/** The node that has a slot. */
async function ownerOf(slot) {
  for (const node of cluster.nodes) {
    const ranges = await node.client.cluster("SLOTS");
    for (const [first, last, [, port]] of ranges) {
      if (slot >= first && slot <= last) {
        return cluster.nodes.find((other) => other.port === port);
      }
    }
  }
  throw new Error(`nobody has slot ${slot}`);
}
