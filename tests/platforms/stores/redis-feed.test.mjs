// What one instance drops, the memory of the others drops: processes over Redis, threads over
// BroadcastChannel. SEMANTICS §8.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Redis as IoRedis } from "ioredis";
import { startInstance, startOrigin } from "./support/instances.mjs";
import { startRedis } from "./support/servers.mjs";
import "./support/ends.mjs";

/** Milliseconds that a message may take on a busy machine. */
const MOMENT = 10_000;
/** Milliseconds until clients have found their server again. */
const RECOVERY = 60_000;

const policy = { staleIfError: "1h", tags: ["t:{0}"] };
const server = await startRedis();
const origin = await startOrigin();
after(async () => {
  origin.stop();
  await server.stop();
});

const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

/** Asks until the answer is as wanted; gives how many milliseconds that took. */
async function until(holds, most = MOMENT) {
  const since = performance.now();
  while (!(await holds())) {
    assert.ok(performance.now() - since < most, `not so after ${most} ms`);
    await sleep(2);
  }
  return performance.now() - since;
}

/** Starts instances, all of one namespace; every other one has another client. */
function startAll(options, thread = false) {
  return Promise.all(
    options.map((own, nth) => {
      const client = ["ioredis", "redis"][nth % 2];
      // What one has loaded, the next one finds: it is written before the answer.
      const wanted = { client, port: server.port, origin: origin.url, policy, writes: "await" };
      // What is told here must not hang on how busy the machine is.
      const store = { deadline: "5s" };
      return startInstance({ ...wanted, store, ...own }, { thread });
    }),
  );
}

/** Everybody has the same in memory. */
async function warm(instances, key) {
  for (const { ask } of instances) {
    const found = await ask("get", key);
    assert.deepEqual(found, [1], `${key}: ${await ask("events")}`);
  }
}

const CHANGES = {
  invalidate: (ask, key) => ask("invalidate", key),
  delete: (ask, key) => ask("delete", key),
  "invalidateTags, hard": (ask, key) => ask("invalidateTags", `t:${key}`),
  clear: (ask) => ask("clear"),
};

/** What is to hold, however the instances hear each other. */
async function checkChanges([changer, ...others], prefix) {
  const everybody = [changer, ...others];
  for (const [what, change] of Object.entries(CHANGES)) {
    const key = `${prefix}-${what.replace(/\W/g, "-")}`;
    await warm(everybody, key);
    // Not within the millisecond in which the last one was stored.
    await sleep(5);
    await change(changer.ask, key);
    for (const { ask } of others) await until(async () => (await ask("get", key))[0] !== 1);
    origin.isDown = true;
    await change(changer.ask, key);
    const failed = "the origin is down";
    for (const { ask } of others) await until(async () => (await ask("get", key))[0] === failed);
    origin.isDown = false;
  }

  await warm(everybody, `${prefix}-set`);
  await changer.ask("set", `${prefix}-set`, "new");
  for (const { ask } of others) {
    await until(async () => (await ask("get", `${prefix}-set`))[0] === "new");
  }
  assert.equal(origin.of(`${prefix}-set`).length, 1);

  await warm(everybody, `${prefix}-soft`);
  await sleep(5);
  origin.isDown = true;
  await changer.ask("invalidateTags", `t:${prefix}-soft`, { soft: true });
  for (const { ask } of others) {
    await until(async () => (await ask("source", `${prefix}-soft`)) === "error-fallback");
    assert.deepEqual(await ask("get", `${prefix}-soft`), [1], "stale, and still there");
  }
  origin.isDown = false;
}

/** Waits until so many listen to the feed of a namespace, which begins with their first use. */
async function listened(port, namespace, count) {
  const client = new IoRedis(port, "127.0.0.1");
  const feed = `%feed:${namespace}`;
  await until(async () => (await client.pubsub("NUMSUB", feed))[1] === count, RECOVERY);
  client.disconnect();
}

const killAll = (instances) => Promise.all(instances.map(({ kill }) => kill()));

test("processes over Redis: what one drops or sets, the memory of the others drops", async () => {
  const instances = await startAll(Array(3).fill({ namespace: "feed" }));
  try {
    await warm(instances, "first");
    await listened(server.port, "feed", 3);
    await checkChanges(instances, "redis");
    for (const { ask } of instances) {
      const told = await ask("events");
      assert.deepEqual(
        told.filter((event) => /^(store-error|corrupt)/.test(event)),
        [],
      );
    }
  } finally {
    await killAll(instances);
  }
});

test("threads over BroadcastChannel: what one drops or sets, the others drop", async () => {
  const client = new IoRedis(server.port, "127.0.0.1");
  const broadcast = `feed-${process.pid}`;
  const namespace = "threads";
  const instances = await startAll(Array(3).fill({ namespace, broadcast }), true);
  try {
    await checkChanges(instances, "threads");
    assert.deepEqual(await client.pubsub("CHANNELS"), [], "Redis carries none of it");
  } finally {
    await killAll(instances);
    client.disconnect();
  }
});

test("Redis ends and comes back: it is heard again, and what may have been missed is not trusted", async () => {
  const own = await startRedis();
  const { port } = own;
  const [changer, ...others] = await startAll([
    // What cannot be sent is not kept until it can.
    { port, namespace: "again", connection: { enableOfflineQueue: false } },
    { port, namespace: "again" },
    { port, namespace: "again" },
  ]);
  let again;
  try {
    await warm([changer, ...others], "missed");
    await warm([changer, ...others], "heard");
    await listened(port, "again", 3);
    await own.stop("SIGKILL");
    await changer.ask("invalidate", "missed");
    for (const { ask } of others) {
      const isLoaded = async () => (await ask("get", "missed"))[0] !== 1;
      await until(isLoaded, RECOVERY);
    }
    again = await startRedis("redis-server", port);
    for (const { ask } of others) {
      const [before] = await ask("get", "heard");
      const isHeard = async () => {
        await changer.ask("invalidate", "heard");
        return (await ask("get", "heard"))[0] !== before;
      };
      await until(isHeard, RECOVERY);
    }
  } finally {
    await killAll([changer, ...others]);
    await Promise.all([own, again].map((started) => started?.stop()));
  }
});
