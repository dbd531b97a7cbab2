// Scale: a million keys, a hundred caches in one process, ten namespaces on one memory; each beside
// the same work at a small scale.
import { createCache, memory } from "holdover";
import { LRUCache } from "lru-cache";
import { evenly, keys } from "./keys.mjs";
import { own, quick, race } from "./measure.mjs";

const MANY = quick ? 100_000 : 1_000_000;
const FEW = 1000;
const ASKED = 2 ** 17;
const HOUR = 3_600_000;
const POLICY = { ttl: "1h", staleWhileRevalidate: "1h", key: (key) => key };

/** Asks a function for keys, in turn; all of them are there by then. */
const asking = (called, asked) =>
  own(
    ["called", "asked"],
    `let at = 0; return () => { at = (at + 1) & ${ASKED - 1}; return called(asked[at]); };`,
    [called, asked],
  );

async function filled(functions, held) {
  for (const [nth, key] of held.entries()) await functions[nth % functions.length](key);
}

const origin = async (key) => key.length;
const cacheOver = (store, namespace) =>
  createCache({ namespace, stores: [store] }).wrap(origin, POLICY);
const roomy = (entries) => memory({ maxEntries: entries, maxBytes: Number.POSITIVE_INFINITY });

/** Calls that go to the function that has the key. */
async function shared(name, functions, entries) {
  const held = keys(entries);
  await filled(functions, held);
  const numbers = evenly([...held.keys()], ASKED);
  const pairs = numbers.map((nth) => [functions[nth % functions.length], held[nth]]);
  return { name, run: asking(([called, key]) => called(key), pairs) };
}

const over = (count, entries) =>
  Array.from({ length: count }, () => cacheOver(roomy(entries / count)));

function namespaces(count, entries) {
  const store = roomy(entries);
  return Array.from({ length: count }, (_, nth) => cacheOver(store, `space${nth}`));
}

/** Synchronous reads of `entries` keys, and writes over them. */
function stores(entries) {
  const held = keys(entries);
  const asked = evenly(held, ASKED);
  const ours = roomy(entries);
  const lru = new LRUCache({ max: entries, ttl: HOUR });
  const map = new Map();
  for (const key of held) {
    ours.set(key, key, { ttl: HOUR });
    lru.set(key, key);
    map.set(key, key);
  }
  const reading = (store) => asking((key) => store.get(key), asked);
  return [
    {
      name: "holdover",
      get: reading(ours),
      set: asking((key) => ours.set(key, 1, { ttl: HOUR }), asked),
    },
    { name: "Map", get: reading(map), set: asking((key) => map.set(key, 1), asked) },
    { name: "lru-cache", get: reading(lru), set: asking((key) => lru.set(key, 1), asked) },
  ];
}

/** How many times as long a thing takes with many entries as with few. */
async function growth(what) {
  const [small, large] = [stores(FEW), stores(MANY)];
  const raced = await race(
    [...small, ...large].map((store) => ({ name: store.name, run: store[what] })),
    { batch: 8192 },
  );
  return small.map(({ name }, at) => {
    const [one, other] = [raced[at], raced[at + small.length]];
    return { name, p50: other.p50 / one.p50, min: other.min / one.min, spread: other.spread };
  });
}

const many = MANY.toLocaleString("en");

export async function run() {
  const contenders = [
    await shared("one cache", over(1, MANY / 10), MANY / 10),
    await shared("100 caches", over(100, MANY / 10), MANY / 10),
    await shared("10 namespaces on one memory", namespaces(10, MANY / 10), MANY / 10),
  ];
  const [one, ...others] = await race(contenders, { batch: 8192 });
  const gate = (name) => ({ of: name, atLeast: 0.7 });
  const gates = [{ of: "Map", atMost: 1.2 }];
  const grown = (what) => `Scale: growth of a ${what} from 1,000 to ${many} entries`;
  return [
    { title: grown("synchronous get"), unit: "times", results: await growth("get"), gates },
    { title: grown("set"), unit: "times", results: await growth("set"), gates },
    {
      title: "Scale: awaited hits among as many entries, in one cache and in several",
      results: [one, ...others],
      gates: others.map(({ name }) => gate(name)),
    },
  ];
}
