// What the routes of a service worker answer, with the network and without it.

import assert from "node:assert/strict";
import { attempt } from "./report.mjs";

const textOf = (page, path) =>
  page.evaluate(async (asked) => {
    try {
      const response = await fetch(asked);
      return await response.text();
    } catch (error) {
      return `${error.name}`;
    }
  }, path);

/** Tests of `host/service-worker.js`, in a page that it controls. */
export async function offlineTests(host, page, origin) {
  const name = host.replaceAll(" ", "-");
  const test = (what, run) => attempt(`${host}: ${what}`, run);
  await test("a routed request is answered from the cache", async () => {
    const path = `/api/${name}`;
    assert.equal(await textOf(page, path), `${path} 1`);
    assert.equal(await textOf(page, path), `${path} 1`);
    assert.equal(origin.asked(path), 1);
  });
  await test("a route without a policy goes to the network", async () => {
    const path = `/api/fresh/${name}`;
    assert.equal(await textOf(page, path), `${path} 1`);
    assert.equal(await textOf(page, path), `${path} 2`);
  });
  origin.setOffline(true);
  await test("without a network, what was loaded is answered, the rest fails", async () => {
    assert.equal(await textOf(page, `/api/${name}`), `/api/${name} 1`);
    assert.equal(await textOf(page, "/api/never-asked"), "TypeError");
  });
  await test("without a network, a navigation gets the fallback", async () => {
    await page.goto(`${origin.url}/nowhere`);
    const text = await page.evaluate(() => document.body.textContent);
    assert.match(text, /^\/pages\/offline \d+$/);
  });
  origin.setOffline(false);
}
