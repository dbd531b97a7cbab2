// Random interleavings over unruly tiers: see `support/finality-random.mjs`.
//
// A regular run plays three seeds that are always the same. HOLDOVER_SEED=<number> plays another one,
// HOLDOVER_SEED=random any, which is printed; HOLDOVER_STEPS=<number> makes it longer, or shorter.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { seedOf } from "./support/seed.mjs";

const SEED = seedOf(5);
const isGiven = process.env.HOLDOVER_SEED !== undefined;
const STEPS = Number(process.env.HOLDOVER_STEPS ?? 200_400);

test("after a change no older value is served, and none stays in a tier", async () => {
  const share = STEPS / (isGiven ? 2 : 3);
  const shares = isGiven ? [[SEED], [SEED + 1]] : [[SEED, 22], [33]];
  const parts = shares.map((seeds) => seeds.map((seed) => [seed, share]));
  const played = await Promise.all(parts.map(playApart));
  for (const { error } of played) assert.equal(error, undefined);
  const taken = played.reduce((sum, one) => sum + one.taken, 0);
  assert.ok(taken >= STEPS, `${taken} steps`);
});

/** In a thread of its own, one for each core that there surely is: so many steps of each seed. */
function playApart(parts) {
  const script = new URL("./support/finality-random.mjs", import.meta.url);
  const worker = new Worker(script, { workerData: { parts } });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`the thread ended with ${code}`)));
  });
}
