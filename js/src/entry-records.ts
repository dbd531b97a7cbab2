/** Entries as records for lower stores, and back. Nothing here throws. */

import type { Layer } from "./attempts.js";
import type { Timers } from "./clock.js";
import { type Codec, decode, encode } from "./codec/values.js";
import { decode_record, encode_record, isTrap } from "./core.js";
import { CodecError, isHoldoverError } from "./errors.js";
import type { Events } from "./events.js";
import type { FoundEntry, Lifetime } from "./layers.js";
import type { Validate } from "./policy-options.js";
import type { Tagged } from "./tags.js";

const UNTAGGED: Tagged = { began: 0, hashes: new Float64Array() };

/** How the entries of a policy are read and written; both default to the cache's own way. */
export interface Form {
  readonly codec?: Codec | undefined;
  /** Whether what was found may be used. */
  readonly validate?: Validate | undefined;
}

/** Makes records of entries, and entries of records. */
export class EntryRecords {
  readonly #timers: Timers;
  readonly #events: Events;
  readonly #onTrap: (error: unknown) => void;
  readonly #codec: Codec | undefined;

  constructor(
    timers: Timers,
    events: Events,
    onTrap: (error: unknown) => void,
    codec: Codec | undefined,
  ) {
    this.#timers = timers;
    this.#events = events;
    this.#onTrap = onTrap;
    this.#codec = codec;
  }

  /**
   * The record of an entry; undefined, and an event, when there can be none.
   * @param after a time that it must be told to be stored after
   */
  encode(
    key: string,
    value: unknown,
    lifetime: Lifetime,
    form: Form,
    after: number = Number.NEGATIVE_INFINITY,
  ): Uint8Array | undefined {
    const { ttl, staleWhileRevalidate: revalidate, staleIfError, retained = 0 } = lifetime;
    const { began, hashes } = lifetime.tagged ?? UNTAGGED;
    const now = Math.max(this.#timers.now(), after + 1);
    try {
      const { codec, bytes } = encode(value, form.codec ?? this.#codec);
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
    } catch (cause) {
      if (isTrap(cause)) this.#onTrap(cause);
      const error = new CodecError("the value cannot be stored", { cause });
      this.#events.tell({ type: "store-error", store: "codec", operation: "set", key, error });
      return undefined;
    }
  }

  /** What a record holds; undefined when it is dead, and with an event when it is damaged. */
  decode(layer: Layer, key: string, record: unknown, form: Form): FoundEntry | undefined {
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
      const value = decode(codec, record.subarray(at), form.codec ?? this.#codec);
      const [began] = fields.subarray(7);
      const tagged = began === undefined ? undefined : { began, hashes: fields.subarray(8) };
      return { ...lifetime, value, age, layer: layer.name, tagged };
    } catch (error) {
      if (isTrap(error)) this.#onTrap(error);
      this.tellCorrupt(layer, key, error);
      return undefined;
    }
  }

  /** The entry with the value that `validate` makes of it; undefined when it is refused. */
  async validated(
    layer: Layer,
    key: string,
    entry: FoundEntry | undefined,
    { validate }: Form,
  ): Promise<FoundEntry | undefined> {
    if (entry === undefined || validate === undefined) return entry;
    try {
      return { ...entry, value: await valid(validate, entry.value) };
    } catch (error) {
      this.tellCorrupt(layer, key, error);
      return undefined;
    }
  }

  /** Tells that what a store has under a key cannot be used. */
  tellCorrupt(layer: Layer, key: string, error: unknown): void {
    this.#events.tell({ type: "corrupt", store: layer.name, operation: "get", key, error });
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
export function keptFor(lifetime: Lifetime): number {
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
