/** The names of wrapped functions, from which their keys are made where they have no `key`. */

import { ConfigError } from "./errors.js";

type AnyFunction = (...args: never[]) => unknown;

/** How many given names a cache remembers. */
const MOST_NAMES = 10_000;

/** What keeps the derived names of functions apart that share a namespace of one memory. */
class DerivedNames {
  readonly #counts = new Map<string, number>();
  readonly #known = new WeakMap<AnyFunction, string[]>();

  /** A name for a function that no other one has; the same in each cache that has none of it. */
  of(load: AnyFunction, taken: ReadonlySet<string>): string {
    const known = this.#known.get(load) ?? [];
    const again = known.find((name) => !taken.has(name));
    if (again !== undefined) return again;
    const family = load.name || "anonymous";
    const count = (this.#counts.get(family) ?? 0) + 1;
    this.#counts.set(family, count);
    const name = count === 1 ? family : `${family}#${count}`;
    this.#known.set(load, [...known, name]);
    return name;
  }
}

const derived = new WeakMap<object, DerivedNames>();

/** The derived names of whoever shares a namespace of a memory. */
function derivedIn(space: object): DerivedNames {
  let names = derived.get(space);
  if (names === undefined) {
    names = new DerivedNames();
    derived.set(space, names);
  }
  return names;
}

/** Gives the wrapped functions of one cache their names. */
export class FunctionNames {
  readonly #derived: DerivedNames;
  readonly #taken = new Set<string>();
  readonly #given = new Map<string, AnyFunction>();
  /** Whether other programs, or other builds of this one, may read the entries. */
  readonly #shares: boolean;

  /** @param space the namespace in the memory, which other caches may have, too */
  constructor(space: object, shares: boolean) {
    this.#derived = derivedIn(space);
    this.#shares = shares;
  }

  /**
   * The name from which the keys of a function are made.
   * @param given option `name`
   * @throws ConfigError when it has to be given and is not, or is another function's
   */
  forKeys(load: AnyFunction, given: string | undefined, sharesState: boolean): string {
    if (given !== undefined) return this.#claimed(load, given);
    if (this.#shares || sharesState) throw nameless(load, this.#shares);
    const name = this.#derived.of(load, this.#taken);
    // Functions that are made anew for each call would fill it: of those nobody keeps the entries.
    if (this.#taken.size < MOST_NAMES) this.#taken.add(name);
    return name;
  }

  #claimed(load: AnyFunction, name: string): string {
    const owner = this.#given.get(name);
    if (owner !== undefined && owner !== load) {
      const allowed = "a name that no other function of this cache has";
      const note =
        "wrap a function once, where it is defined; what is made anew for each request takes a key";
      throw new ConfigError("name", name, allowed, { note });
    }
    if (owner === undefined && this.#given.size >= MOST_NAMES) {
      for (const oldest of this.#given.keys()) {
        this.#given.delete(oldest);
        break;
      }
    }
    this.#given.set(name, load);
    return name;
  }
}

function nameless({ name }: AnyFunction, shares: boolean): ConfigError {
  const like = name || "getUser";
  const allowed = `a template like "${like}:{0}" or a function (...args) => string; or a name, like name: "${like}"`;
  const where = shares ? "in the stores of this cache" : "with shared state";
  const note = `${where} other builds would find other functions under a name that is derived`;
  return new ConfigError("key", undefined, allowed, { note });
}
