// `require`, on a Node that loads ES modules so and on one that does not: one copy in a process.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { manifest } from "./installed.mjs";

const run = promisify(execFile);
const TESTS = fileURLToPath(new URL("../..", import.meta.url));
const ENTRIES = Object.entries(manifest.exports)
  .filter(([, conditions]) => conditions.require !== undefined)
  .map(([path]) => `holdover${path.slice(1)}`);
/** Of 20.19 and later: without it, such a Node is like one before. */
const OLD = "--no-experimental-require-module";

const BOTH = `
  import { createRequire } from "node:module";
  const require = createRequire(process.cwd() + "/");
  const out = { differing: [], file: require.resolve("holdover").split("/").at(-1) };
  for (const entry of ${JSON.stringify(ENTRIES)}) {
    const imported = await import(entry);
    const required = require(entry);
    const names = Object.keys(imported).filter((name) => !/^(default|module.exports|__esModule)$/.test(name));
    if (names.length === 0) out.differing.push(entry);
    for (const name of names) if (imported[name] !== required[name]) out.differing.push(entry + " " + name);
    out.exports = (out.exports ?? 0) + names.length;
  }
  const { createCache } = await import("holdover");
  const { memory, isHoldoverError, ConfigError } = require("holdover");
  let loads = 0;
  const cache = createCache({ stores: [memory({ maxEntries: 10 })] });
  const get = cache.wrap(async (key) => key + ++loads, { name: "get", ttl: "1m" });
  out.values = [await get("a"), await get("a"), (await get.explain("a")).source];
  out.isOne = isHoldoverError(new ConfigError("a", 1, "b"));
  console.log(JSON.stringify(out));`;

for (const { name, flags, file } of [
  { name: "a Node that loads ES modules by `require`", flags: [], file: "inline.js" },
  { name: "an older one", flags: [OLD], file: "inline.cjs" },
]) {
  test(`${name}: what is required is what is imported`, async () => {
    const args = [...flags, "--input-type=module", "--eval", BOTH];
    const { stdout, stderr } = await run(process.execPath, args, { cwd: TESTS, timeout: 60_000 });
    const { differing, exports, ...out } = JSON.parse(stdout);
    assert.deepEqual(differing, []);
    assert.ok(ENTRIES.length >= 25 && exports >= 60, `${ENTRIES.length} entries, ${exports} names`);
    assert.deepEqual(out, { file, values: ["a1", "a1", "hit"], isOne: true });
    assert.doesNotMatch(stderr.replace(/.*ExperimentalWarning.*\n.*/g, ""), /./);
  });
}
