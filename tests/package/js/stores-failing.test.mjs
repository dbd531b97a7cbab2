// Lower stores that throw, hang, lie or give garbage: the call gets the origin's answer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CodecError, memory } from "holdover";
import { clear, peek } from "holdover/operations";
import { joinRecord } from "../../internal.mjs";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

const DEADLINE = 500;
const SKIPPED = 5000;

function stage({ store = new MapStore(), above = [memory()] } = {}) {
  const clock = new ManualClock();
  const events = [];
  const stores = [...above, store];
  const cache = createCache({ clock, stores, onEvent: (event) => events.push(event) });
  const told = (type) => events.filter((event) => event.type === type);
  let loads = 0;
  const get = cache.wrap(async (key) => `${key}${++loads}`, { ttl: "1m", key: "{0}" });
  return { cache, clock, store, events, told, get, loads: () => loads };
}

const BROKEN = {
  throws: () => {
    throw new Error("broken");
  },
  rejects: async () => {
    throw new Error("broken");
  },
  "rejects with undefined": () => Promise.reject(undefined),
  "throws null": () => {
    throw null;
  },
};

for (const [how, misbehave] of Object.entries(BROKEN)) {
  for (const above of [[memory()], []]) {
    test(`a store that ${how}${above.length === 0 ? ", no memory above" : ""}`, async () => {
      const { cache, store, told, get } = stage({ above });
      store.misbehave = misbehave;
      assert.equal(await get("a"), "a1");
      assert.equal((await get.explain("b")).value, "b2");
      await drain();
      const [event] = told("store-error");
      assert.deepEqual([event.store, event.operation, event.key], ["lower", "get", "a"]);
      assert.equal(event.error.code, "E_STORE");
      await cache.set("c", 1);
      await cache.delete("a");
      await clear(cache);
      assert.deepEqual(told("trap"), []);
    });
  }
}

test("what does not work is told with its operation", async () => {
  const { cache, store, told, get } = stage();
  store.misbehave = BROKEN.rejects;
  await get("a");
  await drain();
  await cache.invalidate("a");
  const operations = told("store-error").map(({ operation, key }) => `${operation} ${key}`);
  assert.deepEqual(operations, ["get a", "set a", "delete a"]);
  assert.match(told("store-error")[0].error.message, /lower failed to get/);
  assert.equal(told("store-error")[0].error.cause.message, "broken");
});

test("a read that hangs is given up after 500 ms; then the origin is asked", async () => {
  const { clock, store, told, get, loads } = stage();
  store.misbehave = (operation, _key, act) => (operation === "get" ? new Promise(() => {}) : act());
  const call = get("a");
  await clock.runTo(DEADLINE - 1);
  assert.equal(loads(), 0);
  await clock.runTo(DEADLINE);
  assert.equal(await call, "a1");
  assert.equal(told("store-error")[0].error.cause.code, "E_TIMEOUT");
  assert.equal(clock.armed, 0);
});

test("a write that hangs keeps nobody waiting", async () => {
  const { clock, store, told, get } = stage();
  store.misbehave = (operation, _key, act) => (operation === "set" ? new Promise(() => {}) : act());
  const call = get("a");
  await drain();
  assert.equal(await call, "a1");
  await clock.runTo(DEADLINE);
  assert.deepEqual(
    told("store-error").map(({ operation }) => operation),
    ["set"],
  );
  // Until the store has made up for it.
  assert.equal(clock.armed, 1);
  store.misbehave = undefined;
  await clock.runFor(20_000);
  assert.equal(clock.armed, 0);
});

test("a read that is late is not used, and does not disturb", async () => {
  const { clock, store, get } = stage();
  let late;
  store.misbehave = () =>
    new Promise((resolve, reject) => {
      late = { resolve, reject };
    });
  const call = get("a");
  await drain();
  const { reject } = late;
  await clock.runTo(DEADLINE);
  assert.equal(await call, "a1");
  reject(new Error("much later"));
  await drain();
  assert.equal(await get("a"), "a1");
});

test("after 5 failures in a row a store is skipped for 5 s, then tried again", async () => {
  const { clock, store, told, get } = stage();
  store.misbehave = (operation, _key, act) => (operation === "get" ? BROKEN.rejects() : act());
  // Writes succeed, so failures of reads are not in a row: fail them too.
  store.misbehave = BROKEN.rejects;
  await get("a"); // get, set
  await drain();
  await get("b"); // get, set
  await drain();
  await get("c"); // get: the fifth
  await drain();
  assert.equal(store.operations.length, 5);
  for (let nth = 0; nth < 100; nth += 1) await get(`skipped ${nth}`);
  await drain();
  assert.equal(store.operations.length, 5);
  assert.equal(told("store-error").length, 5);
  await clock.runTo(SKIPPED - 1);
  await get("still skipped");
  assert.equal(store.operations.length, 5);
  await clock.runTo(SKIPPED);
  // The writes that it has missed are made up for by drops.
  const asked = () => store.operations.slice(5).filter((done) => !done.startsWith("delete "));
  assert.equal(store.operations.length - asked().length - 5, 1);
  await get("tried");
  await drain();
  // One failure skips it again.
  assert.deepEqual(asked(), []);
  store.misbehave = undefined;
  await clock.runTo(2 * SKIPPED);
  await get("works");
  await drain();
  await get("again");
  await drain();
  assert.deepEqual(asked(), ["get works", "set works", "get again", "set again"]);
});

test("a success in between starts the count anew", async () => {
  const { store, get } = stage();
  for (let round = 0; round < 20; round += 1) {
    store.misbehave = BROKEN.throws;
    await get(`fails ${round}`); // 2 failures
    await drain();
    store.misbehave = undefined;
    await get(`works ${round}`);
    await drain();
  }
  assert.equal(store.count("get") + store.count("set"), 80);
});

test("a hanging store costs a thousand concurrent callers one deadline", async () => {
  const { clock, store, get, loads } = stage();
  store.misbehave = () => new Promise(() => {});
  const calls = Array.from({ length: 1000 }, (_, nth) => get(`key ${nth % 10}`));
  await clock.runTo(DEADLINE);
  await Promise.all(calls);
  assert.equal(loads(), 10);
  await get("other");
  assert.equal(clock.elapsed, DEADLINE);
});

test("each store is skipped for itself", async () => {
  const [bad, good] = [new MapStore("bad"), new MapStore("good")];
  bad.misbehave = BROKEN.throws;
  const { get } = stage({ above: [memory(), bad], store: good });
  for (let nth = 0; nth < 20; nth += 1) await get(`key ${nth}`);
  await drain();
  assert.equal(bad.operations.length, 5);
  assert.equal(good.records.size, 20);
});

/** What a store may give instead of a record that somebody stored under this key. */
function garbage(record) {
  const flipped = (at) => {
    const copy = record.slice();
    copy[at] ^= 0xff;
    return copy;
  };
  const cut = Array.from({ length: record.length }, (_, length) => record.slice(0, length));
  const flips = Array.from({ length: record.length }, (_, at) => flipped(at));
  return {
    "nothing at all": [new Uint8Array()],
    "one byte": [Uint8Array.of(0), Uint8Array.of(1), Uint8Array.of(255)],
    "a truncated record": cut,
    "a record with a byte changed": flips,
    "a record and something after it": [
      Uint8Array.of(...record, 0),
      Uint8Array.of(...record, ...record),
    ],
    zeros: [new Uint8Array(1000)],
    "random bytes": Array.from({ length: 50 }, (_, nth) =>
      Uint8Array.from({ length: nth * 7 }, (_unused, at) => (at * nth * 7919 + nth) % 256),
    ),
    "no bytes": ["text", 42, true, {}, [], [1, 2], record.buffer, new DataView(record.buffer)],
    "another kind of array": [new Uint16Array(40), new Float64Array(4), { ...record }],
    "functions and symbols": [() => record, Symbol("record"), 1n],
  };
}

async function recordOf(value) {
  const { store, cache } = stage();
  await cache.set("a", value, { ttl: "1m" });
  return store.records.get("a");
}

const record = await recordOf({ secret: "of another run", list: [1, 2, 3] });
for (const [what, gifts] of Object.entries(garbage(record))) {
  test(`a store that gives ${what}: a miss, and told as corrupt`, async () => {
    for (const gift of gifts) {
      const { store, told, get, cache } = stage();
      store.misbehave = (operation, _key, act) => (operation === "get" ? gift : act());
      assert.equal(await get("a"), "a1");
      assert.equal(told("corrupt").length, 1);
      const { store: name, operation, key, error } = told("corrupt")[0];
      assert.deepEqual([name, operation, key], ["lower", "get", "a"]);
      assert.ok(error instanceof Error);
      assert.equal(await cache.get("direct"), undefined);
      assert.equal(await peek(cache, "direct"), undefined);
      assert.equal(await cache.has("direct"), false);
      assert.deepEqual([told("trap"), told("store-error")], [[], []]);
      await drain();
      assert.equal(await get("a"), "a1");
    }
  });
}

test("a record of an unknown codec, or of a codec that cannot read it", async () => {
  const json = (text) => new TextEncoder().encode(text);
  const NOW = 1_700_000_000_000;
  const lifetime = { ttl: 1000, staleWhileRevalidate: 0, staleIfError: 0 };
  const recordOf = (bytes, codec) => joinRecord({ codec, storedAt: NOW, lifetime }, bytes);
  const wrong = [
    recordOf(json("1"), 99),
    recordOf(json("not JSON"), 1),
    recordOf(Uint8Array.of(0xff, 0xfe), 1),
    recordOf(json("{}"), 2),
    recordOf(Uint8Array.of(255, 255, 255, 255, 1), 2),
  ];
  for (const record of wrong) {
    const { store, told, get } = stage();
    store.records.set("a", record);
    assert.equal(await get("a"), "a1");
    assert.equal(told("corrupt").length, 1);
    await drain();
    // It was overwritten by what was loaded.
    assert.notEqual(store.records.get("a"), record);
  }
});

/** A record of "kept" that was stored then. */
function keptSince(storedAt, ttl, window = 0) {
  const lifetime = { ttl, staleWhileRevalidate: window, staleIfError: window };
  return joinRecord({ codec: 1, storedAt, lifetime }, new TextEncoder().encode('"kept"'));
}

test("a record with endless times is no older than now", async () => {
  const { store, get } = stage();
  const endless = Number.POSITIVE_INFINITY;
  store.records.set("b", keptSince(0, endless, endless));
  assert.deepEqual([await get("b"), (await get.explain("b")).ttl], ["kept", endless]);
});

test("a record of a clock that is ahead is fresh for its ttl and 5 s, or a miss that is told", async () => {
  for (const [ahead, isRead] of [
    [5000, true],
    [5001, false],
    [3_600_000, false],
    [2 ** 63, false],
  ]) {
    const { store, get, told, cache, clock } = stage();
    store.records.set("a", keptSince(clock.now() + ahead, 1000));
    assert.equal(await cache.get("a"), isRead ? "kept" : undefined, `${ahead} ms ahead`);
    assert.equal(told("corrupt").length, isRead ? 0 : 1);
    await clock.runFor(ahead + 1000 < 10_000 ? ahead + 1000 : 1000);
    assert.equal(await get("a"), "a1", "and no longer");
  }
});

test("undefined and null are no record, and no event", async () => {
  for (const nothing of [undefined, null]) {
    const { store, events, get } = stage();
    store.misbehave = (operation, _key, act) => (operation === "get" ? nothing : act());
    await get("a");
    assert.deepEqual(
      events.map(({ type }) => type),
      ["miss", "load"],
    );
  }
});

test("garbage does not count as a failure of the store", async () => {
  const { store, get } = stage();
  store.misbehave = () => Uint8Array.of(1, 2, 3);
  for (let nth = 0; nth < 20; nth += 1) await get(`key ${nth}`);
  await drain();
  assert.equal(store.operations.length, 40);
});

test("a thenable that throws, and one that answers twice", async () => {
  for (const result of [
    {
      // biome-ignore lint/suspicious/noThenProperty: a thenable is the point
      get then() {
        throw new Error("no");
      },
    },
    {
      // biome-ignore lint/suspicious/noThenProperty: a thenable is the point
      then(resolve, reject) {
        resolve(undefined);
        reject(new Error("twice"));
      },
    },
  ]) {
    const { store, get } = stage();
    store.misbehave = () => result;
    assert.equal(await get("a"), "a1");
    await drain();
  }
});

test("values that JSON cannot hold: told, kept in memory, and no failure", async () => {
  const cycle = {};
  cycle.self = cycle;
  const deep = Array.from({ length: 20_000 }).reduce((inner) => ({ inner }), {});
  const throwing = {
    toJSON() {
      throw new Error("not me");
    },
  };
  for (const value of [1n, cycle, () => 1, Symbol("s"), { big: 1n }, deep, throwing]) {
    const { cache, store, told } = stage();
    const get = cache.wrap(() => value, { ttl: "1m", key: "k" });
    assert.equal(await get(), value);
    await drain();
    const [event] = told("store-error");
    assert.deepEqual([event.store, event.operation, event.error.code], ["codec", "set", "E_CODEC"]);
    assert.equal(store.records.size, 0);
    assert.equal(await get(), value);
    await cache.set("direct", value);
    assert.equal(await cache.get("direct"), value);
  }
});

test("a CodecError of a store is an answer: a miss, told as corrupt, and no failure of the store", async () => {
  const { store, told, get } = stage();
  const foreign = new CodecError("somebody else's");
  store.misbehave = (operation, _key, act) =>
    operation === "get" ? Promise.reject(foreign) : act();
  for (let nth = 0; nth < 20; nth += 1) await get(`key ${nth}`);
  await drain();
  assert.equal(store.count("get"), 20);
  assert.equal(store.records.size, 20);
  assert.deepEqual([told("corrupt").length, told("store-error").length], [20, 0]);
  assert.equal(told("corrupt")[0].error, foreign);
});
