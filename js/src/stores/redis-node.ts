/** `redis` (node-redis): clients, pools, sentinels and clusters. */

import { binary } from "./redis-binary.js";
import type { Commands, Listening, Loose, Part, Send } from "./redis-client.js";

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
  return { ...binary, send: sendOf(client), listen: () => listenApart(client) };
}

/** Several clients of one server. */
export function nodeRedisPool(pool: Loose): Commands {
  const listen = (): Promise<Listening> => pool.execute?.((client: Loose) => listenApart(client));
  return { ...binary, send: sendOf(pool), listen };
}

/** A server that sentinels name. */
export function nodeRedisSentinel(sentinel: Loose): Commands {
  const options = bytes();
  return {
    ...binary,
    send: (...command) => sentinel.sendCommand?.(false, command, options),
    listen: async () => listenWith(sentinel),
  };
}

/** A cluster. */
export function nodeRedisCluster(cluster: Loose): Commands {
  const options = bytes();
  return {
    ...binary,
    // Never from replicas, which are late.
    send: (...command) => cluster.sendCommand?.(keyOf(command), false, command, options),
    primaries: () => {
      const nodes = Array.from(cluster.masters as Iterable<unknown>);
      return Promise.all(nodes.map(async (node) => sendOf(await cluster.nodeClient?.(node))));
    },
    listen: async () => listenWith(cluster),
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

/** Messages on a connection of its own. */
async function listenApart(client: Loose): Promise<Listening> {
  const own = client.duplicate?.() as Loose;
  own.on?.("error", NOTHING);
  await own.connect?.();
  return {
    subscribe: (channel, listener) => own.subscribe?.(channel, listener),
    unsubscribe: (channel, listener) => own.unsubscribe?.(channel, listener),
    close: async () => (own.destroy ?? own.disconnect)?.call(own),
  };
}

/** Messages through what has a connection for them already, which it moves by itself. */
function listenWith(client: Loose): Listening {
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
    close: () => Promise.all([...ends].map((end) => end())),
  };
}
