// The vectors of tags against the core that the package ships. The same run against the crate in
// tests/core/tag_vectors.rs.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import {
  core,
  JUDGED_DEAD,
  JUDGED_GOOD,
  TAGS_AFTER_HARD,
  TAGS_AFTER_NOTHING,
  TAGS_AFTER_SOFT,
} from "../../internal.mjs";
import { createCache } from "./support/caches.mjs";

const read = async (topic) =>
  JSON.parse(await readFile(new URL(`../../vectors/tags/${topic}.json`, import.meta.url), "utf8"));

createCache(); // gives the core
core.ready();

for (const { name, carried, current, expect } of await read("stored")) {
  test(`stored: ${name}`, () => {
    const numbers = (pairs) => Float64Array.from(pairs.flat());
    const judged = core.judge_tags(numbers(carried), numbers(current));
    const verdicts = { [JUDGED_GOOD]: "good", [JUDGED_DEAD]: "dead" };
    assert.deepEqual(verdicts[judged] ?? { staleSince: judged }, expect);
  });
}

const HAPPENED = {
  [TAGS_AFTER_NOTHING]: "nothing",
  [TAGS_AFTER_SOFT]: "soft",
  [TAGS_AFTER_HARD]: "hard",
};

for (const { name, steps } of await read("instance")) {
  test(`instance: ${name}`, () => {
    const machine = core.open(10, Number.POSITIVE_INFINITY);
    const begun = new Map();
    for (const [
      nth,
      { begin, invalidate, soft = false, at, of, tags, expect },
    ] of steps.entries()) {
      if (begin !== undefined) begun.set(begin, core.tags_latest(machine));
      else if (invalidate !== undefined)
        core.invalidate_tags(machine, Float64Array.from(invalidate), soft, at);
      else {
        const happened = core.tags_after(machine, Float64Array.from(tags), begun.get(of));
        assert.equal(HAPPENED[happened], expect, `step ${nth}`);
      }
    }
    core.close(machine);
  });
}
