// Random interleavings over unruly tiers: see `support/finality-random.mjs`.
//
// HOLDOVER_SEED=<number>, or `random`, plays others; HOLDOVER_STEPS=<number> makes it longer, or
// shorter.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { seedOf } from "./support/seed.mjs";

const SEED = seedOf(5);
const STEPS = Number(process.env.HOLDOVER_STEPS ?? 200_100);

test("after a change no older value is served, and none stays in a tier", async () => {
  const threads = [SEED, SEED + 1].map((seed) => playApart(seed, STEPS / 2));
  const played = await Promise.all(threads);
  for (const { error } of played) assert.equal(error, undefined);
  const taken = played.reduce((sum, one) => sum + one.taken, 0);
  assert.ok(taken >= STEPS, `${taken} steps`);
});

/** In a thread of its own, one for each core that there surely is. */
function playApart(seed, steps) {
  const script = new URL("./support/finality-random.mjs", import.meta.url);
  const worker = new Worker(script, { workerData: { seed, steps } });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`the thread ended with ${code}`)));
  });
}
