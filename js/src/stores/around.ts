/** A store around another one whose operations pass through a function. */

import { drivenLike } from "../coordination/store-driver.js";
import { sharedLike } from "../engine/sharing.js";
import type { Operation, Store } from "../model/store.js";

/** Operations that the returned store has if the inner one has them. */
const OPERATIONS = [
  ...["get", "set", "delete", "getMany", "setMany", "deleteMany", "keys", "clear", "add"],
  ...["compareAndDelete", "compareAndSet", "compareAndExpire", "increment", "window"],
  ...["subscribe", "publish", "ping", "close"],
] as readonly Operation[];

/** Performs an operation of a store; `run` is the store's own, with the arguments it was given. */
export type AroundOperation = (
  operation: Operation,
  args: readonly unknown[],
  run: (args: readonly unknown[]) => unknown,
) => unknown;

/** Returns a store with the operations of another one, each of which passes through `around`. */
export function aroundStore(store: Store, around: AroundOperation): Store {
  const outer: Record<string, unknown> = {};
  const { name, deadline, lag } = store;
  for (const [option, value] of Object.entries({ name, deadline, lag }))
    if (value !== undefined) outer[option] = value;
  for (const operation of OPERATIONS) {
    const method = store[operation] as ((...args: never[]) => unknown) | undefined;
    if (typeof method !== "function") continue;
    const run = (args: readonly unknown[]): unknown => Reflect.apply(method, store, args);
    outer[operation] = (...args: unknown[]) => around(operation, args, run);
  }
  return sharedLike(drivenLike(outer as unknown as Store, store), store);
}
