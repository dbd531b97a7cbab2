// What a stored part must never do: reach another user, another variant, or lie.

import assert from "node:assert/strict";
import { test } from "node:test";
import { partOf, ranges, TEXT } from "./support/parts.mjs";
import { settled } from "./support/stage.mjs";

test("leaking: a part of one variant is not another's", async () => {
  const { range, requests } = ranges((request) =>
    partOf(request, { vary: "a" }, (request.headers.get("a") ?? "-").repeat(10)),
  );
  for (const a of ["x", "y", "x", undefined, "y"]) {
    const { text } = await range("2-4", a && { headers: { a } });
    assert.equal(text, (a ?? "-").repeat(3));
  }
  const before = requests.length;
  assert.equal((await range("3-4", { headers: { a: "y" } })).text, "yy");
  assert.equal(requests.length, before);
});

test("leaking: Vary: * keeps no part", async () => {
  const { range, requests } = ranges((request) => partOf(request, { vary: "*" }));
  await range("2-4");
  await range("2-4");
  assert.equal(requests.length, 2);
});

test("leaking: Authorization, private, no-store and cookies, as for wholes", async () => {
  const auth = { headers: { authorization: "Bearer a" } };
  for (const [headers, init] of [
    [{}, auth],
    [{ "cache-control": "private, max-age=60" }, {}],
    [{ "cache-control": "no-store" }, {}],
    [{ "cache-control": "no-cache, max-age=60" }, {}],
    [{ "cache-control": "" }, {}],
    [{ "cache-control": "", "set-cookie": "id=1" }, {}],
  ]) {
    const { range, requests } = ranges((request) => partOf(request, headers));
    assert.equal((await range("2-4", init)).stored, false);
    await range("2-4");
    assert.equal(requests.length, 2, JSON.stringify(headers));
  }
});

test("leaking: a part that anybody may have is not given to who must be asked about", async () => {
  const { range, requests } = ranges();
  await range("2-4");
  await range("2-4", { headers: { authorization: "Bearer a" } });
  assert.equal(requests.length, 2);
  const open = ranges((request) => partOf(request, { "cache-control": "public, max-age=60" }));
  await open.range("2-4", { headers: { authorization: "Bearer a" } });
  await open.range("2-4", { headers: { authorization: "Bearer b" } });
  assert.equal(open.requests.length, 1, "public permits (RFC 9111 §3.5)");
});

test("leaking: a private cache keeps its user's part", async () => {
  const { range, requests } = ranges(
    (request) => partOf(request, { "cache-control": "private, max-age=60" }),
    { options: { shared: false } },
  );
  await range("2-4");
  await range("2-4");
  assert.equal(requests.length, 1);
});

for (const [name, contentRange] of [
  ["longer than the body", "bytes 2-8/10"],
  ["shorter than the body", "bytes 2-6/10"],
  ["backwards", "bytes 7-2/10"],
  ["beyond the whole", "bytes 5-10/10"],
  ["another unit", "lines 2-7/10"],
  ["unsatisfied", "bytes */10"],
  ["two of them", "bytes 2-7/10, bytes 2-7/10"],
  ["no numbers", "bytes a-b/c"],
  ["too large", "bytes 99999999999999990-99999999999999995/*"],
]) {
  test(`poisoning: Content-Range ${name} is not stored`, async () => {
    const { range, requests } = ranges((request) =>
      partOf(request, { "content-range": contentRange }),
    );
    assert.equal((await range("2-7")).text, "234567");
    assert.equal((await range("2-7")).text, "234567");
    assert.equal(requests.length, 2);
  });
}

test("poisoning: several parts in one body are not stored", async () => {
  const { range, requests } = ranges(() => [
    "--x",
    {
      status: 206,
      headers: {
        "cache-control": "max-age=60",
        "content-type": "multipart/byteranges; boundary=x",
      },
    },
  ]);
  await range("0-1,4-5");
  await range("0-1,4-5");
  assert.equal(requests.length, 2);
});

test("poisoning: a part that breaks off is not stored, and its caller hears of it", async () => {
  const { fetchCached, range, requests } = ranges((request, _headers, _text, nth) => {
    if (nth > 1) return partOf(request);
    let isFirst = true;
    const pull = (controller) => {
      if (!isFirst) return controller.error(new Error("cut"));
      isFirst = false;
      controller.enqueue(new TextEncoder().encode("23"));
    };
    return [new ReadableStream({ pull }), partOf(request)[1]];
  });
  const init = { headers: { range: "bytes=2-7" } };
  const response = await fetchCached("http://origin.test/text", init);
  await assert.rejects(response.text(), /cut/);
  await settled();
  assert.equal((await range("2-7")).source, "bypass");
  assert.equal(requests.length, 2);
});

test("poisoning: parts of two versions never come together", async () => {
  let version = "0123456789";
  const { range } = ranges((request) => partOf(request, {}, version));
  await range("0-4");
  version = "abcdefghijkl";
  assert.equal((await range("5-9")).text, "fghij");
  const told = await range("0-9");
  assert.equal(told.text, "abcdefghij");
  assert.equal(told.headers.get("content-range"), "bytes 0-9/12");
});

test("poisoning: a part that was asked for before a change is not stored after it", async () => {
  let answer;
  const { range, whole, requests } = ranges((request, _headers, _text, nth) =>
    nth > 1
      ? partOf(request, {}, "abcdefghij")
      : new Promise((resolve) => {
          answer = () => resolve(partOf(request));
        }),
  );
  const early = range("2-7");
  await settled();
  await whole({ method: "PUT", body: "x" });
  answer();
  assert.equal((await early).text, "234567");
  assert.equal((await range("2-7")).text, "cdefgh");
  assert.equal(requests.length, 3);
});

test("poisoning: a part is never the whole, nor a HEAD's", async () => {
  const { range, whole, requests } = ranges();
  await range("0-9");
  assert.deepEqual([(await whole()).status, requests.length], [200, 2]);
  const head = ranges();
  await head.range("0-9");
  await head.whole({ method: "HEAD" });
  assert.equal(head.requests.length, 2);
  assert.equal((await head.range("0-9")).text, TEXT);
});
