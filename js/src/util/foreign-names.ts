/**
 * Option names of other caching libraries and their names here, for messages about unknown options.
 */

const here = (name: string, names: string): [string, string][] =>
  names.split(" ").map((foreign) => [foreign, `here it is ${name}`]);

const TTL = 'ttl, in milliseconds or like "5m"';
const TTLS =
  "maxAge maxage max_age ttlMs ttlSeconds ttlInSeconds timeToLive expire expires expiresIn expiry EX PX revalidate fresh freshFor cacheTtl";
const SIZES: readonly [string, string][] = [
  ...here("memory({ maxEntries })", "max maxItems maxKeys maxEntries capacity lruSize"),
  ...here("memory({ maxBytes })", "maxSize maxBytes maxMemory"),
];

/** Options of `wrap`, `getOrLoad` and `fetch`. */
export const FOREIGN_TO_POLICIES: Readonly<Record<string, string>> = Object.fromEntries([
  ...here(TTL, TTLS),
  ...here("staleWhileRevalidate", "swr stale staleFor stale-while-revalidate swrTtl staleMaxAge"),
  ...here("staleIfError", "grace gracePeriod graceTtl staleTtl staleTTL stale-if-error sie"),
  ...here("failoverAfter", "softTimeout"),
  ...here("timeout", "hardTimeout"),
  ...here("singleFlight", "dedupe coalesce coalescing"),
  ...here("cacheIf", "shouldCache isCacheable isCacheableValue condition"),
  ...here("early", "refreshThreshold refreshAhead"),
  ...here("tags", "cacheTags revalidateTags"),
  ...["circuitBreaker", "rateLimit", "slowCalls", "bulkhead"].map((name) => [
    name,
    `here it is guards: [${name}({ … })] of "holdover/guards"`,
  ]),
  ...SIZES,
]);

/** Options of `wrap`. */
export const FOREIGN_TO_WRAP: Readonly<Record<string, string>> = {
  ...FOREIGN_TO_POLICIES,
  ...Object.fromEntries(
    here("key", "keyGenerator generateKey getKey makeKey cacheKey cacheKeyFn keyFn resolver"),
  ),
};

/** Options of one call. */
export const FOREIGN_TO_CALLS: Readonly<Record<string, string>> = Object.fromEntries([
  ...here(TTL, TTLS),
  ...here("bypass", "forceFresh forceRefresh noCache skipCache skip"),
]);

/** Options of `createCache`. */
export const FOREIGN_TO_CACHES: Readonly<Record<string, string>> = Object.fromEntries([
  ...here("defaults: { ttl }", `ttl stdTTL defaultTtl defaultTTL ${TTLS}`),
  ...here("namespace", "prefix keyPrefix"),
  ...SIZES,
]);

/** Options of `memory`. */
export const FOREIGN_TO_MEMORY: Readonly<Record<string, string>> = Object.fromEntries([
  ...here(TTL, `stdTTL ${TTLS}`),
  ...here("maxEntries", "max maxItems maxKeys capacity lruSize"),
  ...here("maxBytes", "maxSize maxMemory"),
  ...here("sizeOf", "sizeCalculation length"),
  ...here("copy", "clone useClones"),
]);
