/** Operations that are switched off by name, behind all hooks. */

import type { Disabled } from "../../engine/switches.js";
import { ConfigError } from "../../util/errors.js";
import { readOptions } from "../../util/options.js";
import type { OperationName } from "../perform.js";

/** Options of {@link disableOperations}. */
export interface DisableOperationsOptions {
  /** Only keys that begin with this, and patterns that do. Default: all. */
  readonly prefix?: string | undefined;
}

/** The operations that can be switched off. A batch of calls is `call`. */
export type DisabledName = Exclude<OperationName, "many" | "load" | "loadMany">;

/** The answer of each operation that is off. */
const ANSWERS: { readonly [Name in Exclude<DisabledName, "call" | "refresh">]: unknown } = {
  ...{ get: undefined, has: false, ttl: undefined, peek: undefined, entryOf: undefined },
  ...{ getMany: undefined, keys: [], size: 0 },
  ...{ set: false, setMany: undefined, add: false, replace: false, increment: 0 },
  ...{ expire: false, markStale: false, delete: false, deleteMany: false },
  ...{ invalidate: undefined, deleteMatch: 0, clear: undefined, invalidateTags: undefined },
};
/** Writes that replace what there is: an older value must not go on as the answer instead. */
const REPLACING: ReadonlySet<OperationName> = new Set(["set", "setMany", "replace"]);
/** Operations of many keys, some of which may be off. */
const LISTS: ReadonlySet<OperationName> = new Set(["getMany", "setMany", "deleteMany"]);

const NAMES = [...Object.keys(ANSWERS), "call", "refresh"] as readonly DisabledName[];

interface Switch {
  readonly names: ReadonlySet<OperationName>;
  readonly prefix: string;
}

/** Performs an operation with these keys and values. */
type Act = (keys: readonly string[], values: readonly unknown[]) => unknown;

/** The operations of one cache that are off. Several switches may hold; each ends by itself. */
export class DisabledOperations {
  readonly #off = new Set<Switch>();
  readonly #drop: (key: string) => Promise<void>;

  /** @param drop drops a key, past all hooks */
  constructor(drop: (key: string) => Promise<void>) {
    this.#drop = drop;
  }

  /** @throws ConfigError naming the argument at fault */
  disable(names: unknown, options: unknown = {}): Disabled {
    const off = { names: checkedNames(names), prefix: checkedPrefix(options) };
    this.#off.add(off);
    const enable = () => void this.#off.delete(off);
    const { dispose } = Symbol as { readonly dispose?: symbol };
    const handle = { enable, ...(dispose !== undefined && { [dispose]: enable }) };
    return handle as Disabled;
  }

  /** True if an operation is off for a key. */
  isOff(operation: OperationName, key: string): boolean {
    for (const { names, prefix } of this.#off)
      if (names.has(operation) && key.startsWith(prefix)) return true;
    return false;
  }

  /** Performs an operation, as far as it is on. */
  perform(
    operation: OperationName,
    keys: readonly string[],
    values: readonly unknown[],
    act: Act,
  ): unknown {
    if (this.#off.size === 0 || !(operation in ANSWERS)) return act(keys, values);
    const isOff = (key: string) => this.isOff(operation, key);
    const off = keys.length === 0 ? [isOff("")] : keys.map(isOff);
    if (!off.includes(true)) return act(keys, values);
    if (LISTS.has(operation)) return this.#performSome(operation, keys, values, off, act);
    return this.#answer(operation, keys, values);
  }

  async #performSome(
    operation: OperationName,
    keys: readonly string[],
    values: readonly unknown[],
    off: readonly boolean[],
    act: Act,
  ): Promise<unknown> {
    const isOn = (_: unknown, at: number) => off[at] !== true;
    const performing = act(keys.filter(isOn), values.filter(isOn));
    const [results] = await Promise.all([
      performing,
      this.#answer(
        operation,
        keys.filter((_, at) => off[at] === true),
        [],
      ),
    ]);
    if (!Array.isArray(results)) return results;
    const given = [...results];
    return off.map((one) => (one ? ANSWERS[operation as keyof typeof ANSWERS] : given.shift()));
  }

  async #answer(
    operation: OperationName,
    keys: readonly string[],
    [step]: readonly unknown[],
  ): Promise<unknown> {
    if (REPLACING.has(operation)) await Promise.all(keys.map((key) => this.#drop(key)));
    if (operation === "increment") return step;
    const answer = ANSWERS[operation as keyof typeof ANSWERS];
    return Array.isArray(answer) ? [...answer] : answer;
  }
}

function checkedNames(names: unknown): ReadonlySet<OperationName> {
  const isKnown = (name: unknown) => NAMES.includes(name as DisabledName);
  if (Array.isArray(names) && names.length > 0 && names.every(isKnown)) return new Set(names);
  const allowed = `a list of ${NAMES.join(", ")}`;
  throw new ConfigError("operations", names, allowed, { subject: "the list of operations" });
}

function checkedPrefix(options: unknown): string {
  const { prefix = "" } = readOptions(options, { of: "disableOperations", known: ["prefix"] });
  if (typeof prefix === "string") return prefix;
  throw new ConfigError("prefix", prefix, "a string");
}
