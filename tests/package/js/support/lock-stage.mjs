// Instances that load under a lock, for tests.

import { memory } from "holdover";
import { loadLock } from "holdover/locks";
import { createCache } from "./caches.mjs";
import { ManualClock } from "./manual-clock.mjs";
import { SharedStore } from "./shared-store.mjs";

/** Returns numbers in [0, 1), the same for the same seed. */
export function seeded(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Returns instances over one store; `takes`, the duration of a load, may be changed later. */
export function stage({ instances = 2, policy = {}, takes = 100, latency, seed = 1, store } = {}) {
  const clock = new ManualClock();
  const shared = new SharedStore(clock, latency);
  const origin = { loads: 0, running: 0, most: 0, takes, fail: undefined };
  const load = async () => {
    origin.loads += 1;
    const nth = origin.loads;
    origin.running += 1;
    origin.most = Math.max(origin.most, origin.running);
    const { takes: millis, fail } = origin;
    if (millis > 0) await new Promise((resolve) => clock.setTimeout(resolve, millis));
    origin.running -= 1;
    if (fail !== undefined) throw fail;
    return nth;
  };
  const rules = { ttl: "1h", key: "k", lock: loadLock({ ttl: 10_000, wait: 8000 }), ...policy };
  const made = Array.from({ length: instances }, (_, nth) => {
    const events = [];
    // Operations of this instance on the store.
    const operations = [];
    const own = { name: "shared" };
    for (const method of ["get", "set", "delete", "add", "compareAndDelete"]) {
      own[method] = (...args) => {
        operations.push(`${method} ${args[0]}`);
        return shared[method](...args);
      };
    }
    const cache = createCache({
      clock,
      random: seeded(seed * 1000 + nth),
      stores: [memory(), store?.(own) ?? own],
      onEvent: (event) => events.push(event),
    });
    return { cache, get: cache.wrap(load, rules), events, operations };
  });
  return { clock, shared, origin, instances: made };
}
