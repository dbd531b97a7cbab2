// Redis is killed and started again in the middle of load: no call fails or waits for long, and
// soon after it is in use again.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createCache } from "holdover";
import { redis } from "holdover/stores/redis";
import { Redis as IoRedis } from "ioredis";
import { createClient } from "redis";
import { startRedis } from "./support/servers.mjs";
import "./support/ends.mjs";

const DEADLINE = 500;
/** What a busy machine may add: a call that no deadline ends waits for as long as the server is away. */
const SLACK = 2000;
const WORKERS = 10;
const RECOVERY = 30_000;

const CLIENTS = {
  ioredis: async (port) => {
    const client = new IoRedis(port, "127.0.0.1");
    client.on("error", () => {});
    return { client, end: () => client.disconnect() };
  },
  redis: async (port) => {
    const client = createClient({ socket: { host: "127.0.0.1", port } });
    client.on("error", () => {});
    await client.connect();
    return { client, end: () => client.destroy() };
  },
};

const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

for (const [by, connect] of Object.entries(CLIENTS)) {
  test(`${by}: Redis killed and started again under load`, { timeout: 120_000 }, async () => {
    let server = await startRedis();
    const { client, end } = await connect(server.port);
    const stores = [redis(client, { deadline: DEADLINE })];
    const [writer, reader] = [createCache({ stores }), createCache({ stores })];
    let running = true;
    after(async () => {
      running = false;
      await Promise.all([writer.close(), reader.close()]);
      end();
      await server.stop();
    });
    const waits = [];
    const failures = [];
    let fromRedis = 0;
    let calls = 0;

    const timed = async (act) => {
      const began = performance.now();
      try {
        return await act();
      } catch (error) {
        failures.push(error);
      } finally {
        waits.push(performance.now() - began);
      }
    };
    const work = async () => {
      while (running) {
        const key = `key ${++calls}`;
        const load = () => key;
        await timed(() => writer.set(key, key, { ttl: "1m" }));
        // The reader is told that the key was set; what it looks up meanwhile it loads instead.
        await sleep(5);
        const found = await timed(() => reader.explain(key, load, { ttl: "1m" }));
        if (found?.value !== key) failures.push(new Error(`${key} got ${found?.value}`));
        if (found?.tier === "redis") fromRedis += 1;
        await sleep(2);
      }
    };
    const workers = Array.from({ length: WORKERS }, work);

    for (const end = performance.now() + RECOVERY; fromRedis <= 10; await sleep(20)) {
      assert.ok(performance.now() < end, `${fromRedis} answers came from Redis before`);
    }
    await server.stop("SIGKILL");
    await sleep(4000);
    fromRedis = 0;
    await sleep(500);
    assert.equal(fromRedis, 0, "a server that is dead answered");
    server = await startRedis("redis-server", server.port);
    const restarted = performance.now();
    while (fromRedis === 0 && performance.now() - restarted < RECOVERY) await sleep(20);
    const recovered = performance.now() - restarted;
    running = false;
    await Promise.all(workers);

    assert.deepEqual(failures, []);
    waits.sort((a, b) => a - b);
    const p99 = waits[Math.floor(waits.length * 0.99)];
    console.log(
      `# ${by}: ${waits.length} calls, p99 ${p99.toFixed(1)} ms, back after ${recovered.toFixed(0)} ms`,
    );
    assert.ok(p99 <= DEADLINE + SLACK, `p99 is ${p99} ms`);
    assert.ok(waits.at(-1) <= 2 * DEADLINE + SLACK, `the longest took ${waits.at(-1)} ms`);
    assert.ok(recovered < RECOVERY, `not in use again after ${recovered} ms`);
  });
}
