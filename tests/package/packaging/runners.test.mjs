// The package in other test runners, with their fake timers: see `tests/package/runners`.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const RUNNERS = fileURLToPath(new URL("../runners", import.meta.url));

/** Runs a runner to its end, whatever came of it, and reads its report. */
async function reportOf(program, args, options) {
  const folder = await mkdtemp(join(tmpdir(), "holdover-runners-"));
  const file = join(folder, "report.json");
  try {
    const said = await new Promise((resolve) => {
      const report = `--outputFile=${file}`;
      const settings = { cwd: RUNNERS, timeout: 100_000, ...options };
      execFile(process.execPath, [...program, ...args, report], settings, (...all) => resolve(all));
    });
    return JSON.parse(await readFile(file, "utf8").catch(() => assert.fail(said.join("\n"))));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Each test of a report, which both write alike, as one here. */
async function replay(t, { testResults }, least) {
  const results = testResults.flatMap(({ assertionResults, message, name }) =>
    assertionResults.length > 0
      ? assertionResults.map((result) => ({ file: name.split("/").at(-1), ...result }))
      : [{ file: name, title: "the file was read", status: "failed", failureMessages: [message] }],
  );
  for (const { file, title, status, failureMessages } of results) {
    await t.test(`${file}: ${title}`, () => {
      assert.equal(status, "passed", failureMessages?.join("\n"));
    });
  }
  assert.ok(results.length >= least, `${results.length} tests`);
}

test("Jest: its fake timers, before and after the import, and its jsdom", async (t) => {
  const program = ["--experimental-vm-modules", "node_modules/jest/bin/jest.js"];
  await replay(t, await reportOf(program, ["--json", "--cache=false"]), 24);
});

test("Jest as it comes, with CommonJS: in Node and in jsdom", async (t) => {
  const program = ["node_modules/jest/bin/jest.js", "--config=commonjs/jest.config.json"];
  await replay(t, await reportOf(program, ["--json", "--cache=false"]), 2);
});

test("Vitest: its fake timers", async (t) => {
  const program = ["node_modules/vitest/vitest.mjs", "run"];
  await replay(t, await reportOf(program, ["--reporter=json"]), 7);
});
