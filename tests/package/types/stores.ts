// Stores and codecs, as strict applications use them, with whatever clients they have.

import { createCache, memory, type Store } from "holdover";
import { bytes, type Codec, structured, text } from "holdover/codecs";
import { compress } from "holdover/codecs/compress";
import { encrypt } from "holdover/codecs/encrypt";
import { sign } from "holdover/codecs/sign";
import { cachedFetch } from "holdover/fetch";
import * as guard from "holdover/guards";
import { toKeyv } from "holdover/integrations/keyv";
import { cacheApi } from "holdover/stores/cache-api";
import { kv } from "holdover/stores/cloudflare-kv";
import { customStore } from "holdover/stores/custom";
import { durableObject, HoldoverObject } from "holdover/stores/durable-object";
import { fromKeyv } from "holdover/stores/keyv";
import { memcached } from "holdover/stores/memcached";
import { redis } from "holdover/stores/redis";
import { fromUnstorage } from "holdover/stores/unstorage";
import { type ConformanceCase, storeConformance } from "holdover/testing";

// biome-ignore lint/suspicious/noExplicitAny: what clients there are is not known here
declare const client: any;

/** A store of the application's own, with a method that no store needs. */
const own = customStore({
  get: async (key: string) => new Uint8Array(key.length),
  set: async () => {},
  delete: async () => {},
  count: () => 1,
});
own.count() satisfies number;
// @ts-expect-error: a store has `delete`
customStore({ get: async () => undefined, set: async () => {} });
// @ts-expect-error: records are bytes
customStore({ get: async () => "text", set: async () => {}, delete: async () => {} });

const stores: Store[] = [
  own,
  redis(client, { deadline: "200ms" }),
  memcached(client),
  kv(client, { cacheTtl: 60 }),
  cacheApi(() => client),
  durableObject(client, { shards: 4 }),
  fromUnstorage(client, { name: "files" }),
  fromKeyv(client),
];

const codecs: Codec[] = [bytes, text, structured(JSON)];
const keys = [new Uint8Array(32)];

export const cache = createCache({
  stores: [memory(), ...stores],
  codec: codecs[0],
  writes: "await",
  sign: sign({ keys }),
  encrypt: encrypt({ keys }),
  compress: compress({ threshold: "2kb" }),
});

export const signed: Store = sign({ keys })(redis(client));
export const keyv: object = toKeyv(cache);
export const cases: Promise<readonly ConformanceCase[]> = storeConformance(() => redis(client));
export { HoldoverObject };

// @ts-expect-error: a lock is what loadLock makes
cache.wrap(async () => 1, { ttl: 1, lock: true });
// @ts-expect-error: misspelt
redis(client, { deadlin: 1 });
// @ts-expect-error: no such way
createCache({ writes: "later" });

const shared: Store = redis(client);
const window = { limit: 10, period: "1m" } as const;
const breaker = { errorRate: 0.5, window: "1m", minCalls: 4, openFor: "30s" } as const;

export const guarded = cache.wrap(async (id: number) => new Uint8Array(id), {
  name: "guarded",
  ttl: "5m",
  codec: bytes,
  hits: { max: 10, shared },
  guards: [
    guard.rateLimit({ ...window, shared }),
    guard.circuitBreaker({ ...breaker, shared, name: "users" }),
  ],
});

export const fetched = cachedFetch(cache, {
  guards: [guard.rateLimit({ ...window, shared, scope: "host", name: "api" })],
});
// @ts-expect-error: no store
cache.wrap(() => 1, { ttl: 1, guards: [guard.rateLimit({ ...window, shared: "redis" })] });
// @ts-expect-error: responses have a form of their own
cachedFetch(cache, { codec: bytes });
