/** The commands of Bun's own Redis client. */

import { binary } from "./redis-binary.js";
import type { Commands, Loose, Part } from "./redis-commands.js";
import { type Life, type NodeConnection, roaming } from "./redis-roaming.js";

/** Returns the commands of Bun's client, of which only `getBuffer` returns bytes. */
export function bun(client: Loose): Commands {
  const get = async (key: Part): Promise<unknown> => (await client.getBuffer?.(key)) ?? undefined;
  return {
    ...binary,
    send: (command, ...args) => {
      if (command === "GET") return get(args[0] as Part);
      return command === "MGET" ? Promise.all(args.map(get)) : client.send?.(command, args);
    },
    listen: (missed) => roaming((_, life) => openBeside(client, life), missed),
  };
}

/**
 * Opens a connection like the client's, until it is lost. Bun's client does not report its own end.
 */
async function openBeside(client: Loose, { ended, closing }: Life): Promise<NodeConnection> {
  const own = (await client.duplicate?.()) as Loose;
  closing(() => own.close?.());
  await own.connect?.();
  Object.assign(own, { onclose: ended });
  return {
    subscribe: (channel, hear) => own.subscribe?.(channel, hear),
    unsubscribe: (channel) => own.unsubscribe?.(channel),
  };
}
