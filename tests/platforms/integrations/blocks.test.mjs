// The blocks of code of docs/integrations.md that no tool runs compile beside the frameworks' types.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { complaintsAbout } from "../../package/packaging/pages/compile.mjs";
import { isFileOfTool, OF_INTEGRATIONS } from "../../package/packaging/pages/elsewhere.mjs";
import { blocksIn, readPage } from "../../package/packaging/pages.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const NAMES = fileURLToPath(new URL("types/page-names.d.ts", import.meta.url));

const all = blocksIn(await readPage(OF_INTEGRATIONS));
const blocks = all
  .map((block) => ({ page: OF_INTEGRATIONS, ...block }))
  .filter((block) => !isFileOfTool(block));

test("the blocks compile", async () => {
  assert.ok(blocks.length >= 9, `${blocks.length} blocks`);
  assert.deepEqual(await complaintsAbout(blocks, HERE, [NAMES]), []);
});
