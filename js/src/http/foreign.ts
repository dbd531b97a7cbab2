/**
 * Requests and responses of other kinds than this realm's: subclasses, proxies, other realms,
 * libraries.
 */

import { describe } from "../util/describe.js";
import { isResponse, placed } from "./live.js";

/**
 * The request that a library or another realm made, or a proxy of one, as one of this realm;
 * anything else as it is.
 * @throws TypeError for one whose body has been used
 */
export function ofThisRealm(input: RequestInfo | URL): RequestInfo | URL {
  if (typeof input !== "object" || input instanceof URL || isOfHost(input)) return input;
  const { url, method, headers } = input;
  if (typeof url !== "string" || typeof method !== "string") return input;
  const init = { ...initOf(input, [...headers]), ...fetchingOf(input) };
  return inKind(new Request(url, init), input);
}

/**
 * True for a request that the host takes for one. It asks the object itself: a proxy, such as route
 * handlers of Next.js are given, is an instance of the class and fails in its constructor.
 */
function isOfHost(input: object): boolean {
  if (!(input instanceof Request)) return false;
  try {
    Reflect.get(Request.prototype, "method", input);
    return true;
  } catch {
    return false;
  }
}

/**
 * The options with which a request is to be fetched, as far as its class has them and a copy may
 * have them.
 */
function fetchingOf({ cache, credentials, integrity, mode }: Request): RequestInit {
  const named = { cache, credentials, integrity, mode: mode === "navigate" ? undefined : mode };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => typeof value === "string"));
}

/**
 * A request as a handler knows it: an object of the class of `original`, with all that a framework
 * added to it (`nextUrl`, `params`, `geo`, …). Its standard members are those of `request`.
 */
export function inKind(request: Request, original: Request): Request {
  const kind: object = Object.getPrototypeOf(original);
  const isPlain = kind === Request.prototype && Object.keys(original).length === 0;
  if (isPlain) return request;
  for (let from: object = original; isAdded(from); from = Object.getPrototypeOf(from)) {
    for (const name of Reflect.ownKeys(from)) {
      if (Object.hasOwn(request, name) || name === "constructor") continue;
      Object.defineProperty(request, name, memberOf(request, original, name));
    }
  }
  if (original instanceof Request) Object.setPrototypeOf(request, kind);
  return request;
}

const isAdded = (from: object | null): boolean =>
  from !== null && from !== Request.prototype && from !== Object.prototype;

/** A member for the request: its own where Fetch has one of that name, else the original's. */
function memberOf(request: Request, original: Request, name: string | symbol): PropertyDescriptor {
  const source = name in Request.prototype ? Request.prototype : original;
  const self = source === original ? original : request;
  const get = () => {
    const value: unknown = Reflect.get(source, name, self);
    return typeof value === "function" ? value.bind(self) : value;
  };
  const set = (value: unknown) => void Reflect.set(original, name, value);
  return { get, set, configurable: true, enumerable: true };
}

/**
 * Asks a `fetch` that was given, of whatever library or realm: one that does not know this realm's
 * requests finds the URL in its place, and the rest of the request beside it.
 */
export async function askForeign(
  fetch: typeof globalThis.fetch,
  request: Request,
): Promise<Response> {
  Object.defineProperty(request, "toString", { value: () => request.url, configurable: true });
  const isNavigation = request.mode === "navigate"; // which an init would end
  const init = isNavigation ? undefined : initOf(request, [...request.headers]);
  return checkedResponse(await fetch(request, init), 'option "fetch"', request);
}

function initOf(request: Request, headers: readonly (readonly [string, string])[]): RequestInit {
  const { method, body, redirect, signal } = request;
  const init = { method, headers: Object.fromEntries(headers), redirect, signal };
  const isAsked = body !== null && body !== undefined;
  return isAsked ? ({ ...init, body, duplex: "half" } as RequestInit) : init;
}

/**
 * A response with a stream that this realm can read.
 * @param from the function that gave it, for the message
 * @throws TypeError for what is no response
 */
export function checkedResponse(given: unknown, from: string, request: Request): Response {
  if (!isResponse(given) || typeof given.headers?.get !== "function") {
    const { method, url } = request;
    const wanted = "a Response, or a promise of one, is needed";
    throw new TypeError(
      `holdover: ${from} returned ${describe(given)} for ${method} ${url}; ${wanted}`,
    );
  }
  return readable(given);
}

/** Statuses whose responses have no body. */
const BODILESS = [101, 103, 204, 205, 304];

/** node-fetch's bodies are streams of Node's own. */
function readable(response: Response): Response {
  const { status, statusText, headers, url, redirected } = response;
  const body: unknown = response.body;
  if (!isIterable(body) || "getReader" in body) return response;
  const stream = BODILESS.includes(status) ? null : streamOf(body);
  return placed(
    new Response(stream, { status, statusText, headers: [...headers] }),
    url,
    redirected,
  );
}

const isIterable = (value: unknown): value is AsyncIterable<Uint8Array> =>
  typeof value === "object" && value !== null && Symbol.asyncIterator in value;

function streamOf(body: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: async () => void (await chunks.return?.()),
  });
}
