/** Parts of a cache that are switched off for a while. */

import { ConfigError } from "../util/errors.js";
import { flag, readOptions } from "../util/options.js";

/** Options of `cache.disable`. */
export interface DisableOptions {
  /** True to answer calls without looking at entries. Default true. */
  readonly reads?: boolean | undefined;
  /** True to leave loaded values unstored. Default true. */
  readonly writes?: boolean | undefined;
  /** Only keys that begin with this. Default: all. */
  readonly prefix?: string | undefined;
}

/** `Symbol.dispose` where the consumer's `lib` knows it, so that strict consumers without it compile. */
type DisposeSymbol = SymbolConstructor extends { readonly dispose: infer Dispose }
  ? Dispose
  : never;

/** Keeps something switched off until `enable`, or the end of a `using` block. */
export type Disabled = {
  /** Restores what was before; a second call does nothing. */
  enable(): void;
} & { readonly [Dispose in DisposeSymbol & symbol]: () => void };

interface Switch {
  readonly reads: boolean;
  readonly writes: boolean;
  readonly prefix: string;
}

/** Operations that are disabled for a key. */
export interface Off {
  readonly reads: boolean;
  readonly writes: boolean;
}

/** The switches of a cache. Several may be off at once; each ends by itself, in any order. */
export class Switches {
  readonly #off = new Set<Switch>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get isEmpty(): boolean {
    return this.#off.size === 0;
  }

  /** The operations that are disabled for a key. */
  for(key: string): Off {
    let reads = false;
    let writes = false;
    for (const off of this.#off) {
      if (!key.startsWith(off.prefix)) continue;
      reads ||= off.reads;
      writes ||= off.writes;
    }
    return { reads, writes };
  }

  /**
   * Switches something off.
   * @throws ConfigError naming the option at fault
   */
  disable(options: DisableOptions | undefined): Disabled {
    const off = compile(options);
    this.#off.add(off);
    this.#onChange();
    const enable = () => {
      if (this.#off.delete(off)) this.#onChange();
    };
    const handle = { enable };
    // Hosts without `using` have no symbol for it.
    const { dispose } = Symbol as { readonly dispose?: symbol };
    return (
      dispose === undefined ? handle : Object.assign(handle, { [dispose]: enable })
    ) as Disabled;
  }
}

function compile(options: DisableOptions | undefined): Switch {
  const known = ["reads", "writes", "prefix"] as const;
  const given = readOptions(options ?? {}, { of: "disable", known });
  const { prefix = "" } = given;
  if (typeof prefix !== "string") throw new ConfigError("prefix", prefix, "a string");
  return {
    reads: flag(given.reads, "reads", true),
    writes: flag(given.writes, "writes", true),
    prefix,
  };
}
