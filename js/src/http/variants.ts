/** The places of responses that depend on more of a request than its URL. */

import { heads } from "../core/http.js";
import type { Host } from "../engine/host.js";
import { Variants } from "./stored.js";

/** A record for a URL of which nothing is known. */
export function newRecord({ random, timers }: Host): Variants {
  const id = `${timers.now().toString(36)}${random().toString(36).slice(1)}`;
  return new Variants(id, []);
}

/** The key of one variant; undefined when no other request can have it. */
export function keyOfVariant(
  primary: string,
  record: Variants,
  list: string,
  requestHead: string,
): string | undefined {
  const selection = heads.http_vary_key(list, requestHead);
  if (selection === undefined) return undefined;
  return `${primary}\n${record.id}\n${list}\n${selection}`;
}

/** The keys where a request's response may be, the likeliest first. */
export function keysOfVariants(primary: string, record: Variants, requestHead: string): string[] {
  const keys: string[] = [];
  for (const list of record.lists) {
    const key = keyOfVariant(primary, record, list, requestHead);
    if (key !== undefined) keys.push(key);
  }
  return keys;
}
