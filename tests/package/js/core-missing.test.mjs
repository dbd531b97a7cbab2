// Hosts without WebAssembly, or whose policy forbids it: calls go to the origin, and say so once.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const TESTS = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a module in a process of its own, since what it does to its host cannot be undone. */
async function inProcess(code, ...flags) {
  const args = [...flags, "--unhandled-rejections=strict", "--input-type=module", "--eval", code];
  const { stdout } = await run(process.execPath, args, { cwd: TESTS, timeout: 60_000 });
  return JSON.parse(stdout);
}

const HOSTS = {
  "a policy that forbids WebAssembly": `
    const refuse = () => { throw new WebAssembly.CompileError("blocked by CSP"); };
    class Refusing { constructor() { refuse(); } }
    Object.assign(WebAssembly, { Module: Refusing, Instance: Refusing, compile: refuse, instantiate: refuse });`,
  "instances that cannot be made": `
    WebAssembly.Instance = class { constructor() { throw new RangeError("out of memory"); } };`,
  "no WebAssembly at all": "delete globalThis.WebAssembly;",
};

// Node's own fetch compiles a module for its first connection, so that has to be over.
const TOUCHED = `
  const { createServer } = await import("node:http");
  const origin = createServer((_, response) => response.end()).listen(0, "127.0.0.1");
  await new Promise((resolve) => origin.once("listening", resolve));
  await (await fetch(\`http://127.0.0.1:\${origin.address().port}\`)).text();
  origin.close();
  origin.closeAllConnections();`;

const CALLS = `
  const { createCache, memory } = await import("holdover");
  const { cachedFetch } = await import("holdover/fetch");
  const { clear } = await import("holdover/operations");
  const { customStore } = await import("holdover/stores/custom");
  const events = [];
  const lower = new Map();
  const store = customStore({
    name: "lower",
    get: (key) => lower.get(key),
    set: (key, record) => void lower.set(key, record),
    delete: (key) => void lower.delete(key),
  });
  const caches = [{}, { stores: [memory(), store] }, { stores: [store] }].map((options, nth) =>
    createCache({ ...options, onEvent: (event) => events.push([nth, event.type]) }));
  const out = { values: [], sources: [], direct: [], failures: [], fetched: [] };
  for (const cache of caches) {
    let loads = 0;
    const get = cache.wrap(async (key) => key + ++loads, { name: "get",
      ttl: "1m", staleWhileRevalidate: "1m", staleIfError: "1m", failoverAfter: 5, timeout: 1000 });
    out.values.push(...await Promise.all([get("a"), get("a"), get("b")]), await get("a"));
    out.sources.push((await get.explain("a")).source);
    out.values.push(await cache.getOrLoad("k", () => "loaded", { ttl: 1 }), await get.refresh("r"));
    await get.set(["a"], 1);
    await get.invalidate("a");
    await cache.set("k", 1);
    out.direct.push(await cache.get("k"), await get.peek("a"), await cache.has("k"), await cache.delete("k"));
    await clear(cache);
    const fails = cache.wrap(() => Promise.reject(new Error("down")), { name: "fails", ttl: 1 });
    await fails().catch((error) => out.failures.push(error.message));
    const fetchCached = cachedFetch(cache, { ttl: "1m" }, { fetch: async () => new Response("body") });
    out.fetched.push(await (await fetchCached("http://origin/")).text());
    const { traps, hits, memory: { entries } } = cache.stats();
    out.direct.push(traps, hits, entries);
    await cache.close();
  }
  console.log(JSON.stringify({ ...out, events }));`;

for (const [host, prepare] of Object.entries(HOSTS)) {
  test(`${host}: calls pass through, and each cache tells once`, async () => {
    const out = await inProcess(TOUCHED + prepare + CALLS);
    const each = ["a1", "a2", "b3", "a4", "loaded", "r6"];
    assert.deepEqual(out.values, [...each, ...each, ...each]);
    assert.deepEqual(out.sources, ["bypass", "bypass", "bypass"]);
    assert.deepEqual(out.failures, ["down", "down", "down"]);
    assert.deepEqual(out.fetched, ["body", "body", "body"]);
    const direct = [null, null, false, false, 0, 0, 0];
    assert.deepEqual(out.direct, [...direct, ...direct, ...direct]);
    const told = out.events.filter(([, type]) => type === "unavailable").map(([nth]) => nth);
    assert.deepEqual(told, [0, 1, 2]);
    assert.ok(!out.events.some(([, type]) => type === "trap"));
  });
}

/** Takes down what is said on the console. */
const HEARD = `
  const said = [];
  for (const level of ["debug", "log", "info", "error"])
    console[level] = () => said.push("not a warning");
  console.warn = (...texts) => said.push(texts.map(String).join(" "));
  const tell = (out) => process.stdout.write(JSON.stringify(out));`;

const QUIET_CALLS = `
  const { createCache } = await import("holdover");
  const { cachedFetch, cachedHandler } = await import("holdover/fetch");
  const { ping } = await import("holdover/operations");
  const out = { failures: [], stats: [] };
  for (const options of LISTENERS) {
    const cache = createCache(options);
    const before = cache.stats().bypassed;
    const get = cache.wrap(async (key) => key, { key: "{0}", ttl: "1m" });
    await get("a");
    await get("a");
    await cache.getOrLoad("b", () => 1, { ttl: 1 });
    await cachedFetch(cache, {}, { fetch: async () => new Response() })("http://origin/");
    await cachedHandler(cache, () => new Response())(new Request("http://origin/"));
    const { available, bypassed } = cache.stats();
    out.stats.push(available, before, bypassed);
    await ping(cache).catch(({ code, message, cause }) => out.failures.push([code, message, cause instanceof Error]));
  }
  tell({ ...out, said });`;

const CURES = {
  "a policy that forbids WebAssembly": /'wasm-unsafe-eval'.*blocked by CSP/,
  "instances that cannot be made": /calls go straight to their origin.*out of memory/,
  "no WebAssembly at all": /no WebAssembly/,
};

for (const [host, prepare] of Object.entries(HOSTS)) {
  test(`${host}: the console is told once, with the cure, and so are stats and ping`, async () => {
    const listeners = "const LISTENERS = [{}, {}, { namespace: 'other' }];";
    const out = await inProcess(TOUCHED + prepare + HEARD + listeners + QUIET_CALLS);
    assert.equal(out.said.length, 1, out.said.join());
    assert.match(out.said[0], /^holdover: nothing is cached/);
    assert.match(out.said[0], CURES[host]);
    const each = [false, 0, 5];
    assert.deepEqual(out.stats, [...each, ...each, ...each]);
    assert.equal(out.failures.length, 3);
    for (const [code, message, caused] of out.failures) {
      assert.deepEqual([code, caused], ["E_STORE", true]);
      assert.match(message, /nothing is cached/);
    }
  });

  test(`${host}: the console is not told when somebody listens to events`, async () => {
    const listeners = "const LISTENERS = [{ onEvent() {} }];";
    const out = await inProcess(TOUCHED + prepare + HEARD + listeners + QUIET_CALLS);
    assert.deepEqual(out.said, []);
    assert.deepEqual(out.stats, [false, 0, 5]);
  });
}

const EDGES = {
  "Cloudflare-Workers": ["navigator = { userAgent: 'Cloudflare-Workers' }", /--conditions=workerd/],
  "the edge runtime": ["EdgeRuntime = 'edge-runtime'", /"edge-light"/],
};

for (const [host, [mark, cure]] of Object.entries(EDGES)) {
  test(`${host}: the console names the condition that was missed`, async () => {
    const refuses = HOSTS["a policy that forbids WebAssembly"];
    const listeners = `globalThis.${mark}; const LISTENERS = [{}];`;
    const out = await inProcess(TOUCHED + refuses + HEARD + listeners + QUIET_CALLS);
    assert.equal(out.said.length, 1);
    assert.match(out.said[0], cure);
  });
}

test("a host with a core says nothing, and counts what is bypassed on purpose", async () => {
  const out = await inProcess(`${HEARD}
    const { createCache } = await import("holdover");
    const { ping } = await import("holdover/operations");
    const cache = createCache();
    const get = cache.wrap(async () => 1, { key: "k", ttl: "1m" });
    await get();
    await get();
    await get.with({ bypass: true })();
    const off = cache.disable();
    await get();
    off.enable();
    await ping(cache);
    const { available, bypassed, hits, loads } = cache.stats();
    tell({ said, numbers: [available, bypassed, hits, loads] });`);
  assert.deepEqual(out, { said: [], numbers: [true, 2, 1, 1] });
});

const SLIM = `
  const { readFileSync } = await import("node:fs");
  const { createCache, init } = await import("holdover/slim");
  const events = [];
  let loads = 0;
  const wrapped = (cache) => cache.wrap(async () => ++loads, { key: "k", ttl: "1m" });
  const ask = async (get) => [await get(), await get(), (await get.explain()).source];
  const core = new WebAssembly.Module(readFileSync(new URL(import.meta.resolve("holdover/core.wasm"))));`;

test("slim: while the core is fetched calls pass through, and nobody is told", async () => {
  const out = await inProcess(`${HEARD} ${SLIM}
    const cache = createCache({ onEvent: ({ type }) => events.push(type) });
    const quiet = createCache();
    let arrive;
    const started = init(new Promise((resolve) => { arrive = resolve; }));
    const before = await ask(wrapped(cache));
    await ask(wrapped(quiet));
    arrive(core);
    await started;
    const available = quiet.stats().available;
    loads = 0;
    tell({ before, after: await ask(wrapped(cache)), available, events, said });`);
  assert.deepEqual(out.before, [1, 2, "bypass"]);
  assert.deepEqual(out.after, [1, 1, "hit"]);
  assert.equal(out.available, true);
  assert.deepEqual([out.events.includes("unavailable"), out.said], [false, []]);
});

test("slim: without init the calls that pass through are told of, and init still helps", async () => {
  const out = await inProcess(`${HEARD} ${SLIM}
    const cache = createCache({ onEvent: ({ type }) => events.push(type) });
    const quiet = createCache();
    const before = await ask(wrapped(cache));
    await ask(wrapped(quiet));
    init(core);
    loads = 0;
    tell({ before, after: await ask(wrapped(cache)), events, said });`);
  assert.deepEqual(out.before, [1, 2, "bypass"]);
  assert.deepEqual(out.after, [1, 1, "hit"]);
  assert.equal(out.events.filter((type) => type === "unavailable").length, 1);
  assert.equal(out.said.length, 1);
  assert.match(out.said[0], /call init/);
});

test("slim: an init that fails is told of, and another may follow", async () => {
  const out = await inProcess(`${HEARD} ${SLIM}
    const refused = await init(Promise.resolve(new Response("", { status: 404 }))).catch(String);
    const quiet = createCache();
    await ask(wrapped(quiet));
    const told = said.length;
    init(core);
    loads = 0;
    tell({ refused, told, after: await ask(wrapped(quiet)) });`);
  assert.match(out.refused, /404/);
  assert.deepEqual([out.told, out.after], [1, [1, 1, "hit"]]);
});

test("slim: requests pass through until the rules of HTTP are there, and are told what is missing", async () => {
  const out = await inProcess(`${HEARD} ${SLIM}
    const { cachedFetch, initFetch } = await import("holdover/slim/fetch");
    const fetch = async () => new Response(String(++loads), { headers: { "cache-control": "max-age=60" } });
    const caches = [createCache({ onEvent: ({ type, error }) => type === "unavailable" && events.push(error) }), createCache()];
    init(core);
    const fetches = caches.map((cache) => cachedFetch(cache, {}, { fetch }));
    const asked = async () => {
      const sources = [];
      for (const fetchCached of fetches) for (const _ of [1, 2]) {
        const { source, response } = await fetchCached.explain("http://origin/");
        await response.text();
        sources.push(source);
      }
      return sources;
    };
    const before = await asked();
    const functions = await ask(wrapped(caches[0]));
    const started = initFetch(new URL(import.meta.resolve("holdover/http.wasm")));
    await started;
    tell({ before, functions: functions[2], after: await asked(), told: events.map(({ code, message }) => [code, message]), said });`);
  assert.deepEqual(out.before, ["bypass", "bypass", "bypass", "bypass"]);
  assert.equal(out.functions, "hit");
  assert.deepEqual(out.after, ["load", "hit", "load", "hit"]);
  assert.equal(out.told.length, 1);
  assert.equal(out.told[0][0], "E_CONFIG");
  assert.match(out.told[0][1], /http\.wasm.*call initFetch\(/);
  assert.equal(out.said.length, 1);
  assert.match(out.said[0], /call initFetch\(/);
});

const PATCHED = `
  const touched = [];
  const watch = (object, name) => {
    const original = object[name];
    object[name] = new Proxy(original, {
      apply: (target, self, args) => (touched.push(name), Reflect.apply(target, self, args)),
      construct: (target, args) => (touched.push("new " + name), Reflect.construct(target, args)),
    });
  };
  for (const name of ["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "fetch", "Date", "atob"])
    watch(globalThis, name);
  watch(Date, "now");
  watch(performance, "now");
  watch(Math, "random");
  watch(crypto, "getRandomValues");
  watch(crypto, "randomUUID");
  for (const name of ["Module", "Instance", "Memory", "compile", "instantiate", "validate"])
    watch(WebAssembly, name);`;

test("neither import nor createCache, wrap and fetch touch clock, chance, timers or WebAssembly", async () => {
  const out = await inProcess(`
    ${PATCHED}
    const { createCache, memory } = await import("holdover");
  const { cachedFetch } = await import("holdover/fetch");
    touched.push("imported");
    const cache = createCache({ namespace: "n", stores: [memory({ maxBytes: "1mb" })], onEvent() {} });
    const get = cache.wrap(async (id) => id, { name: "get", ttl: "1m", staleIfError: "1d", timeout: "1s" });
    const fetchCached = cachedFetch(cache, { ttl: "1m" }, { fetch: async () => new Response() });
    get.key(1);
    touched.push("made");
    await get(1);
    const first = touched.splice(0);
    await get(1);
    await get(2);
    const later = touched.splice(0);
    await fetchCached("http://origin/");
    const http = touched.splice(0);
    await fetchCached("http://origin/2");
    console.log(JSON.stringify({ first, later, http, last: touched }));`);
  const made = (names) => names.filter((name) => /^new (?!Date)/.test(name));
  const ready = out.first.indexOf("made");
  // Node's own module loader may use what it likes while it loads.
  const loader = new Set(["setImmediate", "now", "queueMicrotask"]);
  const imported = out.first.indexOf("imported");
  assert.deepEqual(
    out.first.slice(0, imported).filter((name) => !loader.has(name)),
    [],
  );
  assert.deepEqual(out.first.slice(imported + 1, ready), []);
  assert.deepEqual(made(out.first.slice(ready + 1)), ["new Module", "new Instance"]);
  assert.deepEqual(made(out.later), []);
  assert.deepEqual(made(out.http), ["new Module", "new Instance"], "by the first request");
  assert.deepEqual(made(out.last), []);
});
