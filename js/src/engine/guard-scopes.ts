/** The guards of a policy by key or host: bounded, and those that refuse nothing are the first to go. */

import * as core from "../core/core.js";
import type { MemoryStore } from "../memory/memory.js";
import type { CompiledGuards, GuardRules, GuardScope } from "../policy/guard-rules.js";

/** Most keys or hosts that a guard knows at once. */
const MOST_SCOPES = 10_000;
/** Most keys or hosts, if all of them are kept away from their origin just now. */
const MOST_IN_FORCE = 50_000;
/** Most scopes looked at to find one that can be forgotten. */
const MOST_LOOKS = 16;
/** From how many on it counts which were used last. */
const CROWDED = MOST_SCOPES / 2;

/** A call, as far as it says whose loads are counted together. */
interface Scoped {
  readonly key: string;
  readonly host?: string;
}

/** Guards of one key or host, and how to find out whether they still are. */
export interface ScopedGuards {
  readonly scopes: GuardScopes;
  readonly name: string;
  /** Their number in the core. */
  readonly guards: number;
}

/** The guards of one set of rules. */
export class GuardScopes {
  readonly rules: GuardRules;
  /** By the name of their scope, the least recently used first. */
  readonly #known = new Map<string, number>();

  constructor(rules: GuardRules) {
    this.rules = rules;
  }

  /** The guards that a call is asked by. */
  of(call: Scoped, memory: MemoryStore, now: number): ScopedGuards {
    const { machine } = memory;
    const name = scopeOf(this.rules.scope, call);
    let guards = this.#known.get(name);
    if (guards === undefined) {
      if (this.#known.size >= MOST_SCOPES) this.#makeRoom(machine, now);
      guards = core.add_guards(machine, this.rules.fields);
      this.#known.set(name, guards);
    } else if (this.#known.size > CROWDED) this.#moveToEnd(name, guards);
    return { scopes: this, name, guards };
  }

  /** True if these are still the guards of their scope: the core gives their number to others. */
  has({ name, guards }: ScopedGuards): boolean {
    return this.#known.get(name) === guards;
  }

  /** True if a ban, an open breaker or the like keeps loads away now. */
  isInForce(memory: MemoryStore, now: number): boolean {
    const { machine } = memory;
    for (const guards of this.#known.values()) {
      if (core.guards_in_force(machine, guards, now)) return true;
    }
    return false;
  }

  /** Forgets all of them; `machine` undefined: the core has done so. */
  clear(machine?: number): void {
    if (machine !== undefined) {
      for (const guards of this.#known.values()) core.remove_guards(machine, guards);
    }
    this.#known.clear();
  }

  /**
   * Forgets the least recently used that refuse nothing: two of them, as there may be more than
   * room for. Guards in force stay, unless there are far too many.
   */
  #makeRoom(machine: number, now: number): void {
    let looks = 0;
    let forgotten = 0;
    for (const [name, guards] of this.#known) {
      if (core.guards_in_force(machine, guards, now)) this.#moveToEnd(name, guards);
      else {
        this.#forget(machine, name, guards);
        forgotten += 1;
      }
      looks += 1;
      if (forgotten === 2 || looks === MOST_LOOKS) break;
    }
    if (this.#known.size < MOST_IN_FORCE) return;
    for (const [name, guards] of this.#known) {
      this.#forget(machine, name, guards);
      return;
    }
  }

  #forget(machine: number, name: string, guards: number): void {
    this.#known.delete(name);
    core.remove_guards(machine, guards);
  }

  #moveToEnd(name: string, guards: number): void {
    this.#known.delete(name);
    this.#known.set(name, guards);
  }
}

/** Guards that are no machines of the core. */
interface Others {
  isInForce?(now: number): boolean;
}

/** The guards of one policy, of all their sets of rules; knows nothing of who uses them. */
export class GuardTables {
  /** Guards asked before a load. */
  readonly loads: readonly GuardScopes[];
  /** Guards asked before a call. */
  readonly calls: GuardScopes | undefined;
  readonly #all: readonly GuardScopes[];
  #instance = 0;

  readonly #others: Others | undefined;

  /** @param others guards that the core knows nothing of */
  constructor({ sets, callSet }: Pick<CompiledGuards, "sets" | "callSet">, others?: Others) {
    this.#others = others;
    this.loads = sets.map((set) => new GuardScopes(set));
    this.calls = callSet && new GuardScopes(callSet);
    this.#all = this.calls === undefined ? this.loads : [...this.loads, this.calls];
  }

  /** Forgets what a core knew that was replaced. */
  checkInstance(instance: number): void {
    if (this.#instance === instance) return;
    for (const scopes of this.#all) scopes.clear();
    this.#instance = instance;
  }

  /** True if a load or a call is refused now, whichever its key or host. */
  isInForce(memory: MemoryStore, now: number): boolean {
    if (this.#others?.isInForce?.(now)) return true;
    return this.#isOf(memory) && this.#all.some((scopes) => scopes.isInForce(memory, now));
  }

  /** Gives the places in the core back; guards that are asked again begin anew. */
  release(memory: MemoryStore): void {
    for (const scopes of this.#all) scopes.clear(this.#isOf(memory) ? memory.machine : undefined);
  }

  #isOf({ machine, instance }: MemoryStore): boolean {
    return machine >= 0 && this.#instance === instance;
  }
}

/** Whose loads are counted together. */
export function scopeOf(scope: GuardScope, call: Scoped): string {
  if (scope === "function") return "";
  return scope === "key" ? call.key : (call.host ?? "");
}
