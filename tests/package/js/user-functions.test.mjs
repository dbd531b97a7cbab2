// Functions that users give as options answer at once. An async one is refused when it is given,
// where it can be told; a promise that one returns is an event and never a yes.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isHoldoverError, memory } from "holdover";
import { cached } from "holdover/decorator";
import { cachedFetch, cachedHandler } from "holdover/fetch";
import * as guard from "holdover/guards";
import { invalidating } from "holdover/tags";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

const unhandled = [];
const note = (error) => unhandled.push(error);
before(() => process.on("unhandledRejection", note));
after(() => {
  process.off("unhandledRejection", note);
  assert.deepEqual(unhandled, [], "unhandled rejections");
});

const breaker = { errorRate: 0.5, window: "1m", minCalls: 2, openFor: "30s" };
/** Each option that takes a function which must answer at once, where it is given. */
const PLACES = {
  ttl: (ttl) => createCache().wrap(async () => 1, { ttl }),
  errorTtl: (errorTtl) => createCache().wrap(async () => 1, { ttl: 1, errorTtl }),
  key: (key) => createCache().wrap(async () => 1, { ttl: 1, key }),
  tags: (tags) => createCache().wrap(async () => 1, { ttl: 1, tags }),
  cacheIf: (cacheIf) => createCache().wrap(async () => 1, { ttl: 1, cacheIf }),
  failIf: (failIf) => createCache().wrap(async () => 1, { ttl: 1, failIf }),
  staleOn: (staleOn) => createCache().wrap(async () => 1, { ttl: 1, staleOn }),
  "circuitBreaker.countIf": (countIf) =>
    createCache().wrap(async () => 1, {
      ttl: 1,
      guards: [guard.circuitBreaker({ ...breaker, countIf })],
    }),
  "codec.encode": (encode) => createCache({ codec: { id: 200, encode, decode: () => 1 } }),
  "codec.decode": (decode) => createCache({ codec: { id: 200, encode: () => 1, decode } }),
  sizeOf: (sizeOf) => memory({ sizeOf }),
  random: (random) => createCache({ random }),
  "clock.now": (now) => createCache({ clock: { now } }),
  of: (of) => cached(createCache(), { ttl: 1, of })(async () => 1, { kind: "method", name: "m" }),
};
for (const [option, place] of [
  ...Object.entries(PLACES),
  ["cacheIf", (cacheIf) => cachedFetch(createCache(), { cacheIf })],
  ["failIf", (failIf) => cachedHandler(createCache(), async () => new Response(""), { failIf })],
]) {
  test(`an async function or a generator is refused as ${option}, when it is given`, () => {
    for (const given of [async () => false, function* () {}, async function* () {}]) {
      assert.throws(
        () => place(given),
        (error) =>
          isHoldoverError(error, "E_CONFIG") &&
          error.message.includes(option) &&
          error.message.includes("at once"),
      );
    }
  });
}

/** A cache whose clock stands, and the options of the policy-error events it told. */
function stage(options = {}) {
  const told = [];
  const onEvent = (event) => event.type === "policy-error" && told.push(event.option);
  const clock = new ManualClock();
  return { told, clock, cache: createCache({ clock, onEvent, ...options }) };
}

const yes = () => Promise.resolve(true);
const no = () => Promise.resolve(false);
const broken = () => Promise.reject(new Error("mine"));

for (const [name, answer] of Object.entries({ yes, no, broken })) {
  test(`cacheIf with a promise (${name}) keeps nothing, and tells`, async () => {
    const { cache, told } = stage();
    let loads = 0;
    const get = cache.wrap(async () => (loads += 1), { ttl: "1m", cacheIf: answer });
    assert.deepEqual([await get(), await get()], [1, 2]);
    assert.deepEqual(told, ["cacheIf", "cacheIf"]);
  });

  test(`failIf with a promise (${name}) is no failure, and nothing is kept`, async () => {
    const { cache, told } = stage();
    let loads = 0;
    const policy = { ttl: "1m", failIf: answer, guards: [guard.circuitBreaker(breaker)] };
    const get = cache.wrap(async () => (loads += 1), policy);
    assert.deepEqual([await get(), await get(), await get()], [1, 2, 3]);
    assert.deepEqual(told, ["failIf", "failIf", "failIf"]);
  });

  test(`staleOn with a promise (${name}) serves nothing old`, async () => {
    const { cache, told, clock } = stage();
    let down = false;
    const load = async () => {
      if (down) throw new Error("down");
      return 1;
    };
    const get = cache.wrap(load, { ttl: 100, staleIfError: "1h", staleOn: answer });
    await get();
    down = true;
    await clock.runFor(200);
    await assert.rejects(get(), /down/);
    assert.ok(told.length > 0 && told.every((option) => option === "staleOn"), `${told}`);
  });

  test(`countIf with a promise (${name}) counts nothing`, async () => {
    const { cache, told } = stage();
    const load = async () => {
      throw new Error("down");
    };
    const policy = { ttl: 100, guards: [guard.circuitBreaker({ ...breaker, countIf: answer })] };
    const get = cache.wrap(load, policy);
    for (let call = 0; call < 4; call += 1) await assert.rejects(get(), /down/);
    assert.deepEqual(told, ["countIf", "countIf", "countIf", "countIf"]);
  });
}

test("ttl, errorTtl and tags with a promise keep nothing, and tell", async () => {
  for (const option of ["ttl", "tags"]) {
    const { cache, told } = stage();
    let loads = 0;
    const get = cache.wrap(async () => (loads += 1), { ttl: "1m", [option]: broken });
    assert.deepEqual([await get(), await get()], [1, 2]);
    assert.deepEqual(told, [option, option]);
  }
  const { cache, told } = stage();
  let loads = 0;
  const load = async () => {
    loads += 1;
    throw new Error("down");
  };
  const get = cache.wrap(load, { ttl: 1, errorTtl: broken });
  await assert.rejects(get(), /down/);
  await assert.rejects(get(), /down/);
  assert.deepEqual([loads, told], [2, ["errorTtl", "errorTtl"]]);
});

test("a key function with a promise is an error that names it, before the loader runs", async () => {
  const { cache } = stage();
  let loads = 0;
  const get = cache.wrap(async () => (loads += 1), { ttl: "1m", key: broken });
  await assert.rejects(get(), { code: "E_CONFIG", message: /"key".*async/ });
  assert.equal(loads, 0);
});

test("a codec with a promise stores nothing and finds nothing", async () => {
  const store = new MapStore();
  const failures = [];
  const onEvent = ({ type }) => /store-error|corrupt/.test(type) && failures.push(type);
  const options = { stores: [store], writes: "await", onEvent };
  const plain = { id: 200, encode: () => new Uint8Array([1]), decode: () => 1 };
  const encoding = createCache({ ...options, codec: { ...plain, encode: broken } });
  await encoding.set("k", 1);
  assert.deepEqual([store.records.size, failures.splice(0)], [0, ["store-error"]]);
  const decoding = createCache({ ...options, codec: { ...plain, decode: broken } });
  await decoding.set("k", 1);
  assert.deepEqual([await decoding.get("k"), failures], [undefined, ["corrupt"]]);
});

test("a listener whose promise rejects changes nothing", async () => {
  const cache = createCache({ clock: new ManualClock(), onEvent: broken });
  const get = cache.wrap(async () => 1, { ttl: 100 });
  assert.deepEqual([await get(), await get()], [1, 1]);
  await drain();
});

test("waitUntil whose promise rejects changes nothing", async () => {
  const cache = createCache({ clock: new ManualClock(), waitUntil: broken });
  const get = cache.wrap(async () => 1, { ttl: 100 });
  assert.equal(await get(), 1);
  await drain();
});

test("what a change makes out of date may come as a promise", async () => {
  const { cache, told } = stage();
  let row = 1;
  const get = cache.wrap(async () => row, { ttl: "1m", key: "row" });
  await get();
  const save = invalidating(
    cache,
    async () => (row = 2),
    async () => ({ keys: ["row"] }),
  );
  await save();
  assert.deepEqual([await get(), told], [2, []]);
});

test("random that is no number from 0 to below 1 is told, and entries are kept", async () => {
  for (const random of [() => Number.NaN, () => 1, () => "0.5", () => -1, broken]) {
    const { cache, told } = stage({ random });
    let loads = 0;
    const get = cache.wrap(async () => (loads += 1), { ttl: "1m", jitter: 0.1 });
    assert.deepEqual([await get(), await get()], [1, 1]);
    assert.deepEqual(told, ["random"]);
  }
});

test("timers that throw are told, and calls go on by the host's", async () => {
  const told = [];
  const onEvent = (event) => event.type === "policy-error" && told.push(event.option);
  const fails = () => {
    throw new Error("mine");
  };
  const clock = { now: () => 1000, setTimeout: fails, clearTimeout: fails };
  const cache = createCache({ clock, onEvent, stores: [memory(), new MapStore()] });
  const get = cache.wrap(async (id) => id, { ttl: "1m", timeout: "20ms", key: "k:{0}" });
  assert.equal(await get(1), 1);
  const hangs = cache.wrap(() => new Promise(() => {}), { ttl: "1m", timeout: "20ms", key: "h" });
  await assert.rejects(hangs(), { code: "E_TIMEOUT" });
  assert.ok(told.length > 0 && told.every((option) => option === "clock.setTimeout"), `${told}`);
});
