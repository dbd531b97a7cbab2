/** `redis` (node-redis): clients, pools, sentinels and clusters. */

import { binary } from "./redis-binary.js";
import type { Commands, Listen, Listening, Loose, Part, Send } from "./redis-client.js";
import { type NodeConnection, roaming } from "./redis-roaming.js";

const NOTHING = (): void => {};

/** `$`, the type of binary strings in the protocol. */
const BLOB_STRING = 36;

/** What answers with bytes: version 4 reads the first of these options, later ones the second. */
function bytes(): object {
  const { Buffer } = globalThis as { Buffer?: unknown };
  return { returnBuffers: true, typeMapping: { [BLOB_STRING]: Buffer } };
}

/** A client of one server. */
export function nodeRedis(client: Loose): Commands {
  return { ...binary, send: sendOf(client), listen: (missed) => listenApart(client, missed) };
}

/** Several clients of one server. */
export function nodeRedisPool(pool: Loose): Commands {
  const listen: Listen = (missed) => pool.execute?.((client: Loose) => listenApart(client, missed));
  return { ...binary, send: sendOf(pool), listen };
}

/** A server that sentinels name. */
export function nodeRedisSentinel(sentinel: Loose): Commands {
  const options = bytes();
  return {
    ...binary,
    send: (...command) => sentinel.sendCommand?.(false, command, options),
    listen: async (missed) => listenWith(sentinel, missed),
  };
}

/** A cluster. */
export function nodeRedisCluster(cluster: Loose): Commands {
  const options = bytes();
  return {
    ...binary,
    // Never from replicas, which are late.
    send: (...command) => {
      const key = keyOf(command);
      // Version 4 takes the empty text for no key.
      const routed = key === "" ? binary.toArgument(new Uint8Array()) : key;
      return cluster.sendCommand?.(routed, false, command, options);
    },
    primaries: () => {
      const nodes = Array.from(cluster.masters as Iterable<unknown>);
      return Promise.all(nodes.map(async (node) => sendOf(await cluster.nodeClient?.(node))));
    },
    listen: async (missed) => roaming((nth, ended) => openNode(cluster, nth, ended), missed),
  };
}

function sendOf(client: Loose): Send {
  const options = bytes();
  return (...command) => client.sendCommand?.(command, options);
}

/** The key of a command, undefined for those without. */
function keyOf([command, ...args]: readonly Part[]): Part | undefined {
  if (command === "PUBLISH" || command === "PING") return undefined;
  return command === "EVAL" || command === "EVALSHA" ? args[2] : args[0];
}

/** A connection of its own to one of the nodes. */
async function openNode(cluster: Loose, nth: number, ended: () => void): Promise<NodeConnection> {
  const nodes = Array.from(cluster.masters as Iterable<unknown>);
  const client = (await cluster.nodeClient?.(nodes[nth % nodes.length])) as Loose;
  const own = client.duplicate?.() as Loose;
  const close = () => (own.destroy ?? own.disconnect)?.call(own);
  let isOpen = false;
  own.on?.("error", () => {
    // It would come back to the same node, which may be gone for good.
    if (isOpen) close();
    if (isOpen) ended();
    isOpen = false;
  });
  await own.connect?.();
  isOpen = true;
  return {
    subscribe: (channel, hear) => own.subscribe?.(channel, hear),
    unsubscribe: (channel) => own.unsubscribe?.(channel),
    close: () => {
      isOpen = false;
      close();
    },
  };
}

/** Messages on a connection of its own, which comes back by itself. */
async function listenApart(client: Loose, missed: () => void): Promise<Listening> {
  const own = client.duplicate?.() as Loose;
  own.on?.("error", NOTHING);
  await own.connect?.();
  own.on?.("reconnecting", missed);
  // It listens again before it is ready.
  own.on?.("ready", missed);
  return {
    subscribe: (channel, listener) => own.subscribe?.(channel, listener),
    unsubscribe: (channel, listener) => own.unsubscribe?.(channel, listener),
    close: async () => (own.destroy ?? own.disconnect)?.call(own),
  };
}

/** Messages through sentinels, which have a connection for them, and move it to the next server. */
function listenWith(client: Loose, missed: () => void): Listening {
  const changes = ["topology-change", "reconnecting", "ready"];
  for (const change of changes) client.on?.(change, missed);
  const ends = new Set<() => Promise<unknown>>();
  const known = new Map<string, Map<(message: string) => void, () => Promise<unknown>>>();
  const endOf = (channel: string, listener: (message: string) => void) =>
    known.get(channel)?.get(listener);
  return {
    subscribe: async (channel, listener) => {
      await client.subscribe?.(channel, listener);
      const end = () => client.unsubscribe?.(channel, listener);
      known.set(channel, (known.get(channel) ?? new Map()).set(listener, end));
      ends.add(end);
    },
    unsubscribe: async (channel, listener) => {
      const end = endOf(channel, listener);
      if (end === undefined) return;
      known.get(channel)?.delete(listener);
      ends.delete(end);
      await end();
    },
    close: () => {
      for (const change of changes) client.off?.(change, missed);
      return Promise.all([...ends].map((end) => end()));
    },
  };
}
