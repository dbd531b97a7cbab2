// Keys that templates make, which programs in Rust make as well. The same vectors are compared in
// tests/core/key_templates.rs.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { createCache } from "./support/caches.mjs";

const file = new URL("../../vectors/keys/templates.json", import.meta.url);
const vectors = JSON.parse(await readFile(file, "utf8"));

test("templates make the keys that Rust makes", () => {
  const cache = createCache();
  assert.ok(vectors.length >= 290);
  for (const { template, args, key } of vectors) {
    const wrapped = cache.wrap(async () => 0, { ttl: "1m", key: template });
    const own = args.map((arg) => (arg.int === undefined ? arg : BigInt(arg.int)));
    assert.equal(wrapped.key(...own), key, `${template} ${JSON.stringify(args)}`);
  }
});
