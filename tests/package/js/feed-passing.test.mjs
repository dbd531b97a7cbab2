// A change of one instance and a write of another pass each other on their way: what was written
// from before the change does not stay in the store.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { clear } from "holdover/operations";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { only, SharedStore } from "./support/shared-store.mjs";

/** A store whose operations and messages take time, and where each instance has its own latency. */
function stage({ message, lacks = [] }) {
  const clock = new ManualClock();
  const held = new Map();
  const listeners = new Set();
  const origin = { value: "old" };
  const wait = (millis) => new Promise((resolve) => clock.setTimeout(resolve, millis));

  function instance(latency, { upper = [], isDeaf = false } = {}) {
    const shared = new SharedStore(clock, () => latency);
    shared.held = held;
    const able = ["compareAndDelete", "add", "keys"].filter((name) => !lacks.includes(name));
    const store = only(shared, ...able);
    const listen = (_, listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    };
    const tell = async (_, text) => {
      wait(message).then(() => {
        for (const listener of listeners) listener(text);
      });
    };
    if (!isDeaf) Object.assign(store, { subscribe: listen, publish: tell });
    const cache = createCache({ clock, stores: [memory(), ...upper, store] });
    const load = async () => {
      const { value } = origin;
      await wait(4);
      return value;
    };
    return { cache, store, get: cache.wrap(load, { key: "k", ttl: "1h" }) };
  }

  return { clock, origin, instance };
}

const OFFSETS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

for (const latency of [2, 8, 20]) {
  for (const message of [1, 6, 30]) {
    test(`writes of ${latency} ms, messages of ${message} ms: no order leaves the old value`, async () => {
      for (const offset of OFFSETS) {
        const { clock, origin, instance } = stage({ message });
        const [one, other, third] = [instance(2), instance(latency), instance(2)];
        const [changing, loading] = [2, 2].map(async (_, nth) => {
          if (nth === 1) return other.get();
          await new Promise((resolve) => clock.setTimeout(resolve, offset));
          origin.value = "new";
          return one.get.invalidate();
        });
        await clock.runFor(200);
        await Promise.all([changing, loading]);
        const asked = third.get();
        await clock.runFor(100);
        assert.equal(await asked, "new", `changed after ${offset} ms`);
      }
    });
  }
}

test("a value that was set meanwhile stays, whoever was first", async () => {
  for (const offset of OFFSETS) {
    const { clock, instance } = stage({ message: 6 });
    const [one, other, third] = [instance(2), instance(8), instance(2)];
    const loading = other.get();
    await clock.runFor(offset);
    const setting = one.cache.set("k", "set", { ttl: "1h" });
    await clock.runFor(200);
    await Promise.all([loading, setting]);
    const asked = third.get.peek();
    await clock.runFor(100);
    const found = await asked;
    assert.ok(found === "set" || found === undefined, `set after ${offset} ms: ${found}`);
    if (offset > 20) assert.equal(found, "set");
  }
});

test("what another instance has written since is left as it is", async () => {
  const { clock, origin, instance } = stage({ message: 30 });
  const [one, other, third] = [instance(2), instance(2), instance(2, { isDeaf: true })];
  const loading = other.get();
  await clock.runFor(50);
  await loading;
  origin.value = "new";
  const changing = one.get.invalidate();
  await clock.runFor(3);
  await changing;
  const loadingAgain = third.get(); // Its value is in the store before the message arrives.
  await clock.runFor(200);
  assert.equal(await loadingAgain, "new");
  const asked = instance(2).get.peek();
  await clock.runFor(50);
  assert.equal(await asked, "new");
});

test("a store above the one that tells drops what it has", async () => {
  for (const offset of OFFSETS) {
    const { clock, origin, instance } = stage({ message: 6 });
    const upper = new SharedStore(clock, () => 4);
    const [one, other] = [instance(2), instance(2, { upper: [only(upper)] })];
    const loading = other.get();
    await clock.runFor(offset);
    origin.value = "new";
    const changing = one.get.invalidate();
    await clock.runFor(200);
    await Promise.all([loading, changing]);
    const asked = other.get();
    await clock.runFor(100);
    assert.equal(await asked, "new", `changed after ${offset} ms`);
  }
});

for (const isPrivate of [false, true]) {
  const where = isPrivate ? "in a store of its own" : "on its way to the shared store";
  test(`what another instance clears does not stay, ${where}`, async () => {
    for (const offset of OFFSETS) {
      const { clock, origin, instance } = stage({ message: 6 });
      const upper = only(new SharedStore(clock, () => 4), "keys");
      const [one, other] = [instance(2), instance(2, { upper: isPrivate ? [upper] : [] })];
      const third = instance(2);
      const loading = other.get();
      await clock.runFor(offset);
      origin.value = "new";
      const clearing = clear(one.cache);
      await clock.runFor(200);
      await Promise.all([loading, clearing]);
      for (const { get } of isPrivate ? [other, third] : [third, other]) {
        const asked = get();
        await clock.runFor(100);
        assert.equal(await asked, "new", `cleared after ${offset} ms`);
      }
    }
  });
}

test("a store that cannot compare is left alone", async () => {
  const { clock, origin, instance } = stage({ message: 6, lacks: ["compareAndDelete"] });
  const [one, other] = [instance(2), instance(2)];
  const loading = other.get();
  await clock.runFor(100);
  await loading;
  origin.value = "new";
  const changing = one.get.invalidate();
  await clock.runFor(100);
  await changing;
  const asked = other.get();
  await clock.runFor(100);
  await drain();
  assert.equal(await asked, "new");
});
