// Instances over one store, for tests of the stamps that tags have there.

import { memory } from "holdover";
import { createCache } from "./caches.mjs";
import { ManualClock } from "./manual-clock.mjs";
import { MapStore } from "./map-store.mjs";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const isStamp = (key) => key.startsWith("%tags:");

/** An instance with a memory of its own, over given stores; its clock may be wrong. */
export function instance(clock, stores, { ahead = 0, withMemory = true, ...options } = {}) {
  const events = [];
  const cache = createCache({
    clock: {
      now: () => clock.now() + ahead,
      setTimeout: (...args) => clock.setTimeout(...args),
      clearTimeout: (timer) => clock.clearTimeout(timer),
    },
    stores: withMemory ? [memory(), ...stores] : stores,
    writes: "await",
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { cache, events };
}

/** Some instances over one store, and a loader that gives the row as it is. */
export function stage({ instances = [{}], stores = [new MapStore()], policy = {} } = {}) {
  const clock = new ManualClock();
  const origin = { row: "v1", loads: 0, during: undefined };
  const made = instances.map((options) => {
    const { cache, events } = instance(clock, stores, options);
    const load = async () => {
      origin.loads += 1;
      const read = origin.row;
      await origin.during?.();
      return read;
    };
    const get = cache.wrap(load, { ttl: "1h", key: "{0}", tags: ["t:{0}", "all"], ...policy });
    return { cache, events, get };
  });
  return { clock, store: stores[0], stores, origin, made, ...made[0] };
}
