/** Requests of Node as `Request`s, and `Request`s as requests of Node. */

import { IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import type { CacheRequest } from "../../http/cache-request.js";
import { FORWARDED } from "../../http/forwarded.js";
import type { KnownRequest } from "./types.js";

/** A name or an address, and a port: nothing that could move the path. */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;
/** Fields of a connection, not of what is asked for. */
const OF_CONNECTION =
  /^(?::|(?:connection|keep-alive|proxy-connection|te|transfer-encoding|upgrade|http2-settings)$)/i;

/** Fields that have an application take a read for something else. */
const OVERRIDES = ["x-http-method", "x-http-method-override", "x-method-override"];

/**
 * Returns a `Vary` that the answer to a request has without saying so: where a
 * proxy tells how it was asked, frameworks may take their own URL from that, and whether this one
 * does is not to be seen from outside. So it is with a host that is not written as in URLs.
 */
export function impliedVary({ request: { headers }, url }: CacheRequest): string {
  const isPlain = url.split("/", 3)[2] === headers.get("host");
  const isDirect = isPlain && !FORWARDED.some((name) => headers.has(name));
  return isDirect ? "" : `vary: host, ${FORWARDED}\n`;
}

/**
 * Returns the URL of a request, as its client wrote it as far as proxies tell; undefined for one
 * whose URL would not be what the application sees: two requests that it tells apart must not have
 * one key.
 */
export function urlOf({ originalUrl, url, headers, socket }: KnownRequest): string | undefined {
  const target = typeof originalUrl === "string" ? originalUrl : url;
  const host = headers[":authority"] ?? headers.host;
  // What follows a "#" is no part of what is asked for, but applications are given it.
  if (typeof target !== "string" || !target.startsWith("/") || target.includes("#")) {
    return undefined;
  }
  const scheme = socket?.encrypted === true ? "https" : "http";
  const whole = joined(scheme, host, target);
  if (whole === undefined) return undefined;
  const claimed = told(headers["x-forwarded-proto"]);
  const asked = claimed === "http" || claimed === "https" ? claimed : scheme;
  const named = told(headers["x-forwarded-host"]) ?? host;
  return joined(asked, named, target) ?? joined(asked, host, target) ?? whole;
}

/** The first of a list that proxies have added to, as the one nearest to the client wrote it. */
const told = (list: unknown): string | undefined =>
  typeof list === "string" ? list.split(",", 1)[0]?.trim() : undefined;

/** Returns a URL; undefined where it would have another target. */
function joined(scheme: string, host: unknown, target: string): string | undefined {
  if (typeof host !== "string" || !HOST.test(host)) return undefined;
  try {
    const { href, origin } = new URL(`${scheme}://${host}${target}`);
    return href.slice(origin.length) === target ? href : undefined;
  } catch {
    return undefined;
  }
}

/** True for a request that has something a cached answer could not depend on, or that is no read. */
export function goesBy({ headers }: KnownRequest): boolean {
  const length = headers["content-length"];
  const hasBody = (length !== undefined && length !== "0") || "transfer-encoding" in headers;
  return hasBody || "upgrade" in headers || OVERRIDES.some((name) => name in headers);
}

const hostOf = ({ headers }: KnownRequest): string => String(headers[":authority"] ?? headers.host);

/** Returns a read of Node's as a `Request`; undefined where `Headers` refuses one of its fields. */
export function requestOf(
  request: KnownRequest,
  url: string,
  signal: AbortSignal,
): Request | undefined {
  const headers = new Headers();
  const { rawHeaders, method = "GET" } = request;
  try {
    headers.set("host", hostOf(request));
    for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
      const name = rawHeaders[at] as string;
      if (!OF_CONNECTION.test(name) && !/^host$/i.test(name))
        headers.append(name, rawHeaders[at + 1] as string);
    }
    return new Request(url, { method, headers, signal });
  } catch {
    return undefined;
  }
}

/** Properties of a connection that applications read. */
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
  // One that a response was destroyed with; the response tells of it.
  connection.on("error", () => {});
  connection.on("finish", () => connection.destroy());
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
 * Returns a request for a load: that of `asked`, on the connection of `original`.
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
  const fields = new Map([...asked.headers, ["host", hostOf(original)]]);
  request.headers = Object.fromEntries(fields);
  request.rawHeaders = [...fields].flat();
  request.complete = true;
  request.push(null);
  return request;
}
