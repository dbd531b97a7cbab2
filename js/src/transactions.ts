/** Transactions: changes that are seen inside at once, and applied together at the end. */

import type { Cache } from "./api/cache.js";
import { checkCache } from "./api/check-cache.js";
import { checkUnhooked } from "./api/check-hooks.js";
import { checkedKeys } from "./api/operations/arguments.js";
import { apply } from "./api/transactions/applying.js";
import { Buffer } from "./api/transactions/buffer.js";
import { Isolation, type TransactionMode, timedOut } from "./api/transactions/isolation.js";
import { Transaction } from "./api/transactions/scope.js";
import { type Duration, duration } from "./util/duration.js";
import { ConfigError } from "./util/errors.js";
import { readOptions } from "./util/options.js";

export { TransactionError } from "./api/transactions/applying.js";
export type { TransactionMode } from "./api/transactions/isolation.js";
export type { Transaction } from "./api/transactions/scope.js";

/** Options of {@link transaction}. */
export interface TransactionOptions {
  /**
   * `"fast"` takes no locks; `"locked"` holds a lock for each key that it touches, until its end;
   * `"serializable"` runs one transaction at a time. Default `"fast"`.
   */
  readonly mode?: TransactionMode | undefined;
  /**
   * Keys whose locks are taken before it begins, in an order that all have: `"locked"` transactions
   * that name all their keys never wait for each other in a circle. Default none.
   */
  readonly keys?: Iterable<string> | undefined;
  /**
   * The time that it may take, waiting for locks included: then it is given up. Milliseconds, or
   * like `"10s"`. Default 10 s.
   */
  readonly timeout?: Duration | undefined;
}

const MODES: readonly unknown[] = ["fast", "locked", "serializable"];

/**
 * Runs a function with a transaction, whose operations see each other's changes. The cache has them
 * when the function has ended, all applied at one time; if it throws, none. Locks are between
 * transactions of one mode: operations past them, and loads, wait for none.
 * @param work gets the transaction; it should pass `tx.signal` on to what takes long
 * @throws what `work` throws; TimeoutError when it takes too long, LockTimeoutError when a lock is
 *   not to be had in time, LockLostError: nothing is applied then
 * @throws TransactionError when a store failed and only some changes are applied
 */
export async function transaction<Result>(
  cache: Cache,
  work: (tx: Transaction) => Result | PromiseLike<Result>,
  options: TransactionOptions = {},
): Promise<Result> {
  checkCache(cache, "transaction");
  checkUnhooked(cache, "transaction");
  if (typeof work !== "function") throw new ConfigError("work", work, "a function");
  const given = readOptions(options, { of: "transaction", known: ["mode", "keys", "timeout"] });
  const { mode = "fast", keys = [], timeout: time = "10s" } = given;
  if (!MODES.includes(mode)) throw new ConfigError("mode", mode, MODES.join(", "));
  const timeout = duration(time, { option: "timeout" });
  cache.driver.checkOpen();
  const isolation = new Isolation(cache, mode as TransactionMode, timeout);
  return perform(cache, work, isolation, { keys: checkedKeys(keys), timeout });
}

async function perform<Result>(
  cache: Cache,
  work: (tx: Transaction) => Result | PromiseLike<Result>,
  isolation: Isolation,
  { keys, timeout }: { readonly keys: readonly string[]; readonly timeout: number },
): Promise<Result> {
  const giveUp = new AbortController();
  const buffer = new Buffer();
  const tx = new Transaction(cache, isolation, giveUp.signal, buffer);
  let isApplied = false;
  // Records are read and written by the core, which nobody may have opened yet.
  cache.driver.isOpen();
  try {
    await isolation.touch(keys);
    const result = await within(cache, timeout, () => tx.run(work));
    tx.end();
    await isolation.confirm();
    await apply(cache, buffer);
    isApplied = true;
    return result;
  } finally {
    tx.end();
    if (!isApplied) giveUp.abort();
    await isolation.release();
  }
}

function within<T>(cache: Cache, timeout: number, act: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const { timers } = cache.driver.host;
    const cancel = timers.after(timeout, () => reject(timedOut(timeout)));
    act().then(resolve, reject).finally(cancel);
  });
}
