/** Tells pages that a stored response was replaced by another one. */

import { providedWaitUntil } from "../runtime/clock.js";
import { ConfigError } from "../util/errors.js";
import { optionalFunction, readOptions } from "../util/options.js";
import { checkServed, type Responding } from "./served.js";

type Fetch = typeof globalThis.fetch;

/** The message about an update that pages receive. */
export interface UpdateMessage {
  /** Always this text. */
  readonly type: "holdover-update";
  /** The URL whose response is another one now. */
  readonly url: string;
}

/** The used part of a page. */
export interface ClientLike {
  /** Sends it a message. */
  postMessage(message: UpdateMessage): void;
}

/** The used part of `ServiceWorkerGlobalScope`. */
export interface UpdateEvents {
  /** Adds an event listener. */
  addEventListener(type: string, listener: (event: never) => void): void;
  /** The pages of this origin. */
  readonly clients?:
    | {
        /** Returns a page by its id. */
        get(id: string): Promise<unknown>;
        /** Returns the open pages. */
        matchAll(options: {
          readonly type: "window";
          /** True for those of other workers, too. */
          readonly includeUncontrolled: boolean;
        }): Promise<readonly ClientLike[]>;
      }
    | undefined;
}

/** Options of {@link broadcastUpdates}. */
export interface UpdateOptions {
  /**
   * The fields that tell two responses apart. Default `["content-length", "etag",
   * "last-modified"]`; responses that have none of them count as the same.
   */
  readonly headers?: readonly string[] | undefined;
  /**
   * The name of a `BroadcastChannel` that carries the messages. Default: none, each page gets them
   * as `message` events of `navigator.serviceWorker`.
   */
  readonly channel?: string | undefined;
  /** The `fetch` that asks the network. Default: the global one. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** The worker's global scope. Default: the global scope. */
  readonly scope?: UpdateEvents | undefined;
}

const HEADERS = ["content-length", "etag", "last-modified"];
const NAMES = ["headers", "channel", "fetch", "scope"] as const;
/** A field's name (RFC 9110 §5.6.2). */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
/** The fields of a request that are about what is stored, not about which of it. */
const CONDITIONS = /^(?:if-|range$|cache-control$|pragma$)/;
/** Milliseconds before each look for the new entry, once its body has come. */
const LOOKS = [0, 10, 50, 250, 1000];
/** The same for the page of a navigation, which exists only once its response has begun. */
const PAGE_LOOKS = [0, 20, 50, 100, 250, 500, 1000];
/** Requests of pages that are remembered. */
const MOST = 64;

/**
 * Tells pages when a load has replaced a stored response by another one: the fields of `headers`
 * differ. `serve` gets the `fetch` that compares, and gives it to `serveFrom`:
 *
 * ```js
 * broadcastUpdates((fetch) => serveFrom(cache, routes, { fetch: { fetch } }));
 * ```
 *
 * The message, an {@link UpdateMessage}, comes when the new response is in the cache. A 304 is no
 * update, nor is the first response of a URL. Navigations that were preloaded are not compared.
 *
 * @returns the result of `serve`
 * @throws ConfigError naming the wrong option
 */
export function broadcastUpdates<Worker extends Responding>(
  serve: (fetch: typeof globalThis.fetch) => Worker,
  options: UpdateOptions = {},
): Worker {
  const given = readOptions(options, { of: "broadcastUpdates", known: NAMES });
  const scope = (given.scope ?? globalThis) as unknown as UpdateEvents;
  const network = optionalFunction<Fetch>(given.fetch, "fetch", "like the global fetch");
  const tell = teller(scope, given.channel);
  const watch = new Watch(compileHeaders(given.headers), tell);
  if (typeof serve !== "function") {
    throw new ConfigError("serve", serve, "a function (fetch) => serveFrom(…)");
  }
  const worker = serve((input, init) => {
    // As it came: an init of its own would end a navigation.
    const asked = input instanceof Request ? input : new Request(input, init);
    const load = () => (network ?? globalThis.fetch)(input, network ? init : undefined);
    return watch.load(asked, load);
  });
  checkServed(worker, "what broadcastUpdates is given");
  watch.over(worker);
  scope.addEventListener("fetch", (event: NavigationLike) => watch.note(event));
  return worker;
}

/** The used part of a `fetch` event. */
interface NavigationLike {
  readonly request: Request;
  readonly resultingClientId?: string | undefined;
}

/** Tells pages of a URL; the id is of the page that is navigated to it, if one is. */
type Tell = (url: string, clientId: string | undefined) => Promise<void>;

class Watch {
  readonly #headers: readonly string[];
  readonly #tell: Tell;
  /** The last requests for URLs, as pages made them: loads are sent in another form. */
  readonly #requests = new Map<string, Request>();
  readonly #clients = new Map<string, string>();
  #respond: Responding["respond"] = () => undefined;

  constructor(headers: readonly string[], tell: Tell) {
    this.#headers = headers;
    this.#tell = tell;
  }

  /** Listens to what a worker is asked. */
  over(worker: Responding): void {
    const respond = worker.respond.bind(worker);
    this.#respond = respond;
    worker.respond = (request) => {
      remember(this.#requests, request.url, request);
      return respond(request);
    };
  }

  note({ request, resultingClientId }: NavigationLike): void {
    if (resultingClientId) remember(this.#clients, request.url, resultingClientId);
  }

  /** Loads, and tells of an update without holding the load up. */
  async load(asked: Request, run: () => Promise<Response>): Promise<Response> {
    if (asked.method !== "GET") return run();
    const lookup = lookupOf(asked, this.#requests.get(asked.url) ?? asked);
    let isOver = (_: unknown) => {};
    // Asked for now, while the event of the page that waits for this load is not over.
    providedWaitUntil()?.(
      new Promise((resolve) => {
        isOver = resolve;
      }),
    );
    const before = this.#held(lookup);
    try {
      const response = await run();
      const old = response.ok ? await before : undefined;
      const isNew = old !== undefined && this.#differ(old, response.headers);
      if (isNew) this.#announce(lookup, old, response.clone()).then(isOver, isOver);
      else isOver(undefined);
      return response;
    } catch (error) {
      isOver(error);
      throw error;
    }
  }

  async #announce(lookup: Request, old: Headers, fresh: Response): Promise<void> {
    await drained(fresh);
    for (const delay of LOOKS) {
      await pause(delay);
      const now = await this.#held(lookup);
      if (now === undefined || !this.#differ(old, now)) continue;
      return this.#tell(lookup.url, this.#clients.get(lookup.url));
    }
  }

  /** Returns the fields of what is stored for a request, however stale. */
  async #held(lookup: Request): Promise<Headers | undefined> {
    try {
      const response = await this.#respond(lookup);
      response?.body?.cancel().catch(() => {});
      const isStored = /;\s*hit/.test(response?.headers.get("cache-status") ?? "");
      // A fallback page may be stored, too, under a URL of its own.
      const isOther = response?.url !== "" && response?.url !== lookup.url;
      return isStored && !isOther ? response?.headers : undefined;
    } catch {
      return undefined; // Nothing is stored.
    }
  }

  #differ(one: Headers, other: Headers): boolean {
    return this.#headers.some(
      (name) => (one.has(name) || other.has(name)) && one.get(name) !== other.get(name),
    );
  }
}

/** Returns the request that reads a URL's entry and asks nobody. */
function lookupOf(asked: Request, original: Request): Request {
  const headers = new Headers();
  for (const [name, value] of original.headers) {
    if (!CONDITIONS.test(name)) headers.append(name, value);
  }
  const url = asked.url.split("#")[0] ?? "";
  const lookup = new Request(url, { headers, cache: "only-if-cached", mode: "same-origin" });
  // For the functions of routes, which may look at these.
  for (const name of ["mode", "destination"] as const) {
    Object.defineProperty(lookup, name, { value: original[name] });
  }
  return lookup;
}

/** Keeps the latest of a few. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  for (const first of map.keys()) {
    if (map.size <= MOST) return;
    map.delete(first);
  }
}

async function drained(response: Response): Promise<void> {
  const reader = response.body?.getReader();
  while (reader !== undefined && !(await reader.read()).done);
}

const pause = (delay: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, delay);
  });

function teller(scope: UpdateEvents, channel: unknown): Tell {
  if (channel !== undefined && (typeof channel !== "string" || channel === "")) {
    throw new ConfigError("channel", channel, "a text that is not empty");
  }
  return async (url, clientId) => {
    const message: UpdateMessage = { type: "holdover-update", url };
    const { clients } = scope;
    if (clientId !== undefined) await appeared(() => clients?.get(clientId));
    if (channel !== undefined) {
      const sender = new BroadcastChannel(channel);
      sender.postMessage(message);
      sender.close();
      return;
    }
    const pages = await clients?.matchAll({ type: "window", includeUncontrolled: true });
    for (const page of pages ?? []) page.postMessage(message);
  };
}

/** Waits, for a while, until a page is there. */
async function appeared(look: () => Promise<unknown> | undefined): Promise<void> {
  for (const delay of PAGE_LOOKS) {
    await pause(delay);
    if ((await look()) !== undefined) return;
  }
}

function compileHeaders(headers: unknown): readonly string[] {
  if (headers === undefined) return HEADERS;
  const isName = (name: unknown) => typeof name === "string" && TOKEN.test(name);
  if (Array.isArray(headers) && headers.length > 0 && headers.every(isName)) return [...headers];
  throw new ConfigError("headers", headers, "a list of names of fields");
}
