/** How a request is answered at its place: by a call, or at once. */

import type { Asked } from "./asked.js";
import type { CachedHttp } from "./cached-http.js";
import { askForHead } from "./changes.js";
import { wayFor } from "./deciding.js";
import { tagged } from "./live.js";
import { type Found, find } from "./lookup.js";
import { part, takesPart } from "./partial.js";
import { StoredResponse, Variants } from "./stored.js";
import type { Told } from "./told.js";
import type { Place } from "./visit.js";

/** A call and its kind, the answer itself, or where else to look. */
export type Approach = "call" | "validate" | "reload" | Told | Variants;

/** Decides how a request is answered. */
export async function approach(http: CachedHttp, asked: Asked, place: Place): Promise<Approach> {
  if (asked.isPlain) return "call";
  const found = await find(http.driver, place.key);
  const value = found?.value;
  if (value instanceof Variants) return value;
  const stored = value instanceof StoredResponse ? value : undefined;
  if (stored !== undefined && http.isBarred(asked, stored)) return http.forward(asked, "bypass");
  return direct(http, asked, place, stored, found);
}

async function direct(
  http: CachedHttp,
  asked: Asked,
  place: Place,
  stored: StoredResponse | undefined,
  found: Found | undefined,
): Promise<Approach> {
  const way = wayFor(asked, stored, found, http.origin.fills);
  if (way === "serve" && stored !== undefined && found !== undefined) {
    const { age, ttl } = found;
    const times = { age, ttl: ttl - age };
    const source = times.ttl > 0 ? "hit" : "stale";
    const from = { source, layer: undefined, times, key: place.key } as const;
    return http.counted(asked, place.key, () => http.serve(asked, stored, from));
  }
  if (way === "fail") return nothingStored(asked);
  if (way === "forward") {
    const why = stored === undefined ? "uri-miss" : "stale";
    if (asked.method === "HEAD") return askForHead(http, asked, place, why);
    if (stored === undefined && takesPart(http, asked)) return part(http, asked, place.key);
    return http.forwardOrStored(asked, place.key, why);
  }
  return way === "validate" || way === "reload" ? way : "call";
}

/** The end of a request that only a stored response could have answered. */
function nothingStored(asked: Asked): Told {
  if (asked.mode === "only-if-cached") {
    throw new TypeError("only-if-cached: nothing that is stored may answer");
  }
  const response = new Response(null, { status: 504, statusText: "Gateway Timeout" });
  tagged(response, "holdover; detail=only-if-cached");
  const reason = "only-if-cached";
  return { response, source: "bypass", age: 0, ttl: 0, stored: false, reason };
}
