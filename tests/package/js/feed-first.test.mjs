// The first subscription to the messages of others: what they change before it is acknowledged is
// not heard, and must not stay in memory all the same.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { sign } from "holdover/codecs/sign";
import { loadLock } from "holdover/locks";
import { getMany } from "holdover/operations";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

/** A store that acknowledges subscriptions when the test says so, and hears nothing before. */
class LateRadio extends MapStore {
  listeners = new Map();
  asked = [];

  subscribe(channel, listener, onMissed, signal) {
    return new Promise((resolve, reject) => {
      const acknowledge = () => {
        const all = this.listeners.get(channel) ?? new Set();
        this.listeners.set(channel, all.add(listener));
        resolve(() => all.delete(listener));
      };
      this.asked.push({ acknowledge, fail: reject, signal, missed: onMissed });
    });
  }

  publish(channel, message) {
    for (const listener of this.listeners.get(channel) ?? []) listener(message);
  }
}

const KEY = Uint8Array.from({ length: 32 }, (_, nth) => (nth * 37 + 11) % 256);

function stage({ seal } = {}) {
  const clock = new ManualClock();
  const radio = new LateRadio();
  const origin = { row: "old", loads: 0 };
  const open = (onEvent) => {
    const options = { clock, stores: [memory(), radio], writes: "await", onEvent };
    return createCache(seal ? { ...options, sign: sign({ keys: [KEY] }) } : options);
  };
  const events = [];
  const cache = open(({ type }) => events.push(type));
  const other = open();
  const load = async () => {
    origin.loads += 1;
    return origin.row;
  };
  const get = cache.wrap(load, { key: "k", ttl: "1h", staleIfError: "1h" });
  return { clock, radio, origin, cache, other, get, load, events };
}

/** The other instance changes the key, which nobody hears who is not acknowledged. */
async function change({ other, radio, clock }) {
  const before = radio.asked.length;
  const changing = other.set("k", "new", { ttl: "1h" });
  await drain();
  // Its own subscription is none of those that the test is about.
  radio.asked.splice(before, 1)[0]?.acknowledge();
  await clock.runFor(1);
  await changing;
}

const READS = {
  get: ({ cache }) => cache.get("k"),
  getMany: async ({ cache }) => (await getMany(cache, ["k"]))[0],
  "a wrapped function": ({ get }) => get(),
  getOrLoad: ({ cache, load }) => cache.getOrLoad("k", load, { ttl: "1h" }),
};

for (const seal of [false, true]) {
  const how = seal ? "signed" : "plain";
  for (const [what, read] of Object.entries(READS)) {
    test(`${what}, ${how}: what was found before the acknowledgement is looked for again`, async () => {
      const it = stage({ seal });
      const seeding = stage({ seal });
      seeding.radio.records = it.radio.records;
      const seeded = seeding.cache.set("k", "old", { ttl: "1h" });
      await drain();
      seeding.radio.asked[0].acknowledge();
      await seeded;
      assert.equal(await read(it), "old");
      await change(it);
      assert.equal(await read(it), "old", "nothing was heard");
      it.radio.asked[0].acknowledge();
      await drain();
      assert.equal(await read(it), "new");
      assert.equal(it.origin.loads, 0);
    });
  }
}

test("set: what others set before the acknowledgement is not hidden by one's own", async () => {
  const it = stage();
  await it.cache.set("k", "own", { ttl: "1h" });
  await change(it);
  it.radio.asked[0].acknowledge();
  await drain();
  assert.equal(await it.cache.get("k"), "new");
});

for (const [what, read] of Object.entries(READS)) {
  test(`${what}: what a read that was under way brings is looked for again`, async () => {
    const it = stage();
    await it.cache.set("k", "old", { ttl: "1h" });
    const fresh = stage();
    fresh.radio.records = it.radio.records;
    const { get } = fresh.radio;
    let answer;
    fresh.radio.get = async (key) => {
      const found = await get.call(fresh.radio, key);
      if (answer === undefined && !key.includes("%"))
        await new Promise((resolve) => {
          answer = resolve;
        });
      return found;
    };
    const reading = read(fresh);
    await drain();
    await change(fresh);
    fresh.radio.asked[0].acknowledge();
    await drain();
    answer();
    assert.equal(await reading, "old", "it began before");
    assert.equal(await read(fresh), "new");
  });
}

for (const [what, settle, loads] of [
  ["is acknowledged", ({ radio }) => radio.asked[0].acknowledge(), 1],
  ["fails", ({ radio }) => radio.asked[0].fail(new Error("no")), 1],
  ["takes too long", ({ clock }) => clock.runFor(1000), 1],
]) {
  test(`a loader is not called before the subscription ${what}, and its load is kept`, async () => {
    const it = stage();
    const calls = [it.get(), it.cache.getOrLoad("k2", it.load, { ttl: "1h" })];
    await drain();
    assert.equal(it.origin.loads, 0);
    it.origin.row = "new";
    await settle(it);
    assert.deepEqual(await Promise.all(calls), ["new", "new"]);
    assert.equal(await it.get(), "new");
    assert.equal(it.origin.loads, 1 + loads);
  });
}

test("a loader that had to begin before: what it brought is not trusted after", async () => {
  const it = stage();
  let finish;
  const slow = it.cache.wrap(() => new Promise((resolve) => (finish = resolve)), {
    key: "slow",
    ttl: "1h",
  });
  const first = slow();
  await it.clock.runFor(1000);
  it.radio.asked[0].acknowledge();
  await drain();
  finish("old");
  assert.equal(await first, "old");
  const second = slow();
  await drain();
  finish("new");
  assert.equal(await second, "new");
});

test("loads wait once for a store that never acknowledges", async () => {
  const it = stage();
  const first = it.get();
  await it.clock.runFor(1000);
  assert.equal(await first, "old");
  const second = it.cache.getOrLoad("k2", it.load, { ttl: "1h" });
  await drain();
  assert.equal(await second, "old");
});

test("close gives up a subscription that is not acknowledged, and says nothing", async () => {
  const it = stage();
  const first = it.get();
  await it.clock.runFor(1000);
  await first;
  const [{ signal, fail }] = it.radio.asked;
  assert.equal(signal.aborted, false);
  await it.cache.close();
  assert.equal(signal.aborted, true);
  it.events.length = 0;
  fail(new Error("the connection has ended"));
  await drain();
  assert.deepEqual(it.events, []);
});

test("a subscription that is there at once costs nothing: what was found stays", async () => {
  const it = stage();
  it.radio.subscribe = () => () => {};
  assert.equal(await it.get(), "old");
  let reads = 0;
  it.radio.get = () => {
    reads += 1;
  };
  assert.equal(await it.get(), "old");
  assert.deepEqual([reads, it.origin.loads], [0, 1]);
});

/** A clock whose timers can be those of a request that vanished: they never come. */
function clockOfRequests() {
  const clock = new ManualClock();
  const state = { isVanishing: false };
  return {
    clock,
    state,
    given: {
      now: () => clock.now(),
      setTimeout: (task, delay) => (state.isVanishing ? 0 : clock.setTimeout(task, delay)),
      clearTimeout: (timer) => timer !== 0 && clock.clearTimeout(timer),
    },
  };
}

for (const policy of [{}, { lock: loadLock() }]) {
  test(`a request that vanishes while it subscribes keeps nobody waiting: ${JSON.stringify(policy)}`, async () => {
    const { clock, state, given } = clockOfRequests();
    const radio = new LateRadio();
    radio.add = async () => true;
    radio.compareAndDelete = async () => true;
    const cache = createCache({ clock: given, stores: [memory(), radio] });
    const get = cache.wrap(async (key) => key, { key: "{0}", ttl: "1h", ...policy });
    state.isVanishing = true;
    void get("first").catch(() => {});
    await drain();
    assert.equal(radio.asked.length, 1);
    state.isVanishing = false;
    // Neither its promise nor its timers ever settle: who comes then has timers of its own.
    const second = get("second");
    await clock.runFor(500);
    assert.equal(await second, "second");
    const third = get("third");
    await drain();
    assert.equal(await third, "third");
    // It is asked for once more, as nobody knows what became of the first.
    await clock.runFor(1000);
    assert.equal(await get("fourth"), "fourth");
    assert.equal(radio.asked.length, 2);
    radio.asked[1].acknowledge();
    await drain();
    await clock.runFor(5000);
    await get("fifth");
    assert.equal(radio.asked.length, 2, "and then it is heard");
  });
}
