// The stores that Deno has, in Deno. Prints the results as JSON.

import { cacheStorage } from "holdover/stores/cache-storage";
import { denoKv } from "holdover/stores/deno-kv";
import { runAll, same } from "../shared/check.js";
import { storeTests } from "../shared/conformance.js";

const LONG = { expiresIn: 3_600_000 };
const kv = await Deno.openKv(":memory:");

/** 300 KB, all of it the same byte. */
const filled = (byte) => new Uint8Array(300_000).fill(byte);

const own = [
  {
    name: "denoKv: a reader beside writers never sees a mix of two records",
    run: async () => {
      const store = denoKv(kv);
      let isWriting = true;
      const writing = (async () => {
        for (let round = 0; round < 30; round += 1) await store.set("big", filled(round), LONG);
        isWriting = false;
      })();
      let seen = 0;
      while (isWriting) {
        const record = await store.get("big");
        if (record === undefined) continue;
        seen += 1;
        same(record.length, 300_000, "its length");
        same(
          record.every((byte) => byte === record[0]),
          true,
          "one byte throughout",
        );
      }
      await writing;
      same(seen > 0, true, "records were seen");
      same((await store.get("big"))[0], 29, "the last record");
    },
  },
  {
    name: "denoKv: no piece of a record stays behind",
    run: async () => {
      const store = denoKv(kv, { prefix: ["apart"] });
      await store.set("a", filled(1), LONG);
      await store.set("a", filled(2), LONG);
      await store.add("a", filled(3), LONG);
      await store.set("b", filled(4), LONG);
      await store.compareAndDelete("b", filled(4));
      await store.delete("a");
      await store.set("c", filled(5), LONG);
      await store.clear("c");
      let left = 0;
      for await (const _ of kv.list({ prefix: ["apart"] })) left += 1;
      same(left, 0, "entries left");
    },
  },
];

const results = await runAll([
  ...(await storeTests("denoKv", () => denoKv(kv), {
    capabilities: [
      "add",
      "compareAndDelete",
      "compareAndSet",
      "increment",
      "window",
      "keys",
      "clear",
    ],
  })),
  ...own,
  // Deno's caches cannot be listed: what needs that is left out there.
  ...(await storeTests("cacheStorage", () => cacheStorage({ name: "conformance" }))),
]);
kv.close();
console.log(JSON.stringify(results));
