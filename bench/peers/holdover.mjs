import * as installed from "holdover";
import * as fetching from "holdover/fetch";
import * as guarding from "holdover/guards";

const policy = { ttl: "1m", staleWhileRevalidate: "1m", staleIfError: "1h", early: true };
const GUARDS = {
  circuitBreaker: { errorRate: 0.5, window: "1m", minCalls: 10, openFor: "30s" },
  rateLimit: { limit: 1_000_000, period: "1s" },
  slowCalls: { openFor: "10s", factor: 1000 }, // outliers while the engine compiles must not open it
};
/** Guards as a policy takes them; builds without `holdover/guards` take them as options. */
const guardsOf = (guard) =>
  guard === undefined
    ? GUARDS
    : { guards: Object.entries(GUARDS).map(([kind, options]) => guard[kind](options)) };

/**
 * Returns a contender of one copy of the package: what it exports, its `holdover/fetch` and its
 * `holdover/guards`, if it has that.
 */
export function holdoverOf({ createCache, memory }, { cachedFetch, cachedHandler }, guard, name) {
  /**
   * Returns a loader behind `wrap`; `key` as in the policy, by default derived from the arguments.
   */
  const cached = (load, entries, key, more) => {
    const cache = createCache({ stores: [memory({ maxEntries: entries })] });
    return cache.wrap(load, { ...policy, ...more, ...(key !== undefined && { key }) });
  };
  return {
    name,
    cached: (load, entries) => cached(load, entries, (key) => key),
    templated: (load, entries) => cached(load, entries, "user:{0}"),
    guarded: (load, entries) => cached(load, entries, (key) => key, guardsOf(guard)),
    derived: (load, entries) => cached(load, entries),
    fetching: () => cachedFetch(createCache()),
    handling: (handler) => cachedHandler(createCache(), handler),
    store(entries, ttl) {
      const store = memory({ maxEntries: entries });
      const options = { ttl };
      return { self: store, get: "get", set: (key, value) => store.set(key, value, options) };
    },
  };
}

export const holdover = holdoverOf(installed, fetching, guarding, "holdover");
