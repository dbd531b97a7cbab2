/**
 * Keys whose last answer was for one request alone. Requests for them wait for nobody: each asks
 * the origin by itself, at once (Varnish calls the same "hit for miss"). Forgotten as soon as an
 * answer comes that requests may share.
 */

import { RecentKeys } from "./recent-keys.js";

/** Keys that are remembered. */
export class UnsharedKeys {
  readonly #keys: RecentKeys<true>;

  constructor(now: () => number) {
    this.#keys = new RecentKeys(now);
  }

  /** Remembers a key, or forgets it. */
  note(key: string, shareable: boolean): void {
    this.#keys.note(key, shareable ? undefined : true);
  }

  /** True for a key that is remembered. */
  has(key: string): boolean {
    return this.#keys.get(key) !== undefined;
  }
}
