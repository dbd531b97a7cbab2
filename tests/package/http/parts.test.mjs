// Parts that are stored (RFC 9111 §3.3): what they answer, and what ends them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { cachedFetch } from "holdover/fetch";
import { deleteMany } from "holdover/operations";
import { invalidateTags } from "holdover/tags";
import { createCache } from "../js/support/caches.mjs";
import { MapStore } from "../js/support/map-store.mjs";
import { partOf, ranges, TEXT } from "./support/parts.mjs";
import { SECOND, settled, stage } from "./support/stage.mjs";

test("a part answers the ranges that lie within it, while it is fresh", async () => {
  const { range, requests, clock } = ranges();
  const first = await range("2-7");
  assert.deepEqual([first.text, first.source, first.stored], ["234567", "bypass", true]);
  for (const [bytes, text] of [
    ["2-7", "234567"],
    ["3-4", "34"],
    ["7-7", "7"],
  ]) {
    const told = await range(bytes);
    assert.deepEqual([told.status, told.text, told.source], [206, text, "hit"]);
    assert.equal(told.headers.get("content-range"), `bytes ${bytes}/10`);
    assert.equal(told.headers.get("content-length"), `${text.length}`);
    assert.equal(told.headers.get("age"), "0");
  }
  assert.equal(requests.length, 1);
  await clock.runFor(60 * SECOND);
  assert.equal((await range("3-4")).source, "bypass");
  assert.equal(requests.length, 2);
});

test("what does not lie within it goes to the origin as it is", async () => {
  for (const bytes of ["1-3", "5-8", "2-", "-3", "2-3,5-6", "12-14", "4-2", "0-9"]) {
    const { range, requests } = ranges((request) =>
      request.headers.get("range") === "bytes=2-7"
        ? partOf(request)
        : ["own", { status: 200, headers: { "cache-control": "no-store" } }],
    );
    await range("2-7");
    assert.equal((await range(bytes)).text, "own", bytes);
    assert.equal(requests.at(-1).headers.get("range"), `bytes=${bytes}`);
    assert.equal((await range("2-7")).source, "hit", "the part is there still");
  }
});

test("a part up to the end answers open and suffix ranges", async () => {
  const { range, requests } = ranges();
  await range("4-");
  assert.equal((await range("6-")).text, "6789");
  assert.equal((await range("-3")).text, "789");
  assert.equal((await range("6-100")).text, "6789");
  assert.equal(requests.length, 1);
});

test("a whole of unknown length: ranges within are answered, ends are not guessed", async () => {
  const { range, requests } = ranges((request) =>
    partOf(request, { "content-range": "bytes 2-7/*" }),
  );
  await range("2-7");
  const told = await range("3-5");
  assert.deepEqual([told.text, told.headers.get("content-range")], ["345", "bytes 3-5/*"]);
  await range("5-");
  await range("-2").catch(() => {});
  assert.equal(requests.length, 3);
});

test("no-cache, max-age, min-fresh and modes of the request hold for parts", async () => {
  const { range, requests, clock } = ranges();
  await range("2-7");
  await clock.runFor(10 * SECOND);
  const asks = ["no-cache", "max-age=5", "min-fresh=55", "no-store"];
  for (const [at, cacheControl] of asks.entries()) {
    await range("2-7", { headers: { "cache-control": cacheControl } });
    assert.equal(requests.length, at + 2, cacheControl);
    await clock.runFor(10 * SECOND);
  }
  await range("2-7", { cache: "no-store" });
  assert.equal(requests.length, asks.length + 2);
});

test("If-Range: only the same strong validator is the same response", async () => {
  for (const [etag, condition, source] of [
    ['"a"', '"a"', "hit"],
    ['"a"', '"b"', "bypass"],
    ['W/"a"', 'W/"a"', "bypass"],
    [undefined, '"a"', "bypass"],
  ]) {
    const { range } = ranges((request) => partOf(request, etag && { etag }));
    await range("2-7");
    const told = await range("3-4", { headers: { "if-range": condition } });
    assert.equal(told.source, source, `${etag} ${condition}`);
  }
});

test("part, then whole: the whole is loaded, and answers from then on", async () => {
  const { range, whole, requests } = ranges();
  await range("2-7");
  assert.equal((await whole()).text, TEXT);
  assert.equal(requests.length, 2);
  assert.equal((await range("0-3")).text, "0123");
  assert.equal((await whole()).source, "hit");
  assert.equal(requests.length, 2);
});

test("whole, then part: nothing of it is asked for", async () => {
  const { range, whole, requests } = ranges();
  await whole();
  assert.equal((await range("2-7")).text, "234567");
  assert.equal(requests.length, 1);
});

test("what ends the whole ends its part: methods, keys, tags", async () => {
  const policy = { tags: () => ["all"] };
  const key = "GET http://origin.test/text";
  for (const end of [
    ({ whole }) => whole({ method: "POST", body: "x" }),
    ({ whole }) => whole({ method: "DELETE" }),
    ({ cache }) => cache.invalidate(key),
    ({ cache }) => cache.delete(key),
    ({ cache }) => deleteMany(cache, [key]),
    ({ cache }) => invalidateTags(cache, ["all"]),
  ]) {
    for (const stores of [undefined, [memory(), new MapStore()]]) {
      const staged = ranges(partOf, { policy, ...(stores && { stores }) });
      await staged.range("2-7");
      assert.equal((await staged.range("2-7")).source, "hit");
      await end(staged);
      assert.equal((await staged.range("2-7")).source, "bypass", `${end}`);
    }
  }
});

test("Cache-Group-Invalidation ends parts of the group, and no others", async () => {
  for (const [group, source] of [
    ["g", "bypass"],
    ["h", "hit"],
  ]) {
    const { get, requests } = stage((request) =>
      request.method === "GET"
        ? partOf(request, { "cache-groups": '"g"' })
        : ["", { headers: { "cache-group-invalidation": `"${group}"` } }],
    );
    const init = { headers: { range: "bytes=2-7" } };
    await get("/text", init);
    await get("/other", { method: "POST", body: "x" });
    assert.equal((await get("/text", init)).source, source, group);
    assert.equal(requests.length, source === "hit" ? 2 : 3);
  }
});

test("two callers at once: each gets the range they asked for", async () => {
  const { range, requests } = ranges(async (request) => {
    await settled();
    return partOf(request);
  });
  const asked = ["0-1", "2-5", "2-5", "7-9"];
  const texts = await Promise.all(asked.map((bytes) => range(bytes)));
  assert.deepEqual(
    texts.map(({ text }) => text),
    ["01", "2345", "2345", "789"],
  );
  assert.equal(requests.length, 4);
});

test("lower stores: parts come back as parts, never as the whole", async () => {
  const lower = new MapStore();
  const stores = () => [memory(), lower];
  const first = ranges(partOf, { stores: stores() });
  await first.range("2-7");
  const cache = createCache({ clock: first.clock, stores: stores() });
  let asked = 0;
  const fetch = async () => {
    asked += 1;
    return new Response(TEXT);
  };
  const fetchCached = cachedFetch(cache, {}, { fetch });
  const url = "http://origin.test/text";
  const part = await fetchCached(url, { headers: { range: "bytes=3-4" } });
  assert.deepEqual([part.status, await part.text(), asked], [206, "34", 0]);
  assert.equal(await (await fetchCached(url)).text(), TEXT);
  assert.equal(asked, 1);
});

test("maxBody holds, and the caller has the part all the same", async () => {
  const { range, requests } = ranges(partOf, { options: { maxBody: 5 } });
  assert.equal((await range("2-7")).text, "234567");
  assert.equal((await range("2-7")).text, "234567");
  assert.equal(requests.length, 2);
  await range("2-6");
  assert.equal((await range("2-6")).source, "hit");
});

test("a part streams through while it is stored", async () => {
  let more;
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("234"));
      more = () => {
        controller.enqueue(new TextEncoder().encode("567"));
        controller.close();
      };
    },
  });
  const { fetchCached, range } = ranges((request) => [body, partOf(request)[1]]);
  const init = { headers: { range: "bytes=2-7" } };
  const response = await fetchCached("http://origin.test/text", init);
  const reader = response.body.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "234");
  more();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "567");
  assert.equal((await reader.read()).done, true);
  await settled();
  assert.equal((await range("3-6")).text, "3456");
});
