// The driver for Rust on WASI: preview 1 in Node, preview 2 in wasmtime. Prints a line per test and
// `N passed, N failed`.
//
// usage: node run.mjs WASIP1-MODULE WASIP2-COMPONENT, with `PYTHONPATH` leading to wasmtime

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { panics } from "../panics.mjs";

const [module, component] = process.argv.slice(2);
const VECTORS = fileURLToPath(new URL("../../vectors", import.meta.url));
const LIMIT_MS = 120_000;
const vectors = readdirSync(VECTORS)
  .filter((name) => name.endsWith(".json"))
  .flatMap((name) => JSON.parse(readFileSync(`${VECTORS}/${name}`, "utf8")));
const unplayable = vectors.filter(panics).length;

const hosts = {
  wasip1: ["node", ["--no-warnings", "wasip1.mjs", module]],
  wasip2: ["python3", ["wasip2.py", component]],
};
let passed = 0;
let failed = 0;
for (const [host, [program, given]] of Object.entries(hosts)) {
  const run = spawnSync(program, [...given, VECTORS], {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    encoding: "utf8",
    timeout: LIMIT_MS,
  });
  const lines = run.stdout.split("\n").filter((line) => !/^\d+ passed/.test(line));
  console.log(lines.map((line) => (line ? `${host} ${line}` : line)).join("\n"));
  if (run.stderr) console.log(run.stderr);
  const count = (start) => lines.filter((line) => line.startsWith(start)).length;
  passed += count("ok ");
  failed += count("FAILED ");
  // One more than there are vectors: the scenario in real time.
  const expected = [0, vectors.length - unplayable + 1, unplayable];
  const got = [run.status, count("ok "), count("panics ")];
  if (`${got}` !== `${expected}`) {
    failed += 1;
    console.log(`FAILED ${host}: status, passed, unplayable should be ${expected}, are ${got}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
