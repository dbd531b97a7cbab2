// The versions of tags that one instance remembers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { TagLedger } from "../../internal.mjs";

const MOST_MISSED = 1024;

test("stamps to be written are remembered up to a bound; beyond it every stamp counts as missed", () => {
  const ledger = new TagLedger();
  const stamp = { version: 1 };
  assert.equal(ledger.settle("good", stamp, 0), stamp);
  for (let nth = 0; nth < 3000; nth += 1) {
    ledger.miss(`tag ${nth}`);
    assert.ok(ledger.missed.length <= MOST_MISSED, `${ledger.missed.length} of ${nth + 1}`);
  }
  for (const key of ["tag 0", "tag 1500", "tag 2999", "never seen"])
    assert.equal(ledger.hasMissed(key), true, key);
  assert.equal(ledger.settle("tag 0", stamp, 0), undefined);
});
