/** Bloom filters: keys that were never added are known to be absent, and nobody is asked. */

import * as core from "../core/core.js";
import type { Events } from "../model/events.js";
import type { LowerTiers } from "../tiers/lower-tiers.js";
import { type Raw, readRaw, writeRaw } from "../tiers/lower-tiers-raw.js";
import { CodecError, ConfigError } from "../util/errors.js";
import { readOptions } from "../util/options.js";
import { utf8 } from "../util/utf8.js";
import { Filter } from "./filter.js";

/** The options of `bloom`. */
export interface BloomOptions {
  /** Names the filter in stores: caches with one namespace share what is saved under one name. */
  readonly name: string;
  /** Number of keys it is made for, 1 to 2³² − 1; with more it errs more often. */
  readonly capacity: number;
  /** Share of absent keys that it reports as present: above 0, below 1. */
  readonly falsePositiveRate: number;
}

/** The cache of a filter, as far as it needs to know it. */
interface FilterHost {
  readonly host: { readonly tiers: LowerTiers | undefined; readonly events: Events };
  /** True if there is a core. */
  isOpen(): boolean;
  /** Goes on after a trap. */
  recover(error: unknown): void;
}

/** The most bits of a filter: 32 MB, a quarter of what a Worker may use. */
const MOST_BITS = 2 ** 28;

/**
 * A set of keys that says "surely absent" or "may be there", in a few bits per key.
 *
 * It says "surely absent" only when it holds all keys there are: after {@link Bloom.load},
 * {@link Bloom.save} or {@link Bloom.rebuild}; in a cache without lower stores, where nothing can
 * have been saved, from the first {@link Bloom.add} on. Until then, and when it was lost, every key may be there.
 */
export class Bloom extends Filter {
  /** The name it is saved under. */
  readonly name: string;
  readonly #capacity: number;
  readonly #rate: number;
  readonly #driver: FilterHost;
  #filter = -1;
  #complete = false;
  /** True if added keys were lost with a core that trapped. */
  #lost = false;

  /** @internal Use `bloom` of `holdover/bloom`. */
  constructor(driver: FilterHost, options: BloomOptions) {
    super();
    const given = readOptions(options, {
      of: "bloom",
      known: ["name", "capacity", "falsePositiveRate"],
    });
    this.#driver = driver;
    this.name = checkedName(given.name);
    this.#capacity = checkedCapacity(given.capacity);
    this.#rate = checkedRate(given.falsePositiveRate);
    const bits = Math.ceil((-this.#capacity * Math.log(this.#rate)) / Math.LN2 ** 2);
    if (bits > MOST_BITS) {
      const allowed = "what takes no more than 2^28 bits, 32 MB, at this falsePositiveRate";
      throw new ConfigError("bloom.capacity", this.#capacity, allowed);
    }
    core.register(this);
  }

  /** True if it can say "surely absent". */
  get complete(): boolean {
    return this.#complete;
  }

  /** Adds keys, as `wrapped.key(…)` gives them. */
  add(...keys: readonly string[]): void {
    const all = keys.map(bytesOf);
    this.#inCore((filter) => {
      for (const key of all) core.add_to_bloom(filter, key);
      if (!this.#lost && this.#driver.host.tiers === undefined) this.#complete = true;
    });
  }

  /** True if `key` may have been added; `false` means that it surely was not. */
  mayHave(key: string): boolean {
    const bytes = bytesOf(key);
    if (!this.#complete) return true;
    return this.#inCore((filter) => core.bloom_may_have(filter, bytes)) ?? true;
  }

  /** Starts over with just these keys, which are all there are. */
  rebuild(keys: Iterable<string>): void {
    const all = Array.from(keys, bytesOf);
    this.#close();
    this.#inCore((filter) => {
      for (const key of all) core.add_to_bloom(filter, key);
      this.#isWhole();
    });
  }

  /**
   * Adds what is saved in the cache's lower stores. False, with a `corrupt` event, when there is
   * nothing, or nothing that can be used; never rejects.
   */
  async load(): Promise<boolean> {
    const saved = await this.#read();
    const merged = this.#merge(saved);
    if (saved.every(({ bytes }) => bytes === undefined))
      this.#tellCorrupt("bloom", "is in no store");
    return merged;
  }

  /**
   * Saves it in the cache's lower stores, together with what is saved there: says that all keys
   * there are have been added. False when keys were lost meanwhile, or a store cannot be reached or
   * there is none; never rejects.
   */
  async save(): Promise<boolean> {
    const { tiers } = this.#driver.host;
    const saved = await this.#read();
    this.#merge(saved);
    if (tiers === undefined || this.#lost || saved.some(({ failed }) => failed)) return false;
    const bytes = this.#inCore((filter) => core.save_bloom(filter));
    if (bytes === undefined) return false;
    this.#isWhole();
    return writeRaw(tiers, this.#keyIn(tiers), bytes);
  }

  /** The number of its bits, and of those that each key sets; undefined without a core. */
  size():
    | {
        /** The length of the filter. */
        readonly bits: number;
        /** Bits that each key sets. */
        readonly hashes: number;
      }
    | undefined {
    return this.#inCore((filter) => {
      const [bits = 0, hashes = 0] = core.bloom_size(filter);
      return { bits, hashes };
    });
  }

  async #read(): Promise<readonly Raw[]> {
    const { tiers } = this.#driver.host;
    return tiers === undefined ? [] : readRaw(tiers, this.#keyIn(tiers));
  }

  /** Adds what was saved; whether there was anything that can be used. */
  #merge(saved: readonly Raw[]): boolean {
    let merged = false;
    for (const { bytes, tier } of saved) {
      if (bytes === undefined) continue;
      if (this.#inCore((filter) => core.merge_bloom(filter, bytes)) === true) merged = true;
      else this.#tellCorrupt(tier, "is damaged or was made for other options");
    }
    // Whoever saved it had all keys: with those this one has them, too.
    if (merged) this.#isWhole();
    return merged;
  }

  #isWhole(): void {
    this.#lost = false;
    this.#complete = true;
  }

  /** @internal The core was replaced: the added keys are gone. */
  forget(): void {
    if (this.#filter >= 0) this.#lost = true;
    this.#filter = -1;
    this.#complete = false;
  }

  #keyIn(tiers: LowerTiers): string {
    return tiers.own("bloom", this.name);
  }

  #close(): void {
    const filter = this.#filter;
    this.#filter = -1;
    this.#complete = false;
    if (filter >= 0) this.#inCoreOf(() => core.close_bloom(filter));
  }

  #inCore<T>(step: (filter: number) => T): T | undefined {
    return this.#inCoreOf(() => {
      if (this.#filter < 0) {
        this.#filter = core.open_bloom(this.#capacity, this.#rate);
      }
      return this.#filter < 0 ? undefined : step(this.#filter);
    });
  }

  #inCoreOf<T>(step: () => T): T | undefined {
    if (!this.#driver.isOpen()) return undefined;
    try {
      return step();
    } catch (error) {
      this.#driver.recover(error);
      return undefined;
    }
  }

  #tellCorrupt(store: string, what: string): void {
    const error = new CodecError(`the bloom filter ${this.name} ${what}`);
    this.#driver.host.events.tell({
      type: "corrupt",
      store,
      operation: "get",
      key: this.name,
      error,
    });
  }
}

function bytesOf(key: unknown): Uint8Array {
  if (typeof key === "string") return utf8(key);
  throw new ConfigError("key", key, "a string", { subject: "a key of a bloom filter" });
}

function checkedName(name: unknown): string {
  if (typeof name === "string" && name !== "") return name;
  throw new ConfigError("bloom.name", name, "a string that is not empty");
}

function checkedCapacity(capacity: unknown): number {
  const isWhole = typeof capacity === "number" && Number.isInteger(capacity);
  if (isWhole && capacity >= 1 && capacity < 2 ** 32) return capacity;
  throw new ConfigError("bloom.capacity", capacity, "a whole number from 1 to 2^32 - 1");
}

function checkedRate(rate: unknown): number {
  if (typeof rate === "number" && rate > 0 && rate < 1) return rate;
  throw new ConfigError("bloom.falsePositiveRate", rate, "a number above 0 and below 1");
}
