/** The options `shared` and `name` of guards: where instances keep what they count together. */

import type { Store } from "../model/store.js";
import { deadlineOf } from "../tiers/attempts.js";
import { ConfigError } from "../util/errors.js";
import type { GivenOptions } from "../util/options.js";

/** Store and name of shared state. */
export interface SharedPlace {
  readonly store: Store;
  /** Name of the state in the store; undefined for option `name` of the function, or its `key`. */
  readonly name: string | undefined;
}

/**
 * Checks `shared` and `name`; undefined for state that stays in this instance.
 * @param of the option they belong to
 * @param needs what the store must be able to do
 * @param isNamed whether there is a name if `name` gives none
 * @throws ConfigError
 */
export function compileShared(
  { shared, name }: GivenOptions<"shared" | "name">,
  of: string,
  needs: readonly (keyof Store)[],
  isNamed: boolean,
): SharedPlace | undefined {
  if (shared === undefined) {
    if (name === undefined) return undefined;
    throw new ConfigError(`${of}.name`, name, 'a name only with "shared", whose state it names');
  }
  const given = Object(shared) as Partial<Store>;
  const wanted = ["get", "set", "delete", ...needs] as const;
  if (!wanted.every((capability) => typeof given[capability] === "function")) {
    throw new ConfigError(`${of}.shared`, shared, `a store with ${wanted.join(", ")}`);
  }
  const { name: called = `${of}.shared`, deadline } = given;
  deadlineOf(deadline, `${called}.deadline`);
  if (typeof name === "string" ? name === "" : name !== undefined || !isNamed) {
    const note = isNamed ? {} : { note: "names of functions change with builds" };
    throw new ConfigError(`${of}.name`, name, "what the shared state is called, a string", note);
  }
  return { store: shared as Store, name: name as string | undefined };
}
