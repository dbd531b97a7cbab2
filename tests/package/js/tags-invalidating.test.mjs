// Functions that invalidate keys and tags once they have succeeded.

import assert from "node:assert/strict";
import { test } from "node:test";
import { getMany } from "holdover/operations";
import { invalidating } from "holdover/tags";
import { stage } from "./support/tag-stage.mjs";

test("invalidating: keys and tags, after success only", async () => {
  const { cache, get, origin } = stage();
  let fails = true;
  const rename = invalidating(
    cache,
    async function (key, org) {
      if (fails) throw new Error("not renamed");
      return { key, org, by: this };
    },
    ([key, org], result) => ({ keys: [get.key(key, org)], tags: [`org:${result.org + 1}`] }),
  );
  await get("a", 1);
  await get("b", 2);
  await assert.rejects(rename("a", 1), /not renamed/);
  await get("a", 1);
  assert.equal(origin.loads, 2);
  fails = false;
  assert.deepEqual(await rename.call("me", "a", 1), { key: "a", org: 1, by: "me" });
  assert.deepEqual([(await get("a", 1)).load, (await get("b", 2)).load], [3, 4]);
});

test("invalidating: the change was made even if what it made out of date cannot be told", async () => {
  const { cache, events } = stage();
  const throws = () => {
    throw new Error("lost");
  };
  for (const outdated of [throws, () => undefined, () => ({ tags: "t" }), () => ({ keys: [7] })]) {
    assert.equal(await invalidating(cache, () => 7, outdated)(), 7);
  }
  assert.deepEqual(
    new Set(events.map(({ type, option }) => `${type} ${option}`)),
    new Set(["policy-error invalidating"]),
  );
  assert.equal(events.length, 4);
  assert.throws(() => invalidating(cache, 7, () => ({})), { code: "E_CONFIG", option: "fn" });
  assert.throws(() => invalidating(cache, () => 7), { code: "E_CONFIG", option: "outdated" });
});

for (const [what, outdated] of [
  ["a key that is none", { keys: [7, "k"], tags: ["t"] }],
  ["a tag that is none", { keys: ["k"], tags: ["", "t", undefined] }],
  ["tags that are no list", { keys: ["k", "tagged"], tags: "t" }],
  ["keys that are no list", { keys: "k", tags: ["t", "u"] }],
  ["a promise for soft", { keys: ["k"], tags: ["t"], soft: Promise.resolve(true) }],
  ["a name that is not known", { keys: ["k"], tags: ["t"], key: "k" }],
]) {
  test(`invalidating: ${what} is told once, and what is named rightly is out of date`, async () => {
    const { cache, events } = stage();
    await cache.set("k", 1, { ttl: "1h", tags: ["u"] });
    await cache.set("tagged", 1, { ttl: "1h", tags: ["t"] });
    assert.equal(
      await invalidating(
        cache,
        () => 7,
        () => outdated,
      )(),
      7,
    );
    assert.deepEqual(await getMany(cache, ["k", "tagged"]), [undefined, undefined]);
    const told = events.filter(({ type }) => type === "policy-error");
    assert.deepEqual(
      told.map(({ option, error }) => [option, error.code]),
      [["invalidating", "E_CONFIG"]],
    );
  });
}

for (const outdated of ["k", ["k"], { key: ["k"] }, { tag: "t" }]) {
  test(`invalidating: ${JSON.stringify(outdated)} names nothing, and is told`, async () => {
    const { cache, events } = stage();
    assert.equal(
      await invalidating(
        cache,
        () => 7,
        () => outdated,
      )(),
      7,
    );
    assert.deepEqual(
      events.map(({ type, option }) => `${type} ${option}`),
      ["policy-error invalidating"],
    );
  });
}
