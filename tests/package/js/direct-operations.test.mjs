// What is told and counted of operations without a loader.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { prometheusText } from "holdover/metrics";
import * as operations from "holdover/operations";
import { customStore } from "holdover/stores/custom";
import { createCache } from "./support/caches.mjs";
import { ManualClock } from "./support/manual-clock.mjs";
import { WholeStore } from "./support/whole-store.mjs";

/** A cache, and what it told of direct operations in short. */
function stage(options = {}) {
  const told = [];
  const onOperation = ({ type, operation, key, found, stored }) => {
    told.push([type, operation, key, found ?? stored].filter((one) => one !== undefined).join(" "));
  };
  const clock = new ManualClock();
  const cache = createCache({ clock, onOperation, ...options });
  const tells = async (act) => {
    told.length = 0;
    await act();
    return [...told];
  };
  return { cache, clock, tells };
}

const KINDS = {
  memory: () => ({}),
  "a lower store": () => ({ stores: [customStore(new WholeStore())], writes: "await" }),
  both: () => ({ stores: [memory(), customStore(new WholeStore())], writes: "await" }),
};

/** Each operation, what it tells, and what `stats().direct` counts of it. */
const OPERATIONS = [
  ["get", (cache) => cache.get("none"), ["read get none false"], { misses: 1 }],
  ["get", (cache) => cache.get("k"), ["read get k true"], { hits: 1 }],
  ["has", (cache) => cache.has("k"), ["read has k true"], { hits: 1 }],
  ["ttl", (cache) => operations.ttl(cache, "none"), ["read ttl none false"], { misses: 1 }],
  [
    "getMany",
    (cache) => operations.getMany(cache, ["k", "none"]),
    ["read getMany k true", "read getMany none false"],
    { hits: 1, misses: 1 },
  ],
  ["set", (cache) => cache.set("k", 2), ["write set k true"], { writes: 1 }],
  [
    "setMany",
    (cache) =>
      operations.setMany(cache, [
        ["a", 1],
        ["b", 2],
      ]),
    ["write setMany a true", "write setMany b true"],
    { writes: 2 },
  ],
  ["add", (cache) => operations.add(cache, "k", 1), ["write add k false"], {}],
  [
    "replace",
    (cache) => operations.replace(cache, "k", 1),
    ["write replace k true"],
    { writes: 1 },
  ],
  [
    "increment",
    (cache) => operations.increment(cache, "n"),
    ["write increment n true"],
    { writes: 1 },
  ],
  [
    "expire",
    (cache) => operations.expire(cache, "k", "1m"),
    ["write expire k true"],
    { writes: 1 },
  ],
  ["delete", (cache) => cache.delete("k"), ["delete k"], { deletes: 1 }],
  ["invalidate", (cache) => cache.invalidate("none"), ["delete none"], { deletes: 1 }],
  [
    "deleteMany",
    (cache) => operations.deleteMany(cache, ["k", "none"]),
    ["delete k", "delete none"],
    { deletes: 2 },
  ],
  ["deleteMatch", (cache) => operations.deleteMatch(cache, "k*"), ["delete k*"], { deletes: 1 }],
  ["clear", (cache) => operations.clear(cache), ["delete *"], { deletes: 1 }],
];

for (const [kind, options] of Object.entries(KINDS)) {
  for (const [name, act, events, counts] of OPERATIONS) {
    test(`${name} in ${kind} tells ${events.join(", ")}`, async () => {
      const { cache, tells } = stage(options());
      await cache.set("k", 1);
      const before = cache.stats().direct;
      assert.deepEqual(await tells(() => act(cache)), events);
      const { direct } = cache.stats();
      const added = Object.keys(direct).map((count) => [count, direct[count] - before[count]]);
      const none = { hits: 0, misses: 0, writes: 0, deletes: 0 };
      assert.deepEqual(Object.fromEntries(added), { ...none, ...counts });
    });
  }
}

test("a stale entry is a miss of a direct read", async () => {
  const { cache, clock, tells } = stage();
  await cache.set("k", 1, { ttl: 1000 });
  await clock.runFor(1000);
  assert.deepEqual(await tells(() => cache.get("k")), ["read get k false"]);
});

test("what is switched off stores and finds nothing", async () => {
  const { cache, tells } = stage();
  cache.disable();
  const both = async () => [await cache.set("k", 1), await cache.get("k")];
  assert.deepEqual(await tells(both), ["write set k false", "read get k false"]);
});

test("calls with a loader are in the other counts, and these in none of theirs", async () => {
  const { cache, tells } = stage();
  const load = cache.wrap(() => 1, { ttl: "1m", key: "k" });
  assert.deepEqual(await tells(async () => [await load(), await load()]), []);
  await cache.get("k");
  const { hits, misses, direct } = cache.stats();
  assert.deepEqual([hits, misses], [1, 1]);
  assert.deepEqual(direct, { hits: 1, misses: 0, writes: 0, deletes: 0 });
  assert.match(prometheusText(cache), /\nholdover_direct_hits_total 1\n/);
});

test("what a listener throws, or rejects with, changes nothing", async () => {
  const fails = [
    () => {
      throw new Error("listener");
    },
    () => Promise.reject(new Error("listener")),
  ];
  for (const onOperation of fails) {
    const cache = createCache({ onOperation });
    assert.equal(await cache.set("k", 1), true);
    assert.equal(await cache.get("k"), 1);
  }
});

test("a listener to events may use the cache: it is not told of that", async () => {
  const told = [];
  const cache = createCache({
    onEvent: (event) => {
      told.push(event.type);
      return cache.get("k");
    },
  });
  await cache.getOrLoad("k", () => 1, { ttl: "1m" });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(told, ["miss", "load"]);
});
