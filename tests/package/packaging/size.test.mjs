import assert from "node:assert/strict";
import { test } from "node:test";
import { weighed } from "./size.mjs";

const limited = (await weighed()).filter(({ budget }) => budget !== undefined);

test("the budget names things that are weighed", () => {
  assert.ok(limited.length >= 16);
});

for (const { name, measure, bytes, budget } of limited) {
  test(`${name} (${measure}) stays within ${budget} bytes`, () => {
    assert.ok(bytes <= budget, `${bytes} bytes`);
    assert.ok(bytes > budget / 20, `${bytes} bytes: something is missing`);
  });
}
