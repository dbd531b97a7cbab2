// Guards that instances share over real servers: each instance has a connection of its own.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { createCache } from "holdover";
import * as guard from "holdover/guards";
import { redis } from "holdover/stores/redis";
import { Redis } from "ioredis";
import { guardScenarios } from "./support/guard-scenarios.js";
import { startRedis } from "./support/servers.mjs";
import "./support/ends.mjs";

const SERVERS = ["redis-server", process.env.HOLDOVER_VALKEY ?? "valkey-server"];

for (const command of SERVERS) {
  const server = await startRedis(command);
  const clients = [];
  const connect = () => {
    const client = new Redis(server.port, "127.0.0.1", { maxRetriesPerRequest: 0 });
    client.on("error", () => {});
    clients.push(client);
    // A busy machine is no store that hangs.
    return redis(client, { deadline: "20s" });
  };
  const name = command.replace(/.*\//, "");
  describe(`guards over ${name}`, { concurrency: true }, () => {
    after(async () => {
      for (const client of clients) client.disconnect();
      await server.stop();
    });
    for (const [what, run] of Object.entries(guardScenarios(connect, "guards"))) {
      test(`${name}: ${what}`, run);
    }
  });
}

test("a server that goes away refuses nobody, and is told of", async () => {
  const server = await startRedis("redis-server");
  const client = new Redis(server.port, "127.0.0.1", { maxRetriesPerRequest: 0 });
  client.on("error", () => {});
  const events = [];
  const cache = createCache({ onEvent: ({ type }) => events.push(type) });
  const shared = redis(client, { deadline: 100 });
  const load = cache.wrap(async (key) => key, {
    name: "answers",
    ttl: 0,
    guards: [guard.rateLimit({ limit: 2, period: "1h", shared })],
  });
  const code = (key) => load(key).catch((error) => error.code);
  assert.deepEqual([await code(1), await code(2), await code(3)], [1, 2, "E_RATE_LIMITED"]);
  await server.stop();
  const codes = [];
  for (let key = 0; key < 20; key += 1) codes.push(await code(key));
  assert.deepEqual(
    codes,
    Array.from({ length: 20 }, (_, key) => key),
  );
  assert.ok(events.includes("store-error"));
  client.disconnect();
});
