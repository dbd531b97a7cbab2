/** Operations on many keys. Results stand where their keys stood. */

import { freshOf } from "../entries.js";
import { type Layer, type Layers, type Lifetime, totalOf } from "../layers.js";
import { label, readMany } from "../layers-many.js";
import { keysWith } from "../part-key.js";
import type { Store } from "../store.js";
import type { Subject } from "./arguments.js";

/** See `Cache.getMany`. */
export async function getMany(cache: Subject, keys: readonly string[]): Promise<unknown[]> {
  const found = await freshMany(cache, keys);
  return keys.map((key) => found.get(key)?.value);
}

/** See `Cache.setMany`. */
export async function setMany(
  cache: Subject,
  entries: readonly (readonly [string, unknown])[],
  lifetime: Lifetime,
): Promise<void> {
  cache.driver.checkOpen();
  // The last one of a key counts.
  const stored = [...new Map(entries)].filter(([key, value]) =>
    cache.entries.keep(key, value, lifetime),
  );
  const { layers, feed } = cache.driver.host;
  if (layers === undefined || stored.length === 0) return;
  await writeMany(layers, stored, lifetime);
  await feed?.tell({ keys: stored.map(([key]) => key) });
}

/** See `Cache.deleteMany`. */
export async function deleteMany(cache: Subject, keys: readonly string[]): Promise<boolean[]> {
  const found = await freshMany(cache, keys);
  await dropAll(cache, keys);
  return keys.map((key) => found.has(key));
}

/** Drops keys, here and in every store. */
export async function dropAll(
  { driver, entries }: Subject,
  given: readonly string[],
): Promise<void> {
  driver.checkOpen();
  const keys = given.flatMap(keysWith);
  for (const key of keys) entries.drop(key);
  const { layers, feed } = driver.host;
  if (layers === undefined || keys.length === 0) return;
  await dropBelow(layers, keys);
  await feed?.tell({ keys });
}

/** Drops keys in every lower store. */
async function dropBelow(layers: Layers, keys: readonly string[]): Promise<void> {
  const names = [...new Set(keys)].map((key) => layers.named(key));
  await Promise.all(
    layers.all.map((layer) => {
      const { store } = layer;
      if (store.deleteMany !== undefined) {
        return layers.try(layer, "deleteMany", label(keys), () => store.deleteMany?.(names));
      }
      const one = (key: string) =>
        layers.try(layer, "delete", key, () => store.delete(layers.named(key)));
      return Promise.all([...new Set(keys)].map(one));
    }),
  );
}

/** The fresh entries of keys. */
async function freshMany(
  { driver, entries }: Subject,
  keys: readonly string[],
): Promise<Map<string, { readonly value: unknown }>> {
  driver.checkOpen();
  const found = new Map<string, { readonly value: unknown }>();
  const wanted = [...new Set(keys)].filter((key) => !driver.offFor(key).reads);
  for (const key of wanted) {
    const held = entries.held(key, true);
    if (held !== undefined) found.set(key, held);
  }
  const { layers } = driver.host;
  const missing = wanted.filter((key) => !found.has(key));
  if (layers === undefined || missing.length === 0) return found;
  for (const [key, entry] of await readMany(layers, missing)) {
    const fresh = freshOf(entry);
    if (fresh !== undefined) found.set(key, fresh);
  }
  return found;
}

async function writeMany(
  layers: Layers,
  entries: readonly (readonly [string, unknown])[],
  lifetime: Lifetime,
): Promise<void> {
  const options = { expiresIn: totalOf(lifetime) };
  // What is of no use any more must not leave what was there before.
  if (options.expiresIn <= 0) {
    return dropBelow(
      layers,
      entries.map(([key]) => key),
    );
  }
  const records = entries.flatMap(([key, value]) => {
    const record = layers.encode(key, value, lifetime);
    return record === undefined ? [] : [{ key, record }];
  });
  const writeTo = (layer: Layer): Promise<unknown> => {
    const { store }: { store: Store } = layer;
    if (store.setMany !== undefined) {
      const named = records.map(({ key, record }) => [layers.named(key), record, options] as const);
      const keys = records.map(({ key }) => key);
      return layers.try(layer, "setMany", label(keys), () => store.setMany?.(named));
    }
    const one = ({ key, record }: { key: string; record: Uint8Array }) =>
      layers.try(layer, "set", key, () => store.set(layers.named(key), record, options));
    return Promise.all(records.map(one));
  };
  await Promise.all(layers.all.map(writeTo));
}
