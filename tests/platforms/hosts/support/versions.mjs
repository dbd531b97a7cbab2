// A new version of a service worker, and the files it installs.

import assert from "node:assert/strict";
import { attempt } from "./report.mjs";

const textOf = (page, path) =>
  page.evaluate((asked) => fetch(asked).then((response) => response.text()), path);

/** Has the browser find a new script, and waits until it controls the page. */
async function update(page) {
  await page.evaluate(async () => {
    const controlled = new Promise((resolve) => {
      navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true });
    });
    await (await navigator.serviceWorker.ready).update();
    await controlled;
    // What is activated when it takes over goes on for a moment.
    const { active } = await navigator.serviceWorker.ready;
    while (active.state !== "activated") await new Promise((next) => setTimeout(next, 10));
  });
}

/** Tests in a page that a worker with `precache` controls. Its script has a new version after. */
export async function versionTests(host, page, origin, type) {
  const test = (what, run) => attempt(`${host}: ${what}`, run);
  const asked = (path) => origin.asked(path);
  await test("installed files: as they were installed, or by their route", async () => {
    await page.goto(`${origin.url}/index.html`);
    const app = asked("/counted/app");
    assert.equal(await textOf(page, "/counted/app"), `/counted/app ${app}`);
    assert.equal(asked("/counted/app"), app);
    assert.match(await textOf(page, "/pages/fresh/shell"), /^\/pages\/fresh\/shell \d+$/);
    assert.equal(
      await textOf(page, "/pages/fresh/shell"),
      `/pages/fresh/shell ${asked("/pages/fresh/shell")}`,
    );
  });
  await test("a new version loads what is new, and ends what the route had", async () => {
    const before = Object.fromEntries(
      ["/counted/app", "/counted/lib", "/pages/fresh/shell"].map((path) => [path, asked(path)]),
    );
    const script = `/${type}.js`;
    origin.files.set(script, `globalThis.LIB = "2";\n${origin.files.get(script)}`);
    await update(page);
    assert.equal(asked("/counted/app"), before["/counted/app"]);
    assert.equal(asked("/counted/lib"), before["/counted/lib"] + 1);
    assert.equal(await textOf(page, "/counted/lib"), `/counted/lib ${asked("/counted/lib")}`);
    // Its load is answered by the browser's own cache, with what the install has brought.
    const shell = await textOf(page, "/pages/fresh/shell");
    assert.equal(shell, `/pages/fresh/shell ${before["/pages/fresh/shell"] + 1}`);
  });
  await test("of the older version nothing is left", async () => {
    const names = await page.evaluate(() => caches.keys());
    const versions = names.filter((name) => /^holdover-precache .* [\d-]+$/.test(name));
    assert.equal(versions.length, 1, names.join("\n"));
  });
}
