/** Values that only one caller can read: they are neither stored nor shared. */

import { tagOf } from "../util/realms.js";

/** Members looked at: results of several requests are often given in a list. */
const MOST_MEMBERS = 100;

/** True for a response, a stream or an iterator, and for a list or plain object with one in it. */
export function canBeReadOnce(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  try {
    if (isReadOnce(value)) return true;
    if (Array.isArray(value)) return value.slice(0, MOST_MEMBERS).some(isReadOnce);
    return isPlain(value) && hasReadOnce(value as Readonly<Record<string, unknown>>);
  } catch {
    return false; // a revoked proxy, a getter that throws
  }
}

function hasReadOnce(value: Readonly<Record<string, unknown>>): boolean {
  let left = MOST_MEMBERS;
  for (const name in value) {
    if (isReadOnce(value[name])) return true;
    left -= 1;
    if (left === 0) break;
  }
  return false;
}

function isPlain(value: object): boolean {
  const proto = Object.getPrototypeOf(value);
  return proto === null || Object.getPrototypeOf(proto) === null;
}

function isReadOnce(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const shape = value as { readonly next?: unknown; readonly pipe?: unknown };
  const iterates = Symbol.iterator in value || Symbol.asyncIterator in value;
  if (iterates && typeof shape.next === "function") return true;
  // A stream of Node's iterates, too, but has no `next`.
  if (Symbol.asyncIterator in value && typeof shape.pipe === "function") return true;
  if ("bodyUsed" in value) return true;
  return "getReader" in value && tagOf(value) === "ReadableStream";
}

/** Says, once for each function, that its results cannot be cached. */
export function warnOfReadOnce(name: string): void {
  const { console } = globalThis as { console?: { warn(text: string): void } };
  console?.warn(
    `holdover: "${name}" gives what can be read only once (a Response, a stream or an iterator), ` +
      "which is not cached: use cachedFetch or cachedHandler of holdover/fetch for responses, or return what was read",
  );
}
