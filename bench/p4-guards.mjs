// P4: P1's hit again, with and without every guard configured.
import { keys } from "./keys.mjs";
import { own, race } from "./measure.mjs";
import { holdover } from "./peers/index.mjs";

const HOT = 1000;
const ENTRIES = 10_000;

const origin = async (key) => ({ key, name: "somebody" });

async function hits(name, cached) {
  const asked = keys(HOT);
  for (const one of asked) await cached(one);
  const body = `
    let at = 0;
    return () => {
      at = at === asked.length - 1 ? 0 : at + 1;
      return cached(asked[at]);
    };`;
  return { name, run: own(["cached", "asked"], body, [cached, asked]) };
}

export async function run() {
  const results = await race([
    await hits("breaker, rate limit, slow calls", holdover.guarded(origin, ENTRIES)),
    await hits("no guards", holdover.cached(origin, ENTRIES)),
  ]);
  return [
    {
      title: "P4 awaited hit with every guard configured",
      results,
      gates: [{ of: "no guards", atMost: 1.15 }],
    },
  ];
}
