// unstorage as a store, over a driver in memory and one on a file system.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fromUnstorage } from "holdover/stores/unstorage";
import { storeConformance } from "holdover/testing";
import { createStorage } from "unstorage";
import files from "unstorage/drivers/fs";
import "./support/ends.mjs";

const folder = mkdtempSync(join(tmpdir(), "holdover-unstorage-"));
after(() => rmSync(folder, { recursive: true }));

const STORAGES = {
  "in memory": () => createStorage(),
  "on a file system": () => createStorage({ driver: files({ base: folder }) }),
};

for (const [where, makeStorage] of Object.entries(STORAGES)) {
  // These drivers keep no ends.
  const options = { lag: Number.POSITIVE_INFINITY };
  for (const { name, run } of await storeConformance(() => fromUnstorage(makeStorage()), options)) {
    test(`unstorage ${where}: ${name}`, run);
  }
}
