// The Redis store against real servers, with the clients that people have.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { Redis as Upstash } from "@upstash/redis";
import { createCache } from "holdover";
import { redis } from "holdover/stores/redis";
import { storeConformance } from "holdover/testing";
import { Redis as IoRedis } from "ioredis";
import { Redis as IoRedis6 } from "ioredis6";
import IoValkey from "iovalkey";
import { createClient } from "redis";
import { createClient as createClient4 } from "redis4";
import "./support/ends.mjs";
import { startRest } from "./support/rest-redis.mjs";
import { startRedis } from "./support/servers.mjs";

const SERVERS = ["redis-server", process.env.HOLDOVER_VALKEY ?? "valkey-server"];

/** What one test may take beside all others, on a busy machine. */
const LIMIT = { timeout: 60_000 };

const BATCHES = ["getMany", "setMany", "deleteMany", "keys", "clear"];
const ATOMIC = [
  "add",
  "compareAndDelete",
  "compareAndSet",
  "compareAndExpire",
  "increment",
  "window",
];
const CAPABILITIES = [...BATCHES, ...ATOMIC, "publish", "ping", "close"];

async function nodeRedis(create, port) {
  const client = create({ socket: { host: "127.0.0.1", port } });
  await client.connect();
  return { client, end: () => client.disconnect() };
}

const ioredis = (Client) => async (port) => {
  const client = new Client(port, "127.0.0.1");
  return { client, end: () => client.disconnect() };
};

const CLIENTS = {
  "ioredis 5": ioredis(IoRedis),
  "ioredis 6": ioredis(IoRedis6),
  iovalkey: ioredis(IoValkey),
  "redis 6": (port) => nodeRedis(createClient, port),
  "redis 4": (port) => nodeRedis(createClient4, port),
  "@upstash/redis": async (port) => {
    const behind = new IoRedis(port, "127.0.0.1");
    const { url, token, stop } = await startRest(behind);
    const client = new Upstash({ url, token, retry: false, enableTelemetry: false });
    const end = () => {
      stop();
      behind.disconnect();
    };
    return { client, end };
  },
};

/** Each client has a server of its own, so that all can run at once. */
const STAGES = await Promise.all(
  SERVERS.flatMap((command) =>
    Object.entries(CLIENTS).map(([by, connect]) => stage(command, by, connect)),
  ),
);

async function stage(command, by, connect) {
  const server = await startRedis(command);
  const { client, end } = await connect(server.port);
  const capabilities = by === "@upstash/redis" ? CAPABILITIES : [...CAPABILITIES, "subscribe"];
  const cases = await storeConformance(() => redis(client), { lag: 5, capabilities });
  const stop = async () => {
    await end();
    await server.stop();
  };
  return { name: `${command.replace(/.*\//, "")}, ${by}`, by, client, cases, stop };
}

describe("the Redis store", { concurrency: true }, () => {
  for (const { name, by, client, cases, stop } of STAGES) {
    describe(name, { concurrency: 1 }, () => {
      after(stop);
      for (const { name: what, run } of cases) test(`${name}: ${what}`, LIMIT, run);
      if (by === "ioredis 5") testServer(name, client);
    });
  }
});

function testServer(name, client) {
  test(`${name}: a server that forgot its scripts gets them again`, LIMIT, async () => {
    const store = redis(client);
    assert.equal(await store.increment("scripted", 1, { expiresIn: 1000 }), 1);
    await client.script("FLUSH");
    assert.equal(await store.increment("scripted", 1, { expiresIn: 1000 }), 2);
  });
  test(`${name}: lifetimes are kept to the millisecond, by the server`, LIMIT, async () => {
    const store = redis(client);
    await store.set("life", Uint8Array.of(1), { expiresIn: 90_000.2 });
    const left = await client.pttl("life");
    assert.ok(left > 89_000 && left <= 90_001, `${left}`);
    await store.set("life", Uint8Array.of(1), { expiresIn: Number.POSITIVE_INFINITY });
    assert.equal(await client.pttl("life"), -1);
  });
  const otherTypes =
    "a value of another type is a miss, told as corrupt, and no failure of the store";
  test(`${name}: ${otherTypes}`, LIMIT, async (t) => {
    const events = [];
    const onEvent = ({ type }) => events.push(type);
    const cache = createCache({ stores: [redis(client)], onEvent, namespace: "types" });
    // It hears messages on a connection that would look for its server for ever.
    t.after(() => cache.close());
    for (let nth = 0; nth < 6; nth += 1) await client.rpush(`types:k${nth}`, "x");
    const load = cache.wrap(async (key) => key, { key: "{0}", ttl: "1h" });
    const keys = Array.from({ length: 6 }, (_, nth) => `k${nth}`);
    assert.deepEqual(
      await Promise.all(keys.map((key) => cache.get(key))),
      keys.map(() => undefined),
    );
    assert.deepEqual(new Set(events), new Set(["corrupt"]));
    assert.deepEqual(await Promise.all(keys.map((key) => load(key))), keys);
    assert.equal(await cache.set("other", 1), true);
    assert.ok(!events.includes("store-error"), `${events}`);
    assert.equal(await client.type("types:k0"), "string", "the next value is written over it");
  });
  test(`${name}: closing ends what the store opened, and not the client`, LIMIT, async () => {
    const connected = async () =>
      Number(/connected_clients:(\d+)/.exec(await client.info("clients"))[1]);
    const until = async (count) => {
      // Servers notice in their time that a connection was closed.
      while ((await connected()) !== count) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    await until(1);
    const store = redis(client);
    await store.subscribe("channel", () => {});
    await until(2);
    await store.close();
    assert.equal(await client.ping(), "PONG");
    await until(1);
  });
}

test("a client that turns out to reach a cluster is asked for each key by itself", async () => {
  const records = new Map();
  const asked = [];
  const act = {
    GET: ([key]) => records.get(key) ?? null,
    SET: ([key, record]) => records.set(key, record) && "OK",
    UNLINK: ([key]) => Number(records.delete(key)),
  };
  const client = {
    duplicate() {},
    async callBuffer(command, ...keys) {
      asked.push(`${command} ${keys.length}`);
      const isApart = keys.length > 1 && command !== "SET";
      if (isApart) throw new Error("CROSSSLOT Keys in request don't hash to the same slot");
      return act[command](keys);
    },
  };
  const store = redis(client);
  for (const key of ["a", "b"]) await store.set(key, Uint8Array.of(1), { expiresIn: Infinity });
  asked.length = 0;
  assert.deepEqual(
    await store.getMany(["a", "b", "c"]),
    [..."ab"].map((key) => records.get(key)).concat(undefined),
  );
  await store.deleteMany(["a", "b"]);
  assert.equal(records.size, 0);
  assert.deepEqual(asked, ["MGET 3", "GET 1", "GET 1", "GET 1", "UNLINK 1", "UNLINK 1"]);
});

test("what is no client is a ConfigError", () => {
  for (const wrong of [undefined, null, {}, { get() {} }, "redis://127.0.0.1"]) {
    assert.throws(() => redis(wrong), { code: "E_CONFIG", option: "client" });
  }
});
