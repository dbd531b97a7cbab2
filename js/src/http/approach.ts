/** Decides between answering a request at its storage location at once and making a call for it. */

import {
  WAY_BYPASS,
  WAY_FAIL,
  WAY_FAIL_HARD,
  WAY_FORWARD,
  WAY_FORWARD_HEAD,
  WAY_PART,
  WAY_RELOAD,
  WAY_SERVE,
  WAY_VALIDATE,
} from "../core/abi.js";
import { heads } from "../core/http.js";
import type { CacheRequest } from "./cache-request.js";
import type { CacheResult } from "./cache-result.js";
import { askForHead } from "./changes.js";
import { forward, forwardOrStored } from "./forwarding.js";
import type { HttpContext } from "./http-context.js";
import { tagged } from "./live.js";
import type { StorageLocation } from "./load-request.js";
import { type Found, find, numbersOfStored } from "./lookup.js";
import { part } from "./partial.js";
import { StoredResponse, Variants } from "./stored.js";

/** A call and its kind, the answer itself, or where else to look. */
export type Approach = "call" | "validate" | "reload" | CacheResult | Variants;

/** A stored response and its entry. */
interface Held extends Found {
  readonly value: StoredResponse;
}

const NOTHING = new Float64Array();

/** Finds out how a request is answered. */
export async function approach(
  http: HttpContext,
  asked: CacheRequest,
  place: StorageLocation,
): Promise<Approach> {
  if (asked.isPlain) return "call";
  const found = await find(http.driver, place.key);
  if (found?.value instanceof Variants) return found.value;
  const held = found?.value instanceof StoredResponse ? (found as Held) : undefined;
  return taken(http, asked, place, held, wayOf(http, asked, held));
}

function wayOf(http: HttpContext, asked: CacheRequest, held: Held | undefined): number {
  const { origin, keys } = http;
  const stored = held === undefined ? NOTHING : numbersOfStored(asked, held.value, held);
  // Keys of a caller's own may be anything, also those of parts.
  return heads.http_way(asked.plan.numbers, stored, origin.fills, keys !== undefined);
}

function taken(
  http: HttpContext,
  asked: CacheRequest,
  place: StorageLocation,
  held: Held | undefined,
  way: number,
): Approach | Promise<Approach> {
  const why = held === undefined ? "uri-miss" : "stale";
  switch (way) {
    case WAY_SERVE:
      return served(http, asked, place.key, held as Held);
    case WAY_FAIL:
    case WAY_FAIL_HARD:
      return nothingStored(way === WAY_FAIL_HARD);
    case WAY_BYPASS:
      return forward(http, asked, "bypass");
    case WAY_FORWARD_HEAD:
      return askForHead(http, asked, place, why);
    case WAY_PART:
      return part(http, asked, place.key);
    case WAY_FORWARD:
      return forwardOrStored(http, asked, place.key, why);
    default:
      return way === WAY_VALIDATE ? "validate" : way === WAY_RELOAD ? "reload" : "call";
  }
}

function served(
  http: HttpContext,
  asked: CacheRequest,
  key: string,
  held: Held,
): Promise<CacheResult> {
  const { age, ttl, value } = held;
  const times = { age, ttl: ttl - age };
  const source = times.ttl > 0 ? "hit" : "stale";
  const from = { source, tier: undefined, times, key } as const;
  return http.counted(asked, key, () => http.serve(asked, value, from));
}

/** The end of a request that only a stored response could have answered. */
function nothingStored(isHard: boolean): CacheResult {
  if (isHard) throw new TypeError("only-if-cached: nothing that is stored may answer");
  const response = new Response(null, { status: 504, statusText: "Gateway Timeout" });
  tagged(response, "holdover; detail=only-if-cached");
  const reason = "only-if-cached";
  return { response, source: "bypass", age: 0, ttl: 0, stored: false, reason };
}
