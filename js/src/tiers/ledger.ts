/**
 * The possible content of one lower tier for each key, after the changes that this instance made
 * there. Only decisions: no I/O, no clock, `now` is an argument; `TierWriter` performs them.
 *
 * A change is *claimed* when it happens, and supersedes all older ones of its key from then on. It
 * is *running* while the store performs it, one at a time per key. Past its deadline it is *lost*:
 * no other change waits for it any more, and its late effects are recognised by its fingerprint. A
 * change that a tier refused or missed is *owed*: the tier's record of that key may be older, so it
 * is not used until it was dropped.
 */

import {
  type Blocker,
  type Change,
  forgetEnded,
  giveUpOldest,
  isForgettable,
  type KeyState,
  newKey,
  type Outcome,
  openLost,
  remembers,
} from "./changes.js";
import { type Clearing, Clearings } from "./clearings.js";
import { fingerprint } from "./fingerprint.js";

/** Most keys remembered for the changes that a tier is owed. */
const MOST_REMEMBERED = 10_000;
/** The most lost changes of a key that are told apart. */
const MOST_LOST = 64;
/** Milliseconds after its deadline for which a write that nothing superseded may still arrive. */
const GRACE = 5000;

/** The tier is to be asked. */
export const ASK = "ask";
/** The tier's record must not be used. */
export const SKIP = "skip";

/** The possible content of a tier. */
export class TierLedger {
  readonly clearings: Clearings = new Clearings();
  readonly #keys = new Map<string, KeyState>();
  /** Keys that are owed, or will be unless a lost change is done in time. */
  readonly #due = new Set<string>();
  #limit = MOST_REMEMBERED;
  #overflows = 0;

  /** True if the tier is owed a change. */
  get owes(): boolean {
    return this.#due.size > 0 || this.clearings.owes;
  }

  /** Number of times that too many changes were owed to be remembered. */
  get overflows(): number {
    return this.#overflows;
  }

  /** The number of known keys, and of their lost changes; for tests. */
  get size(): number {
    let size = this.#keys.size;
    for (const { lost } of this.#keys.values()) size += lost.length;
    return size;
  }

  /** A change happens: older ones of its key are superseded. */
  claim(change: Change, now: number): void {
    const state = this.#stateOf(change.name, now);
    state.newest = change.fence;
    state.pending = change;
  }

  /** True if nothing is known of a key but perhaps that it is owed: a copy may go there. */
  takesCopy(name: string, now: number): boolean {
    const state = this.#keys.get(name);
    const isBusy = state && (state.running ?? state.pending ?? state.lost[0]) !== undefined;
    return !isBusy && !this.clearings.bars(name, now);
  }

  /** The fence of the newest change of a key that is known; 0 for none. */
  fenceOf(name: string): number {
    return this.#keys.get(name)?.newest ?? 0;
  }

  /** True if the newest change of a key is lost: nobody knows what the tier has. */
  isDoubtful(name: string): boolean {
    const state = this.#keys.get(name);
    return state !== undefined && openLost(state) !== undefined;
  }

  /** The change of a key that is running or waits for its turn. */
  underWay(name: string, now: number): Change | undefined {
    const { running, pending } = this.#keys.get(name) ?? {};
    if (running !== undefined && now < running.until) return running;
    return pending !== undefined && now < pending.heldUntil ? pending : undefined;
  }

  /**
   * The change or clearing that must end before `change` may begin; `go` if it may begin now,
   * `over` if a newer one superseded it.
   */
  begin(change: Change, now: number, deadline: number): Blocker | "go" | "over" {
    const state = this.#keys.get(change.name);
    if (state === undefined || change.fence < state.newest) return "over";
    const { running } = state;
    if (running !== undefined) {
      if (now < running.until) return running;
      this.#lose(state, running, now);
    }
    const clearing = this.clearings.before(change.name, change.fence, now);
    if (clearing !== undefined) return clearing;
    change.begunAt = now;
    change.until = now + deadline;
    state.running = change;
    return "go";
  }

  /** A change ended, or its deadline passed. */
  end(change: Change, outcome: Outcome): void {
    const state = this.#keys.get(change.name);
    if (state === undefined) return;
    if (state.running === change) {
      if (outcome === "late") this.#lose(state, change, change.until);
      else state.running = undefined;
    }
    if (change.fence === state.newest) this.#conclude(state, change, outcome);
    this.#tidy(change.name, state);
  }

  #conclude(state: KeyState, change: Change, outcome: Outcome): void {
    state.pending = undefined;
    if (outcome === "done") {
      state.owed = state.again;
      state.again = false;
      // Of the same fence: a change that was lost, and then was made up for by this drop.
      for (const lost of state.lost) if (lost.fence === state.newest) lost.isMadeUp = true;
    } else if (outcome === "failed" || (outcome === "unsent" && !change.copies)) state.owed = true;
    else if (change.drops) state.owed = true;
  }

  /** A change was given up before it began: the tier's record is newer. */
  cancel(change: Change): void {
    const state = this.#keys.get(change.name);
    if (state === undefined || state.pending !== change) return;
    state.pending = undefined;
    this.#tidy(change.name, state);
  }

  /** A lost change was done, or failed, after all. */
  endLate(change: Change, done: boolean): void {
    const state = this.#keys.get(change.name);
    const at = state?.lost.indexOf(change) ?? -1;
    if (state === undefined || at < 0) return;
    state.lost.splice(at, 1);
    if (change.fence === state.newest) {
      if (!done) state.owed = true;
      else if (state.running === undefined) state.owed = state.again;
    } else if (!change.drops) {
      this.#reviveOlder(state);
    }
    this.#tidy(change.name, state);
  }

  /** A superseded write was done after all: the tier may have it, until what is newer was done. */
  #reviveOlder(state: KeyState): void {
    const { pending, running } = state;
    const newest = openLost(state);
    const isNewestLost = state.lost.some(({ fence }) => fence === state.newest);
    const decides = pending?.decides === true;
    if (running !== undefined || isNewestLost || decides) state.again = true;
    // A newest write is told by its mark until it is done, a pending change answers for the tier.
    const isAsked = pending === undefined || decides;
    if (newest === undefined ? isAsked : newest.drops) state.owed = true;
  }

  /** True if anything is known of a key, or of a prefix: else the tier is to be asked for it. */
  mayKnow(name: string): boolean {
    return this.#keys.has(name) || this.clearings.mayBar;
  }

  /** The way to read a key: its new record while that is being written, ASK, or SKIP. */
  look(name: string, now: number): Uint8Array | typeof ASK | typeof SKIP {
    const state = this.#keys.get(name);
    if (state !== undefined) {
      const { pending } = state;
      if (pending !== undefined) {
        if (now < pending.heldUntil && !pending.decides) return pending.record ?? SKIP;
        if (now >= pending.heldUntil) this.#vanish(name, state);
      }
      if (state.owed) return SKIP;
    }
    return this.clearings.bars(name, now) ? SKIP : ASK;
  }

  /** True if a record that was read may be used: not one that a newer change has superseded. */
  accepts(name: string, record: Uint8Array, storedAt: number): boolean {
    if (storedAt <= this.clearedAt(name)) return false;
    const state = this.#keys.get(name);
    if (state?.owed) return false;
    if (state === undefined || state.lost.length === 0) return true;
    const mark = fingerprint(record);
    const newest = openLost(state);
    if (newest !== undefined && !newest.drops) return newest.mark === mark;
    const { lost, newest: fence } = state;
    if (!lost.some((other) => !other.drops && other.fence < fence && other.mark === mark))
      return true;
    state.owed = true;
    this.#due.add(name);
    return false;
  }

  /** The time until which records under a name were stored that are not used; −∞ for none. */
  clearedAt(name: string): number {
    const own = this.#keys.get(name)?.notBefore ?? Number.NEGATIVE_INFINITY;
    return Math.max(own, this.clearings.clearedAt(name));
  }

  /** Keys to drop once more, and the fence to do it with. */
  due(now: number, most: number): { readonly name: string; readonly fence: number }[] {
    const due: { readonly name: string; readonly fence: number }[] = [];
    for (const name of this.#due) {
      if (due.length >= most) break;
      const state = this.#keys.get(name);
      if (state === undefined) this.#due.delete(name);
      else if (this.#isDue(name, state, now)) due.push({ name, fence: state.newest });
    }
    return due;
  }

  #isDue(name: string, state: KeyState, now: number): boolean {
    const { running, pending } = state;
    if (running !== undefined && now < running.until) return false;
    if (pending !== undefined) {
      if (now < pending.heldUntil) return false;
      this.#vanish(name, state);
    }
    if (state.owed) return true;
    forgetEnded(state, now);
    const newest = openLost(state);
    if (newest === undefined) this.#tidy(name, state);
    return newest !== undefined && now >= newest.until + GRACE;
  }

  /** A clearing happens: all changes under its prefix that came before are superseded. */
  beginClearing(clearing: Clearing): void {
    this.clearings.begin(clearing);
    for (const [name, state] of this.#keys) {
      if (!name.startsWith(clearing.prefix)) continue;
      state.newest = clearing.fence;
      state.pending = undefined;
      state.owed = false;
      state.again = false;
      this.#tidy(name, state);
    }
  }

  /** The changes that a clearing must wait for. */
  runningUnder(prefix: string, now: number): Blocker[] {
    const running: Blocker[] = [];
    for (const [name, { running: change }] of this.#keys) {
      if (change !== undefined && now < change.until && name.startsWith(prefix))
        running.push(change);
    }
    return running;
  }

  /** Keys that something may yet be done to. */
  changing(): string[] {
    return [...this.#keys.keys()];
  }

  #lose(state: KeyState, change: Change, now: number): void {
    if (state.running === change) state.running = undefined;
    if (change.record !== undefined) change.mark = fingerprint(change.record);
    change.record = undefined;
    forgetEnded(state, now);
    state.lost.push(change);
    if (state.lost.length > MOST_LOST) giveUpOldest(state);
    if (change.fence === state.newest) this.#due.add(change.name);
  }

  /** The claimant of the newest change is gone, and never began. */
  #vanish(name: string, state: KeyState): void {
    state.pending = undefined;
    state.owed = true;
    this.#due.add(name);
  }

  #tidy(name: string, state: KeyState): void {
    forgetEnded(state, Number.NEGATIVE_INFINITY);
    if (state.owed || openLost(state) !== undefined) this.#due.add(name);
    else this.#due.delete(name);
    if (isForgettable(state)) this.#keys.delete(name);
  }

  #stateOf(name: string, now: number): KeyState {
    let state = this.#keys.get(name);
    if (state === undefined) {
      if (this.#keys.size >= this.#limit) this.#prune(now);
      state = newKey();
      this.#keys.set(name, state);
    }
    return state;
  }

  /**
   * Forgets what has ended. When still too much is remembered, the whole tier is not believed
   * instead.
   */
  #prune(now: number): void {
    let remembered = 0;
    for (const [name, state] of this.#keys) {
      if (state.running !== undefined && now >= state.running.until)
        this.#lose(state, state.running, now);
      if (state.pending !== undefined && now >= state.pending.heldUntil) this.#vanish(name, state);
      forgetEnded(state, now);
      this.#tidy(name, state);
      if (remembers(state)) remembered += 1;
    }
    if (remembered >= MOST_REMEMBERED) this.#overflow(now);
    this.#limit = Math.max(MOST_REMEMBERED, 2 * this.#keys.size);
  }

  #overflow(now: number): void {
    this.#overflows += 1;
    for (const [name, state] of this.#keys) {
      state.owed = false;
      state.lost = [];
      state.notBefore = Number.NEGATIVE_INFINITY;
      this.#tidy(name, state);
    }
    this.clearings.distrust("", now);
  }
}
