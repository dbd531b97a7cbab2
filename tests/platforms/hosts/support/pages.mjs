// What a page under a service worker gets, and its origin hears: as without a worker.

import assert from "node:assert/strict";
import { attempt } from "./report.mjs";

/** Files of the origin: a module and a style sheet that moved, with what they refer to. */
export const ASSETS = [
  [
    "/assets/page.html",
    `<!doctype html><title>assets</title>
<link rel="stylesheet" href="/assets/theme.css">
<script type="module" src="/assets/lib.js"></script><p>page</p>`,
  ],
  ["/assets/v1/lib.js", `import { value } from "./part.js"; document.title = value;`],
  ["/assets/v1/part.js", `export const value = "the module ran";`],
  ["/assets/v1/theme.css", `p { background: url(./dot.txt) }`],
  ["/assets/v1/dot.txt", "dot"],
  [
    "/assets/start.html",
    `<!doctype html><title>start</title><a href="/assets/end.html">on</a><img src="/assets/i.txt">`,
  ],
  ["/assets/end.html", `<!doctype html><title>end</title>`],
  ["/assets/i.txt", "no picture"],
];

/**
 * Tests in a page that a worker with a route for `/assets/` controls.
 * @param mode the mode that the origin hears when a worker passes on a navigation as it is: Firefox
 *   makes it another one
 */
export async function pageTests(host, page, origin, mode = "navigate") {
  const test = (what, run) => attempt(`${host}: ${what}`, run);
  await test("a module and a style sheet that moved find what lies beside them", async () => {
    await page.goto(`${origin.url}/assets/page.html`);
    await page.waitForFunction(() => document.title !== "assets");
    assert.equal(await page.title(), "the module ran");
    assert.ok(origin.heard("/assets/v1/part.js"), "the module's import is beside the module");
    assert.ok(origin.heard("/assets/v1/dot.txt"), "the sheet's picture is beside the sheet");
  });
  await test("the origin hears where a navigation comes from, and that it is one", async () => {
    await page.goto(`${origin.url}/assets/start.html`);
    await page.click("a");
    await page.waitForFunction(() => document.title === "end");
    const { referer, "sec-fetch-mode": heard } = origin.heard("/assets/end.html");
    assert.deepEqual([referer, heard], [`${origin.url}/assets/start.html`, mode]);
  });
  await test("the origin hears which page a picture is for", async () => {
    const { referer, "sec-fetch-mode": mode } = origin.heard("/assets/i.txt");
    assert.deepEqual([referer, mode], [`${origin.url}/assets/start.html`, "no-cors"]);
  });
}
