// Hooks around the operations of a cache: what they are told, and what they may change.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isHoldoverError, memory, createCache as plainCache } from "holdover";
import { many } from "holdover/batches";
import { cached, wrapped as wrappedOf } from "holdover/decorator";
import { cachedFetch } from "holdover/fetch";
import { addHooks } from "holdover/hooks";
import { toCacheManager } from "holdover/integrations/cache-manager";
import { toKeyv } from "holdover/integrations/keyv";
import { unstorageDriver } from "holdover/integrations/unstorage";
import * as operations from "holdover/operations";
import { customStore } from "holdover/stores/custom";
import { invalidateTags, invalidating } from "holdover/tags";
import { createCache } from "./support/caches.mjs";
import { ManualClock } from "./support/manual-clock.mjs";
import { WholeStore } from "./support/whole-store.mjs";

/** A cache whose hooks write down what they see: `[before, after]` of each operation. */
function stage(options = {}, ...hooks) {
  const clock = new ManualClock();
  const told = [];
  const events = [];
  const onEvent = (event) => events.push(event);
  const cache = addHooks(createCache({ clock, onEvent, ...options }), ...hooks, {
    before: ({ operation, keys }) => void told.push(`${operation} ${keys}`),
    after: ({ operation }, { result, error, failed }) =>
      void told.push(`${operation}: ${failed ? error : JSON.stringify(result)}`),
  });
  const tells = async (act) => {
    told.length = 0;
    await act();
    return [...told];
  };
  return { cache, clock, events, tells };
}

const KINDS = {
  memory: () => ({}),
  "a lower store": () => ({ stores: [customStore(new WholeStore())], writes: "await" }),
  both: () => ({ stores: [memory(), customStore(new WholeStore())], writes: "await" }),
};

const getUser = (cache) => cache.wrap(async (id) => ({ id }), { ttl: "1m", key: "u:{0}" });

/** Each operation, and what hooks are told of it where `k` is 1. */
const OPERATIONS = {
  get: [(cache) => cache.get("k"), ["get k", "get: 1"]],
  has: [(cache) => cache.has("none"), ["has none", "has: false"]],
  ttl: [(cache) => operations.ttl(cache, "none"), ["ttl none", "ttl: undefined"]],
  peek: [(cache) => operations.peek(cache, "k"), ["peek k", "peek: 1"]],
  entryOf: [(cache) => operations.entryOf(cache, "none"), ["entryOf none", "entryOf: undefined"]],
  getMany: [
    (cache) => operations.getMany(cache, ["k", "none"]),
    ["getMany k,none", "getMany: [1,null]"],
  ],
  set: [(cache) => cache.set("k", 2), ["set k", "set: true"]],
  setMany: [
    (cache) => operations.setMany(cache, Object.entries({ a: 1, b: 2 })),
    ["setMany a,b", "setMany: undefined"],
  ],
  add: [(cache) => operations.add(cache, "k", 2), ["add k", "add: false"]],
  replace: [(cache) => operations.replace(cache, "k", 2), ["replace k", "replace: true"]],
  increment: [(cache) => operations.increment(cache, "n", 2), ["increment n", "increment: 2"]],
  expire: [(cache) => operations.expire(cache, "k", "1m"), ["expire k", "expire: true"]],
  markStale: [(cache) => operations.markStale(cache, "k"), ["markStale k", "markStale: true"]],
  delete: [(cache) => cache.delete("k"), ["delete k", "delete: true"]],
  deleteMany: [
    (cache) => operations.deleteMany(cache, ["k", "none"]),
    ["deleteMany k,none", "deleteMany: [true,false]"],
  ],
  invalidate: [(cache) => cache.invalidate("k"), ["invalidate k", "invalidate: undefined"]],
  deleteMatch: [
    (cache) => operations.deleteMatch(cache, "k*"),
    ["deleteMatch k*", "deleteMatch: 1"],
  ],
  clear: [(cache) => operations.clear(cache), ["clear ", "clear: undefined"]],
  keys: [(cache) => operations.keys(cache, "k*"), ["keys k*", 'keys: ["k"]']],
  size: [(cache) => operations.size(cache), ["size *", "size: 1"]],
  getOrSet: [
    (cache) => operations.getOrSet(cache, "new", 5),
    ["call new", "load new", "load: 5", "call: 5"],
  ],
  invalidateTags: [
    (cache) => invalidateTags(cache, ["t"]),
    ["invalidateTags ", "invalidateTags: undefined"],
  ],
  "invalidating, of keys and tags": [
    (cache) =>
      invalidating(
        cache,
        () => 1,
        () => ({ keys: ["k"], tags: ["t"] }),
      )(),
    [...["invalidate k", "invalidateTags ", "invalidate: undefined", "invalidateTags: undefined"]],
  ],
  getOrLoad: [
    (cache) => cache.getOrLoad("new", () => 5, { ttl: "1m" }),
    ["call new", "load new", "load: 5", "call: 5"],
  ],
  "getOrLoad, a hit": [
    (cache) => cache.getOrLoad("k", () => 5, { ttl: "1m" }),
    ["call k", "call: 1"],
  ],
  explain: [(cache) => cache.explain("k", () => 5, { ttl: "1m" }), ["call k", "call: 1"]],
  "a wrapped function": [
    (cache) => getUser(cache)(1),
    ["call u:1", "load u:1", 'load: {"id":1}', 'call: {"id":1}'],
  ],
  "a load that fails": [
    (cache) =>
      cache
        .wrap(() => Promise.reject("down"), { ttl: 1, key: "u" })()
        .catch(() => {}),
    ["call u", "load u", "load: down", "call: down"],
  ],
  "wrapped.with": [
    (cache) => getUser(cache).with({ bypass: true })(1),
    ["call u:1", "load u:1", 'load: {"id":1}', 'call: {"id":1}'],
  ],
  "wrapped.explain": [
    (cache) => getUser(cache).explain(1),
    ["call u:1", "load u:1", 'load: {"id":1}', 'call: {"id":1}'],
  ],
  "wrapped.refresh": [
    (cache) => getUser(cache).refresh(1),
    ["refresh u:1", "load u:1", 'load: {"id":1}', 'refresh: {"id":1}'],
  ],
  "wrapped.peek": [(cache) => getUser(cache).peek(1), ["peek u:1", "peek: undefined"]],
  "wrapped.set": [(cache) => getUser(cache).set([1], 2), ["set u:1", "set: undefined"]],
  "wrapped.invalidate": [
    (cache) => getUser(cache).invalidate(1),
    ["invalidate u:1", "invalidate: undefined"],
  ],
  many: [
    (cache) =>
      many(
        cache.wrap((id) => id, { ttl: "1m", key: "u:{0}" }),
        [[1], [2]],
      ),
    ["many u:1,u:2", "load u:1", "load u:2", "load: 1", "load: 2", "many: [1,2]"],
  ],
  loadMany: [
    (cache) => {
      const loadMany = (list) => list.map(([id]) => id);
      return many(
        cache.wrap((id) => id, { ttl: "1m", key: "u:{0}", loadMany }),
        [[1], [2]],
      );
    },
    ["many u:1,u:2", "loadMany u:1,u:2", "loadMany: [1,2]", "many: [1,2]"],
  ],
  "a method with @cached": [
    (cache) => {
      const kept = cached(cache, { ttl: "1m", key: "m" })(() => 1, { kind: "method", name: "m" });
      return kept().then(() => wrappedOf(kept).invalidate());
    },
    ["call m", "load m", "load: 1", "call: 1", "invalidate m", "invalidate: undefined"],
  ],
};

for (const [kind, options] of Object.entries(KINDS)) {
  for (const [name, [act, told]] of Object.entries(OPERATIONS)) {
    test(`${name} in ${kind} is told before and after`, async () => {
      const { cache, tells } = stage(options());
      await cache.set("k", 1);
      assert.deepEqual(await tells(() => act(cache)), told);
    });
  }
}

/** What has no keys to change, or is synchronous. */
const PAST_HOOKS = ["dump", "memoryEntries", "ping", "restore"];
/** What compares and writes in one step, which a cache with hooks refuses. */
const REFUSED = ["take", "getVersioned", "compareAndSet", "update"];

test("what hooks cannot stand around is refused, and does nothing", async () => {
  const { transaction } = await import("holdover/transactions");
  const cache = addHooks(createCache(), { key: (key) => `t:${key}` });
  await cache.set("k", 1);
  const refused = { code: "E_CONFIG", message: /a cache without hooks/ };
  for (const name of REFUSED) {
    const acting = operations[name](cache, "k", () => 2, 2);
    await assert.rejects(acting, refused, name);
  }
  await assert.rejects(
    transaction(cache, () => 1),
    refused,
  );
  assert.equal(await cache.get("k"), 1);
});

test("every operation of holdover/operations passes its hooks, but for those named here", () => {
  const passing = Object.keys(operations).filter(
    (name) => ![...PAST_HOOKS, ...REFUSED].includes(name),
  );
  for (const name of passing) assert.ok(name in OPERATIONS, name);
});

test("without hooks a cache has nothing of them", () => {
  const cache = plainCache();
  assert.deepEqual(
    Object.keys(cache).filter((name) => !["driver", "entries", "policies"].includes(name)),
    [],
  );
  assert.equal(cache.driver.isPlain, true);
});

test("a hook knows the caller's keys, values, tags, arguments, the function and the time taken", async () => {
  const seen = [];
  const clock = new ManualClock();
  const cache = addHooks(createCache({ clock }), {
    key: (key) => `t:${key}`,
    after: (operation, end) => void seen.push({ ...operation, ...end }),
  });
  await cache.set("k", "v");
  await invalidateTags(cache, ["a", "b"]);
  const load = async (id) => {
    await clock.after(20);
    return id;
  };
  clock.after = (time) => new Promise((resolve) => void clock.setTimeout(resolve, time));
  const user = cache.wrap(load, { ttl: "1m", key: "u:{0}", name: "user" });
  const first = user(7);
  await clock.runFor(20);
  await first;
  await user(7);
  const [set, tags, loaded, missed, hit] = seen;
  assert.deepEqual([set.keys, set.given, set.values], [["t:k"], ["k"], ["v"]]);
  assert.deepEqual([tags.tags, tags.keys, tags.values], [["a", "b"], [], []]);
  assert.deepEqual([loaded.operation, loaded.keys, loaded.duration], ["load", ["t:u:7"], 20]);
  assert.deepEqual([missed.given, missed.name, missed.args], [["u:7"], "user", [7]]);
  assert.deepEqual([missed.source, missed.duration], ["load", 20]);
  assert.deepEqual([hit.source, hit.duration, hit.result], ["hit", 0, 7]);
});

test("one hook is given the same operation before and after, which it cannot change", async () => {
  const seen = [];
  const cache = addHooks(createCache(), {
    before: (operation) => void seen.push(operation),
    after: (operation) => void seen.push(operation),
  });
  await cache.set("k", 1);
  assert.equal(seen[0], seen[1]);
  assert.throws(() => {
    seen[0].values = [2];
  });
});

test("the first hook stands outside of the others", async () => {
  const told = [];
  const named = (name) => ({
    key: (key) => `${key}-${name}`,
    before: () => void told.push(`before ${name}`),
    after: () => void told.push(`after ${name}`),
  });
  const cache = addHooks(createCache(), named("a"), named("b"));
  addHooks(cache, named("c"));
  await cache.set("k", 1);
  const order = ["before a", "before b", "before c", "after c", "after b", "after a"];
  assert.deepEqual(told, order);
  assert.deepEqual(await operations.keys(cache, "*"), ["k-a-b-c"]);
});

test("hooks that return no promise delay nothing: a write is there at once", async () => {
  const { cache } = stage();
  const writing = cache.set("k", 1);
  assert.equal(cache.entries.held("k", true)?.value, 1);
  await writing;
});

test("arguments that are changed while hooks are waited for are as they were given", async () => {
  const clock = new ManualClock();
  const later = () => new Promise((resolve) => void clock.setTimeout(resolve, 10));
  const cache = addHooks(createCache({ clock }), { before: later });
  const options = { ttl: 1000, tags: ["t"] };
  const keys = ["k"];
  const writing = cache.set("k", 1, options);
  options.ttl = 1;
  options.tags.length = 0;
  await clock.runFor(10);
  await writing;
  const reading = operations.getMany(cache, keys);
  keys[0] = "other";
  await clock.runFor(20);
  assert.deepEqual(await reading, [1]);
  const dropping = invalidateTags(cache, "t");
  await clock.runFor(10);
  await dropping;
  assert.equal(cache.entries.held("k", true), undefined);
  await assert.rejects(cache.set("k", 1, { tl: 1 }), { code: "E_CONFIG" });
});

const tenants = (options) => {
  let tenant = "a";
  const key = (given) => `${tenant}:${given}`;
  const cache = addHooks(createCache(options), { key });
  const as = (name, act) => {
    tenant = name;
    return act();
  };
  return { cache, as };
};

for (const [kind, options] of Object.entries(KINDS)) {
  test(`two tenants never share an answer, nor a load under way, in ${kind}`, async () => {
    const { cache, as } = tenants(options());
    const ends = [];
    let secret = "a's";
    const load = () => new Promise((resolve) => ends.push(resolve));
    const user = cache.wrap(load, { ttl: "1m", key: "user" });
    const a = as("a", () => user());
    const b = as("b", () => user());
    const again = as("a", () => user());
    for (let turns = 0; turns < 50; turns += 1) await undefined;
    assert.equal(ends.length, 2);
    ends[0](secret);
    secret = "b's";
    ends[1](secret);
    assert.deepEqual(await Promise.all([a, b, again]), ["a's", "b's", "a's"]);
    assert.equal(await as("a", () => user.peek()), "a's");
    assert.equal(await as("b", () => cache.get("user")), "b's");
    assert.equal(await as("c", () => cache.get("user")), undefined);
    assert.deepEqual(await as("b", () => operations.getMany(cache, ["user"])), ["b's"]);
    await as("a", () => user.invalidate());
    assert.equal(await as("a", () => cache.has("user")), false);
    assert.equal(await as("b", () => cache.has("user")), true);
    await as("b", () => user.set([], "set"));
    assert.equal(await as("b", () => user()), "set");
    assert.deepEqual(await as("b", () => operations.keys(cache, "u*")), ["b:user"]);
    assert.equal(await as("a", () => operations.deleteMatch(cache, "u*")), 0);
    assert.equal(await as("b", () => operations.deleteMatch(cache, "u*")), 1);
    assert.equal(await as("b", () => cache.has("user")), false);
  });

  test(`every operation of one key uses the key that a hook made, in ${kind}`, async () => {
    const { cache, as } = tenants(options());
    const of = {
      set: () => cache.set("k", 1),
      add: () => operations.add(cache, "add", 1),
      increment: () => operations.increment(cache, "n"),
      setMany: () => operations.setMany(cache, [["m", 1]]),
      getOrSet: () => operations.getOrSet(cache, "g", 1),
      getOrLoad: () => cache.getOrLoad("l", () => 1, { ttl: "1m" }),
    };
    for (const act of Object.values(of)) await as("a", act);
    const found = await as("a", () => operations.keys(cache));
    assert.deepEqual(found.sort(), ["a:add", "a:g", "a:k", "a:l", "a:m", "a:n"]);
    for (const name of ["add", "g", "k", "l", "m", "n"]) {
      assert.equal(await as("b", () => cache.get(name)), undefined);
      assert.equal(await as("a", () => cache.get(name)), 1);
      assert.ok((await as("a", () => operations.ttl(cache, name))) > 0);
      assert.equal((await as("a", () => operations.entryOf(cache, name))).value, 1);
    }
    assert.equal(await as("b", () => operations.expire(cache, "k", "1m")), false);
    assert.equal(await as("a", () => operations.expire(cache, "k", "1m")), true);
    assert.equal(await as("b", () => operations.replace(cache, "k", 2)), false);
    assert.equal(await as("a", () => operations.replace(cache, "k", 2)), true);
    assert.equal(await as("b", () => operations.markStale(cache, "m")), false);
    assert.equal(await as("a", () => operations.markStale(cache, "m")), true);
    assert.deepEqual(await as("b", () => operations.deleteMany(cache, ["g", "l"])), [false, false]);
    assert.deepEqual(await as("a", () => operations.deleteMany(cache, ["g", "l"])), [true, true]);
    assert.equal(await as("b", () => cache.delete("k")), false);
    assert.equal(await as("a", () => cache.delete("k")), true);
    await as("a", () =>
      invalidating(
        cache,
        () => 1,
        () => ({ keys: ["add"] }),
      )(),
    );
    assert.deepEqual(await as("a", () => operations.keys(cache)), ["a:n"]);
    assert.equal(await as("a", () => operations.size(cache)), 1);
  });
}

test("integrations use the keys that a hook made", async () => {
  const { cache, as } = tenants();
  const manager = toCacheManager(cache);
  const driver = unstorageDriver(cache);
  const keyv = toKeyv(() => cache);
  const stored = () => [...cache.entries.host.space.keys()].sort();
  await as("a", () => manager.mset([{ key: "m", value: 1 }]));
  await as("a", () => driver.setItem("u", "1"));
  await as("a", () => keyv.set("v", 1));
  assert.deepEqual(stored(), ["a:m", "a:u", "a:v"]);
  assert.deepEqual(await as("a", () => manager.mget(["m"])), [1]);
  assert.deepEqual(await as("b", () => manager.mget(["m"])), [undefined]);
  assert.equal((await as("b", () => driver.getItems([{ key: "u" }])))[0].value, null);
  assert.deepEqual(await as("b", () => keyv.getMany(["v"])), [undefined]);
  assert.deepEqual(await as("a", () => driver.getKeys()), ["a:m", "a:u", "a:v"]);
  await as("b", () => manager.mdel(["m"]));
  await as("b", () => keyv.deleteMany(["v"]));
  await as("b", () => driver.clear("u"));
  const left = async () => [await cache.has("m"), await cache.has("u"), await cache.has("v")];
  assert.deepEqual(await as("a", left), [true, true, true]);
  await as("a", () => manager.mdel(["m"]));
  await as("a", () => keyv.deleteMany(["v"]));
  await as("a", () => driver.clear("u"));
  assert.deepEqual(await as("a", left), [false, false, false]);
});

test("values are changed on their way in and out, in batches as well", async () => {
  const stored = [];
  const cache = addHooks(createCache({ stores: [memory(), new WholeStore()], writes: "await" }), {
    before: ({ operation, values }) => {
      stored.push(operation);
      if (values.length > 0) return { values: values.map((value) => `<${value}>`) };
    },
    after: ({ operation }, { result }) => {
      if (operation === "get") return { result: result?.slice(1, -1) };
      if (operation === "getMany") return { result: result.map((value) => value?.slice(1, -1)) };
      if (operation === "load") return { result: `<${result}>` };
    },
  });
  await cache.set("k", "v");
  await operations.setMany(cache, Object.entries({ a: 1, b: 2 }));
  await cache.getOrLoad("l", () => "loaded", { ttl: "1m" });
  assert.equal(await operations.peek(cache, "k"), "<v>");
  assert.equal(await operations.peek(cache, "l"), "<loaded>");
  assert.equal(await cache.get("k"), "v");
  assert.deepEqual(await operations.getMany(cache, ["a", "none", "b"]), ["1", undefined, "2"]);
});

test("before may answer: nothing is read, written or loaded", async () => {
  const answers = { get: 7, set: true, call: "mine", getMany: [1, 2], deleteMany: [true] };
  let isOn = true;
  const cache = addHooks(createCache(), {
    before: ({ operation }) => (isOn && operation in answers ? { result: answers[operation] } : {}),
  });
  let loads = 0;
  const load = () => {
    loads += 1;
  };
  assert.equal(await cache.get("k"), 7);
  assert.equal(await cache.set("k", 1), true);
  assert.deepEqual(await operations.getMany(cache, ["a", "b"]), [1, 2]);
  assert.deepEqual(await operations.deleteMany(cache, ["a"]), [true]);
  assert.equal(await cache.getOrLoad("k", load, { ttl: "1m" }), "mine");
  const explained = await cache.explain("k", load, { ttl: "1m" });
  const answered = { value: "mine", source: "hook", age: 0, ttl: 0, tier: undefined };
  assert.deepEqual(explained, answered);
  isOn = false;
  assert.equal(loads, 0);
  assert.equal(await cache.get("k"), undefined);
});

test("an answer is also undefined, if it is given", async () => {
  const cache = addHooks(createCache(), { before: () => ({ result: undefined }) });
  await cache.set("k", 1);
  assert.equal(cache.entries.held("k", true), undefined);
});

test("what before refuses is E_REFUSED with the reason, and is not performed", async () => {
  const why = new Error("read only");
  const cache = addHooks(createCache(), {
    name: "guardian",
    before: ({ operation }) => {
      if (operation === "set" || operation === "delete") return { refuse: why };
      if (operation === "call") return { refuse: "nobody loads" };
    },
  });
  const refused = { code: "E_REFUSED", cause: why, message: "guardian refused set" };
  await assert.rejects(cache.set("k", 1), refused);
  await operations.setMany(cache, [["k", 2]]);
  await assert.rejects(cache.delete("k"), { code: "E_REFUSED" });
  assert.equal(await cache.get("k"), 2);
  const call = cache.getOrLoad("k", () => 3, { ttl: "1m" });
  await assert.rejects(call, { message: "guardian refused call: nobody loads" });
  assert.ok(await call.catch((error) => isHoldoverError(error, "E_REFUSED")));
});

test("a refused load is a load that failed: an entry answers while it may", async () => {
  let refuses = false;
  const clock = new ManualClock();
  const cache = addHooks(createCache({ clock }), {
    before: ({ operation }) =>
      refuses && operation === "load" ? { refuse: "not now" } : undefined,
  });
  const user = cache.wrap(() => "old", { ttl: 1000, staleIfError: "1h", key: "u" });
  await user();
  refuses = true;
  await clock.runFor(2000);
  assert.equal(await user(), "old");
  await user.invalidate();
  await assert.rejects(user(), { code: "E_REFUSED" });
});

const never = () => new Promise(() => {});
const FAILURES = {
  "throws an error": () => {
    throw new Error("hook");
  },
  "throws undefined": () => {
    throw undefined;
  },
  rejects: () => Promise.reject(new Error("hook")),
  "never settles": never,
  "returns a string": () => "answer",
  "returns null": () => null,
  "returns an unknown member": () => ({ value: 1 }),
  "answers a promise": () => ({ result: never() }),
  "answers a promise that rejects": () => ({ result: Promise.reject(new Error("hook")) }),
};
const BEFORE_ONLY = {
  "returns values where none are stored": () => ({ values: [1, 2, 3] }),
  "returns a promise as value": ({ values }) => ({ values: [...values.slice(1), never()] }),
  "refuses with true": () => ({ refuse: true }),
};

/** Lets an operation end, whatever hooks wait for. */
async function ended(clock, operation) {
  const outcome = operation.then(
    (value) => ({ value }),
    (error) => ({ error }),
  );
  await clock.runFor(60_000);
  return outcome;
}

for (const [what, before] of Object.entries({ ...FAILURES, ...BEFORE_ONLY })) {
  test(`before that ${what}: reads and writes are not done, drops are, and all reject`, async () => {
    let isOn = false;
    const clock = new ManualClock();
    const events = [];
    const onEvent = (event) => events.push(event);
    const store = new WholeStore();
    const stores = [memory(), store];
    const cache = addHooks(createCache({ clock, onEvent, stores, writes: "await" }), {
      name: "mine",
      before: (operation) => (isOn ? before(operation) : undefined),
    });
    let loads = 0;
    const load = () => {
      loads += 1;
      return loads;
    };
    await operations.setMany(cache, Object.entries({ a: 1, b: 1, c1: 1, kept: 1 }));
    await cache.set("t", 1, { tags: ["t"] });
    isOn = true;
    const kept = {
      get: () => cache.get("kept"),
      set: () => cache.set("kept", 2),
      increment: () => operations.increment(cache, "kept"),
      call: () => cache.getOrLoad("new", load, { ttl: "1m" }),
      many: () => many(cache.wrap(load, { ttl: "1m", key: "n:{0}" }), [[1], [2]]),
    };
    for (const [name, act] of Object.entries(kept)) {
      const { error } = await ended(clock, act());
      assert.equal(error?.code, "E_HOOK", name);
      assert.equal(error.performed, false, name);
      assert.equal(error.message, `before of mine failed for ${name}`);
    }
    assert.equal(loads, 0);
    const drops = {
      delete: () => cache.delete("a"),
      deleteMany: () => operations.deleteMany(cache, ["b"]),
      deleteMatch: () => operations.deleteMatch(cache, "c*"),
      invalidateTags: () => invalidateTags(cache, "t"),
    };
    for (const [name, act] of Object.entries(drops)) {
      const { error } = await ended(clock, act());
      assert.equal(error?.code, "E_HOOK", name);
      assert.equal(error.performed, true, name);
    }
    const told = events.filter(({ type }) => type === "policy-error");
    assert.equal(told.length, 9);
    assert.ok(
      told.every(({ option, error }) => option === "hooks.before" && error.code === "E_HOOK"),
    );
    isOn = false;
    const left = await operations.getMany(cache, ["a", "b", "c1", "t", "kept"]);
    assert.deepEqual(left, [undefined, undefined, undefined, undefined, 1]);
    assert.deepEqual(
      [...store.records.keys()].filter((name) => /^[abc]/.test(name)),
      [],
    );
  });
}

for (const [what, after] of Object.entries(FAILURES)) {
  test(`after that ${what}: the operation is done, and rejects`, async () => {
    const clock = new ManualClock();
    let isOn = true;
    const cache = addHooks(createCache({ clock }), { after: () => (isOn ? after() : undefined) });
    for (const act of [() => cache.set("k", 1), () => cache.get("k"), () => cache.delete("k")]) {
      const { error } = await ended(clock, act());
      assert.equal(error?.code, "E_HOOK");
      assert.equal(error.performed, true);
    }
    const load = () => Promise.reject(new Error("origin"));
    const { error } = await ended(clock, cache.getOrLoad("l", load, { ttl: "1m" }));
    assert.equal(error.message, "origin");
    isOn = false;
    assert.equal(await cache.get("k"), undefined);
  });
}

test("a hook has its time: 500 ms, or its own", async () => {
  const clock = new ManualClock();
  const late = (time) => () => new Promise((resolve) => void clock.setTimeout(resolve, time));
  const cacheWith = (hooks) => addHooks(createCache({ clock }), hooks);
  const outcome = (hooks) => ended(clock, cacheWith(hooks).has("k"));
  assert.deepEqual(await outcome({ before: late(499) }), { value: false });
  assert.equal((await outcome({ before: late(501) })).error.code, "E_HOOK");
  assert.match((await outcome({ after: late(501) })).error.cause.message, /took over 500 ms/);
  assert.deepEqual(await outcome({ before: late(900), timeout: "1s" }), { value: false });
  assert.equal((await outcome({ before: late(30), timeout: 20 })).error.code, "E_HOOK");
});

const NO_KEYS = {
  throws: () => {
    throw new Error("no tenant");
  },
  "returns a promise": () => Promise.resolve("k"),
  "returns undefined": () => undefined,
};

for (const [what, key] of Object.entries(NO_KEYS)) {
  test(`key that ${what}: nothing is done under another key, and everybody is told`, async () => {
    let isOn = false;
    const cache = addHooks(createCache(), { key: (given) => (isOn ? key() : `t:${given}`) });
    const user = cache.wrap(() => 2, { ttl: "1m", key: "k" });
    await cache.set("k", 1);
    isOn = true;
    const acts = [
      ...[() => cache.get("k"), () => cache.set("k", 2), () => cache.delete("k")],
      ...[() => user(), () => user.invalidate(), () => user.set([], 3), () => user.peek()],
      ...[() => operations.deleteMatch(cache, "*"), () => many(user, [[]])],
    ];
    for (const act of acts) {
      const { error } = await ended(new ManualClock(), act());
      assert.equal(error?.code, "E_HOOK", String(act));
      assert.equal(error.performed, false);
    }
    isOn = false;
    assert.deepEqual(await operations.keys(cache, "*"), ["t:k"]);
    assert.equal(await cache.get("k"), 1);
  });
}

test("after may put a result in the place of an error", async () => {
  const cache = addHooks(createCache(), {
    after: ({ operation }, { failed }) =>
      failed && operation === "call" ? { result: "sorry" } : undefined,
  });
  const load = () => Promise.reject(new Error("origin"));
  assert.equal(await cache.getOrLoad("k", load, { ttl: "1m" }), "sorry");
  assert.equal(await cache.get("k"), undefined);
  const explained = await cache.explain("k", load, { ttl: "1m" });
  assert.equal(explained.source, "hook");
});

test("explain tells the age of the entry that answered, whatever its key was made", async () => {
  const clock = new ManualClock();
  const cache = addHooks(createCache({ clock }), { key: (key) => `t:${key}` });
  const user = cache.wrap(() => ({}), { ttl: 1000, key: "u" });
  await user();
  await clock.runFor(300);
  const { source, age, ttl } = await user.explain();
  assert.deepEqual([source, age, ttl], ["hit", 300, 700]);
});

test("another instance drops what was dropped here, under the key that a hook made", async () => {
  const store = new WholeStore();
  const clock = new ManualClock();
  const instance = () =>
    addHooks(createCache({ clock, stores: [memory(), store], writes: "await" }), {
      key: (key) => `t:${key}`,
    });
  const [here, there] = [instance(), instance()];
  await here.set("k", 1);
  assert.equal(await there.get("k"), 1);
  await here.delete("k");
  await clock.runFor(100);
  assert.equal(await there.get("k"), undefined);
});

test("cached responses have keys of their own, and hooks of frameworks: these are not asked", async () => {
  const told = [];
  const cache = addHooks(createCache(), {
    key: () => "one for all",
    before: ({ operation }) => void told.push(operation),
  });
  const origin = async (request) => new Response(request.url);
  const get = cachedFetch(cache, { ttl: "1m" }, { fetch: origin });
  const texts = async () =>
    Promise.all(["a", "b", "a"].map(async (path) => (await get(`https://x.test/${path}`)).text()));
  const bodies = ["https://x.test/a", "https://x.test/b", "https://x.test/a"];
  assert.deepEqual(await texts(), bodies);
  assert.deepEqual(await texts(), bodies);
  assert.deepEqual(told, []);
});

test("hooks come before functions are wrapped, or are refused", async () => {
  const cache = createCache();
  await cache.set("k", 1);
  addHooks(cache, { before: () => {} });
  cache.wrap(() => 1, { ttl: 1 });
  addHooks(cache, { before: () => {} });
  const used = createCache();
  used.wrap(() => 1, { ttl: 1 });
  assert.throws(() => addHooks(used, { before: () => {} }), /createCache\(\) has just made/);
});

test("wrong hooks are named", () => {
  const wrong = [
    [{}, /key, before or after/],
    [undefined, /the options object of addHooks/],
    [{ befor: () => {} }, /did you mean "before"/],
    [{ before: 1 }, /option "before" is 1/],
    [{ key: async (key) => key }, /option "key"/],
    [{ name: 1, before: () => {} }, /option "name" is 1/],
    [{ timeout: 0, before: () => {} }, /option "timeout" is 0/],
    [{ timeout: Infinity, before: () => {} }, /option "timeout" is Infinity/],
  ];
  for (const [hooks, message] of wrong) {
    const cache = createCache();
    assert.throws(() => addHooks(cache, { before: () => {} }, hooks), message);
  }
  assert.throws(() => addHooks({}, { before: () => {} }), /the first argument of addHooks/);
});
