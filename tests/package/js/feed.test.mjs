// Other instances' memory: what one instance drops, the others drop when a store tells them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { clear, replace, setMany } from "holdover/operations";
import { invalidateTags } from "holdover/tags";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

/** A store whose users hear each other. */
class Radio extends MapStore {
  channels = new Map();
  published = [];

  subscribe(channel, listener) {
    const listeners = this.channels.get(channel) ?? new Set();
    this.channels.set(channel, listeners.add(listener));
    return async () => listeners.delete(listener);
  }

  async publish(channel, message) {
    this.published.push(message);
    for (const listener of this.channels.get(channel) ?? [])
      queueMicrotask(() => listener(message));
  }
}

function stage({ instances = 2, namespace } = {}) {
  const clock = new ManualClock();
  const radio = new Radio();
  const origin = { loads: 0 };
  const made = Array.from({ length: instances }, () => {
    const events = [];
    const onEvent = (event) => events.push(event);
    const cache = createCache({ clock, namespace, stores: [memory(), radio], onEvent });
    const load = async (key) => {
      if (origin.fails) throw new Error("origin");
      return { key, load: ++origin.loads };
    };
    const get = cache.wrap(load, { ttl: "1h", staleIfError: "1h", key: "{0}", tags: ["t:{0}"] });
    return { cache, get, events };
  });
  return { clock, radio, origin, made };
}

test("nothing is subscribed before the first use, and close ends it", async () => {
  const { radio, made } = stage();
  const [one, two] = made;
  assert.equal(radio.channels.size, 0);
  await one.get("a");
  await two.cache.set("b", 1);
  const [listeners] = radio.channels.values();
  assert.equal(listeners.size, 2);
  await one.cache.close();
  await two.cache.close();
  assert.equal(listeners.size, 0);
});

for (const [what, change] of [
  ["invalidate", ({ get }) => get.invalidate("a")],
  ["delete", ({ cache }) => cache.delete("a")],
  ["invalidateTags", ({ cache }) => invalidateTags(cache, "t:a")],
]) {
  test(`${what}: gone in the memory of the others as well`, async () => {
    const { clock, made } = stage();
    const [one, two] = made;
    await one.get("a");
    await one.get("b");
    await two.get("a");
    await two.get("b");
    await clock.runFor(1);
    await change(one);
    await drain();
    assert.equal(await two.get.peek("a"), undefined);
    assert.equal((await two.get("a")).load, 3);
    assert.equal((await two.get("b")).load, 2, "other keys stay");
  });
}

test("set: the others have the new value from the store", async () => {
  const { made } = stage();
  const [one, two] = made;
  await one.get("a");
  await two.get("a");
  await one.get.set(["a"], { load: "new" });
  await drain();
  assert.equal((await two.get("a")).load, "new");
});

/** Ordinary writes of `a`: nothing is ended, so their message is soft. */
const WRITES = {
  "wrapped.set": ({ get }) => get.set(["a"], { load: "new" }),
  "cache.set": ({ cache }) => cache.set("a", { load: "new" }),
  "cache.setMany": ({ cache }) => setMany(cache, [["a", { load: "new" }]]),
  "cache.replace": ({ cache }) => replace(cache, "a", { load: "new" }),
};

for (const [what, write] of Object.entries(WRITES)) {
  test(`${what}: the message is soft, and after it the others ask the store`, async () => {
    const { radio, made } = stage();
    const [one, two] = made;
    for (const key of ["a", "b"]) {
      await one.get(key);
      await two.get(key);
    }
    const reads = () => radio.operations.filter((done) => done === "get a" || done === "get b");
    const published = radio.published.length;
    await write(one);
    await drain();
    assert.equal(radio.published.length, published + 1);
    const before = reads().length; // `replace` has looked for what it replaces
    assert.equal((await two.cache.get("a")).load, "new");
    assert.equal((await two.cache.get("b")).load, 2, "other keys stay in memory");
    assert.equal(reads().length, before + 1);
  });

  test(`${what}: the others' older copy answers for nothing but a load that fails`, async () => {
    const { radio, origin, made } = stage();
    const [one, two] = made;
    await one.get("a");
    await two.get("a");
    await write(one);
    await drain();
    // The store has lost what was written.
    radio.records.clear();
    assert.equal(await two.cache.get("a"), undefined);
    origin.fails = true;
    const held = await two.get.explain("a");
    assert.deepEqual([held.value.load, held.source], [1, "error-fallback"]);
    origin.fails = false;
    assert.equal((await two.get.refresh("a")).load, 2);
  });
}

test("soft tags are soft for the others, too", async () => {
  const { clock, made } = stage();
  const [one, two] = made;
  await one.get("a");
  await two.get("a");
  await clock.runFor(1);
  await invalidateTags(one.cache, "t:a", { soft: true });
  await drain();
  const held = await two.get.peek("a");
  assert.equal(held.load, 1);
  assert.equal((await two.get("a")).load, 2);
});

test("clear: the memory of all, and other namespaces keep theirs", async () => {
  const { radio, made } = stage({ namespace: "one" });
  const other = createCache({ namespace: "two", stores: [memory(), radio] });
  await other.set("a", 1);
  await made[0].get("a");
  await made[1].get("a");
  radio.records.clear();
  await clear(made[0].cache);
  await drain();
  assert.equal((await made[1].get("a")).load, 2);
  assert.equal(await other.get("a"), 1);
});

test("an instance does not drop what it stored itself", async () => {
  const { made } = stage();
  const [one] = made;
  await one.cache.set("a", 1);
  await drain();
  assert.equal(one.cache.stats().memory.entries, 1);
});

test("messages that say nothing are events, and drop nothing", async () => {
  const { radio, made } = stage();
  const [one] = made;
  await one.get("a");
  const [channel] = radio.channels.keys();
  for (const message of ["", "nonsense", "7", "null", "{}", '{"tags":["x"]}', '{"keys":[7]}']) {
    await radio.publish(channel, message);
  }
  await drain();
  assert.equal(one.events.filter(({ type }) => type === "corrupt").length, 7);
  assert.equal((await one.get("a")).load, 1);
});

test("a store that cannot publish or subscribe: events, calls go on, and it is tried again", async () => {
  const { clock, radio, made } = stage({ instances: 1 });
  const [one] = made;
  const { subscribe } = Radio.prototype;
  let asked = 0;
  radio.subscribe = () => {
    asked += 1;
    throw new Error("no radio");
  };
  radio.publish = () => Promise.reject(new Error("no radio"));
  await one.get("a");
  await one.get("b");
  assert.equal(asked, 1, "not with every load");
  await one.get.invalidate("a");
  const failed = one.events.filter(({ type }) => type === "store-error");
  assert.deepEqual(
    failed.map(({ operation }) => operation),
    ["subscribe", "publish"],
  );
  radio.subscribe = subscribe;
  await clock.runFor(5000);
  await one.get("c");
  assert.equal(radio.channels.size, 1);
});

test("a subscription that hangs is asked for again; the first that comes is kept, the others end", async () => {
  const { clock, radio, made } = stage({ instances: 1 });
  const [{ get, events }] = made;
  const asked = [];
  const ended = [];
  radio.subscribe = () =>
    new Promise((resolve) => {
      const number = asked.push(() => resolve(async () => ended.push(number)));
    });
  const first = get("a");
  await clock.runFor(500);
  assert.equal((await first).load, 1, "the deadline is all that it waits");
  for (let call = 0; call < 20; call += 1) {
    get(`${call}`);
    await clock.runFor(10_000);
  }
  assert.equal(asked.length, 20, "once after each pause");
  assert.ok(
    events.some(({ type, operation }) => `${type} ${operation}` === "store-error subscribe"),
  );
  asked[1]();
  await drain();
  await get("more");
  await clock.runFor(60_000);
  await get("even more");
  assert.equal(asked.length, 20, "it is open");
  asked[0]();
  asked[2]();
  await drain();
  assert.deepEqual(ended, [1, 3]);
});

test("a store that never answers a message keeps nobody waiting beyond its deadline", async () => {
  const { clock, radio, made } = stage({ instances: 1 });
  const [{ cache, events }] = made;
  radio.publish = () => new Promise(() => {});
  const done = [];
  for (let time = 0; time < 5; time += 1) {
    cache.invalidate(`${time}`).then(() => done.push(time));
    await clock.runTo(clock.elapsed + 499);
    assert.equal(done.length, time);
    await clock.runTo(clock.elapsed + 1);
    assert.equal(done.length, time + 1);
  }
  await cache.invalidate("at once, as it is left alone for a while");
  assert.equal(events.filter(({ operation }) => operation === "publish").length, 5);
});

test("a store that hangs costs a change one deadline, not one more for its message", async () => {
  const { clock, radio, made } = stage({ instances: 1 });
  const [{ get }] = made;
  const published = [];
  radio.misbehave = () => new Promise(() => {});
  radio.publish = (_channel, message) => {
    published.push(message);
    return new Promise(() => {});
  };
  let isDone = false;
  get.invalidate("a").then(() => {
    isDone = true;
  });
  await clock.runTo(499);
  assert.equal(isDone, false);
  await clock.runTo(500);
  assert.equal(isDone, true);
  assert.equal(published.length, 1, "clients send it when they can");
});

test("what a load contradicts and is never stored is dropped in the others' memory, too", async () => {
  const { made } = stage();
  const [one, two] = made;
  const policy = { key: "n", ttl: "1h", negativeTtl: 0 };
  let row = "there";
  const [get, other] = [one, two].map(({ cache }) => cache.wrap(async () => row, policy));
  assert.equal(await get(), "there");
  await drain();
  assert.equal(await other(), "there");
  row = null;
  assert.equal(await get.refresh(), null);
  await drain();
  assert.equal(await other(), null);
});
