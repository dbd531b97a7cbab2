/** Direct operations on entries, without a loader. */

import { CachedError } from "./cached-error.js";
import type { Answer, Times } from "./call.js";
import * as core from "./core.js";
import type { Driver, Host } from "./driver.js";
import type { Source } from "./events.js";
import type { Change } from "./feed.js";
import type { Lifetime } from "./layers.js";
import { hashTags, type TagHashes } from "./tags.js";
import type { Explained } from "./wrap.js";

/** `state` of an entry that is dead, or of none. */
const isGone = (state: number): boolean => state === 0 || state === 4;
const FRESH = 1;
/** The fence of a direct write. */
const NEWEST = -1;

/** Whether an answer is the entry's: what was loaded need not have been stored. */
function isOf(source: Source, value: unknown, held: unknown): boolean {
  const isLoaded = source === "load" || source === "coalesced" || source === "bypass";
  return !isLoaded || Object.is(value, held);
}

/** Reads, writes and drops entries of a cache. */
export class Entries {
  readonly #host: Host;
  readonly #driver: Driver;

  constructor(driver: Driver) {
    this.#host = driver.host;
    this.#driver = driver;
  }

  /** The value of an entry, fresh or stale; undefined without one. */
  async peek(key: string): Promise<unknown> {
    if (this.#driver.switches.for(key).reads) return undefined;
    const held = this.#held(key, (state) => !isGone(state));
    if (held !== undefined) return held.value;
    return (await this.#host.layers?.read(key))?.value;
  }

  /** The value of a fresh entry; undefined without one. */
  async get(key: string): Promise<unknown> {
    return (await this.#fresh(key))?.value;
  }

  /** Whether there is a fresh entry. */
  async has(key: string): Promise<boolean> {
    return (await this.#fresh(key)) !== undefined;
  }

  /** Stores a value, here and in every store. */
  async set(
    key: string,
    value: unknown,
    lifetime: Lifetime,
    tags: readonly string[] = [],
  ): Promise<void> {
    if (this.#driver.switches.for(key).writes) return;
    this.#host.feed?.listen();
    const hashes = hashTags(this.#host.namespace, tags);
    const began = this.#inCore(() => {
      const { memory, space, timers, layers } = this.#host;
      const own = layers === undefined ? lifetime : memory.capped(lifetime);
      const { ttl, staleWhileRevalidate, staleIfError } = own;
      const size = memory.weigh(value);
      const slot = core.put(
        memory.machine,
        space.get(key) ?? -1,
        ttl,
        staleWhileRevalidate,
        staleIfError,
        size,
        timers.now(),
      );
      if (slot >= 0) memory.keep(space, key, slot, value);
      if (slot >= 0 && hashes.length > 0) core.tag(memory.machine, slot, hashes, NEWEST);
      memory.drain();
      return core.began_after(memory.machine, hashes, timers.now());
    });
    const tagged = hashes.length === 0 ? undefined : { hashes, began: began ?? 0 };
    await this.#host.layers?.write(key, value, lifetime, tagged);
    await this.#host.feed?.tell({ key });
  }

  /** Invalidates every entry with one of these tags, here and in every store. */
  async invalidateTags(names: readonly string[], soft: boolean): Promise<void> {
    const { namespace, timers, layers, feed } = this.#host;
    const hashes = hashTags(namespace, names);
    if (hashes.length === 0) return;
    const now = timers.now();
    this.#stamp(hashes, soft, now);
    await layers?.stamp(hashes, soft, now);
    await feed?.tell({ tags: [...hashes], soft });
  }

  /** Drops from the memory what another instance dropped. */
  follow(change: Change): void {
    if ("key" in change) this.#drop(change.key);
    else if ("tags" in change) {
      this.#stamp(Float64Array.from(change.tags), change.soft, this.#host.timers.now());
    } else this.clear();
  }

  #stamp(hashes: TagHashes, soft: boolean, now: number): void {
    this.#inCore(() => core.invalidate_tags(this.#host.memory.machine, hashes, soft, now));
  }

  #drop(key: string): void {
    this.#inCore(() => {
      const { memory, space } = this.#host;
      core.invalidate(memory.machine, space.get(key) ?? -1);
      memory.drain();
    });
  }

  /** Drops an entry, here and in every store; loads under way will not store it. */
  async invalidate(key: string): Promise<void> {
    this.#drop(key);
    await this.#host.layers?.delete(key);
    await this.#host.feed?.tell({ key });
  }

  /** Drops the entries of this cache's namespace from the memory. */
  clear(): void {
    this.#inCore(() => this.#host.memory.clearSpace(this.#host.space));
  }

  /** An answer with what is known of its entry. */
  explain(key: string, { value, source, layer, error, times }: Answer): Explained<unknown> {
    const { age, ttl } = times ?? this.#timesOf(key, source, value) ?? { age: 0, ttl: 0 };
    const explained = { value, source, age, ttl, layer };
    return error === undefined ? explained : { ...explained, error };
  }

  #timesOf(key: string, source: Source, value: unknown): Times | undefined {
    return this.#inCore(() => {
      const { memory, space, timers } = this.#host;
      const slot = space.get(key);
      if (slot === undefined || !isOf(source, value, memory.values[slot])) return undefined;
      const age = core.age(memory.machine, slot, timers.now());
      return Number.isNaN(age) ? undefined : { age, ttl: core.ttl(memory.machine, slot) - age };
    });
  }

  async #fresh(key: string): Promise<{ readonly value: unknown } | undefined> {
    if (this.#driver.switches.for(key).reads) return undefined;
    const held = this.#held(key, (state) => state === FRESH);
    if (held !== undefined) return held;
    const found = await this.#host.layers?.read(key);
    return found !== undefined && found.age < found.ttl ? found : undefined;
  }

  #held(key: string, wanted: (state: number) => boolean): { readonly value: unknown } | undefined {
    return this.#inCore(() => {
      const { memory, space, timers } = this.#host;
      const slot = space.get(key);
      if (slot === undefined) return undefined;
      const state = core.state(memory.machine, slot, timers.now());
      const value = memory.values[slot];
      return wanted(state) && !(value instanceof CachedError) ? { value } : undefined;
    });
  }

  #inCore<T>(step: () => T): T | undefined {
    if (!this.#driver.isOpen()) return undefined;
    try {
      return step();
    } catch (error) {
      this.#driver.recover(error);
      return undefined;
    }
  }
}
