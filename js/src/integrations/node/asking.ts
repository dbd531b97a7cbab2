/** Requests of Node as `Request`s, and `Request`s as requests of Node. */

import { IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import type { KnownRequest } from "./types.js";

/** A name or an address, and a port: nothing that could move the path. */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;
/** Fields of a connection, not of what is asked for. */
const OF_CONNECTION =
  /^(?::|(?:connection|keep-alive|proxy-connection|te|transfer-encoding|upgrade|http2-settings)$)/i;

/**
 * Returns the URL of a request; undefined for one whose URL would not be what the application sees:
 * two requests that it tells apart must not have one key.
 */
export function urlOf(request: KnownRequest): string | undefined {
  const { originalUrl, url, headers, protocol, socket } = request;
  const target = typeof originalUrl === "string" ? originalUrl : url;
  const host = headers[":authority"] ?? headers.host;
  if (typeof target !== "string" || typeof host !== "string") return undefined;
  if (!target.startsWith("/") || !HOST.test(host)) return undefined;
  const scheme =
    protocol === "http" || protocol === "https"
      ? protocol
      : socket?.encrypted === true
        ? "https"
        : "http";
  try {
    const parsed = new URL(`${scheme}://${host}${target}`);
    return parsed.href.slice(parsed.origin.length) === target ? parsed.href : undefined;
  } catch {
    return undefined;
  }
}

/** True for a request that has something a cached answer could not depend on, or that is no read. */
export function goesBy({ headers }: KnownRequest): boolean {
  const length = headers["content-length"];
  const hasBody = (length !== undefined && length !== "0") || "transfer-encoding" in headers;
  return hasBody || "upgrade" in headers;
}

/** Returns a read of Node's as a `Request`; undefined where `Headers` refuses one of its fields. */
export function requestOf(
  request: KnownRequest,
  url: string,
  signal: AbortSignal,
): Request | undefined {
  const headers = new Headers();
  const { rawHeaders, method = "GET" } = request;
  try {
    for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
      const name = rawHeaders[at] as string;
      if (!OF_CONNECTION.test(name)) headers.append(name, rawHeaders[at + 1] as string);
    }
    return new Request(url, { method, headers, signal });
  } catch {
    return undefined;
  }
}

/** What of a connection applications ask for. */
const TOLD = [
  "remoteAddress",
  "remotePort",
  "remoteFamily",
  "localAddress",
  "localPort",
  "localFamily",
  "encrypted",
  "authorized",
  "servername",
  "alpnProtocol",
] as const;

/** Returns a connection that leads nowhere, and tells what the real one would. */
export function connectionLike({ socket }: KnownRequest): Duplex {
  const connection = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const setting = { value: () => connection };
  for (const name of ["setTimeout", "setNoDelay", "setKeepAlive", "ref", "unref", "destroySoon"]) {
    Object.defineProperty(connection, name, setting);
  }
  for (const name of TOLD) {
    const value = socket?.[name];
    if (value !== undefined) Object.defineProperty(connection, name, { value });
  }
  return connection;
}

/**
 * Returns a request for a load: what `asked` says, as `original` came.
 * @param url its path, as the listener is to see it
 */
export function incoming(
  asked: Request,
  original: KnownRequest,
  url: string,
  connection: Duplex,
): IncomingMessage {
  const request = new IncomingMessage(connection);
  request.method = asked.method;
  request.url = url;
  request.httpVersion = original.httpVersion ?? "1.1";
  request.httpVersionMajor = original.httpVersionMajor ?? 1;
  request.httpVersionMinor = original.httpVersionMinor ?? 1;
  const host = original.headers[":authority"] ?? original.headers.host;
  const fields = new Map([...asked.headers, ["host", String(host)]]);
  request.headers = Object.fromEntries(fields);
  request.rawHeaders = [...fields].flat();
  request.complete = true;
  request.push(null);
  return request;
}
