// Random transactions of several instances over a store that takes its time, against a model.

import assert from "node:assert/strict";
import { test } from "node:test";
import { getMany } from "holdover/operations";
import { transaction } from "holdover/transactions";
import { createCache } from "./support/caches.mjs";
import { seeded } from "./support/chaos-store.mjs";
import { ManualClock } from "./support/manual-clock.mjs";
import { stage } from "./support/places.mjs";
import { seedOf } from "./support/seed.mjs";
import { playTransactions, settled } from "./support/transaction-model.mjs";

const SEED = seedOf(14_2026);
const RUNS = 8;

for (const mode of ["locked", "serializable"]) {
  test(`${mode}: as if one ran after the other, in ${RUNS} runs`, {
    timeout: 300_000,
  }, async () => {
    let ended = 0;
    for (let nth = 0; nth < RUNS; nth += 1) {
      const random = seeded(SEED + nth);
      const latency = () => Math.floor(random() * 4);
      const { caches, clock } = stage(undefined, { instances: 3, latency, options: { random } });
      const wait = (millis) => new Promise((resolve) => clock.setTimeout(resolve, millis));
      const pause = () => wait(Math.floor(random() * 5));
      const playing = playTransactions({
        caches,
        transaction,
        random,
        count: 24,
        mode,
        pause,
        timeout: "5s",
      });
      const counts = await settled(clock, playing).catch((error) => {
        throw new Error(`HOLDOVER_SEED=${SEED + nth}: ${error.message}`, { cause: error });
      });
      ended += counts.ended;
    }
    assert.ok(ended > 8 * RUNS, `${ended} ended`);
  });
}

test("memory alone, locked and serializable: as if one ran after the other", async () => {
  for (const mode of ["locked", "serializable"]) {
    for (let nth = 0; nth < RUNS; nth += 1) {
      const random = seeded(SEED + nth);
      const clock = new ManualClock();
      const cache = createCache({ clock });
      const pause = async () => {
        for (let left = random() * 5; left > 0; left -= 1) await undefined;
      };
      const playing = playTransactions({
        caches: [cache],
        transaction,
        random,
        count: 24,
        mode,
        pause,
      });
      await settled(clock, playing).catch((error) => {
        throw new Error(`HOLDOVER_SEED=${SEED + nth}: ${error.message}`, { cause: error });
      });
    }
  }
});

test("fast: nobody sees what was not applied, and everybody sees their own", async () => {
  for (let nth = 0; nth < RUNS; nth += 1) {
    const random = seeded(SEED + nth);
    const latency = () => Math.floor(random() * 4);
    const { caches, clock } = stage(undefined, { instances: 3, latency, options: { random } });
    const applied = new Set();
    const run = async (own) => {
      const cache = caches[own % 3];
      const keys = ["a", "b"].filter(() => random() < 0.7);
      const fails = random() < 0.3;
      const work = async (tx) => {
        for (const key of keys) {
          const before = await tx.get(key);
          assert.ok(before === undefined || applied.has(before), `saw ${before}`);
          await tx.set(key, own);
          assert.equal(await tx.get(key), own);
        }
        if (fails) throw new Error("planned");
        applied.add(own); // from here on it may be seen
      };
      await transaction(cache, work).catch((error) => assert.equal(error.message, "planned"));
    };
    await settled(clock, Promise.all(Array.from({ length: 30 }, (_, own) => run(own))));
    const left = await settled(clock, getMany(caches[0], ["a", "b"]));
    for (const value of left) assert.ok(value === undefined || applied.has(value));
  }
});
