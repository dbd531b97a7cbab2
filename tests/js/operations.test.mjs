// The basic operations, in memory and over stores that can more or less: SEMANTICS §7.

import assert from "node:assert/strict";
import test from "node:test";
import { createCache, memory } from "holdover";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { only, SharedStore } from "./support/shared-store.mjs";

/** Caches over one store, each with a memory of its own. */
function stage(capabilities, { instances = 2, options = {}, latency } = {}) {
  const clock = new ManualClock();
  const shared = new SharedStore(clock, latency);
  const store = capabilities === undefined ? shared : only(shared, ...capabilities);
  const events = [];
  const onEvent = (event) => events.push(event);
  const made = Array.from({ length: instances }, () =>
    createCache({ clock, onEvent, stores: [memory(), store], namespace: "n", ...options }),
  );
  return { clock, shared, caches: made, cache: made[0], other: made[1], events };
}

const BARE = [];
const PLACES = {
  memory: () => {
    const clock = new ManualClock();
    return { clock, cache: createCache({ clock }) };
  },
  "memory and a bare store": () => stage(BARE),
  "memory and a store that can all": () => stage(),
  "a bare store alone": () => {
    const clock = new ManualClock();
    return { clock, cache: createCache({ clock, stores: [only(new SharedStore(clock))] }) };
  },
  "a store that can all, alone": () => {
    const clock = new ManualClock();
    return { clock, cache: createCache({ clock, stores: [new SharedStore(clock)] }) };
  },
};

const everywhere = (name, play) => {
  for (const [where, make] of Object.entries(PLACES)) {
    test(`${name}, ${where}`, async () => play(make()));
  }
};

everywhere("batches keep order and positions", async ({ cache }) => {
  await cache.setMany(
    [
      ["a", 1],
      ["b", null],
      ["__proto__", 0],
      ["a", 2],
    ],
    { ttl: 10 },
  );
  const keys = ["x", "b", "a", "__proto__", "a", "y"];
  assert.deepEqual(await cache.getMany(keys), [undefined, null, 2, 0, 2, undefined]);
  assert.deepEqual(await cache.deleteMany(["y", "a", "b"]), [false, true, true]);
  assert.deepEqual(await cache.getMany(new Set(keys)), [
    undefined,
    undefined,
    undefined,
    0,
    undefined,
  ]);
  assert.deepEqual([await cache.getMany([]), await cache.deleteMany([])], [[], []]);
  await cache.setMany(new Map([["m", Promise.resolve(7)]]));
  assert.equal(await cache.get("m"), 7);
});

everywhere("add stores only where there is no fresh value", async ({ clock, cache }) => {
  assert.equal(await cache.add("a", undefined, { ttl: 10 }), true);
  assert.equal(await cache.add("a", 2), false);
  assert.equal(await cache.set("a", 2, { ifAbsent: true }), false);
  assert.deepEqual([await cache.get("a"), await cache.has("a")], [undefined, true]);
  await clock.runTo(10);
  assert.equal(await cache.set("a", 3, { ifAbsent: true }), true);
  assert.equal(await cache.get("a"), 3);
  const added = await Promise.all(Array.from({ length: 20 }, (_, nth) => cache.add("b", nth)));
  assert.deepEqual(added.filter(Boolean).length, 1);
  assert.equal(await cache.get("b"), added.indexOf(true));
});

everywhere("replace stores only where there is a fresh value", async ({ clock, cache }) => {
  assert.equal(await cache.replace("a", 1), false);
  assert.equal(await cache.has("a"), false);
  await cache.set("a", 0, { ttl: 10 });
  assert.equal(await cache.set("a", 1, { ifPresent: true, ttl: 5 }), true);
  assert.deepEqual([await cache.get("a"), await cache.ttl("a")], [1, 5]);
  await clock.runTo(5);
  assert.equal(await cache.replace("a", 2), false);
});

everywhere("ttl and expire", async ({ clock, cache }) => {
  assert.equal(await cache.ttl("a"), undefined);
  await cache.set("a", "v");
  assert.equal(await cache.ttl("a"), Infinity);
  assert.equal(await cache.expire("a", "1s"), true);
  await clock.runTo(400);
  assert.equal(await cache.ttl("a"), 600);
  assert.equal(await cache.expire("a", Infinity), true);
  await clock.runTo(5000);
  assert.deepEqual([await cache.get("a"), await cache.ttl("a")], ["v", Infinity]);
  assert.equal(await cache.expire("a", 0), true);
  assert.deepEqual([await cache.has("a"), await cache.expire("a", 5)], [false, false]);
});

everywhere("increment counts, and get gives the number", async ({ clock, cache }) => {
  assert.equal(await cache.increment("n", 1, { ttl: 100 }), 1);
  await clock.runTo(60);
  assert.equal(await cache.increment("n", 4, { ttl: 100 }), 5);
  assert.deepEqual([await cache.get("n"), await cache.ttl("n")], [5, 40]);
  assert.deepEqual(await cache.getMany(["n"]), [5]);
  await clock.runTo(100);
  assert.equal(await cache.get("n"), undefined);
  assert.equal(await cache.increment("n", -2.5), -2.5);
  assert.equal(await cache.ttl("n"), Infinity);
  const sums = await Promise.all(Array.from({ length: 50 }, () => cache.increment("m")));
  assert.deepEqual(
    sums.sort((a, b) => a - b),
    Array.from({ length: 50 }, (_, nth) => nth + 1),
  );
  assert.equal(await cache.get("m"), 50);
});

everywhere(
  "increment goes on from what was set, and starts anew after delete",
  async ({ cache }) => {
    await cache.increment("n", 3);
    await cache.set("n", 10, { ttl: 50 });
    assert.equal(await cache.increment("n"), 11);
    assert.deepEqual([await cache.get("n"), await cache.ttl("n")], [11, 50]);
    assert.equal(await cache.delete("n"), true);
    assert.equal(await cache.increment("n"), 1);
  },
);

everywhere("increment of what is no number is an error and keeps it", async ({ cache }) => {
  for (const value of ["5", null, { n: 1 }]) {
    await cache.set("n", value);
    await assert.rejects(cache.increment("n"), { code: "E_CONFIG" });
    assert.deepEqual(await cache.get("n"), value);
  }
});

everywhere("getOrSet takes a factory or a value", async ({ clock, cache }) => {
  assert.equal(await cache.getOrSet("a", 1, { ttl: 10 }), 1);
  assert.equal(await cache.getOrSet("a", () => 2), 1);
  await clock.runTo(10);
  const made = await Promise.all([0, 1, 2].map((nth) => cache.getOrSet("a", async () => nth)));
  assert.deepEqual(made, [0, 0, 0]);
  await drain();
  assert.equal(await cache.ttl("a"), Infinity);
});

for (const where of ["memory", "memory and a store that can all"]) {
  test(`keys, deleteMatch, size and clear, ${where}`, async () => {
    const { clock, cache } = PLACES[where]();
    const all = ["user:1", "user:22", "user:*", "us(r:1", "order:1", "😀"];
    await cache.setMany(all.map((key) => [key, 1]));
    await cache.set("gone", 1, { ttl: 5 });
    await cache.increment("count");
    await clock.runTo(5);
    assert.deepEqual((await cache.keys()).sort(), [...all, "count"].sort());
    assert.equal(await cache.size(), 7);
    assert.deepEqual((await cache.keys("user:?")).sort(), ["user:*", "user:1"]);
    assert.deepEqual(await cache.keys("?"), ["😀"]);
    assert.deepEqual(await cache.keys("us(r:*"), ["us(r:1"]);
    assert.deepEqual(await cache.keys("user:.*"), []);
    assert.equal(await cache.deleteMatch("user:*"), 3);
    assert.equal(await cache.size(), 4);
    await cache.clear();
    assert.equal(await cache.size(), 0);
  });
}

test("patterns: stars and question marks against a plain search, 20 000 pairs", async () => {
  const { matcher } = await import("../node_modules/holdover/dist/operations/pattern.js");
  const seed = 20_261;
  let state = seed;
  const roll = (most) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * most);
  };
  const word = (letters, most) =>
    Array.from({ length: roll(most) }, () => letters[roll(letters.length)]).join("");
  const slow = (key, pattern) => {
    if (pattern === "") return key === "";
    const rest = pattern.slice(1);
    if (pattern[0] === "*") return slow(key, rest) || (key !== "" && slow(key.slice(1), pattern));
    return key !== "" && (pattern[0] === "?" || pattern[0] === key[0]) && slow(key.slice(1), rest);
  };
  let hits = 0;
  for (let nth = 0; nth < 20_000; nth += 1) {
    const [key, pattern] = [word("ab.", 8), word("ab.*?", 6)];
    const expected = slow(key, pattern);
    assert.equal(matcher(pattern)(key), expected, `${pattern} on ${key}, seed ${seed}`);
    hits += expected;
  }
  assert.ok(hits > 1000);
  // What backtracking would not live to see the end of.
  assert.equal(matcher("*a".repeat(50).concat("*b"))("a".repeat(10_000)), false);
});

test("a store that cannot list: keys, size and deleteMatch say so, clear tells", async () => {
  const { cache, events } = stage(BARE);
  await cache.set("a", 1);
  for (const ask of [() => cache.keys(), () => cache.size(), () => cache.deleteMatch("*")]) {
    await assert.rejects(ask(), { code: "E_STORE" });
  }
  assert.equal(await cache.has("a"), false, "what was found in memory was dropped everywhere");
  await cache.set("b", 1);
  await cache.clear();
  const told = events.map(({ type, operation }) => [type, operation]);
  assert.deepEqual(told.at(-1), ["store-error", "clear"]);
  assert.equal(await cache.get("b"), 1, "the store has it still");
});

test("clear and keys leave other namespaces of a store alone", async () => {
  const { clock, shared, cache } = stage();
  const other = createCache({ clock, stores: [memory(), shared], namespace: "nn" });
  await cache.set("k", 1);
  await other.set("k", 2);
  await cache.increment("c");
  assert.deepEqual((await cache.keys()).sort(), ["c", "k"]);
  await cache.clear();
  assert.deepEqual([await cache.get("k"), await other.get("k")], [undefined, 2]);
  assert.deepEqual([...shared.held.keys()], ["nn:k"]);
});

test("across instances: one add wins, counters are exact, also while they are made", async () => {
  const { clock, caches } = stage(undefined, { instances: 4, latency: () => 2 });
  const added = Promise.all(caches.map((cache, nth) => cache.add("a", nth)));
  const counted = Promise.all(
    Array.from({ length: 40 }, (_, nth) => caches[nth % 4].increment("n")),
  );
  await clock.runTo(10_000);
  assert.equal((await added).filter(Boolean).length, 1);
  const sums = (await counted).sort((a, b) => a - b);
  assert.deepEqual(
    sums,
    Array.from({ length: 40 }, (_, nth) => nth + 1),
  );
  const seen = Promise.all(caches.map((cache) => cache.get("n")));
  await clock.runTo(20_000);
  assert.deepEqual(await seen, [40, 40, 40, 40]);
});

test("across instances: a number that was set becomes a counter once", async () => {
  const { clock, caches, cache } = stage(undefined, { instances: 4, latency: () => 2 });
  const set = cache.set("n", 100, { ttl: 60_000 });
  await clock.runTo(100);
  await set;
  const counted = Promise.all(
    Array.from({ length: 20 }, (_, nth) => caches[nth % 4].increment("n")),
  );
  await clock.runTo(10_000);
  assert.equal(Math.max(...(await counted)), 120);
});

test("counters are in the first store that can increment and add, wherever their entry is found", async () => {
  const clock = new ManualClock();
  const near = new SharedStore(clock);
  const far = new SharedStore(clock);
  const stores = () => [memory(), only(near, "increment"), far];
  const [one, two] = [1, 2].map(() => createCache({ clock, stores: stores() }));
  assert.deepEqual([await one.increment("n"), await two.increment("n")], [1, 2]);
  assert.deepEqual([await one.get("n"), await two.peek("n"), await one.has("n")], [2, 2, true]);
  assert.deepEqual([near.count("increment"), near.held.has("n")], [0, true]);
  // Damaged, or lost: what is left of the store decides, and nobody is told nonsense.
  far.increment = async () => "3";
  assert.equal(await one.get("n"), undefined);
  await assert.rejects(one.increment("n"), { code: "E_STORE" });
});

test("getMany asks a store that can once, and one that cannot for each", async () => {
  for (const [capabilities, operations] of [
    [undefined, ["getMany n:b,n:c"]],
    [BARE, ["get n:b", "get n:c"]],
  ]) {
    const { shared, cache, other } = stage(capabilities);
    await cache.set("a", 1);
    await other.setMany([
      ["b", 2],
      ["c", 3],
    ]);
    shared.operations.length = 0;
    assert.deepEqual(await cache.getMany(["a", "b", "c", "b"]), [1, 2, 3, 2]);
    assert.deepEqual(shared.operations, operations);
  }
});

test("a store that is down: what must be exact says so, the rest goes on", async () => {
  const { shared, cache } = stage();
  await cache.ping();
  shared.down.add("*");
  await assert.rejects(cache.ping(), { code: "E_STORE" });
  await assert.rejects(cache.add("a", 1), { code: "E_STORE" });
  await assert.rejects(cache.increment("n"), { code: "E_STORE" });
  await assert.rejects(cache.lock("l", { ttl: 10 }), { code: "E_STORE" });
  assert.equal(await cache.set("a", 1), true);
  assert.deepEqual(await cache.getMany(["a", "b"]), [1, undefined]);
  assert.deepEqual(await cache.deleteMany(["a"]), [true]);
});

test("a getMany that forgets positions is a miss for all", async () => {
  const { cache, shared } = stage();
  shared.getMany = async () => [new Uint8Array(1)];
  assert.deepEqual(await cache.getMany(["a", "b"]), [undefined, undefined]);
});

test("switched off: nothing is read, nothing is stored, and nothing is counted", async () => {
  for (const make of Object.values(PLACES)) {
    const { cache } = make();
    await cache.set("a", 1);
    const off = cache.disable();
    assert.deepEqual(await cache.getMany(["a"]), [undefined]);
    assert.deepEqual([await cache.get("a"), await cache.ttl("a")], [undefined, undefined]);
    assert.deepEqual([await cache.set("a", 2), await cache.add("b", 2)], [false, false]);
    assert.deepEqual([await cache.expire("a", 5), await cache.replace("a", 3)], [false, false]);
    assert.deepEqual([await cache.increment("n"), await cache.increment("n")], [1, 1]);
    await cache.setMany([["c", 1]]);
    assert.equal(await cache.getOrSet("a", 9), 9);
    off.enable();
    assert.deepEqual(await cache.getMany(["a", "b", "c", "n"]), [
      1,
      undefined,
      undefined,
      undefined,
    ]);
  }
  const none = createCache({ enabled: false });
  assert.equal(await none.set("a", 1), false);
  assert.deepEqual([await none.get("a"), await none.increment("n", 2)], [undefined, 2]);
});

test("a closed cache refuses every operation, and leaves its stores open", async () => {
  const { cache, shared } = stage();
  let closed = 0;
  shared.close = () => {
    closed += 1;
  };
  await cache.close();
  const asked = {
    get: ["a"],
    getMany: [["a"]],
    set: ["a", 1],
    setMany: [[["a", 1]]],
    add: ["a", 1],
    replace: ["a", 1],
    has: ["a"],
    peek: ["a"],
    delete: ["a"],
    deleteMany: [["a"]],
    deleteMatch: ["*"],
    keys: [],
    ttl: ["a"],
    expire: ["a", 1],
    increment: ["a"],
    getOrSet: ["a", 1],
    lock: ["a", { ttl: 1 }],
    isLocked: ["a"],
    ping: [],
    clear: [],
    size: [],
    invalidate: ["a"],
  };
  for (const [operation, args] of Object.entries(asked)) {
    await assert.rejects(cache[operation](...args), { code: "E_CLOSED" }, operation);
  }
  assert.deepEqual([closed, shared.operations], [0, []]);
});

test("wrong arguments are a ConfigError", async () => {
  const { cache, shared } = stage();
  const wrong = [
    ["getMany", "abc"],
    ["getMany", [1]],
    ["getMany", undefined],
    ["setMany", { a: 1 }],
    ["setMany", [["a"]]],
    ["setMany", [[1, 2]]],
    ["setMany", [["a", 1]], { ttl: "x" }],
    ["deleteMany", null],
    ["deleteMatch"],
    ["deleteMatch", /user/],
    ["keys", 5],
    ["ttl", 1],
    ["expire", "a"],
    ["expire", "a", -1],
    ["increment", "a", "1"],
    ["increment", "a", NaN],
    ["increment", "a", Infinity],
    ["increment", "a", 1, { tll: 1 }],
    ["set", "a", 1, { tags: [] }],
    ["set", "a", 1, { ifAbsent: true, ifPresent: true }],
    ["set", "a", 1, { ifAbsent: 1 }],
    ["set", "a", 1, null],
    ["add", "a", 1, { ifAbsent: true }],
    ["replace", 1, 1],
    ["getOrSet", "a", 1, { ttl: -1 }],
    ["lock", "a"],
    ["lock", "a", {}],
    ["lock", "a", { ttl: 0 }],
    ["lock", "a", { ttl: 1, wait: "soon" }],
    ["lock", 1, { ttl: 1 }],
    ["isLocked", 1],
  ];
  for (const [operation, ...args] of wrong) {
    await assert.rejects(cache[operation](...args), { code: "E_CONFIG" }, `${operation} ${args}`);
  }
  assert.deepEqual(shared.operations, []);
});

test("locks: exclusive here and across instances, in order, given back by their owner only", async () => {
  const { clock, shared, cache, other } = stage();
  const one = await cache.lock("job", { ttl: 1000 });
  assert.deepEqual([await cache.isLocked("job"), await other.isLocked("job")], [true, true]);
  assert.equal(await other.isLocked("jobs"), false);
  await assert.rejects(other.lock("job", { ttl: 1000, wait: 0 }), { code: "E_LOCK_TIMEOUT" });
  await assert.rejects(cache.lock("job", { ttl: 1000, wait: 0 }), { code: "E_LOCK_TIMEOUT" });
  const took = [];
  const here = cache.lock("job", { ttl: 1000, wait: 5000 }).then((lock) => {
    took.push("here");
    return lock;
  });
  await clock.runTo(100);
  assert.deepEqual([await one.release(), await one.release()], [true, false]);
  const two = await here;
  assert.deepEqual(took, ["here"]);
  // It outlives its ttl: another instance has the lock, and keeps it.
  await clock.runTo(1200);
  const three = await other.lock("job", { ttl: 1000 });
  assert.equal(await two.release(), false);
  assert.equal(await other.isLocked("job"), true);
  assert.equal(await three.release(), true);
  assert.equal(await cache.isLocked("job"), false);
  assert.deepEqual([...shared.held.keys()], []);
});

test("locks: within an instance, too, only the owner gives back", async () => {
  const { clock, cache } = PLACES.memory();
  const first = await cache.lock("job", { ttl: 1000 });
  await clock.runTo(1000);
  const second = await cache.lock("job", { ttl: 1000, wait: 0 });
  assert.deepEqual([await first.release(), await cache.isLocked("job")], [false, true]);
  assert.equal(await second.release(), true);
});

test("add takes the place of what is stale or damaged", async () => {
  for (const capabilities of [undefined, BARE, ["add"]]) {
    const { clock, shared, cache } = stage(capabilities);
    const get = cache.wrap(() => "old", { ttl: 10, staleIfError: "1h", key: "k" });
    await get();
    await drain();
    assert.equal(await cache.add("k", "new"), false);
    await clock.runTo(10);
    assert.equal(await cache.add("k", "new"), true, String(capabilities));
    assert.equal(await cache.get("k"), "new");
    shared.held.set("n:d", { record: new Uint8Array(3), due: 1e9 });
    assert.equal(await cache.add("d", 1), true, String(capabilities));
  }
});

test("a store that lists more than it was asked for loses nothing of others", async () => {
  const { clock, shared } = stage();
  const greedy = only(shared, "keys", "deleteMany");
  greedy.keys = () => [...shared.held.keys()];
  const cache = createCache({ clock, stores: [memory(), greedy], namespace: "a" });
  const other = createCache({ clock, stores: [memory(), greedy], namespace: "b" });
  await cache.set("k", 1);
  await other.set("k", 2);
  assert.deepEqual(await cache.keys(), ["k"]);
  await cache.clear();
  assert.deepEqual([...shared.held.keys()], ["b:k"]);
});

test("locks: a holder that vanished is followed after its ttl and not before", async () => {
  for (const make of [PLACES.memory, PLACES["memory and a store that can all"]]) {
    const { clock, cache } = make();
    await cache.lock("job", { ttl: 3000 });
    let took;
    const next = cache.lock("job", { ttl: 3000, wait: 20_000 }).then(() => {
      took = clock.elapsed;
    });
    await clock.runTo(10_000);
    await next;
    assert.ok(took >= 3000 && took <= 5000, `after ${took} ms`);
  }
});

test("locks: `await using` gives back, also without a store, and while switched off", async () => {
  const cache = createCache({ clock: new ManualClock() });
  cache.disable();
  const lock = await cache.lock("job", { ttl: "1m" });
  assert.equal(await cache.isLocked("job"), true);
  await lock[Symbol.asyncDispose]();
  assert.equal(await cache.isLocked("job"), false);
});

test("memory({ copy: true }): nobody sees what another does to a value", async () => {
  const clock = new ManualClock();
  const store = memory({ copy: true });
  const cache = createCache({ clock, stores: [store] });
  const given = { list: [1], at: new Date(5) };
  await cache.set("a", given);
  given.list.push(2);
  const read = await cache.get("a");
  read.list.push(3);
  assert.deepEqual(await cache.get("a"), { list: [1], at: new Date(5) });
  const source = { n: [0] };
  const load = cache.wrap(async () => source, { ttl: 1000, staleWhileRevalidate: 1000 });
  const all = await Promise.all([load(), load(), load()]);
  assert.equal(new Set([...all, source, await load(), await load.peek()]).size, 6);
  for (const value of [...all, source]) value.n.push(1);
  assert.deepEqual(await load(), { n: [0] });
  await clock.runTo(1500);
  assert.deepEqual(await load(), { n: [0] });
  store.set("own", source);
  assert.notEqual(store.get("own"), source);
  assert.notEqual(store.get("own"), store.get("own"));
});

test("memory({ copy: true }): what cannot be cloned is given as it is, errors and responses too", async () => {
  const cache = createCache({ clock: new ManualClock(), stores: [memory({ copy: true })] });
  const value = { run() {} };
  await cache.set("a", value);
  assert.equal(await cache.get("a"), value);
  const failure = new Error("down");
  const fails = cache.wrap(() => Promise.reject(failure), { ttl: 1000, errorTtl: 1000 });
  for (const _ of [1, 2]) await assert.rejects(fails(), (error) => error === failure);
  let loads = 0;
  const fetch = async () => new Response(`body ${++loads}`);
  const get = cache.fetch({ ttl: 1000 }, { fetch });
  const bodies = [await get("http://origin/"), await get("http://origin/")].map((r) => r.text());
  assert.deepEqual(await Promise.all(bodies), ["body 1", "body 1"]);
});
