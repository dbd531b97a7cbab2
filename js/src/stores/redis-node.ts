/** `redis` (node-redis): clients, pools, sentinels and clusters. */

import { binary } from "./redis-binary.js";
import type { Commands, Listening, Loose, Part, Send } from "./redis-commands.js";
import { checkOpen, whenEnded } from "./redis-ends.js";
import { type Life, type NodeConnection, roaming } from "./redis-roaming.js";

/** `$`, the type of binary strings in the protocol. */
const BLOB_STRING = 36;

/** What answers with bytes: version 4 reads the first of these options, later ones the second. */
function bytes(): object {
  const { Buffer } = globalThis as { Buffer?: unknown };
  return { returnBuffers: true, typeMapping: { [BLOB_STRING]: Buffer } };
}

/** A client of one server. */
export function nodeRedis(client: Loose): Commands {
  return {
    ...binary,
    send: sendOf(client),
    listen: (missed) => roaming((_, life) => openBeside(client, client, life), missed),
  };
}

/** Several clients of one server. */
export function nodeRedisPool(pool: Loose): Commands {
  return {
    ...binary,
    send: sendOf(pool),
    listen: (missed) => roaming((_, life) => openPooled(pool, life), missed),
  };
}

/** A server that sentinels name. */
export function nodeRedisSentinel(sentinel: Loose): Commands {
  const options = bytes();
  return {
    ...binary,
    send: (...command) => sentinel.sendCommand?.(false, command, options),
    listen: (missed) => listenWith(sentinel, missed),
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
    listen: (missed) => roaming((nth, life) => openNode(cluster, nth, life), missed),
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
async function openNode(cluster: Loose, nth: number, life: Life): Promise<NodeConnection> {
  checkOpen(cluster);
  const nodes = Array.from(cluster.masters as Iterable<unknown>);
  const client = (await cluster.nodeClient?.(nodes[nth % nodes.length])) as Loose;
  return openBeside(client, client, life);
}

/** A connection like those of a pool, until that is closed. */
async function openPooled(pool: Loose, life: Life): Promise<NodeConnection> {
  checkOpen(pool);
  const client = await pool.execute?.(async (one: Loose) => one);
  return openBeside(client, pool, life);
}

/** A connection like a client's, until it is lost, or `followed` ends. */
async function openBeside(
  client: Loose,
  followed: Loose,
  { ended, closing }: Life,
): Promise<NodeConnection> {
  checkOpen(followed);
  const own = client.duplicate?.() as Loose;
  const close = (): unknown => (own.destroy ?? own.disconnect)?.call(own);
  closing(close);
  // A client that is closed while it connects does so all the same.
  closing(() => own.on?.("ready", close));
  closing(whenEnded(followed, ended));
  let isReady = false;
  const lost = (): void => {
    if (isReady) ended();
  };
  own.on?.("error", lost);
  own.on?.("reconnecting", lost);
  // It looks for its server as the application's client does, until it is there.
  await own.connect?.();
  isReady = true;
  return {
    subscribe: (channel, hear) => own.subscribe?.(channel, hear),
    unsubscribe: (channel) => own.unsubscribe?.(channel),
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
