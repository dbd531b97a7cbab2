// Which reads of lower stores are outdated: too many may be, never one too few.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Fences } from "../../internal.mjs";

test("a read that began before a change of its key is outdated, and no other", () => {
  const fences = new Fences();
  const before = fences.last;
  fences.raise("a");
  assert.equal(fences.isOutdated("a", before), true);
  assert.equal(fences.isOutdated("b", before), false);
  assert.equal(fences.isOutdated("a", fences.last), false);
});

test("a change of everything outdates each read from before, whatever was changed since", () => {
  const fences = new Fences();
  const before = fences.last;
  fences.raiseAll();
  assert.equal(fences.isOutdated("a", before), true);
  fences.raise("b");
  assert.equal(fences.isOutdated("a", before), true);
  assert.equal(fences.isOutdated("a", fences.last), false);
});

test("a read that is slower than 100,000 changes of other keys is outdated by its own", () => {
  const fences = new Fences();
  const before = fences.last;
  fences.raise("a");
  for (let nth = 0; nth < 100_000; nth += 1) {
    fences.raise(`other ${nth}`);
    if (!fences.isOutdated("a", before)) assert.fail(`forgotten after ${nth} changes`);
  }
  assert.equal(fences.isOutdated("a", fences.last), false);
});
