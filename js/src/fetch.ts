/** The cached `fetch`: requests in, responses out; what is between is plain data. */

import { BoundPolicy } from "./bound-policy.js";
import type { Cache } from "./cache.js";
import { compileFetchOptions, type FetchOptions } from "./cache-options.js";
import { cacheStatus } from "./cache-status.js";
import type { Answer, Call } from "./call.js";
import { lifetimeOf, mayShare, mayStore, mayUseCache, wantsReload } from "./http-storing.js";
import type { CompiledIgnore } from "./key-ignore.js";
import { withoutQuery } from "./key-ignore.js";
import { type CompiledPolicy, compilePolicy } from "./policy.js";
import type { FetchPolicyOptions } from "./policy-options.js";
import { StoredResponse, store } from "./stored-response.js";

type Fetch = typeof globalThis.fetch;

/** Methods that change nothing at the origin (RFC 9110 §9.2.1). */
const SAFE = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/** Makes a cached `fetch`: see `Cache.fetch`. */
export function cachedFetch(
  cache: Cache,
  policy: FetchPolicyOptions | undefined,
  options: FetchOptions | undefined,
): Fetch {
  const fetcher = new CachedFetch(cache, policy, options);
  return (input, init) => fetcher.fetch(input as RequestInfo, init);
}

class CachedFetch {
  readonly #cache: Cache;
  readonly #policy: BoundPolicy;
  readonly #shared: boolean;
  readonly #fetch: Fetch | undefined;
  /** Responses that only the request that was sent for them may have. */
  readonly #unshared = new WeakSet<object>();

  constructor(
    cache: Cache,
    policy: FetchPolicyOptions | undefined,
    options: FetchOptions | undefined,
  ) {
    const { shared, fetch } = compileFetchOptions(options);
    this.#cache = cache;
    this.#shared = shared;
    this.#fetch = fetch;
    const rules = overResponses(compilePolicy(policy, "fetch"), shared);
    this.#policy = cache.policies.bound(new BoundPolicy(rules, cache.policies.nameFor("fetch")));
  }

  async fetch(input: RequestInfo | URL, init: RequestInit | undefined): Promise<Response> {
    const request = new Request(input, init);
    if (!mayUseCache(request, this.#shared)) return this.#forward(request);
    const call = this.#callOf(request);
    const { driver } = this.#cache;
    const answer = await (wantsReload(request) ? driver.refresh(call) : driver.call(call));
    return this.#respond(request, call, answer);
  }

  #callOf(request: Request): Call {
    return {
      key: this.#keyOf(request),
      policy: this.#policy,
      args: [request],
      timed: true,
      host: new URL(request.url).host,
      load: async ({ signal }) => this.#load(request, signal),
      signal: request.signal ?? undefined,
      lifetimeOf: (value) => lifetimeOf(value, this.#policy.rules, this.#shared),
    };
  }

  async #load(request: Request, signal: AbortSignal): Promise<StoredResponse | Response> {
    const headers = new Headers(request.headers);
    // The answer is for everybody who waits: a 304 would be no answer to the others.
    for (const name of ["if-none-match", "if-modified-since"]) headers.delete(name);
    // The load outlives its caller, so the caller's own signal must not reach the origin.
    const response = await store(await this.#ask(new Request(request, { headers, signal })));
    if (!mayShare(response, request, this.#shared)) this.#unshared.add(response);
    return response;
  }

  async #respond(request: Request, call: Call, answer: Answer): Promise<Response> {
    const { value, source } = answer;
    const isOwn = source === "load" || source === "bypass";
    if (value instanceof StoredResponse && (isOwn || !this.#unshared.has(value))) {
      const explained = this.#cache.entries.explain(call.key, answer);
      return withStatus(value.toResponse(), cacheStatus(explained, value.head.status));
    }
    // A live response, or one for a single user, is its leader's alone: whoever waited with it asks
    // for itself. So does who finds something under its key that is no response at all.
    const response = isOwn && isResponse(value) ? value : await this.#ask(request);
    return withStatus(response, cacheStatus({ source: "bypass" }, response.status));
  }

  /** Requests that no cache may answer; a change that succeeds drops what was known of its URL. */
  async #forward(request: Request): Promise<Response> {
    const response = await this.#ask(request);
    const { method, url } = request;
    if (!SAFE.has(method) && response.status >= 200 && response.status < 400) {
      await this.#invalidate(new Request(url, { headers: request.headers }));
    }
    const why = method === "GET" ? "bypass" : "method";
    return withStatus(response, cacheStatus({ source: "bypass" }, response.status, why));
  }

  /** Never rejects: the change has been made, whatever `key` thinks of it. */
  async #invalidate(request: Request): Promise<void> {
    try {
      await this.#cache.entries.invalidate(this.#keyOf(request));
    } catch (error) {
      const { events } = this.#cache.driver.host;
      events.tell({ type: "policy-error", option: "key", key: request.url, error });
    }
  }

  #ask(request: Request): Promise<Response> {
    return (this.#fetch ?? globalThis.fetch)(request);
  }

  #keyOf(request: Request): string {
    const { key, ignore } = this.#policy.rules;
    return key === undefined ? requestKey(request, ignore) : key([request]);
  }
}

/** Method and URL, without fragment and with the query sorted. */
function requestKey({ method, url }: Request, ignore: CompiledIgnore | undefined): string {
  const normalized = new URL(ignore === undefined ? url : withoutQuery(url, ignore.query));
  normalized.hash = "";
  normalized.searchParams.sort();
  return `${method} ${normalized.href}`;
}

/** The policy with its functions over stored responses; a 5xx counts as a failure by default. */
function overResponses(rules: CompiledPolicy, shared: boolean): CompiledPolicy {
  const { failIf, cacheIf, tags } = rules;
  const ofValue = tags?.ofValue;
  const asResponse = (value: unknown): unknown =>
    value instanceof StoredResponse ? value.toResponse() : value;
  return {
    ...rules,
    tags: tags && {
      ...tags,
      ofValue: ofValue && ((value, args) => ofValue(asResponse(value), args)),
    },
    failIf: failIf ? (value) => failIf(asResponse(value)) : (value) => statusOf(value) >= 500,
    cacheIf: (value, args) =>
      mayStore(value, args[0] as Request, shared) && (cacheIf?.(asResponse(value), args) ?? true),
  };
}

/** By shape: `fetch` may be another one than this realm's. */
function isResponse(value: unknown): value is Response {
  return typeof value === "object" && value !== null && "status" in value && "headers" in value;
}

function statusOf(value: unknown): number {
  return value instanceof StoredResponse ? value.head.status : (value as Response).status;
}

/** The response that a body came with: Node ends the body of a response that is collected. */
const owners = new WeakMap<ReadableStream, Response>();

/** The response with a member added to its `Cache-Status`; others may be there already. */
function withStatus(response: Response, status: string): Response {
  if (response.type === "error" || response.status === 0) return response;
  if (response.body !== null) owners.set(response.body, response);
  const own = new Response(response.body, response);
  own.headers.append("cache-status", status);
  return own;
}
