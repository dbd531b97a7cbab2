// A Redis cluster of this machine: made of single servers, without a tool beside them.

import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { freePort, startRedis } from "./servers.mjs";

const SLOTS = 16_384;
/** Milliseconds that the nodes may take to agree. */
const AGREED_MS = 20_000;
/** Milliseconds after which a node that does not answer is taken for gone. */
const NODE_TIMEOUT = 2000;

/** Waits until something holds. */
export async function until(holds, what, limit = AGREED_MS) {
  for (const end = Date.now() + limit; Date.now() < end; await sleep(25)) {
    if (await holds()) return;
  }
  throw new Error(`not within ${limit} ms: ${what}`);
}

async function startNode(command) {
  const bus = await freePort();
  const options = ["--cluster-enabled", "yes", "--cluster-port", bus];
  const limits = ["--cluster-node-timeout", NODE_TIMEOUT, "--cluster-config-file", "nodes.conf"];
  const { port, stop } = await startRedis(command, undefined, [...options, ...limits]);
  const client = new Redis(port, "127.0.0.1", { retryStrategy: () => 50 });
  client.on("error", () => {});
  const id = await client.cluster("MYID");
  const end = async () => {
    client.disconnect();
    await stop();
  };
  return { port, bus, id, client, stop: end };
}

/** Three primaries, and as many replicas of the first as wanted. */
export async function startCluster({ command = "redis-server", replicas = 0 } = {}) {
  const nodes = await Promise.all(Array.from({ length: 3 + replicas }, () => startNode(command)));
  const primaries = nodes.slice(0, 3);
  for (const [nth, { client }] of primaries.entries()) {
    await client.cluster("SET-CONFIG-EPOCH", nth + 1);
    const share = SLOTS / primaries.length;
    const last = Math.floor((nth + 1) * share) - 1;
    await client.cluster("ADDSLOTSRANGE", Math.floor(nth * share), last);
  }
  for (const { port, bus } of nodes.slice(1)) {
    await nodes[0].client.cluster("MEET", "127.0.0.1", port, bus);
  }
  const agrees = async ({ client }) => {
    const info = await client.cluster("INFO");
    const known = Number(/cluster_known_nodes:(\d+)/.exec(info)[1]);
    return /cluster_state:ok/.test(info) && known === nodes.length;
  };
  const allAgree = async () => (await Promise.all(nodes.map(agrees))).every(Boolean);
  await until(allAgree, "the nodes of the cluster agree");
  for (const { client } of nodes.slice(3)) {
    await client.cluster("REPLICATE", nodes[0].id);
    const isInSync = async () => /master_link_status:up/.test(await client.info("replication"));
    await until(isInSync, "a replica is in sync");
  }
  return {
    nodes,
    roots: nodes.map(({ port }) => ({ host: "127.0.0.1", port })),
    /** All keys that the primaries have. */
    keys: async () => (await Promise.all(primaries.map(({ client }) => client.keys("*")))).flat(),
    flush: () => Promise.all(primaries.map(({ client }) => client.flushall())),
    stop: () => Promise.all(nodes.map(({ stop }) => stop())),
  };
}

/** Moves a slot as `redis-cli` does; `between` is awaited when half of its keys have moved. */
export async function moveSlot(nodes, slot, from, to, between = async () => {}) {
  await to.client.cluster("SETSLOT", slot, "IMPORTING", from.id);
  await from.client.cluster("SETSLOT", slot, "MIGRATING", to.id);
  const keys = await from.client.cluster("GETKEYSINSLOT", slot, 10_000);
  const half = Math.ceil(keys.length / 2);
  for (const [nth, key] of keys.entries()) {
    if (nth === half) await between();
    await from.client.migrate("127.0.0.1", to.port, "", 0, 5000, "KEYS", key);
  }
  if (keys.length <= half) await between();
  // The new owner first, so that at no time nobody has it.
  for (const { client } of [to, from, ...nodes.filter((node) => node !== to && node !== from)]) {
    await client.cluster("SETSLOT", slot, "NODE", to.id);
  }
}
