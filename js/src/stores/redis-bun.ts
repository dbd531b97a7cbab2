/** Bun's own client. */

import { binary } from "./redis-binary.js";
import type { Commands, Loose, Part } from "./redis-commands.js";
import { type Life, type NodeConnection, roaming } from "./redis-roaming.js";

/** Bun's client, which answers with bytes to `getBuffer` alone. */
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

/** A connection like the client's, until it is lost. Nobody can hear when the client is closed. */
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
