// The blocks of pages that are tests themselves: they pass.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import ts from "typescript-5.9";
import { blocksIn, ROOT, readPage } from "./pages.mjs";

const run = promisify(execFile);
const PAGES = { "docs/how-to/fake-time.md": 1, "docs/how-to/write-a-store.md": 50 };

/** The blocks of a page as one module, in JavaScript. */
async function moduleOf(page) {
  const blocks = blocksIn(await readPage(page)).filter(({ language }) => language === "ts");
  const code = blocks.map((block) => block.code).join("\n");
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  return outputText;
}

for (const [page, least] of Object.entries(PAGES)) {
  test(`the tests of ${page} pass`, async () => {
    const folder = await mkdtemp(join(ROOT, "tests/node_modules/.pages-"));
    try {
      const file = join(folder, "example.mjs");
      await writeFile(file, await moduleOf(page));
      // A runner within a runner would tell the outer one, not print.
      const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
      const { stdout } = await run(process.execPath, ["--test", file], { env }).catch(
        (error) => error,
      );
      const [, passed] = /pass (\d+)/.exec(stdout) ?? [];
      assert.ok(Number(passed) >= least, stdout.slice(-3000));
      assert.match(stdout, /fail 0\b/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}
