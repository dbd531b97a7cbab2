// Applications in a realm of their own (VM contexts, as Next.js and Jest use them): the module and
// other objects come from another one, and few of the usual globals are there.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { test } from "node:test";
import { createContext, runInContext } from "node:vm";
import { memory } from "holdover";
import { bundle, script } from "../packaging/bundle.mjs";
import { HOME } from "../packaging/installed.mjs";
import { createCache } from "./support/caches.mjs";

const wasm = await readFile(`${HOME}/dist/core.wasm`);
const bytes = () => Uint8Array.from(wasm).buffer;

async function bundled(entry) {
  const [{ text }] = await bundle({
    ...script(`export * from ${JSON.stringify(entry)};
      export * from "holdover/fetch"; export * from "holdover/stores/custom";`),
    format: "iife",
    globalName: "holdover",
  });
  return text;
}

const CODE = { holdover: await bundled("holdover"), slim: await bundled("holdover/slim") };
/** What timeouts and anchors need; nothing of it is a class. */
const TIMERS = { setTimeout, clearTimeout };

/** Loads an entry into a new realm that has JavaScript itself and the given globals. */
function realm(code, globals = {}) {
  const context = createContext({ ...TIMERS, ...globals });
  runInContext(code, context);
  return (expression) => runInContext(expression, context);
}

/** Two calls of one key, and where the second one's answer came from. */
const TWICE = `(async () => {
  const cache = holdover.createCache();
  let loads = 0;
  const get = cache.wrap(async (name) => name + ++loads, { key: "k:{0}", ttl: "1m" });
  const values = [await get("ü"), await get("ü")];
  return JSON.stringify([...values, (await get.explain("ü")).source, cache.stats().available]);
})()`;

const foreign = {
  "a module": () => new WebAssembly.Module(wasm),
  "an ArrayBuffer": bytes,
  "a view": () => Uint8Array.from(wasm),
  "a promise of a module": () => WebAssembly.compile(wasm),
  "a Response": () => new Response(bytes(), { headers: { "content-type": "application/wasm" } }),
  "a promise of a Response": async () => new Response(bytes()),
};

for (const [what, make] of Object.entries(foreign)) {
  test(`slim takes ${what} of another realm`, async () => {
    const run = realm(CODE.slim, { given: make() });
    await run("holdover.init(given)");
    assert.deepEqual(JSON.parse(await run(TWICE)), ["ü1", "ü1", "hit", true]);
  });
}

test("slim takes a URL of another realm", async (t) => {
  const server = createServer((_, response) => response.end(wasm)).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => server.close());
  const url = new URL(`http://127.0.0.1:${server.address().port}/core.wasm`);
  const run = realm(CODE.slim, { given: url, fetch });
  await run("holdover.init(given)");
  assert.deepEqual(JSON.parse(await run(TWICE)), ["ü1", "ü1", "hit", true]);
});

test("slim refuses what is none of these, whichever realm it is of", () => {
  const run = realm(CODE.slim, { map: new Map(), date: new Date(0) });
  for (const wrong of ["map", "date", "{}", "null", "'core.wasm'", "new Set()"]) {
    assert.throws(() => run(`holdover.init(${wrong})`), { code: "E_CONFIG", option: "source" });
  }
});

test("a cache of another copy of the package is refused: its numbers are of another core", () => {
  const run = realm(`${CODE.holdover}; var first = holdover; ${CODE.holdover}`);
  run(
    "var handler = () => {}; var handle = ({ cachedHandler }, cache) => cachedHandler(cache, handler)",
  );
  for (const copy of ["first", "holdover"]) {
    assert.equal(run(`typeof handle(${copy}, ${copy}.createCache())`), "function");
  }
  for (const [a, b] of ["first holdover", "holdover first"].map((pair) => pair.split(" "))) {
    assert.throws(() => run(`handle(${a}, ${b}.createCache())`), {
      code: "E_CONFIG",
      message: /same copy.*Next\.js: serverExternalPackages: \["holdover"\]/,
    });
  }
  assert.throws(() => run("handle(holdover, { driver: {} })"), {
    code: "E_CONFIG",
    message: /as createCache\(\) makes it/,
  });
});

test("slim reads a file URL on Node", async () => {
  const { init, createCache } = await import("holdover/slim");
  await init(new URL(import.meta.resolve("holdover/core.wasm")));
  const get = createCache().wrap(async () => 1, { key: "k", ttl: 1000 });
  await get();
  assert.equal((await get.explain()).source, "hit");
});

test("a core whose module is of another realm is replaced when it traps", async () => {
  const run = realm(CODE.slim, { given: new WebAssembly.Module(wasm) });
  run("holdover.init(given)");
  const answers = await run(`(async () => {
    const events = [];
    const memory = holdover.memory();
    const cache = holdover.createCache({ stores: [memory], onEvent: ({ type }) => events.push(type) });
    let loads = 0;
    const get = cache.wrap(async () => ++loads, { key: "k", ttl: "1m" });
    await get();
    memory.machine = 1000;
    const values = [await get(), await get(), await get()];
    return JSON.stringify([values, cache.stats().traps, events.filter((type) => type === "trap")]);
  })()`);
  const [values, traps, told] = JSON.parse(answers);
  assert.deepEqual([traps, told], [1, ["trap"]]);
  assert.equal(values[2], values[1], "it caches again");
});

test("a signal of another realm is its caller's, and no part of the key", async () => {
  // Its own class of signals is there, too, as in Next.js.
  const globals = { AbortController, outer: new AbortController() };
  const run = realm(CODE.slim, { ...globals, given: new WebAssembly.Module(wasm) });
  run("globalThis.AbortSignal = class AbortSignal {}; holdover.init(given)");
  const answers = await run(`(async () => {
    let finish;
    const loaded = [];
    const cache = holdover.createCache();
    const get = cache.wrap(
      (id, signal) => new Promise((resolve) => { loaded.push([id, signal === outer.signal]); finish = resolve; }),
      { ttl: "1m" });
    const left = get(1, outer.signal).catch((error) => error.name);
    const stays = get(1);
    outer.abort();
    const gone = await left;
    finish("value");
    return JSON.stringify([gone, await stays, loaded, get.key(1) === get.key(1, outer.signal)]);
  })()`);
  assert.deepEqual(JSON.parse(answers), ["AbortError", "value", [[1, false]], true]);
});

test("bytes of another realm are bytes for codecs, keys and stores", async () => {
  const { bytes: codec } = await import("holdover/codecs");
  const { encrypt } = await import("holdover/codecs/encrypt");
  const foreign = realm("", {})("Uint8Array.of(1, 2, 255)");
  assert.ok(!(foreign instanceof Uint8Array));
  assert.deepEqual([...codec.encode(foreign)], [1, 2, 255]);
  assert.throws(() => codec.encode(realm("", {})("Int8Array.of(1)")), TypeError);
  encrypt({ keys: [realm("", {})("Uint8Array.from({ length: 32 }, (_, nth) => nth)")] });
  const records = new Map();
  const store = {
    get: (key) => records.get(key),
    set: (key, record) => {
      const copy = realm("", { length: record.length })("new Uint8Array(length)");
      copy.set(record);
      records.set(key, copy);
    },
    delete: (key) => void records.delete(key),
  };
  const make = () => createCache({ stores: [memory(), store], writes: "await" });
  await make().wrap(async () => "first", { key: "k", ttl: "1m" })();
  assert.equal(await make().wrap(async () => "second", { key: "k", ttl: "1m" })(), "first");
});

const TEXT = { TextEncoder, TextDecoder };

for (const [name, globals] of Object.entries({
  "neither TextDecoder nor TextEncoder": {},
  "TextEncoder alone": { TextEncoder },
  "TextDecoder alone": { TextDecoder },
  both: TEXT,
})) {
  test(`with ${name} the package is imported, and caches`, async () => {
    const run = realm(CODE.holdover, { atob, ...globals });
    assert.deepEqual(JSON.parse(await run(TWICE)), ["ü1", "ü1", "hit", true]);
  });

  test(`with ${name} values come back from a lower store as they were`, async () => {
    const run = realm(CODE.holdover, { atob, ...globals });
    const answers = await run(`(async () => {
      const events = [];
      const records = new Map();
      const store = holdover.customStore({
        name: "lower",
        get: (key) => records.get(key),
        set: (key, record) => void records.set(key, record),
        delete: (key) => void records.delete(key),
      });
      const onEvent = (event) => event.type === "store-error" && events.push(String(event.error));
      const make = () => holdover.createCache({ stores: [holdover.memory(), store], onEvent, writes: "await" });
      const text = "a ü € 𝄞 \\u0000 \\ufeff" + "é".repeat(1000);
      await make().wrap(async () => text, { key: "k", ttl: "1m" })();
      const again = await make().wrap(async () => "other", { key: "k", ttl: "1m" }).explain();
      return JSON.stringify([again.value === text, again.source, again.tier, events]);
    })()`);
    assert.deepEqual(JSON.parse(answers), [true, "hit", "lower", []]);
  });
}

test("with neither of them HTTP heads still reach the core", async () => {
  const globals = { atob, Request, Response, Headers, URL, ReadableStream, AbortController };
  const run = realm(CODE.holdover, globals);
  const answers = await run(`(async () => {
    const cache = holdover.createCache();
    let asked = 0;
    const handler = holdover.cachedHandler(cache, async () =>
      new Response("ü" + ++asked, { headers: { etag: '"ü"', vary: "accept-language" } }), { ttl: "1m" });
    const ask = async () => {
      const headers = { "accept-language": "fr;q=0.5, é" };
      const response = await handler(new Request("http://shop.example/ü", { headers }));
      return [await response.text(), response.headers.get("cache-status")];
    };
    const first = await ask();
    await new Promise((resolve) => setTimeout(resolve, 20));
    return JSON.stringify([first[0], ...await ask()]);
  })()`);
  const [first, second, status] = JSON.parse(answers);
  assert.deepEqual([first, second], ["ü1", "ü1"]);
  assert.match(status, /hit/);
});
