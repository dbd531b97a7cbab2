/** Names that a store has under a prefix. */

import type { Store } from "../model/store.js";

/** The names that begin with `prefix`. */
export async function namesIn(store: Store, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const found of (await (store.keys?.(prefix) ?? [])) as AsyncIterable<string>)
    names.push(found);
  // A store that lists too much must not have other namespaces dropped.
  return names.filter((found) => found.startsWith(prefix));
}

/** Drops everything under a prefix, in a store that can `clear` or list its `keys`. */
export async function clearStore(store: Store, prefix: string): Promise<unknown> {
  if (store.clear !== undefined) return store.clear(prefix);
  const names = await namesIn(store, prefix);
  if (store.deleteMany !== undefined) return store.deleteMany(names);
  return Promise.all(names.map((name) => store.delete(name)));
}
