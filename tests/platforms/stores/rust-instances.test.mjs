// Instances in Rust and in JavaScript over one Redis: each reads what the other wrote, and hears
// what the other invalidated.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { createCache, memory } from "holdover";
import { clear, peek } from "holdover/operations";
import { redis } from "holdover/stores/redis";
import { invalidateTags } from "holdover/tags";
import { Redis as IoRedis } from "ioredis";
import "./support/ends.mjs";
import { startRustInstance } from "./support/rust-instance.mjs";
import { startRedis } from "./support/servers.mjs";

/** Milliseconds that a message may take on a busy machine. */
const MOMENT = 20_000;

const SERVERS = ["redis-server", process.env.HOLDOVER_VALKEY ?? "valkey-server"];

async function until(holds) {
  const since = performance.now();
  while (!(await holds())) {
    assert.ok(performance.now() - since < MOMENT, `not so after ${MOMENT} ms`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

for (const command of SERVERS) {
  describe(command, async () => {
    const server = await startRedis(command);
    const ends = [];
    after(async () => {
      for (const end of ends.reverse()) await end();
      await server.stop();
    });

    /** An instance of each kind in one namespace. */
    function both(namespace, options) {
      const client = new IoRedis(server.port, "127.0.0.1");
      const loads = [];
      const cache = createCache({
        namespace,
        stores: [memory(), redis(client, { deadline: "5s" })],
        writes: "await",
      });
      const load = async (key) => {
        loads.push(key);
        return { by: "js", key, load: loads.length };
      };
      const get = cache.wrap(load, {
        ttl: "10m",
        staleIfError: "1h",
        key: (key) => key,
        tags: ["key:{0}", "all"],
      });
      const rust = startRustInstance(server.port, namespace, options);
      ends.push(async () => {
        await rust.stop();
        await cache.close();
        client.disconnect();
      });
      return { cache, get, loads, ask: rust.ask };
    }

    /** Has both hear messages: what is read before that is read again, or not kept. */
    async function warmUp({ get, ask }) {
      await get("first");
      await ask("get", "first");
    }

    test("a store of the Rust driver meets all requirements", async () => {
      const { ask } = both("conformance");
      const { met, violations } = await ask("conformance", "conformance:");
      assert.deepEqual(violations, undefined);
      assert.ok(met >= 13, `${met}`);
    });

    test("what Rust wrote is a hit in JavaScript, with no load", async () => {
      const { get, loads, ask } = both("from-rust");
      const { source, value } = await ask("get", "user:1");
      assert.deepEqual([source, value], ["load", { by: "rust", key: "user:1", load: 1 }]);
      await ask("settled");
      const answer = await get.explain("user:1");
      assert.deepEqual([answer.source, answer.tier], ["hit", "redis"]);
      assert.deepEqual(answer.value, value);
      assert.deepEqual(loads, []);
    });

    test("what JavaScript wrote is a hit in Rust, with no load", async () => {
      const { get, ask } = both("from:js%");
      for (const key of ["user:1", "%lock:1", "ä😀", "\ufffd"]) {
        const value = await get(key);
        assert.deepEqual(await ask("get", key), { value, source: "hit", tier: "redis" }, key);
      }
      assert.equal(await ask("loads"), 0);
    });

    test("invalidations are heard both ways", async () => {
      const { cache, get, loads, ask } = both("both");
      const value = await get("k");
      assert.deepEqual(await ask("get", "k"), { value, source: "hit", tier: "redis" });
      assert.deepEqual(await ask("peek", "k"), value);
      await get.invalidate("k");
      await until(async () => (await ask("peek", "k")) === null);
      assert.equal((await ask("get", "k")).source, "load");
      await ask("settled");
      assert.equal((await get("k")).by, "rust");
      await ask("invalidate", "k");
      await until(async () => (await peek(cache, "k")) === undefined);
      assert.equal((await get("k")).by, "js");
      assert.deepEqual(loads, ["k", "k"]);
    });

    test("what is set or cleared on one side is not served from the other's memory", async () => {
      const { cache, get, ask } = both("set");
      await get("k");
      await ask("get", "k");
      await cache.set("k", "newer", { ttl: "10m" });
      await until(async () => (await ask("get", "k")).value === "newer");
      await ask("set", "k", "newest");
      await until(async () => (await get("k")) === "newest");
      await clear(cache);
      await until(async () => (await ask("peek", "k")) === null);
      await ask("get", "k");
      await ask("settled");
      await get("k");
      await ask("clear");
      await until(async () => (await peek(cache, "k")) === undefined);
    });

    test("invalidations of tags are heard both ways", async () => {
      const { cache, get, loads, ask } = both("tags:%heard");
      await get("k");
      await get("other");
      assert.equal((await ask("get", "k")).source, "hit");
      assert.equal((await ask("get", "other")).source, "hit");
      await invalidateTags(cache, "key:k");
      await until(async () => (await ask("peek", "k")) === null);
      assert.notEqual(await ask("peek", "other"), null);
      assert.equal((await ask("get", "k")).source, "load");
      await ask("settled");
      const answer = await get.explain("k");
      assert.deepEqual([answer.source, answer.value.by], ["hit", "rust"]);
      assert.equal(await ask("invalidateTags", "all"), true);
      await until(async () => (await peek(cache, "k")) === undefined);
      assert.equal((await get.explain("other")).source, "load");
      assert.deepEqual(loads, ["k", "other", "other"]);
    });

    test("an instance that heard nothing reads nothing that a tag has ended", async () => {
      for (const soft of [false, true]) {
        const namespace = `tags-${soft}`;
        const { cache, get, ask } = both(namespace);
        await get("a");
        await ask("get", "b");
        await ask("settled");
        await invalidateTags(cache, "key:a", { soft });
        await ask("invalidateTags", "key:b", soft);
        const later = both(namespace);
        await warmUp(later);
        assert.equal((await later.ask("get", "a")).source, "load");
        assert.equal((await later.get.explain("b")).source, "load");
        await later.ask("settled");
        // The records that replace them are good on both sides.
        const last = both(namespace);
        await warmUp(last);
        const read = await last.get.explain("a");
        assert.deepEqual([read.source, read.value.by], ["hit", "rust"]);
        const { source, value } = await last.ask("get", "b");
        assert.deepEqual([source, value.by], ["hit", "js"]);
      }
    });

    test("a load that began before a tag was invalidated elsewhere is not read anywhere", async () => {
      const { ask } = both("tags-began");
      const client = new IoRedis(server.port, "127.0.0.1");
      const slow = createCache({
        namespace: "tags-began",
        stores: [redis(client, { deadline: "5s" })],
        writes: "await",
      });
      ends.push(async () => {
        await slow.close();
        client.disconnect();
      });
      let open;
      const gate = new Promise((resolve) => {
        open = resolve;
      });
      let begin;
      const begun = new Promise((resolve) => {
        begin = resolve;
      });
      const load = async () => {
        begin();
        await gate;
        return { by: "js" };
      };
      const get = slow.wrap(load, { ttl: "10m", key: (key) => key, tags: ["key:{0}", "all"] });
      const loading = get("k");
      await begun;
      assert.equal(await ask("invalidateTags", "key:k"), true);
      open();
      await loading;
      assert.equal((await ask("get", "k")).source, "load");
    });

    test("a store of the process above it hears them, too", async () => {
      const { get, ask } = both("layered", { kind: "layered" });
      const value = await get("k");
      assert.equal((await ask("get", "k")).tier, "redis");
      await get.invalidate("k");
      await until(async () => (await ask("peek", "k")) === null);
      const { source } = await ask("get", "k");
      assert.notDeepEqual([source, value.by], ["hit", "rust"]);
      assert.equal(source, "load");
    });
  });
}
