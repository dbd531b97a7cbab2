/**
 * The order of changes to keys, as numbers. A read takes the number of the last change before it
 * begins; a change of its key with a higher number has outdated what it brings. No clock is asked:
 * one microtask between two facts is enough.
 */

/** Most keys that a generation remembers. */
const GENERATION = 4096;

/** A listing of keys, of which those that match are to be dropped. */
export interface Listing {
  /** The time when it is taken for vanished with its request. */
  readonly until: number;
}

/** The changes that this instance made, the newest of each key. Bounded, and then too careful. */
export class Fences {
  #last = 0;
  /** Reads that began before have to be taken for outdated, whatever their key. */
  #floor = 0;
  #young = new Map<string, number>();
  #old = new Map<string, number>();
  /** The last change that {@link #old} knows. */
  #oldEnd = 0;
  readonly #listings = new Set<Listing>();

  /** A listing begins: until it ends, no store gets a copy that it may have passed over. */
  beginListing(until: number): Listing {
    const listing = { until };
    this.#listings.add(listing);
    return listing;
  }

  endListing(listing: Listing): void {
    this.#listings.delete(listing);
  }

  /** True while keys are listed. */
  isListing(now: number): boolean {
    for (const listing of this.#listings) {
      if (now < listing.until) return true;
      this.#listings.delete(listing);
    }
    return false;
  }

  /** The number of the last change, remembered by a read that begins now. */
  get last(): number {
    return this.#last;
  }

  /** The number of a change of this name that happens now. */
  raise(name: string): number {
    this.#last += 1;
    this.#young.set(name, this.#last);
    if (this.#young.size >= GENERATION) this.#age();
    return this.#last;
  }

  /** The number of a change of every name. */
  raiseAll(): number {
    this.#last += 1;
    this.#floor = this.#last;
    this.#young.clear();
    this.#old.clear();
    return this.#last;
  }

  /** True if a change of this name came after that number; or may have, for it is not known. */
  isOutdated(name: string, since: number): boolean {
    if (since >= this.#last) return false;
    if (this.#floor > since) return true;
    return (this.#young.get(name) ?? this.#old.get(name) ?? 0) > since;
  }

  /** Forgets the older half: reads that began before it ended were slow. */
  #age(): void {
    this.#floor = Math.max(this.#floor, this.#oldEnd);
    this.#old = this.#young;
    this.#oldEnd = this.#last;
    this.#young = new Map();
  }
}
