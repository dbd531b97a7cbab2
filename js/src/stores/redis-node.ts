/** The commands of `redis` (node-redis): clients, pools, sentinels and clusters. */

import { binary } from "./redis-binary.js";
import type { Commands, Listening, Loose, Part, Send } from "./redis-commands.js";
import { checkOpen, whenEnded } from "./redis-ends.js";
import { type Life, type NodeConnection, roaming } from "./redis-roaming.js";

/** `$`, the protocol's type of binary strings. */
const BLOB_STRING = 36;

/**
 * Returns options that make answers bytes: version 4 reads the first of them, later ones the
 * second.
 */
function bytes(): object {
  const { Buffer } = globalThis as { Buffer?: unknown };
  return { returnBuffers: true, typeMapping: { [BLOB_STRING]: Buffer } };
}

/** Returns the commands of a client of one server. */
export function nodeRedis(client: Loose): Commands {
  return {
    ...binary,
    send: sendOf(client),
    listen: (missed) => roaming((_, life) => openBeside(client, client, life), missed),
  };
}

/** Returns the commands of a pool of clients of one server. */
export function nodeRedisPool(pool: Loose): Commands {
  return {
    ...binary,
    send: sendOf(pool),
    listen: (missed) => roaming((_, life) => openPooled(pool, life), missed),
  };
}

/** Returns the commands of a server behind sentinels. */
export function nodeRedisSentinel(sentinel: Loose): Commands {
  const options = bytes();
  return {
    ...binary,
    send: (...command) => sentinel.sendCommand?.(false, command, options),
    listen: (missed) => listenWith(sentinel, missed),
  };
}

/** Returns the commands of a cluster. */
export function nodeRedisCluster(cluster: Loose): Commands {
  const options = bytes();
  return {
    ...binary,
    // Never to replicas, which lag.
    send: (...command) => {
      const key = keyOf(command);
      // Version 4 treats an empty string as no key.
      const routed = key === "" ? binary.toArgument(new Uint8Array()) : key;
      return cluster.sendCommand?.(routed, false, command, options);
    },
    primaries: () => {
      const nodes = Array.from(cluster.masters as Iterable<unknown>);
      return Promise.all(nodes.map(async (node) => sendOf(await cluster.nodeClient?.(node))));
    },
    listen: (missed) => roaming((nth, life) => openNode(cluster, nth, life), missed),
  };
}

function sendOf(client: Loose): Send {
  const options = bytes();
  return (...command) => client.sendCommand?.(command, options);
}

/** Returns the key of a command; undefined if it has none. */
function keyOf([command, ...args]: readonly Part[]): Part | undefined {
  if (command === "PUBLISH" || command === "PING") return undefined;
  return command === "EVAL" || command === "EVALSHA" ? args[2] : args[0];
}

/** Opens a connection to one of the nodes. */
async function openNode(cluster: Loose, nth: number, life: Life): Promise<NodeConnection> {
  checkOpen(cluster);
  const nodes = Array.from(cluster.masters as Iterable<unknown>);
  const client = (await cluster.nodeClient?.(nodes[nth % nodes.length])) as Loose;
  return openBeside(client, client, life);
}

/** Opens a connection like those of a pool, until the pool is closed. */
async function openPooled(pool: Loose, life: Life): Promise<NodeConnection> {
  checkOpen(pool);
  const client = await pool.execute?.(async (one: Loose) => one);
  return openBeside(client, pool, life);
}

/** Opens a connection like a client's, until it is lost or `followed` ends. */
async function openBeside(
  client: Loose,
  followed: Loose,
  { ended, closing }: Life,
): Promise<NodeConnection> {
  checkOpen(followed);
  const own = client.duplicate?.() as Loose;
  const close = (): unknown => (own.destroy ?? own.disconnect)?.call(own);
  closing(close);
  // A client that is closed while it connects goes on connecting.
  closing(() => own.on?.("ready", close));
  closing(whenEnded(followed, ended));
  let isReady = false;
  const lost = (): void => {
    if (isReady) ended();
  };
  own.on?.("error", lost);
  own.on?.("reconnecting", lost);
  // Reconnects like the application's client until the server is there.
  await own.connect?.();
  isReady = true;
  return {
    subscribe: (channel, hear) => own.subscribe?.(channel, hear),
    unsubscribe: (channel) => own.unsubscribe?.(channel),
  };
}

/**
 * Subscribes through sentinels, which have a connection for messages and move it to the next
 * server.
 */
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
