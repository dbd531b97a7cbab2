/**
 * Performs the steps of the core's call machine with the host's promises and timers.
 *
 * The core decides and keeps what is known of keys; a call's own state is in closures here, so a
 * request that vanishes takes its state with it. See `src/call/mod.rs` for the order of steps.
 */

import {
  BEGUN_DROPPED,
  BEGUN_SLOT,
  BESIDE_ANSWERED,
  STEP_BITS,
  STEP_ERROR_FALLBACK,
  STEP_HIT,
  STEP_HIT_REFRESH,
  STEP_LOAD,
  STEP_LOAD_FALLBACK,
  STEP_ROLL,
  STEP_STALE,
  STEP_STALE_REFRESH,
  STEP_WAIT_FALLBACK,
  WAIT_FALLBACK,
  WAIT_FOR_LOADED,
  WAIT_LEADS,
  WAIT_TIERED,
} from "../core/abi.js";
import * as core from "../core/core.js";
import { type HeldModule, isReady, refusalOf } from "../core/modules.js";
import { warnWithoutCore } from "../core/without-core.js";
import type { Answer } from "../model/answer.js";
import { HttpValue } from "../model/http-value.js";
import { abortedOf, whenAborted } from "../runtime/aborts.js";
import type { AsyncStorageClass } from "../runtime/async-storage.js";
import { isBurst } from "../runtime/clock.js";
import { type Frame, useAsyncStorage } from "../runtime/frames.js";
import { keepsRequestsApart, tellRequestsApart } from "../runtime/requests.js";
import { COPY } from "../util/copy.js";
import { ClosedError, type HoldoverError, ReentranceError } from "../util/errors.js";
import type { BoundPolicy } from "./bound-policy.js";
import { type Call, signalsOf, type WaitKind } from "./call.js";
import { Flight, flightAt, type Outcome } from "./flight.js";
import { FlightContext } from "./flight-context.js";
import type { Host } from "./host.js";
import { Landing } from "./landing.js";
import { Loads } from "./loads.js";
import { rejected } from "./rejecting.js";
import type { Scopes } from "./scopes.js";
import { Serving } from "./serving.js";
import { type Off, Switches } from "./switches.js";
import { type WaitHost, waitFor } from "./waiting.js";

const NEVER = Number.POSITIVE_INFINITY;
const NOT_DRAWN = Number.NaN;
/** Result of {@link Driver.begin} when the core trapped; no verdict is −1. */
const TRAPPED = -1;
/** The bits of a verdict that tell what to do; all zero for a hit with nothing left to do. */
export const HIT_BITS: number = STEP_BITS | BEGUN_DROPPED;

const valueIn = ({ value }: Answer): unknown => value;

const EVERYTHING: Off = { reads: true, writes: true };

/** Answers calls. */
export class Driver {
  readonly host: Host;
  readonly copy: object = COPY;
  /** True if a hit needs nothing but its value: nobody listens, and the cache is in use. */
  isPlain = false;
  /** Reads, writes and loads that are disabled at present. */
  readonly switches: Switches = new Switches(() => this.update());
  /** The scopes that are open; undefined until somebody opens one. */
  scopes: Scopes | undefined;
  readonly asyncLocalStorage: AsyncStorageClass | undefined;
  readonly #enabled: boolean;
  #closed = false;
  readonly #landing: Landing;
  readonly #loads: Loads;
  readonly #serving: Serving;
  readonly #waits: WaitHost;
  #toldUnavailable = false;
  #toldLimited = false;
  /** Calls that went straight to their loaders. */
  bypassed = 0;

  constructor(host: Host, enabled: boolean, asyncLocalStorage?: AsyncStorageClass) {
    this.host = host;
    this.asyncLocalStorage = asyncLocalStorage;
    this.#enabled = enabled;
    useAsyncStorage(asyncLocalStorage);
    this.update();
    const recover = (error: unknown) => this.recover(error);
    this.#landing = new Landing(host, recover);
    this.#loads = new Loads(host, this.#landing, recover);
    this.#serving = new Serving(host, this.#landing, recover);
    this.#waits = {
      timers: host.timers,
      conclude: (call, outcome, kind) =>
        outcome.isReadOnce && (kind & WAIT_LEADS) === 0 && (outcome.ok || !outcome.held)
          ? this.#loadBeside(call, kind)
          : this.#serving.conclude(call, outcome, kind),
      failOver: (call) => this.#serving.failOver(call),
      beginAgain: (call) => this.#answer(call, true),
      abandon: (flight, call, reason) => this.#loads.abandon(flight, call, reason),
      lease: undefined,
      endBurst: () => {
        this.#waits.lease = undefined;
      },
    };
  }

  /** Answers no more calls. */
  close(): void {
    this.#closed = true;
    this.update();
  }

  /** Notes that a call may need more, or less, than a value. */
  update(): void {
    const inUse = this.#enabled && !this.#closed && this.switches.isEmpty;
    const { events, memory } = this.host;
    this.isPlain = inUse && !events.wanted && !memory.copies && !this.scopes?.isOpen;
  }

  /**
   * The operations that are disabled for a key.
   * @throws ClosedError
   */
  offFor(key: string): Off {
    this.checkOpen();
    return this.#enabled ? this.switches.for(key) : EVERYTHING;
  }

  /** @throws ClosedError when it answers no more */
  checkOpen(): void {
    if (this.#closed) throw new ClosedError("the cache is closed");
  }

  /** Answers a call. Rejects with the loader's error, never with one of the cache's own making. */
  call(call: Call): Promise<Answer> {
    const { scopes } = this;
    if (scopes?.isOpen) return this.#inScope(scopes, call, (scoped) => this.#answer(scoped, false));
    return this.#handOut(this.#answer(call, false));
  }

  /** Answers a call with nothing but its value. */
  value(call: Call): Promise<unknown> {
    if (!this.isPlain || !call.policy.isPlain) return this.call(call).then(valueIn);
    const refused = this.#refuse(call);
    if (refused !== undefined) return refused.then(valueIn);
    const known = this.host.space.get(call.key) ?? -1;
    return this.performValue(call, known, this.#verdictOn(call, known));
  }

  #inScope(scopes: Scopes, call: Call, answer: (call: Call) => Promise<Answer>): Promise<Answer> {
    const explain = (_: Call, { source, tier, times, error }: Answer) => {
      const { age, ttl } = times ?? { age: 0, ttl: 0 };
      return { source, tier, age, ttl, ...(error !== undefined && { error }) };
    };
    return this.#handOut(scopes.answer(call, explain, answer));
  }

  /** @param again whether the call was counted before, and waited for a load that hung */
  #answer(call: Call, again: boolean): Promise<Answer> {
    const refused = this.#refuse(call);
    if (refused !== undefined) return refused;
    if (!this.switches.isEmpty) {
      const off = this.switches.for(call.key);
      if (off.reads) return off.writes ? this.#bypass(call) : this.#refresh(call);
      if (off.writes) return this.#begin({ ...call, noStore: true });
    }
    return again ? this.#begin(call) : this.#ask(call);
  }

  /** Begins a call, unless a limit on calls refuses it. */
  #ask(call: Call): Promise<Answer> {
    const { guards, sharedHits } = call.policy;
    if (guards?.shared?.countsCalls || sharedHits) return this.#askStores(call);
    if (guards?.rules.callSet === undefined) return this.#begin(call);
    const { memory, timers } = this.host;
    try {
      const error = guards.refuseCall(call, memory, timers);
      return error === undefined ? this.#begin(call) : this.#reject(call, error);
    } catch (error) {
      this.recover(error);
      return this.#bypass(call);
    }
  }

  /** The same, for what instances count together. */
  async #askStores(call: Call): Promise<Answer> {
    const { guards, sharedHits } = call.policy;
    const error = await guards?.shared?.refuseCall(call, this.host);
    const refused = this.#refuse(call);
    if (refused !== undefined) return refused;
    try {
      if (error !== undefined) return this.#reject(call, error);
      if (sharedHits) await sharedHits.countHit(call, this.host);
    } catch (cause) {
      this.recover(cause);
      return this.#bypass(call);
    }
    return this.#refuse(call) ?? this.#begin(call);
  }

  /** The answer of a call that is refused, hit or not. */
  #reject(call: Call, error: HoldoverError): Promise<Answer> {
    const { memory, space, timers, events } = this.host;
    events.tell({ type: "reject", key: call.key, error });
    // First: `staleOn` is the user's, and may do anything.
    const mayServe = this.#landing.mayStandIn(call, error);
    const slot = space.get(call.key) ?? -1;
    const id = call.policy.bind(memory);
    if (mayServe && core.fallback(memory.machine, slot, id, timers.now())) {
      return this.#serving.serve(call, slot, "error-fallback", error);
    }
    return rejected(call, error).then((outcome) =>
      this.#serving.conclude(call, outcome, WAIT_LEADS),
    );
  }

  #begin(call: Call): Promise<Answer> {
    const known = this.host.space.get(call.key) ?? -1;
    return this.perform(call, known, this.#verdictOn(call, known));
  }

  #verdictOn(call: Call, known: number): number {
    try {
      return this.begin(known, call.policy.bind(this.host.memory));
    } catch (error) {
      this.recover(error);
      return TRAPPED;
    }
  }

  /** Returns the core's verdict on a call of the key in this slot, by the number of a policy. */
  begin(slot: number, policy: number): number {
    try {
      const { memory, timers, random } = this.host;
      const now = timers.now();
      const verdict = core.begin(memory.machine, slot, policy, now, NOT_DRAWN);
      if ((verdict & STEP_BITS) !== STEP_ROLL) return verdict;
      return core.begin(memory.machine, slot, policy, now, random());
    } catch (error) {
      this.recover(error);
      return TRAPPED;
    }
  }

  /** Does what the core said. */
  perform(call: Call, known: number, verdict: number): Promise<Answer> {
    if (verdict === TRAPPED) return this.#bypass(call);
    try {
      return this.#perform(call, known, verdict);
    } catch (error) {
      this.recover(error);
      return this.#bypass(call);
    }
  }

  /** Does what the core said, for a plain call of which nothing but the value is wanted. */
  performValue(call: Call, known: number, verdict: number): Promise<unknown> {
    const waitsAlone = !call.policy.place.failsOver && signalsOf(call).length === 0;
    if ((verdict & STEP_BITS) !== STEP_LOAD || !waitsAlone)
      return this.perform(call, known, verdict).then(valueIn);
    try {
      const { memory } = this.host;
      const slot = this.#adopt(call.key, known, verdict);
      const flight = this.#loads.register(call, slot, core.fence(memory.machine), "load");
      flight.waiting += 1;
      if (this.#loads.isShort(call)) return this.#loads.lead(flight, call, this.#valueIn);
      this.#loads.start(flight, call);
      return flight.outcome.then((outcome) => this.#valueOf(call, outcome));
    } catch (error) {
      this.recover(error);
      return this.#bypass(call).then(valueIn);
    }
  }

  readonly #valueIn = (flight: Flight, call: Call, ended: Outcome): unknown =>
    this.#valueOf(call, flight.tell(ended));

  #valueOf(call: Call, outcome: Outcome): unknown {
    return outcome.ok ? outcome.value : this.#serving.conclude(call, outcome, WAIT_LEADS).value;
  }

  /**
   * Loads and stores whether or not there is an entry or a load already. A load that fails rejects,
   * entry or not: a caller that asks for a new value is not served with the old one.
   */
  refresh(call: Call): Promise<Answer> {
    const { scopes } = this;
    if (scopes?.isOpen) return this.#inScope(scopes, call, (scoped) => this.#refresh(scoped));
    return this.#handOut(this.#refresh(call));
  }

  #refresh(call: Call): Promise<Answer> {
    const refused = this.#refuse(call);
    if (refused !== undefined) return refused;
    const { memory, space, timers } = this.host;
    try {
      const known = space.get(call.key) ?? -1;
      const id = call.policy.bind(memory);
      const slot = core.refresh(memory.machine, known, id, timers.now());
      memory.drain();
      if (known < 0) memory.adopt(space, call.key, slot);
      const flight = this.#loads.register(call, slot, core.fence(memory.machine), "forced");
      this.#loads.start(flight, call, true);
      return this.#join(call, flight, WAIT_LEADS + WAIT_FOR_LOADED);
    } catch (error) {
      this.recover(error);
      return this.#bypass(call);
    }
  }

  /**
   * Loads for this caller alone, and leaves what is stored as it is: guards are asked and told how
   * it went, and `timeout` holds.
   */
  async alone(call: Call): Promise<Answer> {
    const refused = this.#refuse(call) ?? (await this.refusal(call));
    if (refused !== undefined) return refused;
    return this.#join(call, this.#loads.alone(call), WAIT_LEADS + WAIT_FOR_LOADED);
  }

  /** The answer of a call that a limit on calls refuses; undefined for one that it admits. */
  async refusal(call: Call): Promise<Answer | undefined> {
    const { guards } = call.policy;
    if (guards?.asksCalls !== true || !this.isOpen()) return undefined;
    const { memory, timers } = this.host;
    try {
      const shared = await guards.shared?.refuseCall(call, this.host);
      const error = shared ?? guards.refuseCall(call, memory, timers);
      if (error === undefined) return undefined;
      this.host.events.tell({ type: "reject", key: call.key, error });
      return rejected(call, error).then((outcome) =>
        this.#serving.conclude(call, outcome, WAIT_LEADS),
      );
    } catch (error) {
      this.recover(error);
      return undefined;
    }
  }

  /**
   * True if the entry that was looked up may answer for this failure; then counts and reports it.
   */
  standsIn(key: string, policy: BoundPolicy, error: unknown): boolean {
    const call = { key, policy, args: [], load: () => undefined };
    if (!this.#landing.mayStandIn(call, error)) return false;
    this.#serving.heldOver(call, error);
    return true;
  }

  /** Each caller of a memory that copies gets a value of its own. */
  #handOut(answer: Promise<Answer>): Promise<Answer> {
    const { memory } = this.host;
    if (!memory.copies) return answer;
    return answer.then((given) => ({ ...given, value: memory.copied(given.value) }));
  }

  /**
   * True if there is a core to ask; tells once why not.
   * @param rules another module that the caller needs
   */
  isOpen(rules?: HeldModule): boolean {
    const isOpen = this.host.memory.isOpen();
    if (isOpen && (rules === undefined || isReady(rules))) return true;
    const refusal = isOpen && rules !== undefined ? refusalOf(rules) : core.unavailable();
    if (refusal !== undefined && !this.#toldUnavailable) {
      this.#toldUnavailable = true;
      const { events } = this.host;
      events.tell({ type: "unavailable", error: refusal.error });
      if (!events.wanted) warnWithoutCore(refusal.error);
    }
    return false;
  }

  /** Something broke between here and the core. After a trap it goes on with an empty one. */
  recover(error: unknown): void {
    const type = core.seeTo(error) ? "trap" : "internal-error";
    this.host.events.tell({ type, error });
  }

  /** The answer of calls that do not get as far as the core. */
  #refuse(call: Call): Promise<Answer> | undefined {
    if (this.#closed) return Promise.reject(new ClosedError("the cache is closed"));
    const aborted = abortedOf(signalsOf(call));
    if (aborted !== undefined) return Promise.reject(aborted.reason);
    if (call.bypass || !this.#enabled || !this.isOpen()) return this.#bypass(call);
    return undefined;
  }

  #perform(call: Call, known: number, verdict: number): Promise<Answer> {
    const { memory } = this.host;
    const step = verdict & STEP_BITS;
    const slot = this.#adopt(call.key, known, verdict);
    const isServed = step <= STEP_STALE_REFRESH || step === STEP_HIT_REFRESH;
    if (
      isServed &&
      call.policy.rules.responses === undefined &&
      memory.slots.valueOf(slot) instanceof HttpValue
    ) {
      return this.#bypass(call); // Whatever made the keys alike, the answers are not.
    }
    switch (step) {
      case STEP_HIT:
        return this.#serving.serve(call, slot, "hit");
      case STEP_STALE:
        return this.#serving.serve(call, slot, "stale");
      case STEP_ERROR_FALLBACK:
        return this.#serving.serve(call, slot, "error-fallback");
      case STEP_HIT_REFRESH:
      case STEP_STALE_REFRESH: {
        // Registered before anything is told: a listener may call the cache.
        const flight = this.#loads.register(call, slot, core.fence(memory.machine), "refresh");
        const answer = this.#serving.serve(call, slot, step === STEP_HIT_REFRESH ? "hit" : "stale");
        this.#loads.start(flight, call);
        return answer;
      }
      case STEP_LOAD:
      case STEP_LOAD_FALLBACK: {
        const flight = this.#loads.register(call, slot, core.fence(memory.machine), "load");
        if (step === STEP_LOAD) this.#tellMiss(call.key);
        this.#loads.start(flight, call);
        return this.#join(
          call,
          flight,
          WAIT_LEADS + (step === STEP_LOAD_FALLBACK ? WAIT_FALLBACK : 0),
        );
      }
      default: {
        const flight = flightAt(memory, slot);
        if (flight === undefined) return this.#bypass(call);
        const isOwn = call.within?.wouldWaitForItself(flight.frame) === true;
        // Registered before anything is told: a listener may call the cache.
        if (!isOwn && this.isOutdated(flight)) return this.#takeOver(call, slot);
        if (step !== STEP_WAIT_FALLBACK) this.#tellMiss(call.key);
        if (isOwn) return this.#loadWithin(call, call.within as Frame);
        return this.#wait(call, flight, step === STEP_WAIT_FALLBACK ? WAIT_FALLBACK : 0);
      }
    }
  }

  /** The slot that a call has now. */
  #adopt(key: string, known: number, verdict: number): number {
    const { memory, space } = this.host;
    const slot = Math.floor(verdict / BEGUN_SLOT);
    // Before anything else happens: a loader may call the cache, which may take those slots anew.
    if (verdict & BEGUN_DROPPED) memory.drain();
    if (known < 0 && slot >= 0) memory.adopt(space, key, slot);
    return slot;
  }

  /** Waits for another caller's load, unless that cannot be waited for. */
  #wait(call: Call, flight: Flight, fallback: WaitKind): Promise<Answer> {
    if (call.policy.readsOnce || call.waitsForNone) return this.#loadBeside(call, fallback);
    if (keepsRequestsApart() && !isBurst(flight.burst)) {
      tellRequestsApart(this.host.events, this.#toldLimited);
      this.#toldLimited = true;
      return this.#loadBeside(call, fallback);
    }
    call.keepArguments?.(call);
    return this.#join(call, flight, fallback);
  }

  /** Loads beside the load that leads the key. */
  #loadBeside(call: Call, fallback: WaitKind): Promise<Answer> {
    const { memory, space, timers } = this.host;
    const slot = (fallback & WAIT_FALLBACK) !== 0 ? (space.get(call.key) ?? -1) : -1;
    const id = call.policy.bind(memory);
    const fence = core.load_beside(memory.machine, slot, id, timers.now());
    if (fence === BESIDE_ANSWERED) return this.#serving.serve(call, slot, "error-fallback");
    const flight = this.#loads.register(call, -1, fence, "beside");
    this.#loads.start(flight, call);
    return this.#join(call, flight, WAIT_LEADS + fallback);
  }

  /**
   * Loads as a part of the load of the same key that the call was made in: that one has asked the
   * guards and stores what it brings.
   */
  #loadWithin(call: Call, frame: Frame): Promise<Answer> {
    if (frame.isTooDeep) {
      const message = `loads of ${call.key} ask for ${call.key} themselves, without an end`;
      return Promise.reject(new ReentranceError(message));
    }
    const { memory, timers } = this.host;
    const id = call.policy.bind(memory);
    const fence = core.load_beside(memory.machine, -1, id, timers.now());
    const own = { ...call, noStore: true };
    const flight = this.#loads.register(own, -1, fence, "beside");
    flight.frame.depth = frame.depth + 1;
    this.#loads.startWithin(flight, own);
    return this.#join(own, flight, WAIT_LEADS);
  }

  /** True if a load must not be joined, because one of its tags was invalidated. */
  isOutdated(flight: Flight): boolean {
    return flight.tagged !== undefined && this.#landing.tagging.isOutdated(flight);
  }

  /** Loads instead of waiting for a load that began before an invalidation. */
  #takeOver(call: Call, slot: number): Promise<Answer> {
    const { memory, timers } = this.host;
    const id = call.policy.bind(memory);
    const fence = core.take_over(memory.machine, slot, id, timers.now());
    memory.drain();
    const flight = this.#loads.register(call, slot, fence, "load");
    this.#tellMiss(call.key);
    this.#loads.start(flight, call);
    return this.#join(call, flight, WAIT_LEADS);
  }

  #tellMiss(key: string): void {
    if (this.host.events.wanted) this.host.events.tell({ type: "miss", key });
  }

  /** Waits for a flight, as one of its callers. */
  #join(call: Call, flight: Flight, kind: WaitKind): Promise<Answer> {
    const leads = (kind & WAIT_LEADS) !== 0;
    const failoverAfter = this.#failoverAfter(call, kind);
    const signals = signalsOf(call);
    if (call.within !== undefined && !leads) flight.frame.waitedBy(call.within);
    if (leads && failoverAfter === NEVER && signals.length === 0) {
      // Nothing can come before the outcome: the short way.
      flight.waiting += 1;
      return flight.outcome.then((outcome) => this.#serving.conclude(call, outcome, kind));
    }
    const lease = leads ? NEVER : this.#waitLeft(call.key);
    return waitFor(flight, call, kind, this.#waits, lease, failoverAfter);
  }

  /** The time after which an entry may answer instead of the load, as the core says. */
  #failoverAfter({ policy: { place } }: Call, kind: WaitKind): number {
    const { memory, tiers } = this.host;
    if (!place.failsOver || place.instance !== memory.instance) return NEVER;
    const way = tiers === undefined ? kind : kind | WAIT_TIERED;
    return core.failover_after(memory.machine, place.id, way);
  }

  #waitLeft(key: string): number {
    const { memory, space, timers } = this.host;
    return core.wait_left(memory.machine, space.get(key) ?? -1, timers.now());
  }

  async #bypass(call: Call): Promise<Answer> {
    this.bypassed += 1;
    const flight = new Flight(call.key, 0, 0, false);
    const stop = (reason: unknown) => flight.abort(reason);
    const cancels = signalsOf(call).map((signal) => whenAborted(signal, stop));
    try {
      const value = await call.load(new FlightContext(flight, false), call);
      return { value, source: "bypass", tier: undefined };
    } finally {
      for (const cancel of cancels) cancel();
    }
  }
}
