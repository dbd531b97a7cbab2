// Several stores behind one cache, by the beginnings of names.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCache, memory } from "holdover";
import { loadLock, lock } from "holdover/locks";
import * as operations from "holdover/operations";
import { customStore } from "holdover/stores/custom";
import { routed } from "holdover/stores/routed";
import { invalidateTags } from "holdover/tags";
import { storeConformance } from "holdover/testing";
import { ManualClock } from "./support/manual-clock.mjs";
import { seedOf } from "./support/seed.mjs";
import { WholeStore } from "./support/whole-store.mjs";

const LONG = { expiresIn: 3_600_000 };
const bytes = (text) => new TextEncoder().encode(text);
const whole = () => customStore(new WholeStore());

/** The least a store can be. */
function plain() {
  const records = new Map();
  return customStore({
    records,
    get: async (key) => records.get(key)?.slice(),
    set: async (key, record) => void records.set(key, record.slice()),
    delete: async (key) => void records.delete(key),
  });
}

/** Three stores, and the one that they make. */
function stage() {
  const [users, admins, rest] = [whole(), whole(), whole()];
  const store = routed([
    ["user:", users],
    ["", rest],
    ["user:admin:", admins],
  ]);
  const names = () => [users, admins, rest].map(({ records }) => [...records.keys()].sort());
  return { users, admins, rest, store, names };
}

for (const prefix of ["conformance:", "other:"]) {
  const stores = [];
  const make = () => {
    stores.splice(0, 2, new WholeStore(), new WholeStore());
    return routed(stores.map((store, at) => [at === 0 ? prefix : "", customStore(store)]));
  };
  const capabilities = ["getMany", "setMany", "deleteMany", "keys", "clear", "add"];
  const more = ["compareAndDelete", "increment", "window", "subscribe", "publish", "ping"];
  const options = {
    advance: (millis) => {
      for (const store of stores) store.advance(millis);
    },
    capabilities: [...capabilities, ...more],
  };
  for (const { name, run } of await storeConformance(make, options)) {
    test(
      `conformance, records ${prefix === "other:" ? "in the rest" : "on a route"}: ${name}`,
      run,
    );
  }
}

for (const { name, run } of await storeConformance(
  () =>
    routed([
      ["conformance:", plain()],
      ["", plain()],
    ]),
  {
    lag: Number.POSITIVE_INFINITY,
    advance: () => {},
  },
)) {
  test(`conformance of stores that can do the least: ${name}`, run);
}

test("each record is in the store of the longest prefix, wherever it stands in the list", async () => {
  const { store, names } = stage();
  for (const key of ["user:1", "user:admin:1", "page:1", "user", "%tags:user:1"])
    await store.set(key, bytes(key), LONG);
  assert.deepEqual(names(), [["user:1"], ["user:admin:1"], ["%tags:user:1", "page:1", "user"]]);
});

/** Returns numbers from 0 to below 1 (mulberry32). */
function numbersOf(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test("random operations are answered as by one store", async () => {
  const random = numbersOf(seedOf(14));
  const pick = (list) => list[Math.floor(random() * list.length)];
  const prefixes = ["", "user:", "user:admin:", "page:", "us"];
  const key = () => `${pick(prefixes)}${pick(["1", "2", "admin:3"])}`;
  const keys = () => Array.from({ length: 1 + Math.floor(random() * 4) }, key);
  const { store, users, admins, rest } = stage();
  const one = whole();
  // Names that these stores have, and others answer for.
  const foreign = async () => {
    await users.set("page:1", bytes("foreign"), LONG);
    await admins.set("user:1", bytes("foreign"), LONG);
    await users.set("user:admin:9", bytes("foreign"), LONG);
    await rest.set("user:9", bytes("foreign"), LONG);
  };
  const record = () => bytes(String(Math.floor(random() * 3)));
  const shown = (found) => (found ? new TextDecoder().decode(found) : undefined);
  const acts = [
    () => {
      const [name, stored] = [key(), record()];
      return (on) => on.set(name, stored, LONG);
    },
    () => {
      const name = key();
      return async (on) => shown(await on.get(name));
    },
    () => {
      const list = keys();
      return async (on) => (await on.getMany(list)).map(shown);
    },
    () => {
      const entries = keys().map((name) => [name, record(), LONG]);
      return (on) => on.setMany(entries);
    },
    () => {
      const list = keys();
      return (on) => on.deleteMany(list);
    },
    () => {
      const name = key();
      return (on) => on.delete(name);
    },
    () => {
      const [name, stored] = [key(), record()];
      return (on) => on.add(name, stored, LONG);
    },
    () => {
      const [name, stored] = [key(), record()];
      return (on) => on.compareAndDelete(name, stored);
    },
    () => {
      const name = key();
      return (on) => on.increment(name, 1, LONG);
    },
    () => {
      const prefix = pick(prefixes);
      return async (on) => {
        const listed = [];
        for await (const name of await on.keys(prefix)) listed.push(name);
        return listed.sort();
      };
    },
    () => {
      const prefix = pick([...prefixes.slice(1), "user:1"]);
      return (on) => on.clear(prefix);
    },
  ];
  for (let step = 0; step < 3000; step += 1) {
    if (step % 20 === 0) await foreign();
    const act = pick(acts)();
    assert.deepEqual(await act(store), await act(one), `step ${step}: ${act}`);
  }
});

test("operations that not every store has are not there; those of messages are the last route's", () => {
  const names = (store) => Object.keys(store).sort();
  const least = ["close", "delete", "get", "name", "ping", "set"];
  assert.deepEqual(names(routed([["", plain()]])), least);
  const mixed = routed([
    ["a:", whole()],
    ["", plain()],
  ]);
  const batches = ["deleteMany", "getMany", "setMany"];
  assert.deepEqual(names(mixed), [...least, ...batches].sort());
  const other = routed([
    ["a:", plain()],
    ["", whole()],
  ]);
  const messages = ["publish", "subscribe", "window"];
  assert.deepEqual(names(other), [...least, ...batches, ...messages].sort());
});

test("a cache that needs what only some stores have is refused it", () => {
  const stores = [
    memory(),
    routed([
      ["a:", whole()],
      ["", plain()],
    ]),
  ];
  const policy = { ttl: "1m", key: "k", lock: loadLock() };
  assert.throws(() => createCache({ stores }).wrap(() => 1, policy), { option: "lock" });
});

test("the time and the lag of the slowest store hold", () => {
  const withs = (options) => customStore(Object.assign(new WholeStore(), options));
  const { deadline, lag } = routed([
    ["a:", withs({ deadline: 100 })],
    ["b:", withs({ lag: 60_000 })],
    ["", whole()],
  ]);
  assert.deepEqual([deadline, lag], [500, 60_000]);
  assert.equal(routed([["", withs({ deadline: 100 })]]).deadline, 100);
});

function caches(count = 2) {
  const clock = new ManualClock();
  const { store, ...stores } = stage();
  const events = [];
  const onEvent = (event) => events.push(event);
  const make = () => createCache({ clock, onEvent, stores: [memory(), store], writes: "await" });
  return { clock, ...stores, events, instances: Array.from({ length: count }, make) };
}

test("tags, locks, counters, messages, listing and clear work across all routes", async () => {
  const { clock, names, events, instances } = caches();
  const [here, there] = instances;
  const all = ["user:1", "user:admin:1", "page:1"];
  for (const key of all) await here.set(key, 1, { tags: ["t"] });
  assert.deepEqual(await operations.getMany(there, all), [1, 1, 1]);
  await invalidateTags(here, "t");
  await clock.runFor(100);
  assert.deepEqual(await operations.getMany(there, all), [undefined, undefined, undefined]);
  for (const key of all) await here.set(key, 2);
  assert.deepEqual(await operations.getMany(there, all), [2, 2, 2]);
  await operations.deleteMany(here, all.slice(0, 2));
  await clock.runFor(100);
  assert.deepEqual(await operations.getMany(there, all), [undefined, undefined, 2]);
  assert.equal(await operations.increment(here, "user:n", 2), 2);
  assert.equal(await operations.increment(there, "user:n", 3), 5);
  const held = await lock(here, "user:1", { ttl: "1s" });
  await assert.rejects(lock(there, "user:1", { ttl: "1s", wait: 0 }), { code: "E_LOCK_TIMEOUT" });
  await held.release();
  for (const key of all) await here.set(key, 3);
  assert.deepEqual((await operations.keys(there, "user:*")).sort(), [
    ...["user:1", "user:admin:1", "user:n"],
  ]);
  assert.equal(await operations.deleteMatch(there, "user:*"), 3);
  assert.deepEqual(names().slice(0, 2), [[], []]);
  await operations.clear(here);
  assert.deepEqual(names(), [[], [], []]);
  assert.deepEqual(
    events.filter(({ type }) => type === "store-error" || type === "corrupt"),
    [],
  );
});

test("a namespace is a route as well", async () => {
  const { store, names } = stage();
  const cache = createCache({ namespace: "user", stores: [store], writes: "await" });
  await cache.set("7", 1);
  await cache.set("admin:7", 1);
  assert.deepEqual(names(), [["user:7"], ["user:admin:7"], []]);
});

test("a store that is down concerns its own keys; what was dropped meanwhile does not come back", async () => {
  const { users, rest, clock, instances } = caches(1);
  const [cache] = instances;
  await cache.set("user:1", 1);
  await cache.set("page:1", 1);
  const { get, set, delete: drop, deleteMany } = users;
  const down = async () => {
    throw new Error("down");
  };
  Object.assign(users, { get: down, set: down, delete: down, deleteMany: down });
  await operations.deleteMany(cache, ["user:1", "page:1"]);
  assert.equal(await cache.get("user:1"), undefined);
  assert.equal(rest.records.has("page:1"), false);
  await cache.set("page:2", 2);
  assert.equal(rest.records.has("page:2"), true);
  Object.assign(users, { get, set, delete: drop, deleteMany });
  assert.equal(await cache.get("user:1"), undefined);
  await clock.runFor(30_000);
  assert.equal(users.records.has("user:1"), false);
});

test("a batch that fails in one store has ended in all of them when that is told", async () => {
  const slow = whole();
  const ends = [];
  slow.setMany = () => new Promise((resolve) => ends.push(resolve));
  const broken = whole();
  broken.setMany = () => {
    throw new Error("full");
  };
  const store = routed([
    ["a:", slow],
    ["", broken],
  ]);
  let told = false;
  const writing = Promise.resolve(
    store.setMany([
      ["a:1", bytes("1"), LONG],
      ["b", bytes("1"), LONG],
    ]),
  ).catch((error) => {
    told = true;
    assert.equal(error.message, "full");
  });
  for (let turns = 0; turns < 50; turns += 1) await undefined;
  assert.equal(told, false);
  ends[0]();
  await writing;
  assert.equal(told, true);
});

const WRONG = [
  [undefined, "routes"],
  [{}, "routes"],
  [[], "routes"],
  [[["a:", whole()]], "routes"],
  [
    [
      ["", whole()],
      ["", whole()],
    ],
    "routes",
  ],
  [[["", whole()], "a:"], "routes[1]"],
  [[["", whole(), 1]], "routes[0]"],
  [[[undefined, whole()]], "routes[0][0]"],
  [[["%tags:", whole()]], "routes[0][0]"],
  [[["", { get() {}, set() {}, delete() {} }]], "routes[0][1]"],
  [[["", memory()]], "routes[0][1]"],
  [[["", undefined]], "routes[0][1]"],
];

for (const [at, [routes, option]] of WRONG.entries()) {
  test(`wrong routes ${at}: ${option} is named`, () => {
    assert.throws(() => routed(routes), { code: "E_CONFIG", option });
  });
}

test("wrong options are named", () => {
  assert.throws(() => routed([["", whole()]], { nam: "x" }), /did you mean "name"/);
  assert.throws(() => routed([["", whole()]], { name: 1 }), { option: "name" });
});
