/**
 * A store in Redis or Valkey, over a client of the application's choice. Keys and records are keys
 * and values of Redis; an operation that must be atomic is a Lua script.
 */

import { sharingStore } from "../engine/sharing-store.js";
import type { SetOptions, Store, StoreEntry, WindowOptions, WindowState } from "../model/store.js";
import { CodecError } from "../util/errors.js";
import { keyToText, textToKey } from "./key-text.js";
import { type NameAndDeadline, type StoreOptions, storeOptions } from "./options.js";
import { commandsOf, type RedisClient } from "./redis-client.js";
import { listCluster } from "./redis-cluster.js";
import type { Commands, Listen, Listening, Part, Send } from "./redis-commands.js";
import {
  COMPARE_AND_DELETE,
  COMPARE_AND_EXPIRE,
  COMPARE_AND_SET,
  FIXED_WINDOW,
  INCREMENT,
  PUBLISH,
  run,
  SLIDING_WINDOW,
} from "./redis-scripts.js";
import { textOf } from "./redis-text.js";
import { ServerClock, setInTime } from "./redis-timed.js";
import { LONG, lifeOf, wordsOf } from "./redis-words.js";

export type {
  BunRedisLike,
  GlideLike,
  IoRedisLike,
  NodeRedisClusterLike,
  NodeRedisLike,
  NodeRedisPoolLike,
  NodeRedisSentinelLike,
  RedisClient,
  RestRedisLike,
} from "./redis-client.js";

/** Options of {@link redis}. */
export type RedisOptions = StoreOptions;

/** Keys per command when listing or dropping. */
const BATCH = 500;

/**
 * Returns a store in Redis 5 or later, or Valkey: one server, a server behind sentinels, or a
 * cluster.
 *
 * In a cluster no hash tags are needed: operations on several keys are sent to each key's node, and
 * listing asks every primary.
 *
 * The client stays the application's. `close` ends only the connection opened for subscriptions,
 * which also ends with the client (Bun's client does not report its end: close the cache). HTTP
 * clients and those of valkey-glide cannot subscribe, so the store has no `subscribe` then.
 *
 * @param client a client or `Cluster` of `ioredis` or `iovalkey`; a client, cluster, sentinel or
 *   pool of `redis` (connected; 4 or later); a client of `@valkey/valkey-glide` or
 *   `@upstash/redis`; or Bun's `RedisClient`
 * @throws ConfigError if the client is none of these, and for wrong options
 */
export function redis(client: RedisClient, options: RedisOptions = {}): RedisStore {
  return sharingStore(
    new RedisStore(commandsOf(client), storeOptions(options, "redis", "redis").own),
  );
}

/** The store that {@link redis} returns. */
export class RedisStore implements Store {
  declare readonly name: string;
  declare readonly deadline?: number;
  /** Subscribes on a connection of its own; absent if the client has no connections. */
  readonly subscribe?: (
    channel: string,
    listener: (message: string) => void,
    onMissed?: () => void,
    signal?: AbortSignal,
  ) => Promise<() => Promise<unknown>>;
  readonly #commands: Commands;
  readonly #send: Send;
  /** True if a command may have only one key. */
  #isApart: boolean;
  /** False for a server, or a user, without scripts. */
  #runsScripts = true;
  readonly #clock: ServerClock = new ServerClock();
  #listening: Listening | undefined;
  #listeners = 0;
  /** Callbacks of subscribers, called when messages were missed. */
  readonly #missed = new Set<() => void>();

  /** @internal Use {@link redis}. */
  constructor(commands: Commands, options: NameAndDeadline) {
    this.#commands = commands;
    this.#send = readingTypes(commands.send);
    this.#isApart = commands.primaries !== undefined;
    Object.assign(this, options);
    const { listen } = commands;
    if (listen !== undefined) {
      this.subscribe = (channel, listener, onMissed, signal) =>
        this.#subscribe(listen, channel, listener, onMissed, signal);
    }
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#commands.toRecord(await this.#send("GET", keyToText(key)));
  }

  set(key: string, record: Uint8Array, options: SetOptions): Promise<unknown> {
    return this.#set(key, record, options);
  }

  delete(key: string): Promise<unknown> {
    return this.#send("DEL", keyToText(key));
  }

  async getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    const together = async (texts: readonly string[]): Promise<unknown[]> =>
      (await this.#send("MGET", ...texts)) as unknown[];
    const found = await this.#batch(keys.map(keyToText), together, (key) => this.#found(key));
    return found.map((part) => this.#recordOf(part));
  }

  async setMany(entries: readonly StoreEntry[]): Promise<void> {
    for (let at = 0; at < entries.length; at += BATCH) {
      await Promise.all(entries.slice(at, at + BATCH).map((entry) => this.set(...entry)));
    }
  }

  async deleteMany(keys: readonly string[]): Promise<void> {
    await this.#drop(keys.map(keyToText));
  }

  async *keys(prefix: string): AsyncGenerator<string, void, undefined> {
    // The server may list a key several times while it resizes its table.
    const told = new Set<string>();
    const isNew = (text: string): boolean => !told.has(text);
    for await (const page of this.#list(keyToText(prefix), isNew)) {
      for (const text of page) {
        const key = textToKey(text);
        if (told.has(text) || !key.startsWith(prefix)) continue;
        told.add(text);
        yield key;
      }
    }
  }

  async clear(prefix: string): Promise<void> {
    for await (const page of this.#list(keyToText(prefix), () => true)) await this.#drop(page);
  }

  add(key: string, record: Uint8Array, options: SetOptions): Promise<boolean> {
    return this.#set(key, record, options, "NX");
  }

  compareAndDelete(key: string, record: Uint8Array): Promise<boolean> {
    return this.#compare(key, record, COMPARE_AND_DELETE);
  }

  compareAndExpire(key: string, record: Uint8Array, options: SetOptions): Promise<boolean> {
    return this.#compare(key, record, COMPARE_AND_EXPIRE, lifeOf(options));
  }

  async compareAndSet(
    key: string,
    expected: Uint8Array,
    record: Uint8Array,
    { expiresIn, within = LONG }: SetOptions,
  ): Promise<boolean> {
    const { toArgument } = this.#commands;
    const words = [toArgument(expected), ...wordsOf(expiresIn)];
    const [name, argument] = [keyToText(key), toArgument(record)];
    const set = setInTime(this.#send, this.#clock, name, argument, words, within, COMPARE_AND_SET);
    return set.catch(falseIfForeign);
  }

  async #compare(
    key: string,
    record: Uint8Array,
    script: string,
    ...rest: string[]
  ): Promise<boolean> {
    const argument = this.#commands.toArgument(record);
    const answer = run(this.#send, script, keyToText(key), argument, ...rest);
    return answer.then((done) => Number(done) === 1, falseIfForeign);
  }

  async increment(key: string, by: number, options: SetOptions): Promise<number> {
    return Number(await run(this.#send, INCREMENT, keyToText(key), `${by}`, lifeOf(options)));
  }

  async window(key: string, options: WindowOptions): Promise<WindowState> {
    const { algorithm, limit, period, ban = 0 } = options;
    const script = algorithm === "fixed" ? FIXED_WINDOW : SLIDING_WINDOW;
    const args = [`${limit}`, `${period}`, `${ban}`];
    const answer = await run(this.#send, script, keyToText(key), ...args);
    const [admitted, remaining = 0, retryAfter = 0] = (answer as unknown[]).map(Number);
    return { admitted: admitted === 1, remaining, retryAfter };
  }

  publish(channel: string, message: string): Promise<unknown> {
    const name = keyToText(channel);
    const { primaries } = this.#commands;
    return primaries
      ? run(this.#send, PUBLISH, name, message)
      : this.#send("PUBLISH", name, message);
  }

  ping(): Promise<unknown> {
    return this.#send("PING");
  }

  async close(): Promise<void> {
    const listening = this.#listening;
    this.#listening = undefined;
    this.#listeners = 0;
    await listening?.close();
  }

  /** Sets a key; false if the words forbid it. */
  async #set(
    key: string,
    record: Uint8Array,
    { expiresIn, within }: SetOptions,
    ...more: string[]
  ): Promise<boolean> {
    const [name, words] = [keyToText(key), [...wordsOf(expiresIn), ...more]];
    const argument = this.#commands.toArgument(record);
    if (within !== undefined && this.#runsScripts) {
      try {
        return await setInTime(this.#send, this.#clock, name, argument, words, within);
      } catch (error) {
        if (!/NOPERM|unknown command/i.test(String(error))) throw error;
        this.#runsScripts = false;
      }
    }
    const answer = await this.#send("SET", name, argument, ...words);
    return answer !== null && answer !== undefined;
  }

  /** Yields pages of keys from all servers. */
  #list(
    prefix: string,
    isNew: (text: string) => boolean,
  ): AsyncGenerator<string[], void, undefined> {
    const pattern = `${prefix.replace(/[*?[\]\\^]/g, "\\$&")}*`;
    const scan = (send: Send) => pagesOf(send, pattern);
    const { primaries } = this.#commands;
    return primaries ? listCluster(this.#commands, scan, isNew) : scan(this.#send);
  }

  async #drop(texts: readonly string[]): Promise<void> {
    const together = async (some: readonly string[]): Promise<unknown[]> => {
      await this.#send("UNLINK", ...some);
      return [];
    };
    await this.#batch(texts, together, (text) => this.#send("UNLINK", text));
  }

  /**
   * Returns a record, or the CodecError of an unreadable one: the rest of the batch may be
   * readable.
   */
  #recordOf(part: unknown): Uint8Array | undefined {
    if (part instanceof CodecError) return part as never;
    try {
      return this.#commands.toRecord(part);
    } catch (error) {
      return error as never;
    }
  }

  /**
   * Performs an operation on many keys: with few commands, or with one for each if the keys are
   * apart.
   */
  async #batch(
    texts: readonly string[],
    together: (texts: readonly string[]) => Promise<unknown[]>,
    alone: (text: string) => Promise<unknown>,
  ): Promise<unknown[]> {
    const results: unknown[] = [];
    for (let at = 0; at < texts.length; at += BATCH) {
      const some = texts.slice(at, at + BATCH);
      const each = () => Promise.all(some.map(alone));
      results.push(...(await (this.#isApart ? each() : this.#orEach(together(some), each))));
    }
    return results;
  }

  /** A cluster proxy looks like one server until a command has keys of several. */
  async #orEach(together: Promise<unknown[]>, each: () => Promise<unknown[]>): Promise<unknown[]> {
    try {
      return await together;
    } catch (error) {
      if (!/CROSS_?SLOT/i.test(String(error))) throw error;
      this.#isApart = true;
      return each();
    }
  }

  /** Returns a key's value; like MGET it fails only if there is no answer. */
  async #found(text: string): Promise<unknown> {
    try {
      return await this.#send("GET", text);
    } catch (error) {
      if (error instanceof CodecError) return error;
      throw error;
    }
  }

  async #subscribe(
    listen: Listen,
    channel: string,
    listener: (message: string) => void,
    onMissed: () => void = () => {},
    signal?: AbortSignal,
  ): Promise<() => Promise<unknown>> {
    // A new function each time: the same one may be given twice.
    const missed = (): void => onMissed();
    this.#missed.add(missed);
    this.#listening ??= listen(() => {
      for (const tell of [...this.#missed]) tell();
    });
    const listening = this.#listening;
    // Counted before the await: a listener that leaves meanwhile must not close the connection that
    // this one is about to use.
    this.#listeners += 1;
    // A new function each time: the same listener may be given twice.
    let isOver = false;
    const hear = (message: string): void => {
      if (!isOver) listener(message);
    };
    const stop = async (): Promise<void> => {
      if (isOver) return;
      isOver = true;
      this.#missed.delete(missed);
      if (!this.#removeListener(listening)) await listening.unsubscribe(keyToText(channel), hear);
    };
    const giveUp = (): void => {
      stop().catch(() => {});
    };
    signal?.addEventListener("abort", giveUp, { once: true });
    try {
      await listening.subscribe(keyToText(channel), hear);
    } catch (error) {
      giveUp();
      throw error;
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
    return stop;
  }

  /**
   * Removes a listener; true if it was the last: the connection ends, and the next listener opens
   * one.
   */
  #removeListener(listening: Listening): boolean {
    if (this.#listening !== listening) return true;
    this.#listeners -= 1;
    if (this.#listeners > 0) return false;
    this.#listening = undefined;
    listening.close().catch(() => {});
    return true;
  }
}

/** A key of another type is not the expected record. */
function falseIfForeign(error: unknown): false {
  if (error instanceof CodecError) return false;
  throw error;
}

async function* pagesOf(send: Send, pattern: string): AsyncGenerator<string[], void, undefined> {
  let cursor = "0";
  do {
    const answer = await send("SCAN", cursor, "MATCH", pattern, "COUNT", `${BATCH}`);
    const [next, keys] = answer as [unknown, unknown[]];
    cursor = textOf(next);
    yield keys.map(textOf);
  } while (cursor !== "0");
}

/** Sends commands; a key of another type is an answer, which is no record of a cache. */
function readingTypes(send: Send): Send {
  return async (...command: [string, ...Part[]]) => {
    try {
      return await send(...command);
    } catch (cause) {
      if (!/WRONG_?TYPE/i.test(String(cause))) throw cause;
      throw new CodecError("the key holds a value of another type", { cause });
    }
  };
}
