/** Bytes in the lower stores with no record around them: for data with a format of its own. */

import { isBytes } from "../util/bytes.js";
import type { LowerTiers } from "./lower-tiers.js";

/** The bytes that a store has under a name, and the success of asking it. */
export interface Raw {
  readonly bytes: Uint8Array | undefined;
  readonly tier: string;
  readonly failed: boolean;
}

/** The bytes that each store has. */
export function readRaw(tiers: LowerTiers, name: string): Promise<Raw[]> {
  return Promise.all(
    tiers.all.map(async (tier) => {
      const raw = await tiers.try(tier, "get", name, async () => ({
        bytes: (await tier.store.get(name)) as unknown,
      }));
      const bytes = isBytes(raw?.bytes) ? raw.bytes : undefined;
      return { bytes, tier: tier.name, failed: raw === undefined };
    }),
  );
}

/** Writes bytes without an end; whether a store has them now. */
export async function writeRaw(
  tiers: LowerTiers,
  name: string,
  bytes: Uint8Array,
): Promise<boolean> {
  const options = { expiresIn: Number.POSITIVE_INFINITY };
  const written = tiers.all.map((tier) =>
    tiers.try(tier, "set", name, async () => {
      await tier.store.set(name, bytes, options);
      return true;
    }),
  );
  return (await Promise.all(written)).includes(true);
}
