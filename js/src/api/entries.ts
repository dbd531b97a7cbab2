/** Direct operations on entries, without a loader. */

import type { Reading } from "../coordination/reading.js";
import { STATE_FRESH } from "../core/abi.js";
import * as core from "../core/core.js";
import type { Driver } from "../engine/driver.js";
import type { Host } from "../engine/host.js";
import { hashTags } from "../keys/tags.js";
import { dropsOf } from "../memory/drops.js";
import type { Answer, Explained, Source, Times } from "../model/answer.js";
import { CachedError } from "../model/cached-error.js";
import { type FoundEntry, type Lifetime, totalOf } from "../model/entry.js";
import { isServable } from "../model/entry-state.js";
import { HttpValue } from "../model/http-value.js";
import type { Begun, Tagged } from "../model/tagged.js";
import type { Form } from "../records/entry-records.js";
import { DirectOperations } from "./direct.js";

/** The fence of a direct write. */
const NEWEST = -1;

/** True if an answer is the entry's own value: a loaded value need not have been stored. */
function isOf(source: Source, value: unknown, held: unknown): boolean {
  const isLoaded = source === "load" || source === "coalesced" || source === "bypass";
  return !isLoaded || Object.is(value, held);
}

/** An entry's value and how many milliseconds it stays fresh; negative when it is stale. */
export interface Held {
  readonly value: unknown;
  readonly ttl: number;
  readonly tagged?: Tagged | undefined;
}

/** A key that is watched, and whether its entry was stored or dropped since. */
export interface Watch {
  readonly key: string;
  isChanged: boolean;
}

/** The entry found in a store, as long as it is fresh. */
export function freshOf({ value, age, ttl, tagged }: FoundEntry): Held | undefined {
  return age < ttl ? { value, ttl: ttl - age, tagged } : undefined;
}

/** Reads, writes and drops entries of a cache. */
export class Entries implements Reading {
  readonly host: Host;
  /** Counts of direct operations. */
  readonly direct: DirectOperations;
  readonly #driver: Driver;
  readonly #watches = new Set<Watch>();

  constructor(driver: Driver) {
    this.host = driver.host;
    this.direct = new DirectOperations(driver.host.onOperation);
    this.#driver = driver;
  }

  /** Watches a key until `act` ends: for who brings a value that is no load's. */
  async watching<T>(key: string, act: (watch: Watch) => Promise<T>): Promise<T> {
    const watch = { key, isChanged: false };
    this.#watches.add(watch);
    try {
      return await act(watch);
    } finally {
      this.#watches.delete(watch);
    }
  }

  /** An entry changed past its loads; undefined for any that there may be. */
  tellWatches(key?: string): void {
    for (const watch of this.#watches) {
      if (key === undefined || key === watch.key) watch.isChanged = true;
    }
  }

  /** A key was dropped, or written by the application; undefined: any may have been. */
  noteDrop(key?: string): void {
    this.tellWatches(key);
    const { memory, space } = this.host;
    if (key !== undefined) dropsOf(space)?.raise(key);
    else for (const name of memory.namespaces()) dropsOf(memory.space(name))?.raiseAll();
  }

  /** True unless writes are switched off for a key. */
  mayWrite(key: string): boolean {
    return !this.#driver.offFor(key).writes;
  }

  /** The value of an entry, fresh or stale; undefined without one. */
  async peek(key: string, form?: Form): Promise<unknown> {
    if (this.#driver.offFor(key).reads) return undefined;
    const held = this.held(key, false);
    if (held !== undefined) return held.value;
    const found = await this.host.readBelow?.(this, key, form);
    return found !== undefined && found.age < totalOf(found) ? found.value : undefined;
  }

  /** The fresh entry of a key, wherever it is. */
  async fresh(key: string): Promise<Held | undefined> {
    if (this.#driver.offFor(key).reads) return undefined;
    const held = this.held(key, true);
    if (held !== undefined) return held;
    const found = await this.host.readBelow?.(this, key);
    return found && freshOf(found);
  }

  /**
   * Stores a value, here and in every store. False while writes are switched off, and when no tier
   * has it; those that could not take it have nothing older that is used here.
   */
  async set(key: string, value: unknown, lifetime: Lifetime, form?: Form): Promise<boolean> {
    const kept = this.keep(key, value, lifetime);
    if (kept === undefined) return false;
    const { tiers, feed } = this.host;
    if (tiers === undefined) return kept;
    const written = await tiers.prepare(key, value, lifetime, form).perform();
    await feed?.tell({ keys: [key], soft: true });
    return kept || written;
  }

  /** Stores a value in memory, at once; whether it is there. Undefined when it may not be now. */
  keep(key: string, value: unknown, lifetime: Lifetime): boolean | undefined {
    if (this.#driver.offFor(key).writes) return undefined;
    this.host.feed?.listen();
    // An application's own value ends what HTTP had there; a record of variants goes on with it.
    if (value instanceof HttpValue) this.tellWatches(key);
    else this.noteDrop(key);
    const { tagged } = lifetime;
    const kept = this.inCore(() => {
      const { memory, space, timers, tiers } = this.host;
      const begun = tagged?.begun;
      if (begun !== undefined && begun.instance !== memory.instance) {
        // Of another core than the one whose invalidations could end it: only stores may have it.
        core.invalidate(memory.machine, space.get(key) ?? -1);
        memory.drain();
        return false;
      }
      const { ttl, staleWhileRevalidate, staleIfError, retained = 0 } = lifetime;
      const size = memory.weigh(value, key, this.host.events);
      const slot = core.put(
        memory.machine,
        space.get(key) ?? -1,
        ttl,
        staleWhileRevalidate,
        staleIfError,
        size,
        timers.now(),
        retained,
        tiers !== undefined,
      );
      if (slot >= 0) memory.keep(space, key, slot, value);
      if (slot >= 0 && tagged) {
        core.tag(memory.machine, slot, tagged.hashes, begun?.fence ?? NEWEST);
      }
      memory.drain();
      return slot >= 0;
    });
    return kept === true;
  }

  /** A lifetime with the tags of a value that is stored now. */
  tagged(lifetime: Lifetime, names: readonly string[]): Lifetime {
    if (names.length === 0) return lifetime;
    const hashes = hashTags(this.host.namespace, names);
    return { ...lifetime, tagged: { hashes, begun: this.begin() } };
  }

  /** The beginning of a write: invalidations from now on concern it. */
  begin(): Begun {
    const { memory, tiers } = this.host;
    const fence = this.inCore(() => core.tags_latest(memory.machine)) ?? 0;
    const step = tiers?.tags.step() ?? 0;
    return { fence, instance: memory.instance, step, hashes: undefined };
  }

  /** Drops an entry from memory, at once; loads under way will not store it. */
  drop(key: string): void {
    this.noteDrop(key);
    this.inCore(() => {
      const { memory, space } = this.host;
      core.invalidate(memory.machine, space.get(key) ?? -1);
      memory.drain();
    });
  }

  /** Drops an entry, here and in every store; loads under way will not store it. */
  async invalidate(key: string): Promise<void> {
    this.#driver.checkOpen();
    const keys = this.host.related.keysWith(key);
    for (const each of keys) this.drop(each);
    const { tiers, feed } = this.host;
    if (tiers !== undefined) await Promise.all(keys.map((each) => tiers.delete(each)));
    await feed?.tell({ keys });
  }

  /** Drops the entries of this cache's namespace from the memory. */
  clear(): void {
    this.noteDrop();
    this.inCore(() => this.host.memory.clearSpace(this.host.space));
  }

  /** The same; without a namespace those of all caches over the memory, as stores drop them. */
  clearAll(): void {
    const { memory, namespace, space } = this.host;
    this.noteDrop();
    this.inCore(() => (namespace === "" ? memory.clear() : memory.clearSpace(space)));
  }

  /** An answer with what is known of its entry. */
  explain(key: string, { value, source, tier, error, times }: Answer): Explained<unknown> {
    const { age, ttl } = times ?? this.#timesOf(key, source, value) ?? { age: 0, ttl: 0 };
    const explained = { value, source, age, ttl, tier };
    return error === undefined ? explained : { ...explained, error };
  }

  #timesOf(key: string, source: Source, value: unknown): Times | undefined {
    return this.inCore(() => {
      const { memory, space, timers } = this.host;
      const slot = space.get(key);
      if (slot === undefined || !isOf(source, value, memory.slots.valueOf(slot))) return undefined;
      const age = core.age(memory.machine, slot, timers.now());
      return Number.isNaN(age) ? undefined : { age, ttl: core.ttl(memory.machine, slot) - age };
    });
  }

  /** The entry in memory: a fresh one only, or a stale one as well. */
  held(key: string, freshOnly: boolean): Held | undefined {
    return this.look(key, freshOnly, true);
  }

  /** The same; whether it counts as a use is for the caller to say. */
  look(key: string, freshOnly: boolean, uses: boolean): Held | undefined {
    return this.inCore(() => {
      const { memory, space, timers } = this.host;
      const slot = space.get(key);
      if (slot === undefined) return undefined;
      const now = timers.now();
      const state = core.state(memory.machine, slot, now);
      const value = memory.slots.valueOf(slot);
      const isThere = freshOnly ? state === STATE_FRESH : isServable(state);
      if (!isThere || value instanceof CachedError) return undefined;
      if (uses) core.use_entry(memory.machine, slot);
      const ttl = core.ttl(memory.machine, slot) - core.age(memory.machine, slot, now);
      const hashes = core.tags_of(memory.machine, slot);
      const tagged = hashes.length > 0 ? { hashes } : undefined;
      return { value: memory.copied(value), ttl, tagged };
    });
  }

  /** Does something in the core; undefined without one, and where it fails. */
  inCore<T>(step: () => T): T | undefined {
    if (!this.#driver.isOpen()) return undefined;
    try {
      return step();
    } catch (error) {
      this.#driver.recover(error);
      return undefined;
    }
  }
}
