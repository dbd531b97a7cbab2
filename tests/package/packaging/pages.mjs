// The pages of the repository: where they are, their blocks of code, their links and anchors.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { slugify } from "../../../site/build/slugs.mjs";

export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const FENCE = /^( *)```(.*)\n([\s\S]*?)^\1```$/gm;
const OUTSIDE = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"];
const FURTHER = [
  "site/index.md",
  "site/playground.md",
  "site/what-if.md",
  "pkg-template/README.md",
  "bench/RESULTS.md",
  "bench/RESULTS-RUST.md",
];
const EXAMPLES = ["examples/README.md", "examples/worker/README.md", "tests/vectors/README.md"];

/** Returns the paths of all pages, from the root of the repository. */
export async function pagePaths() {
  const docs = (await readdir(join(ROOT, "docs"), { recursive: true })).sort();
  const pages = docs.filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`);
  return [...OUTSIDE, ...FURTHER, ...EXAMPLES, ...pages];
}

export const readPage = (path, folder = ROOT) => readFile(join(folder, path), "utf8");

/** Returns the blocks of code of a page: languages, codes, numbers from 1, and their sections. */
export function blocksIn(text) {
  return [...text.matchAll(FENCE)].map((found, at) => {
    const [, , language, code] = found;
    const before = text.slice(0, found.index).replaceAll(FENCE, "");
    const section = before
      .match(/^#+ .+$/gm)
      ?.at(-1)
      ?.replace(/^#+ /, "");
    return { language: language.trim(), code, number: at + 1, section };
  });
}

/** Returns a page without its blocks of code. */
export const withoutFences = (text) => text.replaceAll(FENCE, "");

const withoutCode = (text) => withoutFences(text).replaceAll(/`[^`\n]*`/g, "`code`");

/** Returns the targets of a page's links. */
export function linksIn(text) {
  return [...withoutCode(text).matchAll(/\]\(([^()\s]+)\)/g)].map(([, target]) => target);
}

/** Returns the anchors of a page's headings, as a forge makes them. */
export function anchorsIn(text) {
  const seen = new Map();
  const headings = text.replaceAll(FENCE, "").matchAll(/^#{1,6} (.+)$/gm);
  return new Set(
    [...headings].map(([, heading]) => {
      const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll(/[`*]/g, "");
      const slug = slugify(plain);
      const before = seen.get(slug) ?? 0;
      seen.set(slug, before + 1);
      return before === 0 ? slug : `${slug}-${before}`;
    }),
  );
}
