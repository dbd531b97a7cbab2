// Instances whose guards share a store, for tests.

import assert from "node:assert/strict";
import { memory } from "holdover";
import * as guard from "holdover/guards";
import { customStore } from "holdover/stores/custom";
import { createCache } from "./caches.mjs";
import { seeded } from "./lock-stage.mjs";
import { drain, ManualClock } from "./manual-clock.mjs";
import { WholeStore } from "./whole-store.mjs";

/**
 * Returns a store with every capability, on the test's clock; `delay` is the time of each
 * operation.
 */
export function storeOn(clock, delay = () => 0) {
  const store = new WholeStore();
  const state = { down: false, hangs: false, operations: [] };
  const shared = { name: "shared", state };
  const methods = Object.getOwnPropertyNames(WholeStore.prototype);
  for (const name of methods.filter((method) => method !== "constructor" && method !== "advance")) {
    shared[name] = async (...args) => {
      state.operations.push(`${name} ${args[0]}`);
      if (state.hangs) return new Promise(() => {});
      const millis = delay();
      if (millis > 0) await new Promise((resolve) => clock.setTimeout(resolve, millis));
      if (state.down) throw new Error("down");
      store.now = clock.elapsed;
      return store[name](...args);
    };
  }
  return customStore(shared);
}

/**
 * Returns instances of one function, and their origin.
 * @param policy returns the policy, given the shared store
 */
export function stage({ instances = 2, policy, delay, seed = 1, tiered = false }) {
  const clock = new ManualClock();
  const shared = storeOn(clock, delay);
  const origin = { down: false, loads: 0, takes: 0, began: [] };
  const made = Array.from({ length: instances }, (_, nth) => {
    const events = [];
    const cache = createCache({
      clock,
      random: seeded(seed * 1000 + nth),
      onEvent: (event) => events.push(event),
      ...(tiered && { stores: [memory(), shared] }),
    });
    const answer = async () => {
      origin.loads += 1;
      const nthLoad = origin.loads;
      const { down, takes } = origin;
      origin.began.push(clock.elapsed);
      if (takes > 0) await new Promise((resolve) => clock.setTimeout(resolve, takes));
      if (down) throw new Error("down");
      return nthLoad;
    };
    const load = cache.wrap(async (..._key) => answer(), { name: "answers", ...policy(shared) });
    const code = (...args) =>
      load(...args).then(
        () => "ok",
        (error) => error.code ?? error.message,
      );
    return { cache, load, code, events };
  });
  /** Calls one instance after another, each when the effects of the calls before are known. */
  const turn = async (...calls) => {
    const codes = [];
    for (const [instance, key] of calls) {
      const settled = made[instance].code(key);
      await drain();
      codes.push(await settled);
      await drain();
    }
    return codes;
  };
  return { clock, shared, origin, instances: made, turn };
}

/** Rules of a breaker that opens quickly. */
export const RULES = { errorRate: 0.5, window: "1m", minCalls: 4, openFor: "30s" };

/** Returns a policy with a shared breaker only. */
export const broken = (rules) => (shared) => ({
  ttl: 0,
  guards: [guard.circuitBreaker({ ...RULES, ...rules, shared })],
});

let keys = 0;

/** Calls an instance with a new key, so that the cache has no entry. */
export const on = (instance) => {
  keys += 1;
  return [instance, keys];
};

/** Returns one call of each instance, `times` times. */
export const all = (instances, times = 1) =>
  Array.from({ length: instances * times }, (_, nth) => on(nth % instances));

/** Opens the breaker of a stage with four loads. */
export async function opened(setUp) {
  const it = stage(setUp);
  it.origin.down = true;
  const codes = await it.turn(...Array.from({ length: 4 }, () => on(0)));
  assert.deepEqual(codes, Array(4).fill("down"));
  return it;
}
