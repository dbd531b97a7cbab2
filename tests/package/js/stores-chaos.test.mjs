// 10,000 calls through two stores that delay, drop, repeat, spoil and reorder: every call
// is answered in time, with its own key's value, no older than the policy allows.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { compress } from "holdover/codecs/compress";
import { sign } from "holdover/codecs/sign";
import { createCache } from "./support/caches.mjs";
import { ChaosStore, seeded } from "./support/chaos-store.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { WholeStore } from "./support/whole-store.mjs";

const CALLS = 10_000;
const KEYS = 40;
const TTL = 2000;
const STALE = 1500;
const LOAD = 60;
const DEADLINE = 500;
/** No answer may be older when it is asked for. */
const OLDEST = TTL + STALE;
/** Two stores are looked into, each until its deadline; then the load, of a follower too. */
const LONGEST = 2 * DEADLINE + LOAD;

function stage(seed, options = {}) {
  const random = seeded(seed);
  const clock = new ManualClock();
  const stores = ["near", "far"].map(
    (name) => new ChaosStore(name, new WholeStore(), clock, random),
  );
  const events = {};
  const onEvent = ({ type }) => {
    events[type] = (events[type] ?? 0) + 1;
  };
  const load = (key) =>
    new Promise((resolve) => {
      clock.setTimeout(() => resolve({ key, at: clock.now() }), LOAD);
    });
  // Two instances on the same stores; the second has next to no memory.
  const instances = [memory({ maxEntries: 20 }), memory({ maxEntries: 1 })].map((own) => {
    const cache = createCache({ clock, random, onEvent, stores: [own, ...stores], ...options });
    return cache.wrap(load, { key: "{0}", ttl: TTL, staleWhileRevalidate: STALE });
  });
  return { random, clock, stores, events, instances };
}

async function play({ random, clock, instances }, calls) {
  const wrong = [];
  let answered = 0;
  for (let call = 0; call < calls; call += 1) {
    const key = `key ${Math.floor(random() * KEYS)}`;
    const began = clock.now();
    const wrapped = instances[Math.floor(random() * instances.length)];
    wrapped(key).then(
      (value) => {
        answered += 1;
        const took = clock.now() - began;
        const age = began - value.at;
        if (value.key !== key) wrong.push(`${key} got ${value.key}`);
        if (age > OLDEST) wrong.push(`${key} is ${age} ms old`);
        if (took > LONGEST) wrong.push(`${key} took ${took} ms`);
      },
      (error) => wrong.push(`${key} failed: ${error}`),
    );
    if (random() < 0.3) await clock.runTo(clock.elapsed + Math.floor(random() * 120));
  }
  await clock.runTo(clock.elapsed + 20_000);
  return { wrong, answered };
}

for (const seed of [1, 20_261_121]) {
  test(`chaos, seed ${seed}: every one of ${CALLS} calls is answered well`, async () => {
    const stand = stage(seed);
    const { wrong, answered } = await play(stand, CALLS);
    assert.deepEqual(wrong.slice(0, 5), []);
    assert.equal(answered, CALLS);
    for (const { done } of stand.stores) {
      for (const [what, times] of Object.entries(done)) assert.ok(times > 5, `${what}: ${times}`);
    }
    for (const type of ["corrupt", "store-error", "hit", "stale", "load", "refresh"]) {
      assert.ok(stand.events[type] > 10, `${type}: ${stand.events[type]}`);
    }
    assert.equal(stand.events.trap, undefined);
  });
}

test("after chaos, what is stored is found again in the stores", async () => {
  const stand = stage(7);
  await play(stand, 500);
  for (const store of stand.stores) store.mischief = 0;
  await stand.clock.runTo(stand.clock.elapsed + 10_000);
  const [first, second] = stand.instances;
  for (const key of ["a", "b", "c"]) {
    const loading = first(key);
    await stand.clock.runTo(stand.clock.elapsed + LOAD);
    const loaded = await loading;
    await drain();
    const { value, tier, source } = await second.explain(key);
    assert.deepEqual({ value, tier, source }, { value: loaded, tier: "near", source: "hit" });
  }
});

test("chaos, sealed records: none that was spoiled is served", async () => {
  const options = {
    sign: sign({ keys: [Uint8Array.from({ length: 32 }, (_, nth) => nth)] }),
    compress: compress(),
  };
  const { random, clock, stores } = stage(3);
  const cache = createCache({ clock, random, stores, ...options });
  for (const store of stores) store.mischief = 0;
  await Promise.all(
    Array.from({ length: KEYS }, (_, index) => cache.set(`${index}`, `value ${index}`)),
  );
  for (const store of stores) store.mischief = 1;
  const fresh = createCache({ clock, random, stores: [memory(), ...stores], ...options });
  let open = 0;
  const wrong = [];
  for (let index = 0; index < KEYS; index += 1) {
    open += 1;
    fresh
      .getOrLoad(`${index}`, () => `value ${index}`, { ttl: TTL })
      .then((value) => {
        open -= 1;
        if (value !== `value ${index}`) wrong.push(value);
      });
  }
  // WebCrypto answers in turns of the event loop, so those have to pass as well.
  for (let round = 0; open > 0 && round < 500; round += 1) {
    await new Promise(setImmediate);
    await clock.runTo(clock.elapsed + 10);
  }
  assert.deepEqual([open, wrong], [0, []]);
});
