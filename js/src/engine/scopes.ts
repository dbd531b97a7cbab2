/** Scopes: bypassing and tracing for everything that a function calls, and for nothing else. */

import type { Answer, Source } from "../model/answer.js";
import {
  type AsyncStorage,
  type AsyncStorageClass,
  hostAsyncStorage,
} from "../runtime/async-storage.js";
import { ConfigError } from "../util/errors.js";
import type { Call } from "./call.js";

/** One call within a trace. */
export interface Traced {
  /** The key, without the namespace. */
  readonly key: string;
  /** Undefined for a call that failed. */
  readonly source: Source | undefined;
  /** The store that answered; undefined for the origin. */
  readonly tier: string | undefined;
  /** Milliseconds since the entry was stored; 0 for an answer that was not stored. */
  readonly age: number;
  /** Milliseconds it stays fresh; negative when it is stale. */
  readonly ttl: number;
  /** Error of the call, or of the origin if an entry answered instead. */
  readonly error?: unknown;
}

/** The result of `trace`. */
export interface Trace<Result> {
  /** The function's own result. */
  readonly value: Result;
  /** The calls in the order in which they were answered. */
  readonly entries: readonly Traced[];
}

interface Scope {
  readonly bypass: boolean;
  readonly entries: Traced[] | undefined;
  readonly outer: Scope | undefined;
}

/** Finds the age of the entry that answered, and the other fields of a trace. */
type Explain = (call: Call, answer: Answer) => Omit<Traced, "key">;

/** The part of a driver that scopes have to do with. */
interface Scoped {
  scopes: Scopes | undefined;
  readonly asyncLocalStorage: AsyncStorageClass | undefined;
  update(): void;
}

/** The scopes of a cache. Others do not see them. */
export class Scopes {
  /** Returns the scopes of a driver, which has none before somebody asks for them. */
  static of(driver: Scoped): Scopes {
    driver.scopes ??= new Scopes(driver.asyncLocalStorage, () => driver.update());
    return driver.scopes;
  }

  readonly #given: AsyncStorageClass | undefined;
  readonly #onChange: () => void;
  #storage: AsyncStorage | undefined;
  #open = 0;

  constructor(given: AsyncStorageClass | undefined, onChange: () => void) {
    this.#given = given;
    this.#onChange = onChange;
  }

  /** True if a scope is open, in this request or another. */
  get isOpen(): boolean {
    return this.#open > 0;
  }

  /** Runs `act`: calls in it go straight to their loaders. */
  bypass<Result>(act: () => Result | PromiseLike<Result>): Promise<Awaited<Result>> {
    return this.#run({ bypass: true, entries: undefined }, act);
  }

  /** Runs `act` and lists the calls in it. */
  async trace<Result>(act: () => Result | PromiseLike<Result>): Promise<Trace<Awaited<Result>>> {
    const entries: Traced[] = [];
    const value = await this.#run({ bypass: false, entries }, act);
    return { value, entries };
  }

  /** Answers a call as the scopes want it that it is made in. */
  answer(call: Call, explain: Explain, answer: (call: Call) => Promise<Answer>): Promise<Answer> {
    const scope = this.#storage?.getStore() as Scope | undefined;
    if (scope === undefined) return answer(call);
    const scopes = scopesOf(scope);
    const bypass = call.bypass || scopes.some((one) => one.bypass);
    const answering = answer({ ...call, bypass, timed: true });
    const traces = scopes.flatMap(({ entries }) => (entries === undefined ? [] : [entries]));
    if (traces.length === 0) return answering;
    const tell = (traced: Traced) => {
      for (const entries of traces) entries.push(traced);
    };
    const { key } = call;
    return answering.then(
      (answered) => {
        tell({ key, ...explain(call, answered) });
        return answered;
      },
      (error) => {
        tell({ key, source: undefined, tier: undefined, age: 0, ttl: 0, error });
        throw error;
      },
    );
  }

  async #run<Result>(
    scope: Omit<Scope, "outer">,
    act: () => Result | PromiseLike<Result>,
  ): Promise<Awaited<Result>> {
    if (typeof act !== "function") throw new ConfigError("fn", act, "a function");
    this.#storage ??= new (this.#given ?? required())();
    const outer = this.#storage.getStore() as Scope | undefined;
    this.#open += 1;
    this.#onChange();
    try {
      return await this.#storage.run({ ...scope, outer }, act);
    } finally {
      this.#open -= 1;
      this.#onChange();
    }
  }
}

function scopesOf(innermost: Scope): Scope[] {
  const scopes: Scope[] = [];
  for (let scope: Scope | undefined = innermost; scope !== undefined; scope = scope.outer) {
    scopes.push(scope);
  }
  return scopes;
}

function required(): AsyncStorageClass {
  const known = hostAsyncStorage();
  if (known !== undefined) return known;
  const allowed = "the class AsyncLocalStorage of this host, which was not found by itself";
  throw new ConfigError("asyncLocalStorage", undefined, allowed);
}
