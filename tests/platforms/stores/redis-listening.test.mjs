// Listening on a connection of one's own, at moments when connections are not there yet.

import assert from "node:assert/strict";
import { test } from "node:test";
import { redis } from "holdover/stores/redis";
import { Redis as IoRedis } from "ioredis";
import { Redis as IoRedis6 } from "ioredis6";
import IoValkey from "iovalkey";
import { createClient, createClientPool } from "redis";
import { createClient as createClient4 } from "redis4";
import { freePort, startRedis } from "./support/servers.mjs";
import "./support/ends.mjs";

const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

for (const [by, Client] of Object.entries({ IoRedis, IoRedis6, IoValkey })) {
  test(`${by}: listening that begins at any moment while a connection is opened works`, async () => {
    const server = await startRedis();
    const client = new Client(server.port, "127.0.0.1");
    for (let delay = 0; delay < 12; delay += 0.5) {
      const store = redis(client);
      const heard = new Set();
      const subscribe = (channel) => store.subscribe(channel, (message) => heard.add(message));
      const first = subscribe(`first ${delay}`);
      const at = performance.now() + delay;
      while (performance.now() < at) await new Promise(setImmediate);
      await Promise.all([first, subscribe(`second ${delay}`)]);
      await Promise.all(["first", "second"].map((on) => store.publish(`${on} ${delay}`, on)));
      while (heard.size < 2) await store.ping();
      await store.close();
    }
    client.disconnect();
    await server.stop();
  });

  for (const options of [{}, { enableOfflineQueue: false }, { lazyConnect: true }]) {
    test(`${by}: listening that begins while the server is away, ${JSON.stringify(options)}`, async () => {
      const port = await freePort();
      const client = new Client(port, "127.0.0.1", { ...options, maxRetriesPerRequest: 0 });
      client.on("error", () => {});
      const store = redis(client);
      const heard = [];
      const listening = ["a", "a", "b"].map((channel) =>
        store.subscribe(channel, (message) => heard.push(message)),
      );
      await sleep(100);
      const server = await startRedis("redis-server", port);
      await Promise.all(listening);
      while ((await store.publish("a", "x").catch(() => 0)) === 0) await sleep(1);
      while (heard.length < 2) await store.ping();
      assert.deepEqual(heard, ["x", "x"]);
      await store.close();
      client.disconnect();
      await server.stop();
    });
  }

  test(`${by}: listening that is refused is tried again`, async () => {
    const server = await startRedis();
    const client = new Client(server.port, "127.0.0.1", { username: "mute", password: "p" });
    client.on("error", () => {});
    const admin = new Client(server.port, "127.0.0.1");
    const allow = (...rules) => admin.call("ACL", "SETUSER", "mute", "on", ">p", "+@all", ...rules);
    await allow("resetchannels");
    const store = redis(client);
    const heard = [];
    const hear = (message) => heard.push(message);
    await assert.rejects(store.subscribe("channel", hear), /NOPERM/);
    await allow("allchannels");
    await store.subscribe("channel", hear);
    await store.publish("channel", "x");
    while (heard.length === 0) await store.ping();
    assert.deepEqual(heard, ["x"]);
    await store.close();
    for (const one of [client, admin]) one.disconnect();
    await server.stop();
  });

  test(`${by}: who stops listening does not end what another begins`, async () => {
    const server = await startRedis();
    const client = new Client(server.port, "127.0.0.1");
    const store = redis(client);
    const heard = [];
    for (let round = 0; round < 10; round += 1) {
      const stop = await store.subscribe(`old ${round}`, () => {});
      const beginning = store.subscribe(`new ${round}`, (message) => heard.push(message));
      await stop();
      const stopNew = await beginning;
      await store.publish(`new ${round}`, `${round}`);
      while (heard.length <= round) await client.ping();
      await stopNew();
    }
    assert.equal(heard.join(""), "0123456789");
    await store.close();
    client.disconnect();
    await server.stop();
  });
}

const CLIENTS = {
  IoRedis: async (port) => new IoRedis(port, "127.0.0.1"),
  IoRedis6: async (port) => new IoRedis6(port, "127.0.0.1"),
  IoValkey: async (port) => new IoValkey(port, "127.0.0.1"),
  "redis 6": (port) => createClient({ socket: { host: "127.0.0.1", port } }).connect(),
  "redis 4": (port) => createClient4({ socket: { host: "127.0.0.1", port } }).connect(),
  "a pool of redis 6": (port) =>
    createClientPool({ socket: { host: "127.0.0.1", port } }).connect(),
};

for (const [by, connect] of Object.entries(CLIENTS)) {
  test(`${by}: a connection that is lost is told of, and once more when it hears again`, async () => {
    const server = await startRedis();
    const admin = new IoRedis(server.port, "127.0.0.1");
    const client = await connect(server.port);
    client.on("error", () => {});
    const store = redis(client);
    const heard = [];
    const told = [];
    await store.subscribe(
      "channel",
      (message) => heard.push(message),
      () => told.push("missed"),
    );
    const until = async (holds) => {
      for (const end = Date.now() + 10_000; !holds(); await sleep(5)) {
        assert.ok(Date.now() < end, `${holds}: ${told.length} ${heard}`);
      }
    };
    await store.publish("channel", "before");
    await until(() => heard.length === 1);
    assert.deepEqual(told, []);
    await admin.client("KILL", "TYPE", "pubsub");
    await until(() => told.length >= 2);
    await store.publish("channel", "after");
    await until(() => heard.length === 2);
    await store.close();
    const before = told.length;
    await sleep(50);
    assert.equal(told.length, before, "not when it is closed");
    admin.disconnect();
    await (client.quit ?? client.close).call(client);
    await server.stop();
  });
}
