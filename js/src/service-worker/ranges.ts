/** Answers range requests for precached files with the part that they ask for. */

import { compilePrecache, type PrecacheEntry } from "./precache.js";
import { checkServed, type Responding } from "./served.js";

type Range = readonly [first: number, last: number];

/**
 * Has range requests for files of `precache` answered with 206 from what is installed, as players
 * of audio and video need it (Safari refuses others). Without it they go to the route or the
 * network. Give it the same list as `serveFrom`.
 *
 * A request for several ranges, or with an `If-Range` that does not name the installed file, gets
 * the whole file.
 * @throws ConfigError naming the wrong entry
 */
export function answerRanges(served: Responding, precache: readonly PrecacheEntry[]): void {
  checkServed(served, "answerRanges");
  const files = compilePrecache(precache, globalThis.location?.origin);
  const versioned = new Map(files.map(({ url, revision }) => [url, revision !== undefined]));
  const respond = served.respond.bind(served);
  served.respond = (request) => {
    const asked = request.headers.get("range");
    const url = request.url.split("#")[0] ?? "";
    const isInstalled = versioned.get(url);
    if (asked === null || request.method !== "GET" || isInstalled === undefined) {
      return respond(request);
    }
    // A plain file is the route's or the network's, which answer ranges, while they can.
    return respond(isInstalled ? new Request(url) : request)?.then((response) =>
      partOf(response, asked, request.headers.get("if-range")),
    );
  };
}

/** Returns the part of a whole response that is asked for; the response if that is none. */
async function partOf(
  response: Response,
  asked: string,
  ifRange: string | null,
): Promise<Response> {
  const { headers } = response;
  const isSame = [null, headers.get("etag"), headers.get("last-modified")].includes(ifRange);
  const match = /^bytes=(\d*)-(\d*)$/.exec(asked.replace(/\s/g, ""));
  const isPlain =
    response.status === 200 && (headers.get("content-encoding") ?? "identity") === "identity";
  if (!isSame || !isPlain || match === null || match[0] === "bytes=-") return response;
  const whole = await response.blob();
  const range = rangeIn(whole.size, match[1] ?? "", match[2] ?? "");
  const changed = new Headers(headers);
  changed.set("content-range", `bytes ${range?.join("-") ?? "*"}/${whole.size}`);
  if (range === undefined) {
    for (const name of ["content-length", "content-type"]) changed.delete(name);
    return new Response(null, {
      status: 416,
      statusText: "Range Not Satisfiable",
      headers: changed,
    });
  }
  const part = whole.slice(range[0], range[1] + 1, whole.type);
  changed.set("content-length", `${part.size}`);
  return new Response(part, { status: 206, statusText: "Partial Content", headers: changed });
}

/** Returns the positions of the first and last byte; undefined if there are none (RFC 9110 §14.1). */
function rangeIn(size: number, first: string, last: string): Range | undefined {
  if (first === "") {
    const length = Math.min(size, Number(last));
    return length > 0 ? [size - length, size - 1] : undefined;
  }
  const from = Number(first);
  const to = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  return from < size && from <= to ? [from, to] : undefined;
}
