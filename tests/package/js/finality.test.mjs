// What was invalidated, or replaced, stays so: whatever the tiers below do at that time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { sign } from "holdover/codecs/sign";
import { add, clear, deleteMany, deleteMatch, getMany } from "holdover/operations";
import { invalidateTags } from "holdover/tags";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

function stage(options = {}) {
  const clock = new ManualClock();
  const store = new MapStore();
  const make = (more) => createCache({ clock, stores: [memory(), store], ...options, ...more });
  const cache = make();
  const origin = { row: "v1" };
  const policy = { ttl: "1h", key: "row" };
  const get = cache.wrap(async () => origin.row, policy);
  return { clock, store, make, cache, origin, get, policy };
}

for (const [what, change] of [
  ["invalidate", ({ get }) => get.invalidate()],
  ["delete", ({ cache }) => cache.delete("row")],
  ["deleteMany", ({ cache }) => deleteMany(cache, ["row"])],
]) {
  test(`${what} while a write is under way: the write does not bring the old value back`, async () => {
    const set = stage();
    const { clock, store, origin, get } = set;
    store.misbehave = async (operation, _key, act) => {
      if (operation === "set") await new Promise((resolve) => clock.setTimeout(resolve, 60));
      return act();
    };
    await get();
    origin.row = "v2";
    const changed = change(set);
    await clock.runFor(100);
    await changed;
    assert.equal(store.records.size, 0);
    assert.equal(await get(), "v2");
  });
}

for (const [what, change, expected] of [
  ["invalidated", ({ get }) => get.invalidate(), "v2"],
  ["replaced", ({ cache }) => cache.set("row", "set", { ttl: "1h" }), "set"],
  ["cleared", ({ cache }) => clear(cache), "v2"],
]) {
  for (const [way, read] of [
    ["wrapped", ({ get }) => get()],
    ["direct", ({ cache }) => cache.get("row")],
    ["of many", async ({ cache }) => (await getMany(cache, ["row"]))[0]],
  ]) {
    test(`a read of a store, ${way}, that is under way when its key is ${what} looks again`, async () => {
      const { store, make, cache, origin, policy } = stage();
      store.clear = async () => store.records.clear();
      await cache.set("row", "v1", { ttl: "1h" });
      await drain();
      const other = make();
      const get = other.wrap(async () => origin.row, policy);
      let answer;
      store.misbehave = async (operation, _key, act) => {
        const found = await act();
        if (operation === "get" && answer === undefined) {
          await new Promise((resolve) => {
            answer = resolve;
          });
        }
        return found;
      };
      const call = read({ get, cache: other });
      await drain();
      origin.row = "v2";
      await change({ get, cache: other });
      answer();
      const found = await call;
      assert.ok([undefined, "v2", "set"].includes(found), `${found} was read before`);
      assert.equal(await get(), expected);
    });
  }
}

test("a store that refuses a delete is not read until it was done, and is asked again", async () => {
  const { clock, store, make, origin, get, policy } = stage();
  await get();
  await drain();
  store.misbehave = (operation, _key, act) => {
    if (operation !== "get") throw new Error("read only");
    return act();
  };
  origin.row = "v2";
  await get.invalidate();
  assert.equal(await get(), "v2");
  await drain();
  store.misbehave = undefined;
  await clock.runFor(6000);
  assert.equal(store.records.size, 0, "dropped when it could be");
  const other = make({ stores: [memory(), store] }).wrap(async () => "v3", policy);
  assert.equal(await other(), "v3");
});

test("a full store: what set could not write is dropped there", async () => {
  const { store, make, cache } = stage();
  await cache.set("k", 1);
  store.misbehave = (operation, _key, act) => {
    if (operation === "set") throw new Error("OOM");
    return act();
  };
  assert.equal(await cache.set("k", 2), true, "memory has it");
  assert.equal(await make({ stores: [store] }).get("k"), undefined);
  assert.equal(await make({ stores: [store] }).set("k", 3), false, "no tier has it");
});

test("a sealed write that never ends jams nothing", async () => {
  const { clock, store, make } = stage();
  const cache = make({
    stores: [store],
    sign: sign({ keys: [Uint8Array.from({ length: 32 }, (_, nth) => nth)] }),
  });
  let sets = 0;
  store.misbehave = (operation, _key, act) => {
    if (operation !== "set") return act();
    sets += 1;
    return sets === 1 ? new Promise(() => {}) : act();
  };
  // Sealing is done elsewhere, in as many turns as it takes there.
  const asked = async (times) => {
    for (let turn = 0; sets < times && turn < 100_000; turn += 1) await new Promise(setImmediate);
  };
  const jammed = cache.set("k", 1);
  await asked(1);
  await clock.runFor(600);
  await jammed;
  const written = cache.set("k", 2);
  await asked(2);
  assert.equal(await written, true);
  assert.equal(store.records.size, 1);
  await cache.invalidate("k");
  assert.equal(store.records.size, 0);
});

test("deleteMatch: a load under way does not store the old value", async () => {
  const { clock, origin, cache } = stage({ stores: [memory()] });
  const slow = cache.wrap(
    async () => {
      const { row } = origin;
      await new Promise((resolve) => clock.setTimeout(resolve, 50));
      return row;
    },
    { ttl: "1h", key: "user:1" },
  );
  const first = slow();
  await drain();
  origin.row = "v2";
  await deleteMatch(cache, "user:*");
  await clock.runFor(50);
  assert.equal(await first, "v1");
  const second = slow();
  await clock.runFor(50);
  assert.equal(await second, "v2");
});

test("deleteMatch: what a store has listed gets no copy of what one below it had", async () => {
  const { clock, make } = stage();
  const [above, below] = [new MapStore("above"), new MapStore("below")];
  for (const store of [above, below]) store.keys = async () => [...store.records.keys()];
  const writer = make({ stores: [below] });
  await writer.set("user:1", "v1");
  const later = (millis) => new Promise((resolve) => clock.setTimeout(resolve, millis));
  const list = above.keys;
  above.keys = async () => {
    const keys = await list();
    await later(100);
    return keys;
  };
  // Keeps what is found under the other key from the memory until all is over.
  below.misbehave = async (operation, key, act) => {
    if (operation === "get" && key === "other") await later(90);
    return act();
  };
  const cache = make({ stores: [above, below] });
  const reading = getMany(cache, ["user:1", "other"]);
  await clock.runFor(30);
  // Both are read once more, one by one, while keys are listed.
  const matching = deleteMatch(cache, "user:*");
  await clock.runFor(80);
  // Another instance drops it, before the keys of the store below are listed, too.
  await writer.delete("user:1");
  await clock.runFor(1000);
  assert.equal(await matching, 0);
  assert.deepEqual(await reading, [undefined, undefined]);
  assert.deepEqual([above.records.size, below.records.size], [0, 0]);
  // From then on there are copies again.
  await writer.set("user:2", "v2");
  await cache.get("user:2");
  await drain();
  assert.equal(above.records.size, 1);
});

test("deleteMatch: a listing whose request vanished keeps copies away no longer than its deadlines", async () => {
  const { clock, make } = stage();
  const [above, below] = [new MapStore("above"), new MapStore("below")];
  above.keys = () => new Promise(() => {});
  const cache = make({ stores: [above, below] });
  clock.as("request", () => void deleteMatch(cache, "user:*"));
  await clock.drainAs("request");
  clock.vanish("request");
  const writer = make({ stores: [below] });
  await writer.set("user:1", "v1");
  await cache.get("user:1");
  await drain();
  assert.equal(above.records.size, 0);
  await clock.runFor(2000);
  await cache.get("user:1");
  await drain();
  assert.equal(above.records.size, 1);
});

test("clear without a namespace empties the memory of the others over the same stores", async () => {
  const stores = [memory()];
  const [root, users] = [createCache({ stores }), createCache({ stores, namespace: "users" })];
  await users.set("k", 1);
  await clear(root);
  assert.equal(await users.get("k"), undefined);
});

test("messages that may have been missed: memory only stands in for failures", async () => {
  const { clock, store, make, policy } = stage();
  let missed;
  store.publish = async () => {};
  store.subscribe = async (_channel, _hear, onMissed) => {
    missed = onMissed;
    return () => {};
  };
  const cache = make();
  let fails = false;
  const load = async () => {
    if (fails) throw new Error("origin");
    return "loaded";
  };
  const get = cache.wrap(load, { ...policy, staleIfError: "1h" });
  await get();
  await drain();
  const before = store.count("get");
  await get();
  assert.equal(store.count("get"), before);
  missed();
  await get();
  assert.equal(store.count("get"), before + 1, "the store is asked once more");
  missed();
  fails = true;
  store.records.clear();
  assert.equal(await get(), "loaded", "held over");
  await clock.runFor(1);
});

/** Has the store answer operations of one kind later, or never. */
function slow({ clock, store }, operation, millis) {
  store.misbehave = async (asked, _key, act) => {
    if (asked !== operation) return act();
    await new Promise((resolve) => {
      if (millis < Number.POSITIVE_INFINITY) clock.setTimeout(resolve, millis);
    });
    return act();
  };
}

for (const [what, drop] of [
  ["deleteMatch of other keys", (cache) => deleteMatch(cache, "user:*")],
  ["an invalidation of a tag", (cache) => invalidateTags(cache, ["other"])],
]) {
  test(`${what} while add is under way: memory does not keep what add has replaced`, async () => {
    const set = stage();
    const { clock, store, cache, get } = set;
    assert.equal(await get(), "v1");
    await drain();
    // Another instance drops it; nothing tells this one.
    store.records.clear();
    store.keys = async () => [...store.records.keys()];
    store.add = async (key, record, options) => {
      await new Promise((resolve) => clock.setTimeout(resolve, 50));
      await store.set(key, record, options);
      return true;
    };
    const added = add(cache, "row", "v2");
    await drain();
    await drop(cache);
    await clock.runFor(60);
    assert.equal(await added, true);
    assert.equal(await cache.get("row"), "v2");
  });
}

test("what add has replaced does not stay in a tier below, whatever is dropped meanwhile", async () => {
  const clock = new ManualClock();
  const [upper, below] = [new MapStore("upper"), new MapStore("below")];
  upper.add = async (key, record, options) => {
    await new Promise((resolve) => clock.setTimeout(resolve, 50));
    await upper.set(key, record, options);
    return true;
  };
  const cache = createCache({ clock, stores: [memory(), upper, below] });
  await cache.set("row", "v1");
  upper.records.clear();
  const added = add(cache, "row", "v2");
  await drain();
  await invalidateTags(cache, ["other"]);
  await clock.runFor(60);
  assert.equal(await added, true);
  upper.records.clear();
  assert.equal(await cache.get("row"), undefined);
});

test("a write that never ends is made up for by itself, once", async () => {
  const set = stage();
  const { clock, store, cache } = set;
  await cache.set("row", "v1");
  slow(set, "set", Number.POSITIVE_INFINITY);
  const jammed = cache.set("row", "v2");
  await clock.runFor(600);
  await jammed;
  store.misbehave = undefined;
  await clock.runFor(20_000);
  assert.equal(store.records.size, 0, "the older record is gone");
  const dropped = store.count("delete");
  await clock.runFor(60_000);
  assert.equal(store.count("delete"), dropped, "and the store is left in peace");
  assert.equal(clock.armed, 0);
});

test("what a tier owes is asked for by itself, whenever it failed", async () => {
  // A timer that came while the last repeat was just over was the last one there was.
  for (let gap = 0; gap <= 60; gap += 3) {
    const { clock, store, cache } = stage();
    const refuse = (operation, _key, act) => {
      if (operation === "delete") throw new Error("read only");
      return act();
    };
    await cache.set("a", 1);
    await cache.set("b", 1);
    store.misbehave = refuse;
    await cache.delete("a");
    await clock.runFor(5000 - gap);
    store.misbehave = undefined;
    await cache.set("c", 1);
    await drain();
    store.misbehave = refuse;
    await cache.delete("b");
    store.misbehave = undefined;
    await clock.runFor(10_000);
    assert.deepEqual([...store.records.keys()], ["c"], `${gap} ms`);
  }
});

for (const what of ["memory above the store", "the store alone"]) {
  test(`add, with ${what}: a load that began before and ends while it is under way does not replace it`, async () => {
    const clock = new ManualClock();
    const store = new MapStore();
    const pause = (millis) => new Promise((resolve) => clock.setTimeout(resolve, millis));
    store.add = async (key, record) => {
      await pause(300);
      if (store.records.has(key)) return false;
      store.records.set(key, record);
      return true;
    };
    const stores = what === "the store alone" ? [store] : [memory(), store];
    const cache = createCache({ clock, stores });
    const load = async () => {
      await pause(100);
      return "loaded";
    };
    const loading = cache.wrap(load, { key: "k", ttl: "1h" })();
    await clock.runTo(10);
    const adding = add(cache, "k", "added");
    await clock.runTo(1000);
    assert.deepEqual([await loading, await adding], ["loaded", true]);
    assert.equal(await cache.get("k"), "added");
    assert.equal(await createCache({ clock, stores: [store] }).get("k"), "added");
  });
}
