/** Operations that have to know which keys there are. */

import { namesIn } from "../../tiers/listing.js";
import { StoreError } from "../../util/errors.js";
import type { Subject } from "../subject.js";
import { dropAll } from "./batches.js";
import { literalPrefix, matcher } from "./pattern.js";

/** See `keys` of `holdover/operations`. */
export async function keysOf(cache: Subject, pattern: string): Promise<string[]> {
  const { found, unlisted } = await list(cache, pattern);
  for (const error of unlisted) throw error;
  return found;
}

/** See `deleteMatch` of `holdover/operations`. */
export async function deleteMatch(cache: Subject, pattern: string): Promise<number> {
  cache.driver.checkOpen();
  const { driver, entries } = cache;
  const matching = matcher(pattern);
  const isOn = (key: string) => !driver.offFor(key).reads;
  const held = entries.heldKeys().filter((key) => matching(key) && isOn(key));
  const known = () => entries.knownKeys().filter(matching);
  // At once, loads, reads and writes under way included: what they bring is not stored.
  const before = known();
  entries.outdate();
  for (const key of before) entries.drop(key);
  // The stores afterwards, or what they have could not be counted.
  const { found, unlisted } = await list(cache, pattern);
  entries.outdate();
  await dropAll(cache, [...before, ...known(), ...found]);
  for (const error of unlisted) throw error;
  return new Set([...held, ...found]).size;
}

/** See `clear` of `holdover/operations`. */
export async function clear(cache: Subject): Promise<void> {
  const { driver, entries } = cache;
  driver.checkOpen();
  entries.clearAll();
  const { layers, feed } = driver.host;
  if (layers === undefined) return;
  await layers.tiers.clear(layers.named(""));
  const { namespace, memory } = driver.host;
  await feed?.tell({ all: true }, namespace === "" ? memory.namespaces() : undefined);
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
      const prefix = layers.listPrefix(literalPrefix(pattern));
      const names = await layers.attempt(layer, "keys", pattern, () =>
        namesIn(layer.store, prefix),
      );
      const keys = layers.keysIn(names);
      for (const key of keys.filter(matching)) found.add(key);
    } catch (error) {
      unlisted.push(error);
    }
  }
  const off = (key: string) => driver.offFor(key).reads;
  return { found: [...found].filter((key) => !off(key)), unlisted };
}
