// Runs conformance cases inside a worker: /<store>/cases lists them, /<store>/run/<index> runs one.

import { createCache, memory } from "holdover";
import { cacheApi } from "holdover/stores/cache-api";
import { kv } from "holdover/stores/cloudflare-kv";
import { durableObject } from "holdover/stores/durable-object";
import { storeConformance } from "holdover/testing";
import { guardScenarios } from "./guard-scenarios.js";

export { HoldoverObject } from "holdover/stores/durable-object";

const BATCHES = ["getMany", "setMany", "deleteMany", "keys", "clear"];
const ATOMIC = ["add", "compareAndDelete", "compareAndSet", "increment", "window", "ping"];

const STORES = {
  kv: (env) => [() => kv(env.KV), { lag: Infinity, capabilities: ["keys", "clear"] }],
  "cache-api": () => [() => cacheApi(() => caches.open("conformance")), { lag: 5 }],
  "durable-object": (env) => [
    () => durableObject(env.OBJECTS),
    { lag: 5, capabilities: [...BATCHES, ...ATOMIC] },
  ],
  "durable-object-sharded": (env) => [
    () => durableObject(env.OBJECTS, { shards: 3 }),
    { lag: 5, capabilities: [...BATCHES, ...ATOMIC] },
  ],
};

function check(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}

const APART = {
  /** What the platform refuses, the store does not ask for. */
  async limits() {
    const asked = [];
    const namespace = {
      put: async (key, _value, options) => asked.push({ key, ...options }),
      get: async (key, options) => asked.push({ key, ...options }) && null,
      delete: async () => {},
      list: async () => ({ keys: [], list_complete: true }),
    };
    const store = kv(namespace, { cacheTtl: 30 });
    const lives = [1, 59_999, 60_000, 60_001, 1e9, Infinity, 2 ** 53];
    for (const expiresIn of lives) await store.set("a", new Uint8Array(), { expiresIn });
    const ttls = asked.map(({ expirationTtl }) => expirationTtl);
    const wanted = [60, 60, 60, 61, 1e6, undefined, undefined];
    check(JSON.stringify(ttls) === JSON.stringify(wanted), JSON.stringify(ttls));
    await store.get("k".repeat(600));
    const { cacheTtl, key } = asked.at(-1);
    check(cacheTtl === 30 && key.length === 512, `${cacheTtl} ${key.length}`);
  },
  async 429() {
    const refuse = (message) => async () => {
      throw new Error(message);
    };
    const rest = { get: async () => null, list: async () => ({ keys: [], list_complete: true }) };
    const busy = refuse("KV PUT failed: 429 Too Many Requests");
    const store = kv({ ...rest, put: busy, delete: busy });
    await store.set("a", new Uint8Array(), { expiresIn: 1000 });
    await store.delete("a");
    const down = refuse("KV PUT failed: 500 Internal Server Error");
    const broken = kv({ ...rest, put: down, delete: down });
    const error = await broken
      .set("a", new Uint8Array(), { expiresIn: 1000 })
      .catch(({ message }) => message);
    check(/500/.test(error), `${error}`);
  },
  async layers(env) {
    const stores = [memory(), kv(env.KV), durableObject(env.OBJECTS)];
    const events = [];
    const first = createCache({ namespace: "layers", stores, onEvent: (e) => events.push(e) });
    let loads = 0;
    const load = () => ({ load: ++loads, text: "ä" });
    const policy = { ttl: "5s" };
    await first.getOrLoad("a", load, policy);
    await first.set("b", 2);
    const second = createCache({ namespace: "layers", stores: [memory(), ...stores.slice(1)] });
    const found = await second.explain("a", load, policy);
    check(found.value.load === 1 && found.tier === "kv", JSON.stringify(found));
    check((await second.get("b")) === 2, "b is not there");
    const failures = events.filter(({ type }) => type === "store-error" || type === "corrupt");
    check(failures.length === 0, JSON.stringify(failures));
  },
};

const scenarios = (env) =>
  guardScenarios(() => durableObject(env.OBJECTS, { shards: 2 }), `run-${Date.now()}`);

async function answer(env, store, way, which) {
  if (store === "apart") {
    if (way === "cases") return Object.keys(APART);
    await APART[which](env);
    return "passed";
  }
  if (store === "guards") {
    if (way === "cases") return Object.keys(scenarios(env));
    await scenarios(env)[decodeURIComponent(which)]();
    return "passed";
  }
  const cases = await storeConformance(...STORES[store](env));
  if (way === "cases") return cases.map(({ name }) => name);
  await cases[which].run();
  return "passed";
}

export default {
  async fetch(request, env) {
    const [, store, way, which] = new URL(request.url).pathname.split("/");
    try {
      return Response.json(await answer(env, store, way, which));
    } catch (error) {
      return new Response(error?.stack ?? `${error}`, { status: 500 });
    }
  },
};
