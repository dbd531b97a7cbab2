/** The Redis clients that people have, as one. */

import { ConfigError } from "../util/errors.js";
import { bun } from "./redis-bun.js";
import { glide, glideCluster } from "./redis-glide.js";
import { ioredis, ioredisCluster } from "./redis-ioredis.js";
import { nodeRedis, nodeRedisCluster, nodeRedisPool, nodeRedisSentinel } from "./redis-node.js";
import { rest } from "./redis-rest.js";

/** One part of a command, or of an answer. */
export type Part = string | Uint8Array;

/** Sends a command. */
export type Send = (command: string, ...args: Part[]) => Promise<unknown>;

/** A client as the store uses it. */
export interface Commands {
  /** Sends a command of one key at most, to the server that has the key. */
  readonly send: Send;
  /** The servers of a cluster that the client takes for primaries; absent for a single server. */
  readonly primaries?: () => Promise<readonly Send[]>;
  /** A record as an argument. */
  toArgument(record: Uint8Array): Part;
  /** A record out of an answer. */
  toRecord(part: unknown): Uint8Array | undefined;
  /**
   * Begins to hear messages; absent where the client cannot.
   * @param missed to be called when the connection was lost, and when messages are heard again
   */
  readonly listen?: Listen;
}

export type Listen = (missed: () => void) => Listening;

/** Messages of one store. */
export interface Listening {
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  unsubscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  /** Ends what was opened for them, or is being opened, and every subscription. */
  close(): Promise<unknown>;
}

/** ioredis, iovalkey: `Redis` and `Cluster`. */
export interface IoRedisLike {
  callBuffer(command: string, ...args: never[]): Promise<unknown>;
  duplicate(): unknown;
}

/** node-redis (`redis`), version 4 and later: `createClient`. */
export interface NodeRedisLike {
  sendCommand(args: never, options?: never): Promise<unknown>;
  duplicate(): unknown;
}

/** node-redis: `createClientPool`. */
export interface NodeRedisPoolLike {
  sendCommand(args: never, options?: never): Promise<unknown>;
  execute(task: (client: never) => unknown): Promise<unknown>;
}

/** node-redis: `createSentinel`. */
export interface NodeRedisSentinelLike {
  sendCommand(isReadonly: boolean | undefined, args: never, options?: never): Promise<unknown>;
  getMasterNode(): unknown;
}

/** node-redis: `createCluster`. */
export interface NodeRedisClusterLike {
  sendCommand(
    firstKey: never,
    isReadonly: boolean | undefined,
    args: never,
    options?: never,
  ): Promise<unknown>;
  nodeClient(node: never): unknown;
}

/** valkey-glide (`@valkey/valkey-glide`): `GlideClient` and `GlideClusterClient`. */
export interface GlideLike {
  customCommand(args: never, options?: never): Promise<unknown>;
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
export type RedisClient =
  | IoRedisLike
  | NodeRedisLike
  | NodeRedisPoolLike
  | NodeRedisSentinelLike
  | NodeRedisClusterLike
  | GlideLike
  | BunRedisLike
  | RestRedisLike;

// biome-ignore lint/suspicious/noExplicitAny: clients are found by their shape
export type Method = (...args: any[]) => any;

type Name =
  | "callBuffer"
  | "close"
  | "connect"
  | "customCommand"
  | "destroy"
  | "disconnect"
  | "duplicate"
  | "eval"
  | "evalsha"
  | "execute"
  | "fcallWithRoute"
  | "getBuffer"
  | "getMasterNode"
  | "nodeClient"
  | "nodes"
  | "off"
  | "on"
  | "once"
  | "scan"
  | "send"
  | "sendCommand"
  | "set"
  | "sscan"
  | "subscribe"
  | "unsubscribe";

/** A client of any kind. */
export type Loose = { readonly [Key in Name]?: Method } & {
  readonly isOpen?: unknown;
  readonly manuallyClosing?: unknown;
  readonly status?: unknown;
  readonly masters?: unknown;
};

interface Kind {
  /** The methods by which a client of this kind is known. */
  readonly methods: readonly Name[];
  readonly use: (client: Loose) => Commands;
}

/** The first that fits counts: clusters have the methods of clients, and more. */
const KINDS: readonly Kind[] = [
  { methods: ["callBuffer", "nodes"], use: ioredisCluster },
  { methods: ["callBuffer", "duplicate"], use: ioredis },
  { methods: ["sendCommand", "nodeClient"], use: nodeRedisCluster },
  { methods: ["sendCommand", "getMasterNode"], use: nodeRedisSentinel },
  { methods: ["sendCommand", "execute"], use: nodeRedisPool },
  { methods: ["sendCommand", "duplicate"], use: nodeRedis },
  { methods: ["customCommand", "fcallWithRoute"], use: glideCluster },
  { methods: ["customCommand", "sscan"], use: glide },
  { methods: ["getBuffer", "send", "duplicate"], use: bun },
  { methods: ["evalsha", "eval"], use: rest },
];

const ACCEPTED =
  "a client, cluster, sentinel or pool of redis (node-redis 4 or later), a client or Cluster of " +
  "ioredis or iovalkey, a client of @valkey/valkey-glide or @upstash/redis, or Bun's RedisClient";

/**
 * A client of any kind, as the store uses it.
 * @throws ConfigError when it is none of those known
 */
export function commandsOf(client: RedisClient): Commands {
  const given = (typeof client === "object" && client !== null ? client : {}) as Loose;
  const fits = ({ methods }: Kind) => methods.every((name) => typeof given[name] === "function");
  const kind = KINDS.find(fits);
  if (kind !== undefined) return kind.use(given);
  throw new ConfigError("client", client, ACCEPTED, hintFor(client));
}

function hintFor(client: unknown): { readonly note?: string } {
  if (client instanceof Promise) return { note: "it is a promise: await it" };
  return typeof client === "string" ? { note: "connect a client to it, and give that" } : {};
}
