// A process ends when the application has closed its own client: what the store opened ends with it.

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createCache, memory } from "holdover";
import { redis } from "holdover/stores/redis";
import { Redis as IoRedis } from "ioredis";
import { createClient, createClientPool } from "redis";
import { createClient as createClient4 } from "redis4";
import "./support/ends.mjs";
import { until } from "./support/redis-cluster.mjs";
import { freePort, startRedis } from "./support/servers.mjs";

const ENDING = fileURLToPath(new URL("support/ending.mjs", import.meta.url));
const LIMIT = { timeout: 60_000 };
/** Milliseconds that a busy machine may take to end a process. */
const ENDED_MS = 20_000;

for (const kind of ["ioredis", "redis 6", "redis 4", "a pool of redis 6"]) {
  for (const closes of ["client", "cache and client"]) {
    for (const when of ["is there", "has ended", "was never there"]) {
      test(
        `${kind}: a process ends that closes its ${closes}, when Redis ${when}`,
        LIMIT,
        async () => {
          const server = when === "was never there" ? undefined : await startRedis();
          const child = fork(ENDING, [kind, `${server?.port ?? (await freePort())}`, closes]);
          try {
            await once(child, "message");
            if (when === "has ended") await server.stop();
            const signal = AbortSignal.timeout(ENDED_MS);
            const ended = once(child, "exit", { signal });
            child.send("end");
            assert.deepEqual(await ended, [0, null]);
          } finally {
            child.kill("SIGKILL");
            await server?.stop();
          }
        },
      );
    }
  }
}

const CLIENTS = {
  ioredis: async (port) => {
    const client = new IoRedis(port, "127.0.0.1");
    return { client, end: () => client.disconnect(), again: () => client.connect() };
  },
  "redis 6": async (port) => {
    const client = await createClient({ socket: { host: "127.0.0.1", port } }).connect();
    return { client, end: () => client.destroy(), again: () => client.connect() };
  },
  "redis 4": async (port) => {
    const client = await createClient4({ socket: { host: "127.0.0.1", port } }).connect();
    return { client, end: () => client.disconnect(), again: () => client.connect() };
  },
  "a pool of redis 6": async (port) => {
    const client = await createClientPool({ socket: { host: "127.0.0.1", port } }).connect();
    return { client, end: () => client.destroy() };
  },
};

for (const [kind, connect] of Object.entries(CLIENTS)) {
  test(
    `${kind}: its end ends the connection for messages; when it comes back, that does`,
    LIMIT,
    async () => {
      const server = await startRedis();
      const admin = new IoRedis(server.port, "127.0.0.1");
      const listening = async () => (await admin.pubsub("CHANNELS")).length;
      const { client, end, again } = await connect(server.port);
      client.on("error", () => {});
      const told = [];
      const heard = [];
      const store = redis(client);
      try {
        await store.subscribe(
          "channel",
          (message) => heard.push(message),
          () => told.push("missed"),
        );
        assert.equal(await listening(), 1);
        await end();
        await until(async () => (await listening()) === 0, "nobody listens");
        assert.equal(told.length, 1);
        if (again === undefined) return;
        await again();
        await until(() => told.length === 2, "it says that it hears again");
        await store.publish("channel", "x");
        await until(() => heard.length === 1, "it hears");
      } finally {
        await store.close();
        if (again !== undefined) await end();
        admin.disconnect();
        await server.stop();
      }
    },
  );
}

test("many stores over one client make no warning of too many listeners", LIMIT, async () => {
  const server = await startRedis();
  const client = new IoRedis(server.port, "127.0.0.1");
  const warnings = [];
  const warn = (warning) => warnings.push(warning);
  process.on("warning", warn);
  const stores = Array.from({ length: 20 }, () => redis(client));
  await Promise.all(stores.map((store) => store.subscribe("channel", () => {})));
  await Promise.all(stores.map((store) => store.close()));
  client.disconnect();
  await server.stop();
  process.off("warning", warn);
  assert.deepEqual(warnings, []);
});

test(
  "a cache that is closed while Redis is away leaves no connection that looks for it",
  LIMIT,
  async () => {
    const port = await freePort();
    const client = new IoRedis(port, "127.0.0.1");
    client.on("error", () => {});
    const stores = [memory(), redis(client, { deadline: 300 })];
    const caches = ["a", "b"].map((namespace) => createCache({ namespace, stores }));
    for (const cache of caches) await cache.getOrLoad("k", () => 1, { ttl: "1h" });
    for (const cache of caches) await cache.close();
    const server = await startRedis("redis-server", port);
    const admin = new IoRedis(port, "127.0.0.1");
    const connected = async () =>
      Number(/connected_clients:(\d+)/.exec(await admin.info("clients"))[1]);
    await until(async () => client.status === "ready", "the application's client is back");
    await new Promise((resolve) => setTimeout(resolve, 2500));
    assert.equal(await connected(), 2, "the application's, and the one that asks");
    for (const each of [client, admin]) each.disconnect();
    await server.stop();
  },
);
