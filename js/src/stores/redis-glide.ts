/** The commands of valkey-glide, for one server and for clusters. Its clients cannot subscribe. */

import { binary } from "./redis-binary.js";
import { primariesIn } from "./redis-cluster.js";
import type { Commands, Loose, Part, Send } from "./redis-commands.js";

/** `Decoder.Bytes`: answers as bytes. */
const BYTES = 0;

/**
 * Errors of a command that no node has run: the client follows a quickly moving slot too slowly.
 */
const REDIRECTED = /signalled by the server: - (?:Moved|Ask|TryAgain)/i;
/** Attempts to send such a command, and milliseconds between them. */
const TRIES = 5;
const PAUSE = 20;

/** Returns the commands of a client of one server. */
export function glide(client: Loose): Commands {
  return { ...binary, send: sendOf(client) };
}

/** Returns the commands of a cluster client; commands without a key need a route. */
export function glideCluster(client: Loose): Commands {
  return {
    ...binary,
    send: sendOf(client),
    primaries: async () => {
      const nodes = await client.customCommand?.(["CLUSTER", "NODES"], { decoder: BYTES });
      return primariesIn(nodes).map(({ address }) => sendOf(client, routeTo(address)));
    },
  };
}

function sendOf(client: Loose, route?: object): Send {
  const options = { decoder: BYTES, ...(route && { route }) };
  const send = (command: readonly Part[]) => client.customCommand?.(command, options);
  return async (...command) => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await send(command);
      } catch (error) {
        if (tries === TRIES || !REDIRECTED.test(String(error))) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, tries * PAUSE));
    }
  };
}

function routeTo(address: string): object {
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon);
  return { type: "routeByAddress", host, port: Number(address.slice(colon + 1)) };
}
