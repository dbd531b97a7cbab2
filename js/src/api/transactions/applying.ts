/** Applying the changes of a transaction. */

import type { Lifetime } from "../../model/entry.js";
import type { LowerTiers } from "../../tiers/lower-tiers.js";
import type { Content } from "../../tiers/writer.js";
import { StoreError } from "../../util/errors.js";
import { increment } from "../operations/counter.js";
import { changeShared } from "../operations/deciding.js";
import { inTurn } from "../operations/single.js";
import type { Subject } from "../subject.js";
import { invalidateByTags } from "../tag-invalidation.js";
import { type Buffer, type Change, carries } from "./buffer.js";

/** Some changes of a transaction were not applied, as their store failed; the others are. */
export class TransactionError extends StoreError {
  /** The keys whose changes are applied. */
  readonly applied: readonly string[];
  /** The keys whose changes are not, or nobody knows. */
  readonly failed: readonly string[];

  /** @internal */
  constructor(applied: readonly string[], failed: readonly string[], cause: unknown) {
    super(`${failed.length} of ${applied.length + failed.length} changes were not applied`, {
      cause,
    });
    this.name = "TransactionError";
    this.applied = applied;
    this.failed = failed;
  }
}

/**
 * Applies all changes, at one time: invalidated tags first, as what was stored before them is not
 * among the changes any more.
 * @throws TransactionError when some could not be applied
 */
export async function apply(cache: Subject, { changes, tags }: Buffer): Promise<void> {
  const { driver, entries } = cache;
  driver.checkOpen();
  const dropped = invalidateByTags(cache, [...tags.values()], false);
  // In memory alone nothing is awaited between the changes, so nobody sees some of them.
  if (driver.host.tiers !== undefined) await dropped;
  const keys = [...changes.keys()];
  const applying = keys.map(async (key) => {
    const change = changes.get(key) as Change;
    if (change.type !== "set") return applyOne(cache, key, change);
    const { tagged } = change.lifetime;
    // Its tag was invalidated by this transaction, before.
    if (!carries(tagged?.hashes, tags)) return applyOne(cache, key, change);
    const lifetime = {
      ...change.lifetime,
      tagged: tagged && { ...tagged, begun: entries.begin() },
    };
    return applyOne(cache, key, { ...change, lifetime });
  });
  const results = await Promise.allSettled([...applying, dropped]);
  const failed = keys.filter((_, at) => results[at]?.status === "rejected");
  if (failed.length === 0) return;
  const first = results.find((result) => result.status === "rejected");
  const applied = keys.filter((key) => !failed.includes(key));
  throw new TransactionError(applied, failed, first?.reason);
}

async function applyOne(cache: Subject, key: string, change: Change): Promise<void> {
  const { entries, driver } = cache;
  const { direct } = entries;
  if (change.type === "delete") {
    await drop(cache, key);
    direct.delete(key);
  } else if (driver.offFor(key).writes) {
    direct.write(change.type === "set" ? "set" : "increment", key, false);
  } else if (change.type === "count") {
    await increment(cache, key, change.by, change.lifetime);
    direct.write("increment", key, true);
  } else {
    direct.write("set", key, await store(cache, key, change.value, change.lifetime));
  }
}

async function drop(cache: Subject, key: string): Promise<void> {
  const { entries, driver } = cache;
  const { tiers, related } = driver.host;
  const keys = related.keysWith(key);
  if (tiers === undefined) for (const each of keys) entries.drop(each);
  else await Promise.all(keys.map((each) => write(cache, tiers, each, undefined)));
}

async function store(
  cache: Subject,
  key: string,
  value: unknown,
  lifetime: Lifetime,
): Promise<boolean> {
  const { entries, driver } = cache;
  const { tiers } = driver.host;
  if (tiers === undefined) return entries.keep(key, value, lifetime) === true;
  const own = await tiers.versioned(lifetime);
  if (own === undefined || tiers.tags.isOver(own) || lifetime.ttl <= 0) {
    // A tag of it was invalidated since it was set: what is there is as old.
    await write(cache, tiers, key, undefined);
    return false;
  }
  const content = tiers.contentOf(key, value, own);
  if (content === undefined) throw new StoreError(`the value of ${key} cannot be stored`);
  await write(cache, tiers, key, { ...content, value, lifetime: own });
  return true;
}

/** Writes to the shared store first, in the order of this instance's changes; then everywhere. */
function write(
  cache: Subject,
  tiers: LowerTiers,
  key: string,
  stored: (Content & { readonly value: unknown; readonly lifetime: Lifetime }) | undefined,
): Promise<boolean> {
  const tier = tiers.shared;
  const name = tiers.named(key);
  const run = async (): Promise<boolean> => {
    if (stored === undefined) await tier.store.delete(name);
    else {
      const { record, expiresIn } = stored;
      await tier.store.set(name, record, { expiresIn, within: tier.deadline });
    }
    return true;
  };
  const operation = stored === undefined ? "delete" : "set";
  const send = async (sent: () => Promise<boolean>): Promise<boolean> =>
    // Undefined: a newer change of this instance came first.
    (await tiers.changes.decide(tier, { key, name }, stored, operation, sent)) ?? false;
  return inTurn(cache, key, () =>
    changeShared(cache, tiers, { key, run, send, ...(stored && { stored }) }),
  );
}
