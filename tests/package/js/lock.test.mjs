// One load across instances: SEMANTICS §4 lock. Several caches over one store are the instances.

import assert from "node:assert/strict";
import test from "node:test";
import { memory } from "holdover";
import { cachedFetch } from "holdover/fetch";
import * as guard from "holdover/guards";
import { loadLock } from "holdover/locks";
import { createCache } from "./support/caches.mjs";
import { seeded, stage } from "./support/lock-stage.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { only, SharedStore } from "./support/shared-store.mjs";

/** Most store operations of one who waits, as SEMANTICS says. */
const MOST = 30;

/** What promises have come to, in order. */
async function settled(promises) {
  const ended = await Promise.allSettled(promises);
  return ended.map(({ value, reason }) => value ?? reason?.code ?? reason);
}

for (let seed = 1; seed <= 20; seed += 1) {
  test(`200 cold calls over 4 instances are one load, seed ${seed}`, async () => {
    const roll = seeded(seed);
    const { clock, shared, origin, instances } = stage({
      instances: 4,
      seed,
      takes: 500,
      latency: () => Math.floor(roll() * 20),
    });
    const calls = [];
    for (let nth = 0; nth < 200; nth += 1) {
      // Not all at once: some come while others already wait.
      if (roll() < 0.2) await clock.runTo(clock.elapsed + Math.floor(roll() * 30));
      calls.push(instances[Math.floor(roll() * 4)].get());
    }
    await clock.runTo(60_000);
    assert.deepEqual(new Set(await settled(calls)), new Set([1]), `seed ${seed}`);
    assert.equal(origin.loads, 1, `seed ${seed}`);
    for (const { operations } of instances) {
      assert.ok(operations.length <= MOST, `seed ${seed}: ${operations.length} operations`);
    }
    assert.deepEqual([...shared.held.keys()], ["k"], "the lock is given back");
  });
}

test("the lock holds an owner's token, and is taken before the origin is asked", async () => {
  const { clock, shared, origin, instances } = stage();
  const calls = instances.map(({ get }) => get());
  await drain();
  assert.equal(origin.loads, 1);
  const [[name, { record, due }]] = [...shared.held];
  assert.deepEqual([name, record.length, due], ["%load:k", 16, 10_000]);
  await clock.runTo(1000);
  assert.deepEqual(await settled(calls), [1, 1]);
  assert.equal((await instances[1].get.explain()).source, "hit");
});

test("what was stored between looking and taking the lock is found, not loaded again", async () => {
  const { clock, shared, origin, instances } = stage();
  const [quick, delayed] = instances;
  const add = shared.add.bind(shared);
  let open;
  const gate = new Promise((resolve) => {
    open = resolve;
  });
  shared.add = async (...args) => {
    await gate;
    return add(...args);
  };
  const late = delayed.get.explain();
  await drain();
  shared.add = add;
  const first = quick.get();
  await clock.runTo(200);
  assert.equal(await first, 1);
  open();
  const { value, source } = await late;
  assert.deepEqual([value, source, origin.loads], [1, "hit", 1]);
  await drain();
  assert.deepEqual([...shared.held.keys()], ["k"]);
});

test("the holder dies: one more load after its ttl, and none before", async () => {
  const { clock, origin, instances } = stage({
    instances: 4,
    policy: { lock: loadLock({ ttl: 5000, wait: 20_000 }) },
  });
  const [dying, ...rest] = instances;
  origin.takes = 10 ** 9;
  clock.as("dying", () => void dying.get());
  await clock.runTo(10);
  clock.vanish("dying");
  origin.takes = 100;
  const calls = rest.map(({ get }) => get());
  await clock.runTo(4999);
  assert.equal(origin.loads, 1);
  await clock.runTo(30_000);
  assert.deepEqual(await settled(calls), [2, 2, 2]);
  assert.equal(origin.loads, 2);
  for (const { operations } of rest) assert.ok(operations.length <= MOST);
});

test("who waits asks ever less often, and no more than 30 times, however long it waits", async () => {
  for (const wait of [100, 1000, 8000, 60_000, 3_600_000]) {
    const { clock, origin, instances } = stage({ policy: { lock: loadLock({ ttl: "1d", wait }) } });
    const [holder, waiter] = instances;
    origin.takes = 10 ** 9;
    void holder.get();
    await drain();
    const times = [];
    const { length } = waiter.operations;
    waiter.operations.push = (...args) => {
      times.push(clock.elapsed);
      return Array.prototype.push.apply(waiter.operations, args);
    };
    origin.takes = 0;
    const call = waiter.get();
    await clock.runTo(wait - 1);
    assert.equal(origin.loads, 1, `wait ${wait}`);
    await clock.runTo(wait);
    assert.equal(await call, 2, "after wait it loads without the lock");
    await drain();
    assert.ok(waiter.operations.length - length <= MOST, `${waiter.operations.length} operations`);
    const looks = [...new Set(times)];
    const gaps = looks.slice(1).map((at, nth) => at - looks[nth]);
    assert.ok(Math.min(...gaps.slice(0, -1)) >= 37, `never at once: ${gaps}`);
  }
});

test("without an answer within wait it is E_LOCK_TIMEOUT for onTimeout: throw", async () => {
  const policy = { lock: loadLock({ ttl: "1m", wait: 1000, onTimeout: "throw" }) };
  const { clock, origin, instances } = stage({ policy, takes: 10 ** 9 });
  void instances[0].get();
  await drain();
  const call = settled([instances[1].get(), instances[1].get()]);
  await clock.runTo(1000);
  assert.deepEqual(await call, ["E_LOCK_TIMEOUT", "E_LOCK_TIMEOUT"]);
  assert.equal(origin.loads, 1);
  assert.equal(instances[1].events.filter(({ type }) => type === "reject").length, 1);
});

test("an entry that may stand in answers instead of E_LOCK_TIMEOUT", async () => {
  const policy = {
    ttl: 100,
    staleIfError: "1h",
    lock: loadLock({ ttl: "1m", wait: 1000, onTimeout: "throw" }),
  };
  const { clock, origin, instances } = stage({ policy });
  const [holder, waiter] = instances;
  const first = waiter.get();
  await clock.runTo(100);
  await first;
  await clock.runTo(500);
  origin.takes = 10 ** 9;
  void holder.get();
  await drain();
  const call = waiter.get.explain();
  await clock.runTo(5000);
  const { value, source, error } = await call;
  assert.deepEqual([value, source, error.code], [1, "error-fallback", "E_LOCK_TIMEOUT"]);
});

test("a holder that fails lets the next one load at once", async () => {
  const { clock, origin, instances } = stage({ instances: 3 });
  origin.fail = new Error("down");
  const [first, ...rest] = instances;
  const failing = settled([first.get()]);
  await drain();
  origin.fail = undefined;
  const calls = settled(rest.map(({ get }) => get()));
  await clock.runTo(5000);
  assert.deepEqual(await failing, [new Error("down")]);
  assert.deepEqual(await calls, [2, 2]);
  assert.deepEqual([origin.loads, origin.most], [2, 1]);
});

test("given back in every case: refused storage, timeout, a caller that leaves", async () => {
  const cases = {
    cacheIf: { policy: { cacheIf: () => false } },
    failIf: { policy: { failIf: () => true } },
    timeout: { policy: { timeout: 50 } },
    "a guard": { policy: { guards: [guard.rateLimit({ limit: 1, period: "1m" })] }, warm: true },
  };
  for (const [name, { policy, warm }] of Object.entries(cases)) {
    const { clock, shared, instances } = stage({ policy });
    if (warm) {
      const first = instances[0].get();
      await clock.runTo(200);
      await first;
      await instances[0].get.invalidate();
    }
    const call = settled([instances[0].get()]);
    await clock.runTo(clock.elapsed + 99);
    if (!warm && name !== "timeout") assert.ok(shared.held.has("%load:k"), name);
    await clock.runTo(clock.elapsed + 1);
    await call;
    assert.equal(shared.held.has("%load:k"), false, name);
  }
  const { clock, shared, instances } = stage();
  const controller = new AbortController();
  const call = settled([instances[0].get.with({ signal: controller.signal })()]);
  await clock.runTo(10);
  assert.ok(shared.held.has("%load:k"));
  controller.abort("gone");
  await call;
  await drain();
  assert.equal(shared.held.has("%load:k"), false);
});

test("a waiter that nobody waits for any more stops asking", async () => {
  const { clock, origin, instances } = stage({ takes: 10 ** 9 });
  void instances[0].get();
  await drain();
  const controller = new AbortController();
  const call = settled([instances[1].get.with({ signal: controller.signal })()]);
  await clock.runTo(200);
  controller.abort("gone");
  assert.deepEqual(await call, ["gone"]);
  const { length } = instances[1].operations;
  await clock.runTo(60_000);
  assert.ok(instances[1].operations.length <= length, "no more operations");
  assert.equal(origin.loads, 1);
});

test("a holder that outlives its ttl overwrites nothing of its successor's", async () => {
  const { clock, shared, origin, instances } = stage({
    policy: { lock: loadLock({ ttl: 1000, wait: 5000 }) },
  });
  const [slow, quick] = instances;
  origin.takes = 4000;
  const late = slow.get();
  await clock.runTo(10);
  origin.takes = 100;
  const next = quick.get();
  await clock.runTo(3000);
  assert.equal(await next, 2);
  const { record } = shared.held.get("k");
  await clock.runTo(5000);
  assert.equal(await late, 1, "its own callers have their answer");
  assert.equal(shared.held.get("k").record, record);
  assert.deepEqual([...shared.held.keys()], ["k"]);
});

test("a holder that outlives its ttl while its successor still loads stores nothing", async () => {
  const { clock, shared, origin, instances } = stage({
    policy: { lock: loadLock({ ttl: 1000, wait: 5000 }) },
  });
  const [slow, next] = instances;
  origin.takes = 1900;
  const late = slow.get();
  await clock.runTo(10);
  const successor = next.get();
  await clock.runTo(1950);
  assert.equal(await late, 1);
  assert.deepEqual([shared.held.has("k"), origin.loads], [false, 2]);
  await clock.runTo(10_000);
  assert.equal(await successor, 2);
});

test("a holder that outlives its ttl, with nobody after it, stores", async () => {
  const { clock, shared, instances } = stage({
    policy: { lock: loadLock({ ttl: 1000, wait: 5000 }) },
    takes: 3000,
  });
  const late = instances[0].get();
  await clock.runTo(3100);
  assert.equal(await late, 1);
  assert.deepEqual([...shared.held.keys()], ["k"]);
  assert.equal(await instances[1].get(), 1);
});

test("a lock store that is down costs nobody a load", async () => {
  for (const down of [["add"], ["compareAndDelete"], ["*"]]) {
    const { clock, shared, origin, instances } = stage();
    for (const operation of down) shared.down.add(operation);
    const calls = settled(instances.map(({ get }) => get()));
    await clock.runTo(2000);
    assert.ok(
      (await calls).every((value) => value === 1 || value === 2),
      String(down),
    );
    assert.ok(origin.loads <= 2);
    const told = instances.flatMap(({ events }) => events);
    assert.ok(
      told.some(({ type }) => type === "store-error"),
      String(down),
    );
  }
});

test("a lock store that hangs costs a second at most", async () => {
  const { clock, shared, instances } = stage();
  shared.add = () => new Promise(() => {});
  const call = settled([instances[0].get()]);
  await clock.runTo(1100);
  assert.deepEqual(await call, [1]);
});

test("lock without a store that can keep any is a ConfigError when it is given", async () => {
  const stores = [
    [memory()],
    [memory(), only(new SharedStore(new ManualClock()))],
    [memory(), only(new SharedStore(new ManualClock()), "add")],
  ];
  for (const given of stores) {
    const cache = createCache({ stores: given });
    const wrong = { code: "E_CONFIG", option: "lock" };
    assert.throws(() => cache.wrap(() => 1, { key: "k", ttl: 1, lock: loadLock() }), wrong);
    assert.throws(() => cachedFetch(cache, { lock: loadLock() }), wrong);
    await assert.rejects(
      cache.getOrLoad("k", () => 1, { ttl: 1, lock: loadLock({ ttl: 1 }) }),
      wrong,
    );
    assert.equal(await cache.wrap(() => 1, { key: "k", ttl: 1, lock: undefined })(), 1);
  }
});

test("the first store that can keep locks keeps them, and is read below those above it", async () => {
  const clock = new ManualClock();
  const near = only(new SharedStore(clock));
  const far = new SharedStore(clock);
  const origin = { loads: 0 };
  const made = [1, 2].map(() =>
    createCache({ clock, stores: [memory(), near, far] }).wrap(
      async () => {
        origin.loads += 1;
        await new Promise((resolve) => clock.setTimeout(resolve, 300));
        return origin.loads;
      },
      { ttl: "1m", key: "k", lock: loadLock() },
    ),
  );
  const calls = settled(made.map((get) => get()));
  await clock.runTo(2000);
  assert.deepEqual([await calls, origin.loads, far.count("add") > 1], [[1, 1], 1, true]);
});

test("a background refresh is one across instances, and nobody waits for it", async () => {
  const policy = { ttl: 1000, staleWhileRevalidate: "1h", lock: loadLock() };
  const { clock, origin, instances } = stage({ instances: 4, policy });
  const warm = settled(instances.map(({ get }) => get()));
  await clock.runTo(900);
  assert.deepEqual([await warm, origin.loads], [[1, 1, 1, 1], 1]);
  await clock.runTo(1500);
  assert.deepEqual(await settled(instances.map(({ get }) => get())), [1, 1, 1, 1]);
  await clock.runTo(2400);
  assert.equal(origin.loads, 2);
  assert.deepEqual(await settled(instances.map(({ get }) => get())), [2, 2, 2, 2]);
});

test("followers in one instance do not take over from a leader that waits for the lock", async () => {
  const policy = { timeout: 1000, lock: loadLock({ ttl: "1m", wait: 8000 }) };
  const { clock, shared, origin, instances } = stage({ instances: 1, policy });
  const [{ get, operations }] = instances;
  // Somebody's who has vanished.
  await shared.add("%load:k", new Uint8Array(16), { expiresIn: 60_000 });
  const calls = [get(), get()];
  await clock.runTo(9000);
  assert.deepEqual([await settled(calls), origin.loads], [[1, 1], 1]);
  assert.ok(operations.length <= MOST, `${operations.length} operations`);
  assert.ok(shared.held.has("%load:k"), "only its owner gives it back");
});

test("the next holder finds what was loaded, however slowly it is written", async () => {
  const { clock, shared, origin, instances } = stage({ instances: 2 });
  const { set } = shared;
  shared.set = async (...args) => {
    await new Promise((resolve) => clock.setTimeout(resolve, 300));
    return set.apply(shared, args);
  };
  const calls = instances.map(({ get }) => get());
  await clock.runTo(10_000);
  assert.deepEqual(await settled(calls), [1, 1]);
  assert.equal(origin.loads, 1);
});
