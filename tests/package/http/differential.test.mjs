// Against npm's http-cache-semantics: the same answer, or a reason.

import assert from "node:assert/strict";
import { test } from "node:test";
import { seedOf } from "../js/support/seed.mjs";
import { DISAGREEMENTS } from "./support/disagreements.mjs";
import { ours, theirs } from "./support/judges.mjs";
import { randomCase, randomFrom } from "./support/random-http.mjs";

const CASES = 150_000;

test(`${CASES} random requests, responses and times`, (context) => {
  const seed = seedOf(20_240_301);
  const random = randomFrom(seed);
  const counts = Object.fromEntries(Object.keys(DISAGREEMENTS).map((name) => [name, 0]));
  let stored = 0;
  let reused = 0;
  for (let nth = 0; nth < CASES; nth += 1) {
    const given = randomCase(random);
    const a = ours(given);
    const b = theirs(given);
    stored += Number(a.stored && b.stored);
    reused += Number(a.reused && b.reused);
    if (a.stored === b.stored && a.reused === b.reused) continue;
    const known = Object.entries(DISAGREEMENTS).find(([, { explains }]) => explains(given, a, b));
    assert.ok(known, `seed ${seed}, case ${nth}: ${JSON.stringify({ given, ours: a, theirs: b })}`);
    counts[known[0]] += 1;
  }
  for (const [name, count] of Object.entries(counts)) {
    context.diagnostic(`${count} × ${name}: ${DISAGREEMENTS[name].right}`);
    assert.ok(count > 0, `${name} explains nothing any more`);
  }
  assert.ok(
    stored > CASES / 4 && reused > CASES / 20,
    `${stored} stored, ${reused} reused by both`,
  );
});
