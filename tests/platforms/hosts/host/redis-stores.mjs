// The Redis store with the clients that Bun and Deno have, there. Prints the results as JSON.

import { createCache, memory } from "holdover";
import { redis } from "holdover/stores/redis";
import { runAll, same } from "../shared/check.js";
import { storeTests } from "../shared/conformance.js";

const [, name, port] = process.argv.slice(2);

/** Bun's own client; on Deno the one that most take, as it has none. */
async function connect() {
  if (globalThis.Bun) return new Bun.RedisClient(`redis://127.0.0.1:${port}`);
  const { Redis } = await import("ioredis");
  return new Redis(Number(port), "127.0.0.1");
}

const client = await connect();
const BATCHES = ["getMany", "setMany", "deleteMany", "keys", "clear"];
const ATOMIC = ["add", "compareAndDelete", "increment", "window", "subscribe", "publish", "ping"];

const own = [
  {
    name: "redis: an entry of one instance is found by another, and its invalidation heard",
    run: async () => {
      const made = () => createCache({ namespace: name, stores: [memory(), redis(client)] });
      const [one, other] = [made(), made()];
      await one.set("k", { text: "ä\u0000" });
      same((await other.get("k")).text, "ä\u0000", "what the other one has");
      // Whether it hears by now or not: what it took before is looked for again when it does.
      await one.set("k", 2);
      for (let looks = 0; looks < 100 && (await other.get("k")) !== 2; looks += 1) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      same(await other.get("k"), 2, "what it has after a change");
      await one.close();
      await other.close();
    },
  },
];

const options = { lag: 5, capabilities: [...BATCHES, ...ATOMIC] };
const results = await runAll([
  ...(await storeTests("redis", () => redis(client), options)),
  ...own,
]);
if (globalThis.Bun) client.close();
else client.disconnect();
console.log(JSON.stringify(results));
if (globalThis.Deno) Deno.exit(0);
process.exit(0);
