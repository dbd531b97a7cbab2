/** What a call is answered, and where that came from. */

/** Where an answer came from. */
export type Source =
  | "hit"
  | "stale"
  | "load"
  | "failover"
  | "error-fallback"
  | "coalesced"
  | "negative"
  | "bypass";

/** How old an entry was when it answered, and how long it stays fresh; milliseconds. */
export interface Times {
  readonly age: number;
  /** Negative when it is stale. */
  readonly ttl: number;
}

/** What a call is answered. */
export interface Answer {
  readonly value: unknown;
  readonly source: Source;
  /** The store that had it; undefined for an answer of the origin. */
  readonly layer: string | undefined;
  /** Why the origin did not answer, if it failed. */
  readonly error?: unknown;
  /** Of an entry that memory may not have any more; undefined when it is to be looked up there. */
  readonly times?: Times | undefined;
}
