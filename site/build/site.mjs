// Builds the site: `node build/site.mjs` in site/, after the package. Written to target/docs.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gather } from "./gather.mjs";
import { writeReference } from "./reference.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SITE = join(ROOT, "site");
const GATHERED = join(ROOT, "target/site");
const PAGES = join(GATHERED, "pages");
const OUT = join(ROOT, "target/docs");
const RUSTDOC = join(ROOT, "target/doc");
/** The parts of rustdoc's output that the pages of these crates need. */
const CRATES = ["holdover", "holdover_macros", "holdover_workers"];
const RUSTDOC_COMMON = ["static.files", "search.index", "trait.impl", "type.impl", "src"];

await rm(PAGES, { recursive: true, force: true });
await gather(ROOT, PAGES, process.env.HOLDOVER_REPOSITORY);
// Pages become modules that import Vue.
const modules = join(GATHERED, "node_modules");
await rm(modules, { force: true });
await symlink(join(SITE, "node_modules"), modules);
const api = join(PAGES, "api");
await writeReference(join(ROOT, "pkg"), join(GATHERED, "reference"), api);
await cp(join(SITE, "public"), join(PAGES, "public"), { recursive: true });
const hasRustdoc = existsSync(join(RUSTDOC, "holdover/index.html"));
const entries = await entriesIn(api);
await writeFile(join(GATHERED, "site.json"), JSON.stringify({ entries, hasRustdoc }));

const vitepress = join(SITE, "node_modules/vitepress/bin/vitepress.js");
const child = spawn(process.execPath, [vitepress, "build", ".", "--outDir", OUT], {
  cwd: SITE,
  env: { ...process.env, HOLDOVER_SITE: GATHERED },
  stdio: "inherit",
});
const [code] = await once(child, "exit");
if (code !== 0) throw new Error(`vitepress ended with ${code}`);
if (hasRustdoc) await copyRustdoc();
console.log(`${(await readdir(OUT, { recursive: true })).length} files in target/docs`);

/** Returns the entries of the package that have a page: names as imported, and pages. */
async function entriesIn(folder) {
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".md"));
  const pages = files.filter((name) => name !== "index.md").map((name) => name.slice(0, -3));
  const titles = await Promise.all(
    pages.map(
      async (page) => /^# (.*)$/m.exec(await readFile(join(folder, `${page}.md`), "utf8"))[1],
    ),
  );
  return pages
    .map((page, at) => ({ page, name: titles[at] }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function copyRustdoc() {
  const names = await readdir(RUSTDOC);
  const wanted = names.filter(
    (name) =>
      CRATES.includes(name) || RUSTDOC_COMMON.includes(name) || /\.(?:html|js|css)$/.test(name),
  );
  for (const name of wanted) {
    await cp(join(RUSTDOC, name), join(OUT, "rust", name), { recursive: true });
  }
}
