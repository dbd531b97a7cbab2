// Stale windows begin when a response becomes stale, wherever it was then (RFC 5861 §3, RFC 9111
// §5.2.1.2): one that arrives stale has used up a part of them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SECOND, settled, stage } from "./support/stage.mjs";

/** An origin that counts, and fails from its second answer on if it is told to. */
const counting = (cacheControl, age, { fails = false } = {}) =>
  stage((_, nth) =>
    fails && nth > 1
      ? ["down", { status: 500 }]
      : [
          `#${nth}`,
          { headers: { "cache-control": cacheControl, age: `${age}`, etag: `"${nth}"` } },
        ],
  );

test("stale-while-revalidate is over for a response that arrives beyond it", async () => {
  const { get } = counting("max-age=60, stale-while-revalidate=30", 1000);
  await get("/");
  const second = await get("/");
  assert.deepEqual([second.text, second.source], ["#2", "load"]);
});

test("stale-while-revalidate ends as many seconds earlier as a response is past its lifetime", async () => {
  const { get, clock } = counting("max-age=60, stale-while-revalidate=30", 80);
  await get("/");
  await clock.runFor(9 * SECOND);
  assert.deepEqual((await get("/")).source, "stale");
  await settled();
  const late = counting("max-age=60, stale-while-revalidate=30", 80);
  await late.get("/");
  await late.clock.runFor(15 * SECOND);
  assert.deepEqual((await late.get("/")).text, "#2");
});

test("stale-if-error is over for a response that arrives beyond it", async () => {
  const { get } = counting("max-age=60, stale-if-error=30", 1000, { fails: true });
  await get("/");
  const second = await get("/");
  assert.deepEqual([second.status, second.text], [500, "down"]);
});

test("the policy's windows are counted from expiry, too", async () => {
  const answer = (_, nth) =>
    nth > 1
      ? ["down", { status: 500 }]
      : ["#1", { headers: { "cache-control": "max-age=60", age: "1060" } }];
  for (const [window, expected] of [
    ["999s", "down"],
    ["1001s", "#1"],
  ]) {
    const { get } = stage(answer, { policy: { staleIfError: window } });
    await get("/");
    const { text, ttl } = await get("/");
    assert.equal(text, expected, window);
    if (expected === "#1") assert.equal(ttl, -1000 * SECOND);
  }
});

test("a request's max-stale is counted from expiry", async () => {
  const { get } = counting("max-age=120", 240);
  await get("/");
  const asking = (most) => get("/", { headers: { "cache-control": `max-stale=${most}` } });
  assert.equal((await asking(120)).text, "#1");
  assert.equal((await asking(119)).text, "#2");
});

test("a store hands on how far past its lifetime a response came", async () => {
  const records = new Map();
  const store = {
    get: async (key) => records.get(key),
    set: async (key, record) => void records.set(key, record),
    delete: async (key) => void records.delete(key),
  };
  const answer = (_, nth) => [
    `#${nth}`,
    { headers: { "cache-control": "max-age=120", age: "240", etag: '"a"' } },
  ];
  await stage(answer, { stores: [store] }).get("/");
  await settled();
  const { get } = stage(answer, { stores: [store] });
  const asking = (most) => get("/", { headers: { "cache-control": `max-stale=${most}` } });
  assert.equal((await asking(120)).source, "stale");
  assert.equal((await asking(119)).source, "load");
});
