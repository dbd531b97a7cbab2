// The structured codec with a library that people have.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as devalue from "devalue";
import { createCache } from "holdover";
import { structured } from "holdover/codecs";
import { customStore } from "holdover/stores/custom";
import "./support/ends.mjs";

function stage() {
  const records = new Map();
  const store = customStore({
    get: async (key) => records.get(key),
    set: async (key, record) => records.set(key, record),
    delete: async (key) => records.delete(key),
  });
  const events = [];
  const options = { stores: [store], codec: structured(devalue) };
  const cache = createCache({ ...options, onEvent: (event) => events.push(event) });
  return { cache, records, told: (type) => events.filter((event) => event.type === type) };
}

const VALUES = {
  "a date": new Date(1_700_000_000_123),
  "a Map with objects as keys": new Map([[{ a: 1 }, new Set([1, "1", 1n])]]),
  "a BigInt": 12_345_678_901_234_567_890n,
  "what JSON has no numbers for": [Number.NaN, -0, Number.POSITIVE_INFINITY],
  "members that are undefined": { there: undefined, list: [undefined, null] },
  "typed arrays": { bytes: Uint8Array.of(1, 2), floats: Float64Array.of(0.5) },
  undefined: undefined,
  "__proto__ as text": { name: "__proto__" },
};

for (const [what, value] of Object.entries(VALUES)) {
  test(`structured, devalue: ${what} comes back`, async () => {
    const { cache, told } = stage();
    await cache.set("a", { value });
    assert.deepEqual(await cache.get("a"), { value });
    assert.deepEqual(told("store-error"), []);
  });
}

test("structured, devalue: a cycle comes back", async () => {
  const { cache } = stage();
  const value = { name: "a" };
  value.self = value;
  await cache.set("a", value);
  const found = await cache.get("a");
  assert.equal(found.self, found);
});

test("structured, devalue: nothing is evaluated, prototypes stay what they are", async () => {
  for (const attack of [
    '[{"__proto__":1},{"polluted":2},true]',
    "(globalThis.x = 1)",
    '["Date",',
  ]) {
    assert.throws(() => {
      const found = structured(devalue).decode(new TextEncoder().encode(attack));
      assert.equal({}.polluted, undefined);
      if (Object.getPrototypeOf(found) === Object.prototype) throw new Error("harmless");
    });
    assert.equal({}.polluted, undefined);
    assert.equal(globalThis.x, undefined);
  }
});
