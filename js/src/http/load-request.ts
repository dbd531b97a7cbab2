/** One request on its way to a load. */

import type { WaitUntil } from "../runtime/wait-until.js";
import type { CacheRequest } from "./cache-request.js";
import type { LeaderHandle } from "./leader-handle.js";
import type { Variants } from "./stored.js";

/** Asks the origin for a request that another's load did not answer. */
export const ALONE = "alone" as const;
/** The same, whatever is stored: an error that is remembered was another's, too. */
export const ANEW = "anew";
export type Again = typeof ALONE | typeof ANEW;

/** The place at which a request looks for its response. */
export interface StorageLocation {
  /** The key of the URL. */
  readonly primary: string;
  /** The record of the URL's variants, if its responses depend on the request. */
  readonly record: Variants | undefined;
  /** Key of this request's response. */
  readonly key: string;
}

/** One load. */
export interface LoadRequest {
  readonly asked: CacheRequest;
  readonly place: StorageLocation;
  readonly lead: LeaderHandle;
  /** True if the whole response must come from the origin, whatever is stored. */
  readonly reload: boolean;
  /** True if no stored response may answer when the load fails. */
  readonly forced: boolean;
  /** Set when another's load was joined before, and did not answer this request. */
  readonly again?: Again | undefined;
  /** Anchors what outlives the request; undefined for the cache's own way. */
  readonly waitUntil: WaitUntil | undefined;
}
