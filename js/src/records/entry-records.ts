/** Entries as records for lower stores, and back. Nothing here throws. */

import { type FoundEntry, keptFor, type Lifetime } from "../model/entry.js";
import type { Events } from "../model/events.js";
import type { Validate } from "../model/schema.js";
import type { Tagged } from "../model/tagged.js";
import type { Timers } from "../runtime/clock.js";
import { isBytes, isSame } from "../util/bytes.js";
import { CodecError, isHoldoverError } from "../util/errors.js";
import { type Codec, decode, encode, type Kinds } from "./codec/values.js";
import { joinRecord, readRecord } from "./record-bytes.js";

/** Milliseconds that the clock of another instance may be ahead. */
const MOST_AHEAD = 5000;
/** The numbers that a record has of each tag: its hash, its hard and its soft version. */
const NUMBERS = 3;

/** The format of a policy's entries; by default the cache's own. */
export interface Form extends Kinds {
  readonly codec?: Codec | undefined;
  /** Checks a value found in a store before it is used. */
  readonly validate?: Validate | undefined;
}

/** The numbers that a record has of its tags. */
function numbersOf({ hashes, versions }: Tagged = NO_TAGS): Float64Array {
  const numbers = new Float64Array(hashes.length * NUMBERS);
  for (const [at, hash] of hashes.entries()) {
    numbers[at * NUMBERS] = hash;
    numbers[at * NUMBERS + 1] = versions?.[at * 2] ?? 0;
    numbers[at * NUMBERS + 2] = versions?.[at * 2 + 1] ?? 0;
  }
  return numbers;
}

/** The reverse. */
function taggedOf(numbers: Float64Array): Tagged | undefined {
  if (numbers.length === 0) return undefined;
  const hashes = numbers.filter((_, at) => at % NUMBERS === 0);
  return { hashes, versions: numbers.filter((_, at) => at % NUMBERS !== 0) };
}

const NO_TAGS: Tagged = { hashes: new Float64Array() };

/** The parts of a cache that records need. */
export interface RecordsHost {
  readonly timers: Timers;
  readonly events: Events;
  readonly codec: Codec | undefined;
  /** The most bytes of a record. */
  readonly maxRecord: number;
  /** Sees to it when an error is a trap of the core. */
  readonly onTrap: (error: unknown) => void;
}

/** The store that has a record. */
type Source = { readonly name: string };

/** Makes records of entries, and entries of records. */
export class EntryRecords {
  readonly #timers: Timers;
  readonly #events: Events;
  readonly #onTrap: (error: unknown) => void;
  readonly #codec: Codec | undefined;
  readonly #maxRecord: number;

  constructor({ timers, events, onTrap, codec, maxRecord }: RecordsHost) {
    this.#timers = timers;
    this.#events = events;
    this.#onTrap = onTrap;
    this.#codec = codec;
    this.#maxRecord = maxRecord;
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
    const storedAt = Math.max(this.#timers.now(), after + 1);
    try {
      const { codec, bytes } = encode(value, form.codec ?? this.#codec);
      this.#checkSize(bytes.length);
      const record = joinRecord({ codec, storedAt, lifetime }, bytes, numbersOf(lifetime.tagged));
      this.#checkSize(record.length);
      return record;
    } catch (cause) {
      this.#onTrap(cause);
      const error = new CodecError("the value cannot be stored", { cause });
      this.#events.tell({ type: "store-error", store: "codec", operation: "set", key, error });
      return undefined;
    }
  }

  /** True if two values have the same bytes in records. */
  isSame(one: unknown, other: unknown): boolean {
    try {
      const [left, right] = [encode(one, this.#codec), encode(other, this.#codec)];
      return left.codec === right.codec && isSame(left.bytes, right.bytes);
    } catch (error) {
      this.#onTrap(error);
      return false;
    }
  }

  /** Decodes a record; undefined when it has expired, and with an event when it is damaged. */
  decode(tier: Source, key: string, record: unknown, form: Form): FoundEntry | undefined {
    try {
      // Stores with sealed records give the reason for which one cannot be opened.
      if (isHoldoverError(record)) throw record;
      if (!isBytes(record)) throw new CodecError("a store gave what is no Uint8Array");
      this.#checkSize(record.length);
      const { codec, storedAt, lifetime, tags, at } = readRecord(record);
      const age = this.#ageOf(storedAt);
      if (age >= keptFor(lifetime)) return undefined;
      const value = decode(codec, record.subarray(at), form.codec ?? this.#codec, form);
      const tagged = taggedOf(tags);
      const { ttl, staleWhileRevalidate, staleIfError, retained } = lifetime;
      // By their names: an object that is spread costs a microsecond.
      return {
        ttl,
        staleWhileRevalidate,
        staleIfError,
        retained,
        tagged,
        value,
        age,
        storedAt,
        tier: tier.name,
        counted: undefined,
      };
    } catch (error) {
      this.#onTrap(error);
      this.tellCorrupt(tier, key, error);
      return undefined;
    }
  }

  /** @throws CodecError for records that are too long to be read, or written */
  #checkSize(length: number): void {
    if (length <= this.#maxRecord) return;
    throw new CodecError(`a record is longer than maxRecord, ${this.#maxRecord} bytes`);
  }

  /**
   * The age of a record in milliseconds.
   * @throws CodecError when its writer's clock is ahead: its age is unknown
   */
  #ageOf(storedAt: number): number {
    const age = this.#timers.now() - storedAt;
    if (age >= -MOST_AHEAD) return Math.max(0, age);
    throw new CodecError(`a record was stored by a clock that is ${-age} ms ahead`);
  }

  /** The entry with the value that `validate` makes of it; undefined when it is refused. */
  async validated(
    tier: Source,
    key: string,
    entry: FoundEntry,
    validate: Validate,
  ): Promise<FoundEntry | undefined> {
    try {
      return { ...entry, value: await valid(validate, entry.value) };
    } catch (error) {
      this.tellCorrupt(tier, key, error);
      return undefined;
    }
  }

  /** Tells that what a store has under a key cannot be used. */
  tellCorrupt(tier: Source, key: string, error: unknown): void {
    this.#events.tell({ type: "corrupt", store: tier.name, operation: "get", key, error });
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
