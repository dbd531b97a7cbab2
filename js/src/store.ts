/** What a lower store is: a place for bytes, on this machine or far away. */

/** How a record is to be kept. */
export interface SetOptions {
  /** Milliseconds until nobody needs it any more; `Infinity` for never. */
  readonly expiresIn: number;
}

/** A store of records, which are opaque bytes. It may fail, hang or lie: calls go on without it. */
export interface Store {
  /** Shown in events and as `layer`. Default: its place, like `"store 1"`. */
  readonly name?: string;
  /** The record of `key`; undefined or null when there is none. */
  get(key: string): PromiseLike<Uint8Array | undefined | null> | Uint8Array | undefined | null;
  /** Keeps `record` under `key`, instead of what was there. */
  set(key: string, record: Uint8Array, options: SetOptions): PromiseLike<unknown> | unknown;
  /** Drops `key`. */
  delete(key: string): PromiseLike<unknown> | unknown;
}
