// What a tier may hold of a key when changes are lost and done after all.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ASK, SKIP, TierLedger } from "../node_modules/holdover/dist/tiers/ledger.js";

const DEADLINE = 500;
const record = (version) => new TextEncoder().encode(`version ${version}`);

function change(fence, version) {
  return {
    name: "k",
    fence,
    drops: version === undefined,
    record: version === undefined ? undefined : record(version),
    endsAt: Number.POSITIVE_INFINITY,
    heldUntil: 4 * DEADLINE,
    copies: false,
    decides: false,
    mark: 0,
    until: Number.POSITIVE_INFINITY,
    waiters: new Set(),
  };
}

/** Begins a change and loses it: its deadline has passed, and it may be done yet. */
function lost(ledger, made) {
  ledger.claim(made, 0);
  assert.equal(ledger.begin(made, 0, DEADLINE), "go");
  ledger.end(made, "late");
}

test("a lost write that is done after a newer drop is not read, and is dropped again", () => {
  const ledger = new TierLedger();
  const write = change(1, 1);
  const drop = change(2);
  lost(ledger, write);
  lost(ledger, drop);
  const repeated = { ...change(2), waiters: new Set() };
  assert.equal(ledger.begin(repeated, 0, DEADLINE), "go");
  ledger.end(repeated, "done");
  assert.equal(ledger.look("k", 0), ASK);
  assert.equal(ledger.accepts("k", record(1), 0), false);
  ledger.endLate(write, true);
  assert.equal(ledger.look("k", 0), SKIP);
  assert.deepEqual(ledger.due(0, 10), [{ name: "k", fence: 2 }]);
});

test("a lost write that is done after a newer lost write is refused by its mark", () => {
  const ledger = new TierLedger();
  const older = change(1, 1);
  lost(ledger, older);
  lost(ledger, change(2, 2));
  ledger.endLate(older, true);
  assert.equal(ledger.look("k", 0), ASK);
  assert.equal(ledger.accepts("k", record(1), 0), false);
  assert.equal(ledger.accepts("k", record(2), 0), true);
});

test("what a tier that cannot be cleared has from before is not used, whatever the millisecond", () => {
  const ledger = new TierLedger();
  const now = 1000;
  for (let round = 0; round < 3; round += 1) {
    ledger.distrust("", now);
    // As records are dated that are written since.
    const storedAt = ledger.clearedAt("k") + 1;
    assert.equal(ledger.accepts("k", record(round), storedAt), true);
    ledger.distrust("", now);
    assert.equal(ledger.accepts("k", record(round), storedAt), false);
  }
});
