// The Worker in Rust and the npm package in one isolate, over the same stores.

import worker from "HOLDOVER_WORKER";
import { createCache, memory } from "holdover";
import { loadLock } from "holdover/locks";
import { cacheApi } from "holdover/stores/cache-api";
import { kv } from "holdover/stores/cloudflare-kv";
import { customStore } from "holdover/stores/custom";
import { durableObject } from "holdover/stores/durable-object";

export { HoldoverObject } from "holdover/stores/durable-object";

const records = new Map();
/** A store of the application's own, whose methods return no promises. */
const MAP = {
  name: "custom",
  get: (key) => records.get(key),
  set: (key, record) => void records.set(key, record.slice()),
  delete: (key) => void records.delete(key),
  keys: (prefix) => [...records.keys()].filter((key) => key.startsWith(prefix)),
};

/** Machines are busy. */
const DEADLINE = { deadline: 10_000 };

const instances = new Map();

function instance(env, tier, name) {
  const key = `${tier} ${name}`;
  if (!instances.has(key)) {
    const store = {
      kv: () => kv(env.KV, DEADLINE),
      "cache-api": () => cacheApi(() => caches.default, DEADLINE),
      "durable-object": () => durableObject(env.OBJECTS, { ...DEADLINE, shards: 3 }),
      custom: () => customStore(MAP),
    }[tier]();
    const cache = createCache({
      namespace: "shop",
      stores: [memory(), store],
    });
    let loads = 0;
    const load = async (id) => {
      loads += 1;
      return { id, by: "npm" };
    };
    // Objects can keep locks.
    const lock = tier === "durable-object" ? loadLock({ ttl: "1m" }) : undefined;
    const get = cache.wrap(load, { key: "user:{0}", ttl: "10m", lock });
    instances.set(key, { get, loads: () => loads });
  }
  return instances.get(key);
}

export default {
  async fetch(request, env, context) {
    const [way, tier, name, id, operation] = new URL(request.url).pathname.slice(1).split("/");
    if (way !== "npm") return worker.fetch(request, { ...env, MAP }, context);
    const { get, loads } = instance(env, tier, name);
    if (operation === "invalidate") {
      await get.invalidate(Number(id));
      return Response.json(true);
    }
    const { value, source, tier: from } = await get.explain(Number(id));
    return Response.json({ value, source, tier: from, loads: loads() });
  },
};
