/** Bun's own client. */

import { binary } from "./redis-binary.js";
import type { Commands, Loose, Part } from "./redis-client.js";

/** Bun's client, which answers with bytes to `getBuffer` alone. */
export function bun(client: Loose): Commands {
  const get = async (key: Part): Promise<unknown> => (await client.getBuffer?.(key)) ?? undefined;
  return {
    ...binary,
    send: (command, ...args) => {
      if (command === "GET") return get(args[0] as Part);
      return command === "MGET" ? Promise.all(args.map(get)) : client.send?.(command, args);
    },
    listen: async (missed) => {
      const own = (await client.duplicate?.()) as Loose;
      Object.assign(own, { onclose: missed, onconnect: missed });
      return {
        subscribe: (channel, listener) => own.subscribe?.(channel, listener),
        unsubscribe: (channel, listener) => own.unsubscribe?.(channel, listener),
        close: async () => own.close?.(),
      };
    },
  };
}
