/** The events of a cache with cache-manager's interface. */

import { ignoreRejection } from "../util/user-functions.js";

/**
 * The events, each with what its listeners are given; `error` is there if the operation failed. As
 * in cache-manager, `ttl` and `mdel` are told, too, which its types do not know.
 */
export interface ManagerEvents {
  get: <Value>(data: { key: string; value?: Value; error?: unknown }) => void;
  /** cache-manager tells of `values`, and its types of `value`: here are both. */
  mget: <Value>(data: {
    keys: string[];
    value?: Value[];
    values?: Value[];
    error?: unknown;
  }) => void;
  set: <Value>(data: { key: string; value: Value; error?: unknown }) => void;
  mset: <Value>(data: {
    list: { key: string; value: Value; ttl?: number }[];
    error?: unknown;
  }) => void;
  del: (data: { key: string; error?: unknown }) => void;
  clear: (error?: unknown) => void;
  /** `wrap` renewed a value in the background, or failed to. */
  refresh: <Value>(data: { key: string; value: Value; error?: unknown }) => void;
}

type Listener = (data?: unknown) => unknown;

/** The listeners by event. */
export class Listeners {
  readonly #byEvent = new Map<string, Listener[]>();

  add(event: string, listener: unknown): void {
    this.#byEvent.set(event, [...(this.#byEvent.get(event) ?? []), listener as Listener]);
  }

  remove(event: string, listener: unknown): void {
    const known = this.#byEvent.get(event) ?? [];
    const at = known.indexOf(listener as Listener);
    if (at < 0) return;
    this.#byEvent.set(
      event,
      known.filter((_, nth) => nth !== at),
    );
  }

  /** Tells of an operation, and swallows errors and rejections of listeners. */
  tell(event: keyof ManagerEvents | "ttl" | "mdel", data: { readonly error?: unknown }): void {
    for (const listener of this.#byEvent.get(event) ?? []) {
      try {
        ignoreRejection(listener(event === "clear" ? data.error : data));
      } catch {
        // A listener must not change what an operation does.
      }
    }
  }
}
