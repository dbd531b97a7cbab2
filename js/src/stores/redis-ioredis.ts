/** `ioredis` and `iovalkey`: clients of one server, and of clusters. */

import { binary } from "./redis-binary.js";
import type { Commands, Listening, Loose, Send } from "./redis-client.js";
import { Listeners } from "./redis-listeners.js";

const NOTHING = (): void => {};

/** A client of one server. */
export function ioredis(client: Loose): Commands {
  return {
    ...binary,
    send: (command, ...args) => client.callBuffer?.(command, ...args),
    listen: async () => {
      const own = client.duplicate?.() as Loose;
      own.on?.("error", NOTHING);
      return listeningTo(own, readinessOf(own), async () => own.disconnect?.());
    },
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
    // A cluster hears messages on a connection of its own, and changes to another node by itself.
    listen: async () => listeningTo(client, async () => {}, undefined),
  };
}

/** @param end ends the connection; undefined for one that others use, too */
function listeningTo(
  own: Loose,
  isReady: () => Promise<void>,
  end: (() => Promise<unknown>) | undefined,
): Listening {
  const listeners = new Listeners();
  const hear = (channel: string, message: string) => listeners.tell(channel, message);
  own.on?.("message", hear);
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
      own.off?.("message", hear);
      if (end !== undefined) await end();
      else if (listeners.channels.length > 0) await own.unsubscribe?.(...listeners.channels);
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
