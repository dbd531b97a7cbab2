// How values become bytes in lower stores.

import assert from "node:assert/strict";
import { test } from "node:test";
import { many } from "holdover/batches";
import { bytes, structured, text } from "holdover/codecs";
import { createCache } from "./support/caches.mjs";
import { WholeStore } from "./support/whole-store.mjs";

function stage(codec, store = new WholeStore()) {
  const events = [];
  const cache = createCache({ stores: [store], codec, onEvent: (event) => events.push(event) });
  return { store, cache, told: (type) => events.filter((event) => event.type === type) };
}

async function roundTrip(codec, value) {
  const { cache, told } = stage(codec);
  await cache.set("a", value);
  const found = await cache.get("a");
  return { found, refused: told("store-error").length, corrupt: told("corrupt").length };
}

test("bytes: any come back, as the caller's own; other values are not stored", async () => {
  for (const value of [new Uint8Array(), Uint8Array.of(0, 255, 128), new Uint8Array(100_000)]) {
    const { found } = await roundTrip(bytes, value);
    assert.deepEqual([...found], [...value]);
    assert.equal(found.byteLength, found.buffer.byteLength);
  }
  for (const value of ["text", null, 1, [1], undefined]) {
    assert.deepEqual(await roundTrip(bytes, value), { found: undefined, refused: 1, corrupt: 0 });
  }
});

test("text: any comes back; other values and lone surrogates are not stored", async () => {
  for (const value of ["", "ä 😀\u0000", "\ufeffbegins with a mark", "x".repeat(100_000)]) {
    assert.equal((await roundTrip(text, value)).found, value);
  }
  for (const value of ["\ud800", 1, null, undefined, new Uint8Array(1)]) {
    assert.deepEqual(await roundTrip(text, value), { found: undefined, refused: 1, corrupt: 0 });
  }
});

test("structured: writes what the library makes, and reads with it", async () => {
  const library = {
    stringify: (value) => JSON.stringify([typeof value, `${value}`]),
    parse: (given) => {
      const [type, of] = JSON.parse(given);
      return type === "bigint" ? BigInt(of) : of;
    },
  };
  assert.equal((await roundTrip(structured(library), 12n)).found, 12n);
});

test("the default is JSON: what it has no word for comes back as JSON has it", async () => {
  const when = new Date(0);
  const { found } = await roundTrip(undefined, { when, map: new Map([[1, 2]]), not: Number.NaN });
  assert.deepEqual(found, { when: when.toISOString(), map: {}, not: null });
});

test("a record of another codec is a miss and an event", async () => {
  const { store, cache } = stage(undefined);
  await cache.set("a", "b");
  for (const codec of [bytes, text, { id: 200, encode: () => new Uint8Array(), decode: () => 1 }]) {
    const other = stage(codec, store);
    assert.equal(await other.cache.getOrLoad("a", () => "loaded", { ttl: 1 }), "loaded");
    assert.equal(other.told("corrupt").length, 1);
    await cache.set("a", "b");
  }
});

test("a codec that throws is a miss; a wrong one is a ConfigError", async () => {
  const fail = () => {
    throw new Error("broken");
  };
  const codec = { id: 200, encode: () => new Uint8Array(1), decode: fail };
  assert.deepEqual(await roundTrip(codec, 1), { found: undefined, refused: 0, corrupt: 1 });
  const unwilling = { id: 200, encode: fail, decode: fail };
  assert.deepEqual(await roundTrip(unwilling, 1), { found: undefined, refused: 1, corrupt: 0 });
  for (const wrong of [null, {}, "json", { ...codec, id: 15 }, { ...codec, id: 255 }]) {
    assert.throws(() => createCache({ codec: wrong }), { code: "E_CONFIG", option: "codec" });
  }
});

test("a policy's own codec writes and reads what it stores", async () => {
  const store = new WholeStore();
  const { cache, told } = stage(undefined, store);
  const policy = { ttl: "1h", codec: bytes };
  const load = (text) => new TextEncoder().encode(text);
  const read = cache.wrap(load, { ...policy, key: "{0}" });
  const others = cache.wrap(async (id) => ({ id }), { ttl: "1h", key: "other:{0}" });
  await read("wrapped");
  await read.set(["set"], load("set"));
  await others(1);
  await cache.getOrLoad("loaded", () => load("loaded"), policy);
  await many(read, [["batch"]]);
  for (let turn = 0; turn < 50; turn += 1) await undefined;
  const again = stage(undefined, store);
  const found = again.cache.wrap(() => assert.fail("it is in the store"), {
    ...policy,
    key: "{0}",
  });
  const textOf = (value) => new TextDecoder().decode(value);
  assert.equal(textOf(await found("wrapped")), "wrapped");
  assert.equal(textOf(await found.peek("set")), "set");
  const asked = again.cache.getOrLoad("loaded", () => assert.fail("it is in the store"), policy);
  assert.equal(textOf(await asked), "loaded");
  assert.deepEqual((await many(found, [["batch"]])).map(textOf), ["batch"]);
  assert.deepEqual(await again.cache.get("other:1"), { id: 1 }, "the cache's codec is JSON still");
  assert.deepEqual([...told("corrupt"), ...again.told("corrupt")], []);
  assert.equal(await again.cache.get("wrapped"), undefined);
  assert.equal(again.told("corrupt").length, 1, "another codec's record");
});
