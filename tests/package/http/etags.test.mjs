// withETags of holdover/fetch: tags for answers of handlers that have none.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCache } from "holdover";
import { cachedHandler, withETags } from "holdover/fetch";

const URL_OF = "https://shop.example/page";
const get = (headers = {}) => new Request(URL_OF, { headers });
const TAG = /^"[A-Za-z0-9+/]{24}"$/;

/** A handler that answers with a body, and counts its calls. */
function serving(make) {
  const handler = (request, ...rest) => {
    handler.calls += 1;
    return make(request, ...rest);
  };
  handler.calls = 0;
  return handler;
}

test("an answer without a tag gets a strong one of its body, and is otherwise what it was", async () => {
  const make = () =>
    new Response("hello", {
      statusText: "Fine",
      headers: { "content-type": "text/plain", "x-a": "b" },
    });
  const handle = withETags(make);
  const [one, other] = [await handle(get()), await handle(get())];
  assert.match(one.headers.get("etag"), TAG);
  assert.equal(one.headers.get("etag"), other.headers.get("etag"));
  assert.equal(one.headers.get("x-a"), "b");
  assert.equal(one.statusText, "Fine");
  assert.equal(await one.text(), "hello");
});

test("another body, type, coding or language is another tag", async () => {
  const answers = [
    ["hello", {}],
    ["hello!", {}],
    ["hello", { "content-type": "text/html" }],
    ["hello", { "content-encoding": "gzip" }],
    ["hello", { "content-language": "de" }],
    ["", {}],
  ];
  const tags = answers.map(async ([body, headers]) =>
    (await withETags(() => new Response(body, { headers }))(get())).headers.get("etag"),
  );
  assert.equal(new Set(await Promise.all(tags)).size, answers.length);
});

test("the tag of a body does not depend on how it comes in parts", async () => {
  const inParts = (...parts) =>
    new ReadableStream({
      start(controller) {
        for (const part of parts) controller.enqueue(new TextEncoder().encode(part));
        controller.close();
      },
    });
  const of = async (body) => (await withETags(() => new Response(body))(get())).headers.get("etag");
  assert.equal(await of(inParts("a", "bc")), await of(inParts("ab", "", "c")));
  assert.notEqual(await of(inParts("a", "bc")), await of(inParts("ab")));
});

test("behind cachedHandler a request with the tag is answered 304, from the cache", async () => {
  const page = serving(() => new Response("hello", { headers: { "cache-control": "max-age=60" } }));
  const serve = cachedHandler(createCache(), withETags(page), {}, { name: "pages" });
  const first = await serve(get());
  const etag = first.headers.get("etag");
  assert.equal(await first.text(), "hello");
  const again = await serve(get({ "if-none-match": etag }));
  assert.equal(again.status, 304);
  assert.equal(again.headers.get("etag"), etag);
  assert.equal((await serve(get({ "if-none-match": `W/${etag}` }))).status, 304, "compared weakly");
  assert.equal((await serve(get({ "if-none-match": '"other"' }))).status, 200);
  assert.equal(page.calls, 1);
});

test("a condition of the first request is answered as well", async () => {
  const page = () => new Response("hello", { headers: { "cache-control": "max-age=60" } });
  const etag = (await withETags(page)(get())).headers.get("etag");
  const serve = cachedHandler(createCache(), withETags(page), {}, { name: "pages" });
  assert.equal((await serve(get({ "if-none-match": etag }))).status, 304);
});

test("a part is answered only under the same strong tag", async () => {
  const page = serving(
    () => new Response("0123456789", { headers: { "cache-control": "max-age=60" } }),
  );
  for (const [weak, status] of [
    [false, 206],
    [true, 200],
  ]) {
    const serve = cachedHandler(createCache(), withETags(page, { weak }), {}, { name: "pages" });
    const etag = (await serve(get())).headers.get("etag");
    assert.equal(etag.startsWith("W/"), weak);
    const part = await serve(get({ range: "bytes=2-4", "if-range": etag }));
    assert.equal(part.status, status);
    assert.equal(await part.text(), weak ? "0123456789" : "234");
  }
});

test("what has a tag, is no 200, or is no answer to GET stays as it is", async () => {
  const own = new Response("a", { headers: { etag: '"own"' } });
  assert.equal(await withETags(() => own)(get()), own);
  for (const response of [
    new Response("no", { status: 404 }),
    new Response(null, { status: 204 }),
  ]) {
    assert.equal(await withETags(() => response)(get()), response);
  }
  for (const method of ["HEAD", "POST"]) {
    const response = new Response("a");
    assert.equal(await withETags(() => response)(new Request(URL_OF, { method })), response);
  }
});

test("events pass as they come, and a body that is too long passes whole", async () => {
  const events = new Response(new ReadableStream({ pull: () => new Promise(() => {}) }), {
    headers: { "content-type": "text/event-stream; charset=utf-8" },
  });
  assert.equal(await withETags(() => events)(get()), events);
  const long = (length) =>
    new ReadableStream({
      start(controller) {
        for (let at = 0; at < length; at += 1) controller.enqueue(new Uint8Array([at]));
        controller.close();
      },
    });
  const short = await withETags(() => new Response(long(10)), { maxBody: 10 })(get());
  assert.match(short.headers.get("etag"), TAG);
  const passed = await withETags(() => new Response(long(11)), { maxBody: 10 })(get());
  assert.equal(passed.headers.get("etag"), null);
  assert.deepEqual(
    [...new Uint8Array(await passed.arrayBuffer())],
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
  const told = new Response("0123456789", { headers: { "content-length": "10" } });
  assert.equal(await withETags(() => told, { maxBody: 9 })(get()), told);
});

test("a body that breaks off is a failure, and a long one that is left is cancelled", async () => {
  const broken = new ReadableStream({
    pull(controller) {
      controller.error(new Error("broke off"));
    },
  });
  await assert.rejects(withETags(() => new Response(broken))(get()), /broke off/);
  let reason;
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(10)),
    cancel: (given) => {
      reason = given;
    },
  });
  const response = await withETags(() => new Response(endless), { maxBody: 5 })(get());
  await response.body.cancel("enough");
  assert.equal(reason, "enough");
});

test("a handler that throws throws, its extras arrive, and wrong options are refused", async () => {
  await assert.rejects(
    withETags(() => {
      throw new Error("of the handler");
    })(get()),
    /of the handler/,
  );
  let extras;
  await withETags((_request, ...rest) => {
    extras = rest;
    return new Response("a");
  })(get(), 1, 2);
  assert.deepEqual(extras, [1, 2]);
  for (const [options, option] of [
    [{ weak: "yes" }, "weak"],
    [{ maxBody: 0 }, "maxBody"],
    [{ maxBody: "1mb" }, "maxBody"],
    [{ strong: true }, "strong"],
    [null, "options"],
  ]) {
    assert.throws(() => withETags(() => new Response(), options), { code: "E_CONFIG", option });
  }
  assert.throws(() => withETags(undefined), { code: "E_CONFIG", option: "handler" });
});
