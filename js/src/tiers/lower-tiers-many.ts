/** Reading many keys from the lower stores at once. */

import type { FoundEntry } from "../model/entry.js";
import type { Operation } from "../model/store.js";
import type { Form } from "../records/entry-records.js";
import { StoreError } from "../util/errors.js";
import type { Run, Tier } from "./attempts.js";
import { ASK, SKIP } from "./ledger.js";
import { labelFor } from "./sending.js";
import type { NamedKey, TierChanges } from "./tier-changes.js";

/** The lower stores, as far as they are needed to read many keys. */
export interface ReadableTiers {
  readonly all: readonly Tier[];
  readonly changes: TierChanges;
  named(key: string): string;
  read(key: string, form: Form): Promise<FoundEntry | undefined>;
  usable(
    tier: Tier,
    key: string,
    record: unknown,
    form: Form,
  ): FoundEntry | undefined | Promise<FoundEntry | undefined>;
  accepts(index: number, name: string, record: unknown, entry: FoundEntry): boolean;
  fill(named: NamedKey, record: Uint8Array, entry: FoundEntry, above: number, since: number): void;
  try<T>(tier: Tier, operation: Operation, key: string, run: Run<T>): Promise<T | undefined>;
}

/** Most reads of keys that keep changing while they are read. */
const READS = 3;

/** See `LowerTiers.readMany`. */
export async function readMany(
  tiers: ReadableTiers,
  keys: readonly string[],
  form: Form,
): Promise<Map<string, FoundEntry>> {
  const { fences } = tiers.changes;
  const since = fences.last;
  const found = new Map<string, FoundEntry>();
  for (const [index, tier] of tiers.all.entries()) {
    const missing = keys
      .filter((key) => !found.has(key))
      .map((key) => ({ key, name: tiers.named(key) }));
    if (missing.length === 0) break;
    const records = await recordsOf(tiers, tier, index, missing);
    // At once: their tags are asked for together.
    const usable = missing.map(({ key }, at) => tiers.usable(tier, key, records[at], form));
    for (const [at, entry] of (await Promise.all(usable)).entries()) {
      const record = records[at];
      const named = missing[at] as NamedKey;
      if (entry === undefined || !tiers.accepts(index, named.name, record, entry)) continue;
      found.set(named.key, entry);
      if (!entry.counted) tiers.fill(named, record as Uint8Array, entry, index, since);
    }
  }
  await readAgain(tiers, found, keys, form, since);
  return found;
}

/** Keys that were changed while others were read are read again, each by itself. */
async function readAgain(
  tiers: ReadableTiers,
  found: Map<string, FoundEntry>,
  keys: readonly string[],
  form: Form,
  since: number,
): Promise<void> {
  const { fences } = tiers.changes;
  let from = since;
  for (let reads = 0; ; reads += 1) {
    const before = from;
    const outdated = keys.filter((key) => fences.isOutdated(tiers.named(key), before));
    for (const key of outdated) found.delete(key);
    if (outdated.length === 0 || reads === READS) return;
    from = fences.last;
    const read = await Promise.all(outdated.map((key) => tiers.read(key, form)));
    for (const [at, key] of outdated.entries()) {
      const entry = read[at];
      if (entry !== undefined) found.set(key, entry);
    }
  }
}

async function recordsOf(
  tiers: ReadableTiers,
  tier: Tier,
  index: number,
  asked: readonly NamedKey[],
): Promise<readonly unknown[]> {
  const { changes } = tiers;
  const { store } = tier;
  if (store.getMany === undefined) {
    const one = ({ key, name }: NamedKey) =>
      changes.get(index, name, () => tiers.try(tier, "get", key, () => store.get(name)));
    return Promise.all(asked.map(one));
  }
  const known = asked.map(({ name }) => changes.look(index, name));
  const unknown = asked.filter((_, at) => known[at] === ASK);
  const records = unknown.length === 0 ? [] : await getMany(tiers, tier, unknown);
  if (unknown.length > 0) changes.answered(index);
  let next = 0;
  return known.map((record) => {
    if (record === SKIP) return undefined;
    if (record !== ASK) return record;
    next += 1;
    return records[next - 1];
  });
}

async function getMany(
  tiers: ReadableTiers,
  tier: Tier,
  asked: readonly NamedKey[],
): Promise<readonly unknown[]> {
  const names = asked.map(({ name }) => name);
  const keys = asked.map(({ key }) => key);
  const records = await tiers.try(tier, "getMany", labelFor(keys), async () => {
    const given: unknown = await tier.store.getMany?.(names);
    // Without their positions records are of no use.
    if (Array.isArray(given) && given.length === names.length) return given as unknown[];
    throw new StoreError("getMany gave no array of as many records as keys");
  });
  return records ?? [];
}
