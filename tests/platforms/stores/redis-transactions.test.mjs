// Random transactions of two instances that share a Redis, against a model.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createCache, memory } from "holdover";
import { redis } from "holdover/stores/redis";
import { transaction } from "holdover/transactions";
import { Redis as IoRedis } from "ioredis";
import { createClient } from "redis";
import { seeded } from "../../package/js/support/chaos-store.mjs";
import { seedOf } from "../../package/js/support/seed.mjs";
import { playTransactions } from "../../package/js/support/transaction-model.mjs";
import "./support/ends.mjs";
import { startRedis } from "./support/servers.mjs";

const SEED = seedOf(20_261_130);
const LIMIT = { timeout: 180_000 };
/** A busy machine is no store that hangs. */
const STORE = { deadline: "20s" };

const server = await startRedis();
const ioredis = new IoRedis(server.port, "127.0.0.1");
const nodeRedis = createClient({ socket: { host: "127.0.0.1", port: server.port } });
await nodeRedis.connect();
after(async () => {
  ioredis.disconnect();
  nodeRedis.destroy();
  await server.stop();
});

for (const mode of ["locked", "serializable"]) {
  test(`${mode}: two instances, as if one ran after the other`, LIMIT, async () => {
    const random = seeded(SEED);
    const caches = [ioredis, nodeRedis].map((client) =>
      createCache({ stores: [memory(), redis(client, STORE)], namespace: mode, random }),
    );
    const pause = () => new Promise((resolve) => setTimeout(resolve, random() * 3));
    const wanted = { caches, transaction, random, count: 40, mode, pause, timeout: "20s" };
    const { ended, planned } = await playTransactions(wanted);
    assert.ok(ended > 15, `HOLDOVER_SEED=${SEED}: ${ended} ended`);
    assert.ok(planned > 0);
    for (const cache of caches) await cache.close();
  });
}
