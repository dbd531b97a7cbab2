/** Running loads: looking into lower stores, calling loaders, storing what they bring. */

import { RESULT_IGNORED } from "../core/abi.js";
import * as core from "../core/core.js";
import { hostAsyncStorage } from "../runtime/async-storage.js";
import { joinBurst } from "../runtime/clock.js";
import { currentFrame, leaveFrame, runWithin } from "../runtime/frames.js";
import { keepsRequestsApart } from "../runtime/requests.js";
import { oneLine } from "../util/describe.js";
import { HoldoverError, TimeoutError } from "../util/errors.js";
import { ignoreRejection } from "../util/user-functions.js";
import type { Admission } from "./admission.js";
import type { Call } from "./call.js";
import { Flight, type Outcome } from "./flight.js";
import { everythingOf, FlightContext } from "./flight-context.js";
import type { Guards } from "./guards.js";
import type { Host } from "./host.js";
import type { Landing } from "./landing.js";
import { type LoadsAbove, type LoadsBelow, loadsBelowOf } from "./loads-below.js";
import { rejected } from "./rejecting.js";

/**
 * A load somebody waits for, one that nobody does, one that was asked for by name, or one beside
 * the load that leads the key.
 */
export type LaunchKind = "load" | "refresh" | "forced" | "beside";

/** Makes the leader's result of a load that has ended. */
export type EndOfLoad<T> = (flight: Flight, call: Call, outcome: Outcome) => T | Promise<T>;

const tellAll: EndOfLoad<Outcome> = (flight, _, outcome) => flight.tellWritten(outcome);
/** Of a flight that no core has given. */
const NOWHERE = -1;

/** Starts loads and brings them home. */
export class Loads implements LoadsAbove {
  readonly #host: Host;
  readonly #recover: (error: unknown) => void;
  readonly #landing: Landing;
  readonly #below: LoadsBelow | undefined;

  constructor(host: Host, landing: Landing, recover: (error: unknown) => void) {
    this.#host = host;
    this.#landing = landing;
    this.#recover = recover;
    this.#below = host.tiers && loadsBelowOf(host.tiers)(host.tiers, host, landing, this);
    landing.below = this.#below;
  }

  /** Makes the flight that the core has just given to this caller. */
  register(call: Call, slot: number, fence: number, kind: LaunchKind): Flight {
    const { memory } = this.#host;
    const flight = new Flight(call.key, fence, memory.instance, kind === "refresh");
    // Loads that others may wait for; without single flight the core knows only refreshes.
    const isKnown = kind === "load" ? call.policy.rules.singleFlight : kind !== "beside";
    flight.isBeside = !isKnown;
    if (keepsRequestsApart()) flight.burst = joinBurst();
    if (call.within !== undefined && kind !== "refresh") flight.frame.waitedBy(call.within);
    if (call.policy.rules.tags !== undefined)
      flight.tagged = call.beginning ?? this.#landing.tagging.begin(call, fence);
    if (slot >= 0 && isKnown) memory.slots.lead(slot, flight);
    return flight;
  }

  /** Starts a flight; one that must ask the origin does not look into lower stores. */
  start(flight: Flight, call: Call, mustLoad = false): void {
    const { feed, events } = this.#host;
    if (!mustLoad && call.policy.rules.bloom?.mayHave(call.key) === false) {
      flight.outcome = this.#absent(flight);
      flight.done = flight.outcome;
      return;
    }
    flight.mayHaveStored ||= mustLoad;
    feed?.listen();
    flight.heard = feed?.acknowledged;
    const type = flight.background ? "refresh" : "load";
    if (events.wanted) events.tell({ type, key: call.key });
    const below = mustLoad ? undefined : this.#below;
    flight.outcome = below ? below.lookThenLoad(flight, call) : this.#load(flight, call);
    flight.done ??= flight.outcome;
    this.#anchor(flight, call);
  }

  /** Starts a load that is a part of another one of its key: it asks nobody but the loader. */
  startWithin(flight: Flight, call: Call): void {
    if (this.#host.events.wanted) this.#host.events.tell({ type: "load", key: call.key });
    flight.outcome = this.#callLoader(flight, call);
    flight.done ??= flight.outcome;
  }

  /** Starts a load that nobody joins and that the core knows nothing of. */
  alone(call: Call): Flight {
    const flight = new Flight(call.key, 0, NOWHERE, false);
    const frame = currentFrame();
    if (frame !== undefined) flight.frame.waitedBy(frame);
    flight.outcome = this.#load(flight, call);
    flight.done ??= flight.outcome;
    return flight;
  }

  /** The key surely does not exist: nobody is asked, nothing is stored. */
  #absent(flight: Flight): Promise<Outcome> {
    flight.over = true;
    this.#landing.endWithoutStoring(flight);
    return Promise.resolve(flight.tell({ ok: true, value: undefined, source: "negative" }));
  }

  /** Nobody waits any more: stops the load unless something keeps it. */
  abandon(flight: Flight, call: Call, reason: unknown): void {
    if (flight.anchored || flight.over) return;
    flight.over = true;
    flight.timer?.cancel();
    flight.frame.end();
    this.#landing.record(flight, call, RESULT_IGNORED);
    this.#landing.endWithoutStoring(flight);
    void flight.lock?.release();
    flight.abort(reason);
  }

  /** Keeps the host from ending the flight with the request that began it. */
  #anchor(flight: Flight, call: Call): void {
    const waitUntil = call.waitUntil ?? this.#host.waitUntil();
    if (waitUntil === undefined) return;
    try {
      ignoreRejection(waitUntil(everythingOf(flight)));
      flight.anchored = true;
    } catch {
      // Not in a request, or it is over: the flight goes on as long as the host lets it.
    }
  }

  /** A flight that has waited leads from now on; false when nobody waits for it any more. */
  renew(flight: Flight, call: Call): boolean {
    if (flight.over) return false;
    this.#landing.inCoreOf(flight, () => {
      const { memory, space, timers } = this.#host;
      core.started(memory.machine, space.get(call.key) ?? -1, flight.fence, timers.now());
    });
    return true;
  }

  /** Loads, under all that has a say in it. */
  #load(flight: Flight, call: Call): Promise<Outcome> {
    return this.#below === undefined ? this.guarded(flight, call) : this.#below.load(flight, call);
  }

  /** Loads if the guards let it. */
  guarded(flight: Flight, call: Call): Promise<Outcome> {
    const { guards } = call.policy;
    if (guards?.shared !== undefined) return this.#loadShared(guards, flight, call);
    const refused = guards && this.#askGuards(guards, flight, call);
    return refused ?? this.#callLoader(flight, call);
  }

  /** The same, with guards that ask a store or have the load wait. */
  async #loadShared(guards: Guards, flight: Flight, call: Call): Promise<Outcome> {
    const ask = (): Promise<Admission | HoldoverError | undefined> =>
      guards.admitShared(call, this.#host, flight).catch((error) => {
        this.#recover(error);
        return undefined;
      });
    const asked = call.batch === undefined ? ask() : call.batch.admit(flight.answered, ask);
    const verdict = await asked;
    if (verdict instanceof HoldoverError && !flight.over) return this.refuse(flight, call, verdict);
    if (verdict instanceof HoldoverError) return { ok: false, error: verdict };
    flight.admission = verdict;
    if (this.renew(flight, call)) return this.#callLoader(flight, call);
    this.#landing.record(flight, call, RESULT_IGNORED);
    return { ok: false, error: new TimeoutError("nobody waits for the load") };
  }

  /** Calls the loader; whatever happens, an outcome comes of it. */
  #callLoader(flight: Flight, call: Call): Promise<Outcome> {
    const landing = this.lead(flight, call, tellAll);
    const { timeout } = call.policy.rules;
    return timeout === Number.POSITIVE_INFINITY || flight.over || flight.begun
      ? landing
      : this.#within(timeout, flight, call, landing);
  }

  /**
   * True if nobody but the loader has a say in the load of a call whose caller waits for nothing else:
   * then {@link lead} does, and the outcome needs no promise of its own.
   */
  isShort(call: Call): boolean {
    const { rules, guards } = call.policy;
    return (
      this.#below === undefined &&
      guards === undefined &&
      rules.bloom === undefined &&
      rules.tags === undefined &&
      rules.timeout === Number.POSITIVE_INFINITY &&
      (call.waitUntil ?? this.#host.waitUntil()) === undefined
    );
  }

  /**
   * Calls the loader.
   * @param end tells all who wait how it ended, and gives what that is for the leader; may throw
   */
  lead<T>(flight: Flight, call: Call, end: EndOfLoad<T>): Promise<T> {
    flight.loadBegan = this.#host.timers.now();
    let result: unknown;
    try {
      const context = new FlightContext(flight, call.noStore !== true, this.#landing);
      const { load, habits } = call;
      result = runWithin(flight.frame, hostAsyncStorage, load, context, call, habits);
    } catch (error) {
      leaveFrame(flight.frame, call.habits);
      const outcome = this.#landing.crashed(flight, call, error);
      return new Promise((resolve) => resolve(end(flight, call, outcome)));
    }
    return Promise.resolve(result).then(
      (value) => {
        leaveFrame(flight.frame, call.habits);
        return end(flight, call, this.#landing.landed(flight, call, value));
      },
      (error) => {
        leaveFrame(flight.frame, call.habits);
        return end(flight, call, this.#landing.crashed(flight, call, error));
      },
    );
  }

  /** The outcome of a load, or of its timeout if that comes first. */
  #within(
    timeout: number,
    flight: Flight,
    call: Call,
    landing: Promise<Outcome>,
  ): Promise<Outcome> {
    return new Promise((resolve) => {
      const timer = this.#host.timers.held(timeout, () => {
        if (flight.awaited !== undefined) return; // it has loaded, and is being stored
        const error = new TimeoutError(`the load of ${oneLine(call.key)} took over ${timeout} ms`);
        resolve(flight.tell(this.#landing.crashed(flight, call, error)));
        flight.abort(error);
      });
      flight.timer = timer;
      if (flight.answered) timer.letGo();
      landing.then((outcome) => {
        timer.cancel();
        resolve(outcome);
      });
    });
  }

  /** The outcome of a load that guards refuse; undefined for one that they admit. */
  #askGuards(guards: Guards, flight: Flight, call: Call): Promise<Outcome> | undefined {
    const verdict =
      call.batch === undefined
        ? this.#admit(guards, call)
        : call.batch.admit(flight.answered, () => this.#admit(guards, call));
    if (verdict instanceof HoldoverError) return this.refuse(flight, call, verdict);
    flight.admission = verdict;
    return undefined;
  }

  #admit(guards: Guards, call: Call): Admission | HoldoverError | undefined {
    return this.#landing.inCore(() => guards.admit(call, this.#host));
  }

  /** Ends a flight whose load may not start. */
  refuse(flight: Flight, call: Call, verdict: HoldoverError): Promise<Outcome> {
    const { memory } = this.#host;
    this.#host.events.tell({ type: "reject", key: call.key, error: verdict });
    flight.error = verdict;
    const ended = this.#landing.endWithout(flight, (slot, hasSpare, now) => {
      const id = call.policy.bind(memory);
      return core.refused(memory.machine, slot, flight.fence, id, hasSpare, now);
    });
    const held = ended?.held;
    flight.over = true;
    if (held !== undefined && (flight.background || this.#landing.mayStandIn(call, verdict))) {
      return Promise.resolve(flight.tell({ ok: false, error: verdict, held }));
    }
    return rejected(call, verdict).then((outcome) => flight.tell(outcome));
  }
}
