// What the types of Keyv, cache-manager and unstorage take.

import { type Cache, createCache as createManager } from "cache-manager";
import { createCache } from "holdover";
import { type CacheManager, toCacheManager } from "holdover/integrations/cache-manager";
import { toKeyv } from "holdover/integrations/keyv";
import { unstorageDriver } from "holdover/integrations/unstorage";
import Keyv from "keyv";
import { createStorage, type Driver } from "unstorage";

const cache = createCache();

export const manager: Cache = toCacheManager(cache, { ttl: "1m" });
export const user: Promise<{ id: number }> = manager.wrap("user:1", async () => ({ id: 1 }), 1000);
export const raw: Promise<{ value: number; expires?: number }> = toCacheManager(cache).wrap(
  "n",
  () => 1,
  { ttl: (value: number) => value, raw: true },
);
export const own: CacheManager = toCacheManager(cache);
own.on("refresh", ({ key, error }) => void [key.length, error]);
// @ts-expect-error: not an event
own.on("refreshed", () => {});
// @ts-expect-error: not an option
toCacheManager(cache, { tll: 1 });

export const keyv: Keyv = new Keyv({ store: toKeyv(cache), namespace: "a" });
export const perNamespace: Keyv = new Keyv({
  store: toKeyv((namespace) => createCache({ namespace })),
});
export const both: typeof createManager = createManager;

export const driver: Driver = unstorageDriver(cache, { ttl: "1m" });
export const storage: ReturnType<typeof createStorage> = createStorage({ driver });
// @ts-expect-error: not an option
unstorageDriver(cache, { tll: 1 });
