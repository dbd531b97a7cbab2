// Random interleavings over unruly tiers: see `support/finality-random.mjs`.
//
// A regular run plays three seeds that are always the same, and a little of one that nobody has seen:
// it is printed, and HOLDOVER_SEED=<that number> plays it again. HOLDOVER_SEED=random plays nothing else;
// HOLDOVER_STEPS=<number> makes it longer, or shorter.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { anySeed, seedOf } from "./support/seed.mjs";

const SEED = seedOf(5);
const isGiven = process.env.HOLDOVER_SEED !== undefined;
const STEPS = Number(process.env.HOLDOVER_STEPS ?? 200_400);
/** How much is played of the seed that nobody has seen, beside each of the others. */
const UNSEEN = 0.25;

test("after a change no older value is served, and none stays in a tier", async (context) => {
  const unseen = anySeed();
  if (!isGiven) context.diagnostic(`HOLDOVER_SEED=${unseen}, the one nobody has seen`);
  const share = STEPS / (isGiven ? 2 : 3 + UNSEEN);
  const parts = isGiven
    ? [[[SEED, share]], [[SEED + 1, share]]]
    : [
        [SEED, 22].map((seed) => [seed, share]),
        [
          [33, share],
          [unseen, UNSEEN * share],
        ],
      ];
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
