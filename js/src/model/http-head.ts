/** The stored facts of a response besides its body. */

/** A header line. */
export type Line = readonly [name: string, value: string];

/** A response without its body. */
export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  /** Its URL without fragment; empty when nobody knows. */
  readonly url: string;
  readonly headers: readonly Line[];
}

/** The facts found when a response was stored. Times are milliseconds. */
export interface Terms {
  /** The flags of `http_response`. */
  readonly flags: number;
  /** Its age when it was stored (RFC 9111 §4.2.3). */
  readonly initialAge: number;
  /** The time by which it was past its lifetime when stored; undefined for a fresh one. */
  readonly overdue?: number | undefined;
  /** The time at which it was asked for; wall clock. */
  readonly requestedAt: number;
  /** The fields of the request it depends on, as `http_names` gives them; empty for none. */
  readonly vary: string;
  /** The values of those fields, as `http_vary_key` tells them. */
  readonly selection: string;
  /** True if it may answer requests with `Authorization`. */
  readonly authorized: boolean;
  /** Tags for its cache groups (RFC 9875); undefined for none. */
  readonly groups?: readonly string[] | undefined;
  /** True if the bytes are what a content coding of the origin decodes to. */
  readonly decoded?: boolean | undefined;
  /** Of a redirection: the `redirect` of the requests that it answers. */
  readonly redirect?: RequestRedirect | undefined;
}
