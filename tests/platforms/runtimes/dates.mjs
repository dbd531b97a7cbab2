// Workers with old compatibility dates lack what newer ones have: promises that settle across
// requests (2024-10-14), `WeakRef` (2025-05-05).

import assert from "node:assert/strict";
import { get, sleep } from "./client.mjs";
import { startOrigin } from "./origin.mjs";
import { startWorkerd } from "./workerd.mjs";

const DATES = ["2023-01-01", "2024-09-01", "2025-01-01", "2026-08-01"];
const AT_ONCE = 8;

const at = (stage, way, path) => get(`${stage.url}/${way}/${path}`);

/** Everybody at once, while the origin takes its time. */
async function eight(stage, way, path) {
  const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => at(stage, way, path)));
  for (const { status, text } of answers) assert.equal(status, 200, text);
  return answers.map(({ text }) => text);
}

const facts = async ({ url }) => JSON.parse((await get(`${url}/facts`)).text);

const TESTS = {};
for (const way of ["wrap", "guarded", "getOrLoad", "many", "fetch", "handler", "twice"]) {
  TESTS[
    `${way}: ${AT_ONCE} of ${AT_ONCE} requests at once are answered, later ones from the cache`
  ] = async (stage) => {
    const path = `date-${way}`;
    stage.origin.answers(`/${path}`, () => ({
      delay: 200,
      headers: { "cache-control": "max-age=60" },
    }));
    await eight(stage, way, path);
    const loads = stage.origin.calls(`/${path}`);
    // Requests for two are two calls each.
    const most = way === "twice" ? 2 * AT_ONCE : AT_ONCE;
    assert.ok(stage.keepsApart ? loads <= most : loads === 1, `${loads} loads`);
    assert.equal((await at(stage, way, path)).status, 200);
    assert.equal(stage.origin.calls(`/${path}`), loads, "it was stored");
  };
}
TESTS["a refresh in the background: all are answered at once, and one load renews"] = async (
  stage,
) => {
  stage.origin.answers("/date-short", () => ({ delay: 200 }));
  await at(stage, "short", "date-short");
  await sleep(50);
  assert.equal(new Set(await eight(stage, "short", "date-short")).size, 1);
  assert.ok(stage.origin.calls("/date-short") <= 2);
};
TESTS["a loader that asks for its own key is answered"] = async (stage) => {
  const { status, text, took } = await at(stage, "self", "x");
  assert.deepEqual([status, text], [200, "outer of inner"]);
  assert.ok(took < 10_000);
};
TESTS["requests that do not share loads are told of, once"] = async (stage) => {
  const { events } = await facts(stage);
  const told = events.filter((type) => type === "limited").length;
  assert.equal(told, stage.keepsApart ? 1 : 0);
  assert.ok(!events.includes("trap"));
};

/** Runs everything at every date. */
export async function testDates(attempt) {
  for (const date of DATES) {
    for (const flags of date < "2025" ? [[]] : [[], ["nodejs_compat"]]) {
      const origin = await startOrigin();
      const worker = await startWorkerd("worker/dates.js", { origin: origin.url, flags, date });
      const note = [date, ...flags].join(" ");
      try {
        const { keepsApart } = await facts(worker);
        const stage = { origin, url: worker.url, keepsApart };
        for (const [name, test] of Object.entries(TESTS)) {
          await attempt(`${name} [${note}]`, () => test(stage));
        }
        await attempt(`workerd has nothing to complain of [${note}]`, () =>
          assert.deepEqual(worker.complaints, []),
        );
      } finally {
        await worker.stop();
        await origin.stop();
      }
    }
  }
}
