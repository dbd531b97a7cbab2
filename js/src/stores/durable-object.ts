/**
 * A store in Durable Objects: strongly consistent, so locks, counters and limits hold everywhere.
 *
 * ```js
 * import { durableObject, HoldoverObject } from "holdover/stores/durable-object";
 * export { HoldoverObject };                       // and bind the class, with SQLite, as CACHE
 * const store = durableObject(env.CACHE);          // in a request
 * ```
 */

import { sharingStore } from "../engine/sharing-store.js";
import type { SetOptions, Store, StoreEntry, WindowOptions, WindowState } from "../model/store.js";
import { decodeFrame, encodeFrame, type Frame } from "./durable-frame.js";
import {
  clientWith,
  type NameAndDeadline,
  type StoreOptions,
  storeOptions,
  wholeNumber,
} from "./options.js";

export { HoldoverObject, type ObjectState, type SqlStorage } from "./durable-records.js";

/** The binding of a class of Durable Objects in a worker's `env`. */
export interface ObjectNamespace {
  idFromName(name: string): unknown;
  get(id: never): { fetch(url: string, init: never): Promise<unknown> };
}

/** Options of {@link durableObject}. */
export interface DurableObjectOptions extends StoreOptions {
  /**
   * The number of objects among which keys are divided; one handles some hundred calls a second.
   * Default 1.
   */
  readonly shards?: number | undefined;
}

/**
 * Returns a store in objects of the class {@link HoldoverObject}.
 * @param namespace the binding: `env.CACHE`
 */
export function durableObject(
  namespace: ObjectNamespace,
  options: DurableObjectOptions = {},
): DurableObjectStore {
  const methods = ["idFromName", "get"];
  clientWith(namespace, "namespace", methods, "a binding of Durable Objects, like env.CACHE");
  const { own, given } = storeOptions(options, "durableObject", "durable-object", ["shards"]);
  return sharingStore(
    new DurableObjectStore(namespace, own, wholeNumber(given.shards, "shards", 1, 1)),
  );
}

/** The store that {@link durableObject} returns. */
export class DurableObjectStore implements Store {
  declare readonly name: string;
  declare readonly deadline?: number;
  readonly #namespace: ObjectNamespace;
  readonly #shards: number;

  /** @internal Use {@link durableObject}. */
  constructor(namespace: ObjectNamespace, options: NameAndDeadline, shards: number) {
    this.#namespace = namespace;
    Object.assign(this, options);
    this.#shards = shards;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const { records } = await this.#ask(this.#shardOf(key), "getMany", [[key]]);
    return records[0] ?? undefined;
  }

  async set(key: string, record: Uint8Array, { expiresIn }: SetOptions): Promise<void> {
    await this.#ask(this.#shardOf(key), "set", [key, lifeOf(expiresIn)], [record]);
  }

  async delete(key: string): Promise<void> {
    await this.#ask(this.#shardOf(key), "deleteMany", [[key]]);
  }

  async getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    const found: (Uint8Array | undefined)[] = keys.map(() => undefined);
    await this.#split(keys, async (shard, places) => {
      const wanted = places.map((place) => keys[place]);
      const { records } = await this.#ask(shard, "getMany", [wanted]);
      for (const [index, place] of places.entries()) found[place] = records[index] ?? undefined;
    });
    return found;
  }

  async setMany(entries: readonly StoreEntry[]): Promise<void> {
    await Promise.all(entries.map((entry) => this.set(...entry)));
  }

  async deleteMany(keys: readonly string[]): Promise<void> {
    await this.#split(keys, (shard, places) =>
      this.#ask(shard, "deleteMany", [places.map((place) => keys[place])]),
    );
  }

  async keys(prefix: string): Promise<string[]> {
    const answers = await this.#all("keys", [prefix]);
    return answers.flatMap(({ result }) => result as string[]);
  }

  async clear(prefix: string): Promise<void> {
    await this.#all("clear", [prefix]);
  }

  async add(key: string, record: Uint8Array, { expiresIn }: SetOptions): Promise<boolean> {
    const shard = this.#shardOf(key);
    const { result } = await this.#ask(shard, "add", [key, lifeOf(expiresIn)], [record]);
    return result === true;
  }

  async compareAndDelete(key: string, record: Uint8Array): Promise<boolean> {
    const { result } = await this.#ask(this.#shardOf(key), "compareAndDelete", [key], [record]);
    return result === true;
  }

  async compareAndSet(
    key: string,
    expected: Uint8Array,
    record: Uint8Array,
    { expiresIn }: SetOptions,
  ): Promise<boolean> {
    const args = [key, lifeOf(expiresIn)];
    const records = [expected, record];
    const { result } = await this.#ask(this.#shardOf(key), "compareAndSet", args, records);
    return result === true;
  }

  async increment(key: string, by: number, { expiresIn }: SetOptions): Promise<number> {
    const { result } = await this.#ask(this.#shardOf(key), "increment", [
      key,
      by,
      lifeOf(expiresIn),
    ]);
    return result as number;
  }

  async window(key: string, options: WindowOptions): Promise<WindowState> {
    const { result } = await this.#ask(this.#shardOf(key), "window", [key, options]);
    return result as WindowState;
  }

  async ping(): Promise<void> {
    await this.#all("ping", []);
  }

  /** Returns the shard of a key: FNV-1a over its UTF-16 units. */
  #shardOf(key: string): number {
    let hash = 0x811c9dc5;
    for (let index = 0; index < key.length; index += 1) {
      hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
    }
    return (hash >>> 0) % this.#shards;
  }

  async #split(
    keys: readonly string[],
    act: (shard: number, places: readonly number[]) => Promise<unknown>,
  ): Promise<void> {
    const places = new Map<number, number[]>();
    for (const [place, key] of keys.entries()) {
      const shard = this.#shardOf(key);
      places.set(shard, [...(places.get(shard) ?? []), place]);
    }
    await Promise.all([...places].map(([shard, own]) => act(shard, own)));
  }

  #all(operation: string, args: readonly unknown[]): Promise<Frame[]> {
    const shards = Array.from({ length: this.#shards }, (_, shard) => shard);
    return Promise.all(shards.map((shard) => this.#ask(shard, operation, args)));
  }

  async #ask(
    shard: number,
    operation: string,
    args: readonly unknown[],
    records: readonly Uint8Array[] = [],
  ): Promise<Frame> {
    const id = this.#namespace.idFromName(`holdover ${shard}`);
    const body = encodeFrame({ result: [operation, ...args], records });
    const init = { method: "POST", body } as never;
    const response = (await this.#namespace.get(id as never).fetch(ADDRESS, init)) as Response;
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (!response.ok) throw new Error(new TextDecoder().decode(bytes));
    return decodeFrame(bytes);
  }
}

/** Objects require an address; it is never resolved. */
const ADDRESS = "https://holdover.invalid/";

/** JSON has no Infinity. */
function lifeOf(expiresIn: number): number | null {
  return expiresIn === Number.POSITIVE_INFINITY ? null : expiresIn;
}
