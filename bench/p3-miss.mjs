// P3: a cold miss. Every call has a new key; the origin answers at once.
import { keyOf } from "./keys.mjs";
import { own, race } from "./measure.mjs";
import { loading } from "./peers/index.mjs";

const ENTRIES = 10_000;

export async function run() {
  const origin = (key) => Promise.resolve(key.length);
  const contenders = [];
  for (const [index, { name, note, cached }] of loading.entries()) {
    const called = cached(origin, ENTRIES);
    for (let warm = 0; warm < ENTRIES; warm += 1) await called(keyOf(`warm${index}`, warm));
    let next = 0;
    contenders.push({
      name,
      note,
      prepare: () => keyOf(`cold${index}`, next++),
      run: own(["called"], "return (key) => called(key)", [called]),
    });
  }
  return [
    {
      title: "P3 cold miss, the memory full at 10,000 entries",
      results: await race(contenders),
      gates: [{ of: "async-cache-dedupe", atMost: 0.7 }],
    },
  ];
}
