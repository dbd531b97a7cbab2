// Options of stores and codecs, and the clients they are over: what is wrong is refused when it is given.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bytes, structured, text } from "holdover/codecs";
import { compress } from "holdover/codecs/compress";
import { encrypt } from "holdover/codecs/encrypt";
import { sign } from "holdover/codecs/sign";
import { toKeyv } from "holdover/integrations/keyv";
import { cacheApi } from "holdover/stores/cache-api";
import { cacheStorage } from "holdover/stores/cache-storage";
import { kv } from "holdover/stores/cloudflare-kv";
import { denoKv } from "holdover/stores/deno-kv";
import { durableObject } from "holdover/stores/durable-object";
import { indexedDb } from "holdover/stores/indexed-db";
import { fromKeyv } from "holdover/stores/keyv";
import { memcached } from "holdover/stores/memcached";
import { netlifyBlobs } from "holdover/stores/netlify-blobs";
import { redis } from "holdover/stores/redis";
import { fromUnstorage } from "holdover/stores/unstorage";

const NOTHING = () => {};
/** A client with just these methods. */
const client = (...methods) => Object.fromEntries(methods.map((method) => [method, NOTHING]));
const KEY = Uint8Array.from({ length: 32 }, (_, nth) => nth);

const ioredis = client("callBuffer", "duplicate");
const memjs = client("get", "set", "add", "delete");
const namespace = client("get", "put", "delete", "list");
const storage = client("getItem", "setItem", "removeItem");
const keyv = client("get", "set", "delete");
const cache = client("match", "put", "delete");
const objects = client("idFromName", "get");
const blobs = client("getWithMetadata", "set", "delete");
const deno = client("get", "set", "delete", "list", "atomic");

/** What makes a store or codec of options; a misspelt option, and the one that is meant. */
const FACTORIES = {
  redis: [(options) => redis(ioredis, options), "deadlin", "deadline"],
  memcached: [(options) => memcached(memjs, options), "nam", "name"],
  kv: [(options) => kv(namespace, options), "cachTtl", "cacheTtl"],
  fromUnstorage: [(options) => fromUnstorage(storage, options), "deadLine", "deadline"],
  fromKeyv: [(options) => fromKeyv(keyv, options), "nmae", "name"],
  cacheApi: [(options) => cacheApi(cache, options), "bas", "base"],
  indexedDb: [(options) => indexedDb(options), "sweeps", "sweep"],
  cacheStorage: [(options) => cacheStorage(options), "nam", "name"],
  durableObject: [(options) => durableObject(objects, options), "shard", "shards"],
  netlifyBlobs: [(options) => netlifyBlobs(blobs, options), "deadlines", "deadline"],
  denoKv: [(options) => denoKv(deno, options), "prefixes", "prefix"],
  sign: [(options) => sign({ keys: [KEY], ...options }), "key", "keys"],
  encrypt: [(options) => encrypt({ keys: [KEY], ...options }), "keyz", "keys"],
  compress: [(options) => compress(options), "treshold", "threshold"],
};
const CODECS = ["sign", "encrypt", "compress"];

describe("options of stores and codecs", () => {
  for (const [name, [make, misspelt, meant]] of Object.entries(FACTORIES)) {
    test(`${name}: an unknown option is refused, with the one that is meant`, () => {
      make({});
      const message = new RegExp(`not an option of ${name}; did you mean "${meant}"`);
      assert.throws(() => make({ [misspelt]: 1 }), { code: "E_CONFIG", option: misspelt, message });
      assert.throws(() => make({ whatever: 1 }), { code: "E_CONFIG", option: "whatever" });
    });
    if (CODECS.includes(name)) continue;
    test(`${name}: options that are no object, a wrong name, a wrong deadline`, () => {
      for (const wrong of ["200ms", 5, [], null]) {
        assert.throws(() => make(wrong), { code: "E_CONFIG", option: "options" }, `${wrong}`);
      }
      for (const wrong of ["", 5, {}, null]) {
        assert.throws(() => make({ name: wrong }), { code: "E_CONFIG", option: "name" });
      }
      for (const wrong of [0, -1, Number.NaN, "", "5", Number.POSITIVE_INFINITY, 2 ** 31]) {
        assert.throws(() => make({ deadline: wrong }), { code: "E_CONFIG", option: "deadline" });
      }
      assert.equal(make({ deadline: "1.5s" }).deadline, 1500);
      assert.equal(make({ name: "mine", deadline: undefined }).name, "mine");
    });
  }

  for (const [option, make, wrong, right] of [
    ["cacheTtl", (cacheTtl) => kv(namespace, { cacheTtl }), [29, 1, "60", 45.5, Number.NaN], 30],
    [
      "base",
      (base) => cacheApi(cache, { base }),
      ["shop", "", 5, "https://a.example"],
      "https://a.example/",
    ],
    ["sweep", (sweep) => indexedDb({ sweep }), [0, -1, 1.5, "5"], 1],
    ["shards", (shards) => durableObject(objects, { shards }), [0, 2.5, "4", Number.NaN], 4],
    ["prefix", (prefix) => denoKv(deno, { prefix }), ["a", [], [""], [5]], ["a", "b"]],
    ["threshold", (threshold) => compress({ threshold }), [0, "1 kb", "big"], "4kb"],
    ["maxBytes", (maxBytes) => compress({ maxBytes }), [0, -1, "x"], "4mb"],
  ]) {
    test(`${option}: what it takes`, () => {
      make(right);
      make(undefined);
      for (const value of wrong) {
        assert.throws(() => make(value), { code: "E_CONFIG", option }, `${value}`);
      }
    });
  }

  test("secrets are in no message", () => {
    const secret = "correct horse battery staple";
    for (const make of [sign, encrypt]) {
      for (const options of [{ key: secret }, { keys: [KEY], secret }, secret, [secret]]) {
        assert.throws(
          () => make(options),
          (error) => error.code === "E_CONFIG" && !`${error}`.includes("horse"),
        );
      }
    }
  });
});

for (const [name, make, wrong] of [
  ["memcached", memcached, [undefined, {}, "localhost:11211", client("get")]],
  ["kv", kv, [undefined, {}, client("get", "put")]],
  ["fromUnstorage", fromUnstorage, [undefined, {}, new Map()]],
  ["fromKeyv", fromKeyv, [undefined, {}, "redis://"]],
  ["toKeyv", toKeyv, [undefined, {}, client("get")]],
  ["cacheApi", cacheApi, [undefined, {}, "holdover"]],
  ["durableObject", durableObject, [undefined, {}, namespace]],
  ["netlifyBlobs", netlifyBlobs, [undefined, {}, "cache"]],
  ["denoKv", denoKv, [undefined, {}, namespace]],
  ["structured", structured, [undefined, null, {}, { stringify: NOTHING }]],
]) {
  test(`${name}: what is no client of it is refused, and told what is`, () => {
    for (const value of wrong) assert.throws(() => make(value), { code: "E_CONFIG" }, `${value}`);
  });
}

test("clients may be promises and functions, where they are said to be", () => {
  cacheApi(Promise.resolve(cache));
  cacheApi(() => cache);
  netlifyBlobs(() => blobs);
  denoKv(Promise.resolve(deno));
  toKeyv(() => client("get", "has", "set", "delete", "clear"));
  assert.deepEqual([bytes.id, text.id, structured(JSON).id], [17, 18, 16]);
});

test("what others put into a store is a CodecError, or nothing, and no failure", async () => {
  const foreign = "~ not base64 ~";
  const wrong = { code: "E_CODEC" };
  await assert.rejects(fromKeyv({ ...keyv, get: async () => foreign }).get("k"), wrong);
  await assert.rejects(
    fromUnstorage({ ...storage, getItem: async () => `b64:${foreign}` }).get("k"),
    wrong,
  );
  const rest = {
    ...client("eval", "evalsha"),
    get: async () => `b64:${foreign}`,
    mget: async () => [`b64:${foreign}`],
  };
  await assert.rejects(redis(rest).get("k"), wrong);
  assert.deepEqual(
    (await redis(rest).getMany(["k"])).map(({ code }) => code),
    ["E_CODEC"],
  );
  assert.equal(
    await netlifyBlobs({
      ...blobs,
      getWithMetadata: async () => ({ data: new ArrayBuffer(1) }),
    }).get("k"),
    undefined,
  );
  for (const value of [
    5,
    "x",
    {},
    { key: "k", endsAt: Infinity, pieces: { id: "a", count: 1e9 } },
  ]) {
    const own = { ...deno, get: async () => ({ key: [], value, versionstamp: "1" }) };
    assert.equal(await denoKv(own).get("k"), undefined);
  }
});

for (const [name, make] of [
  ["sign", sign],
  ["encrypt", encrypt],
]) {
  test(`${name}: a fault of WebCrypto heals`, async (t) => {
    const { importKey } = crypto.subtle;
    let faults = 2;
    t.mock.method(crypto.subtle, "importKey", function (...args) {
      if (faults-- > 0) return Promise.reject(new Error("no memory"));
      return importKey.apply(this, args);
    });
    const records = new Map();
    const store = make({ keys: [KEY] })({
      get: async (key) => records.get(key),
      set: async (key, record) => records.set(key, record),
      delete: async (key) => records.delete(key),
    });
    const life = { expiresIn: 1000 };
    await assert.rejects(async () => store.set("k", Uint8Array.of(1), life), /no memory/);
    await assert.rejects(async () => store.set("k", Uint8Array.of(1), life), /no memory/);
    await store.set("k", Uint8Array.of(2), life);
    assert.deepEqual(await store.get("k"), Uint8Array.of(2));
  });
}
