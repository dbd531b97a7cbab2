/** Operations that have to know which keys there are. */

import { StoreError } from "../errors.js";
import type { Events } from "../events.js";
import type { Layer, Layers } from "../layers.js";
import type { Subject } from "./arguments.js";
import { dropAll } from "./batches.js";
import { literalPrefix, matcher } from "./pattern.js";

/** Names that are none of keys: of counters, and of locks where there is no namespace. */
const INTERNAL = /%n[0-9a-f]{32}$|^%(?:tags|lock|load|bloom):/;

/** See `Cache.keys`. */
export async function keysOf(cache: Subject, pattern: string): Promise<string[]> {
  const { found, unlisted } = await list(cache, pattern);
  for (const error of unlisted) throw error;
  return found;
}

/** See `Cache.deleteMatch`. */
export async function deleteMatch(cache: Subject, pattern: string): Promise<number> {
  const { found, unlisted } = await list(cache, pattern);
  await dropAll(cache, found);
  for (const error of unlisted) throw error;
  return found.length;
}

/** See `Cache.clear`. */
export async function clear(cache: Subject): Promise<void> {
  const { driver, entries } = cache;
  driver.checkOpen();
  entries.clear();
  const { layers, events } = driver.host;
  if (layers === undefined) return;
  await Promise.all(layers.all.map((layer) => empty(layers, layer, events)));
  await driver.host.feed?.tell({ all: true });
}

async function empty(layers: Layers, layer: Layer, events: Events): Promise<void> {
  const { store } = layer;
  const prefix = layers.named("");
  if (store.clear === undefined && store.keys === undefined) {
    const error = new StoreError(`${layer.name} can neither be cleared nor list its keys`);
    events.tell({ type: "store-error", store: layer.name, operation: "clear", key: "", error });
    return;
  }
  const run = async (): Promise<unknown> => {
    if (store.clear !== undefined) return store.clear(prefix);
    const names = await namesIn(layer, prefix);
    if (store.deleteMany !== undefined) return store.deleteMany(names);
    return Promise.all(names.map((name) => store.delete(name)));
  };
  await layers.try(layer, "clear", "", run);
}

/** All keys that match, and the stores that could not say theirs. */
async function list(
  { driver, entries }: Subject,
  pattern: string,
): Promise<{ readonly found: string[]; readonly unlisted: readonly unknown[] }> {
  driver.checkOpen();
  const { layers } = driver.host;
  const matching = matcher(pattern);
  const found = new Set(entries.heldKeys().filter(matching));
  const unlisted: unknown[] = [];
  for (const layer of layers?.all ?? []) {
    if (layers === undefined) break;
    if (layer.store.keys === undefined) {
      unlisted.push(new StoreError(`${layer.name} cannot list its keys`));
      continue;
    }
    try {
      const prefix = layers.named(literalPrefix(pattern));
      const names = await layers.attempt(layer, "keys", pattern, () => namesIn(layer, prefix));
      const keys = names.filter((name) => !INTERNAL.test(name)).map((name) => layers.keyIn(name));
      for (const key of keys.filter(matching)) found.add(key);
    } catch (error) {
      unlisted.push(error);
    }
  }
  const off = (key: string) => driver.offFor(key).reads;
  return { found: [...found].filter((key) => !off(key)), unlisted };
}

async function namesIn({ store }: Layer, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const found of (await (store.keys?.(prefix) ?? [])) as AsyncIterable<string>)
    names.push(found);
  // A store that lists too much must not have other namespaces dropped.
  return names.filter((found) => found.startsWith(prefix));
}
