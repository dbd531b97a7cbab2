/** The ends of loads: stores results, finds fallbacks for failures, tells the guards. */

import {
  BELOW_SLOT,
  BELOW_STORE,
  FACTS_FAILURE,
  FACTS_MAY_BE_BELOW,
  FACTS_STALE,
  FACTS_TIERED,
  FACTS_WINDOWS,
  FAILURE_BESIDE,
  FAILURE_LASTING,
  FAILURE_MAY_STAND_IN,
  FAILURE_MEMORABLE,
  FAILURE_SPARE,
  INSTEAD_ENTRY,
  INSTEAD_REMEMBERED,
  INSTEAD_RESULT,
  INSTEAD_SPARE,
  RESULT_FAILED,
  RESULT_IGNORED,
  RESULT_SUCCEEDED,
  readTimesNumbers,
  TAGS_AFTER_HARD,
  TAGS_AFTER_SOFT,
} from "../core/abi.js";
import * as core from "../core/core.js";
import { askUser } from "../model/ask-user.js";
import { CachedError } from "../model/cached-error.js";
import type { Lifetime } from "../model/entry.js";
import type { LoadResult } from "../model/load-result.js";
import type { Previous } from "../model/loader.js";
import type { Tagged } from "../model/tagged.js";
import { canBeReadOnce, warnOfReadOnce } from "../records/read-once.js";
import { withoutCallers } from "../runtime/outside.js";
import type { Verdict } from "../util/user-functions.js";
import type { Call } from "./call.js";
import { errorTtlOf, type Facts, factsOf, MIDDLE, rollFor } from "./facts.js";
import type { Flight, Held, Outcome } from "./flight.js";
import type { Host } from "./host.js";
import { Tagging } from "./tagging.js";

/** A result that is to be stored. */
export interface Arrival {
  readonly value: unknown;
  readonly facts: Facts;
  readonly roll: number;
  readonly tagged: Tagged | undefined;
}

/** The replacement of a result: one of the core's `instead`, and the entry it means. */
interface Instead {
  readonly instead: number;
  readonly held?: Held | undefined;
}

/** The stores below memory, as far as landing needs them; undefined where there are none. */
export interface StoresBelow {
  /** Has them keep a result, or drop what it contradicts. */
  keep(flight: Flight, call: Call, arrival: Arrival, landed: number): void;
  /** Returns an entry of theirs that memory did not keep, while it may still answer. */
  spareOf(flight: Flight): Held | undefined;
}

/** Brings loads home. */
export class Landing {
  readonly #host: Host;
  readonly #recover: (error: unknown) => void;
  readonly tagging: Tagging;
  below: StoresBelow | undefined;

  constructor(host: Host, recover: (error: unknown) => void) {
    this.#host = host;
    this.#recover = recover;
    this.tagging = new Tagging(host);
  }

  /** True if an entry may answer for this error. */
  mayStandIn(call: Call, error: unknown): boolean {
    const { staleOn } = call.policy.rules;
    if (staleOn === undefined) return true;
    return isYes(this.#ask(call, "staleOn", () => staleOn(error)));
  }

  /** Tells the guards how a load went, once. */
  record(flight: Flight, call: Call, result: LoadResult): void {
    const { admission } = flight;
    const { guards } = call.policy;
    if (admission === undefined || guards === undefined) return;
    flight.admission = undefined;
    const told = this.inCore(() => guards.record(admission, result, this.#host));
    if (told !== undefined) flight.done = Promise.all([flight.done, told]);
  }

  #recordFailure(flight: Flight, call: Call, error: unknown): void {
    const countIf = call.policy.rules.guards?.countIf;
    const counts = countIf === undefined || isYes(this.#ask(call, "countIf", () => countIf(error)));
    this.record(flight, call, counts ? RESULT_FAILED : RESULT_IGNORED);
  }

  /** The loader returned, perhaps long after its timeout or its lease. */
  landed(flight: Flight, call: Call, value: unknown): Outcome {
    const { failIf } = call.policy.rules;
    const fails = failIf === undefined ? false : this.#ask(call, "failIf", () => failIf(value));
    if (fails === true) return this.crashed(flight, call, undefined, { value });
    const isReadOnce = canBeReadOnce(value);
    const outcome: Outcome = isReadOnce
      ? { ok: true, value, source: "load", isReadOnce }
      : { ok: true, value, source: "load" };
    this.#noteShape(call, value, isReadOnce);
    this.record(flight, call, RESULT_SUCCEEDED);
    const took = this.#took(flight);
    call.policy.loadTimes.record(took);
    flight.over = true;
    // An answer that a promise may yet call a failure is handed out, not kept.
    const isKept = fails !== "promise" && !isReadOnce && this.#mayKeep(call, value);
    const arrival = isKept && !call.noStore ? this.#arrivalOf(flight, call, value) : undefined;
    if (arrival === undefined) this.endWithoutStoring(flight);
    const stored = arrival !== undefined && this.#keep(flight, call, arrival, true);
    this.#tell(flight, call, took, stored);
    return outcome;
  }

  #took({ loadBegan }: Flight): number {
    return Math.max(0, this.#host.timers.now() - loadBegan);
  }

  #tell(flight: Flight, call: Call, duration: number, stored: boolean, error?: unknown): void {
    const { loadEvents } = this.#host;
    if (!loadEvents.wanted) return;
    const { key, background } = flight;
    loadEvents.tell({ key, name: call.policy.name, duration, background, stored, error });
  }

  /**
   * Stores a result in the core that gave the flight, and below it what that says; true if it is
   * kept anywhere. Makes no function.
   */
  #keep(flight: Flight, call: Call, arrival: Arrival, isForAll: boolean): boolean {
    const { memory } = this.#host;
    if (flight.instance !== memory.instance || !memory.isOpen()) return false;
    try {
      const landed = this.#store(flight, call, arrival);
      if (isForAll) this.below?.keep(flight, call, arrival, landed);
      return landed >= 0 || (isForAll && (landed & BELOW_STORE) !== 0);
    } catch (error) {
      this.#recover(error);
      return false;
    }
  }

  #store(flight: Flight, call: Call, arrival: Arrival): number {
    const { memory, space, timers, tiers } = this.#host;
    const { value, facts, tagged, roll } = arrival;
    const { staleWhileRevalidate = 0, staleIfError = 0, retained = 0 } = facts.windows ?? {};
    const below = flight.mayHaveStored ? FACTS_TIERED | FACTS_MAY_BE_BELOW : FACTS_TIERED;
    const size = memory.weigh(value, flight.key, this.#host.events);
    const known = space.get(flight.key) ?? -1;
    const landed = core.loaded(
      memory.machine,
      known,
      flight.fence,
      call.policy.bind(memory),
      tiers === undefined ? facts.bits : facts.bits | below,
      facts.ttl,
      staleWhileRevalidate,
      staleIfError,
      retained,
      size,
      roll,
      timers.now(),
    );
    const slot = Math.floor(landed / BELOW_SLOT);
    if (slot >= 0) {
      memory.keep(space, flight.key, slot, value, flight);
      if (tagged) core.tag(memory.machine, slot, tagged.hashes, (tagged.begun ?? flight).fence);
    }
    if (known >= 0) memory.slots.land(known, flight);
    memory.drain();
    return landed;
  }

  endWithoutStoring(flight: Flight): void {
    this.inCoreOf(flight, () => {
      const { memory, space } = this.#host;
      const slot = space.get(flight.key) ?? -1;
      core.cancelled(memory.machine, slot, flight.fence);
      memory.slots.land(slot, flight);
      memory.drain();
    });
  }

  /** A value as it is to be stored; undefined when it is not. */
  #arrivalOf(flight: Flight, call: Call, value: unknown): Arrival | undefined {
    const { events } = this.#host;
    let option = "ttl";
    try {
      const facts = factsOf(call, value);
      const roll = rollFor(call.policy, this.#host);
      if (flight.tagged === undefined) return { value, facts, roll, tagged: undefined };
      option = "tags";
      const tagged = this.tagging.tagsOf(flight, call, value);
      const after = this.inCoreOf(flight, () => this.tagging.after(flight, tagged));
      if (after === undefined || after === TAGS_AFTER_HARD) return undefined;
      const bits = after === TAGS_AFTER_SOFT ? facts.bits | FACTS_STALE : facts.bits;
      const own = tagged.hashes.length === 0 ? undefined : tagged;
      return { value, facts: { ...facts, bits }, roll, tagged: own };
    } catch (error) {
      events.tell({ type: "policy-error", option, key: call.key, error });
      return undefined;
    }
  }

  /** The load failed. Only the first failure of a flight counts: it may time out, then reject. */
  crashed(
    flight: Flight,
    call: Call,
    error: unknown,
    result?: { readonly value: unknown },
  ): Outcome {
    const { memory, events } = this.#host;
    const isReadOnce = result === undefined ? canBeReadOnce(error) : canBeReadOnce(result.value);
    const failure: Outcome = {
      ok: false,
      error,
      ...(result && { result }),
      ...(isReadOnce && { isReadOnce }),
    };
    if (flight.over) return failure;
    if (isReadOnce) this.#noteShape(call, result === undefined ? error : result.value, true);
    flight.over = true;
    flight.error = result === undefined ? error : result.value;
    events.tell({ type: "load-error", key: call.key, error: flight.error });
    this.#recordFailure(flight, call, flight.error);
    const isError = result === undefined;
    const lasting = isError || isReadOnce || call.noStore ? undefined : result.value;
    const windows = lasting === undefined ? undefined : call.lifetimeOfFailed?.(lasting);
    const isMemorable = isError && !isReadOnce && mayRemember(call, error);
    const facts =
      (windows === undefined ? 0 : FAILURE_LASTING) | (isMemorable ? FAILURE_MEMORABLE : 0);
    // Asked before the slot is looked up: `staleOn` is the user's, and may drop the key.
    const mayStandIn = flight.background || this.mayStandIn(call, flight.error);
    const ended = this.endWithout(flight, (slot, hasSpare, now) => {
      const id = call.policy.bind(memory);
      const bits =
        facts |
        (mayStandIn ? FAILURE_MAY_STAND_IN : 0) |
        (flight.isBeside ? FAILURE_BESIDE : 0) |
        (hasSpare ? FAILURE_SPARE : 0);
      return core.failed(memory.machine, slot, flight.fence, id, bits, now);
    });
    const isLasting = ended?.instead === INSTEAD_RESULT && windows !== undefined;
    const stored = isLasting
      ? this.#keepFailed(flight, call, lasting, windows)
      : ended?.instead === INSTEAD_REMEMBERED && this.#remember(flight, call, error);
    this.#tell(flight, call, this.#took(flight), stored, flight.error);
    return ended?.held === undefined ? failure : { ...failure, held: ended.held };
  }

  /** Ends a flight without a result in the core; gives what the core says there is instead. */
  endWithout(
    flight: Flight,
    end: (slot: number, hasSpare: boolean, now: number) => number,
  ): Instead | undefined {
    return this.inCoreOf(flight, () => {
      const { memory, space, timers } = this.#host;
      const slot = space.get(flight.key) ?? -1;
      const value = memory.slots.valueOf(slot);
      const spare = this.below?.spareOf(flight);
      const instead = end(slot, spare !== undefined, timers.now());
      if (instead === INSTEAD_RESULT) return { instead };
      memory.slots.land(slot, flight);
      memory.drain();
      if (instead === INSTEAD_SPARE) return { instead, held: spare };
      if (instead !== INSTEAD_ENTRY) return { instead };
      const { age, ttl } = readTimesNumbers(core.instead_times(memory.machine));
      return { instead, held: { value, times: { age, ttl: ttl - age } } };
    });
  }

  /** The entry that a flight is to renew, for its loader. */
  previousOf(flight: Flight): Previous | undefined {
    return this.inCoreOf(flight, () => {
      const { memory, space, timers } = this.#host;
      const slot = space.get(flight.key) ?? -1;
      const age = core.renewed_age(memory.machine, slot, timers.now());
      if (!Number.isNaN(age)) return { value: memory.copied(memory.slots.valueOf(slot)), age };
      const spare = this.below?.spareOf(flight);
      return spare && { value: spare.value, age: spare.times?.age ?? 0 };
    });
  }

  /**
   * Notes the kind of a loaded value: one that can be read only once is reported, and never shared.
   */
  #noteShape(call: Call, value: unknown, isReadOnce: boolean): void {
    const { policy, key } = call;
    if (!isReadOnce) {
      policy.mayCrowd = !policy.readsOnce;
      return;
    }
    policy.mayCrowd = false;
    if (!policy.readsOnce) warnOfReadOnce(policy.name);
    policy.readsOnce = true;
    this.#host.events.tell({ type: "read-once", key, value });
  }

  /** Keeps a failed result that says itself how long; in memory only, as all failures. */
  #keepFailed(flight: Flight, call: Call, value: unknown, windows: Lifetime): boolean {
    const facts = { bits: FACTS_FAILURE | FACTS_WINDOWS, ttl: windows.ttl, windows };
    return this.#keep(flight, call, { value, facts, roll: MIDDLE, tagged: windows.tagged }, false);
  }

  /** Keeps a failure for `errorTtl`, in memory only: errors are not made to be stored. */
  #remember(flight: Flight, call: Call, error: unknown): boolean {
    try {
      const facts = { bits: FACTS_FAILURE, ttl: errorTtlOf(call, error) };
      const tagged = this.tagging.ofArgs(flight);
      const value = new CachedError(withoutCallers(error));
      return this.#keep(flight, call, { value, facts, roll: MIDDLE, tagged }, false);
    } catch (cause) {
      const event = { type: "policy-error", option: "errorTtl", key: call.key } as const;
      this.#host.events.tell({ ...event, error: cause });
      return false;
    }
  }

  #mayKeep(call: Call, value: unknown): boolean {
    const { cacheIf } = call.policy.rules;
    return (
      cacheIf === undefined || this.#ask(call, "cacheIf", () => cacheIf(value, call.args)) === true
    );
  }

  #ask({ key }: Call, option: string, ask: () => unknown): Verdict {
    return askUser(this.#host.events, { option, key }, ask);
  }

  /** The same, for a flight: one that an earlier core began is nobody's by now. */
  inCoreOf<T>(flight: Flight, step: () => T): T | undefined {
    return flight.instance === this.#host.memory.instance ? this.inCore(step) : undefined;
  }

  /** Runs a step in the core; a trap replaces it and gives undefined. */
  inCore<T>(step: () => T): T | undefined {
    if (!this.#host.memory.isOpen()) return undefined;
    try {
      return step();
    } catch (error) {
      this.#recover(error);
      return undefined;
    }
  }
}

/** True for an error that others may be told, too, under a policy that remembers any. */
const mayRemember = ({ noStore, policy, isPersonal }: Call, error: unknown): boolean =>
  noStore !== true && policy.rules.errorTtl !== 0 && isPersonal?.(error) !== true;

/** A function that threw has not decided: it is as if it were not there. A promise is no yes. */
const isYes = (verdict: Verdict): boolean => verdict === true || verdict === "threw";
