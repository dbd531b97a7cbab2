/** The compiled options of bulkheads. */

import type { BulkheadRules } from "../coordination/bulkhead.js";
import {
  BULKHEAD_CONCURRENCY,
  BULKHEAD_OPTIONS,
  BULKHEAD_QUEUE,
  BULKHEAD_SCOPE,
} from "../core/option-table.js";
import { asChoice, asCount, asNumber } from "../util/checks.js";
import { ConfigError } from "../util/errors.js";
import { readOptions } from "../util/options.js";
import type { CompiledBulkhead, GuardScope } from "./guard-rules.js";

/**
 * Compiles the options of `bulkhead`.
 * @param scopes the scopes that are allowed to guards, the default first
 * @param maker the guard that has them
 * @throws ConfigError naming the option at fault
 */
export function compileBulkhead(
  value: unknown,
  scopes: readonly GuardScope[],
  maker: object,
): CompiledBulkhead {
  const given = readOptions(value, { of: "bulkhead", known: BULKHEAD_OPTIONS });
  const concurrency = asCount(given.concurrency, BULKHEAD_CONCURRENCY);
  const queue = asNumber(given.queue, BULKHEAD_QUEUE);
  if (!Number.isInteger(queue)) {
    throw new ConfigError(BULKHEAD_QUEUE.option, given.queue, BULKHEAD_QUEUE.like);
  }
  const rules: BulkheadRules = { concurrency, queue };
  // Loads of one key are one load already.
  const choices = scopes.filter((scope) => scope !== "key");
  const { option } = BULKHEAD_SCOPE;
  const scope = asChoice(given.scope, { option, choices: choices as [GuardScope] });
  return { maker, id: `${concurrency} ${queue} ${scope}`, rules, scope };
}
