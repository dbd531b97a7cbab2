// The policy's `lock` between processes that share a Redis: SEMANTICS §4 lock.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Redis as IoRedis } from "ioredis";
import { startInstance, startOrigin } from "./support/instances.mjs";
import { startRedis } from "./support/servers.mjs";
import "./support/ends.mjs";

/** Most store operations of one who waits, messages included. */
const MOST = 30;
/** A busy machine is no store that hangs. */
const STORE = { deadline: "20s" };

const server = await startRedis();
const client = new IoRedis(server.port, "127.0.0.1");
const origin = await startOrigin();
after(async () => {
  origin.stop();
  client.disconnect();
  await server.stop();
});

const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

/** Runs with processes of their own for a policy; every other one has another client. */
async function withInstances(count, lock, run, store = STORE) {
  const started = Array.from({ length: count }, (_, nth) => {
    const by = ["ioredis", "redis"][nth % 2];
    const wanted = { client: by, port: server.port, origin: origin.url, lock, store };
    return startInstance(wanted);
  });
  const instances = await Promise.all(started);
  try {
    await run(...instances);
  } finally {
    await Promise.all(instances.map(({ kill }) => kill()));
  }
}

/** Asks again until there is something. */
async function until(ask) {
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    await sleep(1);
  }
}

/** Waits until the origin was asked for a key that often. */
const loaded = (key, times) => until(() => origin.of(key)[times - 1]);

/** Waits until nobody has the lock of a key, and nobody listens to it. */
async function givenBack(key) {
  const lock = `%load:${key}`;
  await until(async () => (await client.exists(lock)) === 0);
  await until(async () => (await client.pubsub("NUMSUB", lock))[1] === 0);
}

/** How often the server ran each command. */
async function commands() {
  const stats = await client.info("commandstats");
  const told = stats.matchAll(/^cmdstat_(\w+):calls=(\d+)/gm);
  return Object.fromEntries(Array.from(told, ([, command, calls]) => [command, Number(calls)]));
}

const totalOf = (counts) => Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Adds up, and gives what was added: how often each instance was asked since the last time. */
async function tally(instances, total) {
  const asked = await Promise.all(instances.map(({ ask }) => ask("operations")));
  for (const counts of asked) {
    for (const [method, count] of Object.entries(counts)) {
      total[method] = (total[method] ?? 0) + count;
    }
  }
  return asked;
}

/** What the server ran is what the instances asked for, once all of it has arrived. */
async function checkCommands(instances, total) {
  let ran = "";
  let wanted;
  for (let round = 0; round < 100 && ran !== wanted; round += 1) {
    await sleep(20);
    await tally(instances, total);
    const { set, get, publish } = await commands();
    ran = `${[set, get, publish]}`;
    const { set: sets = 0, add, get: gets, compareAndDelete, publish: published } = total;
    // The script that gives back a lock looks at it first.
    wanted = `${[sets + add, gets + compareAndDelete, published]}`;
  }
  assert.equal(ran, wanted, "set, get, publish as the server says");
}

for (const count of [2, 3]) {
  test(`100 cold calls in each of ${count} processes are one load`, async () => {
    await withInstances(count, {}, async (...instances) => {
      await client.config("RESETSTAT");
      const total = {};
      for (const takes of [0, 30, 700]) {
        const key = `cold-${count}-${takes}`;
        origin.plan = () => takes;
        const answers = await Promise.all(instances.map(({ ask }) => ask("get", key, 100)));
        assert.deepEqual(answers, Array(count).fill([1]));
        assert.equal(origin.of(key).length, 1);
        await givenBack(key);
        const asked = await tally(instances, total);
        for (const counts of asked) assert.ok(totalOf(counts) <= MOST, JSON.stringify(counts));
      }
      await checkCommands(instances, total);
    });
  });
}

test("the holder is killed in its load: one more load once its ttl is over, none before", async () => {
  const lock = { ttl: 4000, wait: "1m" };
  await withInstances(
    3,
    lock,
    async (holder, ...rest) => {
      let over;
      origin.plan = async (key, nth) => {
        if (nth > 1) return 50;
        over = performance.now() + (await client.pttl(`%load:${key}`));
        return 100_000;
      };
      holder.ask("get", "killed");
      await loaded("killed", 1);
      const calls = Promise.all(rest.map(({ ask }) => ask("get", "killed", 100)));
      await sleep(100);
      await holder.kill();
      assert.deepEqual(await calls, [[2], [2]]);
      assert.equal(origin.of("killed").length, 2);
      const late = origin.of("killed")[1].at - over;
      // The server counts in whole milliseconds.
      assert.ok(late >= -5, `${-late} ms before the ttl was over`);
      assert.ok(late < 10_000, `${late} ms after the ttl was over`);
      for (const { ask } of rest) {
        const counts = await ask("operations");
        assert.ok(totalOf(counts) <= MOST, JSON.stringify(counts));
      }
      // Shorter than the lock: one that may end within a write is given back, and taken anew, before it.
    },
    { deadline: "3s" },
  );
});

test("who waits has the answer well before it would look by itself", async () => {
  const lock = { ttl: "1m", wait: "30s" };
  await withInstances(3, lock, async (holder, ...rest) => {
    origin.plan = () => 1000;
    for (const key of ["woken-1", "woken-2"]) {
      const first = holder.ask("get", key);
      const load = await loaded(key, 1);
      await Promise.all(rest.map(({ ask }) => ask("operations")));
      const times = await Promise.all(
        rest.map(async ({ ask }) => {
          assert.deepEqual(await ask("get", key), [1]);
          return performance.now();
        }),
      );
      assert.deepEqual(await first, [1]);
      for (const at of times) assert.ok(at - load.done < 1000, `${at - load.done} ms`);
      // It looked at once and after 50 ms, and would have after another 3 s; some more if the
      // machine is so busy that subscribing takes its time.
      for (const { ask } of rest) {
        const { get, subscribe } = await ask("operations");
        assert.ok(get <= 5 && subscribe === 1, `${get} looks`);
      }
    }
  });
});

test("after wait: E_LOCK_TIMEOUT, or a load without the lock", async () => {
  for (const [onTimeout, wanted, loads] of [
    ["throw", "E_LOCK_TIMEOUT", 1],
    ["load", 2, 2],
  ]) {
    await withInstances(2, { ttl: "1m", wait: 400, onTimeout }, async (holder, waiter) => {
      const key = `timeout-${onTimeout}`;
      origin.plan = (_, nth) => (nth === 1 ? 6000 : 0);
      const first = holder.ask("get", key);
      await loaded(key, 1);
      const since = performance.now();
      assert.deepEqual(await waiter.ask("get", key, 100), [wanted]);
      const waited = performance.now() - since;
      assert.ok(waited >= 390 && waited < 5000, `${waited} ms`);
      assert.equal(origin.of(key).length, loads);
      assert.deepEqual(await first, [1]);
    });
  }
});

test("a holder that outlives its ttl overwrites nothing of its successor's", async () => {
  await withInstances(3, { ttl: 1000, wait: 10_000 }, async (slow, quick, third) => {
    const key = "outlived";
    origin.plan = (_, nth) => (nth === 1 ? 8000 : 0);
    const late = slow.ask("get", key);
    await loaded(key, 1);
    assert.deepEqual(await quick.ask("get", key), [2]);
    const stored = await until(() => client.getBuffer(key));
    assert.equal(origin.of(key)[0].done, undefined, "the first one still loads");
    assert.deepEqual(await late, [1], "its own callers have their answer");
    await sleep(200);
    assert.deepEqual(await client.getBuffer(key), stored);
    assert.deepEqual([await third.ask("get", key), origin.of(key).length], [[2], 2]);
    await givenBack(key);
  });
});
