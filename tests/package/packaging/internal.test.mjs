// Tests reach the inside of the package through `internal.mjs`: its files are named as the build likes.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";

const TESTS = new URL("../../", import.meta.url);
/** Code of the package by a path: what an application cannot import. */
const BY_PATH = /node_modules\/holdover\/dist\/[\w/-]+\.js\b/;

test("no test imports a file of the package by its path, but for the one of internals", async () => {
  const paths = await readdir(TESTS, { recursive: true });
  const scripts = paths.filter((path) => /^(?!.*node_modules).*\.m?js$/.test(path));
  assert.ok(scripts.length > 100, `${scripts.length} scripts`);
  const found = [];
  for (const path of scripts) {
    if (BY_PATH.test(await readFile(new URL(path, TESTS), "utf8"))) found.push(path);
  }
  assert.deepEqual(found.sort(), ["internal.mjs", "platforms/stores/support/internal.mjs"]);
});
