/** The Redis clients that people have, as one. */

import { ConfigError } from "../errors.js";
import { rest } from "./redis-rest.js";

/** One part of a command, or of an answer. */
export type Part = string | Uint8Array;

/** Stops listening. */
export type Unsubscribe = () => Promise<void>;

/** What a client is to the store. */
export interface Commands {
  send(command: string, ...args: Part[]): Promise<unknown>;
  /** A record as an argument. */
  toArgument(record: Uint8Array): Part;
  /** A record out of an answer. */
  toRecord(part: unknown): Uint8Array | undefined;
  /** A connection of its own that hears messages; absent where there is none. */
  listen?: () => Promise<Listening>;
}

/** A connection that hears messages. */
export interface Listening {
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  unsubscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  close(): Promise<unknown>;
}

/** ioredis, iovalkey. */
export interface IoRedisLike {
  callBuffer(command: string, ...args: never[]): Promise<unknown>;
  duplicate(): unknown;
}

/** node-redis (`redis`), version 4 and later. */
export interface NodeRedisLike {
  sendCommand(args: never, options?: never): Promise<unknown>;
  duplicate(): unknown;
}

/** Bun's own `RedisClient`. */
export interface BunRedisLike {
  getBuffer(key: string): Promise<unknown>;
  send(command: string, args: never): Promise<unknown>;
  duplicate(): Promise<unknown>;
}

/** A client over HTTP in the way of `@upstash/redis`. */
export interface RestRedisLike {
  evalsha(sha: string, keys: string[], args: never): Promise<unknown>;
  eval(script: string, keys: string[], args: never): Promise<unknown>;
}

/** Every client that the store takes. */
export type RedisClient = IoRedisLike | NodeRedisLike | BunRedisLike | RestRedisLike;

/**
 * What a client offers.
 * @throws ConfigError when it is none of those known
 */
export function commandsOf(client: RedisClient): Commands {
  const given = (typeof client === "object" && client !== null ? client : {}) as Loose;
  if (typeof given.callBuffer === "function") return ioredis(given);
  if (typeof given.sendCommand === "function") return nodeRedis(given);
  if (typeof given.getBuffer === "function" && typeof given.send === "function") return bun(given);
  if (typeof given.evalsha === "function") return rest(given);
  const like = "a client of ioredis, iovalkey, redis or @upstash/redis, or Bun's RedisClient";
  throw new ConfigError("client", client, like);
}

// biome-ignore lint/suspicious/noExplicitAny: clients are found by their shape
export type Method = (...args: any[]) => any;

type Name =
  | "callBuffer"
  | "close"
  | "connect"
  | "destroy"
  | "disconnect"
  | "duplicate"
  | "eval"
  | "evalsha"
  | "getBuffer"
  | "on"
  | "once"
  | "scan"
  | "send"
  | "sendCommand"
  | "set"
  | "subscribe"
  | "unsubscribe";

/** A client of any kind. */
export type Loose = { readonly [Key in Name]?: Method } & { readonly status?: unknown };

const NOTHING = (): void => {};

/** These hosts have it: sockets need it. */
function bufferOf(bytes: Uint8Array): Uint8Array {
  const { Buffer } = globalThis as unknown as {
    Buffer: { from(buffer: ArrayBufferLike, at: number, length: number): Uint8Array };
  };
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const binary = {
  // A copy: clients send later, and the caller may have changed its bytes by then.
  toArgument: (record: Uint8Array): Part => bufferOf(record.slice()),
  toRecord: (part: unknown): Uint8Array | undefined =>
    part instanceof Uint8Array ? part : undefined,
};

function ioredis(client: Loose): Commands {
  return {
    ...binary,
    send: (command, ...args) => client.callBuffer?.(command, ...args),
    listen: async () => {
      const own = client.duplicate?.() as Loose;
      const listeners = new Listeners();
      const isReady = readinessOf(own);
      own.on?.("error", NOTHING);
      own.on?.("message", (channel: string, message: string) => listeners.tell(channel, message));
      return {
        subscribe: async (channel, listener) => {
          listeners.add(channel, listener);
          try {
            await isReady();
            // Also for a channel that is known: who is told that it listens does so.
            await own.subscribe?.(channel);
          } catch (error) {
            listeners.remove(channel, listener);
            throw error;
          }
        },
        unsubscribe: async (channel, listener) => {
          if (listeners.remove(channel, listener)) await own.unsubscribe?.(channel);
        },
        close: async () => own.disconnect?.(),
      };
    },
  };
}

/**
 * Gives what resolves when a connection takes commands. One that begins to listen before would
 * break the check that the client does first, and a client without a queue would refuse to.
 */
function readinessOf(own: Loose): () => Promise<void> {
  let opening: Promise<void> | undefined;
  return async () => {
    if (own.status === "ready") return;
    if (own.status === "wait") own.connect?.().catch(NOTHING);
    // One for all who wait: a server may be away for long.
    opening ??= new Promise<void>((resolve, reject) => {
      own.once?.("ready", resolve);
      own.once?.("end", () => reject(new Error("the connection has ended")));
    }).finally(() => {
      opening = undefined;
    });
    await opening;
  };
}

/** Who listens to what, for clients that only say that there was a message. */
class Listeners {
  readonly #byChannel = new Map<string, Set<(message: string) => void>>();

  tell(channel: string, message: string): void {
    for (const listener of this.#byChannel.get(channel) ?? []) listener(message);
  }

  add(channel: string, listener: (message: string) => void): void {
    const known = this.#byChannel.get(channel) ?? new Set();
    this.#byChannel.set(channel, known.add(listener));
  }

  /** Whether it was the last of its channel. */
  remove(channel: string, listener: (message: string) => void): boolean {
    const known = this.#byChannel.get(channel);
    if (known?.delete(listener) !== true || known.size > 0) return false;
    return this.#byChannel.delete(channel);
  }
}

/** `$`, the type of binary strings in the protocol. */
const BLOB_STRING = 36;

function nodeRedis(client: Loose): Commands {
  const { Buffer } = globalThis as { Buffer?: unknown };
  // Version 4 reads the first of these options, later ones the second.
  const options = { returnBuffers: true, typeMapping: { [BLOB_STRING]: Buffer } };
  return {
    ...binary,
    send: (command, ...args) => client.sendCommand?.([command, ...args], options),
    listen: async () => {
      const own = client.duplicate?.() as Loose;
      own.on?.("error", NOTHING);
      await own.connect?.();
      return {
        subscribe: (channel, listener) => own.subscribe?.(channel, listener),
        unsubscribe: (channel, listener) => own.unsubscribe?.(channel, listener),
        close: async () => (own.destroy ?? own.disconnect)?.call(own),
      };
    },
  };
}

/** Bun's client, which answers with bytes to `getBuffer` alone. */
function bun(client: Loose): Commands {
  const get = async (key: Part): Promise<unknown> => (await client.getBuffer?.(key)) ?? undefined;
  return {
    ...binary,
    send: (command, ...args) => {
      if (command === "GET") return get(args[0] as Part);
      return command === "MGET" ? Promise.all(args.map(get)) : client.send?.(command, args);
    },
    listen: async () => {
      const own = (await client.duplicate?.()) as Loose;
      return {
        subscribe: (channel, listener) => own.subscribe?.(channel, listener),
        unsubscribe: (channel, listener) => own.unsubscribe?.(channel, listener),
        close: async () => own.close?.(),
      };
    },
  };
}
