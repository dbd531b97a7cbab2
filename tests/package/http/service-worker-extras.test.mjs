// What only some service workers need, on a stand-in for their scope; what browsers do with it is in
// tests/platforms/hosts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { serveFrom } from "holdover/service-worker";
import { answerRanges, broadcastUpdates, warmUp } from "holdover/service-worker/extras";
import { createCache } from "../js/support/caches.mjs";
import { ManualClock } from "../js/support/manual-clock.mjs";

const ORIGIN = "https://shop.test";

function scopeOf() {
  const listeners = {};
  const pages = [];
  return {
    listeners,
    pages,
    location: { origin: ORIGIN },
    clients: {
      claim: async () => {},
      get: async () => pages[0],
      matchAll: async () => pages,
    },
    addEventListener: (type, listener) => {
      listeners[type] = [...(listeners[type] ?? []), listener];
    },
  };
}

/** A network of files: path to `[body, headers]`. */
function networkOf(files) {
  const asked = [];
  const fetch = async (input, init) => {
    const request = new Request(input, init);
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    const file = files[pathname];
    if (file === undefined) throw new TypeError("offline");
    const [body, headers = {}] = file;
    if (headers.etag !== undefined && request.headers.get("if-none-match") === headers.etag) {
      return new Response(null, { status: 304, headers });
    }
    return new Response(body, { headers });
  };
  return { asked, fetch };
}

const request = (path, headers = {}) => new Request(`${ORIGIN}${path}`, { headers });

/** A worker with a file of ten bytes installed. */
async function withFile(precache, files) {
  const { asked, fetch } = networkOf(files);
  const cache = createCache({ clock: new ManualClock() });
  const worker = serveFrom(cache, [], { scope: scopeOf(), precache, fetch: { fetch } });
  await worker.precache();
  await worker.activate();
  answerRanges(worker, precache);
  return { asked, worker };
}

const FILE = `${ORIGIN}/a.mp4`;
const HEADERS = { etag: '"1"', "content-type": "video/mp4" };

for (const [range, status, contentRange, body] of [
  ["bytes=0-3", 206, "bytes 0-3/10", "0123"],
  ["bytes=4-", 206, "bytes 4-9/10", "456789"],
  ["bytes=-3", 206, "bytes 7-9/10", "789"],
  ["bytes=-99", 206, "bytes 0-9/10", "0123456789"],
  ["bytes=8-99", 206, "bytes 8-9/10", "89"],
  ["bytes=10-", 416, "bytes */10", ""],
  ["bytes=-0", 416, "bytes */10", ""],
  ["bytes=3-2", 416, "bytes */10", ""],
  ["bytes=0-1,4-5", 200, null, "0123456789"],
  ["lines=0-1", 200, null, "0123456789"],
]) {
  test(`${range} of an installed file: ${status}`, async () => {
    const files = { "/a.mp4": ["0123456789", HEADERS] };
    const { asked, worker } = await withFile([{ url: FILE, revision: "1" }], files);
    const response = await worker.respond(request("/a.mp4", { range }));
    assert.equal(response.status, status);
    assert.equal(response.headers.get("content-range"), contentRange);
    if (status === 206) {
      assert.equal(response.headers.get("content-type"), "video/mp4");
      assert.equal(response.headers.get("content-length"), `${body.length}`);
    }
    assert.equal(await response.text(), body);
    assert.deepEqual(asked, ["/a.mp4"], "nothing but the install asked the network");
  });
}

test("If-Range: the part of the installed file, or the whole of another one", async () => {
  const files = { "/a.mp4": ["0123456789", HEADERS] };
  const { worker } = await withFile([{ url: FILE, revision: "1" }], files);
  const ask = (tag) => worker.respond(request("/a.mp4", { range: "bytes=0-0", "if-range": tag }));
  assert.equal((await ask('"1"')).status, 206);
  assert.equal((await ask('"2"')).status, 200);
});

test("a range of a file without a revision is the network's, and the installed file's offline", async () => {
  const files = { "/a.mp4": ["0123456789", HEADERS] };
  const { asked, worker } = await withFile([FILE], files);
  const ask = async () => (await worker.respond(request("/a.mp4", { range: "bytes=0-1" }))).text();
  assert.equal(await ask(), "01");
  delete files["/a.mp4"];
  assert.equal(await ask(), "01");
  assert.deepEqual(asked, ["/a.mp4", "/a.mp4", "/a.mp4"]);
});

test("warm-up loads through routes at install, and goes on when a URL fails", async () => {
  const scope = scopeOf();
  const { asked, fetch } = networkOf({ "/api/a": ["a"] });
  const cache = createCache({ clock: new ManualClock() });
  const routes = [{ match: "/api/*", policy: { ttl: "1m" } }];
  const worker = serveFrom(cache, routes, { scope, fetch: { fetch } });
  warmUp(worker, [`${ORIGIN}/api/a`, `${ORIGIN}/api/gone`], { scope });
  const work = [];
  for (const listener of scope.listeners.install) listener({ waitUntil: (one) => work.push(one) });
  await Promise.all(work);
  assert.deepEqual(asked.sort(), ["/api/a", "/api/gone"]);
  assert.equal(await (await worker.respond(request("/api/a"))).text(), "a");
  assert.equal(asked.length, 2);
});

test("warm-up refuses what is no URL at once, and a URL without a route at install", async () => {
  const worker = serveFrom(createCache(), [], { scope: scopeOf() });
  assert.throws(() => warmUp(worker, ["mailto:a@b"]), { code: "E_CONFIG", option: "urls[0]" });
  assert.throws(() => warmUp({}, []), { code: "E_CONFIG", option: "served" });
  assert.throws(() => warmUp(worker, [], { scop: false }), { code: "E_CONFIG", option: "scop" });
  const run = warmUp(worker, [`${ORIGIN}/a`], { scope: false });
  await assert.rejects(run(), { code: "E_CONFIG", option: "urls" });
});

/** A worker that tells of updates: messages come to `next`. */
function updating(files, options, policy = { ttl: 0, staleWhileRevalidate: "1h" }) {
  const scope = scopeOf();
  const messages = [];
  let wake = () => {};
  scope.pages.push({
    postMessage(message) {
      messages.push(message);
      wake();
    },
  });
  const { asked, fetch } = networkOf(files);
  const clock = new ManualClock();
  const cache = createCache({ clock, stores: [memory()] });
  const match = ({ url }) => url.pathname.startsWith("/api/");
  const worker = broadcastUpdates(
    (compare) => serveFrom(cache, [{ match, policy }], { scope, fetch: { fetch: compare } }),
    { scope, fetch, ...options },
  );
  const next = async () => {
    while (messages.length === 0) {
      await new Promise((resolve) => {
        wake = resolve;
      });
    }
    return messages.shift();
  };
  const ask = async (path) => (await worker.respond(request(path))).text();
  return { asked, ask, clock, messages, next };
}

/** Asks until a refresh in the background has ended. */
async function refreshed(worker, path) {
  const before = worker.asked.length;
  await worker.ask(path);
  while (worker.asked.length === before) await new Promise((resolve) => setImmediate(resolve));
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

for (const [name, one, other] of [
  ["etag", '"1"', '"2"'],
  ["last-modified", "Mon, 01 Jan 2024 00:00:00 GMT", "Tue, 02 Jan 2024 00:00:00 GMT"],
]) {
  test(`another ${name} after a refresh is told, once the new response is stored`, async () => {
    const files = { "/api/a": ["one", { [name]: one }] };
    const worker = updating(files);
    assert.equal(await worker.ask("/api/a"), "one");
    worker.clock.advance?.(1000);
    files["/api/a"] = ["two", { [name]: other }];
    assert.equal(await worker.ask("/api/a"), "one");
    assert.deepEqual(await worker.next(), { type: "holdover-update", url: `${ORIGIN}/api/a` });
    assert.equal(await worker.ask("/api/a"), "two");
  });
}

test("the first response, the same one again and a 304 are no updates", async () => {
  const files = { "/api/a": ["one", { etag: '"1"' }], "/api/b": ["b", { "x-version": "1" }] };
  const worker = updating(files);
  for (const path of ["/api/a", "/api/b"]) {
    await worker.ask(path);
    worker.clock.advance?.(1000);
    await refreshed(worker, path);
  }
  // Fields that are not compared make no difference.
  files["/api/b"] = ["c", { "x-version": "2" }];
  await refreshed(worker, "/api/b");
  assert.deepEqual(worker.messages, []);
});

test("the compared fields are the application's to choose", async () => {
  const files = { "/api/a": ["one", { "x-version": "1", etag: '"1"' }] };
  const worker = updating(files, { headers: ["X-Version"] });
  await worker.ask("/api/a");
  files["/api/a"] = ["two", { "x-version": "2", etag: '"2"' }];
  await worker.ask("/api/a");
  assert.equal((await worker.next()).url, `${ORIGIN}/api/a`);
});

test("a channel carries the messages if it has a name", async () => {
  const files = { "/api/a": ["one", { etag: '"1"' }] };
  const worker = updating(files, { channel: "updates" });
  const channel = new BroadcastChannel("updates");
  try {
    const told = new Promise((resolve) => {
      channel.onmessage = ({ data }) => resolve(data);
    });
    await worker.ask("/api/a");
    files["/api/a"] = ["two", { etag: '"2"' }];
    await worker.ask("/api/a");
    assert.deepEqual(await told, { type: "holdover-update", url: `${ORIGIN}/api/a` });
    assert.deepEqual(worker.messages, []);
  } finally {
    channel.close();
  }
});

for (const [options, option] of [
  [{ headers: [] }, "headers"],
  [{ headers: ["a b"] }, "headers"],
  [{ channel: "" }, "channel"],
  [{ fetch: 1 }, "fetch"],
  [{ header: [] }, "header"],
]) {
  test(`broadcastUpdates with ${JSON.stringify(options)} is refused`, () => {
    assert.throws(() => broadcastUpdates(() => {}, options), { code: "E_CONFIG", option });
  });
}

test("broadcastUpdates takes a function that gives a worker", () => {
  assert.throws(() => broadcastUpdates({}), { code: "E_CONFIG", option: "serve" });
  assert.throws(() => broadcastUpdates(() => {}, { scope: scopeOf() }), { option: "served" });
});
