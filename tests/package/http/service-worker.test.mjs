// Routes and installed files of a service worker, on a stand-in for its scope. What browsers do
// with them is in tests/platforms/hosts.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { serveFrom } from "holdover/service-worker";
import { createCache } from "../js/support/caches.mjs";
import { ManualClock } from "../js/support/manual-clock.mjs";

const ORIGIN = "https://shop.test";
let files;
let asked;

/** The network: what `files` has, and a count of what was asked. */
async function network(input, init) {
  const request = new Request(input, init);
  asked.push(`${request.method} ${new URL(request.url).pathname} ${request.cache}`);
  if (files === undefined) throw new TypeError("offline");
  const file = files[new URL(request.url).pathname];
  if (file === undefined) return new Response("nothing", { status: 404 });
  return typeof file === "string" ? new Response(file) : new Response(file[0], file[1]);
}

beforeEach(() => {
  files = {};
  asked = [];
});

function scopeOf() {
  const listeners = {};
  return {
    listeners,
    location: { origin: ORIGIN },
    addEventListener: (type, listener) => {
      listeners[type] = listener;
    },
  };
}

function serve(routes, options) {
  const cache = createCache({ clock: new ManualClock() });
  return serveFrom(cache, routes, {
    scope: scopeOf(),
    ...options,
    fetch: { fetch: network, ...options?.fetch },
  });
}

const page = (path) => {
  const request = new Request(`${ORIGIN}${path}`);
  Object.defineProperty(request, "mode", { value: "navigate" });
  return request;
};
const request = (path, init) => new Request(`${ORIGIN}${path}`, init);
const textOf = async (response) => (await response)?.text();

for (const methods of ["POST", ["get"], [42], ["NOPE"], [], null, {}]) {
  test(`methods: ${JSON.stringify(methods)} is refused`, () => {
    assert.throws(() => serve([{ match: "/*", methods }]), {
      code: "E_CONFIG",
      option: "routes[0].methods",
    });
  });
}

for (const [precache, option] of [
  ["/a", "precache"],
  [[42], "options"],
  [[{ url: "/a" }], "precache[0].revision"],
  [["/a", { url: "/b", revision: 3 }], "precache[1].revision"],
  [[{ url: "/a", revison: "1" }], "revison"],
  [["javascript:0"], "precache[0]"],
]) {
  test(`precache: ${JSON.stringify(precache)} is refused`, () => {
    assert.throws(() => serve([], { precache }), { code: "E_CONFIG", option });
  });
}

test("a fallback that is no URL, and a preload that is no boolean, are refused", () => {
  const options = [{ navigationFallback: "mailto:a@b" }, { navigationPreload: 1 }];
  for (const wrong of options) {
    assert.throws(() => serve([], wrong), { code: "E_CONFIG", option: Object.keys(wrong)[0] });
  }
});

test("a matcher that throws leaves nothing behind", () => {
  const scope = scopeOf();
  const match = () => {
    throw new Error("match");
  };
  serve([{ match }], { scope });
  const event = {
    request: request("/a"),
    waitUntil: () => assert.fail("the event is over"),
    respondWith: () => assert.fail("nothing answers"),
  };
  assert.throws(() => scope.listeners.fetch(event), /match/);
});

test("methods other than GET are routed on demand, and end what is stored", async () => {
  files["/a"] = ["one", { headers: { "cache-control": "max-age=60" } }];
  const worker = serve([{ match: "/*", methods: ["GET", "POST"] }]);
  assert.equal(await textOf(worker.respond(request("/a"))), "one");
  files["/a"] = "two";
  assert.equal(await textOf(worker.respond(request("/a"))), "one");
  assert.equal(await textOf(worker.respond(request("/a", { method: "POST" }))), "two");
  assert.equal(await textOf(worker.respond(request("/a"))), "two");
  assert.equal(worker.respond(request("/a", { method: "PUT" })), undefined);
});

for (const control of ["no-cache", "no-store", "public, max-age=0, must-revalidate", "private"]) {
  test(`a fallback that was precached with ${control} is there offline`, async () => {
    files["/offline"] = ["offline page", { headers: { "cache-control": control } }];
    const worker = serve([{ match: "/*", policy: { ttl: "1m" } }], {
      precache: ["/offline"],
      navigationFallback: "/offline",
    });
    await worker.precache();
    await worker.activate();
    files = undefined;
    assert.equal(await textOf(worker.respond(page("/nowhere"))), "offline page");
    assert.equal(await textOf(worker.respond(page("/offline"))), "offline page");
  });
}

test("files are loaded past the browser's cache, whatever their headers say", async () => {
  files["/a"] = ["a", { headers: { vary: "*", "cache-control": "no-store" } }];
  const worker = serve([], { precache: ["/a"] });
  await worker.precache();
  assert.deepEqual(asked, ["GET /a reload"]);
  files = undefined;
  await worker.activate();
  assert.equal(await textOf(worker.respond(request("/a"))), "a");
});

test("an install fails when a file cannot be loaded, and leaves the version in use alone", async () => {
  files = { "/a": "a1", "/b": "b1" };
  const worker = serve([], { precache: ["/a", "/b"] });
  await worker.precache();
  await worker.activate();
  files = { "/a": "a2" };
  await assert.rejects(worker.precache(), /\/b could not be installed: 404/);
  files = undefined;
  await assert.rejects(worker.precache(), TypeError);
  await worker.activate();
  assert.equal(await textOf(worker.respond(request("/a"))), "a1");
});

test("a file whose revision is installed is not loaded again", async () => {
  files = { "/a": "a", "/b": "b" };
  const worker = serve([], { precache: [{ url: "/a", revision: "1" }, "/b"] });
  await worker.precache();
  await worker.activate();
  await worker.precache();
  await worker.activate();
  assert.deepEqual([...asked].sort(), ["GET /a reload", "GET /b reload", "GET /b reload"]);
  assert.equal(await textOf(worker.respond(request("/a"))), "a");
});

test("a file with a revision is answered as installed, a plain one by its route", async () => {
  files = { "/app.js": "app 1", "/page": "page 1" };
  const worker = serve([{ match: "/*", policy: { ttl: 0 } }], {
    precache: [{ url: "/app.js", revision: "1" }, "/page"],
  });
  await worker.precache();
  await worker.activate();
  files = { "/app.js": "app 2", "/page": "page 2" };
  assert.equal(await textOf(worker.respond(request("/app.js"))), "app 1");
  assert.equal(await textOf(worker.respond(request("/page"))), "page 2");
  files = undefined;
  assert.equal(await textOf(worker.respond(request("/page#there"))), "page 1");
  const head = await worker.respond(request("/app.js", { method: "HEAD" }));
  assert.deepEqual([head.status, await head.text()], [200, ""]);
});

test("without a route a plain file is the network's, and the installed one offline", async () => {
  files = { "/page": "page 1" };
  const worker = serve([], { precache: ["/page"] });
  await worker.precache();
  await worker.activate();
  files = { "/page": "page 2" };
  assert.equal(await textOf(worker.respond(request("/page"))), "page 2");
  files = undefined;
  assert.equal(await textOf(worker.respond(request("/page"))), "page 1");
  assert.equal(worker.respond(request("/other")), undefined);
});

test("a new version ends what the route had stored of its files", async () => {
  files["/page"] = ["v1", { headers: { "cache-control": "max-age=3600" } }];
  const worker = serve([{ match: "/*" }], { precache: ["/page"] });
  await worker.precache();
  await worker.activate();
  assert.equal(await textOf(worker.respond(request("/page"))), "v1");
  files["/page"] = ["v2", { headers: { "cache-control": "max-age=3600" } }];
  await worker.precache();
  // Until the new version is in use, pages keep what they have.
  assert.equal(await textOf(worker.respond(request("/page"))), "v1");
  await worker.activate();
  assert.equal(await textOf(worker.respond(request("/page"))), "v2");
});

test("a preload answers no script that asks for something else at its URL", async () => {
  const scope = scopeOf();
  files["/page"] = ["json", { headers: { "cache-control": "max-age=60", vary: "accept" } }];
  const worker = serve([{ match: "/*" }], { scope, navigationPreload: true });
  const html = page("/page");
  html.headers.set("accept", "text/html");
  let answer;
  const fire = (preloadResponse) =>
    scope.listeners.fetch({
      request: html,
      preloadResponse,
      waitUntil: () => {},
      respondWith: (given) => {
        answer = given;
      },
    });
  const preloaded = () => Promise.resolve(new Response("html", files["/page"][1]));
  fire(preloaded());
  assert.equal(await textOf(answer), "html");
  fire(preloaded());
  const script = worker.respond(request("/page", { headers: { accept: "application/json" } }));
  assert.deepEqual([await textOf(answer), await textOf(script)], ["html", "json"]);
});

test("a preload answers the load of its page, once, and nothing else", async () => {
  const scope = scopeOf();
  files["/page"] = ["network", { headers: { "cache-control": "max-age=60" } }];
  serve([{ match: "/*" }], { scope, navigationPreload: true });
  const answers = [];
  const fire = (asking, preloadResponse) =>
    scope.listeners.fetch({
      request: asking,
      preloadResponse,
      waitUntil: () => {},
      respondWith: (answer) => answers.push(answer.then((response) => response.text())),
    });
  fire(page("/page"), Promise.resolve(new Response("preloaded", files["/page"][1])));
  assert.equal(await answers[0], "preloaded");
  assert.deepEqual(asked, []);
  fire(page("/page"), Promise.resolve(new Response("wasted")));
  assert.equal(await answers[1], "preloaded");
  fire(page("/other"), Promise.resolve(undefined));
  assert.equal(await answers[2], "nothing");
  assert.deepEqual(asked, ["GET /other default"]);
});
