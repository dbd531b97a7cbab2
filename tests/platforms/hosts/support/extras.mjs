// What a page gets of a worker with `host/extras.js`: what users of workbox know.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { attempt } from "./report.mjs";

const CLIP = "0123456789".repeat(100);
/** A text that no database makes smaller. */
const BIG = randomBytes(225_000).toString("base64");

/** Files of the origin that these tests begin with; those of `/news/` have an `ETag`. */
export const EXTRA_FILES = [
  ["/media/clip.txt", CLIP],
  ["/media/routed.txt", CLIP],
  ["/media/hashed-1.txt", "hashed"],
  ["/news/warm", "warm"],
  ["/news/a", "one"],
  ["/news/b", "one"],
  ["/views/1", "a view"],
  ...Array.from({ length: 40 }, (_, nth) => [`/news/n${nth}`, `${nth}`]),
  ...Array.from({ length: 20 }, (_, nth) => [`/big/${nth}`, `${nth} ${BIG.slice(nth)}`]),
];

const textOf = (page, path) =>
  page.evaluate(
    (asked) =>
      fetch(asked).then(
        (one) => one.text(),
        (error) => error.name,
      ),
    path,
  );

function partOf(page, path, range) {
  return page.evaluate(
    async ([asked, wanted]) => {
      const response = await fetch(asked, { headers: { range: wanted } });
      const { status, headers } = response;
      return [status, headers.get("content-range"), await response.text()];
    },
    [path, range],
  );
}

/** Has the page keep the messages that it gets. */
const listen = (page) =>
  page.evaluate(() => {
    globalThis.told = [];
    navigator.serviceWorker.addEventListener("message", ({ data }) => told.push(data));
  });

const nextTold = async (page) => {
  await page.waitForFunction(() => told.length > 0);
  return page.evaluate(() => told.shift());
};

/** The keys of entries in the store. */
const storedKeys = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open("extras");
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const records = opening.result.transaction("records").objectStore("records");
          const keys = records.getAllKeys();
          keys.onsuccess = () => {
            opening.result.close();
            resolve(keys.result.map(([key]) => key).filter((key) => !key.startsWith("%")));
          };
        };
      }),
  );

/** Waits until the store's keys are as they should be. */
async function untilStored(page, isRight) {
  for (const end = Date.now() + 20_000; ; ) {
    const keys = await storedKeys(page);
    if (isRight(keys)) return keys;
    assert.ok(Date.now() < end, `in the store: ${keys.length}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/**
 * Tests in a page that the worker controls.
 * @param tools what only some browsers let a test do: `kill` the worker; `isShort` where all that
 *   the origin may store is 4 MB
 */
export async function extrasTests(host, page, origin, { kill, isShort }) {
  const test = (what, run) => attempt(`${host}: ${what}`, run);
  const url = (path) => `${origin.url}${path}`;
  await test("what was warmed up is there offline; a URL that failed did not matter", async () => {
    assert.equal(origin.asked("/news/warm"), 1);
    assert.equal(origin.asked("/news/missing"), 1);
    origin.setOffline(true);
    assert.equal(await textOf(page, "/news/warm"), "warm");
    origin.setOffline(false);
  });
  await test("ranges of installed and of stored files are answered with 206, offline too", async () => {
    assert.equal(await textOf(page, "/media/routed.txt"), CLIP);
    origin.setOffline(true);
    for (const path of ["/media/clip.txt", "/media/routed.txt"]) {
      assert.deepEqual(await partOf(page, path, "bytes=5-12"), [
        206,
        "bytes 5-12/1000",
        "56789012",
      ]);
    }
    origin.setOffline(false);
  });
  await test("pages are told of a response that differs, and then get it", async () => {
    await listen(page);
    assert.equal(await textOf(page, "/news/a"), "one");
    assert.equal(await textOf(page, "/news/a"), "one");
    origin.files.set("/news/a", "two");
    assert.equal(await textOf(page, "/news/a"), "one");
    const told = await nextTold(page);
    assert.deepEqual(told, { type: "holdover-update", url: url("/news/a") });
    assert.equal(await textOf(page, "/news/a"), "two");
    assert.deepEqual(await page.evaluate(() => told), [], "a response that is the same is no news");
  });
  await test("a navigation takes the response that the browser asked for", async () => {
    await page.goto(url("/views/1"));
    assert.equal(await page.evaluate(() => document.body.textContent), "a view");
    assert.equal(origin.asked("/views/1"), 1);
    assert.equal(origin.heard("/views/1")["service-worker-navigation-preload"], "true");
    await page.goto(url("/index.html"));
  });
  await test("beyond maxEntries the store drops what was used longest ago", async () => {
    for (let nth = 0; nth < 40; nth += 1) await textOf(page, `/news/n${nth}`);
    const keys = await untilStored(page, (found) => found.some((key) => key.includes("/news/n39")));
    assert.ok(keys.length <= 20, `${keys.length} entries`);
    assert.ok(!keys.some((key) => /\/news\/n0\b/.test(key)), "the oldest is gone");
  });
  if (kill !== undefined) await killTests(test, page, origin, kill);
  if (isShort) {
    await test("with no room left requests are answered, and the oldest entries make room", async () => {
      for (let nth = 0; nth < 20; nth += 1) {
        assert.equal(await textOf(page, `/big/${nth}`), `${nth} ${BIG.slice(nth)}`);
      }
      // A browser may take long to give the room of dropped entries back: those are not made up for
      // by more and more others.
      await untilStored(page, (found) => !found.some((key) => /\/big\/0\b/.test(key)));
      const keys = await storedKeys(page);
      assert.ok(keys.length > 4, `${keys.length} entries are left`);
    });
  }
  await test("an install that fails leaves the worker and its files in use", async () => {
    const script = origin.files.get("/extras.js");
    origin.files.set("/extras.js", `globalThis.MORE = ["/media/none"];\n${script}`);
    const state = await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      const found = new Promise((resolve) => {
        registration.addEventListener("updatefound", () => resolve(registration.installing));
      });
      await registration.update().catch(() => {});
      const worker = await found;
      while (!["redundant", "activated"].includes(worker.state)) {
        await new Promise((next) => setTimeout(next, 10));
      }
      return worker.state;
    });
    assert.equal(state, "redundant");
    origin.setOffline(true);
    assert.equal(await textOf(page, "/media/clip.txt"), CLIP);
    assert.equal(await textOf(page, "/media/hashed-1.txt"), "hashed");
    origin.setOffline(false);
  });
}

async function killTests(test, page, origin, kill) {
  const idOf = () =>
    page.evaluate(
      () =>
        new Promise((resolve) => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = ({ data }) => resolve(data);
          navigator.serviceWorker.controller.postMessage(["id"], [port2]);
        }),
    );
  await test("a worker that was killed answers from its store, and tells of what is new", async () => {
    assert.equal(await textOf(page, "/news/b"), "one");
    await untilStored(page, (found) => found.some((key) => key.includes("/news/b")));
    const before = await idOf();
    await kill();
    origin.setOffline(true);
    assert.equal(await textOf(page, "/news/b"), "one");
    assert.equal(await textOf(page, "/media/clip.txt"), CLIP);
    assert.notEqual(await idOf(), before, "it is another one");
    origin.setOffline(false);
    await listen(page);
    await kill();
    origin.files.set("/news/b", "two");
    assert.equal(await textOf(page, "/news/b"), "one");
    const { url } = await nextTold(page);
    assert.equal(url, `${origin.url}/news/b`);
    assert.equal(await textOf(page, "/news/b"), "two");
  });
}
