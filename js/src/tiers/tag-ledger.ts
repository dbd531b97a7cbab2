/**
 * The versions of tags as one instance has seen and written them.
 *
 * A store may lose what it acknowledged (eviction, a failover), or not take it at all. So an
 * instance remembers the versions that it knows to be over, and the tags whose invalidation has not
 * reached the store. Bounded: when too much is remembered, everything counts as not invalidated yet.
 */

import type { Stamp } from "../records/stamps.js";

/** Most known tags, with two keys each. */
const MOST_KNOWN = 8192;
/** Most tags whose stamps wait to be written. */
const MOST_MISSED = 1024;
/** Most superseded versions remembered for each tag. */
const MOST_FORMER = 4;

interface Known {
  stamp: Stamp | undefined;
  /** Versions that are over. */
  former: readonly number[];
  /** The step at which this version was first known. */
  since: number;
  /** The step of an invalidation that has not been written; 0 for none. */
  missedAt: number;
  /** Until when the store may go on giving what was there before this version. */
  laggingUntil: number;
}

/** The stamps of a store, as far as this instance knows them. */
export class TagLedger {
  readonly #known = new Map<string, Known>();
  readonly #missed = new Set<string>();
  /** The step since which stamps that are not known may have missed an invalidation; 0 for never. */
  #distrustedAt = 0;
  #step = 0;

  /** A step that comes after all there were. */
  next(): number {
    this.#step += 1;
    return this.#step;
  }

  /** The keys whose stamps are still to be written. */
  get missed(): readonly string[] {
    return [...this.#missed];
  }

  /** True if the invalidation of a key has not reached the store, or may not have. */
  hasMissed(key: string): boolean {
    const known = this.#known.get(key);
    return known === undefined ? this.#distrustedAt > 0 : known.missedAt > 0;
  }

  /** The stamp of a key, given what the store has; undefined when it must not be relied upon. */
  settle(key: string, found: Stamp | undefined, now: number): Stamp | undefined {
    const known = this.#known.get(key);
    if (known === undefined) {
      if (this.#distrustedAt > 0 || found === undefined) return undefined;
      this.#learn(key, found);
      return found;
    }
    if (known.missedAt > 0) return undefined;
    if (known.stamp !== undefined && now < known.laggingUntil) {
      if (found?.version === known.stamp.version) known.laggingUntil = 0;
      return known.stamp;
    }
    if (found === undefined || found.version === known.stamp?.version) return found;
    if (known.former.includes(found.version)) {
      // It was over: the store has lost what came after it.
      this.miss(key);
      return undefined;
    }
    this.#learn(key, found);
    return found;
  }

  /** A key is invalidated: nothing that the store has for it counts until `wrote`. */
  miss(key: string): void {
    const known = this.#known.get(key);
    const former = this.#formerOf(known);
    const missedAt = this.next();
    this.#keep(key, { stamp: undefined, former, since: missedAt, missedAt, laggingUntil: 0 });
    this.#missed.add(key);
    if (this.#missed.size > MOST_MISSED) this.#distrustAll();
  }

  /**
   * The store has taken a stamp.
   * @param begun the step at which it was sent
   * @param laggingUntil until when it may still give what was there before
   * @returns false if the key was invalidated since
   */
  wrote(key: string, stamp: Stamp, begun: number, laggingUntil = 0): boolean {
    const known = this.#known.get(key);
    if (Math.max(known?.missedAt ?? 0, this.#distrustedAt) > begun) return false;
    const former = this.#formerOf(known);
    this.#keep(key, { stamp, former, since: this.next(), missedAt: 0, laggingUntil });
    this.#missed.delete(key);
    return true;
  }

  /** True if a key has had this version since before a step. */
  hadBefore(key: string, version: number, step: number): boolean {
    const known = this.#known.get(key);
    return known !== undefined && known.stamp?.version === version && known.since < step;
  }

  #learn(key: string, stamp: Stamp): void {
    const former = this.#formerOf(this.#known.get(key));
    this.#keep(key, { stamp, former, since: this.next(), missedAt: 0, laggingUntil: 0 });
  }

  #formerOf(known: Known | undefined): readonly number[] {
    if (known?.stamp === undefined) return known?.former ?? [];
    return [...known.former, known.stamp.version].slice(-MOST_FORMER);
  }

  #keep(key: string, known: Known): void {
    this.#known.delete(key);
    this.#known.set(key, known);
    if (this.#known.size <= MOST_KNOWN) return;
    for (const [oldest, { missedAt }] of this.#known) {
      if (missedAt > 0) continue;
      this.#known.delete(oldest);
      return;
    }
  }

  #distrustAll(): void {
    this.#distrustedAt = this.next();
    this.#known.clear();
    this.#missed.clear();
  }
}
