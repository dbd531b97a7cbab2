/**
 * A store in Redis or Valkey, over a client of the application's choice.
 *
 * A key is a key there, a record is its value. What has to happen in one step is a Lua script.
 */

import type { SetOptions, Store, StoreEntry, WindowOptions, WindowState } from "../store.js";
import { keyToText, textToKey } from "./key-text.js";
import { nameAndDeadline, type StoreOptions } from "./options.js";
import { type Commands, commandsOf, type Listening, type RedisClient } from "./redis-client.js";
import {
  COMPARE_AND_DELETE,
  FIXED_WINDOW,
  INCREMENT,
  run,
  SLIDING_WINDOW,
} from "./redis-scripts.js";

export type {
  BunRedisLike,
  IoRedisLike,
  NodeRedisLike,
  RedisClient,
  RestRedisLike,
} from "./redis-client.js";

/** Options of {@link redis}. */
export type RedisOptions = StoreOptions;

/** How many keys one command looks at or drops. */
const BATCH = 500;

/**
 * A store in Redis 5 or later, or Valkey.
 *
 * The client stays the application's: `close` ends only the connection that was opened to hear
 * messages. Clients over HTTP cannot hear messages, and have no `subscribe`.
 *
 * @param client a client of `ioredis`, `iovalkey`, `redis` (connected; 4 or later) or
 *   `@upstash/redis`, or Bun's `RedisClient`
 * @throws ConfigError when the client is none of these
 */
export function redis(client: RedisClient, options: RedisOptions = {}): RedisStore {
  return new RedisStore(commandsOf(client), nameAndDeadline(options, "redis"));
}

/** Made by {@link redis}. */
export class RedisStore implements Store {
  declare readonly name: string;
  declare readonly deadline?: number;
  /** Hears messages on a connection of its own; absent where the client has no connections. */
  readonly subscribe?: (
    channel: string,
    listener: (message: string) => void,
  ) => Promise<() => Promise<unknown>>;
  readonly #commands: Commands;
  #listening: Promise<Listening> | undefined;
  #listeners = 0;

  /** @internal Use {@link redis}. */
  constructor(commands: Commands, options: { readonly name: string; readonly deadline?: number }) {
    this.#commands = commands;
    Object.assign(this, options);
    const { listen } = commands;
    if (listen !== undefined) {
      this.subscribe = (channel, listener) => this.#subscribe(listen, channel, listener);
    }
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#commands.toRecord(await this.#commands.send("GET", keyToText(key)));
  }

  set(key: string, record: Uint8Array, options: SetOptions): Promise<unknown> {
    return this.#set(key, record, options);
  }

  delete(key: string): Promise<unknown> {
    return this.#commands.send("DEL", keyToText(key));
  }

  async getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    if (keys.length === 0) return [];
    const found = await this.#commands.send("MGET", ...keys.map(keyToText));
    return (found as unknown[]).map((part) => this.#commands.toRecord(part));
  }

  setMany(entries: readonly StoreEntry[]): Promise<unknown> {
    return Promise.all(entries.map((entry) => this.set(...entry)));
  }

  async deleteMany(keys: readonly string[]): Promise<void> {
    await this.#drop(keys.map(keyToText));
  }

  async *keys(prefix: string): AsyncGenerator<string, void, undefined> {
    // The server may tell a key several times while it moves its keys around.
    const told = new Set<string>();
    for await (const page of this.#scan(keyToText(prefix))) {
      for (const text of page) {
        const key = textToKey(text);
        if (told.has(text) || !key.startsWith(prefix)) continue;
        told.add(text);
        yield key;
      }
    }
  }

  async clear(prefix: string): Promise<void> {
    for await (const page of this.#scan(keyToText(prefix))) await this.#drop(page);
  }

  async add(key: string, record: Uint8Array, options: SetOptions): Promise<boolean> {
    const answer = await this.#set(key, record, options, "NX");
    return answer !== null && answer !== undefined;
  }

  async compareAndDelete(key: string, record: Uint8Array): Promise<boolean> {
    const argument = this.#commands.toArgument(record);
    return Number(await run(this.#commands, COMPARE_AND_DELETE, keyToText(key), argument)) === 1;
  }

  async increment(key: string, by: number, { expiresIn }: SetOptions): Promise<number> {
    const life = expiresIn === Number.POSITIVE_INFINITY ? "0" : `${whole(expiresIn)}`;
    return Number(await run(this.#commands, INCREMENT, keyToText(key), `${by}`, life));
  }

  async window(key: string, options: WindowOptions): Promise<WindowState> {
    const { algorithm, limit, period, ban = 0 } = options;
    const script = algorithm === "fixed" ? FIXED_WINDOW : SLIDING_WINDOW;
    const args = [`${limit}`, `${period}`, `${ban}`];
    const answer = await run(this.#commands, script, keyToText(key), ...args);
    const [admitted, remaining = 0, retryAfter = 0] = (answer as unknown[]).map(Number);
    return { admitted: admitted === 1, remaining, retryAfter };
  }

  publish(channel: string, message: string): Promise<unknown> {
    return this.#commands.send("PUBLISH", keyToText(channel), message);
  }

  ping(): Promise<unknown> {
    return this.#commands.send("PING");
  }

  async close(): Promise<void> {
    const listening = this.#listening;
    this.#listening = undefined;
    this.#listeners = 0;
    await (await listening)?.close();
  }

  #set(
    key: string,
    record: Uint8Array,
    { expiresIn }: SetOptions,
    ...words: string[]
  ): Promise<unknown> {
    const life = expiresIn === Number.POSITIVE_INFINITY ? [] : ["PX", `${whole(expiresIn)}`];
    const argument = this.#commands.toArgument(record);
    return this.#commands.send("SET", keyToText(key), argument, ...life, ...words);
  }

  async *#scan(prefix: string): AsyncGenerator<string[], void, undefined> {
    const pattern = `${prefix.replace(/[*?[\]\\^]/g, "\\$&")}*`;
    let cursor = "0";
    do {
      const args = [cursor, "MATCH", pattern, "COUNT", `${BATCH}`];
      const answer = await this.#commands.send("SCAN", ...args);
      const [next, keys] = answer as [unknown, unknown[]];
      cursor = textOf(next);
      yield keys.map(textOf);
    } while (cursor !== "0");
  }

  async #drop(keys: readonly string[]): Promise<void> {
    for (let at = 0; at < keys.length; at += BATCH) {
      await this.#commands.send("UNLINK", ...keys.slice(at, at + BATCH));
    }
  }

  async #subscribe(
    listen: () => Promise<Listening>,
    channel: string,
    listener: (message: string) => void,
  ): Promise<() => Promise<unknown>> {
    this.#listening ??= listen();
    const opening = this.#listening;
    // Counted from now on: who stops meanwhile must not close what this one is about to use.
    this.#listeners += 1;
    // A function of its own, as the same listener may be given twice.
    const hear = (message: string): void => listener(message);
    try {
      await (await opening).subscribe(keyToText(channel), hear);
    } catch (error) {
      this.#leave(opening);
      throw error;
    }
    let isOver = false;
    return async () => {
      if (isOver) return;
      isOver = true;
      if (!this.#leave(opening)) await (await opening).unsubscribe(keyToText(channel), hear);
    };
  }

  /** One listener less. Whether it was the last: then the connection ends, and the next opens one. */
  #leave(opening: Promise<Listening>): boolean {
    if (this.#listening !== opening) return true;
    this.#listeners -= 1;
    if (this.#listeners > 0) return false;
    this.#listening = undefined;
    opening.then((listening) => listening.close()).catch(() => {});
    return true;
  }
}

/** Whole milliseconds, at least one: less would be refused. */
function whole(millis: number): number {
  return Math.max(1, Math.ceil(millis));
}

function textOf(part: unknown): string {
  return part instanceof Uint8Array ? new TextDecoder().decode(part) : String(part);
}
