/** Sends a `Response` as a response of Node. */

import type { NodeResponse } from "./types.js";

/** Fields of the connection to whoever gave the response. */
const OF_CONNECTION = ["connection", "keep-alive", "transfer-encoding"];

/** More of responses than each of them has. */
type KnownResponse = NodeResponse & {
  statusMessage?: string;
  readonly req?: { readonly httpVersionMajor?: number };
  flushHeaders?(): void;
  destroy?(error?: unknown): void;
  addTrailers?(trailers: Record<string, string>): void;
};

/**
 * Sends a response to a client, at the client's pace. A body that breaks off ends the connection.
 * @param trailers asked for when the body has ended
 */
export async function send(
  response: Response,
  target: NodeResponse,
  trailers: () => readonly (readonly [string, string])[],
): Promise<void> {
  const to = target as KnownResponse;
  writeHead(response, to);
  const reader = response.body?.getReader();
  if (reader === undefined) return void to.end();
  try {
    if (!(await pumped(reader, to))) return;
    const last = trailers();
    if (last.length > 0) to.addTrailers?.(Object.fromEntries(last));
    to.end();
  } catch (error) {
    to.destroy?.(error);
  }
}

function writeHead(response: Response, to: KnownResponse): void {
  const { status, statusText, headers } = response;
  to.statusCode = status;
  if (statusText !== "" && to.req?.httpVersionMajor !== 2) to.statusMessage = statusText;
  for (const [name, value] of headers) {
    if (name === "set-cookie" || OF_CONNECTION.includes(name)) continue;
    to.setHeader(name, name === "vary" ? both(to.getHeader("vary"), value) : value);
  }
  const cookies = headers.getSetCookie();
  if (cookies.length === 0) return;
  const before: unknown = to.getHeader("set-cookie") ?? [];
  to.setHeader("set-cookie", [...[before].flat().map(String), ...cookies]);
}

/** Joins two lists of fields that an answer depends on: middleware further out may have one. */
function both(before: unknown, value: string): string {
  if (before === undefined) return value;
  const known = value.toLowerCase().split(/\s*,\s*/);
  const more = [before].flat().join(",").split(",");
  const added = more
    .map((name) => name.trim())
    .filter((name) => !known.includes(name.toLowerCase()));
  return [value, ...added].join(", ");
}

/** Writes all parts of a body; false if the client has left. */
async function pumped(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  to: KnownResponse,
): Promise<boolean> {
  const pace = new Pace(to, () => reader.cancel());
  let next = reader.read();
  if (await isSlow(next)) to.flushHeaders?.();
  for (;;) {
    const part = await next;
    if (pace.isClosed) return false;
    if (part.done) return true;
    if (to.write(part.value) === false) await pace.resumed();
    if (pace.isClosed) return false;
    next = reader.read();
  }
}

/** True if a part is not there within a turn of the event loop: the head goes first then. */
function isSlow(part: Promise<unknown>): Promise<boolean> {
  return Promise.race([
    part.then(
      () => false,
      () => false,
    ),
    new Promise<boolean>((resolve) => setTimeout(resolve, 0, true)),
  ]);
}

/** Says when a client takes more, and when it has left. */
class Pace {
  isClosed: boolean;
  #resume = (): void => {};

  constructor(to: KnownResponse, whenClosed: () => Promise<void>) {
    this.isClosed = to.destroyed === true;
    to.on("drain", () => this.#resume());
    to.on("close", () => {
      this.isClosed = true;
      this.#resume();
      whenClosed().catch(() => {});
    });
  }

  resumed(): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = resolve;
      if (this.isClosed) resolve();
    });
  }
}
