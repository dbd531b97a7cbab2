/** `ioredis` and `iovalkey`: clients of one server, and of clusters. */

import { binary } from "./redis-binary.js";
import type { Commands, Listening, Loose, Send } from "./redis-client.js";
import { Listeners } from "./redis-listeners.js";
import { type NodeConnection, roaming } from "./redis-roaming.js";

const NOTHING = (): void => {};

/** A client of one server. */
export function ioredis(client: Loose): Commands {
  return {
    ...binary,
    send: (command, ...args) => client.callBuffer?.(command, ...args),
    listen: async (missed) => listeningTo(client.duplicate?.() as Loose, missed),
  };
}

/** A cluster: each of its nodes is a client of one server. */
export function ioredisCluster(client: Loose): Commands {
  const nodeOf = (node: Loose): Send => {
    return (command, ...args) => node.callBuffer?.(command, ...args);
  };
  return {
    ...binary,
    send: nodeOf(client),
    primaries: async () => ((client.nodes?.("master") ?? []) as Loose[]).map(nodeOf),
    listen: async (missed) => roaming((nth, ended) => openNode(client, nth, ended), missed),
  };
}

/** A connection of its own to one of the nodes. */
async function openNode(client: Loose, nth: number, ended: () => void): Promise<NodeConnection> {
  const nodes = (client.nodes?.("master") ?? []) as Loose[];
  // It ends when it is lost: there are other nodes.
  const own = nodes[nth % nodes.length]?.duplicate?.({ ...APART, retryStrategy: null }) as Loose;
  if (own === undefined) throw new Error("the client knows no node of the cluster");
  own.on?.("error", NOTHING);
  await own.connect?.();
  own.once?.("end", ended);
  const listeners = new Map<string, (message: string) => void>();
  own.on?.("message", (channel: string, message: string) => listeners.get(channel)?.(message));
  return {
    subscribe: async (channel, hear) => {
      listeners.set(channel, hear);
      await own.subscribe?.(channel);
    },
    unsubscribe: async (channel) => own.unsubscribe?.(channel),
    close: () => own.disconnect?.(),
  };
}

/** What tells a connection for messages from those for commands. */
const APART = { lazyConnect: true, readOnly: false, enableOfflineQueue: true };

/** A connection of its own, which comes back by itself. */
function listeningTo(own: Loose, missed: () => void): Listening {
  const listeners = new Listeners();
  const isReady = readinessOf(own);
  let isLost = false;
  let isClosed = false;
  own.on?.("error", NOTHING);
  own.on?.("message", (channel: string, message: string) => listeners.tell(channel, message));
  own.on?.("close", () => {
    isLost = true;
    if (!isClosed) missed();
  });
  own.on?.("ready", () => {
    if (!isLost || listeners.channels.length === 0) return;
    // Answered after what the client itself sends to listen again.
    own.subscribe?.(...listeners.channels).then(missed, NOTHING);
  });
  return {
    subscribe: async (channel, listener) => {
      listeners.add(channel, listener);
      try {
        await isReady();
        // Also for a channel that is known: who is told that it listens does so.
        await own.subscribe?.(channel);
      } catch (error) {
        listeners.remove(channel, listener);
        throw error;
      }
    },
    unsubscribe: async (channel, listener) => {
      if (listeners.remove(channel, listener)) await own.unsubscribe?.(channel);
    },
    close: async () => {
      isClosed = true;
      own.disconnect?.();
    },
  };
}

/**
 * Gives what resolves when a connection takes commands. One that begins to listen before would
 * break the check that the client does first, and a client without a queue would refuse to.
 */
function readinessOf(own: Loose): () => Promise<void> {
  let opening: Promise<void> | undefined;
  return async () => {
    if (own.status === "ready") return;
    if (own.status === "wait") own.connect?.().catch(NOTHING);
    // One for all who wait: a server may be away for long.
    opening ??= new Promise<void>((resolve, reject) => {
      own.once?.("ready", resolve);
      own.once?.("end", () => reject(new Error("the connection has ended")));
    }).finally(() => {
      opening = undefined;
    });
    await opening;
  };
}
