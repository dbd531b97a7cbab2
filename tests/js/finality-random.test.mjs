// Random interleavings over unruly tiers: see `support/finality-random.mjs`.
//
// HOLDOVER_SEED=<number> repeats a run; HOLDOVER_STEPS=<number> makes it longer, or shorter.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";

const SEED = Number(process.env.HOLDOVER_SEED ?? Math.floor(Math.random() * 2 ** 32));
const STEPS = Number(process.env.HOLDOVER_STEPS ?? 200_100);

test("after a change no older value is served, and none stays in a tier", async (context) => {
  context.diagnostic(`HOLDOVER_SEED=${SEED}`);
  const script = new URL("./support/finality-random.mjs", import.meta.url);
  const worker = new Worker(script, { workerData: { seed: SEED, steps: STEPS } });
  const { taken, error } = await new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`the thread ended with ${code}`)));
  });
  assert.equal(error, undefined);
  assert.ok(taken >= STEPS, `${taken} steps`);
});
