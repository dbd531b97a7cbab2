// `getVersioned`, `compareAndSet` and `update`: changes that lose nobody else's.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import {
  compareAndSet,
  expire,
  getVersioned,
  increment,
  replace,
  setMany,
  take,
  ttl,
  update,
} from "holdover/operations";
import { invalidateTags } from "holdover/tags";
import { createCache } from "./support/caches.mjs";
import { seeded } from "./support/chaos-store.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { inEveryOrder } from "./support/orders.mjs";
import { PLACES, stage } from "./support/places.mjs";
import { seedOf } from "./support/seed.mjs";
import { only, SharedStore } from "./support/shared-store.mjs";
import { WholeStore } from "./support/whole-store.mjs";

const ABLE = ["memory", "memory and a store that can all", "a store that can all, alone"];
const SEED = seedOf(20261130);

/** Changes of a key after which a version is none any more. */
const CHANGES = {
  set: (cache) => cache.set("k", 1, { ttl: "2h" }),
  setMany: (cache) => setMany(cache, [["k", 2]]),
  delete: (cache) => cache.delete("k"),
  invalidate: (cache) => cache.invalidate("k"),
  replace: (cache) => replace(cache, "k", 2),
  expire: (cache) => expire(cache, "k", "3h"),
  take: (cache) => take(cache, "k"),
  invalidateTags: (cache) => invalidateTags(cache, "t"),
  "a load": (cache) => cache.wrap(() => 7, { key: "k", ttl: "1h" }).refresh(),
  compareAndSet: async (cache) => {
    const { version } = await getVersioned(cache, "k");
    await compareAndSet(cache, "k", version, 1, { tags: ["t"] });
  },
};

for (const place of ABLE) {
  test(`${place}: what nobody changed is replaced, with its new ttl`, async () => {
    const { cache } = PLACES[place]();
    await cache.set("k", { n: 1 });
    const { value, version } = await getVersioned(cache, "k");
    assert.deepEqual(value, { n: 1 });
    assert.equal(version.exists, true);
    assert.equal(await compareAndSet(cache, "k", version, { n: 2 }, { ttl: "1h" }), true);
    assert.deepEqual(await cache.get("k"), { n: 2 });
    assert.equal(await ttl(cache, "k"), 3_600_000);
    assert.equal(await compareAndSet(cache, "k", version, { n: 3 }), false, "it is used up");
    assert.deepEqual(await cache.get("k"), { n: 2 });
  });

  test(`${place}: the version of a missing key stores if it is missing still`, async () => {
    const { cache } = PLACES[place]();
    const [first, second] = [await getVersioned(cache, "k"), await getVersioned(cache, "k")];
    assert.deepEqual([first.value, first.version.exists], [undefined, false]);
    assert.equal(await compareAndSet(cache, "k", first.version, undefined), true);
    assert.equal(await compareAndSet(cache, "k", second.version, 2), false);
    const third = await getVersioned(cache, "k");
    assert.equal(third.version.exists, true, "undefined is a value");
  });

  for (const [name, change] of Object.entries(CHANGES)) {
    test(`${place}: ${name} ends a version`, async () => {
      const { cache, clock } = PLACES[place]();
      await cache.set("k", 1, { ttl: "1h", tags: ["t"] });
      await clock.runTo(5);
      const { version } = await getVersioned(cache, "k");
      await change(cache);
      await clock.runTo(1000);
      const before = await cache.get("k");
      assert.equal(await compareAndSet(cache, "k", version, "mine", { tags: ["t"] }), false);
      assert.equal(await cache.get("k"), before);
    });
  }

  test(`${place}: a value whose time is over is missing`, async () => {
    const { cache, clock } = PLACES[place]();
    await cache.set("k", 1, { ttl: 1000, staleIfError: "1h" });
    const { version } = await getVersioned(cache, "k");
    await clock.runTo(1000);
    assert.equal(await compareAndSet(cache, "k", version, 2), false);
    const stale = await getVersioned(cache, "k");
    assert.equal(stale.version.exists, false);
    assert.equal(await compareAndSet(cache, "k", stale.version, 3), true);
    assert.equal(await cache.get("k"), 3);
  });

  test(`${place}: a load that has begun does not replace it`, async () => {
    const { cache, clock } = PLACES[place]();
    await cache.set("k", 1);
    const get = cache.wrap(() => new Promise((resolve) => clock.setTimeout(() => resolve(0), 10)), {
      key: "k",
      ttl: "1h",
    });
    const loading = get.refresh();
    await drain();
    const { version } = await getVersioned(cache, "k");
    assert.equal(await compareAndSet(cache, "k", version, 2), true);
    await clock.runTo(1000);
    assert.equal(await loading, 0);
    assert.equal(await cache.get("k"), 2);
  });

  test(`${place}: a tag of the new value that was invalidated since the read ends it`, async () => {
    const { cache } = PLACES[place]();
    const { version } = await getVersioned(cache, "k");
    await invalidateTags(cache, "t");
    await compareAndSet(cache, "k", version, 1, { tags: ["t"] });
    assert.equal(await cache.get("k"), undefined);
  });

  test(`${place}: switched off, it stores nothing, and update calls its function once`, async () => {
    const { cache } = PLACES[place]();
    await cache.set("k", 1);
    const { version } = await getVersioned(cache, "k");
    const off = cache.disable();
    assert.equal(await compareAndSet(cache, "k", version, 2), false);
    const calls = [];
    const add = (value) => calls.push(value);
    assert.equal(await update(cache, "k", add), 1);
    assert.deepEqual(calls, [undefined]);
    off.enable();
    assert.equal(await cache.get("k"), 1);
    assert.equal(await compareAndSet(cache, "k", version, 2), true);
  });

  test(`${place}: update gives the new value, and stores nothing if its function throws`, async () => {
    const { cache } = PLACES[place]();
    const plus = (value = 0) => value + 1;
    assert.equal(await update(cache, "k", plus, { ttl: "1h" }), 1);
    assert.equal(await update(cache, "k", async (value) => plus(value)), 2);
    const fails = update(cache, "k", () => {
      throw undefined;
    });
    assert.equal(
      await fails.then(
        () => "no",
        (error) => error,
      ),
      undefined,
    );
    assert.equal(await cache.get("k"), 2);
    assert.equal(await update(cache, "k", plus), 3, "and the next one need not wait");
  });

  test(`${place}: of 100 updates at once none is lost`, async () => {
    const { cache, clock } = PLACES[place]();
    const all = Array.from({ length: 100 }, () => update(cache, "n", (value = 0) => value + 1));
    await clock.runTo(600_000);
    const values = (await Promise.all(all)).sort((a, b) => a - b);
    assert.deepEqual(
      values,
      Array.from({ length: 100 }, (_, nth) => nth + 1),
    );
    assert.equal(await cache.get("n"), 100);
  });
}

test("memory: a value that is changed in place and set again has another version", async () => {
  const { cache } = PLACES.memory();
  const value = { n: 1 };
  await cache.set("k", value);
  const { version } = await getVersioned(cache, "k");
  value.n = 2;
  await cache.set("k", value);
  assert.equal(await compareAndSet(cache, "k", version, { n: 1 }), false);
});

test("memory: a value that cannot be kept is an error, not a change by somebody else", async () => {
  const cache = createCache({ stores: [memory({ maxBytes: 100 })] });
  const { version } = await getVersioned(cache, "k");
  await assert.rejects(compareAndSet(cache, "k", version, "x".repeat(1000)), { code: "E_STORE" });
  await assert.rejects(
    update(cache, "k", () => "x".repeat(1000)),
    { code: "E_STORE" },
  );
});

test("a value that cannot be stored is an error, and leaves what is there", async () => {
  const { cache } = stage();
  await cache.set("k", 1);
  await assert.rejects(
    update(cache, "k", () => 1n),
    { code: "E_STORE", message: /value of k/ },
  );
  assert.equal(await cache.get("k"), 1);
});

test("across instances: each sees what the other stored, however old its memory is", async () => {
  const { cache, other } = stage();
  await cache.set("k", 1);
  assert.equal(await other.get("k"), 1);
  await update(cache, "k", (value) => value + 1);
  assert.equal(await update(other, "k", (value) => value + 1), 3);
  assert.equal((await getVersioned(cache, "k")).value, 3);
});

test("across instances: of 200 updates none is lost, with random latencies", async () => {
  for (let nth = 0; nth < 4; nth += 1) {
    const random = seeded(SEED + nth);
    const latency = () => Math.floor(random() * 9);
    const { caches, clock } = stage(undefined, { instances: 4, latency, options: { random } });
    const all = Array.from({ length: 200 }, (_, at) =>
      update(caches[at % 4], "n", (value = 0) => value + 1),
    );
    await clock.runTo(3_600_000);
    await Promise.all(all);
    const { value } = await Promise.race([
      getVersioned(caches[0], "n"),
      clock.runTo(7_200_000),
    ]).then((found) => found ?? getVersioned(caches[0], "n"));
    assert.equal(value, 200, `HOLDOVER_SEED=${SEED + nth}`);
  }
});

test("a late write of another instance is not lost from sight: the version has changed", async () => {
  const clock = new ManualClock();
  const shared = new SharedStore(clock);
  const made = () => createCache({ clock, stores: [memory(), shared] });
  const [one, other] = [made(), made()];
  await one.set("k", 1);
  const { version } = await getVersioned(one, "k");
  await other.set("k", 5);
  assert.equal(await compareAndSet(one, "k", version, 2), false);
  assert.equal(await one.get("k"), 5, "memory does not answer with what was compared");
});

test("a write of this instance on its way comes first", async () => {
  const { cache, clock } = stage(undefined, { latency: () => 10 });
  const settled = async (work) => {
    await clock.runTo(clock.elapsed + 1000);
    return work;
  };
  await settled(cache.set("k", 1));
  const { version } = await settled(getVersioned(cache, "k"));
  const setting = cache.set("k", 2);
  const comparing = compareAndSet(cache, "k", version, 3);
  await settled(setting);
  assert.equal(await comparing, false);
  assert.equal(await settled(cache.get("k")), 2);
});

test("an answer after the deadline: nothing is believed until it is known", async () => {
  const clock = new ManualClock();
  const whole = new WholeStore();
  const answers = [];
  whole.compareAndSet = (...args) =>
    new Promise((resolve) =>
      answers.push(() => resolve(WholeStore.prototype.compareAndSet.apply(whole, args))),
    );
  const cache = createCache({ clock, stores: [memory(), whole] });
  await cache.set("k", 1);
  const { version } = await getVersioned(cache, "k");
  const failed = assert.rejects(compareAndSet(cache, "k", version, 2), { code: "E_STORE" });
  await clock.runTo(600);
  await failed;
  assert.equal(await cache.get("k"), 1);
  for (const answer of answers) answer();
  await drain();
  assert.equal(await cache.get("k"), 2, "memory asked again");
});

test("a late compareAndSet does not replace what was stored since", async () => {
  const clock = new ManualClock();
  const whole = new WholeStore();
  const answers = [];
  const own = WholeStore.prototype.compareAndSet;
  whole.compareAndSet = (...args) =>
    new Promise((resolve) => answers.push(() => resolve(own.apply(whole, args))));
  const cache = createCache({ clock, stores: [memory(), whole] });
  await cache.set("k", 1);
  const { version } = await getVersioned(cache, "k");
  const failed = assert.rejects(compareAndSet(cache, "k", version, 2), { code: "E_STORE" });
  await clock.runTo(600);
  await failed;
  await cache.set("k", 3);
  for (const answer of answers) answer();
  await drain();
  assert.equal(await cache.get("k"), 3);
  await clock.runTo(60_000);
  assert.equal(await cache.get("k"), 3, "nor is it dropped");
});

test("a record that is none of ours is replaced like a missing one", async () => {
  for (const record of [new Uint8Array([1, 2, 3]), "text"]) {
    const { cache, shared } = stage();
    shared.held.set("n:k", { record, due: Infinity });
    const { version } = await getVersioned(cache, "k");
    assert.equal(version.exists, false);
    assert.equal(await compareAndSet(cache, "k", version, 1), true);
    assert.equal(await cache.get("k"), 1);
  }
});

test("a counter is refused: only increment changes it", async () => {
  const { cache } = stage();
  await increment(cache, "n");
  await assert.rejects(getVersioned(cache, "n"), { code: "E_CONFIG", message: /increment/ });
});

test("above a store that cannot compare it is refused, with the stores that can", async () => {
  const clock = new ManualClock();
  for (const able of [[], ["add", "compareAndDelete"], ["compareAndSet"]]) {
    const cache = createCache({ clock, stores: [memory(), only(new SharedStore(clock), ...able)] });
    const wanted = { code: "E_CONFIG", message: /compareAndSet: redis\(\)/ };
    await assert.rejects(getVersioned(cache, "k"), wanted);
    await assert.rejects(compareAndSet(cache, "k", {}, 1), wanted);
    await assert.rejects(
      update(cache, "k", () => 1),
      wanted,
    );
  }
});

test("wrong versions, values of options and functions are told", async () => {
  const { cache, other } = stage();
  const { version } = await getVersioned(cache, "k");
  for (const wrong of [undefined, null, {}, "v", Number.NaN]) {
    await assert.rejects(compareAndSet(cache, "k", wrong, 1), {
      code: "E_CONFIG",
      message: /the version of k is .*; allowed: the version that getVersioned gave/,
    });
  }
  await assert.rejects(compareAndSet(cache, "other", version, 1), { code: "E_CONFIG" });
  await assert.rejects(compareAndSet(other, "k", version, 1), { code: "E_CONFIG" });
  await assert.rejects(compareAndSet(cache, "k", version, 1, { ttl: 0 }), /more than 0/);
  await assert.rejects(compareAndSet(cache, "k", version, 1, { tll: 1 }), /did you mean "ttl"/);
  await assert.rejects(update(cache, "k", 1), { code: "E_CONFIG", message: /a function/ });
  await cache.close();
  await assert.rejects(getVersioned(cache, "k"), { code: "E_CLOSED" });
  await assert.rejects(compareAndSet(cache, "k", version, 1), { code: "E_CLOSED" });
});

test("an update that others overtake again and again ends with an error", async () => {
  const { cache, other, clock } = stage();
  let calls = 0;
  const updating = update(cache, "k", async (value) => {
    calls += 1;
    await other.set("k", calls);
    return value;
  });
  const failed = assert.rejects(updating, { code: "E_STORE", message: /100 times/ });
  await clock.runTo(100_000);
  await failed;
  assert.equal(calls, 100);
});

test("in every order of events two instances that compare store one after the other", async () => {
  const orders = await inEveryOrder({
    begin: async (store, settled) => {
      const clock = new ManualClock();
      const made = () => createCache({ clock, stores: [memory(), store] });
      const caches = [made(), made()];
      await settled(caches[0].set("k", 10));
      return caches;
    },
    act: (caches) =>
      caches.map(async (cache) => {
        const { value, version } = await getVersioned(cache, "k");
        return compareAndSet(cache, "k", version, value + 1);
      }),
    check: async (caches, results, settled) => {
      const stored = results.filter(({ value }) => value === true).length;
      assert.ok(stored >= 1, "one of them was first");
      for (const cache of caches) {
        const { value } = await settled(getVersioned(cache, "k"));
        assert.equal(value, 10 + stored);
      }
    },
  });
  assert.ok(orders > 50, `${orders} orders`);
});

test("in every order of events a drop by another instance is not undone", async () => {
  await inEveryOrder({
    begin: async (store, settled) => {
      const clock = new ManualClock();
      const made = () => createCache({ clock, stores: [memory(), store] });
      const caches = [made(), made()];
      await settled(caches[0].set("k", 10));
      const { version } = (await settled(getVersioned(caches[0], "k")))[0].value;
      return { caches, version };
    },
    act: ({ caches: [one, other], version }) => [
      compareAndSet(one, "k", version, 11),
      other.invalidate("k"),
    ],
    check: async ({ caches: [one, other] }, _results, settled) => {
      for (const cache of [one, other]) {
        const { value } = await settled(getVersioned(cache, "k"));
        assert.equal(value, undefined);
      }
    },
  });
});
