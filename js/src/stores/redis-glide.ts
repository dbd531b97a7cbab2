/** valkey-glide: clients of one server, and of clusters. They hear no messages: see the docs. */

import { binary } from "./redis-binary.js";
import { primariesIn } from "./redis-cluster.js";
import type { Commands, Loose, Part, Send } from "./redis-commands.js";

/** Answers with bytes: `Decoder.Bytes`. */
const BYTES = 0;

/** A command that no node has run: the client has not followed a slot that moves quickly enough. */
const REDIRECTED = /signalled by the server: - (?:Moved|Ask|TryAgain)/i;
/** How often such a command is sent, and milliseconds between. */
const TRIES = 5;
const PAUSE = 20;

/** A client of one server. */
export function glide(client: Loose): Commands {
  return { ...binary, send: sendOf(client) };
}

/** A cluster, whose commands are sent to a node where a route says so. */
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
