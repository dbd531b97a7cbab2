// The declarations that the entries need, of all that the compiler wrote.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

const SPECIFIERS = /(\b(?:from|import)\s*\(?")(\.[^"]+)\.js"/g;

/**
 * Copies the declarations of the entries, and what they import, from one folder to another; each
 * once more for CommonJS, as compilers take a `.d.ts` of this package for one of an ES module.
 */
export async function copyDeclarations(from, entries, to) {
  const wanted = new Set(entries.map((entry) => join(from, entry)));
  for (const path of wanted) {
    const text = await readFile(`${path}.d.ts`, "utf8");
    for (const [, , specifier] of text.matchAll(SPECIFIERS)) {
      wanted.add(join(dirname(path), specifier));
    }
    const target = path.replace(from, to);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(`${target}.d.ts`, text);
    await writeFile(`${target}.d.cts`, text.replace(SPECIFIERS, '$1$2.cjs"'));
  }
}
