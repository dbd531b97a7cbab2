/** Reference to a counter that a store keeps: the entry of its key has it instead of a value. */

import { CodecError } from "../../util/errors.js";
import { decodeJson, encodeJson } from "./json.js";

/** As records name it. */
export const COUNTER_CODEC = 3;

/**
 * The number of such an entry is the sum of `base` and the store's count under `id`. Each entry has
 * a counter of its own: counts from before a key was dropped, or set, do not come back.
 */
export class StoredCounter {
  readonly id: string;
  readonly base: number;

  constructor(id: string, base: number) {
    this.id = id;
    this.base = base;
  }
}

export function encodeCounter({ id, base }: StoredCounter): Uint8Array {
  return encodeJson([id, base]);
}

/** @throws CodecError for bytes that are none */
export function decodeCounter(bytes: Uint8Array): StoredCounter {
  const [id, base] = Object(decodeJson(bytes)) as readonly unknown[];
  // It names a key of the store.
  const isId = typeof id === "string" && /^[0-9a-f]{32}$/.test(id);
  if (isId && Number.isFinite(base)) return new StoredCounter(id, base as number);
  throw new CodecError("a counter is damaged");
}
