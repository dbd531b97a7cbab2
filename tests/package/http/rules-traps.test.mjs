// The rules of HTTP are a module of their own: a trap in one of the two modules replaces that one.
//
// The traps are real; which call of a module's exports ends in one is the test's to say.

import assert from "node:assert/strict";
import { test } from "node:test";

/** A module whose only function, `t`, is `unreachable`. */
const UNREACHABLE = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0],
  ...[7, 5, 1, 1, 0x74, 0, 0, 10, 5, 1, 3, 0, 0, 0x0b],
);
const { Instance, Module } = WebAssembly;
const trap = new Instance(new Module(UNREACHABLE)).exports.t;

/** By name of the module: instances made, and the call of it that traps, counted down. */
const made = { core: 0, http: 0 };
const countdown = { core: Number.POSITIVE_INFINITY, http: Number.POSITIVE_INFINITY };

WebAssembly.Instance = class {
  constructor(module, imports) {
    const [, name] = /(core|http)_bg/.exec(Module.imports(module)[0].module);
    const { exports } = new Instance(module, imports);
    made[name] += 1;
    this.exports = Object.fromEntries(
      Object.entries(exports).map(([key, part]) => [key, this.#trapping(name, part)]),
    );
  }

  #trapping(name, part) {
    if (typeof part !== "function") return part;
    return (...numbers) => {
      countdown[name] -= 1;
      return countdown[name] === 0 ? trap() : part(...numbers);
    };
  }
};

const { createCache } = await import("holdover");
const { cachedFetch } = await import("holdover/fetch");

const HEAD = { "cache-control": "max-age=60", etag: '"1"', vary: "accept" };

/** A cache with a function's entry and one of a response, and what was told. */
async function stage() {
  const traps = [];
  const cache = createCache({
    onEvent: ({ type, error }) => type === "trap" && traps.push(error),
  });
  let loads = 0;
  const get = cache.wrap(async () => ++loads, { key: "k", ttl: "1m" });
  await get();
  const origin = async ({ headers, method }) => {
    if (headers.get("if-none-match") === '"1"') return new Response(null, { status: 304 });
    const body = method === "HEAD" ? null : `body of ${method}`;
    return new Response(body, { headers: HEAD });
  };
  const fetchCached = cachedFetch(cache, {}, { fetch: origin });
  await (await fetchCached("http://origin/")).text();
  return { cache, get, fetchCached, traps };
}

const REQUESTS = {
  "a plain URL that is not stored": ["http://origin/other"],
  "a URL with an Accept": ["http://origin/", { headers: { accept: "text/html" } }],
  "a stored response that has to be validated": ["http://origin/", { cache: "no-cache" }],
  "a reload": ["http://origin/", { cache: "reload" }],
};

for (const [what, request] of Object.entries(REQUESTS)) {
  test(`${what}: wherever the rules trap, the origin answers and no entry is lost`, async () => {
    let call = 0;
    for (let isOver = false; !isOver; ) {
      const { cache, get, fetchCached, traps } = await stage();
      const before = { ...made, traps: cache.stats().traps };
      call += 1;
      countdown.http = call;
      const response = await fetchCached(...request);
      assert.equal(await response.text(), "body of GET", `call ${call}`);
      await new Promise((resolve) => setImmediate(resolve));
      isOver = countdown.http > 0;
      countdown.http = Number.POSITIVE_INFINITY;
      const expected = isOver ? 0 : 1;
      assert.equal(traps.length, expected, `call ${call}: told once`);
      assert.equal(cache.stats().traps, before.traps + expected);
      assert.deepEqual(made, { core: before.core, http: before.http + expected });
      assert.equal((await get.explain()).source, "hit", "the function's entry");
      assert.equal((await fetchCached.explain("http://origin/")).source, "hit", "the response's");
    }
    assert.ok(call > 4, `${call} calls`);
  });
}

test("a trap of the core leaves the rules alone", async () => {
  const { cache, get, fetchCached, traps } = await stage();
  const before = { ...made };
  countdown.core = 1;
  assert.equal(await get(), 2);
  assert.equal(traps.length, 1);
  assert.deepEqual(made, { core: before.core + 1, http: before.http });
  assert.equal((await fetchCached.explain("http://origin/")).source, "load", "it forgot");
  assert.equal((await fetchCached.explain("http://origin/")).source, "hit");
  assert.equal(cache.stats().memory.entries, 2);
});

test("rules that cannot be made again are told of, and requests go to their origin", async () => {
  const { cache, get, fetchCached, traps } = await stage();
  const told = [];
  const other = createCache({ onEvent: (event) => told.push(event) });
  const fetchOther = cachedFetch(other, {}, { fetch: async () => new Response("the origin's") });
  const { Instance: Works } = WebAssembly;
  WebAssembly.Instance = class {
    constructor() {
      throw new RangeError("out of memory");
    }
  };
  countdown.http = 1;
  const response = await fetchCached("http://origin/third");
  WebAssembly.Instance = Works;
  assert.equal(await response.text(), "body of GET");
  assert.equal(traps.length, 1);
  assert.equal((await get.explain()).source, "hit", "functions need no rules");
  assert.equal(cache.stats().available, true);
  for (const _ of [1, 2]) {
    const { source, response } = await fetchOther.explain("http://origin/");
    assert.deepEqual([source, await response.text()], ["bypass", "the origin's"]);
  }
  const reasons = told
    .filter(({ type }) => type === "unavailable")
    .map(({ error }) => error.message);
  assert.deepEqual(reasons, ["out of memory"]);
});
