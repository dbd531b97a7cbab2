// P7: hit ratios of eviction policies, on traces of the web.
import { readFileSync } from "node:fs";
import { brotliDecompressSync } from "node:zlib";
import { memory } from "holdover";
import { LRUCache } from "lru-cache";

const TRACES = ["web12", "web07"];
/** Parts of the keys that there is room for. */
const PARTS = [0.01, 0.1];
/** By bytes there is as much room as for so many entries of medium size. */
const MEDIUM = 1000;

function keysOf(trace) {
  const bytes = brotliDecompressSync(readFileSync(new URL(`traces/${trace}.br`, import.meta.url)));
  return Array.from(
    { length: bytes.length / 4 },
    (_, nth) => `product:${bytes.readUInt32BE(nth * 4)}`,
  );
}

/** From 100 to 1900 bytes, the same for a key each time. */
const sizeOf = (key) => 100 + ((Number(key.slice(8)) * 7919) % 1801);

/** The part of the accesses that hit, in percent. */
function hitRatio(cache, keys) {
  let hits = 0;
  for (const key of keys) {
    if (cache.get(key) === undefined) cache.set(key, sizeOf(key));
    else hits += 1;
  }
  return (100 * hits) / keys.length;
}

const CACHES = {
  entries: (room) => ({
    "holdover, s3-fifo": memory({ maxEntries: room, maxBytes: Infinity, eviction: "s3-fifo" }),
    "holdover, lru": memory({ maxEntries: room, maxBytes: Infinity }),
    "lru-cache": new LRUCache({ max: room }),
  }),
  bytes: (room) => {
    const options = { maxEntries: 2 ** 24, maxBytes: room * MEDIUM, sizeOf: (value) => value };
    const sizeCalculation = (value, key) => value + 2 * key.length;
    return {
      "holdover, s3-fifo": memory({ ...options, eviction: "s3-fifo" }),
      "holdover, lru": memory(options),
      "lru-cache": new LRUCache({ maxSize: room * MEDIUM, sizeCalculation }),
    };
  },
};

export async function run() {
  const tables = [];
  for (const trace of TRACES) {
    const keys = keysOf(trace);
    const known = new Set(keys).size;
    for (const part of PARTS) {
      for (const [by, caches] of Object.entries(CACHES)) {
        const results = Object.entries(caches(Math.floor(known * part))).map(([name, cache]) => {
          const ratio = hitRatio(cache, keys);
          return { name, p50: ratio, min: ratio };
        });
        const moreBy = part < 0.1 ? 1 : trace === "web12" ? 3 : 2;
        tables.push({
          title: `P7 hits on ${trace}, room for ${part * 100} % of the keys by ${by}`,
          unit: "percent",
          results,
          gates: [{ of: "lru-cache", moreBy }],
        });
      }
    }
  }
  return tables;
}
