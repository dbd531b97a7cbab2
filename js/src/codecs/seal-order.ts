/**
 * The order of writes of one key while they are sealed: a long record takes longer than a short
 * one. No write waits for another. The last one requested wins, and one that is sealed too late is
 * not given to the store, so a sealing that never ends blocks nothing.
 */

import type { Maybe } from "../model/store.js";
import { CodecError } from "../util/errors.js";

/** Maximum number of keys being sealed, including those of vanished requests. */
const MOST_KEYS = 10_000;

interface Sealing {
  /** The number of the newest change. */
  newest: number;
  /** Number of changes being sealed. */
  running: number;
}

/** Decides which sealed records may still be written. */
export class SealOrder {
  #last = 0;
  /** Changes up to this number are forgotten. */
  #forgottenAt = 0;
  readonly #keys = new Map<string, Sealing>();

  /** Records a change of a key that needs no sealing. */
  change(key: string): void {
    const sealing = this.#keys.get(key);
    if (sealing === undefined) return;
    this.#last += 1;
    sealing.newest = this.#last;
  }

  /** Records a change of every key that begins with `prefix`. */
  changeUnder(prefix: string): void {
    for (const key of this.#keys.keys()) if (key.startsWith(prefix)) this.change(key);
  }

  /**
   * Seals a record, then writes it; undefined if a newer change came meanwhile.
   * @param overwrites true if the write itself counts as a change
   * @throws CodecError if so many were sealed meanwhile that the order is forgotten
   */
  async seal<T>(
    key: string,
    seal: () => Promise<Uint8Array>,
    hand: (sealed: Uint8Array) => Maybe<T>,
    overwrites = true,
  ): Promise<T | undefined> {
    const number = this.#begin(key, overwrites);
    const sealed = await seal().catch((error) => {
      this.#end(key, number);
      throw error;
    });
    if (number <= this.#forgottenAt) throw new CodecError(`sealing ${key} took too long`);
    return this.#end(key, number) ? hand(sealed) : undefined;
  }

  #begin(key: string, overwrites: boolean): number {
    this.#last += 1;
    const known = this.#keys.get(key);
    if (known !== undefined) {
      if (overwrites) known.newest = this.#last;
      known.running += 1;
      return this.#last;
    }
    if (this.#keys.size >= MOST_KEYS) {
      this.#keys.clear();
      this.#forgottenAt = this.#last - 1;
    }
    this.#keys.set(key, { newest: this.#last, running: 1 });
    return this.#last;
  }

  /** Ends a sealing; true if no newer change came. */
  #end(key: string, number: number): boolean {
    const sealing = this.#keys.get(key);
    if (sealing === undefined) return false;
    sealing.running -= 1;
    if (sealing.running === 0) this.#keys.delete(key);
    return sealing.newest <= number;
  }
}
