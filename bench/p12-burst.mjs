// P12: many calls at once on keys without entries; the origin answers a turn later.
import { keyOf } from "./keys.mjs";
import { race } from "./measure.mjs";
import { loading } from "./peers/index.mjs";

const ENTRIES = 20_000;

/** Calls the keys of one burst, all before any is answered. */
async function burst(called, asked) {
  const calls = new Array(asked.length);
  for (let at = 0; at < asked.length; at += 1) calls[at] = called(asked[at]);
  await Promise.all(calls);
}

async function contender({ name, cached }, index, calls, distinct) {
  const loads = { bursts: 0, count: 0 };
  const origin = (key) => {
    loads.count += 1;
    return new Promise((resolve) => setImmediate(resolve, key.length));
  };
  const called = cached(origin, ENTRIES);
  const prepare = () => {
    loads.bursts += 1;
    const fresh = Array.from({ length: distinct }, (_, which) =>
      keyOf(`b${index}`, loads.bursts * distinct + which),
    );
    return Array.from({ length: calls }, (_, call) => fresh[call % distinct]);
  };
  return { name, loads, prepare, run: (asked) => burst(called, asked) };
}

async function bursts(calls, distinct) {
  const peers = loading.filter(({ name }) => name !== "await of Map.get");
  const contenders = [];
  for (const [index, peer] of peers.entries()) {
    contenders.push(await contender(peer, index, calls, distinct));
  }
  const results = await race(contenders, { batch: 1, budget: 20e6, rounds: 5 });
  return results.map((result, index) => {
    const { count, bursts } = contenders[index].loads;
    const perKey = count / bursts / distinct;
    if (index === 0 && perKey !== 1) throw new Error(`holdover loads a key ${perKey} times`);
    return { ...result, note: perKey === 1 ? undefined : `${perKey.toFixed(1)} loads per key` };
  });
}

export async function run() {
  const fastest = [{ of: "fastest other", atMost: 1 }];
  const one = await bursts(1000, 1);
  const many = await bursts(10_000, 1000);
  return [
    { title: "P12 burst: 1,000 calls on one cold key", results: one, gates: fastest },
    { title: "P12 burst: 10,000 calls on 1,000 cold keys", results: many, gates: fastest },
  ];
}
