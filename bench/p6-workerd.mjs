// P6 on workerd: a hit of a cached fetch, against a match in the Cache API as workbox does it.
// Clocks stand still in a Worker, so whole requests of many hits are timed from outside. The Cache
// API is miniflare's: like Cloudflare's it is a service beside the Worker, but on one machine.
import { median, quick } from "./measure.mjs";
import { modulesOf, started } from "./workerd.mjs";

const ROUNDS = quick ? 3 : 9;
const CONTENDERS = [
  { name: "holdover", note: "fetch(url)", way: "holdover" },
  { name: "Cache API", note: "caches.default.match", way: "cache-api" },
  { name: "new Response(bytes)", note: "no cache", way: "floor" },
];

async function raceFor(miniflare, kilobytes, hits) {
  const once = async (way) => {
    const began = process.hrtime.bigint();
    const url = `http://bench/${way}?kilobytes=${kilobytes}&hits=${hits}`;
    const answer = await (await miniflare.dispatchFetch(url)).text();
    const took = Number(process.hrtime.bigint() - began);
    if (answer !== `${kilobytes * 1024 * hits}`) throw new Error(`${way}: ${answer}`);
    return took / hits;
  };
  const times = CONTENDERS.map(() => []);
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [which, { way }] of CONTENDERS.entries()) {
      const took = await once(way);
      if (round > 0) times[which].push(took);
    }
  }
  return CONTENDERS.map(({ name, note }, which) => ({
    name,
    note,
    p50: median(times[which]),
    min: Math.min(...times[which]),
  }));
}

export async function run() {
  const miniflare = started(await modulesOf("peers/worker.js"));
  try {
    await miniflare.ready;
    const gates = [{ of: "Cache API", atMost: 1 }];
    const far = [...gates, { of: "new Response(bytes)", atMost: 2 }];
    return [
      {
        title: "P6 on workerd: a cached fetch that hits, 1 KB, read to the end",
        results: await raceFor(miniflare, 1, 2000),
        gates,
      },
      {
        title: "P6 on workerd: a cached fetch that hits, 100 KB, read to the end",
        results: await raceFor(miniflare, 100, 300),
        gates: far,
      },
    ];
  } finally {
    await miniflare.dispose();
  }
}
