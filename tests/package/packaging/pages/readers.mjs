// The names that the tables of docs/coming-from.md use: all that the package exports, and what a
// reader has. Each row is run with names of its own.

import { randomBytes } from "node:crypto";
import { WholeStore } from "../../js/support/whole-store.mjs";
import { manifest } from "../installed.mjs";

/** Entries that only their host or bundler can import. */
const ELSEWHERE = /\.wasm$|package\.json$|^\.\/slim/;

const entries = new Map();
for (const path of Object.keys(manifest.exports)) {
  if (!ELSEWHERE.test(path)) {
    const name = `holdover${path.slice(1)}`;
    entries.set(name, await import(name));
  }
}

/** True for an entry of the package. */
export const isEntry = (name) => entries.has(name);

/** Returns the names that a code is run with. */
export function readersNames(code) {
  const exported = Object.assign({}, ...entries.values());
  const { createCache, memory, circuitBreaker, customStore } = exported;
  const lower = customStore(new WholeStore());
  // Locks need a store that keeps them; the rest is of caches with a memory alone, or of any.
  const stores = /\block\(|loadLock/.test(code) ? [memory(), lower] : [memory()];
  const cache = createCache({ stores });
  const load = async () => ({ ok: true, maxAge: 1000, id: 1 });
  const loadAll = async (lists) => lists.map(() => 1);
  const wrapped = cache.wrap(load, {
    ttl: "1m",
    key: (id) => `row:${id}`,
    loadMany: loadAll,
    guards: [circuitBreaker({ errorRate: 0.5, window: "10s", minCalls: 5, openFor: "30s" })],
  });
  const schema = (value) => ({ value });
  return {
    ...exported,
    ...{ cache, wrapped, load, lower, store: lower, fn: load, log: () => {} },
    ...{
      name: "users",
      capacity: 100,
      table: new WholeStore(),
      secret: randomBytes(32),
      check: () => true,
      handler: () => new Response("ok"),
      headers: ["etag"],
    },
    loadAll,
    ctx: { waitUntil() {} },
    UserSchema: { "~standard": { version: 1, vendor: "test", validate: schema } },
  };
}
