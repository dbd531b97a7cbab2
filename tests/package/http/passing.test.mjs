// Bodies that do not end, or stall: nobody waits for them who would not have to without a cache.

import assert from "node:assert/strict";
import { test } from "node:test";
import { cachedFetch, cachedHandler } from "holdover/fetch";
import { createCache } from "../js/support/caches.mjs";
import { httpOrigin } from "../js/support/http-origin.mjs";
import { ManualClock } from "../js/support/manual-clock.mjs";
import { settled } from "./support/stage.mjs";

const SECOND = 1000;

/** Waits for what other tasks of this process bring about; `step` is done in between. */
async function until(holds, step) {
  for (let turn = 0; turn < 300 && !holds(); turn += 1) {
    await step?.();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(holds(), `${holds}`);
}

/** The value of a promise that could hang: what is waited for here takes milliseconds. */
async function soon(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("nothing within a minute")), 60_000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** An origin whose bodies go on: `open` are the responses that nobody has closed. */
async function endless(context, headers, first = "data: 1\n\n") {
  const open = new Set();
  const { url, requests } = await httpOrigin(context, ({ response }) => {
    response.writeHead(200, headers);
    response.write(first);
    open.add(response);
    response.on("close", () => open.delete(response));
  });
  return { url, requests, open };
}

const ways = {
  fetch: (url, options) => {
    const cached = cachedFetch(createCache(options));
    return (init) => cached(url, init);
  },
  handler: (url, options) => {
    const cached = cachedHandler(createCache(options), (request) => fetch(request));
    return (init) => cached(new Request(url, init));
  },
};
const EVENTS = { "content-type": "text/event-stream; charset=utf-8" };

for (const [way, make] of Object.entries(ways)) {
  for (const [what, headers] of Object.entries({
    "events, no-cache": { ...EVENTS, "cache-control": "no-cache" },
    "events, silent": EVENTS,
    "events, even with a lifetime": { ...EVENTS, "cache-control": "max-age=60" },
    "a silent body": { "content-type": "text/plain" },
    "no-store": { "cache-control": "no-store" },
    private: { "cache-control": "private" },
    "no-cache without a validator": { "cache-control": "no-cache" },
    "no-cache with a validator": { "cache-control": "no-cache", etag: '"1"' },
    "max-age=0 with a validator": { "cache-control": "max-age=0", etag: '"1"' },
  })) {
    test(`${way}: ${what}: each reader has a stream of their own, at once`, async (context) => {
      const { url, open } = await endless(context, headers);
      const ask = make(url);
      const readers = [];
      const first = ask();
      for (const answer of [first, ask(), ask()]) {
        const reader = (await soon(answer)).body.getReader();
        const { value } = await soon(reader.read());
        assert.equal(Buffer.from(value).toString(), "data: 1\n\n");
        readers.push(reader);
      }
      assert.equal(open.size, 3);
      await Promise.all(readers.map((reader) => reader.cancel()));
    });
  }

  for (const [what, headers] of Object.entries({
    "events, no-cache": { ...EVENTS, "cache-control": "no-cache" },
    "a silent body": {},
    private: { "cache-control": "private" },
  })) {
    test(`${way}: ${what}: a reader that cancels closes the origin's stream`, async (context) => {
      const { url, open } = await endless(context, headers);
      const ask = make(url);
      const answers = await Promise.all([soon(ask()), soon(ask())]);
      await until(() => open.size === 2);
      for (const { body } of answers) await body.cancel();
      await until(() => open.size === 0);
    });

    test(`${way}: ${what}: a signal that aborts ends the stream, and closes the origin's`, async (context) => {
      const { url, open } = await endless(context, headers);
      const controller = new AbortController();
      const response = await soon(make(url)({ signal: controller.signal }));
      const reader = response.body.getReader();
      await soon(reader.read());
      const reading = reader.read();
      controller.abort(new Error("gone"));
      await assert.rejects(soon(reading));
      await until(() => open.size === 0);
    });
  }

  test(`${way}: a fast body without an end stops where its only reader does, when it is not stored`, async () => {
    let sent = 0;
    let cancelled = false;
    const answer = async () =>
      new Response(
        new ReadableStream(
          {
            pull(controller) {
              sent += 1;
              controller.enqueue(new Uint8Array(64 * 1024));
            },
            cancel() {
              cancelled = true;
            },
          },
          { highWaterMark: 0 },
        ),
      );
    const cache = createCache();
    const url = "http://origin.test/";
    const cached =
      way === "fetch" ? cachedFetch(cache, {}, { fetch: answer }) : cachedHandler(cache, answer);
    const response = await cached(new Request(url));
    for (let turn = 0; turn < 20; turn += 1) await settled();
    assert.ok(sent <= 2, `${sent} chunks that nobody read`);
    await response.body.cancel();
    await settled();
    assert.equal(cancelled, true);
  });

  test(`${way}: an answer that stalls while it is recorded holds nobody up for longer than a second or two`, async (context) => {
    const { url, requests } = await endless(context, { "cache-control": "max-age=60" }, "half");
    const clock = new ManualClock();
    const ask = make(url, { clock });
    const first = await soon(ask());
    const waiting = [ask(), ask()];
    await until(
      () => requests.length === 3,
      () => clock.runTo(Math.min(clock.elapsed + 20, 2 * SECOND)),
    );
    const [second, third] = await soon(Promise.all(waiting));
    const fourth = await soon(ask()); // The clock stands still: this one waits for nobody.
    for (const { body } of [first, second, third, fourth]) await body.cancel();
  });

  test(`${way}: chunks that are no bytes are a TypeError, and nothing is stored`, async () => {
    for (const chunk of [
      "text",
      new ArrayBuffer(4),
      new DataView(new ArrayBuffer(4)),
      new Uint16Array(2),
      5,
    ]) {
      for (const headers of [{ "cache-control": "max-age=60" }, {}]) {
        const cache = createCache();
        const start = (controller) => {
          controller.enqueue(chunk);
          controller.close();
        };
        const answer = async () => new Response(new ReadableStream({ start }), { headers });
        const cached =
          way === "fetch"
            ? cachedFetch(cache, {}, { fetch: answer })
            : cachedHandler(cache, answer);
        for (let nth = 0; nth < 2; nth += 1) {
          const response = await cached(new Request("http://origin.test/"));
          await assert.rejects(response.text(), TypeError, `${chunk?.constructor?.name}`);
          await settled();
        }
        assert.equal(cache.stats().memory.entries, 0);
      }
    }
  });
}

/** A cache on a manual clock before an origin that the test answers. */
function held(policy, options) {
  const clock = new ManualClock();
  const begun = [];
  const answer = () => new Promise((resolve) => begun.push(resolve));
  const cached = cachedFetch(createCache({ clock }), policy, { fetch: answer, ...options });
  return { clock, begun, cached };
}

/** A body that the test writes. */
function written(headers = { "cache-control": "max-age=60" }) {
  let controller;
  const state = { cancelled: undefined };
  const body = new ReadableStream({
    start: (given) => {
      controller = given;
    },
    cancel: (reason) => {
      state.cancelled = reason;
    },
  });
  const write = async (text) => {
    controller.enqueue(new TextEncoder().encode(text));
    await settled();
  };
  return { response: new Response(body, { headers }), write, end: () => controller.close(), state };
}

test("timeout counts until the head: a body that goes on coming is not cut", async () => {
  const { clock, begun, cached } = held({ timeout: "2s" });
  const answer = cached("http://origin.test/");
  await settled();
  const { response, write, end } = written();
  begun[0](response);
  const text = (await answer).text();
  for (let second = 1; second <= 10; second += 1) {
    await clock.runTo(second * SECOND);
    await write(`${second} `);
  }
  end();
  assert.equal(await text, "1 2 3 4 5 6 7 8 9 10 ");
  await settled();
  assert.equal(await (await cached("http://origin.test/")).text(), "1 2 3 4 5 6 7 8 9 10 ");
  assert.equal(begun.length, 1);
});

test("timeout bounds how long nothing may come of a body that is recorded", async () => {
  const { clock, begun, cached } = held({ timeout: "2s" });
  const answer = cached("http://origin.test/");
  await settled();
  const { response, write, state } = written();
  begun[0](response);
  const text = (await answer).text();
  await clock.runTo(SECOND);
  await write("some");
  const rejected = assert.rejects(text, { code: "E_TIMEOUT" });
  await clock.runTo(2900);
  assert.equal(state.cancelled, undefined);
  await clock.runTo(3 * SECOND);
  await rejected;
  assert.equal(state.cancelled?.code, "E_TIMEOUT");
});

test("a body with Vary is not cut by timeout either", async () => {
  const { clock, begun, cached } = held({ timeout: "2s" });
  const answer = cached("http://origin.test/");
  await settled();
  const { response, write, end } = written({ "cache-control": "max-age=60", vary: "accept" });
  begun[0](response);
  const text = (await answer).text();
  for (let second = 1; second <= 4; second += 1) {
    await clock.runTo(second * SECOND);
    await write(`${second} `);
  }
  end();
  assert.equal(await text, "1 2 3 4 ");
});

for (const [what, init] of Object.entries({
  HEAD: { method: "HEAD" },
  POST: { method: "POST", body: "x" },
  PUT: { method: "PUT", body: "x" },
  "no-store": { headers: { "cache-control": "no-store" } },
  "a part": { headers: { range: "bytes=0-1" } },
  "cache: no-store": { cache: "no-store" },
  GET: {},
})) {
  test(`timeout holds for ${what}, and aborts the request`, async () => {
    const clock = new ManualClock();
    let signal;
    const fetch = (request) => {
      signal = request.signal;
      return new Promise(() => {});
    };
    const cached = cachedFetch(createCache({ clock }), { timeout: "2s" }, { fetch });
    const rejected = assert.rejects(cached("http://origin.test/", init), { code: "E_TIMEOUT" });
    await settled();
    await clock.runTo(2 * SECOND);
    await rejected;
    assert.equal(signal.aborted, true);
  });
}

test("a body whose reader has left and which stalls ends at its origin; one that goes on is stored", async () => {
  const { clock, begun, cached } = held({});
  const stalled = cached("http://origin.test/a");
  const going = cached("http://origin.test/b");
  await settled();
  const bodies = [written(), written()];
  for (const [at, { response }] of bodies.entries()) begun[at](response);
  for (const answer of [stalled, going]) await (await answer).body.cancel();
  for (let step = 1; step <= 4; step += 1) {
    assert.equal(bodies[0].state.cancelled, undefined);
    await clock.runTo(step * 2600);
    await bodies[1].write(`${step}`);
  }
  assert.equal(bodies[0].state.cancelled?.code, "E_TIMEOUT");
  bodies[1].end();
  await settled();
  assert.equal(await (await cached("http://origin.test/b")).text(), "1234");
});

test("a caller who was to have the whole has it as it comes when it stalls", async () => {
  const { clock, begun, cached } = held({ staleIfError: "1h" });
  const first = cached("http://origin.test/");
  await settled();
  begun[0](new Response("old", { headers: { "cache-control": "max-age=1" } }));
  await (await first).text();
  await settled();
  clock.elapsed = 10 * SECOND;
  const second = cached("http://origin.test/");
  await settled();
  const { response, write, end } = written();
  begun[1](response);
  await settled();
  await write("new");
  await clock.runTo(12 * SECOND);
  const reader = (await soon(second)).body.getReader();
  assert.equal(Buffer.from((await reader.read()).value).toString(), "new");
  end();
  assert.equal((await reader.read()).done, true);
});

for (const headers of [
  { "cache-control": "no-cache", etag: '"1"' },
  { "cache-control": "max-age=0", etag: '"1"' },
  { "cache-control": "max-age=60", "set-cookie": "sid=1" },
  { "cache-control": "no-cache", etag: '"1"', vary: "accept" },
  { "cache-control": "private" },
]) {
  test(`those who wait go on as soon as the head is there: ${JSON.stringify(headers)}`, async () => {
    const { begun, cached } = held({});
    const answers = [1, 2, 3].map(() => cached("http://origin.test/"));
    await until(() => begun.length === 1);
    begun[0](written(headers).response);
    await answers[0];
    await until(() => begun.length === 3); // The clock stands still: nothing else lets them go.
    for (const answer of begun.slice(1)) answer(written(headers).response);
    await Promise.all(answers);
  });
}

test("a reader that leaves a stalled body does not fail those who wait for it", async () => {
  const { clock, begun, cached } = held({ timeout: "5s" });
  const leader = cached("http://origin.test/");
  await settled();
  begun[0](written().response);
  const { body } = await leader;
  const follower = cached("http://origin.test/");
  await settled();
  await body.cancel();
  await clock.runTo(2 * SECOND);
  assert.equal(begun.length, 2, "it asks itself");
  begun[1](new Response("own", { headers: { "cache-control": "max-age=60" } }));
  assert.equal(await (await follower).text(), "own");
});
