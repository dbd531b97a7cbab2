/** The requirements of a store, as cases for any test runner. */

import type { Maybe, Store } from "../model/store.js";
import { batchCases } from "./conformance/batches.js";
import { type Bench, type Case, check, type Time } from "./conformance/bench.js";
import { counterCases } from "./conformance/counters.js";
import { expiryCases } from "./conformance/expiry.js";
import { keyCases } from "./conformance/keys.js";
import { lockCases } from "./conformance/locks.js";
import { messageCases } from "./conformance/messages.js";
import { recordCases } from "./conformance/records.js";
import { windowCases } from "./conformance/windows.js";

/** An optional operation of a store. */
export type Capability = Exclude<keyof Store, "name" | "deadline" | "get" | "set" | "delete">;

/** Options of {@link storeConformance}. */
export interface StoreConformanceOptions {
  /** Lets time pass for the store. Default: waits. */
  readonly advance?: ((millis: number) => Maybe<unknown>) | undefined;
  /**
   * Milliseconds for which a record may stay after its expiry, for stores with a coarse clock.
   * Default 0. With `Infinity` only early expiry is tested.
   */
  readonly lag?: number | undefined;
  /** The size of the largest record that the store takes, in bytes. Default 1 MiB. */
  readonly maxBytes?: number | undefined;
  /** Operations that the store must have; those that it has are tested either way. */
  readonly capabilities?: readonly Capability[] | undefined;
}

/** One requirement of a store. */
export interface ConformanceCase {
  /** The requirement, as a sentence. */
  readonly name: string;
  /** Rejects with the reason if the store fails it. */
  run(): Promise<void>;
}

const MEBIBYTE = 2 ** 20;

/**
 * Returns the cases that a store must pass: those of `get`, `set` and `delete`, and those of each
 * capability it has. Cases run one after the other, each on a store of its own.
 *
 * ```js
 * for (const { name, run } of await storeConformance(() => redis(client))) test(name, run);
 * ```
 *
 * @param makeStore makes a store; several may use the same server, which should be empty
 */
export async function storeConformance(
  makeStore: () => Maybe<Store>,
  options: StoreConformanceOptions = {},
): Promise<readonly ConformanceCase[]> {
  const { capabilities = [], lag = 0, maxBytes = MEBIBYTE } = options;
  const time: Time = { advance: async (millis) => (options.advance ?? wait)(millis), lag };
  const sample = await makeStore();
  const has = (name: Capability): boolean => typeof sample[name] === "function";
  const missing = capabilities.filter((name) => !has(name));
  await sample.close?.();
  const cases: Case[] = [
    ["it has the capabilities it should have", () => check(missing.length === 0, `no ${missing}`)],
    ...recordCases(maxBytes),
    ...keyCases(),
    ...expiryCases(time, has),
    ...batchCases(has),
    ...lockCases(time, has),
    ...counterCases(time, has),
    ...windowCases(time, has),
    ...messageCases(has),
  ];
  // A server may still have the counters of an earlier run.
  const run = `conformance:${Date.now().toString(36)}:`;
  return cases.map(([name, act], index) => ({
    name,
    run: () => runOne(makeStore, act, `${run}${index}:`),
  }));
}

async function runOne(
  makeStore: () => Maybe<Store>,
  act: (bench: Bench) => Maybe<unknown>,
  prefix: string,
): Promise<void> {
  const store = await makeStore();
  try {
    await act({ store, prefix });
  } finally {
    await store.close?.();
  }
}

function wait(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}
