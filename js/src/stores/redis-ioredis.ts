/** The commands of `ioredis` and `iovalkey`, for one server and for clusters. */

import { binary } from "./redis-binary.js";
import type { Commands, Loose, Send } from "./redis-commands.js";
import { checkOpen, whenEnded } from "./redis-ends.js";
import { type Life, type NodeConnection, roaming } from "./redis-roaming.js";

const NOTHING = (): void => {};

/** Returns the commands of a client of one server. */
export function ioredis(client: Loose): Commands {
  return {
    ...binary,
    send: (command, ...args) => client.callBuffer?.(command, ...args),
    // Reconnects like the application's client until the server is there.
    listen: (missed) => roaming((_, life) => openBeside(client, client, {}, life), missed),
  };
}

/** Returns the commands of a cluster, each of whose nodes is a client of one server. */
export function ioredisCluster(client: Loose): Commands {
  const nodeOf = (node: Loose): Send => {
    return (command, ...args) => node.callBuffer?.(command, ...args);
  };
  return {
    ...binary,
    send: nodeOf(client),
    primaries: async () => ((client.nodes?.("master") ?? []) as Loose[]).map(nodeOf),
    listen: (missed) => roaming((nth, life) => openNode(client, nth, life), missed),
  };
}

/** Opens a connection to one of the nodes. */
async function openNode(client: Loose, nth: number, life: Life): Promise<NodeConnection> {
  const nodes = (client.nodes?.("master") ?? []) as Loose[];
  const node = nodes[nth % nodes.length];
  if (node === undefined) throw new Error("the client knows no node of the cluster");
  // No retry: if this node is gone there are others.
  return openBeside(client, node, { retryStrategy: null }, life);
}

/** The options in which a subscriber's connection differs from one for commands. */
const APART = { lazyConnect: true, readOnly: false, enableOfflineQueue: true };

/** Opens a connection like a node's, until it is lost or the application's client ends. */
async function openBeside(
  client: Loose,
  node: Loose,
  options: object,
  { ended, closing }: Life,
): Promise<NodeConnection> {
  checkOpen(client);
  const own = node.duplicate?.({ ...APART, ...options }) as Loose;
  closing(() => own.disconnect?.());
  closing(whenEnded(client, ended));
  own.on?.("error", NOTHING);
  await readinessOf(own);
  own.once?.("close", ended);
  if (own.status !== "ready") ended();
  const listeners = new Map<string, (message: string) => void>();
  own.on?.("message", (channel: string, message: string) => listeners.get(channel)?.(message));
  return {
    subscribe: async (channel, hear) => {
      listeners.set(channel, hear);
      await own.subscribe?.(channel);
    },
    unsubscribe: async (channel) => own.unsubscribe?.(channel),
  };
}

/**
 * Resolves when a connection takes commands. Subscribing before would break the client's own ready
 * check, and a client without an offline queue would refuse it.
 */
function readinessOf(own: Loose): Promise<void> {
  return new Promise((resolve, reject) => {
    own.once?.("ready", resolve);
    own.once?.("end", () => reject(new Error("the connection has ended")));
    own.connect?.().catch(NOTHING);
  });
}
