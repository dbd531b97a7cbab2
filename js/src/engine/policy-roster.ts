/** The policies that one memory's machine knows: not more than there is room for. */

import { COUNT_NUMBERS } from "../core/abi.js";
import { counters, remove_policy } from "../core/core.js";
import type { MemoryStore } from "../memory/memory.js";
import type { Timers } from "../runtime/clock.js";
import type { GuardTables } from "./guard-scopes.js";
import { LoadTimesHistogram } from "./load-times.js";

/** Most known policies; beyond that, one that was not used lately is forgotten. */
export const MOST_POLICIES = 1000;
/** Most guards in force that outlive their policies. */
const MOST_LINGERING = 10_000;

/**
 * The state of a policy in the core. It refers to no object of the application, so that objects
 * made for one request do not outlive it here.
 */
export class PolicyPlace {
  /** The policy's number; valid only in `instance`. */
  id = -1;
  instance = -1;
  /** True if it was bound since somebody looked. */
  isUsed = false;
  /** Callers that joined a crowd, of which the core knows nothing. */
  joined = 0;
  /** True if a caller with an entry is answered by it when the load is slow. */
  failsOver = false;
  /** Its counts, once its place in the core was given back. */
  counts: Float64Array | undefined;
  /** Durations of its loads. */
  loadTimes: LoadTimesHistogram = new LoadTimesHistogram();
  readonly guards: GuardTables | undefined;

  constructor(guards: GuardTables | undefined) {
    this.guards = guards;
  }
}

/** Keeps what is computed per call or request, like options and wrapped functions, bounded. */
class PolicyRoster {
  readonly #known = new Set<PolicyPlace>();
  /** Guards of policies that are not known any more, which still keep loads away. */
  readonly #lingering = new Set<GuardTables>();

  /** Adds a policy, and forgets another one where there are too many. */
  admit(place: PolicyPlace, memory: MemoryStore, timers: Timers): void {
    if (this.#known.has(place)) return;
    if (this.#known.size >= MOST_POLICIES) this.#retireOne(memory, timers.now());
    this.#known.add(place);
  }

  /** The first that was not used since it was looked at last; each gets a second chance. */
  #retireOne(memory: MemoryStore, now: number): void {
    for (const place of this.#known) {
      this.#known.delete(place);
      if (!place.isUsed) {
        retire(place, memory);
        this.#releaseGuards(place.guards, memory, now);
        return;
      }
      place.isUsed = false;
      this.#known.add(place);
    }
  }

  /** Guards that refused nothing begin anew when they are asked again. */
  #releaseGuards(guards: GuardTables | undefined, memory: MemoryStore, now: number): void {
    if (guards !== undefined) this.#lingering.add(guards);
    for (const lingering of this.#lingering) {
      const isOver = !lingering.isInForce(memory, now);
      if (!isOver && this.#lingering.size <= MOST_LINGERING) return;
      lingering.release(memory);
      this.#lingering.delete(lingering);
    }
  }
}

const rosters = new WeakMap<MemoryStore, PolicyRoster>();

/** Makes a policy known to a memory, which forgets another one where there are too many. */
export function admitPolicy(place: PolicyPlace, memory: MemoryStore, timers: Timers): void {
  let roster = rosters.get(memory);
  if (roster === undefined) {
    roster = new PolicyRoster();
    rosters.set(memory, roster);
  }
  roster.admit(place, memory, timers);
}

/** A policy that is used again is given another number. */
function retire(place: PolicyPlace, memory: MemoryStore): void {
  if (memory.machine >= 0 && place.instance === memory.instance) {
    place.counts = countsOf({ place }, memory);
    remove_policy(memory.machine, place.id);
  }
  place.id = -1;
  place.instance = -1;
}

const [MISSES, COALESCED] = [COUNT_NUMBERS.indexOf("misses"), COUNT_NUMBERS.indexOf("coalesced")];

/** Returns the counts of a policy, also those from before the core forgot it. */
export function countsOf(
  { place }: { readonly place: PolicyPlace },
  memory: MemoryStore,
): Float64Array {
  const counts = place.counts ?? new Float64Array(COUNT_NUMBERS.length);
  if (memory.machine < 0 || place.instance !== memory.instance) return counts;
  const counted = counters(memory.machine, place.id);
  const joined = (at: number) => (at === MISSES || at === COALESCED ? place.joined : 0);
  return counts.map((count, at) => count + (counted[at] ?? 0) + joined(at));
}
