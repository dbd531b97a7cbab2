/** Bytes in the lower stores with no record around them: what has a format of its own. */

import { isBytes } from "../util/bytes.js";
import type { Layers } from "./layers.js";

/** What a store has under a name, and whether it could be asked at all. */
export interface Raw {
  readonly bytes: Uint8Array | undefined;
  readonly layer: string;
  readonly failed: boolean;
}

/** The bytes that each store has. */
export function readRaw(layers: Layers, name: string): Promise<Raw[]> {
  return Promise.all(
    layers.all.map(async (layer) => {
      const raw = await layers.try(layer, "get", name, async () => ({
        bytes: (await layer.store.get(name)) as unknown,
      }));
      const bytes = isBytes(raw?.bytes) ? raw.bytes : undefined;
      return { bytes, layer: layer.name, failed: raw === undefined };
    }),
  );
}

/** Writes bytes without an end; whether a store has them now. */
export async function writeRaw(layers: Layers, name: string, bytes: Uint8Array): Promise<boolean> {
  const options = { expiresIn: Number.POSITIVE_INFINITY };
  const written = layers.all.map((layer) =>
    layers.try(layer, "set", name, async () => {
      await layer.store.set(name, bytes, options);
      return true;
    }),
  );
  return (await Promise.all(written)).includes(true);
}
