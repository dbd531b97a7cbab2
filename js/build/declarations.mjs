// The declarations that the entries need, of all that the compiler wrote.

import { copyFile, mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

const SPECIFIERS = /\b(?:from|import)\s*\(?"(\.[^"]+)\.js"/g;

/** Copies the declarations of the entries, and what they import, from one folder to another. */
export async function copyDeclarations(from, entries, to) {
  const wanted = new Set(entries.map((entry) => join(from, entry)));
  for (const path of wanted) {
    const text = await readFile(`${path}.d.ts`, "utf8");
    for (const [, specifier] of text.matchAll(SPECIFIERS)) {
      wanted.add(join(dirname(path), specifier));
    }
    const target = `${path.replace(from, to)}.d.ts`;
    await mkdir(dirname(target), { recursive: true });
    await copyFile(`${path}.d.ts`, target);
  }
}
