/** What is stored of a response besides its body. */

/** A header line. */
export type Line = readonly [name: string, value: string];

/** A response without its body. */
export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  /** Where it came from, without fragment; empty when nobody knows. */
  readonly url: string;
  readonly headers: readonly Line[];
}

/** What was found out when a response was stored. Times are milliseconds. */
export interface Terms {
  /** The flags of `http_response`. */
  readonly flags: number;
  /** How old it was when it was stored (RFC 9111 §4.2.3). */
  readonly initialAge: number;
  /** How far past its lifetime it was when it was stored; undefined for a fresh one. */
  readonly overdue?: number | undefined;
  /** When it was asked for; wall clock. */
  readonly requestedAt: number;
  /** The fields of the request it depends on, as `http_vary` names them; empty for none. */
  readonly vary: string;
  /** What those fields were, as `http_vary_key` tells it. */
  readonly selection: string;
  /** Whether it may answer requests with `Authorization`. */
  readonly authorized: boolean;
  /** Tags for its cache groups (RFC 9875); undefined for none. */
  readonly groups?: readonly string[] | undefined;
  /** Whether the bytes are what a content coding of the origin decodes to. */
  readonly decoded?: boolean | undefined;
  /** Of a redirection: the `redirect` of the requests that it answers. */
  readonly redirect?: RequestRedirect | undefined;
}
