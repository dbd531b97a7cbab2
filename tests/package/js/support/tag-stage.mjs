// A cache whose loads have tags, for tests of these.

import { memory } from "holdover";
import { createCache } from "./caches.mjs";
import { ManualClock } from "./manual-clock.mjs";
import { MapStore } from "./map-store.mjs";

export const POLICY = { ttl: 1000, staleIfError: 5000, staleWhileRevalidate: 500, key: "{0}" };

/** Instances over one clock and the same stores; the loader counts, and can be held back. */
export function stage({ instances = 1, names = [], policy = {} } = {}) {
  const clock = new ManualClock();
  const stores = names.map((name) => new MapStore(name));
  const origin = { loads: 0, delay: 0, down: false };
  const made = Array.from({ length: instances }, () => {
    const events = [];
    const onEvent = (event) => events.push(event);
    const cache = createCache({ clock, stores: [memory(), ...stores], onEvent });
    const load = async (key, org) => {
      origin.loads += 1;
      const result = { key, org, load: origin.loads };
      if (origin.delay > 0) await new Promise((go) => clock.setTimeout(go, origin.delay));
      if (origin.down) throw new Error("down");
      return result;
    };
    return { cache, events, get: cache.wrap(load, { ...POLICY, tags: ["org:{1}"], ...policy }) };
  });
  return { clock, stores, origin, instances: made, ...made[0] };
}
