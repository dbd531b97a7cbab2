/**
 * Reads and changes of an entry in the one store that decides about it for all instances: the one
 * that most of them share.
 */

import type { FoundEntry, Lifetime } from "../../model/entry.js";
import { HttpValue } from "../../model/http-value.js";
import type { LowerTiers } from "../../tiers/lower-tiers.js";
import type { Content } from "../../tiers/writer.js";
import { isBytes } from "../../util/bytes.js";
import { freshOf } from "../entries.js";
import type { Subject } from "../subject.js";
import { changeElsewhere } from "./single.js";

/** The content of the shared store under a key. */
export interface SharedRecord {
  /** Its bytes, whatever they are; undefined if the key is free. */
  readonly record: Uint8Array | undefined;
  /** The fresh entry that they are, unless it is a response. */
  readonly entry: FoundEntry | undefined;
}

/**
 * Reads a key in the shared store, after all that this instance has changed there.
 * @throws StoreError when the store cannot be asked
 */
export async function readShared(tiers: LowerTiers, key: string): Promise<SharedRecord> {
  const tier = tiers.shared;
  const name = tiers.named(key);
  await tiers.changes.settle(tier, { key, name });
  const record: unknown = await tiers.attempt(tier, "get", key, () => tier.store.get(name));
  const entry = await tiers.usable(tier, key, record, tiers.any);
  if (!isBytes(record)) {
    // No record of ours, which nothing could be compared with.
    if (record !== undefined && record !== null)
      await tiers.attempt(tier, "delete", key, () => tier.store.delete(name));
    return { record: undefined, entry: undefined };
  }
  const isUsable =
    entry !== undefined &&
    freshOf(entry) !== undefined &&
    !(entry.value instanceof HttpValue) &&
    tiers.accepts(tiers.all.indexOf(tier), name, record, entry);
  return { record, entry: isUsable ? entry : undefined };
}

/** A change that the shared store decides about. */
export interface SharedChange {
  readonly key: string;
  /** The value that it brings; undefined when it drops the key. */
  readonly stored?: Content & { readonly value: unknown; readonly lifetime: Lifetime };
  /** Asks the store; true if it made the change. */
  run(): unknown;
  /** Sends that, as an attempt that may fail. */
  send(run: () => Promise<boolean>): Promise<boolean>;
}

/**
 * Has the shared store decide, and lets the other stores, the memory and the other instances follow
 * if it made the change; true if it did.
 *
 * The store compares and writes in one step, so a change that comes late does no harm to what is
 * newer. Nothing is therefore owed when it fails.
 * @throws StoreError when it is not known
 */
export async function changeShared(
  { entries, driver }: Subject,
  tiers: LowerTiers,
  { key, stored, run, send }: SharedChange,
): Promise<boolean> {
  const { fences } = tiers.changes;
  const name = tiers.named(key);
  const spread = async (content: Content | undefined): Promise<void> => {
    if (content === undefined || stored === undefined) entries.drop(key);
    else entries.keep(key, stored.value, stored.lifetime);
    await changeElsewhere(tiers, tiers.shared, key, content);
    await driver.host.feed?.tell({ keys: [key], soft: content !== undefined });
  };
  // Loads that have begun bring what is older: none of them is to store it after this.
  entries.drop(key);
  await tiers.changes.settle(tiers.shared, { key, name });
  fences.raise(name);
  return entries.watching(key, async (watch) => {
    let isGivenUp = false;
    const sent = send(async () => {
      const isMade = (await run()) === true;
      if (isMade && isGivenUp) void spread(undefined);
      return isMade;
    });
    const since = fences.last;
    try {
      if (!(await sent)) return false;
    } catch (error) {
      isGivenUp = true;
      void spread(undefined);
      throw error;
    }
    const isNewest = !watch.isChanged && !fences.isOutdated(name, since);
    await spread(isNewest ? stored : undefined);
    return true;
  });
}
