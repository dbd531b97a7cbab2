/** Reading many keys from the lower stores at once. */

import type { Form } from "./entry-records.js";
import { StoreError } from "./errors.js";
import type { FoundEntry, Layer, Layers } from "./layers.js";

type Records = readonly (Uint8Array | undefined | null)[];

/** What events name when many keys are meant. */
export function label(keys: readonly string[]): string {
  return keys.length === 1 ? (keys[0] ?? "") : `${keys[0]} and ${keys.length - 1} more`;
}

/** Like `Layers.read`, for many keys: one operation per store that can do that. */
export async function readMany(
  layers: Layers,
  keys: readonly string[],
  form: Form = {},
): Promise<Map<string, FoundEntry>> {
  const found = new Map<string, FoundEntry>();
  for (const [index, layer] of layers.all.entries()) {
    const missing = keys.filter((key) => !found.has(key));
    if (missing.length === 0) break;
    const records = await recordsOf(layers, layer, missing);
    for (const [at, key] of missing.entries()) {
      const record = records[at];
      const entry = await layers.usable(layer, key, record, form);
      if (entry === undefined) continue;
      found.set(key, entry);
      if (record && !entry.counted) layers.fill(key, record, entry, index);
    }
  }
  return found;
}

async function recordsOf(layers: Layers, layer: Layer, keys: readonly string[]): Promise<Records> {
  const { store } = layer;
  if (store.getMany === undefined) {
    const one = (key: string) => layers.try(layer, "get", key, () => store.get(layers.named(key)));
    return Promise.all(keys.map(one));
  }
  const names = keys.map((key) => layers.named(key));
  const records = await layers.try(layer, "getMany", label(keys), async () => {
    const given: unknown = await store.getMany?.(names);
    // Without their positions records are of no use.
    if (Array.isArray(given) && given.length === keys.length) return given as Records;
    throw new StoreError("getMany gave no array of as many records as keys");
  });
  return records ?? [];
}
