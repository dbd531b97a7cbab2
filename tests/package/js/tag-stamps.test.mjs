// Where the stamps of tags are in stores: programs in Rust look for them there. The same vectors are
// played in tests/core/driver/stored_tags.rs.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { memory } from "holdover";
import { customStore } from "holdover/stores/custom";
import { invalidateTags } from "holdover/tags";
import { createCache } from "./support/caches.mjs";

const file = new URL("../../vectors/tags/stamps.json", import.meta.url);
const vectors = JSON.parse(await readFile(file, "utf8"));

for (const { namespace, tag, hard, soft } of vectors) {
  test(`stamps of ${JSON.stringify(tag.slice(0, 20))} in ${JSON.stringify(namespace)}`, async () => {
    for (const [isSoft, key] of [
      [false, hard],
      [true, soft],
    ]) {
      const records = new Map();
      const store = {
        get: (name) => records.get(name),
        set: (name, record) => void records.set(name, record),
        delete: (name) => void records.delete(name),
      };
      const cache = createCache({ namespace, stores: [memory(), customStore(store)] });
      await invalidateTags(cache, tag, { soft: isSoft });
      assert.deepEqual(records.size, 2);
      assert.ok(records.has(key), `${[...records.keys()]}`);
    }
  });
}
