// Stores that somebody else writes to: whatever lies under a key, calls are answered.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { bytes as byteCodec, text as textCodec } from "holdover/codecs";
import { cachedFetch } from "holdover/fetch";
import { core, joinRecord } from "../../internal.mjs";
import { createCache } from "./support/caches.mjs";
import { seeded } from "./support/chaos-store.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";
import { seedOf } from "./support/seed.mjs";

const NOW = 1_700_000_000_000;
const SEED = seedOf(20_261_128);
const LIFETIME = { ttl: 60_000, staleWhileRevalidate: 0, staleIfError: 0 };
const utf8 = (text) => new TextEncoder().encode(text);
const recordOf = (codec, value) => joinRecord({ codec, storedAt: NOW, lifetime: LIFETIME }, value);

/** The record of HTTP with this head. */
function httpRecord(head, body = utf8("planted")) {
  const text = utf8(typeof head === "string" ? head : JSON.stringify(head));
  const value = new Uint8Array(4 + text.length + body.length);
  new DataView(value.buffer).setUint32(0, text.length, true);
  value.set(text, 4);
  value.set(body, 4 + text.length);
  return recordOf(2, value);
}

const HEAD = {
  head: {
    status: 200,
    statusText: "OK",
    url: "https://example.org/",
    headers: [
      ["content-type", "text/plain"],
      ["cache-control", "max-age=60"],
      ["etag", '"1"'],
      ["date", new Date(NOW).toUTCString()],
    ],
  },
  terms: {
    flags: 0,
    initialAge: 0,
    requestedAt: NOW,
    vary: "",
    selection: "",
    authorized: true,
    groups: ["group:https://example.org a"],
    decoded: false,
  },
  hasBody: true,
};

/** A cached fetch over a store that has a record under the URL's key, and whatever it told. */
function stage(options = {}) {
  const events = [];
  const store = new MapStore();
  const clock = new ManualClock();
  const cache = createCache({
    clock,
    stores: [store],
    onEvent: (event) => events.push(event),
    ...options,
  });
  let asked = 0;
  const origin = async () => {
    asked += 1;
    return new Response("fine", { headers: { "cache-control": "max-age=60" } });
  };
  const fetch = cachedFetch(cache, {}, { fetch: origin });
  const told = (type) => events.filter((event) => event.type === type);
  return { store, cache, clock, events, told, fetch, asked: () => asked };
}

const URL_OF_ALL = "https://example.org/";

/** The key under which a cached fetch looks for a URL. */
async function keyOfFetch() {
  const { store, fetch } = stage();
  await (await fetch(URL_OF_ALL)).text();
  await drain();
  return [...store.records.keys()].find((key) => !key.startsWith("%"));
}

const REQUESTS = [
  {},
  { headers: { range: "bytes=0-2" } },
  { headers: { "if-none-match": '"1"' } },
  { headers: { authorization: "Basic x" } },
  { headers: { "cache-control": "no-cache" } },
  { headers: { "cache-control": "max-stale" } },
  { headers: { accept: "text/html", "accept-language": "de" } },
  { method: "HEAD" },
  { cache: "force-cache" },
  { cache: "reload" },
];

const NASTY = [
  ...[null, true, false, 0, -1, 1.5, 1e300, 2 ** 53, 99, 100, 199, 600, 204, 304],
  ...["", "x", "\n", "a\r\nb: c", "\u0000", "__proto__", "*", "accept", "a".repeat(5000), "\ud800"],
  ...[[], [[]], [null], [["a"]], [["a", "b", "c"]], [["a", 1]], [["", ""]], [["a b", "c"]]],
  ...[{}, { length: 1e9 }, { length: -1 }, { toString: 1 }, [1e9], { 0: "a", length: 1 }],
];

/** The value with one thing in it replaced, dropped or added, at random. */
function mutated(value, random) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  if (typeof value !== "object" || value === null || random() < 0.15) return pick(NASTY);
  const copy = Array.isArray(value) ? [...value] : { ...value };
  const key = pick(Object.keys(copy));
  if (key === undefined) return pick(NASTY);
  const how = random();
  if (how < 0.1) delete copy[key];
  else if (how < 0.15) copy[pick(["variants", "lists", "extra"])] = pick(NASTY);
  else copy[key] = mutated(copy[key], random);
  return copy;
}

test("planted records of HTTP: every request is answered, and nothing traps or grows", async () => {
  const random = seeded(SEED);
  const key = await keyOfFetch();
  const { store, cache, fetch, told } = stage({ writes: "await" });
  const { tiers } = cache.driver.host;
  const traps = core.trapCount();
  const variants = { variants: "abc.1", lists: ["accept", "accept-language"] };
  for (let nth = 0; nth < 30_000; nth += 1) {
    let head = random() < 0.3 ? variants : HEAD;
    for (let more = random() * 3; more > 0; more -= 1) head = mutated(head, random);
    let text = JSON.stringify(head) ?? "";
    if (random() < 0.1) text = text.slice(0, Math.floor(random() * text.length));
    store.records.set(key, httpRecord(text));
    // The reader that fetch has, and now and then the whole way.
    if (nth % 20 > 0) {
      await tiers.read(key, { responses: true });
      continue;
    }
    const init = REQUESTS[Math.floor(random() * REQUESTS.length)];
    const response = await fetch(URL_OF_ALL, init).catch((error) => {
      throw new Error(`HOLDOVER_SEED=${SEED}, ${nth}: ${text} with ${JSON.stringify(init)}`, {
        cause: error,
      });
    });
    const body = init.method === "HEAD" ? "" : await response.text();
    assert.match(body, /^(planted|fine|fin|pla|)$/, `HOLDOVER_SEED=${SEED}, ${nth}: ${text}`);
  }
  store.records.set(key, httpRecord(HEAD));
  assert.equal(await (await fetch(URL_OF_ALL)).text(), "planted", "a whole one is read after all");
  assert.equal(core.trapCount(), traps, `HOLDOVER_SEED=${SEED}`);
  assert.ok(told("corrupt").length > 1000);
  assert.deepEqual([told("trap"), told("internal-error"), told("policy-error")], [[], [], []]);
});

test("records that are known to have done harm are a miss, and told", async () => {
  const key = await keyOfFetch();
  const terms = (change) => ({ ...HEAD, terms: { ...HEAD.terms, ...change } });
  const head = (change) => ({ ...HEAD, head: { ...HEAD.head, ...change } });
  const lists = (given, id = "abc") => ({ variants: id, lists: given });
  for (const planted of [
    ...[lists(["a"]).lists, {}, { length: 1e9 }].map((given) => lists([given])),
    ...[lists({ length: 1e9 }), lists("abc"), lists(["a", "b", "c", "d", "e"]), lists([1])],
    ...[lists([], "a\nb"), lists([], 7), lists([], ""), lists(["a\nb"])],
    ...[{ ...HEAD, head: [] }, { ...HEAD, head: "200" }, head({ headers: "abc" })],
    ...[head({ status: 100 }), head({ status: "200" }), head({ status: 200.5 })],
    ...[head({ headers: [["a", "b\nc: d"]] }), head({ headers: { length: 1e9 } })],
    ...[head({ url: 7 }), head({ statusText: {} }), { ...HEAD, hasBody: "yes" }],
    ...[terms({ flags: "1" }), terms({ flags: -1 }), terms({ initialAge: -5 })],
    ...[terms({ requestedAt: null }), terms({ vary: 1 }), terms({ authorized: 1 })],
    ...[terms({ groups: "abc" }), terms({ groups: [1] }), terms({ decoded: 1 })],
    ...[{ ...HEAD, terms: undefined }, null, 7, "text", [], {}],
  ]) {
    const { store, fetch, told, asked } = stage();
    store.records.set(key, httpRecord(planted));
    for (const init of [{}, { headers: { range: "bytes=0-1" } }]) {
      store.records.set(key, httpRecord(planted));
      const response = await fetch(URL_OF_ALL, init);
      assert.ok((await response.text()).startsWith("f"), JSON.stringify(planted));
    }
    assert.ok(asked() >= 1 && told("corrupt").length >= 1, JSON.stringify(planted));
  }
});

for (const [name, codec, value] of [
  ["JSON", undefined, '{"a":[1,"two",{"three":null}],"__proto__":{"x":1}}'],
  ["bytes", byteCodec, "bytes"],
  ["text", textCodec, "text"],
]) {
  test(`mutated records of ${name}: each is read, or a miss`, async () => {
    const random = seeded(SEED);
    const { store, cache, told } = stage({ codec, writes: "await" });
    const get = cache.wrap(async () => "loaded", { ttl: "1m", key: "k" });
    const traps = core.trapCount();
    const whole = recordOf(codec?.id ?? 1, utf8(value));
    for (let nth = 0; nth < 10_000; nth += 1) {
      const record = whole.slice();
      for (let more = 1 + random() * 3; more > 0; more -= 1) {
        record[Math.floor(random() * record.length)] = Math.floor(random() * 256);
      }
      const cut = random() < 0.1 ? record.slice(0, Math.floor(random() * record.length)) : record;
      if (cut.length > 8 && random() < 0.8) {
        let sum = core.checksum(-1, cut.subarray(0, 4));
        sum = core.checksum(sum, cut.subarray(8));
        new DataView(cut.buffer).setUint32(4, sum, true);
      }
      store.records.set("k", cut);
      await (nth % 10 === 0 ? get() : cache.get("k"));
    }
    assert.equal(core.trapCount(), traps, `HOLDOVER_SEED=${SEED}`);
    assert.deepEqual([told("trap"), told("internal-error"), told("load-error")], [[], [], []]);
    assert.ok(told("corrupt").length > 100);
    assert.equal({}.x, undefined);
  });
}

test("a wrapped function is given values only, whatever kind of record there is", async () => {
  const { store, cache, told } = stage();
  const get = cache.wrap(async () => "loaded", { ttl: "1m", key: "k" });
  const counter = recordOf(3, utf8(JSON.stringify(["0".repeat(32), 5])));
  const variants = httpRecord({ variants: "abc", lists: [] }, new Uint8Array());
  for (const record of [httpRecord(HEAD), variants, counter, recordOf(255, new Uint8Array(8))]) {
    store.records.set("k", record);
    assert.equal(await get(), "loaded");
    await drain(); // what was loaded is stored now, and read from there
  }
  for (const record of [httpRecord(HEAD), variants]) {
    store.records.set("k", record);
    assert.equal(await cache.get("k"), undefined);
  }
  assert.equal(told("corrupt").length, 6);
});

test("a counter's name is no way to other keys of a store", async () => {
  const { store, cache, told } = stage();
  for (const id of ["", "x", "0".repeat(31), `${"0".repeat(32)}:`, 7, null]) {
    store.records.set("k", recordOf(3, utf8(JSON.stringify([id, 5]))));
    assert.equal(await cache.get("k"), undefined);
  }
  assert.equal(told("corrupt").length, 6);
});

test("JSON of any nesting that could be written is read; deeper is a miss", async () => {
  const { store, cache, told } = stage();
  const nested = (depth) => utf8("[".repeat(depth) + "]".repeat(depth));
  store.records.set("k", recordOf(1, nested(5000)));
  assert.ok(Array.isArray(await cache.get("k")));
  const text = utf8(JSON.stringify(`\\"${"[".repeat(30_000)}`));
  store.records.set("k", recordOf(1, text));
  assert.equal((await cache.get("k")).length, 30_002);
  for (const depth of [10_001, 1_000_000, 5_000_000]) {
    store.records.set("k", recordOf(1, nested(depth)));
    assert.equal(await cache.get("k"), undefined);
  }
  assert.equal(told("corrupt").length, 3);
});

test("maxRecord: longer records are neither written nor read, and the core does not grow", async () => {
  const { store, cache, told } = stage({ maxRecord: "10kb" });
  await cache.set("k", "short", { ttl: "1m" });
  assert.equal(await cache.get("k"), "short");
  await cache.set("k", "x".repeat(10_200), { ttl: "1m" });
  assert.equal(told("store-error").at(-1).error.cause.code, "E_CODEC");
  assert.equal(await cache.get("k"), undefined, "and what was there before is no more");
  store.records.set("k", recordOf(1, utf8(`"${"x".repeat(10_240)}"`)));
  assert.equal(await cache.get("k"), undefined);
  assert.match(told("corrupt").at(-1).error.message, /maxRecord, 10240 bytes/);
  assert.throws(() => createCache({ maxRecord: 0 }), { option: "maxRecord" });

  const big = stage();
  const grown = () => core.__memory?.().buffer.byteLength ?? process.memoryUsage().external;
  await big.cache.set("k", "y".repeat(20 * 2 ** 20), { ttl: "1m" });
  assert.equal((await big.cache.get("k")).length, 20 * 2 ** 20);
  const before = grown();
  big.store.records.set("k", recordOf(1, utf8(`"${"x".repeat(26 * 2 ** 20)}"`)));
  assert.equal(await big.cache.get("k"), undefined);
  assert.ok(grown() < before + 2 ** 26);
  assert.equal(big.told("corrupt").length, 1);
});

test("a clock that tells no time: the last one that it told, and an event; no trap", async () => {
  const events = [];
  const clock = new ManualClock();
  const traps = core.trapCount();
  let told = () => clock.now();
  const cache = createCache({
    clock: { now: () => told() },
    stores: [memory()],
    onEvent: (event) => events.push(event.type === "policy-error" ? event.option : event.type),
  });
  let loads = 0;
  const get = cache.wrap(async () => ++loads, { ttl: 1000, key: "k" });
  assert.equal(await get(), 1);
  for (const nonsense of [
    1n,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1e300,
    -1,
    "5",
    undefined,
    {},
  ]) {
    told = () => nonsense;
    assert.equal(await get(), 1);
    told = () => clock.now();
    assert.equal(await get(), 1);
  }
  assert.equal(events.filter((event) => event === "clock.now").length, 8);
  await clock.runFor(1001);
  assert.equal(await get(), 2, "not fresh for ever");
  assert.equal(core.trapCount(), traps);
});

test("an error that is no trap leaves all caches their entries", async () => {
  const other = stage();
  await other.cache.set("k", 1, { ttl: "1m" });
  const { cache, told } = stage({ stores: [memory()] });
  const traps = core.trapCount();
  cache.driver.recover(new TypeError("no trap"));
  assert.deepEqual(
    [core.trapCount(), told("trap").length, told("internal-error").length],
    [traps, 0, 1],
  );
  assert.equal(await other.cache.get("k"), 1);
});

test("a trap is seen to once, however often it is caught on its way", async () => {
  const { cache, told } = stage({ stores: [memory()] });
  const traps = core.trapCount();
  let trap;
  try {
    core.trap();
  } catch (error) {
    trap = error;
  }
  cache.driver.recover(trap);
  cache.driver.recover(trap);
  assert.equal(core.trapCount(), traps + 1);
  assert.ok(told("trap").length >= 1);
});
