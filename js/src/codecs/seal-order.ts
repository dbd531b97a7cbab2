/**
 * The order of writes of one key while they are sealed, which takes a long record longer than a
 * short one. Nobody waits for anybody: whichever was asked for last wins, and what is sealed too late
 * is not handed to the store any more. So a sealing that never ends holds up nothing.
 */

import type { Maybe } from "../model/store.js";
import { CodecError } from "../util/errors.js";

/** How many keys may be in the middle of sealing; those that vanished are among them. */
const MOST_KEYS = 10_000;

interface Sealing {
  /** The number of the newest change. */
  newest: number;
  /** How many are being sealed. */
  running: number;
}

/** Says which sealed records may still be handed over. */
export class SealOrder {
  #last = 0;
  /** Of changes up to here nobody knows. */
  #forgottenAt = 0;
  readonly #keys = new Map<string, Sealing>();

  /** A change of a key that needs no sealing. */
  change(key: string): void {
    const sealing = this.#keys.get(key);
    if (sealing === undefined) return;
    this.#last += 1;
    sealing.newest = this.#last;
  }

  /** A change of every key that begins with `prefix`. */
  changeUnder(prefix: string): void {
    for (const key of this.#keys.keys()) if (key.startsWith(prefix)) this.change(key);
  }

  /**
   * Seals a record, then hands it over: unless a newer change came meanwhile, which gives undefined.
   * @param overwrites whether it is such a change itself
   * @throws CodecError when so many were sealed meanwhile that nobody knows
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

  /** One is sealed; true if nothing newer came. */
  #end(key: string, number: number): boolean {
    const sealing = this.#keys.get(key);
    if (sealing === undefined) return false;
    sealing.running -= 1;
    if (sealing.running === 0) this.#keys.delete(key);
    return sealing.newest <= number;
  }
}
