// `memory({ copy: true })`: SEMANTICS §6.

import assert from "node:assert/strict";
import test from "node:test";
import { memory } from "holdover";
import { cachedFetch } from "holdover/fetch";
import { createCache } from "./support/caches.mjs";
import { ManualClock } from "./support/manual-clock.mjs";

test("memory({ copy: true }): nobody sees what another does to a value", async () => {
  const clock = new ManualClock();
  const store = memory({ copy: true });
  const cache = createCache({ clock, stores: [store] });
  const given = { list: [1], at: new Date(5) };
  await cache.set("a", given);
  given.list.push(2);
  const read = await cache.get("a");
  read.list.push(3);
  assert.deepEqual(await cache.get("a"), { list: [1], at: new Date(5) });
  const source = { n: [0] };
  const load = cache.wrap(async () => source, { ttl: 1000, staleWhileRevalidate: 1000 });
  const all = await Promise.all([load(), load(), load()]);
  assert.equal(new Set([...all, source, await load(), await load.peek()]).size, 6);
  for (const value of [...all, source]) value.n.push(1);
  assert.deepEqual(await load(), { n: [0] });
  await clock.runTo(1500);
  assert.deepEqual(await load(), { n: [0] });
  store.set("own", source);
  assert.notEqual(store.get("own"), source);
  assert.notEqual(store.get("own"), store.get("own"));
});

test("memory({ copy: true }): what cannot be cloned is given as it is, errors and responses too", async () => {
  const cache = createCache({ clock: new ManualClock(), stores: [memory({ copy: true })] });
  const value = { run() {} };
  await cache.set("a", value);
  assert.equal(await cache.get("a"), value);
  const failure = new Error("down");
  const fails = cache.wrap(() => Promise.reject(failure), { ttl: 1000, errorTtl: 1000 });
  for (const _ of [1, 2]) await assert.rejects(fails(), (error) => error === failure);
  let loads = 0;
  const fetch = async () => new Response(`body ${++loads}`);
  const get = cachedFetch(cache, { ttl: 1000 }, { fetch });
  const bodies = [await get("http://origin/"), await get("http://origin/")].map((r) => r.text());
  assert.deepEqual(await Promise.all(bodies), ["body 1", "body 1"]);
});
