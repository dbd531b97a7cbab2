/** The hooks of one cache at work: each stands around those behind it, and the operation itself. */

import type { Source } from "../../model/answer.js";
import type { Events } from "../../model/events.js";
import type { Timers } from "../../runtime/clock.js";
import { withinDeadline } from "../../runtime/deadline.js";
import { ConfigError, HookError, RefusedError } from "../../util/errors.js";
import { readOptions } from "../../util/options.js";
import { tagOf } from "../../util/realms.js";
import { isThenable, settled } from "../../util/user-functions.js";
import type { OperationName } from "../perform.js";
import type { DisabledOperations } from "./disabling.js";
import type { AfterAnswer, BeforeAnswer, CompiledHooks, Operation } from "./hooks.js";

/** Operations that drop entries, or make them stale: a hook that fails does not stop them. */
const DROPS: ReadonlySet<OperationName> = new Set([
  ...(["delete", "deleteMany", "invalidate", "deleteMatch", "clear"] as const),
  ...(["invalidateTags", "markStale"] as const),
]);
const PATTERNS: ReadonlySet<OperationName> = new Set(["keys", "size", "deleteMatch"]);
/** Operations with a result for each key. */
const LISTS: ReadonlySet<OperationName> = new Set(["getMany", "deleteMany", "many", "loadMany"]);

/** An operation to be performed. */
export interface Performed {
  readonly operation: OperationName;
  /** The keys that the caller gave. */
  readonly keys: readonly string[];
  /** Keys that hooks have changed already, for what goes on within another operation. */
  readonly changed?: readonly string[];
  readonly values?: readonly unknown[] | undefined;
  readonly tags?: readonly string[];
  readonly name?: string | undefined;
  readonly args?: readonly unknown[];
  act(keys: readonly string[], values: readonly unknown[]): unknown;
  /** The source of a call's answer, once there is one. */
  source?: Source | undefined;
}

/** An operation on its way through the hooks. */
interface Pass {
  readonly performed: Performed;
  readonly keys: readonly string[];
  values: readonly unknown[];
}

/** The hooks of a cache. */
export class HookChain {
  readonly #hooks: CompiledHooks[] = [];
  readonly #timers: Timers;
  readonly #events: Events;
  /** The operations that are switched off. */
  readonly disabled: DisabledOperations;

  constructor(timers: Timers, events: Events, disabled: DisabledOperations) {
    this.#timers = timers;
    this.#events = events;
    this.disabled = disabled;
  }

  get length(): number {
    return this.#hooks.length;
  }

  add(hooks: CompiledHooks): void {
    this.#hooks.push(hooks);
  }

  /** Performs an operation. Nothing is awaited but what hooks return as promises. */
  async run(performed: Performed): Promise<unknown> {
    const keys = performed.changed ?? performed.keys.map((key) => this.#changed(key, performed));
    return this.#pass(0, { performed, keys, values: performed.values ?? [] });
  }

  /** @throws HookError if a `key` throws, or returns what is no key */
  #changed(given: string, performed: Performed): string {
    const kind = PATTERNS.has(performed.operation) ? "pattern" : "key";
    let key = given;
    for (const hooks of this.#hooks) {
      if (hooks.key === undefined) continue;
      try {
        key = checkedKey(hooks.key(key, kind));
      } catch (error) {
        throw this.#failed(hooks, "key", performed, error, false);
      }
    }
    return key;
  }

  async #pass(at: number, pass: Pass): Promise<unknown> {
    const hooks = this.#hooks[at];
    const { performed } = pass;
    if (hooks === undefined) {
      const act: Performed["act"] = (keys, values) => performed.act(keys, values);
      return this.disabled.perform(performed.operation, pass.keys, pass.values, act);
    }
    const operation = operationOf(pass);
    let failure: HookError | undefined;
    try {
      const said = this.#ask(hooks, () => hooks.before?.(operation));
      const answer = readBefore(isThenable(said) ? await said : said, operation);
      if (answer.refuse !== undefined) throw refused(hooks, operation, answer.refuse);
      if ("result" in answer) return answer.result;
      if (answer.values !== undefined) pass.values = answer.values;
    } catch (error) {
      if (error instanceof RefusedError) throw error;
      const goesOn = DROPS.has(performed.operation);
      failure = this.#failed(hooks, "before", performed, error, goesOn);
      if (!goesOn) throw failure;
    }
    const result = await this.#finish(at, hooks, operation, pass);
    if (failure !== undefined) throw failure;
    return result;
  }

  /** Goes on to the next hook, and asks `after` of this one. */
  async #finish(
    at: number,
    hooks: CompiledHooks,
    operation: Operation,
    pass: Pass,
  ): Promise<unknown> {
    const { performed } = pass;
    const began = this.#timers.now();
    let result: unknown;
    let error: unknown;
    let failed = false;
    try {
      result = await this.#pass(at + 1, pass);
    } catch (thrown) {
      error = thrown;
      failed = true;
    }
    if (hooks.after !== undefined) {
      const duration = Math.max(0, this.#timers.now() - began);
      const end = Object.freeze({ result, error, failed, duration, source: performed.source });
      try {
        const said = this.#ask(hooks, () => hooks.after?.(operation, end));
        const answer = readAfter(isThenable(said) ? await said : said, operation);
        if ("result" in answer) return answer.result;
      } catch (cause) {
        const late = this.#failed(hooks, "after", performed, cause, true);
        // An error of the operation itself says more.
        if (!failed) throw late;
      }
    }
    if (failed) throw error;
    return result;
  }

  /** Calls a hook; one that returns a promise has a time limit. */
  #ask(hooks: CompiledHooks, call: () => unknown): unknown {
    const said = call();
    if (!isThenable(said)) return said;
    const late = `it took over ${hooks.timeout} ms`;
    return withinDeadline(this.#timers, hooks.timeout, late, () => said);
  }

  #failed(
    { name }: CompiledHooks,
    hook: "key" | "before" | "after",
    { operation, keys }: Performed,
    cause: unknown,
    performed: boolean,
  ): HookError {
    const message = `${hook} of ${name} failed for ${operation}`;
    const error = new HookError(message, { cause, performed });
    const [key = ""] = keys;
    this.#events.tell({ type: "policy-error", option: `hooks.${hook}`, key, error });
    return error;
  }
}

function operationOf({ performed, keys, values }: Pass): Operation {
  const { operation, keys: given, tags = [], name, args = [] } = performed;
  return Object.freeze({ operation, keys, given, values, tags, name, args });
}

function refused({ name }: CompiledHooks, { operation }: Operation, reason: unknown): RefusedError {
  const why = typeof reason === "string" ? `: ${reason}` : "";
  return new RefusedError(`${name} refused ${operation}${why}`, { cause: reason });
}

function checkedKey(key: unknown): string {
  const one = settled(key, "key", "a string");
  if (typeof one === "string") return one;
  throw new ConfigError("key", one, "a string", { subject: 'what option "key" returned' });
}

/** @throws ConfigError for what is no answer of `before` */
function readBefore(answer: unknown, operation: Operation): BeforeAnswer {
  if (answer === undefined) return {};
  const known = ["values", "result", "refuse"] as const;
  const given = readOptions(answer, { of: "what before returned", known });
  if ("result" in given) checkResult(given.result, operation);
  const { values, refuse } = given;
  if (refuse !== undefined && typeof refuse !== "string" && tagOf(refuse) !== "Error")
    throw new ConfigError("refuse", refuse, "a string, or an Error");
  if (values === undefined) return given as BeforeAnswer;
  const count = operation.values.length;
  if (Array.isArray(values) && values.length === count && !values.some(isThenable)) {
    return { ...(given as BeforeAnswer), values: [...values] };
  }
  throw new ConfigError("values", values, `an array of ${count}, as there are keys to store`);
}

/** @throws ConfigError for what is no answer of `after` */
function readAfter(answer: unknown, operation: Operation): AfterAnswer {
  if (answer === undefined) return {};
  const given = readOptions(answer, { of: "what after returned", known: ["result"] });
  if ("result" in given) checkResult(given.result, operation);
  return given;
}

/** A promise would be waited for without an end, by callers who share it. */
function checkResult(result: unknown, { operation, keys }: Operation): void {
  settled(result, "result", "a value");
  if (!LISTS.has(operation)) return;
  if (Array.isArray(result) && result.length === keys.length) return;
  throw new ConfigError("result", result, `an array of ${keys.length}, as there are keys`);
}
