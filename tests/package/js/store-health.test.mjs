// The health of a store: one machine for entries, locks, guards and messages.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { memory } from "holdover";
import * as guard from "holdover/guards";
import { StoreHealth } from "../../internal.mjs";
import { createCache } from "./support/caches.mjs";
import { ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

const DEADLINE = 500;
const PAUSE = 5000;
const GRACE = 50;

/** What happens, and what is then said: `admit` gives the number of the permit, or "no". */
const TABLE = {
  "four failures in a row change nothing": [
    ...Array.from({ length: 4 }, () => ["fail", 0]),
    ["admit", 0, "permit 0"],
  ],
  "the fifth begins a pause of 5 s": [
    ...Array.from({ length: 5 }, () => ["fail", 100]),
    ["wait", 100, PAUSE],
    ["admit", 100 + PAUSE - 1, "no"],
    ["admit", 100 + PAUSE, "permit 1"],
  ],
  "an answer in between begins the count anew": [
    ...Array.from({ length: 4 }, () => ["fail", 0]),
    ["answer", 0],
    ...Array.from({ length: 4 }, () => ["fail", 0]),
    ["admit", 0, "permit 0"],
  ],
  "after the pause one operation goes, the others stay away until it has been answered": [
    ...Array.from({ length: 5 }, () => ["fail", 0]),
    ["admit", PAUSE, "permit 1"],
    ["admit", PAUSE, "no"],
    ["admit", PAUSE + DEADLINE, "no"],
    ["wait", PAUSE + DEADLINE, GRACE],
    ["answer", PAUSE + DEADLINE],
    ["admit", PAUSE + DEADLINE, "permit 0"],
    ["fail", PAUSE + DEADLINE],
    ["admit", PAUSE + DEADLINE, "permit 0"],
  ],
  "a probe that fails begins the next pause": [
    ...Array.from({ length: 5 }, () => ["fail", 0]),
    ["admit", PAUSE, "permit 1"],
    ["fail", PAUSE + DEADLINE, 1],
    ["admit", 2 * PAUSE + DEADLINE - 1, "no"],
    ["admit", 2 * PAUSE + DEADLINE, "permit 2"],
  ],
  "a probe that vanished with its request is followed by another": [
    ...Array.from({ length: 5 }, () => ["fail", 0]),
    ["admit", PAUSE, "permit 1"],
    ["admit", PAUSE + DEADLINE + GRACE, "permit 2"],
    ["fail", PAUSE + DEADLINE + GRACE, 1],
    ["admit", PAUSE + DEADLINE + GRACE, "no"],
    ["answer", PAUSE + DEADLINE + GRACE],
    ["admit", PAUSE + DEADLINE + GRACE, "permit 0"],
  ],
  "what began before a pause and fails in it neither prolongs it nor ends a probe": [
    ...Array.from({ length: 5 }, () => ["fail", 0]),
    ["fail", 400],
    ["wait", 400, PAUSE - 400],
    ["admit", PAUSE, "permit 1"],
    ["fail", PAUSE],
    ["admit", PAUSE, "no"],
  ],
  "a clock that was set back ends a pause, and a probe": [
    ...Array.from({ length: 5 }, () => ["fail", 1_000_000]),
    ["admit", 500, "permit 1"],
    ["admit", 499, "permit 2"],
  ],
};

describe("health", () => {
  for (const [name, steps] of Object.entries(TABLE)) {
    test(name, () => {
      const health = new StoreHealth(DEADLINE);
      for (const [what, now, more] of steps) {
        if (what === "fail") health.failed(more ?? 0, now);
        else if (what === "answer") health.answered();
        else if (what === "wait") assert.equal(health.waitingTime(now), more);
        else {
          const permit = health.admit(now);
          assert.equal(permit === undefined ? "no" : `permit ${permit}`, more, `at ${now}`);
        }
      }
    });
  }

  test("how many failures are tolerated may be said", () => {
    const health = new StoreHealth(DEADLINE, 1);
    health.failed(0, 0);
    assert.equal(health.admit(0), undefined);
    assert.equal(health.admit(PAUSE), 1);
  });
});

function stage(store) {
  const clock = new ManualClock();
  const events = [];
  const stores = [memory(), store];
  const cache = createCache({ clock, stores, onEvent: (event) => events.push(event) });
  return { cache, clock, events };
}

test("a store that hangs costs one call its deadline every 5 s, however many there are", async () => {
  const store = new MapStore();
  store.misbehave = () => new Promise(() => {});
  const { cache, clock, events } = stage(store);
  const get = cache.wrap(async (key) => key, { key: "{0}", ttl: "1h" });
  const waits = [];
  let key = 0;
  const call = () => {
    const since = clock.elapsed;
    get(`${key++}`).then(() => waits.push(clock.elapsed - since));
  };
  for (; clock.elapsed < 60_000; ) {
    for (let nth = 0; nth < 5; nth += 1) call();
    await clock.runFor(50);
  }
  await clock.runFor(1000);
  const late = waits.filter((wait) => wait > 0);
  assert.equal(waits.length, key);
  // 50 in the first deadline, when nobody knows yet; then one for each pause.
  assert.ok(late.length <= 50 + 5 + 11, `${late.length} of ${waits.length}`);
  assert.ok(events.filter(({ type }) => type === "store-error").length <= 50 + 5 + 11);
});

for (const [deadline, allowed] of [
  ["200ms", 200],
  [200, 200],
  [undefined, 500],
]) {
  test(`a store of one's own with the deadline ${deadline} has ${allowed} ms`, async () => {
    const store = Object.assign(new MapStore(), deadline === undefined ? {} : { deadline });
    store.misbehave = () => new Promise(() => {});
    store.publish = () => new Promise(() => {});
    store.subscribe = () => () => {};
    const { cache, clock, events } = stage(store);
    const call = cache.get("k");
    await clock.runTo(allowed - 1);
    assert.deepEqual(events, []);
    await clock.runTo(allowed);
    await call;
    assert.match(events[0].error.cause.message, new RegExp(`took over ${allowed} ms to get`));
  });
}

for (const deadline of [0, Number.NaN, -1, "", "200", null, 1e12, Number.POSITIVE_INFINITY]) {
  test(`a store of one's own with the deadline ${deadline} is refused`, () => {
    const store = Object.assign(new MapStore("mine"), { deadline });
    const wrong = { code: "E_CONFIG", option: "mine.deadline" };
    assert.throws(() => createCache({ stores: [memory(), store] }), wrong);
    const rateLimit = { limit: 1, period: "1s", shared: store, name: "n" };
    Object.assign(store, { window: () => {} });
    const cache = createCache();
    assert.throws(
      () => cache.wrap(async () => 1, { ttl: 1, key: "k", guards: [guard.rateLimit(rateLimit)] }),
      wrong,
    );
  });
}
