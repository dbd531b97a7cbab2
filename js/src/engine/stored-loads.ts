/** Loads in front of stores below memory: looking there first, the lock, keeping results there. */

import type { LoadLock } from "../coordination/lock.js";
import {
  BELOW_DROP,
  BELOW_STORE,
  FOUND_KEPT_FOUND,
  FOUND_KEPT_HELD,
  FOUND_SLOT,
  FOUND_SPARE,
  LOOKED_BACKGROUND,
  LOOKED_BESIDE,
  LOOKED_UNHEARD,
  readLifetimeNumbers,
  STEP_BITS,
  STEP_ERROR_FALLBACK,
  STEP_HIT,
  STEP_HIT_REFRESH,
  STEP_STALE,
  STEP_STALE_REFRESH,
} from "../core/abi.js";
import * as core from "../core/core.js";
import type { Source } from "../model/answer.js";
import { type FoundEntry, totalOf } from "../model/entry.js";
import type { Timers } from "../runtime/clock.js";
import type { LowerTiers } from "../tiers/lower-tiers.js";
import type { PreparedChange } from "../tiers/tier-changes.js";
import { TimeoutError } from "../util/errors.js";
import type { Call } from "./call.js";
import { MIDDLE } from "./facts.js";
import { Flight, type Held, type Outcome } from "./flight.js";
import { everythingOf } from "./flight-context.js";
import type { Host } from "./host.js";
import type { Arrival, Landing } from "./landing.js";
import type { LoadsAbove, LoadsBelow } from "./loads-below.js";

/** Timers for what nobody waits for. */
const quiet = (timers: Timers): Timers => ({ ...timers, after: timers.afterIfAlive });
/** Of a flight that no core has given. */
const NOWHERE = -1;
/** The lifetime of what stores drop. */
const NO_LIFETIME = { ttl: 0, staleWhileRevalidate: 0, staleIfError: 0 };

/** Loads of a cache with stores below its memory. */
export class StoredLoads implements LoadsBelow {
  readonly #tiers: LowerTiers;
  readonly #host: Host;
  readonly #landing: Landing;
  readonly #loads: LoadsAbove;

  constructor(tiers: LowerTiers, host: Host, landing: Landing, loads: LoadsAbove) {
    this.#tiers = tiers;
    this.#host = host;
    this.#landing = landing;
    this.#loads = loads;
  }

  /** Loads, unless a lower store has an entry that answers. */
  lookThenLoad(flight: Flight, call: Call): Promise<Outcome> {
    const { rules } = call.policy;
    const tiers = this.#tiers;
    const looking = call.batch?.look(call.key, tiers, rules) ?? tiers.read(call.key, rules);
    return looking.then((found) => this.#looked(flight, call, found));
  }

  #looked(flight: Flight, call: Call, found: FoundEntry | undefined): Outcome | Promise<Outcome> {
    if (found === undefined) return this.#lockThenLoad(flight, call);
    flight.mayHaveStored = true;
    const { sharedHits } = call.policy;
    if (flight.background || sharedHits === undefined) return this.#useOrLoad(flight, call, found);
    return sharedHits
      .countFound(call, found, this.#host)
      .then((mayServe) =>
        mayServe ? this.#useOrLoad(flight, call, found) : this.#lockThenLoad(flight, call),
      );
  }

  #useOrLoad(flight: Flight, call: Call, found: FoundEntry): Outcome | Promise<Outcome> {
    const outcome = this.#landing.inCoreOf(flight, () => this.#useFound(flight, call, found));
    return outcome === undefined ? this.#lockThenLoad(flight, call) : flight.tell(outcome);
  }

  /** Loads, under the lock if the policy wants one. */
  async #lockThenLoad(flight: Flight, call: Call): Promise<Outcome> {
    const tiers = this.#tiers;
    const rules = call.policy.rules.lock;
    let lock: LoadLock | undefined;
    if (rules !== undefined) await this.#host.feed?.opening();
    flight.heard = this.#host.feed?.acknowledged;
    // A load whose lock a load above it holds would wait for itself.
    if (rules !== undefined && !flight.frame.isUnderLock(rules.nameFor(tiers, call.key))) {
      const use = (found: FoundEntry) =>
        this.#landing.inCoreOf(flight, () => this.#useFound(flight, call, found));
      const timers = flight.background ? quiet(this.#host.timers) : this.#host.timers;
      const host = { ...this.#host, tiers, timers };
      const locked = await rules.take<Outcome>(host, call, use, () =>
        this.#loads.renew(flight, call),
      );
      if ("outcome" in locked) return flight.tell(locked.outcome);
      if ("error" in locked) return this.#loads.refuse(flight, call, locked.error);
      lock = locked.lock;
    }
    if (!this.#loads.renew(flight, call)) {
      await lock?.release();
      return { ok: false, error: new TimeoutError("nobody waits for the load") };
    }
    if (lock === undefined) return this.load(flight, call);
    flight.lock = lock;
    flight.frame.lock = lock.name;
    const outcome = this.load(flight, call);
    // What was loaded is in the stores before the next one may look.
    const released = outcome.then(() => flight.written).then(() => lock.release());
    flight.done = Promise.all([flight.done, released]);
    return outcome;
  }

  /** The outcome that an entry of a lower store is; undefined when the load must go on. */
  #useFound(flight: Flight, call: Call, found: FoundEntry): Outcome | undefined {
    const { memory, space, events } = this.#host;
    // First: `sizeOf` is the user's, and may do anything.
    const size = memory.weigh(found.value, call.key, events);
    const known = space.get(call.key) ?? -1;
    // Why the last load failed: who is served until the next one is told.
    const failure = memory.slots.failureOf(known);
    if (known < 0 && !flight.isBeside) return undefined;
    const verdict = this.#askFound(flight, call, found, known, size);
    const slot = Math.floor(verdict / FOUND_SLOT);
    if (known < 0 && slot >= 0) memory.adopt(space, call.key, slot);
    const held = verdict & FOUND_KEPT_HELD ? { value: memory.slots.valueOf(slot) } : found;
    if (verdict & FOUND_KEPT_FOUND) {
      memory.keep(space, call.key, slot, found.value);
      if (found.tagged) core.tag(memory.machine, slot, found.tagged.hashes, flight.fence);
    }
    memory.drain();
    const step = verdict & STEP_BITS;
    const times = held === found ? { age: found.age, ttl: found.ttl - found.age } : undefined;
    const { tier } = found;
    const answerAs = (source: Source, error?: unknown): Outcome => {
      // Every field by its name: an object that is spread costs a microsecond.
      return { ok: true, value: held.value, source, tier, error, times };
    };
    if (step === STEP_HIT) {
      memory.slots.land(known, flight);
      flight.over = true;
      return answerAs("hit");
    }
    if (step === STEP_STALE || step === STEP_ERROR_FALLBACK) {
      flight.error = failure;
      memory.slots.land(known, flight);
      flight.over = true;
      if (step === STEP_STALE) return answerAs("stale");
      events.tell({ type: "error-fallback", key: call.key });
      return answerAs("error-fallback", failure);
    }
    if (step === STEP_STALE_REFRESH || step === STEP_HIT_REFRESH) {
      flight.anchored = true;
      // Told before the load, which may fail, or be refused, at once.
      const outcome = flight.tell(answerAs(step === STEP_HIT_REFRESH ? "hit" : "stale"));
      flight.done = this.#goOn(flight, call, slot);
      return outcome;
    }
    if (verdict & FOUND_SPARE) flight.spare = { found, at: this.#host.timers.now() };
    return undefined;
  }

  /** Asks the core what an entry of a lower store means for a flight. */
  #askFound(flight: Flight, call: Call, found: FoundEntry, slot: number, size: number): number {
    const { memory, timers, random } = this.#host;
    const { ttl, staleWhileRevalidate, staleIfError } = found;
    const { retained = 0, age } = found;
    return core.found(
      memory.machine,
      slot,
      flight.fence,
      call.policy.bind(memory),
      this.#lookedBits(flight),
      ttl,
      staleWhileRevalidate,
      staleIfError,
      retained,
      size,
      age,
      call.policy.rules.earlyBeta > 0 ? random() : MIDDLE,
      timers.now(),
    );
  }

  #lookedBits({ background, isBeside, heard }: Flight): number {
    const isUnheard = heard !== this.#host.feed?.acknowledged;
    return (
      (background ? LOOKED_BACKGROUND : 0) |
      (isBeside ? LOOKED_BESIDE : 0) |
      (isUnheard ? LOOKED_UNHEARD : 0)
    );
  }

  /**
   * Loads after the waiting callers were told what a store had. A flight of its own: a caller that
   * comes when that entry has expired must not get it again.
   */
  #goOn(told: Flight, call: Call, slot: number): Promise<Outcome> {
    const { slots } = this.#host.memory;
    const flight = new Flight(told.key, told.fence, told.instance, true);
    flight.tagged = told.tagged;
    flight.mayHaveStored = told.mayHaveStored;
    if (slots.flightOf(slot) === told) slots.lead(slot, flight);
    flight.outcome = this.#lockThenLoad(flight, call);
    flight.done ??= flight.outcome;
    return everythingOf(flight).then(() => flight.outcome);
  }

  /** Loads, once messages of others are heard, and it is known which versions its tags have. */
  load(flight: Flight, call: Call): Promise<Outcome> {
    const opening = flight.instance === NOWHERE ? undefined : this.#host.feed?.opening();
    if (opening === undefined) return this.#prepared(flight, call);
    return opening.then((): Outcome | Promise<Outcome> => {
      if (this.#loads.renew(flight, call)) return this.#prepared(flight, call);
      return { ok: false, error: new TimeoutError("nobody waits for the load") };
    });
  }

  #prepared(flight: Flight, call: Call): Promise<Outcome> {
    const preparing = this.#prepare(flight, call);
    if (preparing === undefined) return this.#loads.guarded(flight, call);
    return preparing.then((): Outcome | Promise<Outcome> => {
      if (this.#loads.renew(flight, call)) return this.#loads.guarded(flight, call);
      return { ok: false, error: new TimeoutError("nobody waits for the load") };
    });
  }

  /**
   * Reads what lower stores say of the tags of a load, which must be known before its loader is
   * called; undefined when there is nothing to wait for.
   */
  #prepare(flight: Flight, call: Call): Promise<unknown> | undefined {
    const begun = flight.tagged;
    const tiers = this.#tiers;
    if (begun === undefined || call.noStore) return undefined;
    const { hashes } = begun;
    if (hashes === undefined) {
      begun.general ??= tiers.tags.general(call.lifetimeOf === undefined);
      return begun.general;
    }
    if (hashes.length === 0) return undefined;
    begun.versions ??= tiers.tags.versions(hashes, totalOf(call.policy.rules)).then((known) => {
      begun.known = known;
      return known;
    });
    return begun.versions;
  }

  /** Has the lower stores keep a result, or drop what it contradicts. */
  keep(flight: Flight, call: Call, { value, tagged }: Arrival, landed: number): void {
    const { memory } = this.#host;
    const drops = (landed & BELOW_DROP) !== 0;
    if (!drops && (landed & BELOW_STORE) === 0) return;
    const lifetime = drops ? NO_LIFETIME : readLifetimeNumbers(core.lifetime_below(memory.machine));
    const { rules } = call.policy;
    const change = this.#tiers.prepare(call.key, value, { ...lifetime, tagged }, rules, true);
    flight.written = this.#write(flight, change, drops);
    flight.done = Promise.all([flight.done, flight.written]);
    if (this.#host.awaitsWrites) flight.awaited = flight.written;
  }

  /** Writes to the lower stores; a dropped entry must not stay in other memories either. */
  async #write({ key, lock }: Flight, change: PreparedChange, drops: boolean): Promise<void> {
    await (lock === undefined ? change.perform() : lock.write(change));
    if (drops) await this.#host.feed?.tell({ keys: [key] });
  }

  /** The entry of a lower store that memory did not keep, while it may still answer. */
  spareOf({ spare }: Flight): Held | undefined {
    if (spare === undefined) return undefined;
    const { value, age, ttl, staleWhileRevalidate, staleIfError } = spare.found;
    const now = this.#host.timers.now();
    const grown = core.spare_age(ttl, staleWhileRevalidate, staleIfError, age, spare.at, now);
    if (Number.isNaN(grown)) return undefined;
    return { value, times: { age: grown, ttl: ttl - grown } };
  }
}
