// bypass(fn) and trace(fn): for what a function calls, and for nothing else.

import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import { createCache } from "holdover";
import { cachedFetch } from "holdover/fetch";
import { bypass, trace } from "holdover/scopes";
import { drain, ManualClock } from "./support/manual-clock.mjs";

function stage(options = {}) {
  const clock = new ManualClock();
  const cache = createCache({ clock, ...options });
  const origin = { loads: 0, delay: 0 };
  const load = async (key) => {
    if (key === "bad") throw new Error("bad");
    if (origin.delay > 0) await new Promise((go) => clock.setTimeout(go, origin.delay));
    return `${key}${++origin.loads}`;
  };
  const get = cache.wrap(load, { ttl: 1000, staleWhileRevalidate: 1000, key: "{0}" });
  return { clock, cache, origin, get };
}

const brief = ({ key, source, age }) => `${key} ${source} ${age}`;

test("bypass: calls in it load, others are hits, and the entry stays", async () => {
  const { cache, get } = stage();
  assert.equal(await get("a"), "a1");
  const inside = bypass(cache, async () => {
    await undefined;
    return [await get("a"), await get.refresh("a")];
  });
  assert.equal(await get("a"), "a1", "at the same time, outside");
  assert.deepEqual(await inside, ["a2", "a3"]);
  assert.equal(await get("a"), "a1");
  assert.equal(await bypass(cache, () => 7), 7);
});

test("trace: every key with where its answer came from, in the order of the answers", async () => {
  const { clock, cache, get } = stage();
  await get("a");
  await clock.runFor(100);
  const { value, entries } = await trace(cache, async () => {
    const found = await get("a");
    const loaded = await cache.getOrLoad("b", () => "b", { ttl: 1 });
    return [found, loaded];
  });
  assert.deepEqual(value, ["a1", "b"]);
  assert.deepEqual(entries.map(brief), ["a hit 100", "b load 0"]);
  assert.deepEqual([entries[0].tier, entries[0].ttl], ["memory", 900]);
});

test("trace: failures, waiting for others, stale answers, bypasses and nested calls", async () => {
  const { clock, cache, origin, get } = stage();
  const outer = cache.wrap(async () => get("inner"), { ttl: 1000, key: "outer" });
  await get("old");
  await clock.runFor(1000);
  origin.delay = 10;
  const first = get("shared");
  const traced = trace(cache, async () => {
    await get("old");
    await assert.rejects(get("bad"), /bad/);
    await Promise.all([get("shared"), get.with({ bypass: true })("own")]);
    return outer();
  });
  await clock.runFor(100);
  await first;
  const { entries } = await traced;
  assert.deepEqual(entries.map(brief), [
    "old stale 1000",
    "bad undefined 0",
    "shared coalesced 0",
    "own bypass 0",
    "inner load 0",
    "outer load 0",
  ]);
  assert.equal(entries[1].error.message, "bad");
});

test("concurrent scopes and caches see their own, nested ones both", async () => {
  const { cache, get } = stage();
  const other = stage();
  const [one, two] = await Promise.all([
    trace(cache, async () => {
      await get("a");
      await other.get("elsewhere");
      return trace(cache, () => get("b"));
    }),
    trace(cache, () => get("c")),
  ]);
  assert.deepEqual(
    one.entries.map(({ key }) => key),
    ["a", "b"],
  );
  assert.deepEqual(
    one.value.entries.map(({ key }) => key),
    ["b"],
  );
  assert.deepEqual(
    two.entries.map(({ key }) => key),
    ["c"],
  );
  const { entries } = await trace(cache, () => bypass(cache, () => get("a")));
  assert.deepEqual(entries.map(brief), ["a bypass 0"]);
});

test("what throws is thrown, and the scope is over", async () => {
  const { cache, get } = stage();
  const fails = () => {
    throw new Error("mine");
  };
  await assert.rejects(trace(cache, fails), /mine/);
  await assert.rejects(bypass(cache, fails), /mine/);
  await get("a");
  assert.equal(await get("a"), "a1");
  assert.equal(cache.driver.isPlain, true, "hits take the short way again");
  await assert.rejects(trace(cache, 7), { code: "E_CONFIG", option: "fn" });
});

test("fetch in a trace", async () => {
  const { cache } = stage();
  const fetch = async () => new Response("hello", { headers: { "cache-control": "max-age=60" } });
  const cached = cachedFetch(cache, undefined, { fetch });
  const ask = async () => (await cached("http://a.example/")).text();
  const { entries } = await trace(cache, async () => {
    await ask();
    await drain();
    await ask();
  });
  assert.deepEqual(
    entries.map(({ source }) => source),
    ["load", "hit"],
  );
});

test("a host without AsyncLocalStorage says what it needs, and takes it", async () => {
  const { getBuiltinModule } = process;
  process.getBuiltinModule = undefined;
  try {
    const { cache } = stage();
    await assert.rejects(
      trace(cache, () => 1),
      { code: "E_CONFIG", option: "asyncLocalStorage" },
    );
    const { cache: given, get } = stage({ asyncLocalStorage: AsyncLocalStorage });
    assert.equal((await trace(given, () => get("a"))).entries.length, 1);
    assert.throws(() => createCache({ asyncLocalStorage: 7 }), { option: "asyncLocalStorage" });
  } finally {
    process.getBuiltinModule = getBuiltinModule;
  }
});
