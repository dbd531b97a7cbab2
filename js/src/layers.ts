/**
 * The stores below the memory: read in order, written all.
 *
 * Every operation has a deadline, and a store that keeps failing is left alone for a while, so
 * that a dead one costs nothing per call. Nothing here throws.
 */

import type { Timers } from "./clock.js";
import { type Codec, decode, encode } from "./codec/values.js";
import { decode_record, encode_record, isTrap } from "./core.js";
import { CodecError, isHoldoverError, StoreError, TimeoutError } from "./errors.js";
import type { Events } from "./events.js";
import type { Validate } from "./policy-options.js";
import type { Store } from "./store.js";

/** Milliseconds that a store operation may take, if the store does not say. */
const DEADLINE = 500;
/** Failures in a row after which a store is skipped. */
const SKIP_AFTER = 5;
/** Milliseconds it is then skipped for. */
const SKIP_FOR = 5000;

/** How long an entry may be used, in milliseconds. */
export interface Lifetime {
  readonly ttl: number;
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
}

/** An entry as a store had it. */
export interface FoundEntry extends Lifetime {
  readonly value: unknown;
  readonly age: number;
  /** The name of the store. */
  readonly layer: string;
}

type Operation = "get" | "set" | "delete";

interface Layer {
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
  readonly #codec: Codec | undefined;

  constructor(
    stores: readonly Store[],
    namespace: string,
    timers: Timers,
    events: Events,
    onTrap: (error: unknown) => void,
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
    this.#codec = codec;
  }

  /** The first entry that can be read, dead ones left out; stores above it get it too. */
  async read(key: string, validate?: Validate): Promise<FoundEntry | undefined> {
    for (const [index, layer] of this.#layers.entries()) {
      const record = await this.#operate(layer, "get", key, () =>
        layer.store.get(this.#named(key)),
      );
      if (record === undefined || record === null) continue;
      const entry = await this.#validated(layer, key, this.#decode(layer, key, record), validate);
      if (entry === undefined) continue;
      this.#fill(key, record as Uint8Array, entry, index);
      return entry;
    }
    return undefined;
  }

  /** Writes an entry to every store; resolves when all have it or failed. */
  async write(key: string, value: unknown, lifetime: Lifetime): Promise<void> {
    const expiresIn = totalOf(lifetime);
    if (expiresIn <= 0) return;
    const record = this.#encode(key, value, lifetime);
    if (record === undefined) return;
    await Promise.all(
      this.#layers.map((layer) =>
        this.#operate(layer, "set", key, () =>
          layer.store.set(this.#named(key), record, { expiresIn }),
        ),
      ),
    );
  }

  /** Drops a key from every store; resolves when all did or failed. */
  async delete(key: string): Promise<void> {
    await Promise.all(
      this.#layers.map((layer) =>
        this.#operate(layer, "delete", key, () => layer.store.delete(this.#named(key))),
      ),
    );
  }

  #named(key: string): string {
    return this.#prefix + key;
  }

  /** Gives an entry to the stores above the one that had it, for as long as it still has. */
  #fill(key: string, record: Uint8Array, entry: FoundEntry, above: number): void {
    const expiresIn = totalOf(entry) - entry.age;
    for (const layer of this.#layers.slice(0, above)) {
      void this.#operate(layer, "set", key, () =>
        layer.store.set(this.#named(key), record, { expiresIn }),
      );
    }
  }

  #encode(key: string, value: unknown, lifetime: Lifetime): Uint8Array | undefined {
    const { ttl, staleWhileRevalidate, staleIfError } = lifetime;
    const now = this.#timers.now();
    try {
      const { codec, bytes } = encode(value, this.#codec);
      return encode_record(bytes, codec, now, ttl, staleWhileRevalidate, staleIfError);
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

  #decode(layer: Layer, key: string, record: unknown): FoundEntry | undefined {
    try {
      // Stores with sealed records give the reason for which one cannot be opened.
      if (isHoldoverError(record)) throw record;
      if (!isBytes(record)) throw new CodecError("a store gave what is no Uint8Array");
      const [codec, storedAt = 0, ttl = 0, staleWhileRevalidate = 0, staleIfError = 0, at = 0] =
        decode_record(record);
      if (codec === undefined) throw new CodecError("a record is damaged or of another version");
      const age = Math.max(0, this.#timers.now() - storedAt);
      const lifetime = { ttl, staleWhileRevalidate, staleIfError };
      if (age >= totalOf(lifetime)) return undefined;
      const value = decode(codec, record.subarray(at), this.#codec);
      return { ...lifetime, value, age, layer: layer.name };
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

  /** Runs one store operation; undefined when it fails, is late or the store is skipped. */
  async #operate<T>(
    layer: Layer,
    operation: Operation,
    key: string,
    run: () => PromiseLike<T> | T,
  ): Promise<T | undefined> {
    if (layer.failures >= SKIP_AFTER && this.#timers.now() < layer.skippedUntil) return undefined;
    try {
      const result = await this.#within(layer.deadline, layer, operation, run);
      layer.failures = 0;
      return result;
    } catch (error) {
      layer.failures += 1;
      layer.skippedUntil = this.#timers.now() + SKIP_FOR;
      const cause = new StoreError(`${layer.name} failed to ${operation}`, { cause: error });
      this.#events.tell({ type: "store-error", store: layer.name, operation, key, error: cause });
      return undefined;
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

/** How long an entry is of any use. */
export function totalOf({ ttl, staleWhileRevalidate, staleIfError }: Lifetime): number {
  return ttl + Math.max(staleWhileRevalidate, staleIfError);
}

/** By shape, so that arrays of another realm count too. */
function isBytes(record: unknown): record is Uint8Array {
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
