/** Entity tags for answers of handlers that have none: made of the body, RFC 9110 §8.8.3. */

import { asCount } from "../util/checks.js";
import { ConfigError } from "../util/errors.js";
import { flag, readOptions } from "../util/options.js";
import type { Handler } from "./handler.js";

/** Options of `withETags`. */
export interface ETagOptions {
  /**
   * True for weak tags: for bodies that mean the same when something after the handler changes
   * their bytes, as compression does. Default false, strong tags: the same bytes.
   */
  readonly weak?: boolean | undefined;
  /** The longest body that gets a tag, in bytes; longer ones pass. Default 1 MB. */
  readonly maxBody?: number | undefined;
}

const MOST = 2 ** 31;
const DEFAULT = 2 ** 20;
/** Fields that say of what the bytes are; a strong tag is for one representation (§8.8.1). */
const DESCRIBING = ["content-type", "content-encoding", "content-language"];

/**
 * Returns a handler whose answers have an `ETag`, so that a cache before it can answer 304:
 * `cachedHandler(cache, withETags(handle), policy)`. Answers of status 200 to GET get one if they
 * have none; a body is read whole for it. What streams without an end in sight passes as it is:
 * `text/event-stream`, and bodies longer than `maxBody`.
 * @throws ConfigError naming the option at fault
 */
export function withETags<Extras extends readonly unknown[]>(
  handler: Handler<Extras>,
  options: ETagOptions = {},
): (request: Request, ...extras: Extras) => Promise<Response> {
  if (typeof handler !== "function") throw new ConfigError("handler", handler, "a function");
  const given = readOptions(options, { of: "withETags", known: ["weak", "maxBody"] });
  const isWeak = flag(given.weak, "weak", false);
  const most = asCount(given.maxBody, { option: "maxBody", most: MOST, otherwise: DEFAULT });
  async function tagged(request: Request, ...extras: Extras): Promise<Response> {
    const response = await handler(request, ...extras);
    if (!(request.method === "GET" && isTaggable(response, most))) return response;
    return tag(response, most, isWeak);
  }
  Object.defineProperty(tagged, "name", { value: handler.name, configurable: true });
  return tagged;
}

function isTaggable(response: Response, most: number): boolean {
  const { status, headers, bodyUsed } = Object(response) as Response;
  if (status !== 200 || bodyUsed || headers.has("etag")) return false;
  // Events come one by one, and their reader waits for each.
  if (/^\s*text\/event-stream\b/i.test(headers.get("content-type") ?? "")) return false;
  return !(Number(headers.get("content-length")) > most);
}

async function tag(response: Response, most: number, isWeak: boolean): Promise<Response> {
  const { body } = response;
  const read = body === null ? { parts: [] } : await readUpTo(body, most);
  if (read.rest !== undefined) return new Response(read.rest, response);
  const bytes = joined(read.parts);
  const described = DESCRIBING.map((name) => response.headers.get(name) ?? "").join("\n");
  const about = new TextEncoder().encode(`${described}\n\n`);
  const digest = await crypto.subtle.digest("SHA-256", joined([about, bytes]));
  const headers = new Headers(response.headers);
  const text = btoa(String.fromCharCode(...new Uint8Array(digest, 0, 18)));
  headers.set("etag", `${isWeak ? "W/" : ""}"${text}"`);
  const { status, statusText } = response;
  return new Response(body === null ? null : bytes, { status, statusText, headers });
}

/** Reads a body; one that is longer than `most` goes on as `rest`, from its beginning. */
async function readUpTo(
  body: ReadableStream<Uint8Array>,
  most: number,
): Promise<{ parts: Uint8Array[]; rest?: ReadableStream<Uint8Array> }> {
  const reader = body.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  while (length <= most) {
    const { done, value } = await reader.read();
    if (done) return { parts };
    parts.push(value);
    length += value.byteLength;
  }
  const rest = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const part = parts.shift();
      if (part !== undefined) return controller.enqueue(part);
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return { parts, rest };
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}
