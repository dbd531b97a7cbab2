/** The answer to a call, and its source. */

/** The source of an answer. */
export type Source =
  | "hit"
  | "stale"
  | "load"
  | "failover"
  | "error-fallback"
  | "coalesced"
  | "negative"
  | "bypass"
  | "hook";

/** The age of an entry when it answered, and how long it stays fresh; milliseconds. */
export interface Times {
  readonly age: number;
  /** Negative when it is stale. */
  readonly ttl: number;
}

/** The answer to a call. */
export interface Answer {
  readonly value: unknown;
  readonly source: Source;
  /** The store that held the entry; undefined for an answer of the origin. */
  readonly tier: string | undefined;
  /** The error of the load that failed, if one did. */
  readonly error?: unknown;
  /**
   * The times of an entry that may have left memory; undefined if they are to be looked up there.
   */
  readonly times?: Times | undefined;
}

/** An answer and where it came from. */
export interface Explained<Result> {
  /** The value that the call itself would have given. */
  readonly value: Result;
  /** The source of the answer. */
  readonly source: Source;
  /** Milliseconds since it was stored; 0 for an answer that was not. */
  readonly age: number;
  /** Milliseconds it stays fresh; negative when it is stale. */
  readonly ttl: number;
  /** The store that had it; undefined for an answer of the origin. */
  readonly tier: string | undefined;
  /** Error of the origin, if an entry answered instead. */
  readonly error?: unknown;
}
