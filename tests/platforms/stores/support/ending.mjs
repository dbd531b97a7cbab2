// An application that closes what is its own, in a process that is to end by itself then.

import { createCache, memory } from "holdover";
import { redis } from "holdover/stores/redis";
import { Redis as IoRedis } from "ioredis";
import { createClient, createClientPool } from "redis";
import { createClient as createClient4 } from "redis4";

const [kind, port, closes] = process.argv.slice(2);
const options = { socket: { host: "127.0.0.1", port: Number(port) } };

const CLIENTS = {
  ioredis: () => new IoRedis(Number(port), "127.0.0.1"),
  "redis 6": () => createClient(options),
  "redis 4": () => createClient4(options),
  "a pool of redis 6": () => createClientPool(options),
};

const client = CLIENTS[kind]();
client.on("error", () => {});
if (kind !== "ioredis") client.connect().catch(() => {});
const cache = createCache({ stores: [memory(), redis(client, { deadline: 300 })] });
// Begins to listen, if there is anybody to listen to.
await cache.getOrLoad("k", () => 1, { ttl: "1h" });
process.send("listening");
await new Promise((resolve) => process.once("message", resolve));
if (closes === "cache and client") await cache.close();
const closed = kind === "redis 4" || kind === "ioredis" ? client.disconnect() : client.destroy();
await Promise.resolve(closed).catch(() => {});
process.disconnect();
