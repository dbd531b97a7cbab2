// Who waits for a lock is told when it is free, by stores that can: SEMANTICS §4 lock.

import assert from "node:assert/strict";
import test from "node:test";
import { loadLock, lock as lockIn } from "holdover/locks";
import { seeded, stage } from "./support/lock-stage.mjs";
import { drain } from "./support/manual-clock.mjs";

/** Most store operations of one who waits, messages included. */
const MOST = 30;

/** Carries messages between the instances of a stage. Those of the feed are not looked at. */
class Radio {
  /** channel → listeners */
  channels = new Map();
  subscribed = 0;
  published = [];
  /** What is done instead of subscribing or publishing. */
  failing = {};
  /** Whether messages get lost. */
  isDeaf = false;
  /** What becomes of messages that are not of locks. */
  feed = () => () => {};

  /** For `stage({ store })`; `asked` are the operations of an instance. */
  equip(own, asked) {
    for (const operation of ["subscribe", "publish"]) {
      own[operation] = (channel, what) => {
        if (!channel.startsWith("%lo")) return this.feed();
        asked().push(`${operation} ${channel}`);
        return (this.failing[operation] ?? this[operation]).call(this, channel, what, asked);
      };
    }
    return own;
  }

  async subscribe(channel, listener, asked) {
    this.subscribed += 1;
    const listeners = this.channels.get(channel) ?? new Set();
    this.channels.set(channel, listeners.add(listener));
    return async () => {
      asked().push(`unsubscribe ${channel}`);
      listeners.delete(listener);
    };
  }

  async publish(channel) {
    this.published.push(channel);
    if (this.isDeaf) return;
    for (const listener of this.channels.get(channel) ?? []) queueMicrotask(listener);
  }

  get listeners() {
    return this.channels.get("%load:k")?.size ?? 0;
  }
}

/** A stage whose store carries messages, which are among the operations of an instance. */
function radioStage(options) {
  const radio = new Radio();
  let made = 0;
  const store = (own) => {
    const nth = made++;
    return radio.equip(own, () => set.instances[nth].operations);
  };
  const set = stage({ ...options, store });
  return { radio, ...set };
}

const settled = async (promises) =>
  (await Promise.allSettled(promises)).map(({ value, reason }) => value ?? reason);

test("who waits is woken when the holder lets go, and hears nothing from then on", async () => {
  const policy = { lock: loadLock({ ttl: 60_000, wait: 30_000 }) };
  const { clock, radio, origin, instances } = radioStage({ instances: 3, policy, takes: 7000 });
  const [holder, ...rest] = instances;
  const first = holder.get();
  await drain();
  assert.equal(radio.subscribed, 0, "who holds it does not listen");
  const times = [];
  const calls = rest.map(({ get }) => get().then((value) => times.push(clock.elapsed) && value));
  await clock.runTo(6999);
  assert.equal(radio.listeners, 2);
  await clock.runTo(7000);
  assert.deepEqual([await first, await settled(calls), origin.loads], [1, [1, 1], 1]);
  assert.deepEqual(times, [7000, 7000]);
  assert.deepEqual([radio.listeners, radio.subscribed, clock.armed], [0, 2, 0]);
});

test("a lock that is to be had is published when it is given back, and not listened to", async () => {
  const { clock, radio, instances } = radioStage();
  const call = instances[0].get();
  await clock.runTo(200);
  await call;
  assert.deepEqual([radio.published, radio.subscribed], [["%load:k"], 0]);
  assert.ok(!instances[0].events.some(({ type }) => type === "store-error"));
});

test("a holder that fails wakes the others: one of them loads at once", async () => {
  const policy = { lock: loadLock({ ttl: 60_000, wait: 30_000 }) };
  const { clock, radio, origin, instances } = radioStage({ instances: 4, policy, takes: 5000 });
  const [first, ...rest] = instances;
  origin.fail = new Error("down");
  const failing = settled([first.get()]);
  await drain();
  const calls = settled(rest.map(({ get }) => get()));
  await clock.runTo(4999);
  origin.fail = undefined;
  await clock.runTo(5000);
  assert.deepEqual([await failing, origin.loads], [[new Error("down")], 2]);
  await clock.runTo(10_000);
  assert.deepEqual([await calls, origin.most, radio.listeners], [[2, 2, 2], 1, 0]);
});

for (const [what, spoil] of [
  ["subscribe fails", (radio) => fail(radio, "subscribe", () => Promise.reject(new Error("no")))],
  [
    "subscribe throws",
    (radio) =>
      fail(radio, "subscribe", () => {
        throw new Error("no");
      }),
  ],
  ["subscribe hangs", (radio) => fail(radio, "subscribe", () => new Promise(() => {}))],
  ["subscribe gives nothing", (radio) => fail(radio, "subscribe", async () => undefined), true],
  ["publish fails", (radio) => fail(radio, "publish", () => Promise.reject(new Error("no")))],
  ["publish hangs", (radio) => fail(radio, "publish", () => new Promise(() => {}))],
  ["messages get lost", (radio) => Object.assign(radio, { isDeaf: true }), true],
]) {
  test(`${what}: who waits finds out all the same, later`, async () => {
    const isSilent = what === "messages get lost" || what === "subscribe gives nothing";
    const policy = { lock: loadLock({ ttl: 60_000, wait: 30_000 }) };
    const { clock, radio, origin, instances } = radioStage({ policy, takes: 3000 });
    spoil(radio);
    const calls = instances.map(({ get }) => get());
    await clock.runTo(40_000);
    assert.deepEqual([await settled(calls), origin.loads], [[1, 1], 1]);
    const told = instances.flatMap(({ events }) => events);
    const failed = told.filter(({ type }) => type === "store-error");
    assert.deepEqual(
      failed.map(({ operation, key }) => `${operation} ${key}`),
      isSilent ? [] : [`${what.split(" ")[0]} %load:k`],
    );
    assert.equal(clock.armed, 0);
  });
}

function fail(radio, operation, act) {
  radio.failing[operation] = act;
}

test("a store that carries no messages keeps locks and entries, and is asked again later", async () => {
  const { clock, radio, shared, instances } = radioStage();
  let asked = 0;
  radio.feed = () => Promise.reject(new Error("no"));
  radio.failing.publish = async () => {
    asked += 1;
    throw new Error("no");
  };
  const [{ get }] = instances;
  for (let nth = 1; nth <= 10; nth += 1) {
    const call = get();
    await clock.runFor(100);
    assert.equal(await call, nth);
    assert.deepEqual([...shared.held.keys()], ["k"], "the store is in use");
    await get.invalidate();
    await clock.runFor(1);
  }
  assert.equal(asked, 3, "with two messages of the feed in between, five failures in a row");
  await clock.runFor(5000);
  const call = get();
  await clock.runFor(100);
  await call;
  assert.equal(asked, 4);
});

test("a subscription that comes when nobody waits any more is ended", async () => {
  const { clock, radio, instances } = radioStage({ takes: 20 });
  radio.failing.subscribe = async function (...args) {
    await new Promise((resolve) => clock.setTimeout(resolve, 400));
    return this.subscribe(...args);
  };
  const calls = instances.map(({ get }) => get());
  await clock.runTo(399);
  assert.deepEqual(await settled(calls), [1, 1]);
  assert.equal(radio.subscribed, 0);
  await clock.runTo(1000);
  assert.deepEqual([radio.subscribed, radio.listeners, clock.armed], [1, 0, 0]);
});

test("messages that say nothing cost three looks, and never more than 30 operations", async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const roll = seeded(seed);
    const wait = [300, 3000, 30_000, 3_600_000][seed % 4];
    const { clock, radio, shared, origin, instances } = radioStage({
      policy: { lock: loadLock({ ttl: "1d", wait }) },
      seed,
      latency: () => Math.floor(roll() * 20),
    });
    // Somebody's who has vanished.
    shared.held.set("%load:k", { record: new Uint8Array(16), due: Infinity });
    const [{ get, operations }] = instances;
    const call = get();
    while (clock.elapsed < wait) {
      await clock.runFor(Math.ceil((roll() * wait) / 20));
      if (roll() < 0.5) await radio.publish("%load:k");
    }
    await clock.runFor(1000);
    assert.equal(await call, 1, `seed ${seed}`);
    await drain();
    assert.equal(origin.loads, 1, `seed ${seed}`);
    assert.ok(operations.length <= MOST, `seed ${seed}: ${operations.length} operations`);
    assert.equal(radio.listeners, 0, `seed ${seed}`);
  }
});

for (let seed = 1; seed <= 20; seed += 1) {
  test(`200 cold calls over 4 instances that hear each other are one load, seed ${seed}`, async () => {
    const roll = seeded(seed);
    const takes = 500;
    const { clock, radio, origin, instances } = radioStage({
      instances: 4,
      seed,
      takes,
      latency: () => Math.floor(roll() * 20),
    });
    const calls = [];
    for (let nth = 0; nth < 200; nth += 1) {
      if (roll() < 0.2) await clock.runTo(clock.elapsed + Math.floor(roll() * 30));
      calls.push(instances[Math.floor(roll() * 4)].get());
    }
    await clock.runTo(60_000);
    assert.deepEqual(new Set(await settled(calls)), new Set([1]), `seed ${seed}`);
    assert.equal(origin.loads, 1, `seed ${seed}`);
    for (const { operations } of instances) assert.ok(operations.length <= MOST, `seed ${seed}`);
    assert.equal(radio.listeners, 0, `seed ${seed}`);
  });
}

test("who waits for cache.lock is woken as well", async () => {
  const { clock, radio, instances } = radioStage();
  const [one, two] = instances.map(({ cache }) => cache);
  const held = await lockIn(one, "report", { ttl: "1m", wait: 0 });
  let since;
  const next = lockIn(two, "report", { ttl: "1m", wait: "40s" }).then((lock) => {
    since = clock.elapsed;
    return lock;
  });
  await clock.runTo(8765);
  assert.equal(await held.release(), true);
  await drain();
  assert.equal(since, 8765);
  assert.equal(await (await next).release(), true);
  assert.deepEqual(radio.published, ["%lock:report", "%lock:report"]);
  assert.equal(radio.channels.get("%lock:report").size, 0);
});
