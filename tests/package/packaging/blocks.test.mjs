// The blocks of code of the pages: each compiles as it stands, or a test of another suite has it.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { complaintsAbout } from "./pages/compile.mjs";
import { isFileOfTool, OF_INTEGRATIONS } from "./pages/elsewhere.mjs";
import { blocksIn, pagePaths, ROOT, readPage } from "./pages.mjs";

const TESTS = join(ROOT, "tests");
const MODULES = fileURLToPath(new URL("pages/modules.d.ts", import.meta.url));
const SCRIPTS = new Set(["ts", "tsx", "js"]);

/** What becomes of other languages. */
const OTHERS = {
  sh: "commands: those of the tutorial are run",
  text: "what they print: that of the tutorial is compared",
  json: "parsed here",
  rust: "a test of the crate's documentation",
  "rust,compile_fail": "the same",
  "": "drawings, and commands with placeholders",
};

/** Blocks that no test compiles: their page, beginning and reason. */
const EXCEPTIONS = [
  [
    "docs/rust.md",
    "thread_local!",
    "needs the crate `worker`: the suite workers-rs runs one alike",
  ],
];

const isException = ({ page, code }) =>
  EXCEPTIONS.some(([path, start]) => path === page && code.trimStart().startsWith(start));

const all = [];
for (const page of await pagePaths()) {
  for (const block of blocksIn(await readPage(page))) all.push({ page, ...block });
}
const scripts = all.filter(({ language }) => SCRIPTS.has(language));
const checked = scripts.filter((block) => !isFileOfTool(block) && block.page !== OF_INTEGRATIONS);

test("there are blocks", () => {
  assert.ok(checked.length > 60, `${checked.length} of ${scripts.length} blocks`);
});

test("the blocks compile", async () => {
  assert.deepEqual(await complaintsAbout(checked, TESTS, [MODULES]), []);
});

test("blocks of other languages have somebody who looks", () => {
  for (const block of all) {
    const { page, number, language, code } = block;
    if (language === "json") JSON.parse(code);
    const isKnown = SCRIPTS.has(language) || language in OTHERS || isException(block);
    assert.ok(isKnown, `${page} block ${number}: a block of "${language}"`);
  }
});

test("exceptions are few, and there", () => {
  assert.ok(EXCEPTIONS.length <= 4, `${EXCEPTIONS.length} exceptions`);
  for (const [page, start] of EXCEPTIONS) {
    const isThere = all.some((block) => block.page === page && isException(block));
    assert.ok(isThere, `${page}: ${start}`);
  }
});

test("a wrong block is found out", async () => {
  const code = `import { createCache } from "holdover";\ncreateCache().wrap(loadUser, { ttl: "5m", sttl: 1 });\n`;
  const wrong = { page: "wrong", number: 1, language: "ts", code };
  const [said] = await complaintsAbout([wrong], TESTS);
  assert.match(said, /^wrong block 1 line 2: .*sttl/);
});
