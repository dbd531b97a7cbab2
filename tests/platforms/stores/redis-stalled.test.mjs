// Writes that a stalled network delivers late, when something newer is there: Redis refuses them.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createCache, memory } from "holdover";
import { sign } from "holdover/codecs/sign";
import { loadLock, lock as lockIn } from "holdover/locks";
import { getMany, setMany } from "holdover/operations";
import { redis } from "holdover/stores/redis";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { ServerClock, setInTime } from "./support/internal.mjs";
import { startRedis } from "./support/servers.mjs";
import { startProxy } from "./support/stalling-proxy.mjs";
import "./support/ends.mjs";

const server = await startRedis();
const proxy = await startProxy(server.port);
const direct = new Redis(server.port, "127.0.0.1");

const CLIENTS = {
  ioredis: async (port) => {
    const client = new Redis(port, "127.0.0.1");
    return { client, end: () => client.disconnect() };
  },
  "node-redis": async (port) => {
    const client = createClient({ socket: { host: "127.0.0.1", port } });
    client.on("error", () => {});
    await client.connect();
    return { client, end: () => client.disconnect() };
  },
};

after(async () => {
  direct.disconnect();
  proxy.stop();
  await server.stop();
});

for (const [by, connect] of Object.entries(CLIENTS)) {
  for (const seals of [
    {},
    { sign: sign({ keys: [Uint8Array.from({ length: 32 }, (_, nth) => nth)] }) },
  ]) {
    const how = "sign" in seals ? `${by}, signed` : by;
    /** Instance A, whose link may stall, B, and one that has just begun. */
    const stage = async (t) => {
      await direct.flushall();
      const [far, near] = await Promise.all([connect(proxy.port), connect(server.port)]);
      const opened = [];
      const open = (client) => {
        opened.push(createCache({ stores: [memory(), redis(client)], writes: "await", ...seals }));
        return opened.at(-1);
      };
      const fresh = () => open(near.client);
      t.after(async () => {
        proxy.resume();
        await Promise.all(opened.map((cache) => cache.close()));
        await Promise.all([far.end(), near.end()]);
      });
      return { a: open(far.client), b: open(near.client), fresh };
    };

    test(`${how}: the stalled write of a former holder of a lock does not overwrite its successor's`, async (t) => {
      const { a, b, fresh } = await stage(t);
      const policy = { key: "k", ttl: "1h", lock: loadLock({ ttl: 1000, wait: 5000 }) };
      let begun;
      const isHeld = new Promise((resolve) => {
        begun = resolve;
      });
      const first = a.wrap(async () => {
        begun();
        await sleep(300);
        proxy.stall();
        return "v1";
      }, policy);
      // It waits for its own write, until the deadline.
      const answer = first();
      // B waits for the lock, which its holder cannot give back.
      await isHeld;
      assert.equal(await b.wrap(async () => "v2", policy)(), "v2");
      assert.equal(await answer, "v1");
      assert.equal(await fresh().get("k"), "v2");
      proxy.resume();
      await sleep(300);
      // Not "v1": A does not know what its write came to, and may drop what is there.
      const after = await fresh().get("k");
      assert.ok(after === "v2" || after === undefined, `the network moves again: ${after}`);
    });

    test(`${how}: without a lock neither, and a write in time is made`, async (t) => {
      const { a, b, fresh } = await stage(t);
      assert.equal(await a.set("k", "v0", { ttl: "1h" }), true);
      assert.equal(await fresh().get("k"), "v0");
      proxy.stall();
      const late = [a.set("k", "v1", { ttl: "1h" }), setMany(a, [["many", "v1"]], { ttl: "1h" })];
      await Promise.all(late);
      await setMany(
        b,
        [
          ["k", "v2"],
          ["many", "v2"],
        ],
        { ttl: "1h" },
      );
      proxy.resume();
      await sleep(300);
      const after = await getMany(fresh(), ["k", "many"]);
      assert.ok(!after.includes("v1"), `the network moves again: ${after}`);
      await a.set("k", "v3", { ttl: "1h" });
      assert.equal(await fresh().get("k"), "v3");
    });

    test(`${how}: a lock that was given up is not taken when the network moves again`, async (t) => {
      const { a } = await stage(t);
      proxy.stall();
      const load = a.wrap(async () => "v1", {
        key: "k",
        ttl: "1h",
        lock: loadLock({ ttl: "1h", wait: 100 }),
      });
      assert.equal(await load(), "v1");
      const lock = lockIn(a, "mine", { ttl: "1h", wait: 100 }).catch((error) => error.code);
      assert.equal(await lock, "E_STORE");
      await sleep(600);
      proxy.resume();
      await sleep(300);
      assert.deepEqual(await direct.keys("%*"), []);
    });
  }
}

/** A server with a clock of its own, as the script sees it. */
function clocked(at) {
  const sent = [];
  const send = async (_command, _sha, _keys, _key, record, latest) => {
    const now = at();
    sent.push(Number(latest));
    return now > Number(latest) ? [0, now] : [1, now, record];
  };
  return { send, sent };
}

test("a server's clock may be anywhere, and may be corrected: writes are made, one try more at most", async () => {
  let ahead = 5e12;
  const { send, sent } = clocked(() => Math.floor(performance.now() + ahead));
  const clock = new ServerClock();
  const write = () => setInTime(send, clock, "k", "record", [], 500);
  const tries = async () => {
    sent.length = 0;
    assert.equal(await write(), true);
    return sent.length;
  };
  assert.deepEqual([await tries(), await tries(), await tries()], [2, 1, 1]);
  ahead += 3_600_000;
  assert.deepEqual([await tries(), await tries()], [2, 2], "it was set forward");
  ahead -= 7_200_000;
  assert.deepEqual([await tries(), await tries()], [1, 1], "it was set back");
  assert.ok(
    sent.at(-1) <= performance.now() + ahead + 500,
    "and no late write is made from then on",
  );
});

test("a write that was sent in time and is answered late is not made twice", async () => {
  let asked = 0;
  const send = async () => {
    asked += 1;
    await sleep(60);
    return [0, 1_000_000];
  };
  const write = setInTime(send, new ServerClock(), "k", "record", [], 50);
  await assert.rejects(write, /came too late/);
  assert.equal(asked, 1);
});

test("a user who may not run scripts still writes, without that care", async () => {
  await direct.acl("SETUSER", "plain", "on", "nopass", "~*", "+@all", "-@scripting");
  const client = new Redis(server.port, "127.0.0.1", { username: "plain", password: "x" });
  const store = redis(client);
  const life = { expiresIn: 10_000, within: 500 };
  for (const text of ["a", "b"]) await store.set("plain", Buffer.from(text), life);
  assert.equal(Buffer.from(await store.get("plain")).toString(), "b");
  assert.equal(await store.add("plain", Uint8Array.of(1), life), false);
  client.disconnect();
});
