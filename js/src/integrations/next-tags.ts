/**
 * Times at which tags were revalidated that Next.js entries do not carry: the tags of a request's
 * path, known only to the reader of an entry.
 */

import type { Cache } from "../api/cache.js";
import { getMany } from "../api/operations/batches.js";

/** Most tags with a known revalidation time in this instance. */
const MOST = 10_000;
/** Milliseconds for which stores are not asked again for what they did not have. */
const ABSENT_FOR = 1000;

/** The time as Next.js tells that of its entries. */
const now = (): number => performance.timeOrigin + performance.now();

const named = (tag: string): string => `tag:${tag}`;

/** The times at which tags were revalidated, by this instance and by others over its stores. */
export class Revalidations {
  readonly #cache: Cache;
  /** By this instance: its memory may drop what it has no store for. */
  readonly #own = new Map<string, number>();
  /** The latest of those that are not known any more: it holds for all tags. */
  #floor = 0;
  readonly #absent = new Map<string, number>();

  constructor(cache: Cache) {
    this.#cache = cache;
  }

  /** Notes that tags are revalidated now. */
  async note(tags: readonly string[]): Promise<void> {
    const { entries } = this.#cache;
    const time = now();
    for (const tag of tags) this.#noteOwn(tag, time);
    const lifetime = { ttl: Number.POSITIVE_INFINITY, staleWhileRevalidate: 0, staleIfError: 0 };
    await Promise.all(tags.map((tag) => entries.set(named(tag), time, lifetime)));
  }

  /** Returns the latest time at which one of these tags was revalidated; 0 for never. */
  async latest(tags: readonly string[]): Promise<number> {
    const own = tags.map((tag) => this.#own.get(tag) ?? this.#floor);
    return Math.max(0, ...own, ...(await this.#stored(tags)));
  }

  #noteOwn(tag: string, time: number): void {
    this.#absent.delete(tag);
    this.#own.delete(tag);
    this.#own.set(tag, time);
    const [oldest] = this.#own;
    if (this.#own.size <= MOST || oldest === undefined) return;
    this.#own.delete(oldest[0]);
    this.#floor = Math.max(this.#floor, oldest[1]);
  }

  async #stored(tags: readonly string[]): Promise<number[]> {
    const { driver } = this.#cache;
    if (driver.host.tiers === undefined) return [];
    const { timers } = driver.host;
    const asked = tags.filter((tag) => !((this.#absent.get(tag) ?? 0) > timers.now()));
    const found = await getMany(this.#cache, asked.map(named));
    const times: number[] = [];
    for (const [at, tag] of asked.entries()) {
      const time = found[at];
      if (typeof time === "number") times.push(time);
      else this.#absent.set(tag, timers.now() + ABSENT_FOR);
    }
    if (this.#absent.size > MOST) this.#absent.clear();
    return times;
  }
}
