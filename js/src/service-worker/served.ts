/** A service worker that serves from a cache, as far as what is added to one needs it. */

import { ConfigError } from "../util/errors.js";

/** The used part of the result of `serveFrom`: its listeners call `respond` of this object. */
export interface Responding {
  /** Returns the response to a request; undefined if no route matches it. */
  respond(request: Request): Promise<Response> | undefined;
}

/** The used part of an event. */
export interface EventLike {
  waitUntil(work: Promise<unknown>): void;
}

/**
 * Checks an argument.
 * @throws ConfigError
 */
export function checkServed(served: unknown, of: string): asserts served is Responding {
  if (typeof (served as Responding | null | undefined)?.respond === "function") return;
  const subject = `the first argument of ${of}`;
  throw new ConfigError("served", served, "the result of serveFrom", { subject });
}
