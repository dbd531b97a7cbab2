// `cache.lock` in two processes that share a Redis: what a holder that stood still learns of it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import "./support/ends.mjs";
import { startInstance } from "./support/instances.mjs";
import { startRedis } from "./support/servers.mjs";

const LIMIT = { timeout: 120_000 };
/** A busy machine is no store that hangs. */
const STORE = { deadline: "20s" };

const server = await startRedis();
after(() => server.stop());

async function withTwo(run) {
  const started = ["ioredis", "redis"].map((client) =>
    startInstance({ client, port: server.port, store: STORE }),
  );
  const instances = await Promise.all(started);
  try {
    await run(...instances);
  } finally {
    await Promise.all(instances.map(({ kill }) => kill()));
  }
}

test("a holder that stands still loses its lock, and is told so", LIMIT, async () => {
  await withTwo(async (one, two) => {
    const token = await one.ask("lock", "still", { ttl: 5000 });
    assert.equal(typeof token, "number");
    one.signal("SIGSTOP");
    const next = await two.ask("lock", "still", { ttl: "10m", wait: 60_000 });
    assert.ok(next > token, `${next} after ${token}`);
    one.signal("SIGCONT");
    while ((await one.ask("lost", "still")) === undefined);
    assert.equal(await one.ask("lost", "still"), "E_LOCK_LOST");
    assert.equal(await one.ask("extend", "still", "1h"), false);
    assert.equal(await one.ask("release", "still"), false);
    // What the former holder tried did nothing to the lock of the next.
    assert.equal(await two.ask("lost", "still"), undefined);
    assert.equal(await one.ask("lock", "still", { ttl: 1000, wait: 0 }), "E_LOCK_TIMEOUT");
    assert.equal(await two.ask("extend", "still", "1h"), true);
    assert.equal(await two.ask("release", "still"), true);
  });
});

test("a lock that is taken from its holder: extend tells, and aborts", LIMIT, async () => {
  await withTwo(async (one, two) => {
    const { Redis } = await import("ioredis");
    const admin = new Redis(server.port, "127.0.0.1");
    try {
      await one.ask("lock", "taken", { ttl: "10m" });
      await admin.flushall();
      assert.equal(typeof (await two.ask("lock", "taken", { ttl: "10m", wait: 0 })), "number");
      assert.equal(await one.ask("lost", "taken"), undefined, "nobody has asked");
      assert.equal(await one.ask("extend", "taken"), false);
      assert.equal(await one.ask("lost", "taken"), "E_LOCK_LOST");
      assert.equal(await two.ask("extend", "taken"), true, "the next one's is as it was");
    } finally {
      admin.disconnect();
    }
  });
});

test("a lock that is extended is held for longer than it was taken for", LIMIT, async () => {
  await withTwo(async (one, two) => {
    const [token, since] = [await one.ask("lock", "longer", { ttl: 5000 }), Date.now()];
    assert.equal(typeof token, "number");
    assert.equal(await one.ask("extend", "longer", "10m"), true);
    const wait = Math.max(0, since + 5500 - Date.now());
    assert.equal(await two.ask("lock", "longer", { ttl: 1000, wait }), "E_LOCK_TIMEOUT");
    assert.equal(await one.ask("lost", "longer"), undefined);
    assert.equal(await one.ask("release", "longer"), true);
    assert.ok((await two.ask("lock", "longer", { ttl: "10m", wait: 0 })) > token);
  });
});
