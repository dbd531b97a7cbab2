// Prints the bytes that one contender takes for each of 100,000 entries beyond key and value, in the
// heap and in the memory of WebAssembly: `node --expose-gc bytes.mjs NAME`. One contender per
// process, since a module never gives memory back.
const ENTRIES = 100_000;
const HOUR = 3_600_000;

const memories = [];
const Instance = WebAssembly.Instance;
WebAssembly.Instance = class extends Instance {
  constructor(module, imports) {
    super(module, imports);
    for (const value of Object.values(this.exports)) {
      if (value instanceof WebAssembly.Memory) memories.push(value);
    }
  }
};

const { createCache, memory } = await import("holdover");
const { LRUCache } = await import("lru-cache");

/** Bytes in use; the collector needs two passes for what others kept alive. */
function inUse() {
  globalThis.gc();
  globalThis.gc();
  const modules = memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers + modules;
}

const keys = Array.from(
  { length: ENTRIES },
  (_, index) => `user:${index}:${(index * 7919) % 9973}`,
);
// Texts made of parts are flattened by their first use as a key, which is not the contenders' cost.
for (const key of keys) new Set([key]);

// The module itself is no entry's.
memory().set("first", 1);

async function wrapped(reads) {
  const stores = [memory({ maxEntries: ENTRIES, maxBytes: Number.POSITIVE_INFINITY })];
  const cache = createCache({ stores });
  const policy = { ttl: HOUR, staleWhileRevalidate: HOUR, key: (key) => key };
  const get = cache.wrap(async () => 1, policy);
  for (let read = 0; read <= reads; read += 1) for (const key of keys) await get(key);
  return cache;
}

/** Fills of one contender each, from nothing: some take their room when they are made. */
const CONTENDERS = {
  "holdover, loaded": () => wrapped(0),
  "holdover, each read twice more": () => wrapped(2),
  "holdover, memory().set": () => {
    const store = memory({ maxEntries: ENTRIES, maxBytes: Number.POSITIVE_INFINITY });
    for (const key of keys) store.set(key, 1, { ttl: HOUR });
    return store;
  },
  "lru-cache": () => {
    const cache = new LRUCache({ max: ENTRIES, ttl: HOUR });
    for (const key of keys) cache.set(key, 1);
    return cache;
  },
  Map: () => {
    const map = new Map();
    for (const key of keys) map.set(key, 1);
    return map;
  },
};

export const names = Object.keys(CONTENDERS);

const [, script, name] = process.argv;
if (script.endsWith("bytes.mjs") && name !== undefined) {
  const before = inUse();
  const held = await CONTENDERS[name]();
  const taken = inUse() - before;
  console.log(taken / ENTRIES, held === undefined ? "" : keys.length);
}
