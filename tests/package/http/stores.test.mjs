// Responses in lower stores: found there, validated from there, and without any memory.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { MapStore } from "../js/support/map-store.mjs";
import { SECOND, settled, stage } from "./support/stage.mjs";

const validating = (request, nth) => {
  const headers = { "cache-control": "max-age=10", etag: '"1"', vary: "a", "x-n": `${nth}` };
  return request.headers.has("if-none-match")
    ? [null, { status: 304, headers }]
    : [`for ${request.headers.get("a")}`, { headers }];
};

for (const [where, stores] of [
  ["memory and a lower store", () => [memory(), new MapStore()]],
  ["a lower store alone", () => [new MapStore()]],
]) {
  test(`variants, hits and 304s with ${where}`, async () => {
    const { get, clock, requests } = stage(validating, { stores: stores() });
    const ask = (a) => get("/", { headers: { a } });
    assert.equal((await ask("1")).text, "for 1");
    assert.equal((await ask("2")).text, "for 2");
    for (const a of ["1", "2"]) {
      const { text, source } = await ask(a);
      assert.deepEqual([text, source], [`for ${a}`, "hit"]);
    }
    clock.elapsed = 3600 * SECOND;
    const { text, headers } = await ask("1");
    assert.deepEqual([text, headers.get("x-n"), requests.length], ["for 1", "3", 3]);
    assert.equal(requests[2].headers.get("if-none-match"), '"1"');
    assert.equal((await ask("1")).source, "hit");
  });
}

test("memory lost it, the lower store has it, dead: it is validated from there", async () => {
  const lower = new MapStore();
  const first = stage(validating, { stores: [memory(), lower] });
  await first.get("/");
  const second = stage(validating, { stores: [memory(), lower] });
  second.clock.elapsed = 3600 * SECOND;
  const { text, headers } = await second.get("/");
  assert.deepEqual([text, second.requests[0].headers.get("if-none-match")], ["for null", '"1"']);
  assert.match(headers.get("cache-status"), /fwd=stale; fwd-status=304; stored$/);
});

test("an invalidation while a response is on its way: it is given, and not stored", async () => {
  for (const vary of [{}, { vary: "a" }]) {
    let release;
    const gate = new Promise((resolve) => {
      release = resolve;
    });
    const { get, requests } = stage(async (request, nth) => {
      if (request.method === "POST") return ["changed"];
      if (nth === 1) await gate;
      return [`#${nth}`, { headers: { "cache-control": "max-age=60", ...vary } }];
    });
    const early = get("/");
    while (requests.length === 0) await settled();
    await get("/", { method: "POST", body: "x" });
    release();
    assert.equal((await early).text, "#1");
    assert.equal((await get("/")).text, "#3");
    assert.equal((await get("/")).text, "#3");
  }
});
