// P5: memory misses, the store below it has the value. The store is a Map in this process that
// answers at once, so what is measured is the caches' own part.

import { BentoCache, bentostore } from "bentocache";
import { memoryDriver } from "bentocache/drivers/memory";
import { Cacheable, createKeyv, Keyv } from "cacheable";
import { createCache, memory } from "holdover";
import { customStore } from "holdover/stores/custom";
import { composeStorage, createMemoryStorage, defineCachedFunction } from "ocache";
import { keys } from "./keys.mjs";
import { own, race } from "./measure.mjs";

/** Entries below; memory has room for a tenth of them, so keys in turn never hit there. */
const ENTRIES = 1000;
const ROOM = ENTRIES / 10;

/** The store below, as most caches take it: methods over a `Map`, each a promise. */
function below() {
  const map = new Map();
  return {
    map,
    get: async (key) => map.get(key),
    set: async (key, value) => {
      map.set(key, value);
    },
    delete: async (key) => map.delete(key),
    clear: async () => map.clear(),
    has: async (key) => map.has(key),
  };
}

/** The same as bentocache's drivers are. */
function bentoDriver() {
  const store = below();
  const driver = {
    ...store,
    type: "l2",
    set: async (key, value) => {
      store.map.set(key, value);
      return true;
    },
    getMany: async (all) => all.map((key) => store.map.get(key)),
    deleteMany: async (all) => all.every((key) => store.map.delete(key)),
    namespace: () => driver,
    disconnect: async () => {},
  };
  return { options: {}, factory: () => driver };
}

const PEERS = {
  holdover(load) {
    const { get, set, delete: drop } = below();
    const stores = [memory({ maxEntries: ROOM }), customStore({ get, set, delete: drop })];
    return createCache({ stores }).wrap(load, {
      ttl: "1m",
      staleWhileRevalidate: "1m",
      key: (key) => key,
    });
  },
  bentocache(load) {
    const memoryOptions = { maxItems: ROOM, serialize: false };
    const store = bentostore().useL1Layer(memoryDriver(memoryOptions)).useL2Layer(bentoDriver());
    const bento = new BentoCache({ default: "tiers", stores: { tiers: store } });
    return (key) => bento.getOrSet({ key, ttl: "1m", grace: "1h", factory: () => load(key) });
  },
  cacheable(load) {
    const secondary = new Keyv({ store: new Map() });
    const cache = new Cacheable({ primary: createKeyv({ lruSize: ROOM }), secondary, ttl: "1m" });
    return (key) => cache.getOrSet(key, () => load(key));
  },
  ocache(load) {
    const { get, set } = below();
    const storage = composeStorage([createMemoryStorage({ maxSize: ROOM }), { get, set }]);
    return defineCachedFunction(load, {
      name: "load",
      maxAge: 60,
      swr: true,
      staleMaxAge: 60,
      getKey: (key) => key,
      storage,
    });
  },
};

async function contender([name, cached]) {
  let loads = 0;
  const called = cached(async (key) => {
    loads += 1;
    return { key, name: "somebody" };
  });
  const asked = keys(ENTRIES);
  for (const key of asked) await called(key);
  // What is written in the background is there by then.
  await new Promise((tell) => setTimeout(tell, 50));
  const body = `let at = 0;
    return () => { at = at === asked.length - 1 ? 0 : at + 1; return called(asked[at]); };`;
  const run = own(["called", "asked"], body, [called, asked]);
  return { name, run, loads: () => loads };
}

export async function run() {
  const contenders = [];
  for (const peer of Object.entries(PEERS)) contenders.push(await contender(peer));
  const results = await race(contenders);
  for (const { name, loads } of contenders)
    if (loads() !== ENTRIES) throw new Error(`${name} asked the origin ${loads()} times`);
  return [
    {
      title: "P5 memory misses, the store below it hits",
      results,
      gates: [{ of: "fastest other", atMost: 0.67 }],
    },
  ];
}
