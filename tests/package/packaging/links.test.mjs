// Links between pages lead somewhere: in the repository, and in the package as it is installed.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, posix } from "node:path";
import { test } from "node:test";
import { groupsOf } from "../../../site/build/contents.mjs";
import { HOME } from "./installed.mjs";
import { anchorsIn, linksIn, pagePaths, ROOT, readPage } from "./pages.mjs";

/** Returns the links of a page that lead nowhere. */
async function brokenLinks(page, folder) {
  const broken = [];
  for (const target of linksIn(await readPage(page, folder))) {
    if (/^[a-z]+:/.test(target)) continue;
    const [path, anchor] = target.split("#");
    // Links of the site's own page may be those of the site.
    const file = path.startsWith("/")
      ? `docs${path}.md`
      : path === ""
        ? page
        : posix.join(posix.dirname(page), path);
    if (!existsSync(join(folder, file))) broken.push(target);
    else if (anchor !== undefined && file.endsWith(".md")) {
      if (!anchorsIn(await readPage(file, folder)).has(anchor)) broken.push(target);
    }
  }
  return broken;
}

const PAGES = await pagePaths();

test("there are pages", () => {
  assert.ok(PAGES.length > 45, `${PAGES.length} pages`);
});

for (const page of PAGES) {
  test(`the links of ${page} lead somewhere`, async () => {
    assert.deepEqual(await brokenLinks(page, ROOT), []);
  });
}

test("the links of the shipped pages lead to what is shipped", async () => {
  const shipped = await readdir(join(HOME, "docs"), { recursive: true });
  const pages = shipped.filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`);
  assert.ok(pages.length > 30, `${pages.length} pages`);
  const broken = [];
  for (const page of [...pages, "README.md"]) {
    for (const link of await brokenLinks(page, HOME)) broken.push(`${page}: ${link}`);
  }
  assert.deepEqual(broken, []);
});

test("the list of contents has every page, once", async () => {
  const groups = groupsOf(await readPage("docs/README.md"));
  const listed = groups.flatMap(({ links }) => links.map(({ path }) => path));
  const pages = PAGES.filter((page) => page.startsWith("docs/") && page !== "docs/README.md");
  const wanted = pages.map((page) => page.slice("docs/".length, -".md".length));
  const missing = wanted.filter((page) => !listed.includes(page));
  assert.deepEqual(missing, []);
});

/** Pages of the site from outside docs/. */
const PLACES = {
  contents: "docs/README.md",
  playground: "site/playground.md",
  "what-if": "site/what-if.md",
};

test("the front page's links lead to pages", async () => {
  const front = await readPage("site/index.md");
  const links = [...front.matchAll(/^ +link: \/(\S+)$/gm)].map(([, link]) => link.split("#"));
  assert.ok(links.length >= 8, `${links.length} links`);
  for (const [path, anchor] of links) {
    const page = PLACES[path] ?? `docs/${path}.md`;
    const anchors = anchorsIn(await readPage(page));
    assert.ok(anchor === undefined || anchors.has(anchor), `${path}#${anchor}`);
  }
});

test("a link that leads nowhere is found out", async () => {
  assert.deepEqual(linksIn("a [b](c.md#d) `[e](f)`\n```js\n[g](h)\n```\n"), ["c.md#d"]);
  const anchors = anchorsIn("# A `b` c\n\n## A b c\n\n### `#[cached]`, and\n");
  assert.deepEqual([...anchors], ["a-b-c", "a-b-c-1", "cached-and"]);
});
