// The same files once more as CommonJS, for `require` where it loads no ES modules: Node before
// 20.19 and 22.12, and Jest.

import { readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path/posix";
import { transform } from "esbuild";

/** The imports of a file of the package from others, as esbuild writes them. */
const IMPORTS = /(\b(?:from|import)")(\.[^"]*)\.js"/g;
/** The names that a file exports, as esbuild lists them for Node. */
const NAMES = /0&&\(module\.exports=\{([\w$,]+)\}\)/;
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
  const names = new Map();
  for (const file of files) {
    const code = await readFile(join(out, `${file}.js`), "utf8");
    for (const [, , path] of code.matchAll(IMPORTS)) files.add(join(dirname(file), path));
    const common = await transform(code.replace(IMPORTS, '$1$2.cjs"'), OPTIONS);
    await writeFile(join(out, `${file}.cjs`), common.code);
    names.set(file, NAMES.exec(common.code)?.[1]);
  }
  for (const entry of entries) {
    const exported = names.get(entry);
    if (exported === undefined) throw new Error(`${entry}: esbuild lists no names`);
    const name = basename(entry);
    // By name: Bun's bundler takes an `export *` of CommonJS for unused. The address is for tools
    // that copy the files which a build needs (Nitro): they resolve `import` to this file, and then
    // Node takes the ES module.
    const module = `export{${exported}}from"./${name}.cjs";/* @__PURE__ */new URL("./${name}.js",import.meta.url);\n`;
    await writeFile(join(out, `${entry}.mjs`), module);
  }
}
