/** The kinds of Redis clients, recognised by their methods. */

import { ConfigError } from "../util/errors.js";
import { bun } from "./redis-bun.js";
import type { Commands, Loose, Name } from "./redis-commands.js";
import { glide, glideCluster } from "./redis-glide.js";
import { ioredis, ioredisCluster } from "./redis-ioredis.js";
import { nodeRedis, nodeRedisCluster, nodeRedisPool, nodeRedisSentinel } from "./redis-node.js";
import { rest } from "./redis-rest.js";

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

interface Kind {
  /** The methods that identify a client of this kind. */
  readonly methods: readonly Name[];
  readonly use: (client: Loose) => Commands;
}

/** The first match counts: clusters have the methods of clients, and more. */
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
 * Returns the commands of a client of any known kind.
 * @throws ConfigError for another kind
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
