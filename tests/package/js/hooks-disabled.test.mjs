// Operations that are switched off by name.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { many } from "holdover/batches";
import { addHooks, disableOperations, isDisabled } from "holdover/hooks";
import * as operations from "holdover/operations";
import { customStore } from "holdover/stores/custom";
import { invalidateTags } from "holdover/tags";
import { createCache } from "./support/caches.mjs";
import { WholeStore } from "./support/whole-store.mjs";

const KINDS = {
  memory: () => ({}),
  both: () => ({ stores: [memory(), customStore(new WholeStore())], writes: "await" }),
};

/** Each operation where `k` is 1, `n` counts 5, `t` has a tag; its answer when off; what is left of k. */
const OFF = {
  get: [(cache) => cache.get("k"), undefined, 1],
  has: [(cache) => cache.has("k"), false, 1],
  ttl: [(cache) => operations.ttl(cache, "k"), undefined, 1],
  peek: [(cache) => operations.peek(cache, "k"), undefined, 1],
  entryOf: [(cache) => operations.entryOf(cache, "k"), undefined, 1],
  getMany: [(cache) => operations.getMany(cache, ["k"]), [undefined], 1],
  keys: [(cache) => operations.keys(cache), [], 1],
  size: [(cache) => operations.size(cache), 0, 1],
  set: [(cache) => cache.set("k", 2), false, undefined],
  setMany: [(cache) => operations.setMany(cache, [["k", 2]]), undefined, undefined],
  replace: [(cache) => operations.replace(cache, "k", 2), false, undefined],
  add: [(cache) => operations.add(cache, "new", 2), false, 1],
  increment: [(cache) => operations.increment(cache, "n", 3), 3, 1],
  expire: [(cache) => operations.expire(cache, "k", 1), false, 1],
  markStale: [(cache) => operations.markStale(cache, "k"), false, 1],
  delete: [(cache) => cache.delete("k"), false, 1],
  deleteMany: [(cache) => operations.deleteMany(cache, ["k"]), [false], 1],
  invalidate: [(cache) => cache.invalidate("k"), undefined, 1],
  deleteMatch: [(cache) => operations.deleteMatch(cache, "k*"), 0, 1],
  clear: [(cache) => operations.clear(cache), undefined, 1],
  invalidateTags: [(cache) => invalidateTags(cache, "t"), undefined, 1],
};

async function filled(options) {
  const cache = addHooks(createCache(options));
  await cache.set("k", 1, { tags: ["t"] });
  await operations.increment(cache, "n", 5);
  return cache;
}

for (const [kind, options] of Object.entries(KINDS)) {
  for (const [name, [act, answer, left]] of Object.entries(OFF)) {
    test(`${name} off, in ${kind}: answers ${JSON.stringify(answer)}`, async () => {
      const cache = await filled(options());
      const off = disableOperations(cache, [name]);
      assert.deepEqual(await act(cache), answer);
      off.enable();
      assert.deepEqual(
        [await cache.get("k"), await cache.get("n"), await cache.get("new")],
        [left, 5, undefined],
      );
      assert.notDeepEqual([await act(cache), await cache.get("k")], [answer, left ?? 1]);
    });
  }

  test(`calls that are off, in ${kind}, go to their loaders and store nothing`, async () => {
    const cache = await filled(options());
    let loads = 0;
    const load = () => {
      loads += 1;
      return loads;
    };
    const one = cache.wrap(load, { ttl: "1m", key: "one" });
    const each = cache.wrap(load, { ttl: "1m", key: "each:{0}" });
    assert.equal(await one(), 1);
    const off = disableOperations(cache, ["call"]);
    assert.deepEqual([await one(), await one()], [2, 3]);
    assert.deepEqual(await many(each, [[1], [2]]), [4, 5]);
    assert.equal(await one.refresh(), 6);
    assert.equal(await one(), 7);
    assert.equal((await one.explain()).source, "bypass");
    off.enable();
    assert.equal(await one(), 6);
    assert.deepEqual(await many(each, [[1], [2]]), [9, 10]);
  });
}

test("only keys with the prefix are off, in batches as well", async () => {
  const cache = addHooks(createCache());
  await operations.setMany(cache, Object.entries({ "a:1": 1, "b:1": 1, "a:2": 1 }));
  const keys = ["a:1", "b:1", "a:2"];
  const reads = disableOperations(cache, ["getMany", "deleteMany"], { prefix: "a:" });
  assert.deepEqual(await operations.getMany(cache, keys), [undefined, 1, undefined]);
  assert.deepEqual(await operations.deleteMany(cache, ["a:1", "b:1"]), [false, true]);
  reads.enable();
  const writes = disableOperations(cache, ["setMany", "deleteMatch"], { prefix: "a:" });
  await operations.setMany(cache, Object.entries({ "a:1": 2, "b:1": 2, "a:3": 2 }));
  assert.deepEqual(await operations.getMany(cache, keys), [undefined, 2, 1]);
  assert.equal(await operations.deleteMatch(cache, "a:*"), 0);
  assert.equal(await operations.deleteMatch(cache, "*"), 2);
  writes.enable();
  assert.equal(await operations.size(cache), 0);
});

test("switches nest, end in any order, and say what is off", async () => {
  const cache = addHooks(createCache(), { key: (key) => `t:${key}` });
  const first = disableOperations(cache, ["set"]);
  const second = disableOperations(cache, ["set", "get"], { prefix: "t:a" });
  const isOff = () => [
    isDisabled(cache, "set"),
    isDisabled(cache, "get"),
    isDisabled(cache, "get", "t:a1"),
  ];
  assert.deepEqual(isOff(), [true, false, true]);
  first.enable();
  assert.deepEqual(isOff(), [false, false, true]);
  assert.equal(await cache.set("a", 1), false);
  assert.equal(await cache.set("b", 1), true);
  second.enable();
  second.enable();
  assert.deepEqual(isOff(), [false, false, false]);
  assert.equal(await cache.set("a", 1), true);
});

test("hooks in front of it are told of what is off, and see its answer", async () => {
  const told = [];
  const cache = addHooks(createCache(), {
    after: ({ operation }, { result }) => void told.push([operation, result]),
  });
  disableOperations(cache, ["set"]);
  await cache.set("k", 1);
  assert.deepEqual(told, [["set", false]]);
});

test("a cache that was never asked has nothing off, and no hooks by the question", () => {
  const cache = createCache();
  assert.equal(isDisabled(cache, "get", "k"), false);
  assert.equal(cache.driver.isPlain, true);
});

test("wrong arguments are named", () => {
  const cache = addHooks(createCache());
  for (const names of [
    undefined,
    [],
    "get",
    ["gett"],
    ["load"],
    ["many"],
    [undefined],
    ["toString"],
  ])
    assert.throws(() => disableOperations(cache, names), /the list of operations is/);
  assert.throws(() => disableOperations(cache, ["get"], { prefix: 1 }), /option "prefix" is 1/);
  assert.throws(() => disableOperations(cache, ["get"], { prefx: "a" }), /did you mean "prefix"/);
  const used = createCache();
  used.wrap(() => 1, { ttl: 1 });
  assert.throws(() => disableOperations(used, ["get"]), /createCache\(\) has just made/);
});
