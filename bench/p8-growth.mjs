// P8, light: the cost of a hit at 1,000 and at 100,000 entries, all equally popular.
import { evenly, keys } from "./keys.mjs";
import { own, race } from "./measure.mjs";
import { floor, holdover, lruCache } from "./peers/index.mjs";

const origin = async (key) => ({ key });

async function contender({ name, cached }, entries) {
  const held = keys(entries);
  const called = cached(origin, entries);
  for (const key of held) await called(key);
  const body = `
    let at = 0;
    return () => {
      at = (at + 1) & 131071;
      return called(asked[at]);
    };`;
  const asked = evenly(held, 2 ** 17);
  return { name: `${name}, ${entries}`, run: own(["called", "asked"], body, [called, asked]) };
}

export async function run() {
  const contenders = [];
  for (const peer of [holdover, floor, lruCache]) {
    for (const entries of [1000, 100_000]) contenders.push(await contender(peer, entries));
  }
  const results = await race(contenders, { batch: 8192 });
  const growth = results
    .filter((_, index) => index % 2 === 1)
    .map((large, index) => {
      const small = results[index * 2];
      const name = large.name.replace(/, .*/, "");
      return { name, p50: large.p50 / small.p50, min: large.min / small.min };
    });
  return [
    { title: "P8 (light) awaited hit at 1,000 and 100,000 entries", results, gates: [] },
    {
      title: "P8 (light) growth of a hit from 1,000 to 100,000 entries",
      unit: "times",
      results: growth,
      gates: [{ of: "await of Map.get", atMost: 1.3 }],
    },
  ];
}
