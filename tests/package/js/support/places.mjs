// Caches for tests of basic operations, over memory and stores with different capabilities.

import { memory } from "holdover";
import { createCache } from "./caches.mjs";
import { ManualClock } from "./manual-clock.mjs";
import { only, SharedStore } from "./shared-store.mjs";

/** Returns caches over one store, each with a memory of its own. */
export function stage(capabilities, { instances = 2, options = {}, latency } = {}) {
  const clock = new ManualClock();
  const shared = new SharedStore(clock, latency);
  const store = capabilities === undefined ? shared : only(shared, ...capabilities);
  const events = [];
  const onEvent = (event) => events.push(event);
  const made = Array.from({ length: instances }, () =>
    createCache({ clock, onEvent, stores: [memory(), store], namespace: "n", ...options }),
  );
  return { clock, shared, caches: made, cache: made[0], other: made[1], events };
}

export const BARE = [];
export const PLACES = {
  memory: () => {
    const clock = new ManualClock();
    return { clock, cache: createCache({ clock }) };
  },
  "memory and a bare store": () => stage(BARE),
  "memory and a store that can all": () => stage(),
  "a bare store alone": () => {
    const clock = new ManualClock();
    return { clock, cache: createCache({ clock, stores: [only(new SharedStore(clock))] }) };
  },
  "a store that can all, alone": () => {
    const clock = new ManualClock();
    return { clock, cache: createCache({ clock, stores: [new SharedStore(clock)] }) };
  },
};
