// What a tier may hold of a key when changes are lost and done after all.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ASK, SKIP, TierLedger } from "../../internal.mjs";

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
    begunAt: Number.NEGATIVE_INFINITY,
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
    ledger.clearings.distrust("", now);
    // As records are dated that are written since.
    const storedAt = ledger.clearedAt("k") + 1;
    assert.equal(ledger.accepts("k", record(round), storedAt), true);
    ledger.clearings.distrust("", now);
    assert.equal(ledger.accepts("k", record(round), storedAt), false);
  }
});

/** Drops what a tier has, with the fence of the newest change. */
function makeUp(ledger, fence, now) {
  const drop = { ...change(fence), waiters: new Set() };
  assert.equal(ledger.begin(drop, now, DEADLINE), "go");
  ledger.end(drop, "done");
}

test("a lost write that is made up for is due no more, and hides nothing that others write", () => {
  const ledger = new TierLedger();
  lost(ledger, change(1, 1));
  const later = 60_000;
  assert.deepEqual(ledger.due(later, 10), [{ name: "k", fence: 1 }]);
  assert.equal(ledger.accepts("k", record(2), 0), false);
  makeUp(ledger, 1, later);
  assert.deepEqual(ledger.due(later, 10), []);
  assert.equal(ledger.owes, false);
  assert.equal(ledger.accepts("k", record(2), 0), true, "another instance's");
  assert.equal(ledger.accepts("k", record(1), 0), true, "it is the newest still");
  // Superseded, it is older than what comes then.
  lost(ledger, change(2));
  makeUp(ledger, 2, later);
  assert.equal(ledger.accepts("k", record(1), 0), false);
});

test("of two lost writes that are done after all nobody knows which was last", () => {
  const ledger = new TierLedger();
  const [older, newer] = [change(1, 1), change(2, 2)];
  lost(ledger, older);
  lost(ledger, newer);
  makeUp(ledger, 2, 60_000);
  ledger.endLate(older, true);
  assert.equal(ledger.look("k", 60_000), SKIP);
  ledger.endLate(newer, true);
  assert.equal(ledger.look("k", 60_000), SKIP);
  assert.deepEqual(ledger.due(60_000, 10), [{ name: "k", fence: 2 }]);
});

test("lost drops do no harm any more once there is a newer change", () => {
  const ledger = new TierLedger();
  for (let fence = 1; fence <= 10; fence += 1) lost(ledger, change(fence));
  const last = change(11, 11);
  ledger.claim(last, 0);
  assert.equal(ledger.begin(last, 0, DEADLINE), "go");
  ledger.end(last, "done");
  assert.equal(ledger.owes, false);
  assert.equal(ledger.size, 0);
});

test("a key whose writes are lost again and again takes no more room, and none of them comes back", () => {
  const ledger = new TierLedger();
  const rounds = 1000;
  for (let fence = 1; fence <= rounds; fence += 1) {
    const made = change(fence, fence);
    ledger.claim(made, fence * DEADLINE);
    assert.equal(ledger.begin(made, fence * DEADLINE, DEADLINE), "go");
    ledger.end(made, "late");
    assert.ok(ledger.size <= 65, `${ledger.size} after ${fence}`);
  }
  const now = (rounds + 1) * DEADLINE;
  for (let fence = 1; fence < rounds; fence += 1) {
    assert.equal(ledger.accepts("k", record(fence), fence * DEADLINE), false, `version ${fence}`);
  }
  assert.equal(ledger.accepts("k", record(rounds), rounds * DEADLINE), true);
  makeUp(ledger, rounds, now);
  assert.equal(ledger.accepts("k", record(1), DEADLINE), false, "made up for, and done after all");
  const storedAt = Math.max(now, ledger.clearedAt("k") + 1);
  assert.equal(ledger.accepts("k", record(2000), storedAt), true, "another instance's");
});

test("a key whose drops are lost again and again takes no more room", () => {
  const ledger = new TierLedger();
  for (let fence = 1; fence <= 1000; fence += 1) lost(ledger, { ...change(1), waiters: new Set() });
  assert.ok(ledger.size <= 65, `${ledger.size}`);
  assert.equal(ledger.look("k", 0), SKIP);
});

test("what a key must not be believed is forgotten when its records have ended", () => {
  const ledger = new TierLedger();
  const endsAt = 100 * DEADLINE;
  for (let fence = 1; fence <= 100; fence += 1) {
    const made = { ...change(fence, fence), endsAt };
    ledger.claim(made, 0);
    assert.equal(ledger.begin(made, 0, DEADLINE), "go");
    ledger.end(made, "late");
  }
  assert.equal(ledger.clearedAt("k"), 1);
  ledger.due(endsAt, 10);
  assert.equal(ledger.clearedAt("k"), Number.NEGATIVE_INFINITY);
  assert.equal(ledger.size, 0);
});
