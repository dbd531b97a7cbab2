/** The commands of HTTP clients with the interface of `@upstash/redis`. */

import { recordOf, toBase64 } from "./base64.js";
import type { Commands, Loose, Method } from "./redis-commands.js";

/** The prefix of records, so that none is parsed as JSON. */
const MARK = "b64:";

/** Returns the commands of such a client. */
export function rest(client: Loose): Commands {
  return {
    send: (command, ...args) => callOf(client, command, args as string[]),
    toArgument: (record) => MARK + toBase64(record),
    toRecord: (part) =>
      typeof part === "string" && part.startsWith(MARK)
        ? recordOf(part.slice(MARK.length))
        : undefined,
  };
}

/** Calls the client's method for a command; some take their arguments in an order of their own. */
function callOf(client: Loose, command: string, args: string[]): Promise<unknown> {
  const method = command.toLowerCase();
  const [first = "", second = "", ...rest] = args;
  if (method === "set") return client.set?.(first, second, setOptions(rest)) as Promise<unknown>;
  if (method === "scan") {
    return client.scan?.(first, { match: rest[0], count: Number(rest[2]) }) as Promise<unknown>;
  }
  if (method === "eval" || method === "evalsha") {
    const keys = Number(second);
    return client[method]?.(first, rest.slice(0, keys), rest.slice(keys)) as Promise<unknown>;
  }
  return (client as Record<string, Method>)[method]?.(...args) as Promise<unknown>;
}

function setOptions(words: readonly string[]): object | undefined {
  if (words.length === 0) return undefined;
  const px = words.indexOf("PX");
  const life = px < 0 ? {} : { px: Number(words[px + 1]) };
  return words.includes("NX") ? { ...life, nx: true } : life;
}
