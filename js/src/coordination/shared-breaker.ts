/**
 * A circuit breaker whose state is in a store, so that instances open and close it together.
 *
 * The names in the store:
 *
 * - `calls:<round>:<part>`: a counter of the loads, and of the failures among them, in one part of
 *   the window. A *round* is the time from one closing to the next opening.
 * - `tripped`: absent while it is closed; else a token, a new one for each opening.
 * - `open:<token>`: present for `openFor`; after that, the breaker is half-open.
 * - `probe:<token>:<n>`: a place for a probe, taken for a lease and kept by a probe that succeeded.
 * - `since`: the token of the last opening before it closed, or one made when it was closed by hand,
 *   which names the round.
 *
 * Only `add` and `compareAndDelete` decide which instance changes the state, so that no two do the
 * same thing twice. The store measures times; each instance's clock measures parts of the window.
 */

import type { BreakerStateName } from "../model/events.js";
import { isSame } from "../util/bytes.js";
import { CircuitOpenError } from "../util/errors.js";
import { utf8, utf8Text } from "../util/utf8.js";
import { randomToken } from "./lock.js";
import type { SharedState } from "./shared-state.js";

/** The rules of a breaker; see the policy's `circuitBreaker`. Milliseconds. */
export interface SharedBreakerRules {
  readonly errorRate: number;
  readonly window: number;
  readonly minCalls: number;
  readonly openFor: number;
  readonly halfOpenCalls: number;
}

/** The state in which a load was admitted. */
export type SharedPermit =
  | { readonly round: string }
  | { readonly place: string; readonly token: Uint8Array; readonly tripped: Uint8Array };

/** The number of parts of a window: a load leaves the window at most one part late. */
const PARTS = 10;
/** Failures count in the high bits of a counter, loads in the low ones. */
const FAILURE = 2 ** 26;
/** The length of a token. */
const TOKEN_BYTES = 16;
/** Milliseconds for which an unused breaker is remembered. */
const REMEMBERED = 30 * 24 * 3_600_000;
/** The content of a successful probe's place. */
const SUCCEEDED = Uint8Array.of(1);
/** The number of times a place is requested while the state changes. */
const TRIES = 3;

/** The breaker of one scope. Every method rejects with a StoreError if the store fails. */
export class SharedBreaker {
  readonly #state: SharedState;
  readonly #rules: SharedBreakerRules;
  /** The token that refuses loads, and the time this instance first saw it. */
  #refusing: { readonly name: string; readonly since: number } | undefined;
  /** Counts of past parts, which no longer change. */
  readonly #counted = new Map<string, number>();

  constructor(state: SharedState, rules: SharedBreakerRules) {
    this.#state = state;
    this.#rules = rules;
  }

  /**
   * Admits a load, or returns the error that refuses it.
   * @param lease milliseconds after which a probe that never returned frees its place
   */
  async admit(lease: number, now: number): Promise<SharedPermit | CircuitOpenError> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const [tripped, since] = await Promise.all([
        this.#state.get("tripped"),
        this.#state.get("since"),
      ]);
      if (tripped === undefined) return { round: textOf(since) };
      const verdict = await this.#admitProbe(tripped, lease, now);
      if (verdict !== undefined) return verdict;
    }
    return refused(lease);
  }

  /** Takes a place for a probe; undefined if the state changed meanwhile. */
  async #admitProbe(
    tripped: Uint8Array,
    lease: number,
    now: number,
  ): Promise<SharedPermit | CircuitOpenError | undefined> {
    const name = textOf(tripped);
    if (tripped.length !== TOKEN_BYTES) {
      // Not written by an instance that follows these rules.
      await this.#state.compareAndDelete("tripped", tripped);
      return undefined;
    }
    const open = await this.#state.get(`open:${name}`);
    if (open !== undefined && this.#mayBeOpen(name, now)) return refused(this.#timeLeft(open, now));
    const token = randomToken();
    for (let nth = 0; nth < this.#rules.halfOpenCalls; nth += 1) {
      const place = `probe:${name}:${nth}`;
      if (!(await this.#state.add(place, token, lease))) continue;
      // The breaker may have closed, or opened again, since it was read.
      const still = await this.#state.get("tripped");
      if (still !== undefined && isSame(still, tripped)) return { place, token, tripped };
      await this.#state.compareAndDelete(place, token);
      return undefined;
    }
    return refused(lease);
  }

  /**
   * False for a token that has refused loads for longer than `openFor`: the store should have ended
   * it.
   */
  #mayBeOpen(name: string, now: number): boolean {
    if (this.#refusing?.name !== name) this.#refusing = { name, since: now };
    return now - this.#refusing.since <= this.#rules.openFor;
  }

  #timeLeft(open: Uint8Array, now: number): number {
    const left = Number(utf8Text(open)) - now;
    const { openFor } = this.#rules;
    // The writer's clock may differ.
    return left > 0 && left <= openFor ? left : openFor;
  }

  /** Counts a load of a closed breaker; true if that opened it. */
  async count(round: string, failed: boolean, now: number): Promise<boolean> {
    const { errorRate, window, minCalls } = this.#rules;
    const length = Math.max(1, Math.floor(window / PARTS));
    const last = Math.floor(now / length);
    const first = Math.max(0, Math.floor((now + 1 - window) / length));
    const sums: Promise<number>[] = [this.#add(round, last, failed ? FAILURE + 1 : 1, length)];
    for (let part = first; part < last; part += 1) sums.push(this.#read(round, part, last, length));
    const all = await Promise.all(sums);
    const calls = all.reduce((sum, counted) => sum + (counted % FAILURE), 0);
    const failures = all.reduce((sum, counted) => sum + Math.floor(counted / FAILURE), 0);
    const isReached = failures > 0 && calls >= minCalls && failures / calls >= errorRate;
    return isReached && this.#trip(round, now);
  }

  #add(round: string, part: number, by: number, length: number): Promise<number> {
    const { window } = this.#rules;
    return this.#state.increment(`calls:${round}:${part}`, by, window + 2 * length);
  }

  /** Returns the count of an earlier part, which is read once it can no longer change. */
  async #read(round: string, part: number, last: number, length: number): Promise<number> {
    const name = `${round}:${part}`;
    const known = this.#counted.get(name);
    if (known !== undefined) return known;
    const sum = await this.#add(round, part, 0, length);
    if (part < last - 1) {
      this.#counted.set(name, sum);
      for (const old of this.#counted.keys()) {
        if (this.#counted.size <= 2 * PARTS) break;
        this.#counted.delete(old);
      }
    }
    return sum;
  }

  async #trip(round: string, now: number): Promise<boolean> {
    // A load that began before the last closing says nothing about the time since.
    if (textOf(await this.#state.get("since")) !== round) return false;
    const token = await refuseAll(this.#state, this.#rules.openFor, now);
    if (await this.#state.add("tripped", token, REMEMBERED)) return true;
    await this.#state.delete(`open:${textOf(token)}`);
    return false;
  }

  /**
   * Ends a probe; `failed` is undefined if its load says nothing about the origin. Gives the state
   * that it decides; undefined for none.
   */
  async endProbe(
    { place, token, tripped }: Extract<SharedPermit, { readonly place: string }>,
    failed: boolean | undefined,
    now: number,
  ): Promise<BreakerStateName | undefined> {
    if (failed === undefined) {
      await this.#state.compareAndDelete(place, token);
      return undefined;
    }
    // Its lease may be over, and another probe decides now.
    const holder = await this.#state.get(place);
    if (holder === undefined || !isSame(holder, token)) return undefined;
    if (failed) {
      await openShared(this.#state, this.#rules.openFor, now);
      return "open";
    }
    await this.#state.set(place, SUCCEEDED, REMEMBERED);
    if (!(await this.#allSucceeded(textOf(tripped)))) return undefined;
    await closeShared(this.#state, this.#rules, tripped);
    return "closed";
  }

  async #allSucceeded(name: string): Promise<boolean> {
    const { halfOpenCalls } = this.#rules;
    if (halfOpenCalls === 1) return true;
    const places = Array.from({ length: halfOpenCalls }, (_, nth) =>
      this.#state.get(`probe:${name}:${nth}`),
    );
    return (await Promise.all(places)).every((held) => held?.length === SUCCEEDED.length);
  }
}

/** Makes a new token refuse loads, before any instance can see it. */
async function refuseAll(state: SharedState, openFor: number, now: number): Promise<Uint8Array> {
  const token = randomToken();
  if (openFor > 0) await state.set(`open:${textOf(token)}`, utf8(`${now + openFor}`), openFor);
  return token;
}

/** Opens a breaker, whatever its state; one that is open for no time is half-open. */
export async function openShared(state: SharedState, openFor: number, now: number): Promise<void> {
  // The new token refuses loads before it becomes the current one.
  await state.set("tripped", await refuseAll(state, openFor, now), REMEMBERED);
}

/** Closes a breaker that this token has opened. */
export async function closeShared(
  state: SharedState,
  { halfOpenCalls }: Pick<SharedBreakerRules, "halfOpenCalls">,
  tripped: Uint8Array,
): Promise<void> {
  await state.set("since", tripped, REMEMBERED);
  await state.compareAndDelete("tripped", tripped);
  const name = textOf(tripped);
  const places = Array.from({ length: halfOpenCalls }, (_, nth) =>
    state.delete(`probe:${name}:${nth}`),
  );
  await Promise.all(places);
}

/** Returns bytes as a part of a name; the empty name for none. */
export function textOf(bytes: Uint8Array | undefined): string {
  return Array.from(bytes ?? [], (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function refused(retryAfter: number): CircuitOpenError {
  return new CircuitOpenError("the circuit breaker is open", { retryAfter });
}
