/**
 * The stores below the memory: read in order, written all.
 *
 * Every operation has a deadline, and a store that keeps failing is left alone for a while, so
 * that a dead one costs nothing per call. Nothing here throws.
 */

import type { Timers } from "./clock.js";

import { StoredCounter } from "./codec/counter.js";
import { type Codec, decode, encode } from "./codec/values.js";

import { decode_record, encode_record, isTrap } from "./core.js";
import { CodecError, isHoldoverError, StoreError, TimeoutError } from "./errors.js";
import type { Events } from "./events.js";
import type { Validate } from "./policy-options.js";
import { decodeStamps, encodeStamp, readAll, type Stamp, stampKeys } from "./stamps.js";
import type { Store } from "./store.js";
import type { Tagged, TagHashes } from "./tags.js";

/** Milliseconds that a store operation may take, if the store does not say. */
const DEADLINE = 500;
/** Failures in a row after which a store is skipped. */
const SKIP_AFTER = 5;
/** Milliseconds it is then skipped for. */
const SKIP_FOR = 5000;
/** What {@link TagsSince} gives for an entry with a tag that was invalidated. */
const DEAD = -2;
/** What no key of an entry may look like in a store: `%lock:`, or with more `%` what was escaped. */
const RESERVED = /^%+(?:tags|lock|load|bloom):/;
const UNTAGGED: Tagged = { began: 0, hashes: new Float64Array() };
/** Milliseconds that a counter outlives the entry that says where it is. */
const COUNTER_SLACK = 1000;

/** How long an entry may be used, in milliseconds. */
export interface Lifetime {
  readonly ttl: number;
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
  /** Its tags; undefined without any. */
  readonly tagged?: Tagged | undefined;
  /** How long it is then kept to be validated; default 0. */
  readonly retained?: number;
}

/** An entry as a store had it. */
export interface FoundEntry extends Lifetime {
  readonly value: unknown;
  readonly age: number;
  /** The name of the store. */
  readonly layer: string;
  /** Whether the value is a counter's, which stays where it is. */
  readonly counted?: boolean;
}

/** What this instance knows of a tagged entry: as `tags_since` of the core tells it. */
type TagsSince = (tagged: Tagged) => number;

/** What may be asked of a store. */
export type Operation = Exclude<keyof Store, "name">;

/** A store and how it has been doing. */
export interface Layer {
  readonly store: Store;
  readonly name: string;
  readonly deadline: number;
  failures: number;
  skippedUntil: number;
}

/** The lower stores of a cache. */
export class Layers {
  readonly #layers: readonly Layer[];
  readonly #prefix: string;
  readonly #timers: Timers;
  readonly #events: Events;
  readonly #onTrap: (error: unknown) => void;
  readonly #tagsSince: TagsSince;
  readonly #codec: Codec | undefined;

  constructor(
    stores: readonly Store[],
    namespace: string,
    timers: Timers,
    events: Events,
    onTrap: (error: unknown) => void,
    tagsSince: TagsSince,
    codec: Codec | undefined,
  ) {
    this.#layers = stores.map((store, index) => ({
      store,
      name: typeof store.name === "string" ? store.name : `store ${index + 1}`,
      deadline: (store.deadline ?? 0) > 0 ? (store.deadline as number) : DEADLINE,
      failures: 0,
      skippedUntil: 0,
    }));
    this.#prefix = namespace === "" ? "" : `${namespace.replace(/[%:]/g, escapeCharacter)}:`;
    this.#timers = timers;
    this.#events = events;
    this.#onTrap = onTrap;
    this.#tagsSince = tagsSince;
    this.#codec = codec;
  }

  /** All of them, in order. */
  get all(): readonly Layer[] {
    return this.#layers;
  }

  /** The one that counts. */
  get counterLayer(): Layer | undefined {
    return this.firstWith("increment", "add");
  }

  /** The first one whose store can do all of that. */
  firstWith(...capabilities: readonly Operation[]): Layer | undefined {
    return this.#layers.find(({ store }) =>
      capabilities.every((name) => typeof store[name] === "function"),
    );
  }

  /**
   * The first entry that can be read and is of any use; stores above it get it too.
   * @param from the first store that is asked
   */
  async read(
    key: string,
    validate?: Validate,
    from: Layer | undefined = this.#layers[0],
  ): Promise<FoundEntry | undefined> {
    for (const [index, layer] of this.#layers.entries()) {
      if (from !== undefined && index < this.#layers.indexOf(from)) continue;
      const record = await this.try(layer, "get", key, () => layer.store.get(this.named(key)));
      const entry = await this.usable(layer, key, record, validate);
      if (entry === undefined) continue;
      if (!entry.counted) this.fill(key, record as Uint8Array, entry, index);
      return entry;
    }
    return undefined;
  }

  /** The entry that a record is; undefined for one that is dead, damaged or refused. */
  async usable(
    layer: Layer,
    key: string,
    record: unknown,
    validate?: Validate,
  ): Promise<FoundEntry | undefined> {
    if (record === undefined || record === null) return undefined;
    const entry = await this.#counted(layer, key, this.decode(layer, key, record));
    const found = await this.#validated(layer, key, entry, validate);
    return found && this.#heeded(layer, key, found);
  }

  /** An entry that says where a counter is, with what it counts. */
  async #counted(
    layer: Layer,
    key: string,
    entry: FoundEntry | undefined,
  ): Promise<FoundEntry | undefined> {
    if (!(entry?.value instanceof StoredCounter)) return entry;
    try {
      const value = await this.count(layer, key, entry.value, 0, totalOf(entry) - entry.age);
      return { ...entry, value, counted: true };
    } catch {
      return undefined; // the event has been told
    }
  }

  /**
   * Adds to a counter; gives the sum.
   * @throws StoreError
   */
  async count(
    layer: Layer,
    key: string,
    counter: StoredCounter,
    by: number,
    left: number,
  ): Promise<number> {
    const at = this.counterLayer ?? layer;
    const name = `${this.named(key)}%n${counter.id}`;
    // The entry says when it is over: the counter must not end before it.
    const options = { expiresIn: left + COUNTER_SLACK };
    const run = () => at.store.increment?.(name, by, options);
    const sum = await this.attempt(at, "increment", key, run);
    if (typeof sum === "number") return counter.base + sum;
    throw new StoreError(`${at.name} gave no number for a counter`);
  }

  /** Writes an entry to every store; resolves when all have it or failed. */
  async write(key: string, value: unknown, lifetime: Lifetime): Promise<void> {
    const expiresIn = keptFor(lifetime);
    if (expiresIn <= 0) return;
    const record = this.encode(key, value, lifetime);
    if (record === undefined) return;
    await Promise.all(
      this.#layers.map((layer) =>
        this.try(layer, "set", key, () => layer.store.set(this.named(key), record, { expiresIn })),
      ),
    );
  }

  /** Drops a key from every store; resolves when all did or failed. */
  async delete(key: string): Promise<void> {
    await Promise.all(
      this.#layers.map((layer) =>
        this.try(layer, "delete", key, () => layer.store.delete(this.named(key))),
      ),
    );
  }

  /** Stamps tags as invalidated in every store; resolves when all have it or failed. */
  async stamp(hashes: TagHashes, soft: boolean, at: number): Promise<void> {
    const keys = stampKeys(this.#prefix, hashes);
    const half = keys.length / 2;
    const mine = soft ? keys.slice(half) : keys.slice(0, half);
    const record = this.#stampRecord(at);
    if (record === undefined) return;
    const never = { expiresIn: Number.POSITIVE_INFINITY };
    const writes = this.#layers.flatMap((layer) =>
      mine.map((key) => this.try(layer, "set", key, () => layer.store.set(key, record, never))),
    );
    await Promise.all(writes);
  }

  #stampRecord(at: number): Uint8Array | undefined {
    try {
      return encodeStamp(at);
    } catch (error) {
      this.#onTrap(error);
      return undefined;
    }
  }

  /** The name of something of the cache's own, like a saved filter; no key is called so. */
  own(kind: string, name: string): string {
    return `%${kind}:${this.#prefix}${name}`;
  }

  /** The key that stores call so; the reverse of `named`. */
  keyIn(name: string): string {
    return (RESERVED.test(name) ? name.slice(1) : name).slice(this.#prefix.length);
  }

  /** What stores call a key. One that looks like a name of the cache's own gets one more `%`. */
  named(key: string): string {
    const name = this.#prefix + key;
    return RESERVED.test(name) ? `%${name}` : name;
  }

  /** The entry, unless a tag of it was invalidated: then undefined, or stale since then. */
  async #heeded(layer: Layer, key: string, entry: FoundEntry): Promise<FoundEntry | undefined> {
    const { tagged } = entry;
    if (tagged === undefined) return entry;
    const keys = stampKeys(this.#prefix, tagged.hashes);
    const records = await this.try(layer, "get", key, () => readAll(layer.store, keys));
    // Nobody can tell whether it is good: too careful is a load, too trusting a wrong answer.
    if (records === undefined) return undefined;
    try {
      const stamps = decodeStamps(records).filter(({ at }) => at >= tagged.began);
      const own = this.#tagsSince(tagged);
      if (own >= 0) stamps.push({ soft: true, at: own });
      const isDead = own === DEAD || stamps.some(({ soft }) => !soft);
      return isDead ? undefined : this.#staleSince(entry, stamps);
    } catch (error) {
      if (isTrap(error)) this.#onTrap(error);
      this.#events.tell({ type: "corrupt", store: layer.name, operation: "get", key, error });
      return undefined;
    }
  }

  /** The entry, whose freshness ended with the first of these soft stamps. */
  #staleSince(entry: FoundEntry, stamps: readonly Stamp[]): FoundEntry | undefined {
    const storedAt = this.#timers.now() - entry.age;
    const ends = stamps.map(({ at }) => Math.max(0, at - storedAt));
    const stale = { ...entry, ttl: Math.min(entry.ttl, ...ends) };
    return stale.age < keptFor(stale) ? stale : undefined;
  }

  /** Gives an entry to the stores above the one that had it, for as long as it still has. */
  fill(key: string, record: Uint8Array, entry: FoundEntry, above: number): void {
    const expiresIn = keptFor(entry) - entry.age;
    for (const layer of this.#layers.slice(0, above)) {
      void this.try(layer, "set", key, () =>
        layer.store.set(this.named(key), record, { expiresIn }),
      );
    }
  }

  /** The record of an entry; undefined, and an event, when there can be none. */
  encode(key: string, value: unknown, lifetime: Lifetime): Uint8Array | undefined {
    const { ttl, staleWhileRevalidate: revalidate, staleIfError, retained = 0 } = lifetime;
    const { began, hashes } = lifetime.tagged ?? UNTAGGED;
    const now = this.#timers.now();
    try {
      const { codec, bytes } = encode(value, this.#codec);
      return encode_record(
        bytes,
        codec,
        now,
        ttl,
        revalidate,
        staleIfError,
        retained,
        began,
        hashes,
      );
    } catch (error) {
      if (isTrap(error)) this.#onTrap(error);
      const refusal = new CodecError("the value cannot be stored", { cause: error });
      this.#events.tell({
        type: "store-error",
        store: "codec",
        operation: "set",
        key,
        error: refusal,
      });
      return undefined;
    }
  }

  /** What a record holds; undefined when it is dead, and with an event when it is damaged. */
  decode(layer: Layer, key: string, record: unknown): FoundEntry | undefined {
    try {
      // Stores with sealed records give the reason for which one cannot be opened.
      if (isHoldoverError(record)) throw record;
      if (!isBytes(record)) throw new CodecError("a store gave what is no Uint8Array");
      const fields = decode_record(record);
      const [codec, storedAt = 0, ttl = 0, ...others] = fields;
      const [staleWhileRevalidate = 0, staleIfError = 0, at = 0, retained = 0] = others;
      if (codec === undefined) throw new CodecError("a record is damaged or of another version");
      const age = Math.max(0, this.#timers.now() - storedAt);
      const lifetime = { ttl, staleWhileRevalidate, staleIfError, retained };
      if (age >= keptFor(lifetime)) return undefined;
      const value = decode(codec, record.subarray(at), this.#codec);
      const [began] = fields.subarray(7);
      const tagged = began === undefined ? undefined : { began, hashes: fields.subarray(8) };
      return { ...lifetime, value, age, layer: layer.name, tagged };
    } catch (error) {
      if (isTrap(error)) this.#onTrap(error);
      this.#events.tell({ type: "corrupt", store: layer.name, operation: "get", key, error });
      return undefined;
    }
  }

  /** The entry with the value that `validate` makes of it; undefined when it is refused. */
  async #validated(
    layer: Layer,
    key: string,
    entry: FoundEntry | undefined,
    validate: Validate | undefined,
  ): Promise<FoundEntry | undefined> {
    if (entry === undefined || validate === undefined) return entry;
    try {
      return { ...entry, value: await valid(validate, entry.value) };
    } catch (error) {
      this.#events.tell({ type: "corrupt", store: layer.name, operation: "get", key, error });
      return undefined;
    }
  }

  /**
   * Runs one store operation; undefined when it fails, is late or the store is skipped.
   * @param key what events name
   */
  async try<T>(
    layer: Layer,
    operation: Operation,
    key: string,
    run: () => PromiseLike<T> | T,
  ): Promise<T | undefined> {
    try {
      return await this.attempt(layer, operation, key, run);
    } catch {
      return undefined; // the event has been told
    }
  }

  /**
   * Runs one store operation.
   * @throws StoreError when it fails, is late or the store is skipped
   */
  async attempt<T>(
    layer: Layer,
    operation: Operation,
    key: string,
    run: () => PromiseLike<T> | T,
  ): Promise<T> {
    if (layer.failures >= SKIP_AFTER && this.#timers.now() < layer.skippedUntil) {
      const retryAfter = layer.skippedUntil - this.#timers.now();
      throw new StoreError(`${layer.name} keeps failing and is left alone`, { retryAfter });
    }
    try {
      const result = await this.#within(layer.deadline, layer, operation, run);
      layer.failures = 0;
      return result;
    } catch (error) {
      layer.failures += 1;
      layer.skippedUntil = this.#timers.now() + SKIP_FOR;
      const cause = new StoreError(`${layer.name} failed to ${operation}`, { cause: error });
      this.#events.tell({ type: "store-error", store: layer.name, operation, key, error: cause });
      throw cause;
    }
  }

  #within<T>(
    deadline: number,
    layer: Layer,
    operation: Operation,
    run: () => PromiseLike<T> | T,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      // What `run` throws rejects the promise before there is a timer to cancel.
      const work = Promise.resolve(run());
      const cancel = this.#timers.after(deadline, () =>
        reject(new TimeoutError(`${layer.name} took over ${deadline} ms to ${operation}`)),
      );
      work.then(resolve, reject).finally(cancel);
    });
  }
}

/** The value, as the schema has it; throws when it is refused. */
async function valid(validate: Validate, value: unknown): Promise<unknown> {
  if (typeof validate === "function") {
    if (await validate(value)) return value;
    throw new CodecError("validate refused the stored value");
  }
  const result = await validate["~standard"].validate(value);
  if (result.issues === undefined) return result.value;
  throw new CodecError("the stored value does not fit its schema", { cause: result.issues });
}

/** How long an entry may answer. */
export function totalOf({ ttl, staleWhileRevalidate, staleIfError }: Lifetime): number {
  return ttl + Math.max(staleWhileRevalidate, staleIfError);
}

/** How long an entry is of any use, if only to be validated. */
function keptFor(lifetime: Lifetime): number {
  return totalOf(lifetime) + (lifetime.retained ?? 0);
}

/** By shape, so that arrays of another realm count too. */
export function isBytes(record: unknown): record is Uint8Array {
  return (
    ArrayBuffer.isView(record) &&
    "subarray" in record &&
    record.byteLength === (record as Uint8Array).length
  );
}

/** No namespace may end in what looks like the beginning of another one's keys. */
function escapeCharacter(character: string): string {
  return character === "%" ? "%25" : "%3A";
}
