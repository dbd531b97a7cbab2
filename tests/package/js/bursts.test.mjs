// Callers of one burst who wait for loads of others: what they share, and what each has of its own.

import assert from "node:assert/strict";
import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import { test } from "node:test";
import { createCache } from "holdover";
import { invalidateTags } from "holdover/tags";
import { drain, ManualClock } from "./support/manual-clock.mjs";

const KEYS = ["a", "b", "c"];

/** Timers that run in the contexts they were armed in, as those of hosts do. */
class HostClock extends ManualClock {
  setTimeout(task, delay) {
    return super.setTimeout(AsyncResource.bind(task), delay);
  }
}

/** A cached function that loads at once the first time, and then as `load` says. */
async function cached(load, policy) {
  const clock = new HostClock();
  const cache = createCache({ clock, waitUntil: false });
  const loads = [];
  const get = cache.wrap(
    (key) => {
      loads.push(key);
      return key === "first" ? key : load(key, loads.length);
    },
    { ttl: "1m", key: (key) => key, ...policy },
  );
  // From now on callers of one burst may share what they wait for.
  await get("first");
  loads.length = 0;
  return { cache, clock, get, loads };
}

/** Loads that never end. */
const hanging = () => new Promise(() => {});

test("one timer does for the followers of a burst", async () => {
  const { clock, get } = await cached(hanging);
  const asked = [...KEYS, ...KEYS, ...KEYS];
  for (const key of asked) void get(key);
  assert.equal(clock.armed, 1);
  await drain();
  for (const key of KEYS) void get(key);
  assert.equal(clock.armed, 2, "that of another burst is its own");
});

test("each key's followers have one load once its lease is over", async () => {
  const { clock, get, loads } = await cached((key, nth) => (nth <= 3 ? hanging() : `new ${key}`));
  const answers = [];
  for (const key of [...KEYS, ...KEYS, ...KEYS]) {
    void get(key).then((value) => answers.push(value));
  }
  await clock.runTo(29_999);
  assert.deepEqual(loads, KEYS);
  await clock.runTo(30_000);
  assert.deepEqual(loads, [...KEYS, ...KEYS]);
  assert.deepEqual(
    answers.sort(),
    KEYS.flatMap((key) => [`new ${key}`, `new ${key}`]),
  );
  assert.equal(clock.armed, 0);
});

test("who takes over loads in its own context", async () => {
  const contexts = new AsyncLocalStorage();
  const { clock, get } = await cached((_, nth) => (nth <= 3 ? hanging() : contexts.getStore()));
  for (const key of KEYS) void get(key);
  const answers = KEYS.map((key) => contexts.run(`of ${key}`, () => get(key)));
  await clock.runTo(30_000);
  assert.deepEqual(await Promise.all(answers), ["of a", "of b", "of c"]);
});

test("a timer that is needed no more goes, and the next caller of the burst gets another", async () => {
  const { clock, get } = await cached(hanging);
  void get("a");
  const stop = new AbortController();
  const aborted = get.with({ signal: stop.signal })("a");
  assert.equal(clock.armed, 1);
  stop.abort(new Error("enough"));
  assert.equal(clock.armed, 0);
  await assert.rejects(aborted, /enough/);
  void get("b");
  void get("b");
  assert.equal(clock.armed, 1);
});

test("a loader's timeout answers all of a burst, each key by its own error", async () => {
  const { clock, get, loads } = await cached(hanging, { timeout: 1000 });
  const answers = [...KEYS, ...KEYS, ...KEYS].map((key) =>
    get(key).catch(({ message }) => message),
  );
  await clock.runTo(1000);
  const told = KEYS.map((key) => `the load of ${key} took over 1000 ms`);
  assert.deepEqual(await Promise.all(answers), [...told, ...told, ...told]);
  assert.deepEqual(loads, KEYS);
  assert.equal(clock.armed, 0);
});

test("followers share a promise, and no handler of theirs silences a leader's failure", async () => {
  const { get } = await cached(() => Promise.reject(new Error("down")));
  const answers = [get("a"), get("a"), get("a")];
  const [leading, ...following] = answers;
  assert.equal(new Set(following).size, 1);
  assert.notEqual(leading, following[0]);
  await Promise.all(answers.map((answer) => assert.rejects(answer, /down/)));
});

for (const [what, change] of Object.entries({
  "its key is invalidated": ({ get }) => void get.invalidate("a"),
  "its tag is invalidated": ({ cache }) => void invalidateTags(cache, ["t"]),
})) {
  test(`nobody shares what was waited for before ${what}`, async () => {
    const ends = [];
    const load = () => new Promise((resolve) => ends.push(resolve));
    const one = await cached(load, { tags: ["t"] });
    const before = [one.get("a"), one.get("a"), one.get("a")];
    change(one);
    const after = [one.get("a"), one.get("a"), one.get("a")];
    await drain();
    for (const [nth, end] of ends.entries()) end(nth);
    assert.deepEqual(await Promise.all(before), [0, 0, 0]);
    assert.deepEqual(await Promise.all(after), [1, 1, 1]);
  });
}
