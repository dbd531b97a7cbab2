// Operations that are the first of their process: nothing has opened the core before.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const cwd = fileURLToPath(new URL(".", import.meta.url));

/** A store that another process has written to. */
const STAGE = `
import { memory } from "holdover";
import { createCache } from "./support/caches.mjs";
import { WholeStore } from "./support/whole-store.mjs";
import * as operations from "holdover/operations";
import { transaction } from "holdover/transactions";
const store = new WholeStore();
const cache = createCache({ stores: [memory(), store] });
const { add, compareAndSet, expire, getVersioned, increment, markStale, replace, take, update } = operations;
`;
const RECORD = `
const writer = createCache({ stores: [store] });
await writer.set("k", 41, { ttl: "1h" });
console.log(JSON.stringify(Buffer.from(await store.get("k")).toString("base64")));
`;

const play = async (code) => {
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", STAGE + code], {
    cwd,
  });
  return JSON.parse(stdout);
};

const record = await play(RECORD);
const FIRST = {
  'add(cache, "new", 1)': true,
  'increment(cache, "k")': 42,
  'replace(cache, "k", 1)': true,
  'expire(cache, "k", 1000)': true,
  'markStale(cache, "k")': true,
  'take(cache, "k")': 41,
  'getVersioned(cache, "k").then(({ value }) => value)': 41,
  'update(cache, "k", (value) => value + 1)': 42,
  'transaction(cache, (tx) => tx.get("k"), { mode: "locked" })': 41,
  'transaction(cache, (tx) => tx.set("new", 1)).then(() => cache.get("new"))': 1,
};

for (const [code, expected] of Object.entries(FIRST)) {
  test(`${code} is right as the first operation`, async () => {
    const given = `await store.set("k", Buffer.from("${record}", "base64"), { expiresIn: 1e6 });`;
    assert.equal(await play(`${given} console.log(JSON.stringify(await ${code}))`), expected);
  });
}
