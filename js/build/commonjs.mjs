// The same files once more as CommonJS, for `require` where it loads no ES modules: Node before
// 20.19 and 22.12, and Jest.

import { readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path/posix";
import { transform } from "esbuild";

/** The imports of a file of the package from others, as esbuild writes them. */
const IMPORTS = /(\b(?:from|import)")(\.[^"]*)\.js"/g;
const OPTIONS = {
  format: "cjs",
  // With a list of the names for Node, which finds what it can import without running the file.
  platform: "node",
  target: "es2022",
  charset: "ascii",
  minify: true,
  legalComments: "none",
  logLevel: "warning",
};

/**
 * Writes, beside each entry `x.js` and what it imports, `x.cjs`, and beside the entries `x.mjs`:
 * what `import` gets on such a Node, so that a process has one copy of the package and its state.
 */
export async function writeCommonJs(entries, out) {
  const files = new Set(entries);
  for (const file of files) {
    const code = await readFile(join(out, `${file}.js`), "utf8");
    for (const [, , path] of code.matchAll(IMPORTS)) files.add(join(dirname(file), path));
    const common = await transform(code.replace(IMPORTS, '$1$2.cjs"'), OPTIONS);
    await writeFile(join(out, `${file}.cjs`), common.code);
  }
  for (const entry of entries) {
    await writeFile(join(out, `${entry}.mjs`), `export*from"./${basename(entry)}.cjs";\n`);
  }
}
