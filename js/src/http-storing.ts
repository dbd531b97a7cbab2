/**
 * What may be stored of HTTP, and for how long: the cautious part of RFC 9111 that the first
 * `cache.fetch` follows. Where the whole of the RFC would take thought, nothing is stored.
 */

import type { Lifetime } from "./layers.js";
import type { CompiledPolicy } from "./policy.js";
import { StoredResponse } from "./stored-response.js";

/** Final statuses that are understood and may be stored (RFC 9110 §15.1, without 206). */
const STORABLE = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]);

type Directives = ReadonlyMap<string, string>;

/** The directives of a Cache-Control value; of those given twice the first counts (RFC 9111 §4.2.1). */
function directivesOf(headers: Headers): Directives {
  const directives = new Map<string, string>();
  for (const part of (headers.get("cache-control") ?? "").split(",")) {
    const [name = "", value = ""] = part.split("=", 2);
    const known = name.trim().toLowerCase();
    if (known !== "" && !directives.has(known)) {
      directives.set(known, value.trim().replace(/^"(.*)"$/, "$1"));
    }
  }
  return directives;
}

/** Delta-seconds as milliseconds; undefined when there are none, 0 when they are no number. */
function seconds(directives: Directives, name: string): number | undefined {
  const value = directives.get(name);
  if (value === undefined) return undefined;
  return /^\d+$/.test(value) ? Number(value) * 1000 : 0;
}

/** Whether a request can be answered from a cache, and its answer kept. */
export function mayUseCache(request: Request, shared: boolean): boolean {
  const { headers, method } = request;
  if (method !== "GET" || headers.has("range")) return false;
  if (shared && headers.has("authorization")) return false;
  return !directivesOf(headers).has("no-store") && modeOf(request) !== "no-store";
}

/** Whether the caller wants the origin asked, whatever is stored. */
export function wantsReload(request: Request): boolean {
  const mode = modeOf(request);
  return mode === "reload" || mode === "no-cache" || directivesOf(request.headers).has("no-cache");
}

/** The request's cache mode; workerd has it only behind a compatibility flag. */
function modeOf(request: Request): RequestCache | undefined {
  return request.cache;
}

/** Whether a response may be stored and given to others later. */
export function mayStore(response: unknown, request: Request, shared: boolean): boolean {
  if (!(response instanceof StoredResponse) || !STORABLE.has(response.head.status)) return false;
  return mayShare(response, request, shared);
}

/**
 * Whether a response may be given to others who wait for it now. The status does not matter: an
 * origin that fails is not asked once for each of them.
 */
export function mayShare(response: unknown, request: Request, shared: boolean): boolean {
  if (!(response instanceof StoredResponse)) return false;
  const headers = new Headers(response.head.headers.map(([name, value]) => [name, value]));
  const directives = directivesOf(headers);
  if (directives.has("no-store") || directives.has("no-cache") || headers.has("vary")) return false;
  if (!isWhole(response, headers)) return false;
  if (!shared) return true;
  if (directives.has("private") || headers.has("set-cookie")) return false;
  // An answer to a request with cookies may be for one user only, unless it says otherwise.
  const isPublic = ["public", "max-age", "s-maxage"].some((name) => directives.has(name));
  return isPublic || !request.headers.has("cookie");
}

/** Whether the body is as long as was promised, where that can be told. */
function isWhole({ body }: StoredResponse, headers: Headers): boolean {
  const promised = headers.get("content-length");
  if (promised === null || body === null || headers.has("content-encoding")) return true;
  return Number(promised) === body.length;
}

/** How long a response may be used: its headers decide, the policy fills in. */
export function lifetimeOf(response: unknown, policy: CompiledPolicy, shared: boolean): Lifetime {
  if (!(response instanceof StoredResponse)) return policy;
  const headers = new Headers(response.head.headers.map(([name, value]) => [name, value]));
  const directives = directivesOf(headers);
  const fresh =
    (shared ? seconds(directives, "s-maxage") : undefined) ??
    seconds(directives, "max-age") ??
    expiresIn(headers) ??
    policy.ttl;
  const ttl = Math.max(0, fresh - ageOf(headers));
  const forbidsStale =
    directives.has("must-revalidate") ||
    (shared && (directives.has("proxy-revalidate") || directives.has("s-maxage")));
  if (forbidsStale) return { ttl, staleWhileRevalidate: 0, staleIfError: 0 };
  return {
    ttl,
    staleWhileRevalidate:
      seconds(directives, "stale-while-revalidate") ?? policy.staleWhileRevalidate,
    staleIfError: seconds(directives, "stale-if-error") ?? policy.staleIfError,
  };
}

/** What `Expires` leaves, counted from `Date` (RFC 9111 §4.2.1); a wrong date is in the past. */
function expiresIn(headers: Headers): number | undefined {
  const expires = headers.get("expires");
  if (expires === null) return undefined;
  const left = Date.parse(expires) - Date.parse(headers.get("date") ?? "");
  return left > 0 ? left : 0;
}

/** How long the response had been in other caches, in milliseconds. */
function ageOf(headers: Headers): number {
  const age = headers.get("age") ?? "";
  return /^\d+$/.test(age) ? Number(age) * 1000 : 0;
}
