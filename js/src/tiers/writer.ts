/**
 * Performs changes in one lower tier, in the order that its ledger decides. Nothing here rejects.
 */

import type { Events } from "../model/events.js";
import type { Operation, SetOptions } from "../model/store.js";
import type { Timers } from "../runtime/clock.js";
import { StoreError } from "../util/errors.js";
import type { Attempts, Run, Tier } from "./attempts.js";
import type { Blocker, Change, Outcome } from "./changes.js";
import type { Clearing } from "./clearings.js";
import type { Fences } from "./fences.js";
import { ASK, type SKIP, type TierLedger } from "./ledger.js";
import { clearStore } from "./listing.js";
import { Repeats } from "./repeats.js";
import { type Sending, send } from "./sending.js";

/** Deadlines after which a change that never began is taken for vanished. */
const HELD_DEADLINES = 4;
/** The most that a tier is asked at once to make up for: in one operation, or in one each. */
const REPEATED_TOGETHER = 100;
const REPEATED_SINGLY = 8;

/** One key, as the cache and as the stores call it. */
export interface NamedKey {
  readonly key: string;
  readonly name: string;
}

/** The parts of a cache that its writers use. */
export interface WriterHost {
  readonly attempts: Attempts;
  readonly timers: Timers;
  readonly events: Events;
}

/** The record to write under a key and its lifetime; undefined drops the key. */
export interface Content {
  readonly record: Uint8Array;
  readonly expiresIn: number;
}

/** The same, of a record that is yet to be made. */
export type Promised = Pick<Content, "expiresIn"> & Partial<Content>;

/** Writes to one tier. */
export class TierWriter {
  readonly tier: Tier;
  readonly ledger: TierLedger;
  readonly #host: WriterHost;
  readonly #fences: Fences;
  readonly #repeats: Repeats;
  #told: number;

  constructor(tier: Tier, ledger: TierLedger, fences: Fences, host: WriterHost) {
    this.tier = tier;
    this.#fences = fences;
    this.ledger = ledger;
    this.#host = host;
    this.#told = ledger.overflows;
    const patience = HELD_DEADLINES * tier.deadline;
    this.#repeats = new Repeats(host.timers, ledger, patience, () => this.#makeUp());
  }

  /** A change of a key happens now; it is performed by `set` or `drop`. */
  claim(name: string, fence: number, content: Promised | undefined, copies = false): Change {
    const now = this.#host.timers.now();
    const change = this.#changeOf(name, fence, content, copies ? "copies" : "plain");
    this.ledger.claim(change, now);
    this.#tellOverflow();
    return change;
  }

  #changeOf(
    name: string,
    fence: number,
    content: Promised | undefined,
    kind: "plain" | "copies" | "decides",
  ): Change {
    const now = this.#host.timers.now();
    return {
      name,
      fence,
      drops: content === undefined,
      record: content?.record,
      endsAt: now + (content?.expiresIn ?? Number.POSITIVE_INFINITY),
      heldUntil: now + HELD_DEADLINES * this.tier.deadline,
      copies: kind === "copies",
      decides: kind === "decides",
      mark: 0,
      begunAt: Number.NEGATIVE_INFINITY,
      until: Number.POSITIVE_INFINITY,
      waiters: new Set(),
    };
  }

  /** A change is not performed: the tier has something newer, or perhaps something older. */
  forgo(change: Change, newer: boolean): void {
    if (newer) this.ledger.cancel(change);
    else this.ledger.end(change, "unsent");
    wake(change);
  }

  /** The knowledge about a key without asking the tier: see {@link TierLedger.look}. */
  look(name: string): Uint8Array | typeof ASK | typeof SKIP {
    return this.ledger.mayKnow(name) ? this.ledger.look(name, this.#host.timers.now()) : ASK;
  }

  /** The options for storing a record: a write must not arrive after its deadline. */
  optionsOf({ expiresIn }: Content, notAfter: number = Number.POSITIVE_INFINITY): SetOptions {
    const left = notAfter - this.#host.timers.now();
    return { expiresIn, within: Math.max(0, Math.min(this.tier.deadline, left)) };
  }

  /**
   * Performs a change of one key; true if the tier has it, or something newer.
   * @param notAfter when a record must not be written any more; default: after the deadline
   */
  async perform(
    change: Change,
    key: string,
    content: Content | undefined,
    notAfter?: number,
  ): Promise<boolean> {
    if (!(await this.#turn(change))) {
      wake(change);
      return true;
    }
    const { store } = this.tier;
    const { name } = change;
    const outcome =
      content === undefined
        ? await this.#send([change], "delete", key, () => store.delete(name))
        : await this.#send([change], "set", key, () =>
            store.set(name, content.record, this.optionsOf(content, notAfter)),
          );
    if (outcome === "failed" && content !== undefined) await this.#dropFailed(change, key);
    return outcome === "done";
  }

  /**
   * Performs changes of many keys, in one operation where nothing is under way.
   * @param together sends the changes that can go at once
   */
  async performMany(
    changes: readonly Change[],
    operation: "setMany" | "deleteMany",
    label: (changes: readonly Change[]) => string,
    together: (changes: readonly Change[]) => PromiseLike<unknown> | unknown,
    single: (change: Change) => Promise<boolean>,
  ): Promise<boolean[]> {
    const now = this.#host.timers.now();
    const done = new Map<Change, boolean>();
    const free: Change[] = [];
    const busy: Change[] = [];
    for (const change of changes) {
      const verdict = this.ledger.begin(change, now, this.tier.deadline);
      if (verdict === "go") free.push(change);
      else if (verdict === "over") done.set(change, true);
      else busy.push(change);
    }
    const sent = async () => {
      if (free.length === 0) return;
      const outcome = await this.#send(free, operation, label(free), () => together(free));
      for (const change of free) done.set(change, outcome === "done");
      if (outcome === "failed" && operation === "setMany") await this.#repeats.repeat();
    };
    const waited = busy.map(async (change) => done.set(change, await single(change)));
    await Promise.all([sent(), ...waited]);
    return changes.map((change) => done.get(change) === true);
  }

  /** Waits until a change may begin; false when a newer one came. */
  async #turn(change: Change): Promise<boolean> {
    for (;;) {
      const now = this.#host.timers.now();
      const verdict = this.ledger.begin(change, now, this.tier.deadline);
      if (verdict === "go") return true;
      if (verdict === "over") return false;
      await this.#waitFor(verdict, now);
    }
  }

  /**
   * A change that the store decides about, with what it says; undefined when a newer one came.
   * @throws StoreError when it fails, is late or the store is skipped
   */
  async decide<T>(
    { key, name }: NamedKey,
    fence: number,
    content: Content | undefined,
    operation: Operation,
    run: Run<T>,
  ): Promise<T | undefined> {
    const change = this.#changeOf(name, fence, content, "decides");
    this.ledger.claim(change, this.#host.timers.now());
    if (!(await this.#turn(change))) return undefined;
    let result: T | undefined;
    let failure: unknown;
    const decided = async () => {
      result = await run();
    };
    const outcome = await this.#send([change], operation, key, decided, (error) => {
      failure = error;
    });
    if (outcome === "done") return result;
    throw failure;
  }

  /**
   * Settles a key, so that the tier's answer about it is right: waits for running changes, and
   * performs owed ones.
   * @throws StoreError when that cannot be
   */
  async settle({ key, name }: NamedKey): Promise<void> {
    const { ledger, tier } = this;
    for (;;) {
      const now = this.#host.timers.now();
      const change = ledger.underWay(name, now);
      if (change === undefined) break;
      await this.#waitFor(change, now, change.heldUntil);
    }
    if (this.look(name) === ASK && !ledger.isDoubtful(name)) return;
    if (ledger.clearings.owes) await this.#repeatClears();
    const drop = this.#changeOf(name, ledger.fenceOf(name), undefined, "plain");
    if (ledger.begin(drop, this.#host.timers.now(), tier.deadline) === "go")
      await this.#send([drop], "delete", key, () => tier.store.delete(name));
    if (this.look(name) === ASK) return;
    throw new StoreError(`${tier.name} has not dropped what it had of ${key}`);
  }

  /** With a timer of one's own: the request that is at it may have ended. */
  #waitFor(blocker: Blocker, now: number, until = blocker.until): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        blocker.waiters.delete(end);
        resolve();
      };
      const cancel = this.#host.timers.after(Math.max(1, until - now), end);
      blocker.waiters.add(end);
    });
  }

  /** Sends changes that have begun. */
  async #send(
    changes: readonly Change[],
    operation: Operation,
    label: string,
    run: Run<unknown>,
    failed?: (error: unknown) => void,
  ): Promise<Outcome> {
    const late = (done: boolean) => {
      for (const change of changes) {
        this.ledger.endLate(change, done);
        // Reads under way may have found it.
        this.#fences.raise(change.name);
      }
      this.#repeats.afterwards(done);
    };
    const sending = { operation, label, run, late, failed };
    const outcome = await send(this.#host.attempts, this.tier, sending);
    for (const change of changes) {
      this.ledger.end(change, outcome);
      wake(change);
    }
    this.#repeats.afterwards(outcome === "done");
    return outcome;
  }

  /**
   * A write that the store refused: the record from before must not stay. A full store can drop.
   */
  async #dropFailed(change: Change, key: string): Promise<void> {
    // A store that fails whatever it is asked is not asked once more.
    if (this.tier.health.failures > 1) return;
    const drop = this.#changeOf(change.name, change.fence, undefined, "plain");
    const verdict = this.ledger.begin(drop, this.#host.timers.now(), this.tier.deadline);
    if (verdict !== "go") return;
    await this.#send([drop], "delete", key, () => this.tier.store.delete(change.name));
  }

  /** Drops everything under a prefix; true if the tier can do that, and it is gone. */
  async clear(prefix: string, fence: number): Promise<boolean> {
    const clearing = this.#clearingOf(prefix, fence);
    this.ledger.beginClearing(clearing);
    const { store, name } = this.tier;
    if (store.clear !== undefined || store.keys !== undefined) return this.#clear(clearing);
    const error = new StoreError(`${name} can neither be cleared nor list its keys`);
    this.#tellError("clear", error);
    this.ledger.clearings.end(clearing, true);
    wake(clearing);
    this.ledger.clearings.distrust(prefix, this.#host.timers.now());
    return false;
  }

  #clearingOf(prefix: string, fence: number): Clearing {
    const until = this.#host.timers.now() + HELD_DEADLINES * this.tier.deadline;
    return { prefix, fence, until, waiters: new Set() };
  }

  async #clear(clearing: Clearing): Promise<boolean> {
    const { prefix } = clearing;
    const now = this.#host.timers.now();
    const running = this.ledger.runningUnder(prefix, now);
    await Promise.all(running.map((blocker) => this.#waitFor(blocker, now)));
    const run = () => clearStore(this.tier.store, prefix);
    const sending: Sending = { operation: "clear", label: "", run, late: () => {} };
    const outcome = await send(this.#host.attempts, this.tier, sending);
    this.ledger.clearings.end(clearing, outcome === "done");
    wake(clearing);
    this.#repeats.afterwards(outcome === "done");
    return outcome === "done";
  }

  /** True if what another tier has may be copied to a key. */
  takesCopy(name: string): boolean {
    return this.ledger.takesCopy(name, this.#host.timers.now());
  }

  /** Asks for what is owed, if that was not done just now. */
  repeat(): void {
    this.#repeats.afterwards(true);
  }

  /** The tier answered a read. */
  answered(): void {
    if (this.tier.health.failures === 0) this.repeat();
  }

  /** Asks the tier for some of what it owes; true if it did that. */
  async #makeUp(): Promise<boolean> {
    const cleared = await this.#repeatClears();
    return (await this.#repeatSome(this.#host.timers.now())) && cleared;
  }

  async #repeatClears(): Promise<boolean> {
    for (const prefix of this.ledger.clearings.owed) {
      const clearing = this.#clearingOf(prefix, 0);
      this.ledger.clearings.begin(clearing);
      if (!(await this.#clear(clearing))) return false;
    }
    return true;
  }

  async #repeatSome(now: number): Promise<boolean> {
    const { store } = this.tier;
    const isMany = store.deleteMany !== undefined;
    // A tier that has failed is tried with one.
    const most = isMany ? REPEATED_TOGETHER : REPEATED_SINGLY;
    const due = this.ledger.due(now, this.tier.health.failures > 0 ? 1 : most);
    const drops = due
      .map(({ name, fence }) => this.#changeOf(name, fence, undefined, "plain"))
      .filter((drop) => this.ledger.begin(drop, now, this.tier.deadline) === "go");
    if (drops.length === 0) return true;
    if (isMany && drops.length > 1) {
      const names = drops.map(({ name }) => name);
      const run = () => store.deleteMany?.(names);
      return (await this.#send(drops, "deleteMany", names[0] ?? "", run)) === "done";
    }
    const sent = drops.map((drop) =>
      this.#send([drop], "delete", drop.name, () => store.delete(drop.name)),
    );
    return (await Promise.all(sent)).every((outcome) => outcome === "done");
  }

  #tellOverflow(): void {
    const { overflows } = this.ledger;
    if (overflows === this.#told) return;
    this.#told = overflows;
    const { name } = this.tier;
    const what = "missed more changes than can be remembered: what it has from before is not used";
    this.#tellError("delete", new StoreError(`${name} ${what}`));
  }

  #tellError(operation: Operation, error: StoreError): void {
    const store = this.tier.name;
    this.#host.events.tell({ type: "store-error", store, operation, key: "", error });
  }
}

function wake({ waiters }: Blocker): void {
  for (const waiter of [...waiters]) waiter();
}
