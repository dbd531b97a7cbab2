/**
 * Clearings of everything that begins with a prefix in one lower tier: the changes that wait for
 * them, and the records that must not be read. Only decisions: no I/O, no clock.
 */

import type { Blocker } from "./changes.js";

/** A drop of everything that begins with a prefix. */
export interface Clearing extends Blocker {
  readonly prefix: string;
  readonly fence: number;
}

/** The clearings of one tier. */
export class Clearings {
  #running: Clearing[] = [];
  /** Prefixes whose clearing failed, or is late. */
  readonly #owed = new Set<string>();
  /** By prefix: records that were stored until then are not used. */
  readonly #notBefore = new Map<string, number>();
  /** The last of these times, whatever its prefix. */
  #distrusted = 0;

  /** True if anything is to be cleared once more. */
  get owes(): boolean {
    return this.#owed.size > 0;
  }

  /** True if there may be something that must not be read. */
  get mayBar(): boolean {
    return this.#running.length > 0 || this.#owed.size > 0;
  }

  /** Prefixes to clear once more. */
  get owed(): readonly string[] {
    return [...this.#owed];
  }

  begin(clearing: Clearing): void {
    this.#running.push(clearing);
  }

  /** A clearing ended; one that failed is owed, and so is one that is late. */
  end(clearing: Clearing, done: boolean): void {
    this.#running = this.#running.filter((other) => other !== clearing);
    if (!done) {
      this.#owed.add(clearing.prefix);
      return;
    }
    for (const known of [this.#owed, this.#notBefore]) {
      for (const prefix of known.keys()) {
        if (prefix.startsWith(clearing.prefix)) known.delete(prefix);
      }
    }
  }

  /** The clearing that a change of this fence has to wait for. */
  before(name: string, fence: number, now: number): Clearing | undefined {
    return this.#running.find(
      (clearing) =>
        clearing.fence < fence && now < clearing.until && name.startsWith(clearing.prefix),
    );
  }

  /** True if what the tier has under a name must not be read. */
  bars(name: string, now: number): boolean {
    for (const clearing of this.#running) {
      // Whoever began it is gone.
      if (now >= clearing.until) this.end(clearing, false);
      else if (name.startsWith(clearing.prefix)) return true;
    }
    for (const prefix of this.#owed) if (name.startsWith(prefix)) return true;
    return false;
  }

  /** A tier that cannot be cleared: records stored until now are not used. */
  distrust(prefix: string, now: number): void {
    // What was stored since the last time may be dated a millisecond after that.
    this.#distrusted = Math.max(now, this.#distrusted + 1);
    this.#notBefore.set(prefix, this.#distrusted);
  }

  /** The time until which records under a name were stored that are not used; −∞ for none. */
  clearedAt(name: string): number {
    let last = Number.NEGATIVE_INFINITY;
    for (const [prefix, at] of this.#notBefore) {
      if (at > last && name.startsWith(prefix)) last = at;
    }
    return last;
  }
}
