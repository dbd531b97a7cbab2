// The basic operations, in memory and over stores that can more or less: SEMANTICS §7.

import assert from "node:assert/strict";
import test from "node:test";
import * as locks from "holdover/locks";
import * as operations from "holdover/operations";
import {
  add,
  clear,
  deleteMany,
  deleteMatch,
  expire,
  getMany,
  getOrSet,
  increment,
  keys as keysIn,
  replace,
  setMany,
  size,
  ttl,
} from "holdover/operations";
import { createCache } from "./support/caches.mjs";
import { drain } from "./support/manual-clock.mjs";
import { BARE, PLACES, stage } from "./support/places.mjs";

const everywhere = (name, play) => {
  for (const [where, make] of Object.entries(PLACES)) {
    test(`${name}, ${where}`, async () => play(make()));
  }
};

everywhere("batches keep order and positions", async ({ cache }) => {
  await setMany(
    cache,
    [
      ["a", 1],
      ["b", null],
      ["__proto__", 0],
      ["a", 2],
    ],
    { ttl: 10 },
  );
  const keys = ["x", "b", "a", "__proto__", "a", "y"];
  assert.deepEqual(await getMany(cache, keys), [undefined, null, 2, 0, 2, undefined]);
  assert.deepEqual(await deleteMany(cache, ["y", "a", "b"]), [false, true, true]);
  assert.deepEqual(await getMany(cache, new Set(keys)), [
    undefined,
    undefined,
    undefined,
    0,
    undefined,
  ]);
  assert.deepEqual([await getMany(cache, []), await deleteMany(cache, [])], [[], []]);
  await setMany(cache, new Map([["m", Promise.resolve(7)]]));
  assert.equal(await cache.get("m"), 7);
});

everywhere("add stores only where there is no fresh value", async ({ clock, cache }) => {
  assert.equal(await add(cache, "a", undefined, { ttl: 10 }), true);
  assert.equal(await add(cache, "a", 2), false);
  assert.deepEqual([await cache.get("a"), await cache.has("a")], [undefined, true]);
  await clock.runTo(10);
  assert.equal(await add(cache, "a", 3), true);
  assert.equal(await cache.get("a"), 3);
  const added = await Promise.all(Array.from({ length: 20 }, (_, nth) => add(cache, "b", nth)));
  assert.deepEqual(added.filter(Boolean).length, 1);
  assert.equal(await cache.get("b"), added.indexOf(true));
});

everywhere("replace stores only where there is a fresh value", async ({ clock, cache }) => {
  assert.equal(await replace(cache, "a", 1), false);
  assert.equal(await cache.has("a"), false);
  await cache.set("a", 0, { ttl: 10 });
  assert.equal(await replace(cache, "a", 1, { ttl: 5 }), true);
  assert.deepEqual([await cache.get("a"), await ttl(cache, "a")], [1, 5]);
  await clock.runTo(5);
  assert.equal(await replace(cache, "a", 2), false);
});

everywhere("ttl and expire", async ({ clock, cache }) => {
  assert.equal(await ttl(cache, "a"), undefined);
  await cache.set("a", "v");
  assert.equal(await ttl(cache, "a"), Infinity);
  assert.equal(await expire(cache, "a", "1s"), true);
  await clock.runTo(400);
  assert.equal(await ttl(cache, "a"), 600);
  assert.equal(await expire(cache, "a", Infinity), true);
  await clock.runTo(5000);
  assert.deepEqual([await cache.get("a"), await ttl(cache, "a")], ["v", Infinity]);
  assert.equal(await expire(cache, "a", 0), true);
  assert.deepEqual([await cache.has("a"), await expire(cache, "a", 5)], [false, false]);
});

everywhere("increment counts, and get gives the number", async ({ clock, cache }) => {
  assert.equal(await increment(cache, "n", 1, { ttl: 100 }), 1);
  await clock.runTo(60);
  assert.equal(await increment(cache, "n", 4, { ttl: 100 }), 5);
  assert.deepEqual([await cache.get("n"), await ttl(cache, "n")], [5, 40]);
  assert.deepEqual(await getMany(cache, ["n"]), [5]);
  await clock.runTo(100);
  assert.equal(await cache.get("n"), undefined);
  assert.equal(await increment(cache, "n", -2), -2);
  assert.equal(await ttl(cache, "n"), Infinity);
  const sums = await Promise.all(Array.from({ length: 50 }, () => increment(cache, "m")));
  assert.deepEqual(
    sums.sort((a, b) => a - b),
    Array.from({ length: 50 }, (_, nth) => nth + 1),
  );
  assert.equal(await cache.get("m"), 50);
});

everywhere(
  "increment goes on from what was set, and starts anew after delete",
  async ({ cache }) => {
    await increment(cache, "n", 3);
    await cache.set("n", 10, { ttl: 50 });
    assert.equal(await increment(cache, "n"), 11);
    assert.deepEqual([await cache.get("n"), await ttl(cache, "n")], [11, 50]);
    assert.equal(await cache.delete("n"), true);
    assert.equal(await increment(cache, "n"), 1);
  },
);

everywhere("increment of what is no number is an error and keeps it", async ({ cache }) => {
  for (const value of ["5", null, { n: 1 }]) {
    await cache.set("n", value);
    await assert.rejects(increment(cache, "n"), { code: "E_CONFIG" });
    assert.deepEqual(await cache.get("n"), value);
  }
});

everywhere("getOrSet takes a factory or a value", async ({ clock, cache }) => {
  assert.equal(await getOrSet(cache, "a", 1, { ttl: 10 }), 1);
  assert.equal(await getOrSet(cache, "a", () => 2), 1);
  await clock.runTo(10);
  const made = await Promise.all([0, 1, 2].map((nth) => getOrSet(cache, "a", async () => nth)));
  assert.deepEqual(made, [0, 0, 0]);
  await drain();
  assert.equal(await ttl(cache, "a"), Infinity);
});

for (const where of ["memory", "memory and a store that can all"]) {
  test(`keys, deleteMatch, size and clear, ${where}`, async () => {
    const { clock, cache } = PLACES[where]();
    const all = ["user:1", "user:22", "user:*", "us(r:1", "order:1", "😀"];
    await setMany(
      cache,
      all.map((key) => [key, 1]),
    );
    await cache.set("gone", 1, { ttl: 5 });
    await increment(cache, "count");
    await clock.runTo(5);
    assert.deepEqual((await keysIn(cache)).sort(), [...all, "count"].sort());
    assert.equal(await size(cache), 7);
    assert.deepEqual((await keysIn(cache, "user:?")).sort(), ["user:*", "user:1"]);
    assert.deepEqual(await keysIn(cache, "?"), ["😀"]);
    assert.deepEqual(await keysIn(cache, "us(r:*"), ["us(r:1"]);
    assert.deepEqual(await keysIn(cache, "user:.*"), []);
    assert.equal(await deleteMatch(cache, "user:*"), 3);
    assert.equal(await size(cache), 4);
    await clear(cache);
    assert.equal(await size(cache), 0);
  });
}

test("patterns: stars and question marks against a plain search, 20 000 pairs", async () => {
  const { matcher } = await import("../../internal.mjs");
  const seed = 20_261;
  let state = seed;
  const roll = (most) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * most);
  };
  const word = (letters, most) =>
    Array.from({ length: roll(most) }, () => letters[roll(letters.length)]).join("");
  const slow = (key, pattern) => {
    if (pattern === "") return key === "";
    const rest = pattern.slice(1);
    if (pattern[0] === "*") return slow(key, rest) || (key !== "" && slow(key.slice(1), pattern));
    return key !== "" && (pattern[0] === "?" || pattern[0] === key[0]) && slow(key.slice(1), rest);
  };
  let hits = 0;
  for (let nth = 0; nth < 20_000; nth += 1) {
    const [key, pattern] = [word("ab.", 8), word("ab.*?", 6)];
    const expected = slow(key, pattern);
    assert.equal(matcher(pattern)(key), expected, `${pattern} on ${key}, seed ${seed}`);
    hits += expected;
  }
  assert.ok(hits > 1000);
  // What backtracking would not live to see the end of.
  assert.equal(matcher("*a".repeat(50).concat("*b"))("a".repeat(10_000)), false);
});

test("a store that cannot list: keys, size and deleteMatch say so, clear tells", async () => {
  const { cache, events } = stage(BARE);
  await cache.set("a", 1);
  for (const ask of [() => keysIn(cache), () => size(cache), () => deleteMatch(cache, "*")]) {
    await assert.rejects(ask(), { code: "E_STORE" });
  }
  assert.equal(await cache.has("a"), false, "what was found in memory was dropped everywhere");
  await cache.set("b", 1);
  await clear(cache);
  const told = events.map(({ type, operation }) => [type, operation]);
  assert.deepEqual(told.at(-1), ["store-error", "clear"]);
  assert.equal(await cache.get("b"), undefined, "the store has it still, and is not believed");
  await cache.set("b", 2);
  assert.equal(await cache.get("b"), 2, "what is stored after that is");
});

test("switched off: nothing is read, nothing is stored, and nothing is counted", async () => {
  for (const make of Object.values(PLACES)) {
    const { cache } = make();
    await cache.set("a", 1);
    const off = cache.disable();
    assert.deepEqual(await getMany(cache, ["a"]), [undefined]);
    assert.deepEqual([await cache.get("a"), await ttl(cache, "a")], [undefined, undefined]);
    assert.deepEqual([await cache.set("a", 2), await add(cache, "b", 2)], [false, false]);
    assert.deepEqual([await expire(cache, "a", 5), await replace(cache, "a", 3)], [false, false]);
    assert.deepEqual([await increment(cache, "n"), await increment(cache, "n")], [1, 1]);
    await setMany(cache, [["c", 1]]);
    assert.equal(await getOrSet(cache, "a", 9), 9);
    off.enable();
    assert.deepEqual(await getMany(cache, ["a", "b", "c", "n"]), [
      1,
      undefined,
      undefined,
      undefined,
    ]);
  }
  const none = createCache({ enabled: false });
  assert.equal(await none.set("a", 1), false);
  assert.deepEqual([await none.get("a"), await increment(none, "n", 2)], [undefined, 2]);
});

/** Runs an operation, whichever entry it is of. */
function run(cache, operation, args) {
  const free = operations[operation] ?? locks[operation];
  return free === undefined ? cache[operation](...args) : free(cache, ...args);
}

test("a closed cache refuses every operation, and leaves its stores open", async () => {
  const { cache, shared } = stage();
  let closed = 0;
  shared.close = () => {
    closed += 1;
  };
  await cache.close();
  const asked = {
    get: ["a"],
    getMany: [["a"]],
    set: ["a", 1],
    setMany: [[["a", 1]]],
    add: ["a", 1],
    replace: ["a", 1],
    has: ["a"],
    peek: ["a"],
    delete: ["a"],
    deleteMany: [["a"]],
    deleteMatch: ["*"],
    keys: [],
    ttl: ["a"],
    expire: ["a", 1],
    increment: ["a"],
    getOrSet: ["a", 1],
    lock: ["a", { ttl: 1 }],
    isLocked: ["a"],
    ping: [],
    clear: [],
    size: [],
    invalidate: ["a"],
  };
  for (const [operation, args] of Object.entries(asked)) {
    await assert.rejects(run(cache, operation, args), { code: "E_CLOSED" }, operation);
  }
  assert.deepEqual([closed, shared.operations], [0, []]);
});

test("wrong arguments are a ConfigError", async () => {
  const { cache, shared } = stage();
  const wrong = [
    ["getMany", "abc"],
    ["getMany", [1]],
    ["getMany", undefined],
    ["setMany", { a: 1 }],
    ["setMany", [["a"]]],
    ["setMany", [[1, 2]]],
    ["setMany", [["a", 1]], { ttl: "x" }],
    ["deleteMany", null],
    ["deleteMatch"],
    ["deleteMatch", /user/],
    ["keys", 5],
    ["ttl", 1],
    ["expire", "a"],
    ["expire", "a", -1],
    ["increment", "a", "1"],
    ["increment", "a", NaN],
    ["increment", "a", Infinity],
    ["increment", "a", 1, { tll: 1 }],
    ["set", "a", 1, { tags: "t" }],
    ["set", "a", 1, { ifAbsent: true }],
    ["set", "a", 1, { ifPresent: true }],
    ["set", "a", 1, null],
    ["add", "a", 1, { ifAbsent: true }],
    ["replace", 1, 1],
    ["getOrSet", "a", 1, { ttl: -1 }],
    ["lock", "a"],
    ["lock", "a", {}],
    ["lock", "a", { ttl: 0 }],
    ["lock", "a", { ttl: 1, wait: "soon" }],
    ["lock", 1, { ttl: 1 }],
    ["isLocked", 1],
  ];
  for (const [operation, ...args] of wrong) {
    await assert.rejects(run(cache, operation, args), { code: "E_CONFIG" }, `${operation} ${args}`);
  }
  assert.deepEqual(shared.operations, []);
});

test("what is no cache is a ConfigError, and so is an option of another entry", async () => {
  for (const [name, operation] of Object.entries(operations)) {
    for (const wrong of [undefined, {}, createCache]) {
      await assert.rejects(async () => operation(wrong, "k", "v"), { option: "cache" }, name);
    }
  }
  const { cache } = stage();
  for (const [option, how] of [
    ["ifAbsent", /add\(cache, key, value\) of "holdover\/operations"/],
    ["ifPresent", /replace\(cache, key, value\) of "holdover\/operations"/],
  ]) {
    await assert.rejects(cache.set("k", 1, { [option]: true }), { code: "E_CONFIG", message: how });
  }
});

everywhere("increment: steps are whole, sums stay exact", async ({ cache }) => {
  const MOST = Number.MAX_SAFE_INTEGER;
  for (const by of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, "1"]) {
    await assert.rejects(() => increment(cache, "k", by), { code: "E_CONFIG" }, `${by}`);
  }
  assert.equal(await cache.get("k"), undefined);
  assert.equal(await increment(cache, "k", MOST), MOST);
  const message = /keeps the sum between/;
  await assert.rejects(increment(cache, "k"), { code: "E_CONFIG", option: "by", message });
  assert.equal(await cache.get("k"), MOST, "it is kept");
  assert.equal(await increment(cache, "k", -1), MOST - 1);
});
