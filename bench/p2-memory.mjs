// P2: a synchronous get of the memory tier with 10,000 entries, some much more popular than others.
import { keys, skewed } from "./keys.mjs";
import { own, race } from "./measure.mjs";
import { mapFloor } from "./peers/floor.mjs";
import { holdover } from "./peers/holdover.mjs";
import { lruCache } from "./peers/lru-cache.mjs";
import { lruMin, quickLru, tinyLruPeer } from "./peers/small-lru.mjs";

const ENTRIES = 10_000;
const TTL = 3_600_000;

export async function run() {
  const held = keys(ENTRIES);
  const asked = skewed(held, 2 ** 16);
  const stores = [holdover, mapFloor, lruCache, lruMin, tinyLruPeer, quickLru];
  const contenders = stores.map(({ name, note, store }) => {
    const { self, set } = store(ENTRIES, TTL);
    for (const key of held) set(key, { key });
    const body = `
      let at = 0;
      let last;
      return () => {
        at = (at + 1) & 65535;
        // Kept, or the engine removes a Map access whose result is unused.
        last = store.get(asked[at]);
        return last;
      };`;
    return { name, note, run: own(["store", "asked"], body, [self, asked]) };
  });
  return [
    {
      title: "P2 synchronous get with ttl, 10,000 entries, Zipf",
      results: await race(contenders, { batch: 8192 }),
      gates: [{ of: "lru-cache", atMost: 1.1 }],
    },
  ];
}
